"""Float networks of one operator each, drawn by hypothesis, to be quantized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from octavo.flatbuffer import Network

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
FUSED = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]
COMPARISONS = ["EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"]


class FloatNetwork:
    """A network in the making, and random values for it.

    Attributes:
      inputs: the shape of each input.
      is_positive: whether the inputs are to be above 0.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.net = Network()
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.inputs: dict[int, Shape] = {}
        self.is_positive = False
        self.outputs: list[int] = []

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def one_of(self, values: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(values))

    def shape(self, rank: int | None = None, most: int = 5) -> Shape:
        rank = self.integer(1, 4) if rank is None else rank
        return tuple(self.integer(1, most) for _ in range(rank))

    def input(self, shape: Shape) -> int:
        x = self.net.tensor(f"x{len(self.inputs)}", shape, "float32")
        self.inputs[x] = shape
        return x

    def values(self, shape: Shape) -> Array:
        return self.rng.normal(0, 1, shape).astype(np.float32)

    def constant(self, shape: Shape) -> int:
        return self.net.constant("c", self.values(shape))

    def operand(self, shape: Shape) -> int:
        """Given while running, or constant."""
        return self.constant(shape) if self.draw(st.booleans()) else self.input(shape)

    def ints(self, *values: Any) -> int:
        return self.net.constant("i", np.array(values, np.int32))

    def scalar(self, value: int) -> int:
        return self.net.constant("i", np.int32(value))

    def op(self, code: str, operands: list[Any], *shapes: Shape, **options: Any) -> None:
        first = "int32" if code in ("ARG_MAX", "ARG_MIN", "SHAPE") else "float32"
        first = "bool" if code in COMPARISONS else first
        dtypes = [first, "int32" if code == "TOPK_V2" else first, *[first] * len(shapes)]
        self.outputs = [
            self.net.tensor(f"y{i}", s, dtype)
            for i, (s, dtype) in enumerate(zip(shapes, dtypes, strict=False))
        ]
        self.net.op(code, operands, self.outputs, **options)

    def build(self) -> bytes:
        self.net.inputs, self.net.outputs = list(self.inputs), self.outputs
        return self.net.build()

    def samples(self, count: int) -> list[list[Array]]:
        samples = [[4 * self.values(s) for s in self.inputs.values()] for _ in range(count)]
        if self.is_positive:
            return [[np.abs(x) + np.float32(0.5) for x in sample] for sample in samples]
        return samples


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


def _concatenation(n: FloatNetwork) -> None:
    shape, axis = n.shape(3), n.integer(0, 2)
    parts = [tuple(n.integer(1, 3) if i == axis else d for i, d in enumerate(shape)) for _ in "ab"]
    total = tuple(sum(p[i] for p in parts) if i == axis else d for i, d in enumerate(shape))
    n.op("CONCATENATION", [n.input(parts[0]), n.operand(parts[1])], total, axis=axis)


def _pack(n: FloatNetwork) -> None:
    shape, axis = n.shape(2), n.integer(0, 2)
    operands = [n.input(shape), n.operand(shape)]
    n.op("PACK", operands, (*shape[:axis], 2, *shape[axis:]), values_count=2, axis=axis)


def _unpack(n: FloatNetwork) -> None:
    shape, axis = n.shape(3), n.integer(0, 2)
    part = shape[:axis] + shape[axis + 1 :]
    n.op("UNPACK", [n.input(shape)], *[part] * shape[axis], num=shape[axis], axis=axis)


def _split(n: FloatNetwork) -> None:
    rows, columns = n.shape(2)
    x = n.input((rows, 2 * columns))
    n.op("SPLIT", [n.scalar(1), x], *[(rows, columns)] * 2, num_splits=2)


def _split_v(n: FloatNetwork) -> None:
    rows, first, second = n.shape(3)
    operands = [n.input((rows, first + second)), n.ints(first, second), n.scalar(1)]
    n.op("SPLIT_V", operands, (rows, first), (rows, second), num_splits=2)


def _one_hot(n: FloatNetwork) -> None:
    count, depth = n.shape(2)
    places = n.ints(*(n.integer(0, depth - 1) for _ in range(count)))
    values = [n.operand(()), n.operand(())]
    if not n.inputs:
        values[0] = n.input(())
    n.op("ONE_HOT", [places, n.scalar(depth), *values], (count, depth), axis=-1)


def _sparse_to_dense(n: FloatNetwork) -> None:
    rows, columns = n.shape(2)
    places = n.ints(*([i, n.integer(0, columns - 1)] for i in range(rows)))
    operands = [places, n.ints(rows, columns), n.input((rows,)), n.operand(())]
    n.op("SPARSE_TO_DENSE", operands, (rows, columns))


def _pad(n: FloatNetwork, code: str = "PAD") -> None:
    shape = n.shape(4, 3)
    pads = [(n.integer(0, 2), n.integer(0, 2)) for _ in shape]
    operands = [n.input(shape), n.ints(*pads)]
    if code == "PADV2":
        operands.append(n.net.constant("v", np.float32(n.one_of([0, -2.5, 3, 40]))))
    n.op(code, operands, tuple(d + a + b for d, (a, b) in zip(shape, pads, strict=True)))


