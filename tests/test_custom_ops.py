"""Operators written in Python, for nodes that files call by name."""

import re
import threading
from pathlib import Path

import numpy as np
import octavo
import pytest
from flatbuffers import flexbuffers
from octavo import CustomOp
from octavo.flatbuffer import Network

DOCUMENT = Path(__file__).parents[1] / "docs/custom_operators.md"


def network(name="Scale", options=b"", shape=(1, 4), dtype="float32", outputs=1, inputs=1):
    """FLOOR and then a custom operator, whose first input is FLOOR's result."""
    net = Network()
    quantization = {"scale": 0.5, "zero_point": 3} if dtype == "int8" else {}
    signature = (-1, *shape[1:])
    x, f = (net.tensor(n, shape, "float32", shape_signature=signature) for n in "xf")
    net.op("FLOOR", [x], [f])
    q = f
    if dtype != "float32":
        q = net.tensor("q", shape, dtype, shape_signature=signature, **quantization)
        net.op("QUANTIZE", [f], [q])
    constants = [net.constant(f"c{i}", np.arange(3, dtype=np.int32)) for i in range(inputs - 1)]
    results = [
        net.tensor(f"y{i}", shape, dtype, shape_signature=signature, **quantization)
        for i in range(outputs)
    ]
    net.op("CUSTOM", [q, *constants], results, custom_code=name, custom_options=options)
    net.inputs, net.outputs = [x], results
    return net.build()


def same_shape(node, *constants):
    return [node.inputs[0].shape]


def test_documented_examples_run():
    names = {}
    examples = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        exec(example, names)
    np.testing.assert_array_equal(names["cubes"], [[0, 8, -1, 27]])
    np.testing.assert_array_equal(names["halves"], np.float32([[0, 1, -0.5, 1.5]]))


def test_run_gets_inputs_and_options():
    seen = []

    def run(node, x):
        seen.append(node)
        return x * flexbuffers.Loads(node.options)["factor"]

    model = network(options=bytes(flexbuffers.Dumps({"factor": 3})))
    y = octavo.load(model, custom_ops={"Scale": CustomOp(run)})(np.float32([[0.5, 1.5, -0.5, 2]]))
    np.testing.assert_array_equal(y, [[0, 3, -3, 6]])
    [node] = seen
    assert (node.operator, len(node.inputs), len(node.outputs)) == ("Scale", 1, 1)
    assert (node.inputs[0].name, node.inputs[0].shape) == ("f", (1, 4))
    assert node.inputs[0].dtype == np.float32


def test_infer_follows_the_inputs():
    op = CustomOp(lambda node, x: x[:, :2] + 1, lambda node, _: [(node.inputs[0].shape[0], 2)])
    net = octavo.load(network(), custom_ops={"Scale": op})
    for batch in (1, 5, 2):
        x = np.arange(4 * batch, dtype=np.float32).reshape(batch, 4)
        np.testing.assert_array_equal(net(x), x[:, :2] + 1)


def test_infer_gets_constants():
    given = []

    def infer(node, x, indices):
        given.append((x, indices.tolist()))
        return [(1, len(indices))]

    op = CustomOp(lambda node, x, indices: x[:, indices], infer)
    net = octavo.load(network(inputs=2), custom_ops={"Scale": op})
    np.testing.assert_array_equal(net(np.float32([[7, 8, 9, 10]])), [[7, 8, 9]])
    assert given == [(None, [0, 1, 2])]


def test_quantized_tensors():
    def run(node, x):
        return node.outputs[0].quantize(node.inputs[0].dequantize(x) * 2)

    net = octavo.load(network(dtype="int8"), custom_ops={"Scale": CustomOp(run, same_shape)})
    np.testing.assert_array_equal(net(np.float32([[1, 2, -3.5, 100]])), [[2, 4, -8, 62]])


def test_several_outputs_and_interpreters():
    op = CustomOp(lambda node, x: (x, -x))
    interpreter = octavo.Interpreter(
        model_content=network(outputs=2),
        custom_ops={"Scale": op},
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.float32([[1, 2, 3, 4]]))
    interpreter.invoke()
    a, b = (interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details())
    np.testing.assert_array_equal(a, [[1, 2, 3, 4]])
    np.testing.assert_array_equal(b, -a)
    shared = octavo.load(network(outputs=2), custom_ops={"Scale": op})
    octavo.Interpreter(model=shared).allocate_tensors()
    with pytest.raises(ValueError, match=r"a loaded model has its custom_ops"):
        octavo.Interpreter(model=shared, custom_ops={})


