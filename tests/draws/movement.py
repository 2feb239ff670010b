"""Operators that only move elements, by places that follow from shapes and constants."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from moving import array, parameter, quantizations, shapes, single
from single_op import Array

from draws import generator

Case = tuple[bytes, dict[int, Array]]


@generator("RANK")
def rank(draw: Any, code: str, dtype: str) -> Case:
    return single(code, [array(draw, draw(shapes(most=8, smallest=0)), dtype)], ["int32"])


@generator("MIRROR_PAD")
def mirror_pad(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5))
    mode = draw(st.sampled_from(["REFLECT", "SYMMETRIC"]))
    most = [size - (mode == "REFLECT") for size in shape]
    paddings = [[draw(st.integers(0, m)) for _ in range(2)] for m in most]
    given = parameter(draw, paddings, draw(st.sampled_from(["int32", "int64"])))
    quantization = draw(quantizations(dtype, symmetric_int16=True))
    return single(code, [array(draw, shape, dtype), given], [dtype], quantization, mode=mode)


@generator("TILE")
def tile(draw: Any, code: str, dtype: str) -> Case:
    # Of types that it does not have, LiteRT takes tensors without elements.
    least = 0 if dtype not in ("int4", "complex128") else 1
    shape = draw(shapes(most=5, smallest=least))
    multiples = [draw(st.integers(least, 4)) for _ in shape]
    given = parameter(draw, multiples, draw(st.sampled_from(["int32", "int64"])))
    return single(code, [array(draw, shape, dtype), given], [dtype], draw(quantizations(dtype)))


@generator("BROADCAST_TO")
def broadcast_to(draw: Any, code: str, dtype: str) -> Case:
    whole = draw(shapes(most=8, smallest=0) | st.lists(st.integers(1, 2), max_size=8).map(tuple))
    own = whole[draw(st.integers(0, len(whole))) :]
    shape = tuple(1 if draw(st.booleans()) else size for size in own)
    given = parameter(draw, whole, draw(st.sampled_from(["int32", "int64"])))
    return single(code, [array(draw, shape, dtype), given], [dtype], draw(quantizations(dtype)))


@generator("BROADCAST_ARGS")
def broadcast_args(draw: Any, code: str, dtype: str) -> Case:
    whole = draw(shapes(least=1, most=7, smallest=0))
    each = [tuple(1 if draw(st.booleans()) else size for size in whole) for _ in range(2)]
    each[draw(st.integers(0, 1))] = whole
    each[0] = each[0][draw(st.integers(0, len(whole))) :] if each[1] == whole else each[0]
    return single(code, [parameter(draw, shape, dtype) for shape in each], [dtype])


@generator("REVERSE_V2")
def reverse_v2(draw: Any, code: str, dtype: str) -> Case:
    # LiteRT takes neighbours alone, and may die of tensors without elements.
    shape = draw(shapes(least=1))
    first = draw(st.integers(0, len(shape) - 1))
    chosen = draw(st.permutations(range(first, draw(st.integers(first, len(shape) - 1)) + 1)))
    given = parameter(draw, [d - len(shape) * draw(st.booleans()) for d in chosen])
    return single(code, [array(draw, shape, dtype), given], [dtype], draw(quantizations(dtype)))


@generator("SPACE_TO_DEPTH", "DEPTH_TO_SPACE")
def space_and_depth(draw: Any, code: str, dtype: str) -> Case:
    batch, height, width, channels = (draw(st.integers(1, 4)) for _ in range(4))
    block = draw(st.integers(1, 4))
    shape = (batch, height * block, width * block, channels)
    if code == "DEPTH_TO_SPACE":
        shape = (batch, height, width, channels * block * block)
    x = array(draw, shape, dtype)
    return single(code, [x], [dtype], draw(quantizations(dtype)), block_size=block)


@generator("SPACE_TO_BATCH_ND")
def space_to_batch_nd(draw: Any, code: str, dtype: str) -> Case:
    blocks = [draw(st.integers(1, 3)) for _ in range(draw(st.integers(1, 2)))]
    sizes, paddings = [], []
    for block in blocks:
        whole = block * draw(st.integers(1, 4))
        before = draw(st.integers(0, whole - 1))
        after = draw(st.integers(0, whole - 1 - before))
        sizes.append(whole - before - after)
        paddings.append([before, after])
    shape = (draw(st.integers(1, 3)), *sizes, draw(st.integers(1, 5)))
    operands = [array(draw, shape, dtype), parameter(draw, blocks), parameter(draw, paddings)]
    return single(code, operands, [dtype], draw(quantizations(dtype, symmetric_int16=True)))


@generator("BATCH_TO_SPACE_ND")
def batch_to_space_nd(draw: Any, code: str, dtype: str) -> Case:
    blocks = [draw(st.integers(1, 3)) for _ in range(draw(st.integers(1, 2)))]
    sizes, crops = [], []
    for block in blocks:
        sizes.append(draw(st.integers(1, 4)))
        before = draw(st.integers(0, sizes[-1] * block - 1))
        crops.append([before, draw(st.integers(0, sizes[-1] * block - 1 - before))])
    shape = (draw(st.integers(1, 3)) * math.prod(blocks), *sizes, draw(st.integers(1, 5)))
    operands = [array(draw, shape, dtype), parameter(draw, blocks), parameter(draw, crops)]
    return single(code, operands, [dtype], draw(quantizations(dtype, symmetric_int16=True)))


@generator("FILL")
def fill(draw: Any, code: str, dtype: str) -> Case:
    dims = parameter(draw, draw(shapes(smallest=0)), draw(st.sampled_from(["int32", "int64"])))
    quantization = draw(quantizations(dtype, symmetric_int16=True))
    return single(code, [dims, array(draw, (), dtype)], [dtype], quantization)


@generator("ZEROS_LIKE")
def zeros_like(draw: Any, code: str, dtype: str) -> Case:
    return single(code, [array(draw, draw(shapes(smallest=0)), dtype)], [dtype])


@generator("MATRIX_DIAG")
def matrix_diag(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5, smallest=0))
    return single(code, [array(draw, shape, dtype)], [dtype], draw(quantizations(dtype)))


@generator("MATRIX_SET_DIAG")
def matrix_set_diag(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=2, smallest=0))
    diagonal = (*shape[:-2], min(shape[-2:]))
    operands = [array(draw, shape, dtype), array(draw, diagonal, dtype)]
    return single(code, operands, [dtype], draw(quantizations(dtype)))


@generator("DILATE")
def dilate(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5))
    factors = parameter(draw, [draw(st.integers(1, 3)) for _ in shape])
    operands = [array(draw, shape, dtype), factors, array(draw, (), dtype)]
    return single(code, operands, [dtype], draw(quantizations(dtype)))


@generator("BITCAST")
def bitcast(draw: Any, code: str, dtype: str) -> Case:
    sizes = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "uint16": 2, "float16": 2}
    sizes |= {"int32": 4, "uint32": 4, "float32": 4, "int64": 8, "uint64": 8, "float64": 8}
    sizes |= {"complex64": 8, "complex128": 16}
    own = sizes.get(dtype, 1)
    to = draw(st.sampled_from([t for t in sizes if t != "bool"]))
    shape = draw(shapes(most=5, smallest=0))
    if sizes[to] > own:
        shape = (*shape, sizes[to] // own)
    return single(code, [array(draw, shape, dtype)], [to])
