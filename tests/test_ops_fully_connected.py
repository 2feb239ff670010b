"""FULLY_CONNECTED against LiteRT's reference."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
from draws.products import KINDS, WIDE_KINDS, build_fully_connected, fully_connected
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import Operand, Quantization, single_op
from weights import (
    ACTIVATIONS,
    HYBRID,
    INT16_B32,
    INT16_W16,
    boundary_operands,
    dequantized,
    hybrid_bound,
)

EXAMPLES = settings(max_examples=80, deadline=None)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int16_b32", *WIDE_KINDS])
@EXAMPLES
@given(data=st.data())
def test_multipliers_to_the_last_bit(kind, data):
    types = (KINDS | WIDE_KINDS)[kind]
    o = data.draw(boundary_operands(types, (1, 1), (64, 1), axis=0))
    options = {"quantized_bias_type": types.bias.upper()} if types.input == "int16" else {}
    oracle.assert_equal_to_litert(*build_fully_connected(o, (1, 64), options))


@pytest.mark.parametrize("asymmetric", [False, True])
@EXAMPLES
@given(data=st.data(), with_bias=st.sampled_from([True, True, False]))
def test_hybrid(asymmetric, data, with_bias):
    """Float activations, int8 weights: each row of the input is quantized by its own range."""
    o, shape, options = data.draw(fully_connected(HYBRID))
    options["fused_activation_function"] = data.draw(ACTIVATIONS)
    model, inputs = build_fully_connected(
        o, shape, {**options, "asymmetric_quantize_inputs": asymmetric}, with_bias
    )
    ours, [y] = oracle.octavo_run(model, inputs)
    expected, _ = oracle.run(*build_fully_connected(dequantized(o), shape, options, with_bias))
    rows = o.input.value.reshape(-1, o.filter.value.shape[1])
    bound = hybrid_bound(o, rows, asymmetric).reshape(shape)
    assert np.all(np.abs(ours[y] - expected[y]) <= bound)
    if o.filter.value.min() > -128:  # which LiteRT's vectors do not take
        litert, _ = oracle.run(model, inputs)
        assert np.all(np.abs(ours[y] - litert[y]) <= 2 * bound)


@pytest.mark.parametrize("asymmetric", [False, True])
@EXAMPLES
@given(data=st.data())
def test_hybrid_is_exact_on_its_own_grid(asymmetric, data):
    """Where quantizing loses nothing, the result is the float network's."""
    o, shape, options = data.draw(fully_connected(HYBRID))
    depth = o.filter.value.shape[1]
    rows = o.input.value.size // depth
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    low = -128 if asymmetric else -127
    values = rng.integers(low, 127, (rows, depth), endpoint=True)
    values[:, :2] = [low, 127][:depth]
    zero_points = rng.integers(-128, 127, (rows, 1), endpoint=True) if asymmetric else 0
    x = ((values - zero_points) / 64).astype(np.float32).reshape(o.input.value.shape)
    o = replace(o, input=Operand(x))
    model, inputs = build_fully_connected(
        o, shape, {**options, "asymmetric_quantize_inputs": asymmetric}
    )
    ours, [y] = oracle.octavo_run(model, inputs)
    expected, _ = oracle.run(*build_fully_connected(dequantized(o), shape, options))
    oracle.assert_same(ours[y], expected[y])


@pytest.mark.parametrize(("depth", "rows"), [(1, 1), (512, 3), (2000, 2)])
def test_int16_extremes(depth, rows):
    """The greatest products, whose sums leave int32 in an int64 accumulator."""
    x = np.full((rows, depth), -32768, np.int16)
    w = np.full((3, depth), -128, np.int8)
    w[1] = 127
    operands = [
        Operand(x, Quantization(2.0**-15)),
        Operand(w, Quantization(2.0**-7), is_constant=True),
        Operand(np.array([2**30, 0, -1], np.int64), Quantization(2.0**-22), is_constant=True),
    ]
    output = Quantization(depth * 2.0**-14)
    oracle.assert_equal_to_litert(
        *single_op("FULLY_CONNECTED", operands, (rows, 3), "int16", output)
    )


@pytest.mark.parametrize("kind", WIDE_KINDS)
@EXAMPLES
@given(data=st.data(), with_bias=st.sampled_from([True, True, False]))
def test_int16_weights(kind, data, with_bias):
    """Scaled in fixed point; with one scale they may have a zero point."""
    o, shape, options = data.draw(fully_connected(WIDE_KINDS[kind]))
    options["fused_activation_function"] = data.draw(ACTIVATIONS)
    if o.filter.quantization.scale.size == 1:
        zero_point = data.draw(st.sampled_from([0, 1, -32768, 32767]))
        quantization = replace(o.filter.quantization, zero_point=zero_point)
        o = replace(o, filter=replace(o.filter, quantization=quantization))
    oracle.assert_equal_to_litert(*build_fully_connected(o, shape, options, with_bias))


