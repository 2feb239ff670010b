"""Operators that change a tensor's shape, or join and cut tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from moving import Constant, array, axes, parameter, quantizations, shapes, single
from single_op import Array

from draws import generator


@st.composite
def reshapings(draw: Any) -> tuple[tuple[int, ...], list[int]]:
    """A shape and another for as many elements, perhaps with a -1."""
    shape = draw(shapes(smallest=0))
    left, new = math.prod(shape), []
    for _ in range(draw(st.integers(0, 6))):
        divisors = [d for d in range(1, 8) if left % d == 0]
        new.append(draw(st.sampled_from(divisors)))
        left //= new[-1]
    if left != 1:
        new.insert(draw(st.integers(0, len(new))), left)
    if new and 0 not in new and draw(st.booleans()):
        new[draw(st.integers(0, len(new) - 1))] = -1
    return shape, new


@st.composite
def specifications(draw: Any, shape: tuple[int, ...]) -> tuple[list[Any], dict[str, int]]:
    """Begin, end and strides for some dimensions of a shape, with masks."""
    indexed = draw(st.integers(0, len(shape)))
    entries = ["index"] * indexed
    for _ in range(draw(st.integers(0, min(2, 8 - len(shape))))):
        entries.insert(draw(st.integers(0, len(entries))), "new_axis")
    # An ellipsis for no dimension: test_ellipsis_of_nothing.
    ellipsis = draw(st.integers(0, len(entries))) if indexed < len(shape) else None
    if ellipsis is not None and draw(st.booleans()):
        entries.insert(ellipsis, "ellipsis")
    before = entries.index("ellipsis") if "ellipsis" in entries else len(entries)
    skipped = len(shape) - indexed

    begins, ends, strides = [], [], []
    masks = dict.fromkeys(["begin", "end", "ellipsis", "new_axis", "shrink_axis"], 0)
    dimension = 0
    for number, entry in enumerate(entries):
        size = shape[dimension + (skipped if number > before else 0)] if entry == "index" else 3
        begin, end = (draw(st.integers(-size - 2, size + 2)) for _ in range(2))
        stride = draw(st.sampled_from([1, 1, 2, 3, 7, 2**31 - 1, -1, -2, -3, 1 - 2**31]))
        if entry == "index":
            dimension += 1
            # LiteRT leaves the output unwritten where the index is not in the dimension.
            if size > 0 and draw(st.integers(0, 3)) == 0:
                begin, stride = min(begin, size - 1), abs(stride)
                masks["shrink_axis"] |= 1 << number
        else:
            masks[entry] |= 1 << number
        for mask in ("begin", "end"):
            masks[mask] |= draw(st.integers(0, 1)) << number
        begins.append(begin)
        ends.append(end)
        strides.append(stride)
    vectors = [parameter(draw, v) for v in (begins, ends, strides)]
    return vectors, {f"{name}_mask": mask for name, mask in masks.items()}


@generator("RESHAPE")
def reshape(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape, new = draw(reshapings())
    operands: list[Any] = [array(draw, shape, dtype)]
    options = {}
    if new == [0] or draw(st.booleans()):  # the option (0) means a scalar
        operands.append(parameter(draw, new))
        if draw(st.booleans()):
            options = {"new_shape": [7, 7, 7]}  # the tensor goes before the option
    else:
        # The option, where there is no tensor or none that is a vector.
        options = {"new_shape": new if new else [0]}
        if draw(st.booleans()):
            operands.append(Constant(1))
    return single("RESHAPE", operands, [dtype], draw(quantizations(dtype)), **options)


@generator("SQUEEZE")
def squeeze(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(shapes() | st.lists(st.integers(1, 2), max_size=8).map(tuple))
    ones = [d - len(shape) * sign for d in range(len(shape)) for sign in (0, 1) if shape[d] == 1]
    chosen = draw(st.lists(st.sampled_from(ones), max_size=3)) if ones else []
    x = array(draw, shape, dtype)
    options = {"squeeze_dims": chosen} if draw(st.booleans()) else {}
    return single("SQUEEZE", [x], [dtype], draw(quantizations(dtype)), **options)


@generator("EXPAND_DIMS")
def expand_dims(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = array(draw, draw(shapes(most=7, smallest=0)), dtype)
    axis = draw(axes(x.ndim + 1))
    axis_type = draw(st.sampled_from(["int32", "int64"]))
    operands = [x, parameter(draw, [axis] if draw(st.booleans()) else axis, axis_type)]
    quantization = draw(quantizations(dtype, symmetric_int16=True))
    return single("EXPAND_DIMS", operands, [dtype], quantization)


@generator("SHAPE")
def shape(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    # LiteRT cannot show the shape of a scalar: it gives tensors without elements no memory.
    x = array(draw, draw(shapes(least=1, most=8, smallest=0)), dtype)
    out_type = draw(st.sampled_from(["INT32", "INT64"]))
    return single("SHAPE", [x], [out_type.lower()], out_type=out_type)


@generator("TRANSPOSE")
def transpose(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    # LiteRT reads past the end of a scalar's shape and copies nothing.
    small = st.lists(st.integers(1, 2), min_size=1, max_size=8).map(tuple)
    x = array(draw, draw(shapes(least=1, smallest=0) | small), dtype)
    perm = draw(st.permutations(range(x.ndim)))
    perm = [d - x.ndim * draw(st.booleans()) for d in perm]
    quantization = draw(quantizations(dtype))
    return single("TRANSPOSE", [x, parameter(draw, perm)], [dtype], quantization)


@generator("PACK")
def pack(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(shapes(most=5, smallest=0))
    count = draw(st.integers(1, 5))
    xs = [array(draw, shape, dtype) for _ in range(count)]
    axis = draw(axes(len(shape) + 1))
    quantization = draw(quantizations(dtype))
    return single("PACK", xs, [dtype], quantization, values_count=count, axis=axis)


@generator("UNPACK")
def unpack(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = array(draw, draw(shapes(least=1)), dtype)
    axis = draw(axes(x.ndim))
    num = x.shape[axis]
    quantization = draw(quantizations(dtype))
    return single("UNPACK", [x], [dtype] * num, quantization, num=num, axis=axis)


@generator("SPLIT")
def split(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = list(draw(shapes(least=1, smallest=0)))
    axis = draw(axes(len(shape)))
    parts = draw(st.integers(1, 4))
    shape[axis] = parts * draw(st.integers(0, 3))
    operands = [Constant(axis), array(draw, tuple(shape), dtype)]
    quantization = draw(quantizations(dtype))
    return single("SPLIT", operands, [dtype] * parts, quantization, num_splits=parts)


@generator("SPLIT_V")
def split_v(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = list(draw(shapes(least=1, smallest=0)))
    axis = draw(axes(len(shape)))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    shape[axis] = sum(sizes)
    if draw(st.booleans()):
        sizes[draw(st.integers(0, len(sizes) - 1))] = -1
    size_type = draw(st.sampled_from(["int32", "int64"]))
    x = array(draw, tuple(shape), dtype)
    operands = [x, Constant(sizes, size_type), Constant(axis)]
    quantization = draw(quantizations(dtype))
    outputs = [dtype] * len(sizes)
    return single("SPLIT_V", operands, outputs, quantization, num_splits=len(sizes))


@generator("PAD", "PADV2")
def pad(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = array(draw, draw(shapes(most=5, smallest=0)), dtype)
    paddings = draw(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=x.ndim, max_size=x.ndim))
    # LiteRT has another path for images, padded in rows and columns alone.
    if x.ndim == 4 and draw(st.booleans()):
        paddings[0] = paddings[3] = (0, 0)
    padding_type = draw(st.sampled_from(["int32", "int32", "int64", "int16", "int8"]))
    given = parameter(draw, np.reshape(paddings, (x.ndim, 2)), padding_type)
    operands: list[Any] = [x, given]
    if code == "PADV2":
        # Its third input, an input of the network, may be left out.
        operands.append(array(draw, (), dtype) if draw(st.integers(0, 3)) else None)
    return single(code, operands, [dtype], draw(quantizations(dtype)))


@generator("CONCATENATION")
def concatenation(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = list(draw(shapes(least=1, smallest=0)))
    axis = draw(axes(len(shape)))
    xs = []
    for size in draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)):
        shape[axis] = size
        xs.append(array(draw, tuple(shape), dtype))
    quantization = draw(quantizations(dtype, symmetric_int16=True))
    return single("CONCATENATION", xs, [dtype], quantization, axis=axis)


@generator("SLICE")
def slice(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = array(draw, draw(shapes(most=8, smallest=0)), dtype)
    begin = [draw(st.integers(0, size)) for size in x.shape]
    size = [
        draw(st.just(-1) | st.integers(0, whole - first))
        for whole, first in zip(x.shape, begin, strict=True)
    ]
    index_type = draw(st.sampled_from(["int32", "int64"]))
    vectors = [parameter(draw, v, index_type) for v in (begin, size)]
    operands = [x, *vectors]
    return single("SLICE", operands, [dtype], draw(quantizations(dtype)))


@generator("STRIDED_SLICE")
def strided_slice(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = array(draw, draw(shapes(smallest=0)), dtype)
    vectors, masks = draw(specifications(x.shape))
    quantization = draw(quantizations(dtype))
    return single("STRIDED_SLICE", [x, *vectors], [dtype], quantization, **masks)
