"""ADD, SUB, MUL, MAXIMUM and MINIMUM against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.binary import ACTIVATIONS, operand_pairs
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import (
    NONE,
    Operand,
    Quantization,
    arrays,
    every_value,
    quantizations,
    related_scales,
    scales,
    single_op,
)

EXAMPLES = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL"])
@EXAMPLES
@given(data=st.data())
def test_rounding(code, dtype, data):
    """On every pair of 8-bit values, and on many of 16 bits, at scales that bring ties."""
    if dtype == "int16":
        a, b = data.draw(arrays((1 << 8, 1), dtype)), data.draw(arrays((1 << 8,), dtype))
    else:
        a, b = every_value(dtype)[:, np.newaxis], every_value(dtype)
    p = data.draw(quantizations(dtype))
    q = data.draw(quantizations(dtype, st.one_of(scales(), related_scales(p.scale))))
    if code == "MUL":
        base = float(np.float32(p.scale) * np.float32(q.scale)) * (1 << 8 * a.itemsize - 4)
    else:
        base = max(p.scale, q.scale)
    output = data.draw(quantizations(dtype, related_scales(base)))
    options = {"pot_scale_int16": False} if code != "MUL" else {}
    operands = [Operand(a, p), Operand(b, q)]
    oracle.assert_equal_to_litert(
        *single_op(code, operands, (a.shape[0], *b.shape), dtype, output, **options)
    )


@EXAMPLES
@given(data=st.data())
def test_rounding_of_squared_differences(data):
    """On every pair of values, at scales that bring ties."""
    a, b = every_value("int8")[:, np.newaxis], every_value("int8")
    p = data.draw(quantizations("int8"))
    q = data.draw(quantizations("int8", st.one_of(scales(), related_scales(p.scale))))
    square = max(p.scale, q.scale) ** 2
    finest = square * 2**-11  # LiteRT dies of finer outputs
    output = data.draw(quantizations("int8", related_scales(square).map(lambda s: max(s, finest))))
    operands = [Operand(a, p), Operand(b, q)]
    oracle.assert_equal_to_litert(
        *single_op("SQUARED_DIFFERENCE", operands, (256, 256), "int8", output)
    )


@pytest.mark.parametrize("code", ["ADD", "SUB"])
@EXAMPLES
@given(data=st.data())
def test_sums_of_power_of_two_scales(code, data):
    """int16 scales within 2^+-0.001 of powers of two are shifted by, unless the option says no."""
    operands, shape = data.draw(operand_pairs("int16", quantized=False))
    shifts = data.draw(st.permutations([0, data.draw(st.integers(0, 15))]))
    exponent = data.draw(st.integers(-20, 0))
    nearly = st.floats(-0.00099, 0.00099).map(lambda e: 2.0**e)
    operands = [
        Operand(o.value, Quantization(2.0 ** (exponent - shift) * data.draw(nearly)), o.is_constant)
        for o, shift in zip(operands, shifts, strict=True)
    ]
    output = Quantization(2.0**exponent * data.draw(nearly))
    options = {"fused_activation_function": data.draw(ACTIVATIONS)}
    model, inputs = single_op(code, operands, shape, "int16", output, **options)
    if code == "SUB":
        oracle.assert_equal_to_litert(model, inputs)
        return
    # LiteRT's ADD does not broadcast here (see the faults below): it is given repeated operands.
    repeated = [
        Operand(np.broadcast_to(o.value, shape), o.quantization, o.is_constant) for o in operands
    ]
    expected, [y] = oracle.run(*single_op(code, repeated, shape, "int16", output, **options))
    ours, _ = oracle.octavo_run(model, inputs)
    oracle.assert_same(ours[y], expected[y])


@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL"])
@EXAMPLES
@given(data=st.data())
def test_plain_int16(code, data):
    """Without a quantization int16 numbers are what they are, and wrap."""
    operands, shape = data.draw(operand_pairs("int16", quantized=False))
    options = {"fused_activation_function": data.draw(ACTIVATIONS)}
    model, inputs = single_op(code, operands, shape, "int16", **options)
    if code == "SUB":  # LiteRT has only ADD (see the faults below): x - y wraps as x + (-y) does
        code = "ADD"
        operands[1] = Operand(-operands[1].value, is_constant=operands[1].is_constant)
    expected, [y] = oracle.run(*single_op(code, operands, shape, "int16", **options))
    ours, _ = oracle.octavo_run(model, inputs)
    oracle.assert_same(ours[y], expected[y])


def test_faults_of_litert():
    """Cases in which ours goes another way; where LiteRT is mended, this test tells."""
    one = Quantization(1.0)
    # int16 ADD of power-of-two scales does not broadcast.
    row = Operand(np.ones((2, 3), np.int16), one), Operand(np.ones(3, np.int16), one)
    with pytest.raises(oracle.OracleError, match="died"):
        oracle.run(*single_op("ADD", list(row), (2, 3), "int16", one))
    # An int16 shifted right by 16 bits is -1 or 1.
    x = np.array([-32768, -3, 0, 5, 32767], np.int16)
    shifted = [Operand(np.zeros(5, np.int16), one), Operand(x, Quantization(2.0**-16))]
    model, inputs = single_op("ADD", shifted, (5,), "int16", one)
    assert oracle.run(model, inputs)[0][2].tolist() == [-1, -1, 1, 1, 1]
    assert oracle.octavo_run(model, inputs)[0][2].tolist() == [-1, 0, 0, 0, 0]
    # SUB wants int16 to be quantized, ADD and MUL do not.
    plain = [Operand(np.ones(3, np.int16))] * 2
    with pytest.raises(oracle.OracleError, match="died"):
        oracle.run(*single_op("SUB", plain, (3,), "int16"))


TINY = st.sampled_from([2.0**-20, 1e-9, 3.6e-43])  # the last one is below the normal floats


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_sums_of_outputs_with_tiny_scales(dtype, data):
    """No difference is the zero point, any other is the end of the type. LiteRT's ADD dies, its SUB
    gives 1 above the zero point for none, and anything for others."""
    operands, shape = data.draw(operand_pairs(dtype))
    zero = 0 if dtype == "int16" else data.draw(st.integers(0, 127))
    same = Quantization(1.5, operands[0].quantization.zero_point)
    operands = [Operand(o.value, same, o.is_constant) for o in operands]
    output = Quantization(data.draw(TINY), zero)
    options = {"pot_scale_int16": False}
    a, b = (o.value.astype(np.int64) - same.zero_point for o in operands)
    info = np.iinfo(dtype)
    for code, sums in (("ADD", a + b), ("SUB", a - b)):
        model, inputs = single_op(code, operands, shape, dtype, output, **options)
        values, [y] = oracle.octavo_run(model, inputs)
        expected = np.where(sums == 0, zero, np.where(sums < 0, info.min, info.max))
        np.testing.assert_array_equal(values[y], expected)


def test_litert_knows_no_tiny_scales():
    operands = [Operand(np.int8([-128, 0, 127]), Quantization(1.5))] * 2
    model, inputs = single_op("SUB", operands, (3,), "int8", Quantization(2.0**-20))
    values, [y] = oracle.run(model, inputs)
    assert values[y].tolist() == [1, 1, 1]
    with pytest.raises(oracle.OracleError, match="died"):
        oracle.run(*single_op("ADD", operands, (3,), "int8", Quantization(2.0**-20)))


def test_resized_operands_broadcast_anew():
    q = Quantization(0.5, 3)
    x, y = np.arange(12, dtype=np.int8).reshape(3, 4), np.arange(4, dtype=np.int8)
    model, inputs = single_op("SUB", [Operand(y, q), Operand(y, q)], (4,), "int8", q)
    first, second = inputs
    oracle.assert_equal_to_litert(model, {first: x, second: y}, resize={first: (3, 4)})


def error_of(code, operands, shape, dtype, quantization=NONE, **options):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, shape, dtype, quantization, **options))
    return str(error.value)


def zeros(shape, dtype="float32", quantization=NONE):
    return Operand(np.zeros(shape, dtype), quantization)


@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
def test_errors_of_every_operator(code):
    label = f'{code} (node 0 "y"): '
    assert error_of(code, [zeros((2, 3)), zeros((2, 4))], (2, 3), "float32") == (
        label + "inputs have shapes (2, 3) and (2, 4), which do not broadcast against each other"
    )
    assert error_of(code, [zeros(2), zeros(2, "int32")], (2,), "float32") == (
        label + 'input 0 "x0" has type float32, input 1 "x1" has int32'
    )
    assert error_of(code, [zeros(2), zeros(2)], (2,), "int32") == (
        label + 'input 0 "x0" has type float32, output "y" has int32'
    )
    assert error_of(code, [zeros(2)], (2,), "float32") == label + "takes 2 inputs, has 1"
    assert error_of(code, [zeros(2, "bool"), zeros(2, "bool")], (2,), "bool") == (
        label + "does not exist for inputs of types (bool, bool) and output of type bool"
    )


@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL"])
def test_errors_of_quantized_arithmetic(code):
    label = f'{code} (node 0 "y"): '
    half = Quantization(0.5)
    assert error_of(code, [zeros(2, "int8"), zeros(2, "int8", half)], (2,), "int8", half) == (
        label + 'input "x0" of type int8 has 0 scales, should have 1'
    )
    off = Quantization(0.5, 300)
    assert error_of(code, [zeros(2, "uint8", half)] * 2, (2,), "uint8", off) == (
        label + 'output "y" has zero point 300, its type uint8 holds 0 to 255'
    )
    shifted = Quantization(0.5, 1)
    assert error_of(code, [zeros(2, "int16", shifted)] * 2, (2,), "int16", half) == (
        label + 'input "x0" of type int16 has zero point 1, should have 0'
    )
    tanh = {"fused_activation_function": "TANH"}
    assert error_of(code, [zeros(2)] * 2, (2,), "float32", **tanh) == (
        label + "the fused activation TANH is not supported"
    )


@pytest.mark.parametrize("code", ["ADD", "SUB"])
def test_errors_of_powers_of_two(code):
    label = f'{code} (node 0 "y"): '
    one = Quantization(1.0)
    halves = [zeros(2, "int16", Quantization(0.5))] * 2
    assert error_of(code, halves, (2,), "int16", one) == (
        label + "inputs of scales 0.5 and 0.5 and output of scale 1: where all are powers of two, "
        "the greater of the inputs' must be the output's"
    )


def test_scales_whose_products_are_no_floats():
    """LiteRT multiplies them as such, and ends the process."""
    operands = [
        Operand(np.int8([3, 100, -5]), Quantization(1e19)),
        Operand(np.int8([1, 100, 6]), Quantization(1e19)),
    ]
    model, inputs = single_op("SQUARED_DIFFERENCE", operands, (3,), "int8", Quantization(1e38))
    values, (y,) = oracle.octavo_run(model, inputs)
    assert values[y].tolist() == [4, 0, 121]
