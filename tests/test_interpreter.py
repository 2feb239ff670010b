"""octavo.Interpreter: memory, views, errors by their text, threads."""

import itertools
import sys
import threading
import time

import networks
import numpy as np
import octavo
import oracle
import pytest
from octavo.flatbuffer import Network


def ours(model, **options):
    source = {"model_content": model} if isinstance(model, bytes) else {"model_path": model}
    return octavo.Interpreter(**source, **options)


def test_preserves_all_tensors_when_asked():
    x = np.arange(16, dtype=np.float32).reshape(1, 16) + 0.5
    keeping = ours(networks.floors(3), experimental_preserve_all_tensors=True)
    sharing = ours(networks.floors(3))
    for interpreter in (keeping, sharing):
        interpreter.allocate_tensors()
        interpreter.set_tensor(0, x)
        interpreter.invoke()
    for i in (1, 2, 3):
        np.testing.assert_array_equal(keeping.get_tensor(i), np.floor(x))
    with pytest.raises(ValueError, match=r'tensor 1 "t1" is intermediate.*preserve_all_tensors'):
        sharing.get_tensor(1)


def test_tensor_is_a_view():
    interpreter = ours(networks.floors(1))
    interpreter.allocate_tensors()
    source, result = interpreter.tensor(0), interpreter.tensor(1)
    source()[:] = 1.75
    interpreter.invoke()
    view = result()
    assert view.tolist() == [[1.0] * 16]
    assert interpreter.get_tensor(0).tolist() == [[1.75] * 16]
    interpreter.get_tensor(0)[:] = 5
    assert interpreter.get_tensor(0).tolist() == [[1.75] * 16]
    interpreter.resize_tensor_input(0, [2, 3])
    interpreter.allocate_tensors()
    assert source().shape == (2, 3)
    del interpreter, source, result
    assert view.tolist() == [[1.0] * 16], "a view keeps its memory"


def test_constants_are_read_only():
    interpreter = ours(networks.dense())
    view = interpreter.tensor(1)()
    assert not view.flags.writeable
    assert view.shape == (3, 4)
    with pytest.raises(ValueError, match='tensor 1 "w" is a constant'):
        interpreter.set_tensor(1, np.zeros((3, 4), np.int8))


def test_resizing_to_the_same_shape_keeps_the_value():
    interpreter = ours(networks.floors(1))
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.full((1, 16), 2.5, np.float32))
    interpreter.resize_tensor_input(0, [1, 16])
    interpreter.invoke()
    assert interpreter.get_tensor(1).tolist() == [[2.0] * 16]


def test_arena_is_reported():
    interpreter = ours(networks.floors(5, size=64))
    assert interpreter.arena_bytes == interpreter.unshared_bytes == 0
    interpreter.allocate_tensors()
    assert interpreter.unshared_bytes == 6 * 256
    assert interpreter.arena_bytes == 2 * 256, "the input's own, and one that is overwritten"
    keeping = ours(networks.floors(5, size=64), experimental_preserve_all_tensors=True)
    keeping.allocate_tensors()
    assert keeping.arena_bytes == 6 * 256


def test_signature_errors():
    interpreter = ours(networks.two_signatures())
    with pytest.raises(ValueError, match=r'a signature cannot be chosen.*"down", "join"'):
        interpreter.get_signature_runner()
    with pytest.raises(ValueError, match=r'signature "up" cannot be chosen.*"down", "join"'):
        interpreter.get_signature_runner("up")
    with pytest.raises(ValueError, match="the model has none"):
        ours(networks.floors(1)).get_signature_runner()
    down = interpreter.get_signature_runner("down")
    with pytest.raises(ValueError, match="inputs are value; given are none"):
        down()
    with pytest.raises(ValueError, match="inputs are value; given are other"):
        down(other=np.zeros((1, 2), np.float32))
    only = ours(networks.dense()).get_signature_runner()
    with pytest.raises(ValueError, match='tensor 0 "x" has type int8, the array has float64'):
        only(features=np.zeros((1, 4)))


