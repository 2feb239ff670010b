"""Subgraphs that operators call: calibration runs them, and their insides become integers."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from octavo.flatbuffer import Graph as Subgraph
from octavo.flatbuffer import Network
from octavo.quantizer import Calibration
from quantized import Graph

pytest.importorskip("ai_edge_litert")

WEIGHTS = np.random.default_rng(0).normal(0, 0.25, (16, 16)).astype(np.float32)
BODY, ELSE = 2, 2  # subgraphs


def dense(graph: Subgraph, x: int, y: int, weights=WEIGHTS) -> None:
    graph.op("FULLY_CONNECTED", [x, graph.constant("w", weights)], [y])


def loop(growing: bool = False) -> bytes:
    """y = tanh(W y) + x, so many times as the counter says, beginning with x. `growing`: x has
    another row each time, so that the body's shapes are known only as it runs."""
    net = Network()
    condition, body = net.subgraph("condition"), net.subgraph("body")
    for g in (net, condition, body):
        shape = (-1, 16) if growing else None
        g.inputs = [g.tensor("times", (1,), "int32")]
        g.inputs += [g.tensor(n, (1, 16), "float32", shape_signature=shape) for n in ("x", "y")]
    truth, zero = condition.tensor("truth", (1,), "bool"), condition.constant("0", np.int32([0]))
    condition.op("GREATER", [condition.inputs[0], zero], [truth])
    condition.outputs = [truth]
    times, x, y = body.inputs
    fewer = body.tensor("fewer", (1,), "int32")
    body.op("SUB", [times, body.constant("1", np.int32([1]))], [fewer])
    hidden, squashed, new = (body.tensor(n, (1, 16), "float32") for n in ("hidden", "tanh", "new"))
    dense(body, y, hidden)
    body.op("TANH", [hidden], [squashed])
    body.op("ADD", [squashed, x], [new])
    if growing:
        more = [body.tensor(n, (2, 16), "float32") for n in ("longer x", "longer y")]
        body.op("CONCATENATION", [x, x], more[:1], axis=0)
        body.op("CONCATENATION", [new, new], more[1:], axis=0)
        body.outputs = [fewer, *more]
    else:
        body.outputs = [fewer, x, new]
    results = [net.tensor("left", (1,), "int32")]
    results += [net.tensor(n, (1, 16), "float32") for n in ("same", "last")]
    net.op("WHILE", net.inputs, results, cond_subgraph_index=1, body_subgraph_index=2)
    net.outputs = results[2:]
    return net.build()


def branch() -> bytes:
    """|x| W where the flag is set, else 3 x W, and tanh of it."""
    net = Network()
    then, other = net.subgraph("then"), net.subgraph("else")
    for g, code in ((then, "ABS"), (other, "MUL")):
        x, moved, y = (g.tensor(n, (1, 16), "float32") for n in ("x", "moved", "y"))
        factor = [] if code == "ABS" else [g.constant("3", np.float32([3]))]
        g.op(code, [x, *factor], [moved])
        dense(g, moved, y)
        g.inputs, g.outputs = [x], [y]
    flag, x = net.tensor("flag", (1,), "bool"), net.tensor("x", (1, 16), "float32")
    chosen, y = net.tensor("chosen", (1, 16), "float32"), net.tensor("squashed", (1, 16), "float32")
    net.op("IF", [flag, x], [chosen], then_subgraph_index=1, else_subgraph_index=2)
    net.op("TANH", [chosen], [y])
    net.inputs, net.outputs = [flag, x], [y]
    return net.build()


def states(count: int = 20) -> list[list[np.ndarray]]:
    x = np.random.default_rng(1).normal(size=(count, 1, 16)).astype(np.float32)
    return [[np.int32([4]), v, v] for v in x]


def named(calibration: Calibration, subgraph: int) -> dict:
    names = calibration.names[subgraph]
    return {names[t]: s for t, s in calibration.statistics[subgraph].items()}


@pytest.mark.parametrize("growing", [False, True])
def test_ranges_are_over_all_iterations(growing):
    data = states(3)
    seen = named(Calibration.collect(loop(growing), data, histograms=False), BODY)
    values: dict = {"y": [], "hidden": [], "tanh": [], "new": []}
    for _, x, y in data:
        for _ in range(4):
            values["y"].append(y)
            values["hidden"].append(y @ WEIGHTS.T)
            values["tanh"].append(np.tanh(values["hidden"][-1]))
            y = values["tanh"][-1] + x
            values["new"].append(y)
    for name, expected in values.items():
        limits = [seen[name].min, seen[name].max]
        np.testing.assert_allclose(limits, [np.min(expected), np.max(expected)], rtol=1e-5)
        assert seen[name].samples == 3 * 4


@pytest.mark.parametrize("mode", ["int8", "16x8"])
@pytest.mark.parametrize("growing", [False, True])
def test_the_body_of_a_loop_becomes_integers(mode, growing):
    model, data = loop(growing), states()
    result = octavo.quantize(model, mode, data, fallback=True)
    body = Graph(bytes(result), subgraph=BODY)
    dtype = "int16" if mode == "16x8" else "int8"
    for code in ("FULLY_CONNECTED", "TANH", "ADD"):
        [n] = body.of(code)
        assert body.dtype(body.results(n)[0]) == dtype
    floats = [*body.inputs[1:], *body.outputs[1:]]
    assert {body.dtype(t) for t in floats} == {"float32"}
    quantized.assert_litert_agrees(bytes(result), data[0], keep_all=False)
    ours, expected = (quantized.run(m, data[0])[0] for m in (bytes(result), model))
    limit = 0.01 if mode == "16x8" else 0.03
    np.testing.assert_allclose(ours, expected, rtol=0, atol=limit * np.abs(expected).max())


def test_both_branches_become_integers():
    model = branch()
    data = [[np.array([i % 2 == 0]), x] for i, (_, x, _) in enumerate(states())]
    result = octavo.quantize(model, "int8", data)
    [kept] = result.summary.kept_float()
    assert (kept.operator, kept.reason) == ("IF", "hands float32 to the subgraphs that it calls")
    assert result.summary.counts() == {"int8": 5, "float": 1}
    for sample in data[:2]:
        quantized.assert_litert_agrees(bytes(result), sample, keep_all=False)
        ours, expected = (quantized.run(m, sample)[0] for m in (bytes(result), model))
        np.testing.assert_allclose(ours, expected, atol=0.05)
    with pytest.raises(ValueError, match=r"IF .* hands float32 to the subgraphs"):
        octavo.quantize(model, "int8-only", data)


def test_a_branch_that_was_never_taken_stays_float():
    model = branch()
    data = [[np.array([True]), x] for _, x, _ in states()]
    result = octavo.quantize(model, "int8", data)
    kept = [(o.subgraph, o.operator, o.reason) for o in result.summary.kept_float()]
    unseen = "is in a subgraph that the data never ran"
    assert kept[1:] == [(ELSE, "MUL", unseen), (ELSE, "FULLY_CONNECTED", unseen)]
    other = [np.array([False]), data[0][1]]
    ours, expected = (quantized.run(m, other)[0] for m in (bytes(result), model))
    np.testing.assert_allclose(ours, expected, atol=0.02)


def test_a_saved_calibration_has_the_insides(tmp_path):
    model, data = loop(), states()
    first = octavo.quantize(model, "int8", data)
    assert first.calibration is not None
    first.calibration.save(tmp_path / "c.json")
    assert bytes(octavo.quantize(model, "int8", calibration=tmp_path / "c.json")) == bytes(first)
