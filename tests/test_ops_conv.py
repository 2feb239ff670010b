"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV against LiteRT's reference."""

from dataclasses import replace

import numpy as np
import octavo
import oracle
import pytest
from draws.products import (
    BIAS_LIMITS,
    KINDS,
    OPERATORS,
    build_conv,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo import kernels
from single_op import Operand, Quantization, single_op
from weights import (
    ACTIVATIONS,
    HYBRID,
    INT16_B32,
    Weighted,
    boundary_operands,
    dequantized,
    hybrid_bound,
    weighted,
)

EXAMPLES = settings(max_examples=80, deadline=None)
CASES = [
    (code, kind)
    for code in OPERATORS
    for kind in KINDS
    if (code, kind) != ("DEPTHWISE_CONV_2D", "int16_b32")
]


@pytest.mark.parametrize(
    ("code", "kind"), [case for case in CASES if case[1] in ("int8", "uint8", "int16_b32")]
)
@EXAMPLES
@given(data=st.data())
def test_multipliers_to_the_last_bit(code, kind, data):
    axis = 3 if code == "DEPTHWISE_CONV_2D" else 0
    filter_shape = (1, 1, 1, 64) if axis == 3 else (64, 1, 1, 1)
    o = data.draw(boundary_operands(KINDS[kind], (1, 1, 1, 1), filter_shape, axis))
    options = {"stride_h": 1, "stride_w": 1}
    if kind == "int16_b32":
        options["quantized_bias_type"] = "INT32"
    if axis == 3:
        options["depth_multiplier"] = 64
    oracle.assert_equal_to_litert(*build_conv(code, o, (1, 1, 1, 64), options))


@pytest.mark.parametrize(
    ("code", "filter_shape", "bias", "kernel"),
    [
        ("CONV_2D", (70, 1, 1, 1), 0, "gemm_s16"),
        ("CONV_2D", (70, 1, 1, 17), 2**31, "gemm_s16"),
        ("CONV_2D", (70, 1, 1, 700), 0, "gemm_s16"),
        ("CONV_2D", (3, 4, 8, 1024), 2**36, "gemm_s16"),
        ("CONV_2D", (3, 4, 8, 1025), 0, "conv_2d_s16"),
        ("CONV_2D", (3, 1, 1, 5), 2**36 + 1, "conv_2d_s16"),
        ("DEPTHWISE_CONV_2D", (1, 3, 3, 70), 2**36, "depthwise_s16"),
        ("DEPTHWISE_CONV_2D", (1, 7, 73, 3), 0, "depthwise_s16"),
        ("DEPTHWISE_CONV_2D", (1, 8, 64, 3), 0, "depthwise_conv_2d_s16"),
    ],
)
def test_int16_extremes(code, filter_shape, bias, kernel):
    """The greatest products and biases that fast kernels take, and what they leave."""
    rng = np.random.default_rng(5)
    axis = 3 if code == "DEPTHWISE_CONV_2D" else 0
    channels, terms = filter_shape[axis], int(np.prod(filter_shape)) // filter_shape[axis]
    x = rng.choice(np.array([-32768, -32768, 32767], np.int16), (1, *filter_shape[1:]))
    w = rng.choice(np.array([-128, -128, 127], np.int8), filter_shape)
    biases = rng.choice(np.array([-bias, bias], np.int64), channels)
    scale = 1.3 * ((terms << 22) + bias) / 2**15
    o = Weighted(
        Operand(x, Quantization(1.0)),
        Operand(w, Quantization(1.0), is_constant=True),
        Operand(biases, Quantization(1.0), is_constant=True),
        Quantization(scale),
    )
    options = {"stride_h": 1, "stride_w": 1, "depth_multiplier": 1, "padding": "VALID"}
    if code == "CONV_2D":
        del options["depth_multiplier"]
    model, inputs = build_conv(code, o, (1, 1, 1, channels), options)
    oracle.assert_equal_to_litert(model, inputs)
    for isa in kernels.tables()[:-1]:
        core = octavo._core.Interpreter(octavo._core.Model.copy(model), isa=isa)
        core.allocate()
        assert core.step_kernels()[-1][-1] == kernel


@pytest.mark.parametrize("code", OPERATORS)
@EXAMPLES
@given(data=st.data())
def test_hybrid(code, data):
    """Float activations, int8 weights: each image is quantized by its own range."""
    code, o, shape, options = data.draw(OPERATORS[code](HYBRID))
    options["fused_activation_function"] = data.draw(ACTIVATIONS)
    model, inputs = build_conv(code, o, shape, options)
    ours, [y] = oracle.octavo_run(model, inputs)
    expected, [y] = oracle.run(*build_conv(code, dequantized(o), shape, options))
    images = o.input.value.reshape(shape[0], -1)
    bound = hybrid_bound(o, images, asymmetric=True)[:, None, None, :]
    assert np.all(np.abs(ours[y] - expected[y]) <= bound)

    # LiteRT reads as many scales as there are channels where there is one (DEPTHWISE_CONV_2D and
    # groups), and its vectors take no weight of -128.
    one_scale = o.filter.quantization.scale.size == 1
    grouped = o.input.value.shape[3] != o.filter.value.shape[3]
    reads_beyond = code == "DEPTHWISE_CONV_2D" or (code == "CONV_2D" and grouped)
    if (one_scale and reads_beyond) or o.filter.value.min() == -128:
        return
    # It quantizes symmetrically where the scales are equal.
    litert, _ = oracle.run(model, inputs)
    bound = bound + hybrid_bound(o, images, asymmetric=False)[:, None, None, :]
    assert np.all(np.abs(ours[y] - litert[y]) <= bound)


NARROW_GROUPS = settings(max_examples=10, deadline=None)


@st.composite
def conv_2d_of_narrow_groups(draw, kind, depth):
    """As writers without DEPTHWISE_CONV_2D spell it, or nearly so."""
    groups, size, taps = draw(st.integers(2, 70)), draw(st.integers(1, 9)), draw(st.integers(1, 5))
    channels = groups * draw(st.sampled_from([1, 1, 2, 3]))
    filter_shape = (channels, taps, taps, depth)
    limit = BIAS_LIMITS[kind.bias]
    image = (draw(st.integers(1, 2)), size, size, groups * depth)
    operands = draw(weighted(kind, image, filter_shape, axis=0, bias_limit=limit))
    stride = draw(st.integers(1, 2))
    options = {"stride_h": stride, "stride_w": stride, "padding": "SAME"}
    if kind is INT16_B32:
        options["quantized_bias_type"] = "INT32"
    out = -(-size // stride)
    return "CONV_2D", operands, (image[0], out, out, channels), options


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
@NARROW_GROUPS
@given(data=st.data())
def test_narrow_groups(kind, depth, data):
    code, o, shape, options = data.draw(conv_2d_of_narrow_groups(KINDS[kind], depth))
    options["fused_activation_function"] = data.draw(ACTIVATIONS)
    oracle.assert_equal_to_litert(*build_conv(code, o, shape, options))


@pytest.mark.parametrize("code", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@EXAMPLES
@given(data=st.data())
def test_hybrid_depthwise_keeps_its_input_float(code, data):
    """CONV_2D, too, where each output sees one channel."""
    network = OPERATORS[code](HYBRID)
    if code == "CONV_2D":
        network = conv_2d_of_narrow_groups(HYBRID, depth=1)
    _, o, shape, options = data.draw(network)
    ours, [y] = oracle.octavo_run(*build_conv(code, o, shape, options))
    expected, _ = oracle.run(*build_conv(code, dequantized(o), shape, options))
    oracle.assert_same(ours[y], expected[y])


def is_pointwise(code, o, options):
    strides = (options.get("stride_h"), options.get("stride_w"))
    return code == "CONV_2D" and o.filter.value.shape[1:3] == (1, 1) and strides == (1, 1)


@pytest.mark.parametrize("code", OPERATORS)
@EXAMPLES
@given(data=st.data())
def test_hybrid_is_exact_on_its_own_grid(code, data):
    """Where quantizing loses nothing, the result is the float network's."""
    code, o, shape, options = data.draw(OPERATORS[code](HYBRID))
    x = o.input.value
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    zero_points = rng.integers(-128, 127, (x.shape[0], 1, 1, 1), endpoint=True)
    values = rng.integers(-128, 127, x.shape, endpoint=True)
    values.reshape(x.shape[0], -1)[:, :2] = [-128, 127][: values[0].size]
    if is_pointwise(code, o, options):  # each pixel has a range of its own
        zero_points = rng.integers(-128, 127, (*x.shape[:3], 1), endpoint=True)
        values[..., :2] = [-128, 127][: x.shape[3]]
    x = ((values - zero_points) / 64).astype(np.float32)
    o = replace(o, input=Operand(x))
    ours, [y] = oracle.octavo_run(*build_conv(code, o, shape, options))
    expected, _ = oracle.run(*build_conv(code, dequantized(o), shape, options))
    oracle.assert_same(ours[y], expected[y])


@pytest.mark.parametrize(("code", "kind"), CASES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_without_bias(code, kind, data):
    """As with a bias of zeros: LiteRT's CONV_2D must have one."""
    code, o, shape, options = data.draw(OPERATORS[code](KINDS[kind]))
    o = replace(o, bias=replace(o.bias, value=np.zeros_like(o.bias.value)))
    expected, [y] = oracle.run(*build_conv(code, o, shape, options))
    ours, [ours_y] = oracle.octavo_run(*build_conv(code, o, shape, options, with_bias=False))
    oracle.assert_same(ours[ours_y], expected[y])


@pytest.mark.parametrize("code", ["CONV_2D", "TRANSPOSE_CONV"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_type_of_the_bias_decides(code, data):
    """An int32 bias without the option quantized_bias_type, which LiteRT reads as int64."""
    code, o, shape, options = data.draw(OPERATORS[code](INT16_B32))
    expected, [y] = oracle.run(*build_conv(code, o, shape, options))
    del options["quantized_bias_type"]
    ours, _ = oracle.octavo_run(*build_conv(code, o, shape, options))
    oracle.assert_same(ours[y], expected[y])


@pytest.mark.parametrize("code", OPERATORS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_not_finite(code, data):
    """NaN and infinities go where they go in LiteRT, and a hybrid image's to no other image."""
    code, o, shape, options = data.draw(OPERATORS[code](HYBRID))
    x = o.input.value.copy()
    x[0, ..., 0] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    spoiled = replace(o, input=Operand(x))
    oracle.assert_equal_to_litert(*build_conv(code, dequantized(spoiled), shape, options))
    ours, [y] = oracle.octavo_run(*build_conv(code, o, shape, options))
    with_nan, _ = oracle.octavo_run(*build_conv(code, spoiled, shape, options))
    np.testing.assert_array_equal(with_nan[y][1:], ours[y][1:])


@pytest.mark.parametrize("code", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_resized(code):
    """Batch and image follow the input."""
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 127, (1, 4, 5, 6), np.int8)
    w = rng.integers(-127, 127, (6, 3, 3, 6) if code == "CONV_2D" else (1, 3, 3, 6), np.int8)
    operands = [
        Operand(x, Quantization(0.5, 3)),
        Operand(w, Quantization(0.25), is_constant=True),
        Operand(np.arange(6, dtype=np.int32), Quantization(0.125), is_constant=True),
    ]
    model, _ = single_op(
        code,
        operands,
        (1, 4, 5, 6),
        "int8",
        Quantization(64.0, -3),
        stride_h=1,
        stride_w=1,
        **({"depth_multiplier": 1} if code != "CONV_2D" else {}),
    )
    larger = rng.integers(-128, 127, (3, 7, 2, 6), np.int8)
    oracle.assert_equal_to_litert(model, {0: larger}, resize={0: larger.shape})
