"""Ranges that integer networks take: where they come from when data alone do not say."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from octavo.flatbuffer import Network
from quantized import Builder, Graph

pytest.importorskip("ai_edge_litert")


# ---- Tensors that the data never gave a value ---------------------------------------------------


def emptied(b: Builder, x: int) -> int:
    """The first no rows of x: a tensor of shape (0, 8)."""
    begin, size = (b.net.constant(n, np.int32(v)) for n, v in (("b", [0, 0]), ("s", [0, 8])))
    return b.op("SLICE", x, begin, size, name="none", shape=(0, 8))


def test_what_was_always_empty_stays_float():
    b = Builder()
    x = b.input()
    y = b.op("TANH", b.dense(x), name="full")
    empty = b.op("TANH", emptied(b, x), name="empty", shape=(0, 8))
    joined = b.op("CONCATENATION", y, empty, name="joined", axis=0)
    model = b.build(joined, empty)
    data = quantized.samples(model)
    result = octavo.quantize(model, "int8", data)
    kept = {o.tensor: o.reason for o in result.summary.kept_float()}
    assert kept == {
        "none": 'has no range: the data never gave "none" a value',
        "empty": 'has no range: the data never gave "none" a value',
        "joined": 'has no range: the data never gave "empty" a value',
    }
    assert result.summary.counts() == {"int8": 2, "float": 3}
    [full, none] = quantized.run(bytes(result), data[0])
    assert none.shape == (0, 8)
    np.testing.assert_allclose(full, quantized.run(model, data[0])[0], atol=0.05)
    with pytest.raises(ValueError, match=r'cannot quantize.*TANH "empty" has no range: the data'):
        octavo.quantize(model, "int8-only", data)
    with pytest.raises(ValueError, match=r'never saw tensor .* "empty"'):
        octavo.quantize(model, "int8", data, output_type="int8")


# ---- What may saturate --------------------------------------------------------------------------

ROWS = (6, 8)
LOWEST = float(np.finfo(np.float32).min)
both = pytest.mark.parametrize(("mode", "steps"), [("int8", 255), ("16x8", 65534)])


def masked(b: Builder, x: int, form: str, far: float) -> int:
    """x, and `far` or something near it where the mask says so."""

    def constant(value):
        return b.net.constant("c", np.asarray(value))

    def op(code, *operands, name=""):
        return b.op(code, *operands, name=name or code.lower(), shape=ROWS)

    if form == "selected":
        flag = b.input("flag", "bool", ROWS)
        return op("SELECT_V2", flag, x, constant(np.float32(far)))
    if form == "added":
        return op("ADD", x, constant(np.triu(np.full(ROWS, far, np.float32), 1)), name="masked")
    flag = b.input("flag", shape=ROWS)
    if form == "computed":
        gone = op("SUB", constant(np.float32([1])), flag)
        return op("ADD", x, op("MUL", gone, constant(np.float32([far]))), name="masked")
    wide = op("MUL", flag, constant(np.float32([-far])))
    row = b.op("RESHAPE", wide, constant(np.int32([48])), name="row", shape=(48,))
    return op("SUB", x, op("RESHAPE", row, constant(np.int32(ROWS)), name="back"), name="masked")


def mask_samples(model: bytes, all_of_row_0: bool, count: int = 30) -> list[list[np.ndarray]]:
    graph, rng = Graph(model), np.random.default_rng(3)

    def value(t):
        if graph.name(t) == "x":
            return rng.normal(0, 1, ROWS).astype(np.float32)
        flags = rng.random(ROWS) < 0.6
        flags[:, 0], flags[:, 1] = True, False
        flags[0] &= not all_of_row_0
        return flags.astype(graph.dtype(t))

    return [[value(t) for t in graph.inputs] for _ in range(count)]


@both
@pytest.mark.parametrize(
    ("form", "far"),
    [
        *[(f, v) for f in ("selected", "added") for v in (-1e4, -1e9, LOWEST, -np.inf)],
        *[(f, v) for f in ("computed", "subtracted") for v in (-1e4, -1e9, LOWEST)],
    ],
)
def test_a_mask_saturates(mode, steps, form, far):
    b = Builder()
    logits = b.op("FULLY_CONNECTED", b.input(shape=ROWS), b.weights(8, 8), name="x", shape=ROWS)
    b.outputs = [b.op("SOFTMAX", masked(b, logits, form, far), beta=1.0, shape=ROWS)]
    model = b.build()
    # At -1e4 a row that is masked throughout keeps its differences.
    # And at -inf it has no numbers.
    data = mask_samples(model, all_of_row_0=far in (-1e9, LOWEST))
    graph = quantized.check(model, mode, data=data, limit=0.05)
    [softmax] = graph.of("SOFTMAX")
    scale = graph.quantization(graph.operands(softmax)[0][1])[1]
    assert scale * steps < 60


def test_what_a_logarithm_does_not_show_saturates():
    b = Builder()
    logits = b.op("FULLY_CONNECTED", b.input(shape=ROWS), b.weights(8, 8), name="x", shape=ROWS)
    b.outputs = [b.op("LOG_SOFTMAX", masked(b, logits, "selected", -1e9), shape=ROWS)]
    model = b.build()
    data = mask_samples(model, all_of_row_0=True)
    content = bytes(octavo.quantize(model, "int8", data))
    quantized.assert_litert_agrees(content, data[0])
    [ours], [expected] = (quantized.run(m, data[0]) for m in (content, model))
    np.testing.assert_allclose(ours, np.maximum(expected, -16), atol=0.2)


@both
def test_a_mask_that_others_read_keeps_its_range(mode, steps):
    b = Builder()
    logits = b.op("FULLY_CONNECTED", b.input(shape=ROWS), b.weights(8, 8), name="x", shape=ROWS)
    y = masked(b, logits, "selected", -1e3)
    b.outputs = [b.op("SOFTMAX", y, beta=1.0, shape=ROWS), b.op("ABS", y, shape=ROWS)]
    model = b.build()
    graph = quantized.check(model, mode, data=mask_samples(model, True), limit=1)
    [select] = graph.of("SELECT_V2")
    assert graph.quantization(graph.results(select)[0])[1] * steps > 1e3


def test_a_constant_ties_nothing_together():
    b = Builder()
    x, flag, far = (
        b.input(shape=ROWS),
        b.input("flag", "bool", ROWS),
        b.net.constant("far", np.float32(-1e9)),
    )
    for i in range(2):
        wider = b.op("MUL", x, b.net.constant("c", np.float32([10.0**i])), shape=ROWS)
        y = b.op("SELECT_V2", flag, wider, far, name=f"select{i}", shape=ROWS)
        b.outputs.append(b.op("SOFTMAX", y, name=f"softmax{i}", beta=1.0, shape=ROWS))
    model = b.build()
    graph = quantized.check(model, data=mask_samples(model, True), limit=0.1)
    first, second = (graph.quantization(graph.results(n)[0])[1] for n in graph.of("SELECT_V2"))
    assert 2 * first < second


def test_numbers_picked_from_among_far_greater_ones_stay_float():
    """Empty segments are the lowest float32, and nobody asks for them."""
    b = Builder()
    x, segments = b.input(shape=ROWS), b.net.constant("segments", np.int32([0, 0, 2, 2, 4, 4]))
    count = b.net.constant("count", np.int32(5))
    most = b.op("UNSORTED_SEGMENT_MAX", x, segments, count, shape=(5, 8))
    b.outputs = [b.op("TANH", b.op("GATHER", most, segments, shape=ROWS), shape=ROWS)]
    model = b.build()
    data = mask_samples(model, True)
    quantized.check(model, data=data, limit=0.03)
    kept = {o.operator: o.reason for o in octavo.quantize(model, "int8", data).summary.kept_float()}
    assert kept["GATHER"] == "picks small numbers from among far greater ones"


@pytest.mark.parametrize("far", [-1e4, -1e9])
def test_a_mask_of_floats_does_not_overflow(far):
    """QUANTIZE counts steps in 32 bits."""
    b = Builder()
    logits = b.op("FULLY_CONNECTED", b.input(shape=ROWS), b.weights(8, 8), name="x", shape=ROWS)
    wide = b.op("MUL", b.input("flag", shape=ROWS), b.net.constant("c", np.float32(far)))
    mask = b.op("FLOOR", wide, shape=ROWS)
    y = b.op("ADD", logits, mask, shape=ROWS)
    b.outputs = [b.op("SOFTMAX", y, beta=1.0, shape=ROWS)]
    model = b.build()
    quantized.check(model, data=mask_samples(model, False), limit=0.05)


@pytest.mark.parametrize("mode", ["int8", "16x8"])
def test_infinities_that_do_not_saturate_stay_float(mode):
    b = Builder()
    x, flag = b.input(shape=ROWS), b.input("flag", "bool", ROWS)
    y = b.op("SELECT_V2", flag, x, b.net.constant("far", np.float32(-np.inf)), shape=ROWS)
    b.outputs = [b.op("TANH", b.op("ABS", y, shape=ROWS), shape=ROWS)]
    model = b.build()
    data = mask_samples(model, False)
    result = octavo.quantize(model, mode, data, fallback=True)
    assert {o.operator: o.reason for o in result.summary.kept_float()} == {
        "SELECT_V2": 'has no range: "far" was NaN or infinite',
        "ABS": 'has no range: "select_v2" was NaN or infinite',
        "TANH": 'has no range: "abs" was NaN or infinite',
    }
    [ours], [expected] = (quantized.run(m, data[0]) for m in (bytes(result), model))
    np.testing.assert_array_equal(ours, expected)
    with pytest.raises(ValueError, match=r'SELECT_V2 "select_v2" has no range: "far" was NaN'):
        octavo.quantize(model, "int8-only", data)


@pytest.mark.parametrize("estimator", ["percentile", "mse", "entropy", "moving-average"])
def test_infinite_masks_with_every_estimator(estimator):
    b = Builder()
    logits = b.op("FULLY_CONNECTED", b.input(shape=ROWS), b.weights(8, 8), name="x", shape=ROWS)
    y = masked(b, logits, "selected", -np.inf)
    b.outputs = [b.op("SOFTMAX", y, beta=1.0, shape=ROWS)]
    model = b.build()
    data = mask_samples(model, False)
    quantized.check(model, data=data, estimator=estimator, limit=0.2)


# ---- Ranges that training has learned -----------------------------------------------------------


@pytest.mark.parametrize("with_data", [False, True])
def test_the_root_of_a_learned_square_has_its_range(with_data):
    """SQUARED_DIFFERENCE becomes SUB and MUL in 16x8. Its range was learned behind a RESHAPE."""
    net = Network()
    x, z, square = (net.tensor(name, (2, 3), "float32") for name in ("x", "z", "square"))
    flat, fake = (net.tensor(name, (6,), "float32") for name in ("flat", "fake"))
    inputs = []
    for t in (x, z):
        inputs.append(net.tensor("learned", (2, 3), "float32"))
        net.op("FAKE_QUANT", [t], [inputs[-1]], min=-2.0, max=2.0, num_bits=8)
    net.op("SQUARED_DIFFERENCE", inputs, [square])
    net.op("RESHAPE", [square, net.constant("shape", np.int32([6]))], [flat])
    net.op("FAKE_QUANT", [flat], [fake], min=0.0, max=9.0, num_bits=8)
    y = net.tensor("y", (6,), "float32")
    net.op("TANH", [fake], [y])
    net.inputs, net.outputs = [x, z], [y]
    model = net.build()
    data = [[np.float32([[1, 2, 1], [0, 1, 2]]), np.float32([[1, 0, 0], [1, 1, 1]])]]
    content = bytes(octavo.quantize(model, "16x8", data if with_data else None))
    graph = Graph(content)
    [difference] = graph.of("SUB")
    root = graph.results(difference)[0]
    assert graph.quantization(root) == ("int16", float(np.float32(3 / 32767)), 0)
    expected = np.tanh(np.square(data[0][0] - data[0][1]).reshape(-1))
    np.testing.assert_allclose(quantized.run(content, data[0])[0], expected, atol=1e-3)
