"""Files made to do harm, beyond what chance finds (test_mutations.py)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from octavo import _core
from octavo import _schema as schema
from octavo.flatbuffer import Network, write
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
    with pytest.raises(ValueError, match=r"node 0 .UNPACK. writes tensor 1 .y., which has"):
        _core.Model.copy(net.build())


def test_a_tensor_read_empty_and_computed_later():
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (0,), "float32")
    z = net.tensor("z", (0,), "float32")
    net.op("FLOOR", [y], [z])
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y, z]
    with pytest.raises(ValueError, match=r"node 1 .FLOOR. writes tensor 1 .y., which has"):
        _core.Model.copy(net.build())


def test_a_variable_with_a_value_in_the_file():
    """The file is mapped read-only; variables are set to zero."""
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (2,), "float32")
    state = net.tensor("state", (2,), "float32", data=np.ones(2), is_variable=True)
    net.op("ADD", [x, state], [y])
    net.inputs, net.outputs = [x], [y]
    with pytest.raises(
        ValueError, match=r"tensor 2 .state.: is a variable, and has a value in the"
    ):
        _core.Model.copy(net.build())


@pytest.mark.parametrize("is_output", [False, True])
def test_a_sparse_constant_of_few_bytes(is_output):
    """Its buffer may have any size: nothing may read it as the dense elements."""
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (2,), "float32")
    sparse = net.tensor("sparse", (1 << 20,), "float32")
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y, sparse] if is_output else [y]
    model = net.model()
    model.subgraphs[0].tensors[sparse].sparsity = schema.SparsityParametersT()
    model.subgraphs[0].tensors[sparse].buffer = len(model.buffers)
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = np.zeros(8, np.uint8)
    interpreter = _core.Interpreter(_core.Model.copy(write(model)))
    if is_output:
        with pytest.raises(RuntimeError, match=r"tensor 2 .sparse., an input .* is sparse"):
            interpreter.allocate()
    else:
        interpreter.allocate()
        with pytest.raises(ValueError, match=r".sparse. has no value: it is a sparse const"):
            interpreter.get_tensor(sparse, copy=True)


def test_dimensions_beside_a_zero():
    net = Network()
    shape = (1 << 18, 1 << 18, 0)  # a loop over the first two takes minutes
    x, y = net.tensor("x", shape, "float32"), net.tensor("y", shape, "float32")
    net.op("SOFTMAX", [x], [y], beta=1.0)
    net.inputs, net.outputs = [x], [y]
    interpreter = _core.Interpreter(_core.Model.copy(net.build()))
    interpreter.allocate()
    interpreter.invoke()


def test_a_sum_of_many_empty_rows():
    net = Network()
    x = net.tensor("x", (1 << 26, 1 << 10, 0), "float32")  # a loop over the rows takes minutes
    axis = net.constant("axis", np.array([0, 2], np.int32))
    y = net.tensor("y", (1 << 10,), "float32")
    net.op("SUM", [x, axis], [y])
    net.inputs, net.outputs = [x], [y]
    interpreter = _core.Interpreter(_core.Model.copy(net.build()))
    interpreter.allocate()
    interpreter.invoke()
    np.testing.assert_array_equal(interpreter.get_tensor(y, copy=True), np.zeros(1 << 10))


class _WrittenOnce(schema.TensorT):
    """A tensor that may stand in a subgraph many times, always as the same table."""

    offset = None

    def Pack(self, builder):
        self.offset = self.offset or super().Pack(builder)
        return self.offset


def test_one_table_in_many_places():
    """100 kB of scales, read for each of thousands of tensors, would take seconds."""
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (2,), "float32")
    scaled = net.tensor("scaled", (25_000,), "int8", scale=np.ones(25_000))
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    model = net.model()
    tensors = model.subgraphs[0].tensors
    once = _WrittenOnce()
    vars(once).update(vars(tensors[scaled]))
    model.subgraphs[0].tensors = tensors[:scaled] + [once] * 10_000
    with pytest.raises(ValueError, match=r"tensor 3 .scaled.: the file refers to the same data"):
        _core.Model.copy(write(model))


def test_sparse_constants_that_share_their_indices():
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (2,), "float32")
    sparse = net.tensor("sparse", (25_000,), "float32")
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    model = net.model()
    tensors = model.subgraphs[0].tensors
    once = _WrittenOnce()
    vars(once).update(vars(tensors[sparse]))
    once.sparsity = schema.SparsityParametersT()
    once.sparsity.traversalOrder = np.int32([0])
    level = schema.DimensionMetadataT()
    level.format = schema.DimensionType.SPARSE_CSR
    level.arraySegmentsType = level.arrayIndicesType = schema.SparseIndexVector.Int32Vector
    level.arraySegments, level.arrayIndices = schema.Int32VectorT(), schema.Int32VectorT()
    level.arraySegments.values = np.int32([0, 25_000])
    level.arrayIndices.values = np.arange(25_000, dtype=np.int32)
    once.sparsity.dimMetadata = [level]
    once.buffer = len(model.buffers)
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = np.zeros(100_000, np.uint8)
    model.subgraphs[0].tensors = [*tensors[:sparse], once]
    _core.Interpreter(_core.Model.copy(write(model))).allocate()
    once.offset = None
    model.subgraphs[0].tensors = [*tensors[:sparse], *[once] * 10_000]
    with pytest.raises(ValueError, match=r"tensor 4 .sparse.: the file refers to the same data"):
        _core.Model.copy(write(model))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells")
def test_what_cannot_be_computed_keeps_no_memory():
    """A value of constants that an error ends, each time that the network is prepared."""
    net = Network()
    count = 1 << 24
    shape = net.constant("shape", np.int32([1, count]))
    x, y = (net.tensor(name, (1, count), "float32") for name in "xy")
    net.op("FILL", [shape, net.constant("one", np.float32(1))], [x])
    net.op("GATHER", [x, net.constant("place", np.int32([-1]))], [y], axis=0)
    net.outputs = [y]
    model = _core.Model.copy(net.build())

    def reserved():
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmSize:\s*(\d+) kB", status)[1]) << 10

    for attempt in range(20):
        with pytest.raises(RuntimeError, match="GATHER"):
            _core.Interpreter(model).allocate()
        if attempt == 0:
            before = reserved()
    assert reserved() - before < 8 * 4 * count  # sanitizers keep what is freed


def test_tensors_that_nothing_uses():
    """Each held against every other when memory is laid out would take minutes."""
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (2,), "float32")
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    model = net.model()
    once = _WrittenOnce()
    vars(once).update(vars(model.subgraphs[0].tensors[x]))
    model.subgraphs[0].tensors += [once] * 200_000
    _core.Interpreter(_core.Model.copy(write(model))).allocate()


def test_more_memory_than_there_is():
    net = Network()
    shape = (1 << 18, 1 << 18)
    x, y = net.tensor("x", shape, "float32"), net.tensor("y", shape, "float32")
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    interpreter = _core.Interpreter(_core.Model.copy(net.build()))
    with pytest.raises(RuntimeError, match="out of memory: 549755813888 bytes asked for"):
        interpreter.allocate()


def test_a_diagonal_that_lies_where_its_matrix_does():
    """Written over the matrix, it would be copied onto itself."""
    net = Network()
    x, f = (net.tensor(name, (2, 1, 1), "float32") for name in "xf")
    diagonal, y = net.tensor("d", (2, 1), "float32"), net.tensor("y", (2, 1, 1), "float32")
    net.op("FLOOR", [x], [f])
    net.op("RESHAPE", [f, net.constant("shape", np.int32([2, 1]))], [diagonal])
    net.op("MATRIX_SET_DIAG", [f, diagonal], [y])
    net.inputs, net.outputs = [x], [y]
    interpreter = _core.Interpreter(_core.Model.copy(net.build()))
    interpreter.allocate()
    assert interpreter.arena_bytes == 3 * 64  # of x, f and y
    values = np.float32([1.5, -2.5]).reshape(2, 1, 1)
    interpreter.set_tensor(x, values)
    interpreter.invoke()
    np.testing.assert_array_equal(interpreter.get_tensor(y, copy=True), np.floor(values))


@pytest.mark.parametrize("code", ["NEG", "READ_VARIABLE"])
def test_very_many_tensors_that_are_alive_together(code):
    """To place them takes a fraction of a second, not many."""
    net, count = Network(), 60_000
    x, y = net.tensor("x", (1,), "int32"), net.tensor("y", (count,), "int32")
    handle = net.tensor("handle", (), "resource")
    net.op("VAR_HANDLE", [], [handle], shared_name="v")
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    parts = [net.tensor("", (1,), "int32") for _ in range(count)]
    for part in parts:
        net.op(code, [x if code == "NEG" else handle], [part])
    net.op("CONCATENATION", parts, [y], axis=0)
    net.inputs, net.outputs = [x], [y]
    interpreter = _core.Interpreter(_core.Model.copy(net.build()))
    interpreter.allocate()
    interpreter.set_tensor(x, np.int32([5]))
    interpreter.invoke()
    np.testing.assert_array_equal(
        interpreter.get_tensor(y, copy=True), np.full(count, -5 if code == "NEG" else 5)
    )
