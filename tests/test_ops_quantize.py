"""QUANTIZE, DEQUANTIZE and CAST against LiteRT's reference."""

from itertools import product

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from octavo.flatbuffer import Network
from single_op import Operand, Quantization, arrays, quantizations, scales, single_op

EXAMPLES = settings(max_examples=50, deadline=None)
SHAPES = array_shapes(min_dims=0, max_dims=6, max_side=7)
REQUANTIZED = [  # LiteRT has no others
    *product(["int8", "uint8"], ["int8", "uint8"]),
    *product(["int16"], ["int8", "int16", "int32"]),
    *product(["int32"], ["int8", "int16"]),
]
CASTABLE = [
    "float32", "float64", "float16", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "bool",
]  # fmt: skip


def zero_points(dtype):
    limits = np.iinfo(dtype)
    return st.sampled_from([limits.min, limits.max]) | st.integers(limits.min, limits.max)


@st.composite
def per_axis(draw, shape, dtype):
    """Keyword arguments of Network.tensor for a scale and a zero point for each index."""
    axis = draw(st.integers(0, len(shape) - 1))
    count = shape[axis]
    return {
        "scale": draw(st.lists(scales(), min_size=count, max_size=count)),
        "zero_point": draw(st.lists(zero_points(dtype), min_size=count, max_size=count)),
        "quantized_dimension": axis,
    }


def convert(code, value, out_type, in_quantization=None, out_quantization=None):
    net = Network()
    x = net.tensor("x", value.shape, value.dtype, **(in_quantization or {}))
    y = net.tensor("y", value.shape, out_type, **(out_quantization or {}))
    net.op(code, [x], [y])
    net.inputs, net.outputs = [x], [y]
    return net.build(), {x: value}


def result(run, *args, **kwargs):
    values, (y,) = run(*convert(*args, **kwargs))
    return values[y]


def assert_same_bits(model, inputs):
    """Floats too; a NaN is a NaN."""
    expected, outputs = oracle.run(model, inputs)
    ours, _ = oracle.octavo_run(model, inputs)
    for y in outputs:
        assert ours[y].dtype == expected[y].dtype
        np.testing.assert_array_equal(ours[y], expected[y])


@st.composite
def reals(draw, shape, quantization, dtype):
    """Numbers in and around what the quantization holds, halves of a step among them."""
    limits = np.iinfo(dtype)
    width = limits.max - limits.min
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = rng.uniform(limits.min - 0.2 * width, limits.max + 0.2 * width, shape)
    steps = np.where(rng.random(shape) < 0.5, np.round(2 * steps) / 2, steps)
    return np.asarray((steps - quantization.zero_point) * quantization.scale, np.float32)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_quantize(dtype, data):
    zero_point = data.draw(zero_points(dtype))
    quantization = Quantization(data.draw(scales(2**-20, 2.0**20)), zero_point)
    value = data.draw(reals(data.draw(SHAPES), quantization, dtype))
    oracle.assert_equal_to_litert(
        *single_op("QUANTIZE", [Operand(value)], value.shape, dtype, quantization)
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_quantize_per_axis(dtype, data):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=5))
    value = data.draw(arrays(shape, "float32"))
    quantization = data.draw(per_axis(shape, dtype))
    oracle.assert_equal_to_litert(*convert("QUANTIZE", value, dtype, {}, quantization))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_quantize_saturates(dtype):
    """What leaves int32, and NaN, which LiteRT makes the lowest of int32."""
    limits = np.iinfo(dtype)
    value = np.array([2e9, 3e9, 1e38, np.inf, -2e9, -3e9, -1e38, -np.inf, np.nan], np.float32)
    ours = result(oracle.octavo_run, "QUANTIZE", value, dtype, {}, {"scale": 1.0})
    np.testing.assert_array_equal(ours, [limits.max] * 4 + [limits.min] * 5)
    theirs = result(oracle.run, "QUANTIZE", value, dtype, {}, {"scale": 1.0})
    np.testing.assert_array_equal(theirs, [limits.max] + [limits.min] * 8)


