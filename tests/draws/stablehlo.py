"""Operators that come from StableHLO."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Array, Operand, operands, single_op

from draws import generator

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=5).map(tuple)
BODIES = ["", "STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM"]


@generator("STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM")
def combine(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(SHAPES)
    pair = [Operand(draw(operands(shape, dtype)).value, dtype=dtype) for _ in range(2)]
    return single_op(code, pair, shape, dtype)


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