def test_one_model_for_several_interpreters():
    model = octavo.load(networks.dense())
    first, second = octavo.Interpreter(model=model), octavo.Interpreter(model=model)
    for interpreter, value in ((first, 1), (second, 2)):
        interpreter.allocate_tensors()
        interpreter.set_tensor(0, np.full((1, 4), value, np.int8))
    assert first.get_tensor(0).tolist() == [[1] * 4]
    assert second.get_tensor(0).tolist() == [[2] * 4]
    addresses = {i.tensor(1)().__array_interface__["data"][0] for i in (first, second)}
    assert len(addresses) == 1, "constants are shared"


@pytest.mark.parametrize("keeping_first", [False, True])
def test_packed_weights_are_shared_only_where_they_are_the_same(keeping_first):
    """Weights are packed with the range of their outputs, which a fused RELU changes."""
    rng = np.random.default_rng(7)
    net = Network()
    x = net.tensor("x", (8, 16), "int8", scale=0.5, zero_point=3)
    w = net.constant("w", rng.integers(-127, 128, (20, 16), np.int8), scale=0.01)
    y = net.tensor("y", (8, 20), "int8", scale=0.25, zero_point=-5)
    z = net.tensor("z", (8, 20), "int8", scale=0.25, zero_point=-5)
    net.op("FULLY_CONNECTED", [x, w, None], [y])
    net.op("RELU", [y], [z])
    net.inputs, net.outputs = [x], [z]
    model = octavo.load(net.build())
    data = rng.integers(-128, 128, (8, 16), np.int8)

    def run(keep):
        interpreter = octavo.Interpreter(model=model, experimental_preserve_all_tensors=keep)
        interpreter.allocate_tensors()
        interpreter.set_tensor(x, data)
        interpreter.invoke()
        return interpreter

    first, second = run(keeping_first), run(not keeping_first)
    keeping = first if keeping_first else second
    np.testing.assert_array_equal(first.get_tensor(z), second.get_tensor(z))
    np.testing.assert_array_equal(keeping.get_tensor(z), np.maximum(keeping.get_tensor(y), -5))
    assert keeping.get_tensor(y).min() < -5


# Errors, by their text.


def allocated(model):
    interpreter = ours(model)
    interpreter.allocate_tensors()
    return interpreter


def test_set_tensor_errors():
    interpreter = ours(networks.dense())
    with pytest.raises(ValueError, match=r'"x" has no memory yet: call allocate_tensors\(\) first'):
        interpreter.set_tensor(0, np.zeros((1, 4), np.int8))
    interpreter.allocate_tensors()
    with pytest.raises(ValueError, match='tensor 0 "x" has type int8, the array has float32'):
        interpreter.set_tensor(0, np.zeros((1, 4), np.float32))
    for shape, shown in (((4,), "4"), ((2, 4), "2, 4"), ((), ""), ((1, 1, 4), "1, 1, 4")):
        text = rf'tensor 0 "x" has shape \(1, 4\), the array has \({shown}\)'
        with pytest.raises(ValueError, match=text):
            interpreter.set_tensor(0, np.zeros(shape, np.int8))
    for index in (-1, 4):
        with pytest.raises(ValueError, match=f"tensor {index} is not there: the subgraph has 4"):
            interpreter.set_tensor(index, np.zeros((1, 4), np.int8))
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        interpreter.set_tensor("x", np.zeros((1, 4), np.int8))


def test_running_too_early():
    interpreter = ours(networks.dense())
    with pytest.raises(RuntimeError, match=r"call allocate_tensors\(\) before invoke\(\)"):
        interpreter.invoke()
    with pytest.raises(ValueError, match=r'tensor 3 "y" has no memory yet: call allocate_tensors'):
        interpreter.get_tensor(3)
    interpreter.allocate_tensors()
    interpreter.invoke()
    interpreter.resize_tensor_input(0, [2, 4])
    with pytest.raises(RuntimeError, match=r"again after resize_tensor_input\(\)"):
        interpreter.invoke()


