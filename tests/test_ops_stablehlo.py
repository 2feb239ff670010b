"""Operators that come from StableHLO against LiteRT's reference."""

from __future__ import annotations

import re

import numpy as np
import octavo
import oracle
import pytest
from draws import stablehlo as draws
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Operand, single_op

EXAMPLES = settings(max_examples=30, deadline=None)
TYPES = ["float32", "int8", "int32", "int64"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["ADD", "MULTIPLY", "MAXIMUM", "MINIMUM"])
@EXAMPLES
@given(data=st.data())
def test_combine(name, dtype, data):
    oracle.assert_equal_to_litert(*draws.combine(data.draw, f"STABLEHLO_{name}", dtype))


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint16", "bool"])
@EXAMPLES
@given(data=st.data())
def test_and(dtype, data):
    oracle.assert_equal_to_litert(*draws.combine(data.draw, "STABLEHLO_AND", dtype))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
@EXAMPLES
@given(data=st.data())
def test_shift_left(dtype, data):
    oracle.assert_equal_to_litert(*draws.shift(data.draw, "STABLEHLO_SHIFT_LEFT", dtype))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
def test_shifts_out_of_range(dtype):
    """All bits leave; C++, and with it LiteRT, defines no such shifts."""
    bits = 8 * np.dtype(dtype).itemsize
    by = np.array([-128, -1, 0, 1, bits - 1, bits, 127], dtype)
    model, inputs = single_op(
        "STABLEHLO_SHIFT_LEFT", [Operand(np.full_like(by, -1)), Operand(by)], by.shape, dtype
    )
    values, [y] = oracle.octavo_run(model, inputs)
    assert values[y].tolist() == [0, 0, -1, -2, np.iinfo(dtype).min, 0, 0]


@pytest.mark.parametrize("dtype", [*TYPES, "bool", "complex128"])
@EXAMPLES
@given(data=st.data())
def test_pad(dtype, data):
    oracle.assert_equal_to_litert(*draws.pad(data.draw, "STABLEHLO_PAD", dtype))


@pytest.mark.parametrize("dtype", [*TYPES, "float64", "bool"])
@EXAMPLES
@given(data=st.data())
def test_reduce_window(dtype, data):
    oracle.assert_equal_to_litert(*draws.reduce_window(data.draw, "REDUCE_WINDOW", dtype))


@pytest.mark.parametrize("dtype", [*TYPES, "float64", "bool"])
@EXAMPLES
@given(data=st.data())
def test_stablehlo_reduce_window(dtype, data):
    code = "STABLEHLO_REDUCE_WINDOW"
    oracle.assert_equal_to_litert(*draws.stablehlo_reduce_window(data.draw, code, dtype))


@pytest.mark.parametrize("dtype", TYPES)
@EXAMPLES
@given(data=st.data())
def test_gather(dtype, data):
    oracle.assert_equal_to_litert(*draws.gather(data.draw, "STABLEHLO_GATHER", dtype))


@pytest.mark.parametrize("dtype", TYPES)
@EXAMPLES
@given(data=st.data())
def test_scatter(dtype, data):
    oracle.assert_equal_to_litert(*draws.scatter(data.draw, "STABLEHLO_SCATTER", dtype))


def gather(**changes):
    options = {
        "offset_dims": [1],
        "collapsed_slice_dims": [0],
        "start_index_map": [0],
        "index_vector_dim": 1,
        "slice_sizes": [1, 3],
    }
    operands = [Operand(np.zeros((4, 3), np.float32)), Operand(np.zeros((2, 1), np.int32))]
    return single_op("STABLEHLO_GATHER", operands, (2, 3), "float32", **(options | changes))[0]


ERRORS = [
    ({"slice_sizes": [1]}, "option slice_sizes has 1 sizes for shape (4, 3)"),
    ({"slice_sizes": [1, 4]}, "option slice_sizes has 4 for dimension 1 of shape (4, 3)"),
    ({"slice_sizes": [2, 3]}, "option slice_sizes has 2 for dimension 0 of shape (4, 3)"),
    ({"index_vector_dim": 3}, "option index_vector_dim is 3, indices have shape (2, 1)"),
    ({"start_index_map": [2]}, "option start_index_map lists 2"),
    ({"start_index_map": [0, 0]}, "option start_index_map lists 0 out of order"),
    ({"start_index_map": [0, 1]}, "has windows with 1 of 2 dimensions"),
]


@pytest.mark.parametrize(("changes", "text"), ERRORS)
def test_gather_errors(changes, text):
    interpreter = octavo.Interpreter(model_content=gather(**changes))
    with pytest.raises(RuntimeError, match=rf'GATHER \(node 0 "y"\): {re.escape(text)}'):
        interpreter.allocate_tensors()