def _padv2(n: FloatNetwork) -> None:
    _pad(n, "PADV2")


def _prelu(n: FloatNetwork) -> None:
    shape = n.shape(4)
    n.op("PRELU", [n.input(shape), n.constant((1, 1, shape[3]))], shape)


def _reshape(n: FloatNetwork) -> None:
    shape = n.shape(3)
    size = int(np.prod(shape))
    n.op("RESHAPE", [n.input(shape), n.ints(size)], (size,), new_shape=[size])


def _squeeze(n: FloatNetwork) -> None:
    rows, columns = n.shape(2)
    n.op("SQUEEZE", [n.input((rows, 1, columns))], (rows, columns), squeeze_dims=[1])


def _expand_dims(n: FloatNetwork) -> None:
    rows, columns = n.shape(2)
    n.op("EXPAND_DIMS", [n.input((rows, columns)), n.scalar(1)], (rows, 1, columns))


def _transpose(n: FloatNetwork) -> None:
    shape = n.shape(3)
    order = n.draw(st.permutations(range(3)))
    n.op("TRANSPOSE", [n.input(shape), n.ints(*order)], tuple(shape[i] for i in order))


def _slice(n: FloatNetwork) -> None:
    shape = n.shape(3)
    begin = [n.integer(0, d - 1) for d in shape]
    size = [n.integer(1, d - b) for d, b in zip(shape, begin, strict=True)]
    n.op("SLICE", [n.input(shape), n.ints(*begin), n.ints(*size)], tuple(size))


