"""Variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, and CALL_ONCE, which gives them values."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import octavo
import oracle
import pytest
import shared
from octavo.flatbuffer import Graph, Network, read, write


def accumulator(dtype: str = "float32", shape: tuple[int, ...] = (2,)) -> Network:
    """Adds its input to a variable, which begins at 0; a signature gives and one sets it."""
    net = Network()
    once = net.subgraph("once")
    start = once.tensor("handle", (), "resource")
    once.op("VAR_HANDLE", [], [start], container="c", shared_name="v")
    once.op("ASSIGN_VARIABLE", [start, once.constant("0", np.zeros(shape, dtype))], [])

    def variable(g: Graph) -> int:
        handle = g.tensor("handle", (), "resource")
        g.op("VAR_HANDLE", [], [handle], container="c", shared_name="v")
        return handle

    setter, x = net.subgraph("set"), 0
    setter.inputs = [setter.tensor("x", shape, dtype)]
    setter.outputs = [setter.tensor("y", shape, dtype)]
    setter.op("ASSIGN_VARIABLE", [variable(setter), setter.inputs[0]], [])
    setter.op("ADD", [setter.inputs[0]] * 2, setter.outputs)
    x = net.tensor("x", shape, dtype)
    before, total = net.tensor("before", shape, dtype), net.tensor("total", shape, dtype)
    net.op("CALL_ONCE", [], [], init_subgraph_index=once.index)
    handle = variable(net)
    net.op("READ_VARIABLE", [handle], [before])
    net.op("ADD", [before, x], [total])
    net.op("ASSIGN_VARIABLE", [handle, total], [])
    net.inputs, net.outputs = [x], [total]
    net.signature("add", {"x": x}, {"total": total})
    setter.signature("set", {"x": setter.inputs[0]}, {"y": setter.outputs[0]})
    return net


@pytest.mark.parametrize("shape", [(2,), ()])
def test_a_variable_is_kept(shape: tuple[int, ...]) -> None:
    model = accumulator(shape=shape).build()
    ones = [{0: np.ones(shape, np.float32)}] * 2
    oracle.assert_same_actions(model, [*ones, "reset", *ones])
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    assert len(interpreter._main.steps) == 4  # a scalar, too, is known before


def test_a_variable_outlives_a_new_shape() -> None:
    """LiteRT's variables do, too; only of its own shape a value can be read."""
    model = accumulator().build()
    one = {0: np.ones(2, np.float32)}
    oracle.assert_same_actions(model, [one, {0: (1,)}, {0: (2,)}, one])


def test_signatures_share_variables() -> None:
    interpreter = octavo.Interpreter(model_content=accumulator().build())
    add = interpreter.get_signature_runner("add")
    assert add(x=np.float32([1, 2]))["total"].tolist() == [1, 2]
    interpreter.get_signature_runner("set")(x=np.float32([10, 20]))
    assert add(x=np.float32([1, 2]))["total"].tolist() == [11, 22]


def test_every_call_of_a_loaded_network_begins_anew() -> None:
    net = octavo.load(accumulator().build())
    for _ in range(3):
        assert net(np.float32([1, 2])).tolist() == [1, 2]


def test_interpreters_have_variables_of_their_own() -> None:
    model = octavo.load(accumulator().build())
    results: list[list[float]] = []

    def work() -> None:
        interpreter = octavo.Interpreter(model=model, num_threads=2)
        interpreter.allocate_tensors()
        for _ in range(100):
            interpreter.set_tensor(0, np.ones(2, np.float32))
            interpreter.invoke()
        results.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array(results).tolist() == [[100, 100]] * 4


def variable_network(read_shape: tuple[int, ...] | None, dtype: str = "float32") -> Network:
    """Assigns its input to a variable, and reads it as something else."""
    net = Network()
    handle, x = net.tensor("handle", (), "resource"), net.tensor("x", (4,), "float32")
    y = net.tensor("y", read_shape, dtype)
    net.op("VAR_HANDLE", [], [handle], shared_name="v")
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    net.op("READ_VARIABLE", [handle], [y])
    net.inputs, net.outputs = [x], [y]
    return net