@pytest.mark.parametrize(
    ("body", "text"), [(1, "is no single operator that combines two"), (7, "is not there")]
)
def test_bodies(body, text):
    net = Network()
    x, u = net.tensor("x", (4,), "float32"), net.tensor("u", (2,), "float32")
    i, y = net.tensor("i", (2, 1), "int32"), net.tensor("y", (4,), "float32")
    region = net.subgraph("body")
    a, b = (region.tensor(n, (), "float32") for n in "ab")
    region.op("FLOOR", [a], [b])
    region.inputs, region.outputs = [a], [b]
    net.op("STABLEHLO_SCATTER", [x, i, u], [y], inserted_window_dims=[0],
           scatter_dims_to_operand_dims=[0], index_vector_dim=1,
           update_computation_subgraph_index=body)  # fmt: skip
    net.inputs, net.outputs = [x, i, u], [y]
    interpreter = octavo.Interpreter(model_content=net.build())
    with pytest.raises(RuntimeError, match=rf"its body, subgraph {body}, {text}"):
        interpreter.allocate_tensors()


HUGE = 2**62


def pad(**changes):
    options = {"edge_padding_low": [0, 0], "edge_padding_high": [0, 0], "interior_padding": [0, 0]}
    given = [Operand(np.zeros((4, 3), np.float32)), Operand(np.float32(0))]
    return single_op("STABLEHLO_PAD", given, (1, 1), "float32", **(options | changes))[0]


PAD_ERRORS = [
    ({"interior_padding": [1]}, "options pad 2, 2 and inside 1 dimensions of shape (4, 3)"),
    ({"edge_padding_low": None}, "options pad 0, 2 and inside 2 dimensions of shape (4, 3)"),
    (
        {"interior_padding": [0, -1]},
        "options pad dimension 1 of shape (4, 3) by 0 and 0, inside by -1",
    ),
    ({"edge_padding_low": [-3, 0], "edge_padding_high": [-2, 0]}, "of shape (4, 3) by -3 and -2"),
    ({"edge_padding_low": [HUGE, 0], "edge_padding_high": [HUGE, 0]}, "options pad dimension 0"),
    ({"edge_padding_low": [-HUGE, 0], "edge_padding_high": [HUGE, 0]}, "options pad dimension 0"),
    ({"interior_padding": [HUGE, 0]}, "options pad dimension 0"),
    ({"edge_padding_low": [2**30, 2**30]}, "which no tensor can have"),
]


@pytest.mark.parametrize(("changes", "text"), PAD_ERRORS)
def test_pad_errors(changes, text):
    with pytest.raises(RuntimeError, match=rf'_PAD \(node 0 "y"\): .*{re.escape(text)}'):
        octavo.Interpreter(model_content=pad(**changes)).allocate_tensors()


def test_a_tensor_cut_to_nothing():
    """LiteRT makes every dimension of it 0."""
    model = pad(edge_padding_low=[-3, 0], edge_padding_high=[-1, 1])
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    interpreter.invoke()
    assert interpreter.get_output_details()[0]["shape"].tolist() == [0, 4]


def reduce_window(body="STABLEHLO_ADD", dtype="float32", init_shape=(), **changes):
    options = {
        "window_dimensions": [2, 1],
        "window_strides": [1, 1],
        "base_dilations": [1, 1],
        "window_dilations": [1, 1],
        "padding": [0, 0, 0, 0],
    }
    net = Network()
    x, init = net.tensor("x", (4, 3), dtype), net.tensor("init", init_shape, dtype)
    y = net.tensor("y", (1, 1), dtype)
    region = net.subgraph("body")
    a, b, c = (region.tensor(n, (), dtype) for n in "abc")
    if body:
        region.op(body, [a, b], [c])
    region.inputs, region.outputs = [a, b], [c if body else b]
    options |= {"body_subgraph_index": region.index} | changes
    net.op("STABLEHLO_REDUCE_WINDOW", [x, init], [y], **options)
    net.inputs, net.outputs = [x, init], [y]
    return net.build(), x, init


