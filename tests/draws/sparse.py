"""Sparse constants of every format."""

from __future__ import annotations

from typing import Any

import numpy as np
import octavo._schema as schema
from hypothesis import strategies as st
from octavo.flatbuffer import Network, read, write
from single_op import Array, arrays

from draws import generator

VECTORS = {"Uint8Vector": np.uint8, "Uint16Vector": np.uint16, "Int32Vector": np.int32}


@st.composite
def sparsities(draw: st.DrawFn, value: Array) -> tuple[Any, Array]:
    """A way to store an array, as SparsityParametersT, and the values in its order."""
    rank = value.ndim
    divisors = [[b for b in range(1, n + 1) if n % b == 0] for n in value.shape]
    blocked = [d for d in range(rank) if draw(st.booleans())]
    blocks = [draw(st.sampled_from(divisors[d])) for d in blocked]
    split = list(value.shape)
    for d, b in zip(blocked, blocks, strict=True):
        split[d] //= b
    # LiteRT takes the blocks behind everything else.
    order = [*draw(st.permutations(range(rank))), *range(rank, rank + len(blocked))]
    # Each dimension that is blocked becomes two, the second of which moves behind all.
    shape: list[int] = []
    first, second = {}, {}
    for d in range(rank):
        first[d] = len(shape)
        shape.append(split[d])
        if d in blocked:
            second[d] = len(shape)
            shape.append(blocks[blocked.index(d)])
    axes = [first[d] for d in range(rank)] + [second[d] for d in blocked]
    levels = value.reshape(shape).transpose([axes[d] for d in order])

    stored = schema.SparsityParametersT()
    stored.traversalOrder, stored.dimMetadata = np.int32(order), []
    stored.blockMap = np.int32(blocked) if blocked else None
    places: list[Array] = [levels]
    for level in range(levels.ndim):
        size = levels.shape[level]
        metadata = schema.DimensionMetadataT()
        is_sparse = level < rank and draw(st.booleans())
        kept = [[i for i in range(size) if not is_sparse or p[i].any()] for p in places]
        if is_sparse:
            metadata.format = schema.DimensionType.SPARSE_CSR
            ends = np.cumsum([0, *map(len, kept)])
            wide_enough = [n for n, t in VECTORS.items() if ends[-1] <= np.iinfo(t).max]
            name = draw(st.sampled_from(wide_enough))
            indices = [i for run in kept for i in run]
            for field, numbers in (("Segments", ends), ("Indices", indices)):
                vector = getattr(schema, f"{name}T")()
                vector.values = np.asarray(numbers, VECTORS[name])
                setattr(metadata, f"array{field}", vector)
                setattr(metadata, f"array{field}Type", getattr(schema.SparseIndexVector, name))
        else:
            metadata.denseSize = size
        stored.dimMetadata.append(metadata)
        places = [p[i] for p, run in zip(places, kept, strict=True) for i in run]
    return stored, np.array(places, value.dtype)


def make_sparse(model: bytes, tensor: int, stored: Any, values: Array) -> bytes:
    """The file with its constant `tensor` stored in this way."""
    tree = read(model)
    t = tree.subgraphs[0].tensors[tensor]
    t.sparsity = stored
    tree.buffers[t.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    return write(tree)


@st.composite
def sparse_arrays(draw: st.DrawFn, shape: tuple[int, ...], dtype: str) -> Array:
    value = draw(arrays(shape, dtype))
    kept = np.random.default_rng(draw(st.integers(0, 99))).random(shape) < 0.4
    return np.where(kept, value, 0).astype(dtype)


@generator("DENSIFY")
def densify(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Beside an input and an operator of its own, since LiteRT wants a network to have one."""
    shape = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple))
    numpy_type = "int8" if dtype == "int4" else dtype
    value = draw(sparse_arrays(shape, numpy_type))
    net = Network()
    scale = 0.5 if dtype == "int8" else None
    sparse = net.tensor("w", shape, dtype, data=value, scale=scale)
    dense = net.tensor("y", shape, dtype, scale=scale)
    net.op(code, [sparse], [dense])
    net.inputs, net.outputs = [], [dense]
    return make_sparse(net.build(), sparse, *draw(sparsities(value))), {}
