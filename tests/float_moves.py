"""Float networks of an operator that moves elements, drawn by hypothesis, to be quantized."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from float_network import FloatNetwork
from hypothesis import strategies as st


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


OPERATORS: dict[str, Callable[[FloatNetwork], None]] = {
    "BATCH_TO_SPACE_ND": _space_and_batch("BATCH_TO_SPACE_ND"),
    "BROADCAST_TO": _broadcast_to,
    "CONCATENATION": _concatenation,
    "DEPTH_TO_SPACE": _space_and_depth("DEPTH_TO_SPACE"),
    "DYNAMIC_UPDATE_SLICE": _dynamic_update_slice,
    "EMBEDDING_LOOKUP": _embedding_lookup,
    "EXPAND_DIMS": _expand_dims,
    "FILL": _fill,
    "GATHER": _gather,
    "GATHER_ND": _gather_nd,
    "MIRROR_PAD": _mirror_pad,
    "ONE_HOT": _one_hot,
    "PACK": _pack,
    "PAD": _pad,
    "PADV2": _padv2,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize("RESIZE_BILINEAR"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("RESIZE_NEAREST_NEIGHBOR"),
    "REVERSE_SEQUENCE": _reverse_sequence,
    "REVERSE_V2": _reverse_v2,
    "SELECT": _select("SELECT"),
    "SELECT_V2": _select("SELECT_V2"),
    "SHAPE": _shape,
    "SLICE": _slice,
    "SPACE_TO_BATCH_ND": _space_and_batch("SPACE_TO_BATCH_ND"),
    "SPACE_TO_DEPTH": _space_and_depth("SPACE_TO_DEPTH"),
    "SPARSE_TO_DENSE": _sparse_to_dense,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "TILE": _tile,
    "TOPK_V2": _top_k,
    "TRANSPOSE": _transpose,
    "UNPACK": _unpack,
}