WINDOW_ERRORS = [
    (
        {"window_dimensions": [0, 1]},
        "dimension 0 of shape (4, 3) it has a window of 0 by strides of 1",
    ),
    (
        {"window_strides": [1, 0]},
        "dimension 1 of shape (4, 3) it has a window of 1 by strides of 0",
    ),
    ({"window_dilations": [1, -1]}, "dilated by -1, the image by 1"),
    (
        {"window_dimensions": [2**26, 2], "padding": [0, 2**26, 0, 0]},
        "its window has more than 67108864 places",
    ),
    ({"body": "STABLEHLO_AND"}, "combines bits, the input has type float32"),
    ({"base_dilations": [0, 1]}, "dilated by 1, the image by 0"),
    ({"window_strides": [HUGE, 1]}, "by strides of 4611686018427387904"),
    ({"base_dilations": [2**31 - 1, 1]}, "padding of 0 and 0 for dimension 0 of shape (4, 3)"),
    ({"padding": [HUGE, HUGE, 0, 0]}, "for dimension 0 of shape (4, 3), of 4 with its dilation"),
    ({"padding": [0, -5, 0, 0]}, "padding of 0 and -5 for dimension 0 of shape (4, 3)"),
    ({"padding": [0, 0]}, "2 window_dilations and 2 paddings for input shape (4, 3)"),
    ({"padding": [2**30, 0, 2**30, 0]}, "which no tensor can have"),
    ({"body": ""}, "its body, subgraph 1, is empty"),
    ({"body": "DIV"}, "its body, subgraph 1, is no single operator that combines two elements"),
    ({"body_subgraph_index": 9}, "its body, subgraph 9, is not there"),
    ({"body_subgraph_index": -1}, "its body, subgraph -1, is not there"),
    ({"init_shape": (2,)}, 'init_value "init" has shape (2), should have 1 element'),
    ({"dtype": "uint16"}, "uint16"),
]


@pytest.mark.parametrize(("changes", "text"), WINDOW_ERRORS)
def test_reduce_window_errors(changes, text):
    model, *_ = reduce_window(**changes)
    with pytest.raises(RuntimeError, match=rf'_WINDOW \(node 0 "y"\): .*{re.escape(text)}'):
        octavo.Interpreter(model_content=model).allocate_tensors()


def test_a_window_that_does_not_fit():
    model, x, init = reduce_window(window_dimensions=[2**31 - 1, 1])
    values, [y] = oracle.octavo_run(
        model, {x: np.zeros((4, 3), np.float32), init: np.zeros((), np.float32)}
    )
    assert values[y].shape == (0, 3)


def test_windows_combine_bits_and_truths():
    """LiteRT asks of STABLEHLO_AND whether both are not 0, and adds bools as bytes."""
    model, x, init = reduce_window("STABLEHLO_AND", "int32")
    numbers = np.arange(12, dtype=np.int32).reshape(4, 3)
    values, [y] = oracle.octavo_run(model, {x: numbers, init: np.array(-2, np.int32)})
    np.testing.assert_array_equal(values[y], numbers[:-1] & numbers[1:] & -2)
    model, x, init = reduce_window("STABLEHLO_ADD", "bool")
    truths = numbers % 2 == 0
    values, [y] = oracle.octavo_run(model, {x: truths, init: np.array(False)})
    assert values[y].tobytes() == (truths[:-1] | truths[1:]).tobytes()


def test_windows_leave_nan_out():
    model, x, init = reduce_window("STABLEHLO_MAXIMUM")
    column = np.float32([1, np.nan, 2, np.nan]).reshape(4, 1)
    inputs = {x: np.repeat(column, 3, axis=1), init: np.array(-np.inf, np.float32)}
    values, [y] = oracle.octavo_run(model, inputs)
    assert values[y][:, 0].tolist() == [1, 2, 2]
    litert, _ = oracle.run(model, inputs)
    np.testing.assert_array_equal(litert[y][:, 0], [np.nan, 2, np.nan])


@pytest.mark.parametrize(
    ("function", "text"), [("UNSUPPORTED", "option reduce_function is UNSUPPORTED"), ("ADD", "")]
)
@pytest.mark.parametrize("sizes", [[2, 3], [2], [0, 1], [-(2**63), 1]])
def test_reduce_window_operands(function, text, sizes):
    given = [Operand(np.zeros((4, 3), np.float32)), Operand(np.float32(0))]
    rest = [np.array(sizes, np.int64), *(np.array([1, 1], np.int64) for _ in "sd")]
    given += [Operand(values, is_constant=True) for values in rest]
    model, inputs = single_op("REDUCE_WINDOW", given, (1, 1), "float32", reduce_function=function)
    if sizes == [2, 3]:
        if not text:
            oracle.assert_equal_to_litert(model, inputs)
            return
    else:
        text = "window_shape" if len(sizes) == 1 else f"it has a window of {sizes[0]}"
    with pytest.raises(RuntimeError, match=rf'REDUCE_WINDOW \(node 0 "y"\): .*{text}'):
        octavo.Interpreter(model_content=model).allocate_tensors()
