"""Operators that come from StableHLO."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Array, Operand, operands, single_op

from draws import generator

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=5).map(tuple)
COMBINING = ["STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM"]
BODIES = ["", *COMBINING]


def plain(draw: st.DrawFn, shape: tuple[int, ...], dtype: str) -> Operand:
    """Without a scale."""
    return Operand(draw(operands(shape, dtype)).value, dtype=dtype)


@generator(*COMBINING, "STABLEHLO_AND")
def combine(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(SHAPES)
    return single_op(code, [plain(draw, shape, dtype) for _ in range(2)], shape, dtype)


@generator("STABLEHLO_SHIFT_LEFT")
def shift(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """By 0 to 31: LiteRT's C++ defines no others."""
    shape = draw(SHAPES)
    value, by = (plain(draw, shape, dtype) for _ in range(2))
    if dtype != "int4" and np.dtype(dtype).kind in "iu":
        by = Operand(by.value & 31)
    return single_op(code, [value, by], shape, dtype)


@generator("STABLEHLO_PAD")
def pad(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Cut, too, but not to nothing: of that LiteRT makes all dimensions 0."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple))
    rank = len(shape)
    low, high, interior = (
        draw(st.lists(st.integers(*ends), min_size=rank, max_size=rank))
        for ends in [(-6, 4), (-6, 4), (0, 3)]
    )
    result = [sum(n) + (n[0] - 1) * i for *n, i in zip(shape, low, high, interior, strict=True)]
    for d in range(rank):
        if result[d] <= 0:
            high[d] += 1 - result[d]
    given = [plain(draw, shape, dtype), plain(draw, (), dtype)]
    options = {"edge_padding_low": low, "edge_padding_high": high, "interior_padding": interior}
    return single_op(code, given, (1,) * rank, dtype, **options)


def moving_window(draw: st.DrawFn) -> tuple[tuple[int, ...], list[list[int]]]:
    """A shape, and by dimension sizes, strides and dilations of windows that fit into it."""
    shape = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple))
    dilations = [draw(st.integers(1, 3)) for _ in shape]
    sizes = [draw(st.integers(1, 1 + (n - 1) // k)) for n, k in zip(shape, dilations, strict=True)]
    return shape, [sizes, [draw(st.integers(1, 3)) for _ in shape], dilations]


# LiteRT adds the bytes of bools.
FUNCTIONS = ["MUL", "MINIMUM", "MAXIMUM", "ALL", "ANY", "ADD"]


@generator("REDUCE_WINDOW")
def reduce_window(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape, window = moving_window(draw)
    given = [plain(draw, shape, dtype), plain(draw, (), dtype)]
    given += [Operand(np.array(values, np.int64), is_constant=True) for values in window]
    function = draw(st.sampled_from(FUNCTIONS[: 5 if dtype == "bool" else 6]))
    return single_op(code, given, (1,) * len(shape), dtype, reduce_function=function)


@generator("STABLEHLO_REDUCE_WINDOW")
def stablehlo_reduce_window(
    draw: st.DrawFn, code: str, dtype: str
) -> tuple[bytes, dict[int, Array]]:
    """An image that is dilated, padded and cut to one that a window fits into. LiteRT takes
    STABLEHLO_AND for a LOGICAL_AND."""
    padded, (sizes, strides, dilations) = moving_window(draw)
    spread = [draw(st.integers(1, 3)) for _ in padded]
    shape = tuple(draw(st.integers(1, 5)) for _ in padded)
    padding = []
    for n, wanted, step in zip(shape, padded, spread, strict=True):
        low = draw(st.integers(-3, 3))
        padding += [low, wanted - low - ((n - 1) * step + 1)]
    bodies = ["MAXIMUM", "MINIMUM", "MUL", *COMBINING[1:]]
    bodies += ["LOGICAL_AND", "LOGICAL_OR", "STABLEHLO_AND"] if dtype == "bool" else ["ADD"]
    bodies += ["STABLEHLO_ADD"] if dtype != "bool" else []
    net = Network()
    x, init = net.tensor("x", shape, dtype), net.tensor("init", (), dtype)
    y = net.tensor("y", (1,) * len(shape), dtype)
    body = net.subgraph("body")
    a, b, c = (body.tensor(name, (), dtype) for name in "abc")
    body.op(draw(st.sampled_from(bodies)), [a, b], [c])
    body.inputs, body.outputs = [a, b], [c]
    net.op(
        code,
        [x, init],
        [y],
        window_dimensions=sizes,
        window_strides=strides,
        base_dilations=spread,
        window_dilations=dilations,
        padding=padding,
        body_subgraph_index=body.index,
    )
    net.inputs, net.outputs = [x, init], [y]
    return net.build(), {x: plain(draw, shape, dtype).value, init: plain(draw, (), dtype).value}


def windows(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], Array, dict[str, object]]:
    """A shape, that of the windows' elements, indices some of which reach out, and what the options
    of both operators have."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple))
    collapsed = sorted(draw(st.sets(st.integers(0, len(shape) - 1), max_size=len(shape))))
    sizes = [1 if d in collapsed else draw(st.integers(1, n)) for d, n in enumerate(shape)]
    batch = draw(st.lists(st.integers(1, 4), min_size=0, max_size=2))
    moved = draw(st.permutations(range(len(shape))))[: draw(st.integers(1, len(shape)))]
    index_dim = draw(st.integers(0, len(batch)))
    index_shape = [*batch[:index_dim], len(moved), *batch[index_dim:]]
    rank = len(shape) - len(collapsed) + len(batch)
    within = sorted(draw(st.permutations(range(rank)))[: rank - len(batch)])
    rest, kept = list(batch), [n for d, n in enumerate(sizes) if d not in collapsed]
    elements = tuple((kept if d in within else rest).pop(0) for d in range(rank))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(["int32", "int64"]))
    indices = rng.integers(-2, 6, index_shape).astype(dtype)
    options = {"index_vector_dim": index_dim, "moved": moved, "within": within,
               "collapsed": collapsed, "sizes": sizes}  # fmt: skip
    return shape, elements, indices, options


@generator("STABLEHLO_GATHER")
def gather(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape, elements, indices, o = windows(draw)
    operand = Operand(draw(operands(shape, dtype)).value, dtype=dtype)
    return single_op(
        code,
        [operand, Operand(indices)],
        elements,
        dtype,
        offset_dims=o["within"],
        collapsed_slice_dims=o["collapsed"],
        start_index_map=o["moved"],
        index_vector_dim=o["index_vector_dim"],
        slice_sizes=o["sizes"],
    )


@generator("STABLEHLO_SCATTER")
def scatter(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape, elements, indices, o = windows(draw)
    values = [draw(operands(s, dtype)).value for s in (shape, elements)]
    net = Network()
    x = net.tensor("x", shape, dtype)
    i = net.tensor("indices", indices.shape, indices.dtype)
    u = net.tensor("updates", elements, dtype)
    y = net.tensor("y", shape, dtype)
    body = net.subgraph("body")
    a, b, c = (body.tensor(name, (), dtype) for name in "abc")
    operator = draw(st.sampled_from(BODIES))
    if operator:
        body.op(operator, [a, b], [c])
    body.inputs, body.outputs = [a, b], [c] if operator else [b]
    net.op(
        code,
        [x, i, u],
        [y],
        update_window_dims=o["within"],
        inserted_window_dims=o["collapsed"],
        scatter_dims_to_operand_dims=o["moved"],
        index_vector_dim=o["index_vector_dim"],
        update_computation_subgraph_index=body.index,
    )
    net.inputs, net.outputs = [x, i, u], [y]
    return net.build(), {x: values[0], i: indices, u: values[1]}
