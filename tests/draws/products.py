"""Products of matrices: operators with weights."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from single_op import (
    NONE,
    Array,
    Operand,
    Quantization,
    arrays,
    operands,
    quantizations,
    scales,
    single_op,
)
from weights import (
    ACTIVATIONS,
    FLOAT32,
    INT8,
    INT16,
    INT16_B32,
    INT16_W16,
    INT16_W16_B32,
    UINT8,
    weighted,
)

from draws import generator

KINDS = {
    "float32": FLOAT32,
    "int8": INT8,
    "uint8": UINT8,
    "int16": INT16,
    "int16_b32": INT16_B32,
}
WIDE_KINDS = {"int16_w16": INT16_W16, "int16_w16_b32": INT16_W16_B32}  # FULLY_CONNECTED's
BIAS_LIMITS = {"float32": 0, "int32": 2**31 - 1, "int64": 2**45}
CHANNELS = st.one_of(st.integers(1, 9), st.sampled_from([16, 63, 64, 65, 70]))


@st.composite
def windows(draw):
    """Image (height, width), filter, stride, dilation and padding, with at least one position."""
    filter_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.one_of(st.just((1, 1)), st.tuples(st.integers(1, 3), st.integers(1, 3))))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    image = []
    for taps, gap in zip(filter_size, dilation, strict=True):
        least = 1 if padding == "SAME" else (taps - 1) * gap + 1
        image.append(draw(st.integers(least, least + 6)))
    options = {
        "padding": padding,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "dilation_h_factor": dilation[0],
        "dilation_w_factor": dilation[1],
    }
    return tuple(image), filter_size, options


def positions(size, taps, stride, dilation, padding):
    return -(-(size if padding == "SAME" else size - (taps - 1) * dilation) // stride)


def output_shape(batch, image, filter_size, options, channels):
    rows, columns = (
        positions(
            image[i],
            filter_size[i],
            options[f"stride_{d}"],
            options[f"dilation_{d}_factor"],
            options["padding"],
        )
        for i, d in enumerate("hw")
    )
    return (batch, rows, columns, channels)


@st.composite
def conv_2d(draw, kind):
    """A network of one CONV_2D, its inputs, and the operands."""
    image, filter_size, options = draw(windows())
    batch = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    depth = draw(CHANNELS)
    channels = groups * draw(st.integers(1, 5))
    operands = draw(
        weighted(
            kind,
            (batch, *image, groups * depth),
            (channels, *filter_size, depth),
            axis=0,
            bias_limit=BIAS_LIMITS[kind.bias],
        )
    )
    if kind is INT16_B32:
        options["quantized_bias_type"] = "INT32"
    shape = output_shape(batch, image, filter_size, options, channels)
    return "CONV_2D", operands, shape, options


@st.composite
def depthwise_conv_2d(draw, kind):
    image, filter_size, options = draw(windows())
    batch = draw(st.integers(1, 3))
    depth = draw(CHANNELS)
    multiplier = draw(st.sampled_from([1, 1, 2, 3, 8]))
    operands = draw(
        weighted(
            kind,
            (batch, *image, depth),
            (1, *filter_size, multiplier * depth),
            axis=3,
            bias_limit=BIAS_LIMITS[kind.bias],
        )
    )
    options["depth_multiplier"] = multiplier
    shape = output_shape(batch, image, filter_size, options, multiplier * depth)
    return "DEPTHWISE_CONV_2D", operands, shape, options


@st.composite
def transpose_conv(draw, kind):
    filter_size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    image = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    size = []
    for n, taps, step in zip(image, filter_size, stride, strict=True):
        least = (n - 1) * step + (1 if padding == "SAME" else taps)
        size.append(draw(st.integers(least, least + step - 1)))
    batch = draw(st.integers(1, 3))
    depth = draw(CHANNELS)
    channels = draw(st.integers(1, 5))
    operands = draw(
        weighted(
            kind,
            (batch, *image, depth),
            (channels, *filter_size, depth),
            axis=0,
            bias_limit=BIAS_LIMITS[kind.bias],
        )
    )
    options = {"padding": padding, "stride_h": stride[0], "stride_w": stride[1]}
    if kind is INT16_B32:
        options["quantized_bias_type"] = "INT32"
    return "TRANSPOSE_CONV", operands, (batch, *size, channels), options


OPERATORS = {
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "TRANSPOSE_CONV": transpose_conv,
}


def operand_list(code, o, shape, with_bias=True):
    """The operands in the operator's order."""
    bias = [o.bias] if with_bias else []
    if code == "TRANSPOSE_CONV":
        return [Operand(np.array(shape, np.int32), is_constant=True), o.filter, o.input, *bias]
    return [o.input, o.filter, *bias]


