"""Pruned and clustered networks: zeros stay zeros and equal weights stay equal, so that files still
compress as they did."""

from __future__ import annotations

import zlib

import numpy as np
import octavo
import pytest
import shared
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from octavo import flatbuffer
from octavo.flatbuffer import Network
from octavo.quantizer.affine import quantize_weights
from quantized import WEIGHTED, Graph

MODES = ["dynamic", "int8", "int8-only", "16x8", "float16"]

weights = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=4, max_side=5),
    elements=st.floats(-(2.0**20), 2.0**20, width=32) | st.sampled_from([0.0, 0.5, -0.5, 3.0]),
)


@settings(max_examples=200, deadline=None)
@given(weights, st.sampled_from([None, 0, -1]))
def test_zeros_and_equalities(values, axis):
    axis = axis if axis is None else axis % values.ndim
    q, _ = quantize_weights(values, axis)
    assert not q[values == 0].any()
    rows = [(values, q)]
    if axis is not None:
        rows = list(zip(np.moveaxis(values, axis, 0), np.moveaxis(q, axis, 0), strict=True))
    for reals, integers in rows:
        distinct, first = np.unique(reals, return_inverse=True)
        for k in range(len(distinct)):
            assert len(np.unique(integers[first.reshape(reals.shape) == k])) == 1


def dense(values):
    """FULLY_CONNECTED with these weights and a random bias."""
    rng = np.random.default_rng(0)
    units, depth = values.shape
    net = Network()
    x = net.tensor("x", (1, depth), "float32")
    w = net.constant("w", values.astype(np.float32))
    b = net.constant("b", rng.normal(0, 1, units).astype(np.float32))
    y = net.tensor("y", (1, units), "float32")
    net.op("FULLY_CONNECTED", [x, w, b], [y])
    net.inputs, net.outputs = [x], [y]
    data = [[rng.normal(0, 1, (1, depth)).astype(np.float32)] for _ in range(5)]
    return net.build(), data


def stored_weights(model):
    """The weights as they are stored, by operator."""
    graph = Graph(model)
    found = []
    for n, name in enumerate(graph.names):
        if name in WEIGHTED:
            t = dict(graph.operands(n))[1]
            producer = graph.producer.get(t)
            t = t if producer is None else graph.operands(producer)[0][1]  # behind a DEQUANTIZE
            found.append(graph.stored(t).reshape(graph.graph.tensors[t].shape))
    return found


def compressed(model):
    return len(zlib.compress(model, 9))


def random_weights():
    return np.random.default_rng(1).normal(0, 0.1, (64, 256)).astype(np.float32)


def pruned(values, share=0.8):
    """The least weights become zero."""
    return np.where(np.abs(values) < np.quantile(np.abs(values), share), 0, values)


def clustered(values, count=16):
    """Each weight becomes the nearest of a few."""
    centers = np.quantile(values, (np.arange(count) + 0.5) / count).astype(np.float32)
    return centers[np.abs(values[..., None] - centers).argmin(axis=-1)]


@pytest.mark.parametrize("mode", MODES)
def test_pruned_network(mode):
    values = pruned(random_weights())
    model, data = dense(values)
    full, _ = dense(random_weights())
    result, unpruned = (bytes(octavo.quantize(m, mode, data)) for m in (model, full))
    q = stored_weights(result)[0]
    np.testing.assert_array_equal(q[values == 0], 0)
    # Where the zeros are takes as much room as before; the other weights are a fifth.
    assert compressed(result) < 0.45 * compressed(unpruned)
    assert compressed(result) < 0.6 * compressed(model)


@pytest.mark.parametrize("mode", MODES)
def test_clustered_network(mode):
    values = clustered(random_weights())
    model, data = dense(values)
    result, plain = (
        bytes(octavo.quantize(m, mode, data)) for m in (model, dense(random_weights())[0])
    )
    for row, q in zip(values, stored_weights(result)[0], strict=True):
        assert len(np.unique(q)) <= len(np.unique(row)) <= 16
    # 16 values are 4 bits of each weight, in whatever type.
    assert compressed(result) < 0.7 * compressed(plain)
    assert compressed(result) < compressed(model)


@shared.needs_shared
@pytest.mark.parametrize("change", [pruned, clustered])
def test_real_network(change):
    """pretrainedResnet with its weights changed, as int8."""
    content = shared.network("pretrainedResnet").read_bytes()
    tree = flatbuffer.read(content)
    graph = Graph(content)
    for n, name in enumerate(graph.names):
        if name in WEIGHTED:
            t = dict(graph.operands(n))[1]
            values = np.ascontiguousarray(change(graph.constant(t)), np.float32)
            tree.buffers[tree.subgraphs[0].tensors[t].buffer].data = np.frombuffer(
                values.tobytes(), np.uint8
            )
    changed = flatbuffer.write(tree)
    rng = np.random.default_rng(0)
    data = [[rng.uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)] for _ in range(3)]
    result, plain = (bytes(octavo.quantize(m, "int8", data)) for m in (changed, content))
    for reals, q in zip(stored_weights(changed), stored_weights(result), strict=True):
        assert not q[reals == 0].any()
        for row, integers in zip(reals, q, strict=True):  # all weights have their channels first
            assert len(np.unique(integers)) <= len(np.unique(row))
    assert compressed(result) < 0.8 * compressed(plain)
