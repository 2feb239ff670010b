"""Operators that move elements without arithmetic, against LiteRT's reference: bytes must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving import (
    Constant,
    array,
    axes,
    check,
    shapes,
    single,
)
from octavo.flatbuffer import Network
from oracle import Array, OracleError, octavo_run, run
from single_op import every_value, related_scales, scales


@pytest.mark.parametrize(
    ("shape", "new", "expected"),
    [
        ((0, 3), [3, -1], (3, 0)),
        ((0, 3), [-1, 0], (3, 0)),
        ((2, 0, 3), [0, -1], (0, 6)),
        ((2, 0), [5, -1, 2], (5, 0, 2)),
        ((1, 1), [], ()),
    ],
)
def test_reshape_of_nothing(shape: Any, new: list[int], expected: tuple[int, ...]) -> None:
    model, inputs = single("RESHAPE", [np.zeros(shape, np.float32), Constant(new)], ["float32"])
    check(model, inputs)
    values, (output,) = octavo_run(model, inputs)
    assert values[output].shape == expected


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_concatenation_rescales_uint8(data: Any) -> None:
    net = Network()
    inputs = {}
    shape = list(data.draw(shapes(least=1, most=4)))
    axis = data.draw(axes(len(shape)))
    zero_points = st.sampled_from([0, 255]) | st.integers(0, 255)
    scale, zero = data.draw(scales()), data.draw(zero_points)
    for number in range(data.draw(st.integers(1, 4))):
        shape[axis] = data.draw(st.integers(1, 70))
        of_input = {"scale": scale, "zero_point": zero}
        if data.draw(st.booleans()):
            near = data.draw(scales() | related_scales(scale))
            of_input = {"scale": near, "zero_point": data.draw(zero_points)}
        x = net.tensor(f"in {number}", shape, "uint8", **of_input)
        inputs[x] = array(data.draw, tuple(shape), "uint8")
    y = net.tensor("y", (), "uint8", scale=scale, zero_point=zero)
    net.op("CONCATENATION", list(inputs), [y], axis=axis)
    net.inputs, net.outputs = list(inputs), [y]
    check(net.build(), inputs)


@pytest.mark.parametrize("scale", [41.0, 47.0, 55.0])
def test_concatenation_multiplies_by_the_reciprocal_scale(scale: float) -> None:
    """In float32 (scale / 2) * (1 / scale) is not 1/2: odd values are not in the middle."""
    net = Network()
    x = net.tensor("x", (256,), "uint8", scale=scale / 2)
    y = net.tensor("y", (), "uint8", scale=scale)
    net.op("CONCATENATION", [x], [y])
    net.inputs, net.outputs = [x], [y]
    check(net.build(), {x: every_value("uint8")})


def test_concatenation_joins_constant_scalars_to_a_vector() -> None:
    net = Network()
    x = net.tensor("x", (6,), "float32")
    parts = [net.constant(f"part {i}", np.int32(i)) for i in (2, 3)]
    shape = net.tensor("shape", (), "int32")
    y = net.tensor("y", (), "float32")
    net.op("CONCATENATION", parts, [shape], axis=0)
    net.op("RESHAPE", [x, shape], [y])
    net.inputs, net.outputs = [x], [y]
    check(net.build(), {x: np.arange(6, dtype=np.float32)})


def flattening_network(known: bool) -> tuple[bytes, int]:
    """x -> (batch, rest), as converters write it: the batch is read from the shape of x.

    With `known` false the batch is an input of the network.
    """
    net = Network()
    x = net.tensor("x", (1, 2, 3), "int8", shape_signature=(-1, 2, 3))
    shape = net.tensor("shape", (3,), "int32")
    batch = net.tensor("batch", (), "int32")
    new_shape = net.tensor("new_shape", (2,), "int32")
    y = net.tensor("y", (1, 6), "int8")
    vectors = [net.constant(name, np.int32([i])) for name, i in (("0", 0), ("1", 1))]
    net.inputs, net.outputs = [x], [y]
    if known:
        net.op("SHAPE", [x], [shape], out_type="INT32")
        step = vectors[1]
        net.op("STRIDED_SLICE", [shape, *vectors, step], [batch], shrink_axis_mask=1)
    else:
        net.inputs = [x, batch]
    rest = net.constant("rest", np.int32(-1))
    net.op("PACK", [batch, rest], [new_shape], values_count=2)
    net.op("RESHAPE", [x, new_shape], [y])
    return net.build(), x


@pytest.mark.parametrize("batch", [1, 4])
def test_shape_arithmetic_is_done_while_preparing(batch: int) -> None:
    model, x = flattening_network(known=True)
    value = np.arange(batch * 6, dtype=np.int8).reshape(batch, 2, 3)
    check(model, {x: value}, resize={x: value.shape})
    values, (y,) = octavo_run(model, {x: value}, resize={x: value.shape})
    assert values[y].shape == (batch, 6)


@pytest.mark.parametrize("batch", [1, 2])
def test_shape_that_is_an_input(batch: int) -> None:
    model, x = flattening_network(known=False)
    value = np.arange(6, dtype=np.int8).reshape(1, 2, 3)
    check(model, {x: value, x + 2: np.array(batch, np.int32)})


def test_scalars_that_litert_cannot_show() -> None:
    scalar = np.array(7, np.float32)
    values, (output,) = octavo_run(*single("SHAPE", [scalar], ["int32"], out_type="INT32"))
    np.testing.assert_array_equal(values[output], np.zeros(0, np.int32), strict=True)
    values, (output,) = octavo_run(*single("TRANSPOSE", [scalar, Constant([])], ["float32"]))
    np.testing.assert_array_equal(values[output], scalar, strict=True)


def zeros(*shape: int, dtype: str = "float32") -> Array:
    return np.zeros(shape, dtype)


F = ["float32"]


@pytest.mark.parametrize(
    ("message", "code", "operands", "outputs", "options"),
    [
        ("takes 1 to 2 inputs, has 3", "RESHAPE", [zeros(2)] * 3, F, {}),
        ("neither a shape of int32", "RESHAPE", [zeros(2)], F, {}),
        ("new shape (-1, -1) has more", "RESHAPE", [zeros(2), Constant([-1, -1])], F, {}),
        ("new shape (2, -2) is no", "RESHAPE", [zeros(2), Constant([2, -2])], F, {}),
        ("new shape (3, -1) does not", "RESHAPE", [zeros(2, 2), Constant([3, -1])], F, {}),
        ("does not hold the 4 elements", "RESHAPE", [zeros(2, 2), Constant([5])], F, {}),
        ("has 9 dimensions, at most 8", "RESHAPE", [zeros(1), Constant([1] * 9)], F, {}),
        ('"out 0" has int8', "RESHAPE", [zeros(1), Constant([1])], ["int8"], {}),
        ("cannot remove dimension 1", "SQUEEZE", [zeros(1, 2)], F, {"squeeze_dims": [-1]}),
        ("axis is 2, there are 2", "SQUEEZE", [zeros(1, 2)], F, {"squeeze_dims": [2]}),
        ("axis is 3, there are 3", "EXPAND_DIMS", [zeros(1, 2), Constant(3)], F, {}),
        ("has 2 elements, should have 1", "EXPAND_DIMS", [zeros(1), Constant([0, 0])], F, {}),
        ("out_type is int8", "SHAPE", [zeros(1)], ["int8"], {"out_type": "INT8"}),
        ("type int32, should have int64", "SHAPE", [zeros(1)], ["int32"], {"out_type": "INT64"}),
        ("has dimension 1 twice", "TRANSPOSE", [zeros(1, 2), Constant([1, -1])], F, {}),
        ("has 1 elements, should have 2", "TRANSPOSE", [zeros(1, 2), Constant([0])], F, {}),
        ("values_count is 0", "PACK", [zeros(1)], F, {}),
        ("takes 2 inputs, has 1", "PACK", [zeros(1)], F, {"values_count": 2}),
        ("input 1 has shape (2), input 0", "PACK", [zeros(1), zeros(2)], F, {"values_count": 2}),
        ("should have 0 to 7 dim", "PACK", [zeros(*[1] * 8)], F, {"values_count": 1}),
        ("gives 2 outputs, has 1", "UNPACK", [zeros(2)], F, {"num": 2}),
        ("num is 1, input shape (2) has 2", "UNPACK", [zeros(2)], F, {"num": 1}),
        ("axis is 1, there are 1", "UNPACK", [zeros(1)], F, {"num": 1, "axis": 1}),
        ("into 2 equal", "SPLIT", [Constant(0), zeros(3)], F * 2, {"num_splits": 2}),
        ("num_splits is 0", "SPLIT", [Constant(0), zeros(3)], [], {}),
        ("sum of 2", "SPLIT_V", [zeros(3), Constant([2]), Constant(0)], F, {"num_splits": 1}),
        (
            "-1 for output 1",
            "SPLIT_V",
            [zeros(3), Constant([-1, -1]), Constant(0)],
            F * 2,
            {"num_splits": 2},
        ),
        ("4 for output 0", "SPLIT_V", [zeros(3), Constant([4]), Constant(0)], F, {"num_splits": 1}),
        ("should have (1, 2)", "PAD", [zeros(3), Constant([[1, 1], [0, 0]])], F, {}),
        ("has 0 and -1", "PAD", [zeros(3), Constant([[0, -1]])], F, {}),
        ("has 2147483647 and 0", "PAD", [zeros(3), Constant([[2**31 - 1, 0]])], F, {}),
        ("which no tensor", "PAD", [zeros(3, 3), Constant([[2**30, 0]] * 2)], F, {}),
        ("should have 1 element", "PADV2", [zeros(3), Constant([[0, 0]]), zeros(2)], F, {}),
        ("has int8", "PADV2", [zeros(3), Constant([[0, 0]]), zeros(dtype="int8")], F, {}),
        ("has no inputs", "CONCATENATION", [], F, {}),
        ("fused activation", "CONCATENATION", [zeros(3)], F, {"fused_activation_function": "RELU"}),
        ("axis is 1, there are 1", "CONCATENATION", [zeros(3)], F, {"axis": 1}),
        ("input 1 has shape (2, 3)", "CONCATENATION", [zeros(3, 3), zeros(2, 3)], F, {"axis": 1}),
        ("input 1 has shape (3)", "CONCATENATION", [zeros(3, 3), zeros(3)], F, {}),
    ],
)
def test_malformed(
    message: str, code: str, operands: list[Any], outputs: list[str], options: dict[str, Any]
) -> None:
    model, inputs = single(code, operands, outputs, **options)
    with pytest.raises(RuntimeError) as error:
        octavo_run(model, inputs)
    assert str(error.value).startswith(f"{code} (node 0 ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("code", "dtype", "ins", "out", "message"),
    [
        ("CONCATENATION", "int8", (0.5, 1), (0.5, 2), "has zero point 1"),
        ("CONCATENATION", "int8", (0.5, 1), (0.25, 1), "has scale 0.5"),
        ("CONCATENATION", "int16", (0.5, 1), (0.5, 1), "of type int16 has zero point"),
        ("PACK", "uint8", (0.5, 1), (0.5, 2), "has zero point 1"),
        ("UNPACK", "int8", (0.5, 1), (0.25, 1), "has scale 0.5"),
        ("EXPAND_DIMS", "int8", (0.5, 1), (None, 0), "has 0 scales"),
    ],
)
def test_operators_that_refuse_to_rescale(
    code: str, dtype: str, ins: tuple[float, int], out: tuple[float, int], message: str
) -> None:
    net = Network()
    x = net.tensor("x", (1,), dtype, scale=ins[0], zero_point=ins[1])
    y = net.tensor("y", (), dtype, scale=out[0], zero_point=out[1])
    axis = [net.constant("axis", np.int32(0))] if code == "EXPAND_DIMS" else []
    options = {"PACK": {"values_count": 1}, "UNPACK": {"num": 1}}.get(code, {})
    net.op(code, [x, *axis], [y], **options)
    net.inputs, net.outputs = [x], [y]
    inputs = {x: np.zeros(1, dtype)}
    with pytest.raises(OracleError):
        run(net.build(), inputs)
    with pytest.raises(RuntimeError, match=message):
        octavo_run(net.build(), inputs)


_NARROW = Constant([[1, -2], [3, -8]], "int4")


@pytest.mark.parametrize(
    ("code", "operands"),
    [
        ("CONCATENATION", [_NARROW, _NARROW]),
        ("DYNAMIC_UPDATE_SLICE", [_NARROW, _NARROW, Constant([0, 0])]),
        ("GATHER", [_NARROW, Constant([1, 0])]),
        ("GATHER_ND", [_NARROW, Constant([[1, 0]])]),
        ("HASHTABLE_LOOKUP", [Constant([1]), Constant([1, 2]), _NARROW]),
        ("SLICE", [_NARROW, Constant([0, 0]), Constant([1, 1])]),
        ("TRANSPOSE", [_NARROW, Constant([1, 0])]),
    ],
)
def test_int4_does_not_become_int8(code: str, operands: list[Any]) -> None:
    """Though operators see its elements as bytes."""
    outputs = ["int8", "uint8"] if code == "HASHTABLE_LOOKUP" else ["int8"]
    model, inputs = single(code, operands, outputs)
    with pytest.raises(RuntimeError, match=r'"constant \d" has type int4, output "out 0" has int8'):
        octavo_run(model, inputs)
