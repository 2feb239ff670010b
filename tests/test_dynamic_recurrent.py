"""Operators with a state in dynamic range: int8 weights, all of an operator's, with one scale."""

from __future__ import annotations

from unittest import mock

import numpy as np
import octavo
import oracle
import pytest
from draws import recurrent
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from octavo.quantizer import plan
from octavo.quantizer.source import scales_of
from octavo.quantizer.table import OPERATORS
from quantized import Graph
from test_ops_recurrent import HYBRID, QUANTUM

LSTMS = ["LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM"]


@st.composite
def float_networks(draw, code):
    return HYBRID[code](draw, code, "float32")


def test_every_such_operator_is_drawn():
    inner = {name for name, rule in OPERATORS.items() if rule.inner_weights}
    assert inner - {"EMBEDDING_LOOKUP"} == HYBRID.keys()


def quantize(model):
    with mock.patch.object(plan, "_LEAST_DYNAMIC_ELEMENTS", 1):
        return bytes(octavo.quantize(model, "dynamic"))


def outputs_of(run, model, feeds):
    values, outputs = run(model, feeds)
    return [values[i] for i in outputs]


def has_diagonal(code, graph):
    recurrent_weights = [t for i, t in graph.operands(0) if i in range(5, 9) and code in LSTMS]
    return any(len(graph.graph.tensors[t].shape) == 1 for t in recurrent_weights)


@pytest.mark.parametrize("code", HYBRID)
def test_recurrent_operators(code):
    """LiteRT computes the same, nearly what the float network does."""
    ratios = []

    @settings(
        max_examples=60, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
    )
    @given(network=float_networks(code))
    def measure(network):
        model, feeds = network
        content = quantize(model)
        graph = Graph(content)
        fed = dict(zip(graph.inputs, feeds.values(), strict=True))
        if has_diagonal(code, graph):
            return  # they are floats in every kernel
        for position, t in graph.operands(0):
            if OPERATORS[code].is_weight(position):
                assert graph.dtype(t) == "int8"
                assert scales_of(graph.graph.tensors[t]).size == 1
        ours = outputs_of(oracle.octavo_run, content, fed)
        reference = outputs_of(oracle.octavo_run, model, feeds)
        # LiteRT goes through the sequence of this one once a step, where time comes first.
        if code != "BIDIRECTIONAL_SEQUENCE_RNN":
            for y, expected in zip(ours, outputs_of(oracle.run, content, fed), strict=True):
                assert np.abs(y - expected).max() <= QUANTUM * np.abs(expected).max()
        signal = sum(np.square(y).sum(dtype=float) for y in reference)
        noise = sum(np.square(a - b).sum(dtype=float) for a, b in zip(ours, reference, strict=True))
        ratios.append(10 * np.log10(signal / max(noise, 1e-30)) if signal else np.inf)

    measure()
    assert np.median(ratios) > 30


def test_weights_are_stored_alike():
    """Small ones too, where one is large; LiteRT takes no mixture."""
    cell = recurrent.Cell(np.random.default_rng(0))
    operands = [
        cell.give(cell.floats((1, 4), 1.0)),
        cell.weights((40, 4)),
        cell.weights((40, 40)),
        cell.constant(cell.floats((40,), 0.5)),
        cell.state((1, 40), "float32"),
    ]
    model, feeds = cell.build("RNN", operands, [((1, 40), "float32", recurrent.NONE)])
    content = bytes(octavo.quantize(model, "dynamic"))
    graph = Graph(content)
    assert [graph.dtype(t) for _, t in graph.operands(0)] == [
        *("float32", "int8", "int8", "float32", "float32")
    ]
    oracle.assert_equal_to_litert(content, feeds)
    # Read as a float network again, it has what the integers stand for.
    again = Graph(bytes(octavo.quantize(content, "float")))
    assert {again.dtype(t) for _, t in again.operands(0)} == {"float32"}


def test_embeddings():
    table = np.random.default_rng(0).normal(0, 1, (64, 32)).astype(np.float32)
    net = octavo.flatbuffer.Network()
    ids = net.tensor("ids", (3,), "int32")
    y = net.tensor("y", (3, 32), "float32")
    net.op("EMBEDDING_LOOKUP", [ids, net.constant("table", table)], [y])
    net.inputs, net.outputs = [ids], [y]
    content = bytes(octavo.quantize(net.build(), "dynamic"))
    feeds = {0: np.int32([0, 63, 7])}
    oracle.assert_equal_to_litert(content, feeds)
    [ours] = outputs_of(oracle.octavo_run, content, feeds)
    np.testing.assert_allclose(ours, table[feeds[0]], rtol=0, atol=np.abs(table).max() / 250)