def test_resize_errors():
    interpreter = ours(networks.dense())
    with pytest.raises(ValueError, match="tensor 3 is no input: only inputs can be resized"):
        interpreter.resize_tensor_input(3, [2, 3])
    with pytest.raises(ValueError, match="a dimension cannot be -2"):
        interpreter.resize_tensor_input(0, [-2, 4])
    with pytest.raises(ValueError, match="tensor 9 is not there"):
        interpreter.resize_tensor_input(9, [2, 4])
    for shape in ([2, 5], [4]):
        with pytest.raises(ValueError, match=r"signature \(-1, 4\), which does not allow"):
            interpreter.resize_tensor_input(0, shape, strict=True)
    interpreter.resize_tensor_input(0, [2, 4], strict=True)
    interpreter.resize_tensor_input(0, [2, 5])
    with pytest.raises(RuntimeError, match=r'FULLY_CONNECTED \(node 0 "y"\)'):
        interpreter.allocate_tensors()


def test_file_errors(tmp_path):
    path = tmp_path / "net.tflite"
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: .*net\.tflite"):
        ours(path)
    with pytest.raises(IsADirectoryError):
        ours(tmp_path)
    model = networks.dense()
    texts = {
        model[: len(model) // 2]: r"\.tflite file is truncated or damaged",
        b"": "the model file is empty",
        b"A letter, not a network.\n": r'not a \.tflite file: bytes 4 to 7 are not "TFL3"',
    }
    for content, text in texts.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=text):
            ours(content)
        with pytest.raises(ValueError, match=rf"net\.tflite: .*{text}"):
            ours(path)


def test_missing_operators():
    net = Network()
    tensors = [net.tensor(f"t{i}", (1, 2), "float32") for i in range(4)]
    net.op("FLOOR", tensors[:1], tensors[1:2])
    net.op("CUSTOM", tensors[1:2], tensors[2:3], custom_code="MyOperator")
    net.op("SKIP_GRAM", tensors[2:3], tensors[3:])
    net.inputs, net.outputs = tensors[:1], tensors[3:]
    interpreter = ours(net.build())
    text = (
        r"the model uses operators that octavo does not have: "
        r'CUSTOM "MyOperator" \(node 1\), SKIP_GRAM \(node 2\)$'
    )
    with pytest.raises(RuntimeError, match=text):
        interpreter.allocate_tensors()


@pytest.mark.parametrize(
    ("dtype", "shown", "least", "most"),
    [
        ("int2", np.int8, -2, 1),
        ("int4", np.int8, -8, 7),
        ("uint4", np.uint8, 0, 15),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 64])
def test_elements_of_less_than_a_byte(dtype, shown, least, most, count):
    """Given and shown as bytes, as LiteRT does; but that it takes no int2."""
    value = np.random.default_rng(count).integers(least, most + 1, count).astype(shown)
    net = Network()
    x, y = net.tensor("x", (count,), dtype), net.tensor("y", (count, 1), dtype)
    real = net.tensor("real", (count, 1), "float32")
    net.op("RESHAPE", [x], [y], new_shape=[count, 1])
    net.op("CAST", [y], [real])
    net.inputs, net.outputs = [x], [y, real]
    if dtype == "int2":
        ours_values, _ = oracle.octavo_run(net.build(), {x: value})
        np.testing.assert_array_equal(ours_values[y][:, 0], value)
        np.testing.assert_array_equal(ours_values[real][:, 0], value)
    else:
        oracle.assert_equal_to_litert(net.build(), {x: value})
    interpreter = ours(net.build())
    interpreter.allocate_tensors()
    with pytest.raises(ValueError, match=rf"has type {dtype}, which does not hold {most + 1}"):
        interpreter.set_tensor(x, np.full(count, most + 1, shown))
    with pytest.raises(ValueError, match=rf"has type {dtype}, the array has float32"):
        interpreter.set_tensor(x, np.zeros(count, np.float32))


def test_tables_of_strings_are_missing():
    """From int64 to strings or the reverse; LiteRT has no others."""
    net = Network()
    table = net.tensor("table", (1,), "resource")
    keys = net.constant("keys", np.int64([1, 2]))
    names, found = (net.tensor(n, (2,), "string") for n in ("names", "found"))
    size = net.tensor("size", (1,), "int64")
    default = net.tensor("default", (), "string")
    net.op("HASHTABLE", [], [table], table_id=1, key_dtype="INT64", value_dtype="STRING")
    net.op("HASHTABLE_IMPORT", [table, keys, names], [])
    net.op("HASHTABLE_FIND", [table, keys, default], [found])
    net.op("HASHTABLE_SIZE", [table], [size])
    net.inputs, net.outputs = [names, default], [found, size]
    text = (
        r"the model uses operators that octavo does not have: HASHTABLE \(node 0\), "
        r"HASHTABLE_IMPORT \(node 1\), HASHTABLE_FIND \(node 2\), HASHTABLE_SIZE \(node 3\)$"
    )
    with pytest.raises(RuntimeError, match=text):
        octavo.load(net.build())