def test_a_variable_is_read_in_the_shape_that_the_file_declares() -> None:
    values = {0: np.arange(4, dtype=np.float32)}
    inputs = {1: values[0]}
    for shape in [(2, 2), (3,)]:
        oracle.assert_same_actions(variable_network(shape).build(), [inputs])
    oracle.assert_same_actions(
        variable_network(None).build(), [inputs, {1: (3,)}, {1: values[0][:3]}]
    )


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((8,), "float32", 'variable "v" has shape (4), output has (8)'),
        ((), "float32", 'variable "v" has shape (4), output has ()'),
        ((4,), "int32", 'variable "v" has type float32, output has int32'),
    ],
)
def test_variables_that_do_not_fit(shape: tuple[int, ...], dtype: str, message: str) -> None:
    """LiteRT copies as many bytes as the output has, whether the variable has them or not.

    Its scalars take any shape.
    """
    interpreter = octavo.Interpreter(model_content=variable_network(shape, dtype).build())
    interpreter.allocate_tensors()
    with pytest.raises(RuntimeError) as error:
        interpreter.invoke()
    assert str(error.value) == f'READ_VARIABLE (node 2 "y"): {message}'


def growing(open_shape: dict[str, Any]) -> Network:
    """Reads a variable that begins as (1, 3), and then assigns it its input of shape (2, 3)."""
    net = Network()
    once = net.subgraph("once")
    handle = once.tensor("handle", (), "resource")
    once.op("VAR_HANDLE", [], [handle], shared_name="v")
    once.op("ASSIGN_VARIABLE", [handle, once.constant("0", np.zeros((1, 3), np.float32))], [])
    net.op("CALL_ONCE", [], [], init_subgraph_index=once.index)
    x, handle = net.tensor("x", (2, 3), "float32"), net.tensor("handle", (), "resource")
    value = net.tensor("value", dtype="float32", **open_shape)
    y = net.tensor("y", dtype="float32", **open_shape)
    net.op("VAR_HANDLE", [], [handle], shared_name="v")
    net.op("READ_VARIABLE", [handle], [value])
    net.op("NEG", [value], [y])
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    net.inputs, net.outputs = [x], [y]
    return net


def test_a_variable_takes_the_shape_of_what_is_assigned() -> None:
    """Behind the read, in another shape than all that stands before it; and behind a resize."""
    x = {0: np.arange(6, dtype=np.float32).reshape(2, 3)}
    larger = {0: np.arange(12, dtype=np.float32).reshape(4, 3)}
    actions: list[Any] = [x, x, "reset", x, {0: (4, 3)}, larger, larger, {0: (2, 3)}, x, x]
    model = growing({"shape": None}).build()
    oracle.assert_same_actions(model, actions)

    # LiteRT takes (1, 3) for declared.
    half_open = growing({"shape": (1, 3), "shape_signature": (-1, 3)}).build()
    ours = oracle.act(octavo.Interpreter(model_content=half_open), actions)
    for a, b in zip(ours, oracle.run_actions(model, actions), strict=True):
        oracle.assert_same(a, b)