@pytest.mark.parametrize("types", REQUANTIZED, ids="-".join)
@EXAMPLES
@given(data=st.data())
def test_requantize(types, data):
    in_type, out_type = types
    value = data.draw(arrays(data.draw(SHAPES), in_type))
    in_zero, out_zero = data.draw(zero_points(in_type)), data.draw(zero_points(out_type))
    if types == ("int16", "int16"):
        in_zero = out_zero = 0
    source = Quantization(data.draw(scales(2**-14, 2.0**10)), in_zero)
    target = Quantization(data.draw(scales(2**-14, 2.0**10)), out_zero)
    oracle.assert_equal_to_litert(
        *single_op("QUANTIZE", [Operand(value, source)], value.shape, out_type, target)
    )


@pytest.mark.parametrize("types", [t for t in REQUANTIZED if t[0] != "int32"], ids="-".join)
@pytest.mark.parametrize("ratio", [1.0, 1 / 256, 256.0, 0.3])
def test_requantize_every_value(types, ratio):
    in_type, out_type = types
    limits = np.iinfo(in_type)
    value = np.arange(limits.min, limits.max + 1).astype(in_type)
    zero_points = (0, 0) if types == ("int16", "int16") else (limits.min // 2, 3)
    source, target = Quantization(0.37, zero_points[0]), Quantization(0.37 / ratio, zero_points[1])
    oracle.assert_equal_to_litert(
        *single_op("QUANTIZE", [Operand(value, source)], value.shape, out_type, target)
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_dequantize(dtype, data):
    value = data.draw(arrays(data.draw(SHAPES), dtype))
    quantization = data.draw(quantizations(dtype, scales(2**-20, 2.0**20)))
    assert_same_bits(
        *single_op("DEQUANTIZE", [Operand(value, quantization)], value.shape, "float32")
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@EXAMPLES
@given(data=st.data())
def test_dequantize_per_axis(dtype, data):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=5))
    value = data.draw(arrays(shape, dtype))
    quantization = data.draw(per_axis(shape, dtype))
    assert_same_bits(*convert("DEQUANTIZE", value, "float32", quantization))


def test_dequantize_int16_per_axis():
    """LiteRT has int16 with one scale and a zero point of 0 only."""
    value = np.array([[-32768, 32767], [5, -7]], np.int16)
    quantization = {"scale": [0.5, 0.1], "zero_point": [-32768, 9], "quantized_dimension": 1}
    model, inputs = convert("DEQUANTIZE", value, "float32", quantization)
    with pytest.raises(oracle.OracleError, match="not supported for per-channel"):
        oracle.run(model, inputs)
    with pytest.raises(oracle.OracleError, match="zero_point != 0"):
        oracle.run(*convert("DEQUANTIZE", value, "float32", {"scale": 0.5, "zero_point": 9}))
    ours, (y,) = oracle.octavo_run(model, inputs)
    exact = (value - np.array([-32768, 9])).astype(np.float32) * np.float32([0.5, 0.1])
    np.testing.assert_array_equal(ours[y], exact)


@EXAMPLES
@given(data=st.data())
def test_dequantize_int4(data):
    """Two elements a byte, the first in the low half; the last byte may be half full."""
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=5))
    count = int(np.prod(shape))
    packed = data.draw(arrays(((count + 1) // 2,), "uint8")).tobytes()
    if data.draw(st.booleans()):
        axis = data.draw(st.integers(0, len(shape) - 1))
        scale = data.draw(st.lists(scales(), min_size=shape[axis], max_size=shape[axis]))
        quantization = {"scale": scale, "quantized_dimension": axis}
    else:
        quantization = {"scale": data.draw(scales()), "zero_point": data.draw(st.integers(-8, 7))}
    net = Network()
    x = net.tensor("x", shape, "int4", data=packed, **quantization)
    y = net.tensor("y", shape, "float32")
    net.op("DEQUANTIZE", [x], [y])
    net.outputs = [y]
    assert_same_bits(net.build(), {})


@pytest.mark.parametrize("code", ["DEQUANTIZE", "CAST"])
def test_every_float16(code):
    value = np.arange(65536).astype(np.uint16).view(np.float16)
    assert_same_bits(*convert(code, value, "float32"))


def cast_to_all(value):
    """One CAST to every type."""
    net = Network()
    x = net.tensor("x", value.shape, value.dtype)
    outputs = [net.tensor(dtype, value.shape, dtype) for dtype in CASTABLE]
    for y in outputs:
        net.op("CAST", [x], [y])
    net.inputs, net.outputs = [x], outputs
    return net.build(), {x: value}


@pytest.mark.parametrize("dtype", CASTABLE)
@EXAMPLES
@given(data=st.data())
def test_cast(dtype, data):
    """All bit patterns, NaN and infinity among them: reals saturate, NaN becomes the greatest."""
    shape, dtype = data.draw(SHAPES), np.dtype(dtype)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    if dtype.kind == "b":
        value = rng.integers(0, 2, shape).astype(bool)
    elif dtype.kind == "f" and data.draw(st.booleans()):
        digits = data.draw(st.integers(0, 20))
        with np.errstate(over="ignore"):
            value = np.asarray(rng.normal(0, 10.0**digits, shape)).astype(dtype)
    else:
        count = int(np.prod(shape))
        value = np.frombuffer(rng.bytes(count * dtype.itemsize), dtype).reshape(shape)
    assert_same_bits(*cast_to_all(value))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_cast_at_the_ends_of_the_integers(dtype):
    powers = np.array([2.0**n for n in (7, 8, 15, 16, 31, 32, 63)])
    with np.errstate(over="ignore"):
        near = np.concatenate([powers, powers - 1, powers - 0.5, powers + 1]).astype(dtype)
        near = np.concatenate([near, np.nextafter(near, np.array(0, dtype)), [0.5, np.nan, np.inf]])
    assert_same_bits(*cast_to_all(np.concatenate([near, -near]).astype(dtype)))


def test_cast_of_bytes_that_are_no_bool():
    value = np.array([0, 1, 2, 255], np.uint8).view(bool)
    assert result(oracle.octavo_run, "CAST", value, "int32").tolist() == [0, 1, 1, 1]


def refusal(*args, **kwargs):
    with pytest.raises(RuntimeError) as error:
        oracle.octavo_run(*convert(*args, **kwargs))
    return str(error.value)


def test_refusals():
    reals, half = np.zeros(4, np.float32), {"scale": 0.5}
    assert refusal("QUANTIZE", reals, "int32", {}, half) == (
        'QUANTIZE (node 0 "y"): does not exist for inputs of types (float32) '
        "and output of type int32"
    )
    assert refusal("QUANTIZE", reals, "int8") == (
        'QUANTIZE (node 0 "y"): output "y" of type int8 has 0 scales, should have 1'
    )
    assert refusal("QUANTIZE", reals, "int8", {}, {"scale": [1.0] * 4, "zero_point": 200}) == (
        'QUANTIZE (node 0 "y"): output "y" has zero point 200, its type int8 holds -128 to 127'
    )
    assert refusal("QUANTIZE", np.zeros(4, np.int16), "int16", half, {**half, "zero_point": 1}) == (
        'QUANTIZE (node 0 "y"): output "y" of type int16 has zero point 1, should have 0'
    )
    assert refusal("QUANTIZE", np.zeros(4, np.uint8), "int8", half, {"scale": 0.0}) == (
        'QUANTIZE (node 0 "y"): output "y" has scale 0, should be above 0'
    )
    assert refusal("DEQUANTIZE", np.zeros(4, np.int8), "float16", half) == (
        'DEQUANTIZE (node 0 "y"): does not exist for inputs of types (int8) '
        "and output of type float16"
    )
    assert refusal("DEQUANTIZE", np.zeros(4, np.uint8), "float32", {**half, "zero_point": -1}) == (
        'DEQUANTIZE (node 0 "y"): input "x" has zero point -1, its type uint8 holds 0 to 255'
    )
    assert refusal("CAST", reals, "complex64") == (
        'CAST (node 0 "y"): does not exist for inputs of types (float32) '
        "and output of type complex64"
    )


def test_scales_must_fit_a_resized_input():
    value = np.zeros((3, 2), np.int8)
    quantization = {"scale": [1.0, 2.0], "quantized_dimension": 1}
    model, inputs = convert("DEQUANTIZE", value, "float32", quantization)
    with pytest.raises(RuntimeError, match=r"has 2 scales for dimension 1 of shape \(2, 3\)"):
        oracle.octavo_run(model, inputs, resize={0: (2, 3)})


@pytest.mark.parametrize("code", ["QUANTIZE", "DEQUANTIZE", "CAST"])
def test_operand_counts(code):
    model, inputs = single_op(code, [Operand(np.zeros(4, np.float32))] * 2, (4,), "float32")
    with pytest.raises(RuntimeError, match="takes 1 inputs, has 2"):
        oracle.octavo_run(model, inputs)
