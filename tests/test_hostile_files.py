"""Files made to do harm, beyond what chance finds (test_mutations.py)."""

from __future__ import annotations

import numpy as np
import pytest
from octavo import _core
from octavo.flatbuffer import Network
from oracle import octavo_run


def test_outputs_that_the_file_declares_without_elements():
    net = Network()
    x, y = net.tensor("x", (2, 6), "float32"), net.tensor("y", (0, 6), "float32")
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    values, _ = octavo_run(net.build(), {x: np.full((2, 6), 1.5, np.float32)})
    np.testing.assert_array_equal(values[y], np.ones((2, 6)))


def test_a_tensor_computed_twice():
    net = Network()
    x, y = net.tensor("x", (2, 6), "float32"), net.tensor("y", (0,), "float32")
    net.op("UNPACK", [x], [y, y], num=2)
    net.inputs, net.outputs = [x], [y]
    with pytest.raises(ValueError, match="node 0 .UNPACK. writes tensor 1 .y., which has a value"):
        _core.Model.copy(net.build())


def test_a_tensor_read_empty_and_computed_later():
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (0,), "float32")
    z = net.tensor("z", (0,), "float32")
    net.op("FLOOR", [y], [z])
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y, z]
    with pytest.raises(ValueError, match="node 1 .FLOOR. writes tensor 1 .y., which has a value"):
        _core.Model.copy(net.build())


def test_dimensions_beside_a_zero():
    net = Network()
    x = net.tensor("x", (1 << 19, 1 << 19, 0), "float32")
    y = net.tensor("y", (1 << 19, 1 << 19, 0), "float32")
    net.op("SOFTMAX", [x], [y], beta=1.0)
    net.inputs, net.outputs = [x], [y]
    values, _ = octavo_run(net.build(), {x: np.zeros((1 << 19, 1 << 19, 0), np.float32)})
    assert values[y].size == 0