def test_values_are_the_callers_to_keep_and_change():
    kept = []

    def run(node, x):
        x += 1
        kept.append(x)
        return x

    net = octavo.load(network(), custom_ops={"Scale": CustomOp(run)})
    first, second = net(np.zeros((1, 4))), net(np.ones((1, 4)))
    np.testing.assert_array_equal(kept, [first, second])
    del net
    np.testing.assert_array_equal(kept[0], np.ones((1, 4)))


def test_runs_at_every_invoke_and_gives_what_it_gives():
    """Of constants alone too, and whatever another interpreter's operator of the name gives."""
    net = Network()
    c, y = net.constant("c", np.float32([1, 2])), net.tensor("y", (2,), "float32")
    net.op("CUSTOM", [c], [y], custom_code="Count")
    net.inputs, net.outputs = [], [y]
    model = net.build()
    for step in (1, 10):
        calls = []

        def run(node, x, step=step, calls=calls):
            calls.append(1)
            return x + np.float32(step * len(calls))

        loaded = octavo.load(model, custom_ops={"Count": CustomOp(run)})
        np.testing.assert_array_equal(loaded(), [1 + step, 2 + step])
        np.testing.assert_array_equal(loaded(), [1 + 2 * step, 2 + 2 * step])


def test_threads():
    barrier = threading.Barrier(2, timeout=60)

    def run(node, x):
        barrier.wait()  # the other thread has the GIL while this one waits
        return x * 2

    net = octavo.load(network(), custom_ops={"Scale": CustomOp(run)})
    results = [None, None]

    def call(i):
        results[i] = net(np.full((1, 4), i, np.float32))

    threads = [threading.Thread(target=call, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(results, [np.zeros((1, 4)), np.full((1, 4), 2)])


def test_a_network_may_run_another():
    inner = octavo.load(network("Inner"), custom_ops={"Inner": CustomOp(lambda node, x: x + 1)})
    outer = octavo.load(network("Outer"), custom_ops={"Outer": CustomOp(lambda node, x: inner(x))})
    np.testing.assert_array_equal(outer(np.zeros((1, 4))), np.ones((1, 4)))


def fail(node, *values):
    raise KeyError("axis")


ERRORS = [
    (CustomOp(fail), "KeyError: 'axis'"),
    (CustomOp(lambda node, x: x, fail), "KeyError: 'axis'"),
    (CustomOp(lambda node, x: (x, x)), "has 1 outputs, run gives 2"),
    (
        CustomOp(lambda node, x: x.astype(np.float64)),
        'output 0 "y0" has type float32, the array has float64',
    ),
    (
        CustomOp(lambda node, x: x[0]),
        'output 0 "y0" has shape (1, 4), the array has (4)',
    ),
    (CustomOp(lambda node, x: x, lambda *_: []), "has 1 outputs, infer gives shapes of 0"),
    (
        CustomOp(lambda node, x: x, lambda *_: [(1, -4)]),
        "infer gives output 0 a shape that no tensor can have",
    ),
    (
        CustomOp(lambda node, x: x, lambda *_: [(1,) * 9]),
        "infer gives output 0 a shape that no tensor can have",
    ),
    (
        CustomOp(lambda node, x: x, lambda *_: [(1 << 30, 1 << 30)]),
        'output "y0" would have shape (1073741824, 1073741824), which no tensor can have',
    ),
    (CustomOp(lambda node, x: x, lambda *_: 3), "TypeError: 'int' object is not iterable"),
    (CustomOp(lambda node, x: x, lambda: []), "TypeError: "),
]


@pytest.mark.parametrize(("op", "text"), ERRORS)
def test_errors_name_operator_and_node(op, text):
    net = octavo.load(network(), custom_ops={"Scale": op})
    with pytest.raises(RuntimeError, match=re.escape(f'Scale (node 1 "y0"): {text}')) as error:
        net(np.zeros((1, 4)))
    is_raised = "Error: " in text
    assert (error.value.__cause__ is not None) == is_raised


def test_the_cause_is_kept_once():
    net = octavo.load(network(), custom_ops={"Scale": CustomOp(fail)})
    for _ in range(2):
        with pytest.raises(RuntimeError) as error:
            net(np.zeros((1, 4)))
        assert isinstance(error.value.__cause__, KeyError)
    interpreter = octavo.Interpreter(model_content=network(), custom_ops={"Scale": CustomOp(fail)})
    interpreter.allocate_tensors()
    with pytest.raises(RuntimeError, match="KeyError"):
        interpreter.invoke()
    with pytest.raises(ValueError, match="has type float32") as error:
        interpreter.set_tensor(0, np.zeros((1, 4)))
    assert error.value.__cause__ is None


def test_an_interrupt_passes():
    def run(node, x):
        raise KeyboardInterrupt

    net = octavo.load(network(), custom_ops={"Scale": CustomOp(run)})
    with pytest.raises(KeyboardInterrupt):
        net(np.zeros((1, 4)))


def test_what_is_missing_is_said_while_loading():
    with pytest.raises(RuntimeError, match=r'do.* not have: CUSTOM "Scale" \(node 1\)$'):
        octavo.load(network(), custom_ops={"Skale": CustomOp(fail)})
    with pytest.raises(TypeError, match=r'custom_ops\["Scale"\] is no octavo\.CustomOp but'):
        octavo.load(network(), custom_ops={"Scale": fail})


def test_types_that_numpy_does_not_have():
    net = Network()
    x, y = net.tensor("x", (2,), "float32"), net.tensor("y", (2,), "bfloat16")
    net.op("CUSTOM", [x], [y], custom_code="Round")
    net.inputs, net.outputs = [x], [y]
    interpreter = octavo.Interpreter(
        model_content=net.build(), custom_ops={"Round": CustomOp(lambda node, x: x)}
    )
    with pytest.raises(RuntimeError, match=r'Round \(node 0 "y"\): ValueError: .*numpy does not'):
        interpreter.allocate_tensors()


@pytest.mark.parametrize(
    "call",
    [
        lambda interpreter: interpreter.invoke(),
        lambda interpreter: interpreter.allocate_tensors(),
        lambda interpreter: interpreter.resize_tensor_input(0, (3, 4)),
        lambda interpreter: interpreter.set_tensor(0, np.zeros((1, 4), np.float32)),
        lambda interpreter: interpreter.get_tensor(0),
        lambda interpreter: interpreter.reset_all_variables(),
    ],
    ids=["invoke", "allocate", "resize", "set", "get", "reset"],
)
@pytest.mark.parametrize("while_preparing", [False, True])
def test_the_interpreter_that_runs_an_operator_is_taken(call, while_preparing):
    calls = []

    def use(result):
        calls.append(1)
        if len(calls) == 1:
            call(interpreter)
        return result

    op = CustomOp(lambda node, x: use(x), same_shape)
    if while_preparing:
        op = CustomOp(lambda node, x: x, lambda node, x: use([node.inputs[0].shape]))
    interpreter = octavo.Interpreter(model_content=network(), custom_ops={"Scale": op})

    def run():
        interpreter.allocate_tensors()
        interpreter.set_tensor(0, np.ones((1, 4), np.float32))
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    with pytest.raises(RuntimeError, match="RuntimeError: this interpreter is in use"):
        run()
    np.testing.assert_array_equal(run(), np.ones((1, 4)))


def test_threads_whose_operators_fail():
    """Each gets its own exception, and a network that still runs."""

    def run(node, x):
        if x[0, 0] % 2:
            raise KeyError(int(x[0, 0]))
        return x

    net = octavo.load(network(), custom_ops={"Scale": CustomOp(run)})
    found = [[] for _ in range(4)]

    def work(i):
        for n in range(50):
            value = 10 * n + i
            try:
                found[i].append(net(np.full((1, 4), value, np.float32))[0, 0] == value)
            except RuntimeError as error:
                found[i].append(error.__cause__.args == (value,))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[True] * 50] * 4