def _strided_slice(n: FloatNetwork) -> None:
    shape = n.shape(3)
    strides = [n.integer(1, 2) for _ in shape]
    out = tuple(-(-d // s) for d, s in zip(shape, strides, strict=True))
    operands = [n.input(shape), n.ints(0, 0, 0), n.ints(*shape), n.ints(*strides)]
    n.op("STRIDED_SLICE", operands, out)


def _resize(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape, size = n.shape(4, 4), n.shape(2, 7)
        options = n.one_of([{}, {"align_corners": True}, {"half_pixel_centers": True}])
        n.op(code, [n.input(shape), n.ints(*size)], (shape[0], *size, shape[3]), **options)

    return build


def _shape(n: FloatNetwork) -> None:
    shape = n.shape()
    n.op("SHAPE", [n.input(shape)], (len(shape),), out_type="INT32")


def _space_and_depth(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        batch, height, width, channels = n.shape(4, 3)
        block = n.integer(1, 3)
        space = (batch, height * block, width * block, channels)
        depth = (batch, height, width, channels * block * block)
        before, after = (space, depth) if code == "SPACE_TO_DEPTH" else (depth, space)
        n.op(code, [n.input(before)], after, block_size=block)

    return build


def _space_and_batch(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        batch, height, width, channels = n.shape(4, 3)
        border = n.integer(0, 1)
        space = (batch, 2 * height, 2 * width - border, channels)
        grids = (4 * batch, height, width, channels)
        before, after = (space, grids) if code == "SPACE_TO_BATCH_ND" else (grids, space)
        n.op(code, [n.input(before), n.ints(2, 2), n.ints([0, 0], [0, border])], after)

    return build


def _broadcast_to(n: FloatNetwork) -> None:
    rows, columns, times = n.shape(3)
    operands = [n.input((rows, 1)), n.ints(times, rows, columns)]
    n.op("BROADCAST_TO", operands, (times, rows, columns), version=2)


def _dynamic_update_slice(n: FloatNetwork) -> None:
    shape = n.shape(2)
    update = tuple(n.integer(1, d) for d in shape)
    n.op("DYNAMIC_UPDATE_SLICE", [n.input(shape), n.operand(update), n.ints(1, 0)], shape)


def _embedding_lookup(n: FloatNetwork) -> None:
    rows, columns = n.shape(2)
    taken = [n.integer(0, rows - 1) for _ in "abc"]
    n.op("EMBEDDING_LOOKUP", [n.ints(*taken), n.input((rows, columns))], (3, columns))


def _fill(n: FloatNetwork) -> None:
    shape = n.shape(3)
    n.op("FILL", [n.ints(*shape), n.input(())], shape)


def _gather(n: FloatNetwork) -> None:
    shape, axis = n.shape(3), n.integer(0, 2)
    taken = [n.integer(0, shape[axis] - 1) for _ in "abc"]
    out = (*shape[:axis], 3, *shape[axis + 1 :])
    n.op("GATHER", [n.input(shape), n.ints(*taken)], out, axis=axis)


def _gather_nd(n: FloatNetwork) -> None:
    shape = n.shape(3)
    places = [[n.integer(0, d - 1) for d in shape[:2]] for _ in "ab"]
    n.op("GATHER_ND", [n.input(shape), n.ints(*places)], (2, shape[2]))


def _mirror_pad(n: FloatNetwork) -> None:
    shape = n.shape(2)
    pads = [(n.integer(0, d), n.integer(0, d)) for d in shape]
    out = tuple(d + a + b for d, (a, b) in zip(shape, pads, strict=True))
    n.op("MIRROR_PAD", [n.input(shape), n.ints(*pads)], out, mode="SYMMETRIC")


def _reverse_sequence(n: FloatNetwork) -> None:
    shape = n.shape(3)
    lengths = n.net.constant("lengths", n.rng.integers(0, shape[1] + 1, shape[0]).astype(np.int32))
    n.op("REVERSE_SEQUENCE", [n.input(shape), lengths], shape, seq_dim=1, batch_dim=0)


def _reverse_v2(n: FloatNetwork) -> None:
    shape = n.shape(3)
    n.op("REVERSE_V2", [n.input(shape), n.ints(n.integer(0, 2))], shape)


def _select(code: str) -> Callable[[FloatNetwork], None]:
    def build(n: FloatNetwork) -> None:
        shape = n.shape(3)
        condition = n.net.constant("condition", n.rng.random(shape) < 0.5)
        n.op(code, [condition, n.input(shape), n.operand(shape)], shape)

    return build


def _tile(n: FloatNetwork) -> None:
    shape = n.shape(2)
    times = [n.integer(1, 3) for _ in shape]
    out = tuple(d * m for d, m in zip(shape, times, strict=True))
    n.op("TILE", [n.input(shape), n.ints(*times)], out)


def _top_k(n: FloatNetwork) -> None:
    rows, columns = n.shape(2, 9)
    k = n.integer(1, columns)
    n.op("TOPK_V2", [n.input((rows, columns)), n.scalar(k)], (rows, k), (rows, k))


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
    "ABS": _unary("ABS"),
    "ADD": _binary("ADD", fused=True),
    "ARG_MAX": _arg("ARG_MAX"),
    "ARG_MIN": _arg("ARG_MIN"),
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "BATCH_MATMUL": _batch_matmul,
    "BATCH_TO_SPACE_ND": _space_and_batch("BATCH_TO_SPACE_ND"),
    "BROADCAST_TO": _broadcast_to,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEPTH_TO_SPACE": _space_and_depth("DEPTH_TO_SPACE"),
    "DIV": _div,
    "DYNAMIC_UPDATE_SLICE": _dynamic_update_slice,
    "ELU": _unary("ELU"),
    "EMBEDDING_LOOKUP": _embedding_lookup,
    "EQUAL": _compare("EQUAL"),
    "EXP": _unary("EXP"),
    "EXPAND_DIMS": _expand_dims,
    "FILL": _fill,
    "FULLY_CONNECTED": _fully_connected,
    "GATHER": _gather,
    "GATHER_ND": _gather_nd,
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
    "MIRROR_PAD": _mirror_pad,
    "MUL": _binary("MUL", fused=True),
    "NOT_EQUAL": _compare("NOT_EQUAL"),
    "ONE_HOT": _one_hot,
    "PACK": _pack,
    "PAD": _pad,
    "PADV2": _padv2,
    "PRELU": _prelu,
    "REDUCE_MAX": _reduce("REDUCE_MAX"),
    "REDUCE_MIN": _reduce("REDUCE_MIN"),
    "REDUCE_PROD": _product,
    "RELU": _unary("RELU"),
    "RELU6": _unary("RELU6"),
    "RELU_0_TO_1": _unary("RELU_0_TO_1"),
    "RELU_N1_TO_1": _unary("RELU_N1_TO_1"),
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize("RESIZE_BILINEAR"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("RESIZE_NEAREST_NEIGHBOR"),
    "REVERSE_SEQUENCE": _reverse_sequence,
    "REVERSE_V2": _reverse_v2,
    "RSQRT": _of_positive("RSQRT"),
    "SELECT": _select("SELECT"),
    "SELECT_V2": _select("SELECT_V2"),
    "SHAPE": _shape,
    "SLICE": _slice,
    "SOFTMAX": _unary("SOFTMAX", beta=1.0),
    "SPACE_TO_BATCH_ND": _space_and_batch("SPACE_TO_BATCH_ND"),
    "SPACE_TO_DEPTH": _space_and_depth("SPACE_TO_DEPTH"),
    "SPARSE_TO_DENSE": _sparse_to_dense,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "SQRT": _of_positive("SQRT"),
    "SQUARED_DIFFERENCE": _binary("SQUARED_DIFFERENCE", fused=False),
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _binary("SUB", fused=True),
    "SUM": _reduce("SUM"),
    "SVDF": _svdf,
    "TANH": _unary("TANH"),
    "TILE": _tile,
    "TOPK_V2": _top_k,
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm("UNIDIRECTIONAL_SEQUENCE_LSTM"),
    "UNPACK": _unpack,
}


@st.composite
def float_networks(draw: st.DrawFn, operator: str) -> FloatNetwork:
    network = FloatNetwork(draw)
    OPERATORS[operator](network)
    return network