def test_argument_errors():
    model = networks.dense()
    with pytest.raises(ValueError, match="octavo does not take delegates"):
        ours(model, experimental_delegates=[object()])
    for num_threads in (0, -1, "2", 1.5):
        with pytest.raises(ValueError, match="num_threads must be an integer of at least 1, not"):
            ours(model, num_threads=num_threads)
        with pytest.raises(ValueError, match="num_threads must be an integer of at least 1, not"):
            octavo.Interpreter(model=octavo.load(model), num_threads=num_threads)
    one = "give one of model_path, model_content and model"
    with pytest.raises(ValueError, match=one):
        octavo.Interpreter()
    with pytest.raises(ValueError, match=one):
        octavo.Interpreter(model_content=model, model=octavo.load(model))


# Threads.


def run_in_threads(targets):
    failures = []

    def guarded(target):
        try:
            target()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_interpreters_of_one_model_run_in_threads():
    model = octavo.load(networks.dense(seed=5))
    expected = allocated(networks.dense(seed=5))

    def work(seed):
        interpreter = octavo.Interpreter(model=model)
        rng = np.random.default_rng(seed)
        for _ in range(100):
            x = rng.integers(-128, 128, (int(rng.integers(1, 9)), 4), np.int8)
            interpreter.resize_tensor_input(0, x.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(0, x)
            interpreter.invoke()
            results[seed].append((x, interpreter.get_tensor(3)))

    results = [[] for _ in range(6)]
    run_in_threads([lambda seed=seed: work(seed) for seed in range(6)])
    for x, y in itertools.chain.from_iterable(results):
        expected.resize_tensor_input(0, x.shape)
        expected.allocate_tensors()
        expected.set_tensor(0, x)
        expected.invoke()
        np.testing.assert_array_equal(y, expected.get_tensor(3))
    assert sum(map(len, results)) == 600


def slow_interpreter(batch):
    interpreter = ours(networks.slow())
    interpreter.resize_tensor_input(0, [batch, 2048])
    interpreter.allocate_tensors()
    return interpreter


@pytest.fixture
def no_forced_switches():
    """Threads switch only where one gives up the GIL by itself."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("no_forced_switches")
def test_invoke_releases_the_gil():
    """Without that, this thread would never run between the two readings of `count`."""
    interpreter = slow_interpreter(64)
    count, progress = 0, 0

    def run():
        nonlocal progress
        deadline = time.monotonic() + 20  # a busy machine may leave single calls without a turn
        while progress == 0 and time.monotonic() < deadline:
            before = count
            interpreter.invoke()
            progress = count - before

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        count += 1
        time.sleep(0.001)
    assert progress > 0


def test_an_interpreter_refuses_a_second_thread():
    interpreter = slow_interpreter(16)
    running, refusals, is_done = threading.Event(), [], False

    def run():
        nonlocal is_done
        running.set()
        while not is_done:
            try:
                interpreter.invoke()
            except RuntimeError as error:
                refusals.append(str(error))

    def refused(call):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                call()
            except RuntimeError as error:
                return str(error)
        return None

    thread = threading.Thread(target=run)
    thread.start()
    running.wait()
    try:
        for call in (
            interpreter.invoke,
            interpreter.allocate_tensors,
            interpreter.reset_all_variables,
            lambda: interpreter.set_tensor(0, np.zeros((16, 2048), np.float32)),
            lambda: interpreter.get_tensor(0),
            lambda: interpreter.resize_tensor_input(0, [16, 2048]),
        ):
            message = refused(call)
            assert message is not None
            assert "this interpreter is in use, by another thread" in message
    finally:
        is_done = True
        thread.join()
    interpreter.invoke()