def build_conv(code, o, shape, options, with_bias=True):
    operands = operand_list(code, o, shape, with_bias)
    return single_op(code, operands, shape, o.input.value.dtype, o.output, **options)


@generator("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
def convolution(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    kind = dtype
    if dtype not in KINDS:
        return _all_of_one_type(draw, code, dtype)
    if dtype == "int16" and code != "DEPTHWISE_CONV_2D":
        kind = draw(st.sampled_from(["int16", "int16_b32"]))
    code, o, shape, options = draw(OPERATORS[code](KINDS[kind]))
    options["fused_activation_function"] = draw(ACTIVATIONS)
    return build_conv(code, o, shape, options)


# Sums that leave int32 when scaled are a cast that C++ does not define in LiteRT.
SUM_LIMIT = 2**30


@st.composite
def fully_connected(draw, kind):
    """The operands, the output's shape and the options."""
    depth = draw(st.one_of(st.integers(1, 40), st.sampled_from([255, 256, 257, 600])))
    units = draw(st.integers(1, 20))
    leading = draw(st.lists(st.integers(1, 4), min_size=0, max_size=3))
    keep = draw(st.booleans())
    rows = int(np.prod(leading, dtype=int))
    shape = [*leading, units] if keep else [rows, units]
    input_shape = [*leading, depth]
    if not keep and rows % 2 == 0 and draw(st.booleans()):
        input_shape = [rows // 2, 2 * depth]  # any shape that holds whole rows will do
    operands = draw(
        weighted(
            kind,
            tuple(input_shape),
            (units, depth),
            axis=0,
            bias_limit=SUM_LIMIT,
            zero_point_allowed=True,
        )
    )
    options = {"keep_num_dims": keep}
    if kind is INT16_B32 or kind.filter == "int16":  # which LiteRT takes for int32 by default
        options["quantized_bias_type"] = kind.bias.upper()
    return operands, tuple(shape), options


def build_fully_connected(o, shape, options, with_bias=True):
    operands = [o.input, o.filter, o.bias][: 3 if with_bias else 2]
    return single_op("FULLY_CONNECTED", operands, shape, o.input.value.dtype, o.output, **options)


@generator("FULLY_CONNECTED")
def dense(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    if dtype not in KINDS:
        return _all_of_one_type(draw, code, dtype)
    kinds = KINDS | WIDE_KINDS
    of_int16 = ["int16", "int16_b32", *WIDE_KINDS]
    kind = draw(st.sampled_from(of_int16)) if dtype == "int16" else dtype
    o, shape, options = draw(fully_connected(kinds[kind]))
    options["fused_activation_function"] = draw(ACTIVATIONS)
    return build_fully_connected(o, shape, options, draw(st.sampled_from([True, True, False])))


MATMUL_TYPES = {  # of the left operand, which is the output's, and of the right one
    "float32": ("float32", "float32"),
    "int8": ("int8", "int8"),
    "int16": ("int16", "int16"),
    "int16 by int8": ("int16", "int8"),
}
SIDES = st.one_of(st.integers(1, 9), st.sampled_from([16, 33, 64, 70]))
# Between them the multiplier is at most 8, which no sum leaves int32 by.
INPUT_SCALES, OUTPUT_SCALES = scales(2**-10, 1.0), scales(2**-3, 64.0)


@st.composite
def batches(draw):
    """Of both operands, which broadcast against each other, and of the output."""
    whole = draw(st.lists(st.integers(1, 3), max_size=3))

    def part():
        kept = [n if draw(st.booleans()) else 1 for n in whole]
        return kept[draw(st.integers(0, len(kept))) :]

    a, b = part(), part()
    return a, b, list(np.broadcast_shapes(tuple(a), tuple(b)))


@st.composite
def sizes(draw):
    """The operands' shapes, the output's, and the options."""
    a, b, out = draw(batches())
    rows, depth, columns = draw(SIDES), draw(SIDES), draw(SIDES)
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    a += [depth, rows] if adj_x else [rows, depth]
    b += [columns, depth] if adj_y else [depth, columns]
    return tuple(a), tuple(b), (*out, rows, columns), {"adj_x": adj_x, "adj_y": adj_y}


def symmetric(draw, dtype):
    return NONE if dtype == "float32" else Quantization(draw(INPUT_SCALES), 0)


def build_matmul(a, b, shape, options, output=NONE):
    return single_op("BATCH_MATMUL", [a, b], shape, a.value.dtype, output, **options)


@st.composite
def matmuls(draw, types):
    left, right = MATMUL_TYPES[types]
    a_shape, b_shape, shape, options = draw(sizes())
    if right == left:
        a_quantization, b_quantization = (draw(quantizations(left, INPUT_SCALES)) for _ in "ab")
    else:
        a_quantization, b_quantization = symmetric(draw, left), symmetric(draw, right)
    a = Operand(draw(arrays(a_shape, left)), a_quantization)
    b = Operand(draw(arrays(b_shape, right)), b_quantization, is_constant=draw(st.booleans()))
    return a, b, shape, options, draw(quantizations(left, OUTPUT_SCALES))


@generator("BATCH_MATMUL")
def matmul(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    types = [name for name, types in MATMUL_TYPES.items() if types[0] == dtype]
    if types:
        return build_matmul(*draw(matmuls(draw(st.sampled_from(types)))))
    return _all_of_one_type(draw, code, dtype)


def _all_of_one_type(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """What LiteRT is to refuse."""
    x, w = draw(operands((1, 2, 2, 2), dtype)), draw(operands((2, 2, 2, 2), dtype, True))
    return single_op(code, [x, w], (1, 2, 2, 2), dtype, draw(quantizations(dtype)))


@generator("CONV_3D", "CONV_3D_TRANSPOSE")
def convolution_3d(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Numbers of few bits, whose products float32 sums exactly in any order."""
    taps = draw(st.tuples(*[st.integers(1, 3)] * 3))
    stride = draw(st.tuples(*[st.integers(1, 2)] * 3))
    dilation = draw(st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 2, 3)]))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    spans = [(n - 1) * d + 1 for n, d in zip(taps, dilation, strict=True)]
    least = [1 if padding == "SAME" else span for span in spans]
    size = [draw(st.integers(n, n + 4)) for n in least]
    out = [
        -(-(n if padding == "SAME" else n - span + 1) // step)
        for n, span, step in zip(size, spans, stride, strict=True)
    ]
    batch, in_c, out_c = draw(st.tuples(st.integers(1, 2), st.integers(1, 5), st.integers(1, 5)))
    is_transpose = code == "CONV_3D_TRANSPOSE"
    channels = (out_c, in_c) if is_transpose else (in_c, out_c)
    shape = (batch, *(size if is_transpose else out), out_c)
    x = _few_bits(draw, (batch, *(out if is_transpose else size), in_c), dtype)
    w = _few_bits(draw, (*taps, *channels), dtype, draw(st.booleans()))
    bias = [_few_bits(draw, (out_c,), dtype, True)] if draw(st.booleans()) else []
    operands = [x, w, *bias]
    if is_transpose:
        operands = [Operand(np.array(shape, np.int32), is_constant=True), w, x, *bias]
    options = {f"stride_{a}": s for a, s in zip("dhw", stride, strict=True)}
    options |= {f"dilation_{a}_factor": d for a, d in zip("dhw", dilation, strict=True)}
    options |= {"padding": padding, "fused_activation_function": draw(ACTIVATIONS)}
    return single_op(code, operands, shape, dtype, draw(quantizations(dtype)), **options)


def _few_bits(
    draw: st.DrawFn, shape: tuple[int, ...], dtype: str, is_constant: bool = False
) -> Operand:
    x = draw(operands(shape, dtype, is_constant))
    if x.value.dtype.kind != "f":
        return x
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Operand((rng.integers(-16, 17, shape) / 8).astype(dtype), is_constant=is_constant)