@pytest.mark.parametrize("kind", [INT16_B32, INT16_W16])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_type_of_the_bias_decides(kind, data):
    """Without the option quantized_bias_type LiteRT reads an int32 bias as int64; with weights of
    int16 it reads an int64 one as int32."""
    o, shape, options = data.draw(fully_connected(kind))
    expected, [y] = oracle.run(*build_fully_connected(o, shape, options))
    del options["quantized_bias_type"]
    ours, _ = oracle.octavo_run(*build_fully_connected(o, shape, options))
    oracle.assert_same(ours[y], expected[y])


def test_litert_does_not_saturate():
    """A scaled sum beyond int32 is clamped; LiteRT's cast of it to int32 has no defined result."""
    operands = [
        Operand(np.ones((1, 1), np.int8), Quantization(16.0)),
        Operand(np.ones((2, 1), np.int8), Quantization(1.0), is_constant=True),
        Operand(np.array([2**30, -(2**30)], np.int32), Quantization(16.0), is_constant=True),
    ]
    model, inputs = single_op("FULLY_CONNECTED", operands, (1, 2), "int8", Quantization(1.0))
    ours, [y] = oracle.octavo_run(model, inputs)
    assert ours[y].tolist() == [[127, -128]]


def test_resized():
    rng = np.random.default_rng(0)
    operands = [
        Operand(rng.integers(-128, 127, (1, 12), np.int8), Quantization(0.5, 3)),
        Operand(rng.integers(-127, 127, (5, 12), np.int8), Quantization(0.25), is_constant=True),
    ]
    model, _ = single_op("FULLY_CONNECTED", operands, (1, 5), "int8", Quantization(64.0, -3))
    larger = rng.integers(-128, 127, (7, 12), np.int8)
    oracle.assert_equal_to_litert(model, {0: larger}, resize={0: larger.shape})


def spoiled(
    dtype="int8", *, x=(2, 4), w=(3, 4), w_type="int8", w_scale=0.5, w_zero=0, b=3, **options
):
    """A network that is sound but for what the arguments say."""
    operands = [
        Operand(np.zeros(x, dtype), Quantization(0.5)),
        Operand(np.zeros(w, w_type), Quantization(w_scale, w_zero), is_constant=True),
        Operand(np.zeros(b, np.int32), is_constant=True),
    ]
    return single_op("FULLY_CONNECTED", operands, (2, 3), dtype, Quantization(0.5), **options)


ERRORS = [
    ({"w": (3, 5)}, "filter has 5 columns, which the input's 8 elements do not fill"),
    ({"w": (3, 0)}, "filter has 0 columns, which the input's 8 elements do not fill"),
    ({"w": (12,)}, r'filter "x1" has shape \(12\), should have 2 dimensions'),
    (
        {"x": (4, 2), "keep_num_dims": True},
        r"filter has 4 columns, input has shape \(4, 2\), which keep_num_dims keeps",
    ),
    ({"b": 4}, 'bias "x2" has 4 elements, the output has 3 channels'),
    ({"w_scale": None}, 'filter "x1" of type int8 has no scale'),
    (
        {"w_scale": [0.5] * 3, "w_zero": [0, 0, 1]},
        'filter "x1" of type int8 has zero point 1, should have 0',
    ),
    ({"w_zero": -129}, 'filter "x1" has zero point -129, its type int8 holds -128 to 127'),
    (
        {"weights_format": "SHUFFLED4x16INT8"},
        "weights in the order SHUFFLED4x16INT8 are not supported",
    ),
    ({"fused_activation_function": "TANH"}, "the fused activation TANH is not supported"),
    (
        {"dtype": "uint8"},
        r"does not exist for inputs of types \(uint8, int8, int32\) and output of type uint8",
    ),
    (
        {"dtype": "int16", "w_type": "uint8"},
        r"does not exist for inputs of types \(int16, uint8, int32\) and output of type int16",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS)
def test_errors(arguments, message):
    with pytest.raises(RuntimeError, match=message) as error:
        oracle.octavo_run(*spoiled(**arguments))
    assert str(error.value).startswith('FULLY_CONNECTED (node 0 "y"): ')
