"""SLICE and STRIDED_SLICE against LiteRT's reference: bytes must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving import Constant, all_types, array, cases, check, shapes, single
from octavo import _core
from oracle import Array, octavo_run, run


@all_types
@cases
@given(data=st.data())
def test_strided_slice_by_offset(dtype: str, data: Any) -> None:
    """`end` counts from `begin`. LiteRT takes it for the output's size: the window must fit."""
    x = array(data.draw, data.draw(shapes(least=1)), dtype)
    begins, lengths, strides = [], [], []
    for size in x.shape:
        first = data.draw(st.integers(0, size - 1))
        backwards = first > 0 and data.draw(st.booleans())
        length = data.draw(st.integers(1, first if backwards else size - first))
        stride = data.draw(st.integers(1, 3))
        begins.append(first - size * data.draw(st.booleans()))
        lengths.append(-length if backwards else length)
        strides.append(-stride if backwards else stride)
    vectors = [Constant(v) for v in (begins, lengths, strides)]
    check(*single("STRIDED_SLICE", [x, *vectors], [dtype], offset=True))


@all_types
@cases
@given(data=st.data())
def test_slice_from_a_place_that_is_computed(dtype: str, data: Any) -> None:
    """The output's shape is known before, and nothing waits for the place."""
    x = array(data.draw, data.draw(shapes(least=1)), dtype)
    sizes = [data.draw(st.integers(0, size)) for size in x.shape]
    begins = [data.draw(st.integers(0, n - k)) for n, k in zip(x.shape, sizes, strict=True)]
    index = data.draw(st.sampled_from(["int32", "int64"]))
    operands = [x, np.array(begins, index), Constant(sizes, index)]
    model, inputs = single("SLICE", operands, [dtype])
    check(model, inputs)
    interpreter = _core.Interpreter(_core.Model.copy(model))
    interpreter.allocate()
    assert len(interpreter.steps) == 1 or 0 in sizes


@pytest.mark.parametrize(("begin", "message"), [(-1, "begin -1 and"), (2, "begin 2 and")])
def test_a_place_outside_is_found_while_running(begin: int, message: str) -> None:
    operands = [np.zeros(3, np.float32), np.int32([begin]), Constant([2])]
    with pytest.raises(RuntimeError, match=f"{message} size 2 leave dimension 0 of input shape"):
        octavo_run(*single("SLICE", operands, ["float32"]))


@pytest.mark.parametrize(
    ("index", "shape", "vectors", "masks"),
    [
        ((..., 1, 2), (2, 3), [[0, 1, 2], [0, 2, 3], [1, 1, 1]], {"ellipsis_mask": 1}),
        ((1, ..., None, 2), (2, 3), [[1, 0, 0, 2], [2, 0, 0, 3], [1] * 4], {"ellipsis_mask": 2}),
    ],
)
def test_ellipsis_of_nothing(
    index: Any, shape: tuple[int, ...], vectors: list[list[int]], masks: dict[str, int]
) -> None:
    """An ellipsis may stand for no dimension. LiteRT gives it one all the same, and leaves out the
    last entry."""
    x = np.arange(6, dtype=np.float32).reshape(shape)
    options = dict(masks, new_axis_mask=4 if None in index else 0)
    bits = [number for number, entry in enumerate(index) if isinstance(entry, int)]
    options["shrink_axis_mask"] = sum(1 << number for number in bits)
    operands = [x, *(Constant(v) for v in vectors)]
    model, inputs = single("STRIDED_SLICE", operands, ["float32"], **options)
    values, (output,) = octavo_run(model, inputs)
    np.testing.assert_array_equal(values[output], x[index], strict=True)
    reference, _ = run(model, inputs)
    assert reference[output].shape != x[index].shape


def zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


def index(*vectors: Any) -> list[Constant]:
    return [Constant(v) for v in vectors]


@pytest.mark.parametrize(
    ("message", "code", "operands", "options"),
    [
        ("takes 3 inputs, has 2", "SLICE", [zeros(3), *index([0])], {}),
        ("has 2 elements, should have 1", "SLICE", [zeros(3), *index([0, 0], [1])], {}),
        ("begin 2 and size 2 leave dimension 0", "SLICE", [zeros(3), *index([2], [2])], {}),
        ("begin 4 and size -1 leave", "SLICE", [zeros(3), *index([4], [-1])], {}),
        ("begin -1 and size 1 leave", "SLICE", [zeros(3), *index([-1], [1])], {}),
        ("begin 0 and size -2 leave", "SLICE", [zeros(3), *index([0], [-2])], {}),
        (
            "begin 9223372036854775807 and size 9223372036854775807 leave",
            "SLICE",
            [zeros(3), *[Constant([2**63 - 1], "int64")] * 2],
            {},
        ),
        ("should have int32 or int64", "SLICE", [zeros(3), *[Constant([0], "int8")] * 2], {}),
        ("strides has a 0", "STRIDED_SLICE", [zeros(3), *index([0], [1], [0])], {}),
        (
            "has 2 elements, should have 1",
            "STRIDED_SLICE",
            [zeros(3), *index([0], [1, 1], [1])],
            {},
        ),
        ("should have int32", "STRIDED_SLICE", [zeros(3), *[Constant([0], "int64")] * 3], {}),
        ("indexes 2 dimensions", "STRIDED_SLICE", [zeros(3), *index(*[[1, 1]] * 3)], {}),
        ("at most 31", "STRIDED_SLICE", [zeros(3), *index(*[[1] * 32] * 3)], {}),
        (
            "index 3 with stride 1 is not in dimension 0",
            "STRIDED_SLICE",
            [zeros(3), *index([3], [4], [1])],
            {"shrink_axis_mask": 1},
        ),
        (
            "index 1 with stride -1 is not in dimension 0",
            "STRIDED_SLICE",
            [zeros(3), *index([1], [0], [-1])],
            {"shrink_axis_mask": 1},
        ),
        (
            "ellipsis_mask 3 has more than one bit",
            "STRIDED_SLICE",
            [zeros(3, 3), *index([1, 1], [1, 1], [1, 1])],
            {"ellipsis_mask": 3},
        ),
        (
            "adds 8 dimensions",
            "STRIDED_SLICE",
            [zeros(3), *index(*[[1] * 8] * 3)],
            {"new_axis_mask": 255},
        ),
        (
            "the 3 indices from 1 on do not fit in dimension 0",
            "STRIDED_SLICE",
            [zeros(3), *index([1], [3], [1])],
            {"offset": True},
        ),
    ],
)
def test_malformed(message: str, code: str, operands: list[Any], options: dict[str, Any]) -> None:
    model, inputs = single(code, operands, ["float32"], **options)
    with pytest.raises(RuntimeError) as error:
        octavo_run(model, inputs)
    assert str(error.value).startswith(f"{code} (node 0 ")
    assert message in str(error.value)
