"""Which operators become integers and which stay float: by form, by range, by recipe."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from quantized import SHAPE, Builder, Graph, check, samples

pytest.importorskip("ai_edge_litert")


@pytest.mark.parametrize(
    ("mode", "dtype"), [("int8", "int8"), ("int8-only", "int8"), ("16x8", "int16")]
)
def test_float_operators_in_between(mode, dtype):
    b = Builder()
    x = b.input()
    hidden = b.dense(x, "hidden")
    floor = b.op("FLOOR", hidden)
    model = b.build(b.op("TANH", floor), b.op("ADD", hidden, floor))
    result = octavo.quantize(model, mode, samples(model), fallback=True)
    assert [(o.operator, o.reason) for o in result.summary.kept_float()] == [
        ("FLOOR", "has no integer form")
    ]
    check(model, mode, fallback=True, limit=1)  # a floor may fall the other way
    names = Graph(bytes(result)).names
    assert names.count("FLOOR") == 1
    assert names.count("DEQUANTIZE") == (1 if mode == "int8-only" else 3)


def test_an_error_lists_all_operators():
    b = Builder()
    x = b.op("FLOOR", b.input(), name="first")
    model = b.build(b.op("SIN", b.op("TANH", x), name="second"))
    with pytest.raises(ValueError, match=r'FLOOR "first" has no integer form; SIN "second" has no'):
        octavo.quantize(model, "int8-only", samples(model))
    b = Builder()
    model = b.build(b.op("HARD_SWISH", b.input(), name="y"))
    with pytest.raises(ValueError, match=r'HARD_SWISH "y" has no int16 form'):
        octavo.quantize(model, "16x8", samples(model))


def test_recipes():
    b = Builder()
    x = b.dense(b.input(), "stem/a")
    x = b.dense(x, "block/b")
    x = b.op("TANH", b.dense(x, "block/c"), name="block/tanh")
    x = b.op("SOFTMAX", b.dense(x, "head/d"), name="head/softmax", beta=1.0)
    recipe = [
        {"operator": "SOFTMAX", "mode": "float"},
        {"tensor": "block/", "mode": "16x8"},
        {"tensor": "^stem/", "mode": "float"},
    ]
    graph = check(b.build(x), "int8", recipe=recipe)
    names = ("stem/a", "block/b", "block/c", "block/tanh", "head/d", "head/softmax")
    by_name = {graph.name(t): graph.dtype(t) for t in range(len(graph.graph.tensors))}
    assert [by_name[name] for name in names] == [
        *("float32", "int16", "int16", "int16", "int8", "float32")
    ]


def test_a_block_of_16x8_among_int8():
    b = Builder()
    x = b.dense(b.dense(b.input(), "before"), "block")
    recipe = [{"tensor": "block", "mode": "16x8"}]
    graph = check(b.build(b.dense(x, "after")), "int8-only", recipe=recipe)
    # LiteRT has no QUANTIZE from int8 to int16.
    assert graph.names == [
        *("FULLY_CONNECTED", "DEQUANTIZE", "QUANTIZE"),
        *("FULLY_CONNECTED", "QUANTIZE", "FULLY_CONNECTED"),
    ]


def test_a_quantized_network_is_no_source():
    b = Builder()
    model = b.build(b.dense(b.input()))
    result = bytes(octavo.quantize(model, "int8-only", samples(model)))
    with pytest.raises(ValueError, match='quantized already: tensor "x" is int8'):
        octavo.quantize(result, "dynamic")
    result = bytes(octavo.quantize(model, "int8", samples(model)))
    with pytest.raises(ValueError, match="quantized already"):
        octavo.quantize(result, "float")


@pytest.mark.parametrize(
    ("code", "least", "scale", "mode"),
    [
        ("DIV", 1.0, 1.0, "int8"),
        ("DIV", 0.001, 1.0, "float"),  # 0 in int8
        ("DIV", -1.0, 1.0, "float"),  # of both signs
        ("GREATER", -1.0, 1.0, "int8"),
        ("GREATER", -1.0, 1e-3, "float"),  # kernels compare multiples of 2^-8
        ("GREATER", -1.0, 1e3, "float"),  # LiteRT's die of steps of 1
    ],
)
def test_ranges_that_kernels_fail_on_stay_float(code, least, scale, mode):
    b = Builder()
    dtype = "bool" if code == "GREATER" else "float32"
    b.outputs = [b.op(code, b.input("x"), b.input("y"), dtype=dtype)]
    rng = np.random.default_rng(0)
    values = [np.concatenate([[least, 4], rng.uniform(least, 4, 14)]).reshape(2, 8)] * 3
    data = [[(scale * v).astype(np.float32)] * 2 for v in values]
    [operator] = octavo.quantize(b.build(), "int8", data).summary.operators
    assert operator.mode == mode
    assert bool(operator.reason) == (mode == "float")
    if mode == "float":
        with pytest.raises(ValueError, match=f"cannot quantize these operators.*{code}"):
            octavo.quantize(b.build(), "int8-only", data)


@pytest.mark.parametrize(("scale", "mode"), [(1.0, "int8"), (1e-3, "float")])
def test_zero_has_any_step(scale, mode):
    """Compared with 0, numbers need steps of their own that kernels can compare."""
    b = Builder()
    zero = b.net.constant("zero", np.float32(0))
    b.outputs = [b.op("GREATER", b.input(), zero, dtype="bool")]
    values = scale * np.random.default_rng(0).normal(0, 1, (4, *SHAPE))
    data = [[x] for x in values.astype(np.float32)]
    result = octavo.quantize(b.build(), "int8", data)
    assert [o.mode for o in result.summary.operators] == [mode]
    quantized.assert_litert_agrees(bytes(result), data[0])


@pytest.mark.parametrize("mode", ["int8", "int8-only", "16x8"])
def test_custom_operators_stay_float(mode):
    """Calibration runs them, and what is around them becomes integers."""
    b = Builder()
    cubed = b.net.tensor("cubed", SHAPE, "float32")
    b.net.op("CUSTOM", [b.dense(b.input())], [cubed], custom_code="Cube")
    model = b.build(b.dense(cubed))
    cube = {"Cube": octavo.CustomOp(lambda node, x: x**3)}
    data = samples(model)
    types = {"input_type": "float32", "output_type": "float32"}
    result = octavo.quantize(model, mode, data, custom_ops=cube, **types)
    assert not result.summary.kept_float()
    dense, convert = "FULLY_CONNECTED", ["DEQUANTIZE", "Cube", "QUANTIZE"]
    names = ["QUANTIZE", dense, *convert, dense, "DEQUANTIZE"]
    assert Graph(bytes(result)).names == names
    ours = octavo.load(bytes(result), custom_ops=cube)(*data[0])
    expected = octavo.load(model, custom_ops=cube)(*data[0])
    assert np.abs(ours - expected).max() < 0.05 * np.abs(expected).max()
    with pytest.raises(RuntimeError, match="Cube"):
        octavo.quantize(model, mode, data)
