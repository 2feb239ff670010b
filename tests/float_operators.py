"""Float networks of one operator each, drawn by hypothesis, to be quantized."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import float_moves
import numpy as np
from float_network import FloatNetwork, Shape
from hypothesis import strategies as st

FUSED = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def _unary(code: str, **options: Any) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape = n.shape()
        n.op(code, [n.input(shape)], shape, **options)

    return build


def _of_positive(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        n.is_positive = True
        _unary(code)(n)

    return build


def _binary(code: str, *, fused: bool) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape = n.shape()
        other = n.one_of([shape, (1,), shape[-1:], (1, *shape[1:])])
        operands = [n.input(shape), n.operand(other)]
        if n.draw(st.booleans()):
            operands.reverse()
        options = {"fused_activation_function": n.one_of(FUSED)} if fused else {}
        n.op(code, operands, shape, **options)

    return build


def _compare(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape = n.shape()
        n.op(code, [n.input(shape), n.input(n.one_of([shape, shape[-1:]]))], shape)

    return build


def _div(n: FloatNetwork) -> None:
    n.is_positive = True  # no divisor may become 0
    shape = n.shape()
    divisor = n.one_of(
        [n.input(shape), n.net.constant("c", np.float32(n.rng.uniform(1, 4, shape[-1:])))]
    )
    fused = n.one_of(FUSED)
    n.op("DIV", [n.input(shape), divisor], shape, fused_activation_function=fused)


def _window(n: FloatNetwork) -> tuple[Shape, Shape, tuple[int, int], dict[str, Any]]:
    """An image, the filter's and the output's height and width, and the options of both."""
    batch, height, width, channels = n.integer(1, 2), *n.shape(2, 7), n.integer(1, 4)
    padding, stride = n.one_of(["SAME", "VALID"]), n.integer(1, 2)
    size = (n.integer(1, min(3, height)), n.integer(1, min(3, width)))
    reach = size if padding == "VALID" else (1, 1)
    out = tuple((d - k) // stride + 1 for d, k in zip((height, width), reach, strict=True))
    options = {"padding": padding, "stride_w": stride, "stride_h": stride}
    options["fused_activation_function"] = n.one_of(FUSED)
    return (batch, height, width, channels), size, out, options


def _pool(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        image, size, out, options = _window(n)
        options |= {"filter_height": size[0], "filter_width": size[1]}
        n.op(code, [n.input(image)], (image[0], *out, image[3]), **options)

    return build


def _conv(n: FloatNetwork) -> None:
    image, size, out, options = _window(n)
    groups = n.one_of([g for g in (1, 2) if image[3] % g == 0])
    filters = groups * n.integer(1, 3)
    weights = n.constant((filters, *size, image[3] // groups))
    operands = [n.input(image), weights, n.constant((filters,))]
    n.op("CONV_2D", operands, (image[0], *out, filters), **options)


def _depthwise(n: FloatNetwork) -> None:
    image, size, out, options = _window(n)
    multiplier = n.integer(1, 3)
    channels = image[3] * multiplier
    operands = [n.input(image), n.constant((1, *size, channels))]
    if n.draw(st.booleans()):
        operands.append(n.constant((channels,)))
    shape = (image[0], *out, channels)
    n.op("DEPTHWISE_CONV_2D", operands, shape, depth_multiplier=multiplier, **options)


def _transpose_conv(n: FloatNetwork) -> None:
    batch, height, width, channels = n.shape(4, 3)
    filters, stride, size = n.integer(1, 3), n.integer(1, 2), n.integer(1, 3)
    out = (batch, height * stride, width * stride, filters)
    operands = [n.ints(*out), n.constant((filters, size, size, channels))]
    operands.append(n.input((batch, height, width, channels)))
    bias = n.draw(st.booleans())
    if bias:
        operands.append(n.constant((filters,)))
    options = {"padding": "SAME", "stride_w": stride, "stride_h": stride}
    n.op("TRANSPOSE_CONV", operands, out, version=3 if bias else 1, **options)


def _fully_connected(n: FloatNetwork) -> None:
    batch, depth, units = n.shape(3, 9)
    operands: list[Any] = [n.input((batch, depth)), n.constant((units, depth))]
    operands += n.one_of([[], [None], [n.constant((units,))]])
    fused = n.one_of(FUSED)
    n.op("FULLY_CONNECTED", operands, (batch, units), fused_activation_function=fused)


def _batch_matmul(n: FloatNetwork) -> None:
    batch, rows, depth, columns = n.shape(4)
    adj_x, adj_y = n.draw(st.booleans()), n.draw(st.booleans())
    a = (batch, depth, rows) if adj_x else (batch, rows, depth)
    b = (columns, depth) if adj_y else (depth, columns)
    operands = [n.input(a), n.operand(b)]
    n.op("BATCH_MATMUL", operands, (batch, rows, columns), adj_x=adj_x, adj_y=adj_y)


def _reduce(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape, keep = n.shape(4), n.draw(st.booleans())
        axes = n.one_of([(1, 2), (3,), (1, 2, 3)])
        kept = tuple(1 if i in axes else d for i, d in enumerate(shape))
        out = kept if keep else tuple(d for i, d in enumerate(shape) if i not in axes)
        n.op(code, [n.input(shape), n.ints(*axes)], out, keep_dims=keep)

    return build


def _product(n: FloatNetwork) -> None:
    """Of few numbers: a product of many has one that says all."""
    rows, factors = n.integer(1, 9), n.integer(1, 3)
    n.op("REDUCE_PROD", [n.input((rows, factors)), n.ints(1)], (rows,), keep_dims=False)


def _arg(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape = n.shape(3)
        axis = n.integer(0, 2)
        n.op(
            code,
            [n.input(shape), n.scalar(axis)],
            shape[:axis] + shape[axis + 1 :],
            output_type="INT32",
        )

    return build


def _prelu(n: FloatNetwork) -> None:
    shape = n.shape(4)
    n.op("PRELU", [n.input(shape), n.constant((1, 1, shape[3]))], shape)


def _lstm(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        batch, depth, cells = n.integer(1, 3), n.integer(1, 6), n.integer(2, 6)
        coupled, norm, projection = (n.one_of([False, True]) for _ in range(3))
        if norm:  # of few numbers the deviation may be near 0, and errors are divided by it
            depth, cells = depth + 16, cells + 16
        peephole = n.one_of([False, True]) and not projection
        outputs = n.integer(1, cells) if projection else cells
        leading = (batch,) if code == "LSTM" else (batch, n.integer(1, 4))
        gates = [g > 0 or not coupled for g in range(4)]

        def constant(*shape: int) -> int:  # small, so that gates are seldom shut
            return n.net.constant("c", n.values(shape) * np.float32(0.3))

        def of_gates(*shape: int) -> list[int | None]:
            return [constant(*shape) if there else None for there in gates]

        operands: list[int | None] = [n.input((*leading, depth))]
        operands += of_gates(cells, depth) + of_gates(cells, outputs)
        for g in (0, 1, 3):
            operands.append(constant(cells) if peephole and gates[g] else None)
        operands += of_gates(cells)
        operands += [constant(outputs, cells) if projection else None, None]
        for width in (outputs, cells):
            operands.append(n.net.tensor("s", (batch, width), "float32", is_variable=True))
        operands += of_gates(cells) if norm else [None] * 4
        shape = (*leading, outputs)
        n.op(code, operands, shape, fused_activation_function="TANH")

    return build


def _svdf(n: FloatNetwork) -> None:
    batch, depth, units, memory = (n.integer(1, 5) for _ in range(4))
    rank = n.integer(1, 2)
    filters = units * rank
    state = n.net.tensor("s", (batch, memory * filters), "float32", is_variable=True)
    bias = n.constant((units,)) if n.one_of([False, True]) else None
    operands = [
        n.input((batch, depth)),
        n.constant((filters, depth)),
        n.constant((filters, memory)),
    ]
    options = {"rank": rank, "fused_activation_function": "RELU"}
    n.op("SVDF", [*operands, bias, state], (batch, units), **options)


OPERATORS: dict[str, Callable[[FloatNetwork], None]] = {
    **float_moves.OPERATORS,
    "ABS": _unary("ABS"),
    "ADD": _binary("ADD", fused=True),
    "ARG_MAX": _arg("ARG_MAX"),
    "ARG_MIN": _arg("ARG_MIN"),
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "BATCH_MATMUL": _batch_matmul,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DIV": _div,
    "ELU": _unary("ELU"),
    "EQUAL": _compare("EQUAL"),
    "EXP": _unary("EXP"),
    "FULLY_CONNECTED": _fully_connected,
    "GELU": _unary("GELU", approximate=False),
    "GREATER": _compare("GREATER"),
    "GREATER_EQUAL": _compare("GREATER_EQUAL"),
    "HARD_SWISH": _unary("HARD_SWISH"),
    "L2_NORMALIZATION": _unary("L2_NORMALIZATION"),
    "LEAKY_RELU": _unary("LEAKY_RELU", alpha=0.2),
    "LESS": _compare("LESS"),
    "LESS_EQUAL": _compare("LESS_EQUAL"),
    "LOG": _of_positive("LOG"),
    "LOGISTIC": _unary("LOGISTIC"),
    "LOG_SOFTMAX": _unary("LOG_SOFTMAX"),
    "LSTM": _lstm("LSTM"),
    "MAXIMUM": _binary("MAXIMUM", fused=False),
    "MAX_POOL_2D": _pool("MAX_POOL_2D"),
    "MEAN": _reduce("MEAN"),
    "MINIMUM": _binary("MINIMUM", fused=False),
    "MUL": _binary("MUL", fused=True),
    "NOT_EQUAL": _compare("NOT_EQUAL"),
    "PRELU": _prelu,
    "REDUCE_MAX": _reduce("REDUCE_MAX"),
    "REDUCE_MIN": _reduce("REDUCE_MIN"),
    "REDUCE_PROD": _product,
    "RELU": _unary("RELU"),
    "RELU6": _unary("RELU6"),
    "RELU_0_TO_1": _unary("RELU_0_TO_1"),
    "RELU_N1_TO_1": _unary("RELU_N1_TO_1"),
    "RSQRT": _of_positive("RSQRT"),
    "SOFTMAX": _unary("SOFTMAX", beta=1.0),
    "SQRT": _of_positive("SQRT"),
    "SQUARED_DIFFERENCE": _binary("SQUARED_DIFFERENCE", fused=False),
    "SUB": _binary("SUB", fused=True),
    "SUM": _reduce("SUM"),
    "SVDF": _svdf,
    "TANH": _unary("TANH"),
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm("UNIDIRECTIONAL_SEQUENCE_LSTM"),
}


@st.composite
def float_networks(draw: st.DrawFn, operator: str) -> FloatNetwork:
    network = FloatNetwork(draw)
    OPERATORS[operator](network)
    return network
