"""Shapes that are known only while a network runs, against LiteRT."""

from __future__ import annotations

from typing import Any

import numpy as np
import octavo
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo import _core
from octavo.flatbuffer import Graph, Network
from single_op import Array, Operand, single_op

DTYPES = ["float32", "int8"]


class Builder:
    """Appends random operators, most of which take a shape or the like that is computed."""

    def __init__(self, draw: st.DrawFn, net: Network, dtype: str) -> None:
        self.draw, self.net = draw, net
        self.quantization: dict[str, Any] = {"scale": 0.5} if dtype == "int8" else {}
        self.dtype = dtype
        self.inputs: dict[int, Array] = {}

    def tensor(self, shape: tuple[int, ...] = ()) -> int:
        return self.net.tensor("t", shape, self.dtype, **self.quantization)

    def numbers(self, values: Any) -> int:
        """A vector of int32: a constant, an input, or the sum of an input and a constant."""
        values = np.atleast_1d(np.asarray(values, np.int32))
        kind = self.draw(st.sampled_from(["constant", "input", "sum", "sum"]))
        if kind == "constant":
            return self.net.constant("numbers", values)
        given = self.net.tensor("numbers", values.shape, "int32")
        self.inputs[given] = values
        if kind == "input":
            return given
        term = self.draw(st.integers(-3, 3))
        self.inputs[given] = values - np.int32(term)
        total = self.net.tensor("sum", values.shape, "int32")
        self.net.op("ADD", [given, self.net.constant("term", np.int32([term]))], [total])
        return total

    def step(self, x: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """One operator on tensor `x` of the given shape: its output and that one's shape."""
        draw, net = self.draw, self.net
        y = self.tensor()
        code = draw(st.sampled_from(["RESHAPE", "SLICE", "PAD", "RELU", "ADD", "TRANSPOSE", "SUM"]))
        if code == "RESHAPE":
            order = draw(st.permutations(shape))
            net.op(code, [x, self.numbers(order)], [y])
            return y, tuple(order)
        if code == "SLICE":
            begin = [draw(st.integers(0, d - 1)) for d in shape]
            size = [draw(st.integers(1, d - b)) for d, b in zip(shape, begin, strict=True)]
            net.op(code, [x, self.numbers(begin), self.numbers(size)], [y])
            return y, tuple(size)
        if code == "PAD":
            border = np.array([[draw(st.integers(0, 2)), draw(st.integers(0, 2))] for _ in shape])
            flat = self.numbers(border.ravel())
            paddings = net.tensor("paddings", border.shape, "int32")
            net.op("RESHAPE", [flat, net.constant("shape", np.int32(border.shape))], [paddings])
            net.op(code, [x, paddings], [y])
            return y, tuple(int(d + b.sum()) for d, b in zip(shape, border, strict=True))
        if code == "TRANSPOSE":
            order = draw(st.permutations(range(len(shape))))
            net.op(code, [x, self.numbers(order)], [y])
            return y, tuple(shape[i] for i in order)
        if code == "SUM" and self.dtype == "float32":
            axis = draw(st.integers(0, len(shape) - 1))
            net.op(code, [x, self.numbers(axis)], [y], keep_dims=True)
            return y, tuple(1 if i == axis else d for i, d in enumerate(shape))
        if code == "ADD":
            net.op(code, [x, x], [y])
        else:
            net.op("RELU", [x], [y])
        return y, shape


@st.composite
def programs(draw: st.DrawFn) -> tuple[bytes, dict[int, Array], int]:
    """A network of up to eight such operators, its inputs, and one of them: the values."""
    dtype = draw(st.sampled_from(DTYPES))
    net = Network()
    builder = Builder(draw, net, dtype)
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    x = builder.tensor(shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    builder.inputs[x] = (rng.normal(0, 20, shape)).astype(dtype)
    made = [(x, shape)]
    for _ in range(draw(st.integers(1, 8))):
        source = draw(st.sampled_from(made[-3:]))
        made.append(builder.step(*source))
    net.inputs = list(builder.inputs)
    read = {i for op in net.model().subgraphs[0].operators for i in op.inputs}
    net.outputs = [t for t, _ in made[1:] if t not in read or draw(st.booleans())]
    return net.build(), builder.inputs, x


@settings(deadline=None)
@given(programs(), st.booleans())
def test_programs(program: tuple[bytes, dict[int, Array], int], keep_all: bool) -> None:
    model, inputs, _ = program
    oracle.assert_equal_to_litert(model, inputs, keep_all=keep_all)


@settings(deadline=None)
@given(programs())
def test_invokes_are_independent(program: tuple[bytes, dict[int, Array], int]) -> None:
    model, inputs, x = program
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    for _ in range(3):
        expected, outputs = oracle.octavo_run(model, inputs)
        for index, value in inputs.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        for index in outputs:
            oracle.assert_same(np.asarray(interpreter.get_tensor(index)), expected[index])
        inputs[x] = np.flip(inputs[x]) + inputs[x].dtype.type(1)


def reshaping(shape: Any = (2, 3)) -> tuple[bytes, dict[int, Array]]:
    values = np.arange(6, dtype=np.float32)
    return single_op("RESHAPE", [Operand(values), Operand(np.int32(shape))], (1,), "float32")


def test_the_shape_is_that_of_the_last_invoke() -> None:
    model, inputs = reshaping()
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    y = interpreter.get_output_details()[0]
    assert y["shape"].tolist() == [1]
    with pytest.raises(ValueError, match="its shape is known only when the network has run"):
        interpreter.get_tensor(y["index"])
    for shape in [(2, 3), (6, 1)]:
        for index, value in {**inputs, 1: np.int32(shape)}.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        assert interpreter.get_output_details()[0]["shape"].tolist() == list(shape)
        np.testing.assert_array_equal(interpreter.get_tensor(y["index"]), inputs[0].reshape(shape))
    assert interpreter.arena_bytes >= 3 * 24


def test_a_view_outlives_the_run() -> None:
    model, inputs = reshaping()
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    for index, value in inputs.items():
        interpreter.set_tensor(index, value)
    interpreter.invoke()
    view = interpreter.tensor(interpreter.get_output_details()[0]["index"])()
    assert not view.flags.writeable
    interpreter.invoke()
    np.testing.assert_array_equal(view, inputs[0].reshape(2, 3))


@pytest.mark.parametrize("shape", [(2, 4), (-1, -1), (2**31 - 1, 2**31 - 1), (-5, 2)])
def test_an_impossible_shape_is_an_error_of_invoke(shape: tuple[int, ...]) -> None:
    model, inputs = reshaping(shape)
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    for index, value in inputs.items():
        interpreter.set_tensor(index, value)
    with pytest.raises(RuntimeError, match=r'RESHAPE \(node 0 "y"\): new shape '):
        interpreter.invoke()
    with pytest.raises(ValueError, match="its shape is known only when the network has run"):
        interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    interpreter.set_tensor(1, np.int32([3, 2]))
    interpreter.invoke()
    assert interpreter.get_tensor(2).shape == (3, 2)


def test_more_memory_than_there_is() -> None:
    border = np.int32([[0, 2**30], [0, 2**10]])
    operands = [Operand(np.ones((1, 1), np.float32)), Operand(border)]
    model, inputs = single_op("PAD", operands, (1, 1), "float32")
    with pytest.raises(RuntimeError, match=r"PAD|out of memory"):
        oracle.octavo_run(model, inputs)


def test_many_stages() -> None:
    """Each RESHAPE needs what the one before has computed."""
    net = Network()
    x = net.tensor("x", (4,), "int32")
    last = x
    for _ in range(300):
        y = net.tensor("y", (1,), "int32")
        net.op("RESHAPE", [last, last], [y])
        last = net.tensor("z", (1,), "int32")
        net.op("RESHAPE", [y, net.constant("flat", np.int32([4]))], [last])
    net.inputs, net.outputs = [x], [last]
    oracle.assert_equal_to_litert(net.build(), {x: np.int32([1, 2, 1, 2])})


def convolution(net: Graph, x: int) -> int:
    """A convolution of int8 with RELU behind it, which the runtime fuses."""
    weights = net.constant("w", np.full((2, 1, 1, 2), 3, np.int8), scale=0.1)
    bias = net.constant("b", np.int32([5, -5]), scale=0.05)
    middle = net.tensor("middle", (1, 1, 1, 2), "int8", scale=1.0)
    y = net.tensor("y", (1, 1, 1, 2), "int8", scale=1.0)
    options = {"stride_w": 1, "stride_h": 1, "padding": "VALID"}
    net.op("CONV_2D", [x, weights, bias], [middle], **options)
    net.op("RELU", [middle], [y])
    return y


@pytest.mark.parametrize("keep_all", [False, True])
def test_weights_and_rewrites_behind_a_computed_shape(keep_all: bool) -> None:
    net = Network()
    x = net.tensor("x", (24,), "int8", scale=0.5)
    shape = net.tensor("shape", (4,), "int32")
    image = net.tensor("image", (1, 1, 1, 2), "int8", scale=0.5)
    net.op("RESHAPE", [x, shape], [image])
    y = convolution(net, image)
    net.inputs, net.outputs = [x, shape], [y]
    values = np.arange(-12, 12, dtype=np.int8)
    for dims in [(2, 2, 3, 2), (1, 1, 12, 2)]:
        inputs = {x: values, shape: np.int32(dims)}
        oracle.assert_equal_to_litert(net.build(), inputs, keep_all=keep_all)


def test_outputs_before_and_behind_a_computed_shape() -> None:
    """What is static keeps its values while the rest runs."""
    net = Network()
    x = net.tensor("x", (8,), "float32")
    shape = net.tensor("shape", (2,), "int32")
    before, early, late = (net.tensor(name, (8,), "float32") for name in ("before", "early", "y"))
    net.op("ADD", [x, x], [before])
    net.op("MUL", [before, before], [early])
    net.op("RESHAPE", [before, shape], [late])
    net.inputs, net.outputs = [x, shape], [early, late]
    inputs = {x: np.arange(8, dtype=np.float32), shape: np.int32([4, 2])}
    oracle.assert_equal_to_litert(net.build(), inputs)
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    assert interpreter._main.steps.tolist() == [0, 1]


def test_calibration_sees_every_run_once() -> None:
    model, inputs = reshaping()
    loaded = _core.Model.copy(model)
    interpreter = _core.Interpreter(loaded, keep_all=True)
    interpreter.allocate()
    calibration = _core.Calibration(loaded, histograms=False)
    for scale in (1, 2):
        for index, value in inputs.items():
            interpreter.set_tensor(index, value * scale if index == 0 else value)
        interpreter.calibrate(calibration)
    seen = [(s["samples"], s["max"]) for s in calibration.statistics()[0]]
    assert seen[0] == seen[2] == (2, 10)
