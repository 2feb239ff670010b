"""Sparse constants against LiteRT's reference, and against dense ones."""

from __future__ import annotations

import re

import numpy as np
import octavo
import octavo._schema as schema
import oracle
import pytest
from draws import sparse as draws
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_densify(dtype, data):
    oracle.assert_equal_to_litert(*draws.densify(data.draw, "DENSIFY", dtype))


@pytest.mark.parametrize("dtype", ["int16", "uint8", "int64", "complex64"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_types_that_litert_does_not_expand(dtype, data):
    value = data.draw(draws.sparse_arrays((3, 4), dtype))
    model, y = constant(value)
    model = draws.make_sparse(model, 0, *data.draw(draws.sparsities(value)))
    np.testing.assert_array_equal(oracle.octavo_run(model, {})[0][y], value)


def constant(value):
    net = Network()
    w, y = net.constant("w", value), net.tensor("y", value.shape, value.dtype)
    net.op("DENSIFY", [w], [y])
    net.inputs, net.outputs = [], [y]
    return net.build(), y


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_weights_may_be_sparse(data):
    """Read by their operator, without a DENSIFY, by two interpreters of one model."""
    values = data.draw(draws.sparse_arrays((6, 8), "float32"))
    net = Network()
    x, w = net.tensor("x", (2, 8), "float32"), net.constant("w", values)
    y = net.tensor("y", (2, 6), "float32")
    net.op("FULLY_CONNECTED", [x, w, None], [y])
    net.inputs, net.outputs = [x], [y]
    dense = net.build()
    sparse = draws.make_sparse(dense, w, *data.draw(draws.sparsities(values)))
    given_x = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    expected, _ = oracle.octavo_run(dense, {x: given_x})
    ours, _ = oracle.octavo_run(sparse, {x: given_x})
    np.testing.assert_array_equal(ours[y], expected[y])


def stored(**changes):
    """A constant of shape (2, 3) with three values."""
    dense, sparse = schema.DimensionMetadataT(), schema.DimensionMetadataT()
    dense.denseSize = changes.get("size", 2)
    sparse.format = schema.DimensionType.SPARSE_CSR
    for field, values in (("Segments", [0, 1, 3]), ("Indices", [1, 0, 2])):
        vector = schema.Int32VectorT()
        vector.values = np.int32(changes.get(field.lower(), values))
        setattr(sparse, f"array{field}", vector)
        setattr(sparse, f"array{field}Type", schema.SparseIndexVector.Int32Vector)
    way = schema.SparsityParametersT()
    way.traversalOrder = np.int32(changes.get("order", [0, 1]))
    way.blockMap = changes.get("block_map")
    way.dimMetadata = [dense, sparse, *changes.get("more", [])]
    return way


def block(size):
    metadata = schema.DimensionMetadataT()
    metadata.denseSize = size
    return metadata


@pytest.mark.parametrize("has_indices", [True, False])
def test_nothing_is_stored(has_indices):
    way = stored(segments=[0, 0, 0], indices=[])
    if not has_indices:
        way.dimMetadata[1].arrayIndices = None
        way.dimMetadata[1].arrayIndicesType = schema.SparseIndexVector.NONE
    model, y = constant(np.zeros((2, 3), np.float32))
    model = draws.make_sparse(model, 0, way, np.float32([]))
    np.testing.assert_array_equal(oracle.octavo_run(model, {})[0][y], np.zeros((2, 3)))


def test_nothing_of_many_dense_levels():
    model, y = constant(np.zeros((2**31 - 1, 32, 0), np.int8))
    way = schema.SparsityParametersT()
    way.traversalOrder = np.int32([0, 1, 2])
    way.dimMetadata = [block(n) for n in (2**31 - 1, 32, 0)]
    model = draws.make_sparse(model, 0, way, np.int8([]))
    assert oracle.octavo_run(model, {})[0][y].size == 0


ERRORS = [
    ({"size": 3}, "has level 0 with 3 elements, should have 2"),
    ({"segments": [0, 3]}, "has level 1 with 2 ends of segments, should have 3"),
    ({"segments": [0, 4, 3]}, "has level 1 with a segment that ends at 4"),
    ({"segments": [0, 2, 1]}, "has level 1 with a segment that ends at 1"),
    ({"segments": [0, -1, 3]}, "has level 1 with a segment that ends at -1"),
    ({"indices": [1, 0, 3]}, "has level 1 with index 3 of 3"),
    ({"indices": [1, 0, -1]}, "has level 1 with index -1 of 3"),
    ({"segments": [0, 1, 2]}, "stores 3 values, its levels have 2"),
    ({"order": [0, 0]}, "lists its levels in an order that is no permutation"),
    ({"order": [0, 2]}, "lists its levels in an order that is no permutation"),
    ({"order": [0]}, "has 2 dimensions and 0 blocked ones, and lists 1 of 2 levels"),
    (
        {"order": [0, 1, 2], "block_map": np.int32([1]), "more": [block(2)]},
        "has blocks of 2 along dimension 1",
    ),
    (
        {"order": [0, 1, 2], "block_map": np.int32([2]), "more": [block(1)]},
        "has blocks of 1 along dimension 2",
    ),
    (
        {"order": [0, 1, 2], "block_map": np.int32([0]), "more": [block(0)]},
        "has blocks of 0 along dimension 0",
    ),
]


@pytest.mark.parametrize(("changes", "text"), ERRORS)
def test_errors(changes, text):
    model, _ = constant(np.zeros((2, 3), np.float32))
    model = draws.make_sparse(model, 0, stored(**changes), np.float32([1, 2, 3]))
    interpreter = octavo.Interpreter(model_content=model)
    with pytest.raises(RuntimeError, match=re.escape(f'sparse constant "w" {text}')):
        interpreter.allocate_tensors()


def test_a_dense_input():
    model, _ = constant(np.zeros((2, 3), np.float32))
    interpreter = octavo.Interpreter(model_content=model)
    with pytest.raises(RuntimeError, match=r'DENSIFY .*: input "w" is no sparse constant'):
        interpreter.allocate_tensors()