def test_a_loop_that_reads_what_it_makes_longer() -> None:
    """The second round reads another shape than the first."""
    net = Network()
    times, left = net.tensor("i", (1,), "int32"), net.tensor("left", (1,), "int32")
    y, handle = net.tensor("y", None, "float32"), net.tensor("handle", (), "resource")
    condition, body = net.subgraph("condition"), net.subgraph("body")
    for g in (condition, body):
        g.inputs = [g.tensor("i", (1,), "int32")]
    condition.outputs = [condition.tensor("goes on", (1,), "bool")]
    types = {"in_data_type": "INT32", "out_data_type": "BOOL"}
    condition.op("CAST", condition.inputs, condition.outputs, **types)
    inner = body.tensor("handle", (), "resource")
    value = body.tensor("value", None, "float32")
    longer = body.tensor("longer", None, "float32")
    body.outputs = [body.tensor("fewer", (1,), "int32")]
    body.op("SUB", [body.inputs[0], body.constant("one", np.int32([1]))], body.outputs)
    body.op("VAR_HANDLE", [], [inner], shared_name="v")
    body.op("READ_VARIABLE", [inner], [value])
    row = body.constant("row", np.float32([[7, 8]]))
    body.op("CONCATENATION", [value, row], [longer], axis=0)
    body.op("ASSIGN_VARIABLE", [inner, longer], [])
    net.op("VAR_HANDLE", [], [handle], shared_name="v")
    net.op("ASSIGN_VARIABLE", [handle, net.constant("0", np.float32([[1, 2]]))], [])
    options = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
    net.op("WHILE", [times], [left], **options)
    net.op("READ_VARIABLE", [handle], [y])
    net.inputs, net.outputs = [times], [left, y]
    oracle.assert_same_actions(net.build(), [{0: np.int32([n])} for n in (3, 0, 1, 2)])


def test_a_variable_without_a_value() -> None:
    net = variable_network((4,))
    del net.model().subgraphs[0].operators[1]
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    with pytest.raises(RuntimeError, match='variable "v" has no value yet'):
        interpreter.invoke()


def test_a_handle_that_is_none() -> None:
    net = variable_network((4,))
    del net.model().subgraphs[0].operators[0]
    net.model().subgraphs[0].tensors[0].type = 2  # int32
    net.inputs = [0, 1]
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    for number in (0, -1, 2**31 - 1):
        interpreter.set_tensor(0, np.int32(number))
        with pytest.raises(RuntimeError, match=f"there is no variable of number {number}"):
            interpreter.invoke()


def test_state_keeps_its_order_behind_a_computed_shape() -> None:
    """An assignment whose value comes late stands before a read that could be early."""
    net = Network()
    handle, x = net.tensor("handle", (), "resource"), net.tensor("x", (4,), "float32")
    shape, late = net.tensor("shape", (2,), "int32"), net.tensor("late", (2, 2), "float32")
    y, z = net.tensor("y", (2, 2), "float32"), net.tensor("z", (4,), "float32")
    net.op("VAR_HANDLE", [], [handle], shared_name="v")
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    net.op("READ_VARIABLE", [handle], [z])
    net.op("RESHAPE", [x, shape], [late])
    doubled = net.tensor("doubled", (2, 2), "float32")
    net.op("ADD", [late, late], [doubled])
    net.op("ASSIGN_VARIABLE", [handle, doubled], [])
    net.op("READ_VARIABLE", [handle], [y])
    net.inputs, net.outputs = [x, shape], [y, z]
    values = {1: np.arange(4, dtype=np.float32), 2: np.int32([2, 2])}
    oracle.assert_same_actions(net.build(), [values, values])


@shared.needs_shared
def test_a_streaming_network() -> None:
    """Every tensor of a wake-word network over 50 frames, before and after a reset."""
    path = shared.network("alexa")
    model = read(path)
    main = model.subgraphs[0]
    computed = [i for op in main.operators for i in op.outputs]
    main.outputs = np.int32([i for i in computed if main.tensors[i].type != 13])
    rng = np.random.default_rng(0)
    frames = [rng.normal(-60, 40, (1, 3, 40)).clip(-128, 127).astype(np.int8) for _ in range(50)]
    actions: list[Any] = [{int(main.inputs[0]): frame} for frame in frames]
    oracle.assert_same_actions(write(model), [*actions[:30], "reset", *actions[30:]])
    oracle.assert_same_actions(path.read_bytes(), actions)
