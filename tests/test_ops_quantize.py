"""QUANTIZE, DEQUANTIZE and CAST against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.conversions import CASTABLE, REQUANTIZED
from hypothesis import settings
from octavo.flatbuffer import Network
from single_op import Operand, Quantization, single_op

EXAMPLES = settings(max_examples=50, deadline=None)


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


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_quantize_saturates(dtype):
    """What leaves int32, and NaN, which LiteRT makes the lowest of int32."""
    limits = np.iinfo(dtype)
    value = np.array([2e9, 3e9, 1e38, np.inf, -2e9, -3e9, -1e38, -np.inf, np.nan], np.float32)
    ours = result(oracle.octavo_run, "QUANTIZE", value, dtype, {}, {"scale": 1.0})
    np.testing.assert_array_equal(ours, [limits.max] * 4 + [limits.min] * 5)
    theirs = result(oracle.run, "QUANTIZE", value, dtype, {}, {"scale": 1.0})
    np.testing.assert_array_equal(theirs, [limits.max] + [limits.min] * 8)


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


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_cast_at_the_ends_of_the_integers(dtype):
    powers = np.array([2.0**n for n in (7, 8, 15, 16, 31, 32, 63)])
    with np.errstate(over="ignore"):
        near = np.concatenate([powers, powers - 1, powers - 0.5, powers + 1]).astype(dtype)
        near = np.concatenate([near, np.nextafter(near, np.array(0, dtype)), [0.5, np.nan, np.inf]])
    assert_same_bits(*cast_to_all(np.concatenate([near, -near]).astype(dtype)))


@pytest.mark.parametrize("dtype", CASTABLE)
def test_cast_by_way_of_bfloat16(dtype):
    """numpy has no bfloat16: what it is made of, and made to."""
    rng = np.random.default_rng(3)
    value = rng.integers(0, 2, 512) if dtype == "bool" else rng.normal(0, 100, 512)
    value = value.astype(dtype)
    if dtype == "float32":
        halves = rng.integers(0, 2**16, 512).astype(np.uint32) << 16
        value = np.concatenate([value, (halves | 0x8000).view(dtype), halves.view(dtype)])
    net = Network()
    x = net.tensor("x", value.shape, dtype)
    short = net.tensor("short", value.shape, "bfloat16")
    outputs = [net.tensor(to, value.shape, to) for to in CASTABLE]
    for source, target in [(x, short), *((short, y) for y in outputs)]:
        net.op("CAST", [source], [target])
    net.inputs, net.outputs = [x], outputs
    assert_same_bits(net.build(), {x: value})


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
    assert refusal("CAST", reals, "uint64") == (
        'CAST (node 0 "y"): does not exist for inputs of types (float32) and output of type uint64'
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


@pytest.mark.parametrize(("dtype", "least", "most"), [("int4", -8, 7), ("uint4", 0, 15)])
@pytest.mark.parametrize("count", [1, 2, 7, 64, 1001])
def test_quantize_to_less_than_a_byte(dtype, least, most, count):
    rng = np.random.default_rng(count)
    for zero in (least, 3, most):
        steps = np.round(rng.uniform(2 * least - 4, 2 * most + 4, count) * 2) / 2
        value = np.float32((steps - zero) * 0.25)
        value[: count // 8] = rng.choice(np.float32([1e6, -1e6, 0]), count // 8)
        quantization = Quantization(0.25, zero)
        oracle.assert_equal_to_litert(
            *single_op("QUANTIZE", [Operand(value)], (count,), dtype, quantization)
        )
