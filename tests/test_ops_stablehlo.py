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


@pytest.mark.parametrize(("body", "text"), [(1, "is none of STABLEHLO_ADD"), (7, "is not there")])
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
