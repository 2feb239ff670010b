"""octavo.load: arrays in, arrays out."""

import subprocess
import sys
import threading

import networks
import numpy as np
import octavo
import pytest
from octavo.flatbuffer import Network


def integers(model, x):
    """What Interpreter gives for integers."""
    interpreter = octavo.Interpreter(model_content=model)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_specs():
    net = octavo.load(networks.dense())
    (x,), (y,) = net.inputs, net.outputs
    assert (x.name, x.shape, x.dtype) == ("features", (None, 4), np.int8)
    assert (x.scale, x.zero_point) == (0.5, 3)
    assert (y.name, y.shape, y.scale, y.zero_point) == ("scores", (None, 3), 0.25, -5)
    assert repr(net) == (
        '<octavo.Model "features" int8 (?, 4), scale 0.5, zero point 3 -> '
        '"scores" int8 (?, 3), scale 0.25, zero point -5>'
    )
    assert octavo.load(networks.floors(1)).inputs[0].scale is None


def test_real_numbers_are_quantized_and_outputs_dequantized():
    rng = np.random.default_rng(0)
    net = octavo.load(networks.dense())
    for batch in (1, 6, 2):
        x = rng.normal(0, 40, (batch, 4))
        q = np.clip(np.round(x.astype(np.float32) / np.float32(0.5)) + 3, -128, 127)
        expected = (integers(networks.dense(), q.astype(np.int8)).astype(np.float32) + 5) * 0.25
        for given in (x, x.astype(np.float32), x.tolist()):
            y = net(given)
            assert y.dtype == np.float32
            np.testing.assert_array_equal(y, expected)


def test_integers_of_the_inputs_own_type_are_taken_as_they_are():
    x = np.random.default_rng(1).integers(-128, 128, (5, 4), np.int8)
    y = octavo.load(networks.dense())(features=x)
    expected = (integers(networks.dense(), x).astype(np.float32) + 5) * np.float32(0.25)
    assert y.dtype == np.float32, "whatever the input was"
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_quantizing_is_what_operator_quantize_does(dtype):
    spec = octavo.TensorSpec("x", 0, (None,), np.dtype(dtype), 0.1, 3)
    q = np.arange(-40, 41) * np.float32(0.05)  # halves between integers, both signs
    q = np.concatenate([q, [np.nan, np.inf, -np.inf, 1e30, -1e30]]).astype(np.float32)
    net = Network()
    x = net.tensor("x", q.shape, "float32")
    y = net.tensor("y", q.shape, dtype, scale=0.1, zero_point=3)
    z = net.tensor("z", q.shape, "float32")
    net.op("QUANTIZE", [x], [y])
    net.op("DEQUANTIZE", [y], [z])
    net.inputs, net.outputs = [x], [y, z]
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    interpreter.set_tensor(x, q)
    interpreter.invoke()
    np.testing.assert_array_equal(spec.quantize(q), interpreter.get_tensor(y))
    np.testing.assert_array_equal(
        spec.dequantize(interpreter.get_tensor(y)), interpreter.get_tensor(z)
    )
    info = np.iinfo(dtype)
    assert spec.quantize([0.25, -0.25 + 0.3]).tolist() == [6, 4], "half away from zero"
    assert spec.quantize([9e9, -9e9]).tolist() == [info.max, info.min]


def several():
    """Outputs: the sum as float32, the first input as int8, the second as it is (int32)."""
    net = Network()
    a = net.tensor("a", (1, 2), "float32")
    b = net.tensor("b", (1, 2), "int32")
    floor = net.tensor("floor", (1, 2), "float32")
    q = net.tensor("q", (1, 2), "int8", scale=0.5)
    c = net.tensor("c", (2, 2), "int32")
    net.op("FLOOR", [a], [floor])
    net.op("QUANTIZE", [a], [q])
    net.op("CONCATENATION", [b, b], [c], axis=0)
    net.inputs, net.outputs = [a, b], [floor, q, c]
    return net.build()


def test_several_inputs_and_outputs():
    net = octavo.load(several())
    a, b = np.float32([[1.25, -2.5]]), np.int32([[7, 8]])
    for y in (net(a, b), net(a, b=b), net(b=b, a=a), net([[1.25, -2.5]], [[7, 8]])):
        assert list(y) == ["floor", "q", "c"]
        assert [v.dtype for v in y.values()] == [np.float32, np.float32, np.int32]
        assert y["floor"].tolist() == [[1, -3]]
        assert y["q"].tolist() == [[1.5, -2.5]]
        assert y["c"].tolist() == [[7, 8], [7, 8]]


def test_any_number_suits_a_float_input():
    net = octavo.load(networks.floors(1, size=3))
    for x in (np.array([[1, 2, 255]], np.uint8), [[1, 2, 255]], np.float16([[1, 2, 255]])):
        assert net(x).tolist() == [[1, 2, 255]]


def test_batch_of_a_file_that_fixes_it_at_1():
    x = np.random.default_rng(0).normal(0, 9, (5, 3)).astype(np.float32)
    np.testing.assert_array_equal(octavo.load(networks.floors(2, size=3))(x), np.floor(x))


def test_names_that_are_not_unique():
    net = Network()
    x = net.tensor("x", (1, 2), "float32")
    y = [net.tensor("y", (1, 2), "float32") for _ in range(2)]
    for output in y:
        net.op("FLOOR", [x], [output])
    net.inputs, net.outputs = [x], y
    assert list(octavo.load(net.build())(np.ones((1, 2)))) == ["y#1", "y#2"]


def test_every_call_starts_with_variables_at_zero():
    net = Network()
    x = net.tensor("x", (1, 2), "float32")
    state = net.tensor("state", (1, 2), "float32", is_variable=True)
    y = net.tensor("y", (2, 2), "float32")
    net.op("CONCATENATION", [x, state], [y], axis=0)
    net.inputs, net.outputs = [x], [y]
    loaded = octavo.load(net.build())
    loaded(np.ones((1, 2)))
    (interpreter,) = loaded._idle
    interpreter.set_tensor(state, np.ones((1, 2), np.float32))
    assert loaded(np.ones((1, 2))).tolist() == [[1, 1], [0, 0]]


def test_input_errors():
    net = octavo.load(several())
    a, b = np.zeros((1, 2)), np.zeros((1, 2), np.int32)
    count = r'the network takes 2 inputs \("a", "b"\), given are '
    for call, given in [
        (lambda: net(a), "1 by position$"),
        (lambda: net(), "none$"),
        (lambda: net(a, b, b), "3 by position$"),
        (lambda: net(a, c=b), '1 by position, "c"$'),
        (lambda: net(a, a=b), '1 by position, "a"$'),
    ]:
        with pytest.raises(ValueError, match=count + given):
            call()
    for x in (np.zeros(2), np.zeros((1, 3)), np.zeros((1, 2, 1))):
        with pytest.raises(ValueError, match=r'input "a" float32 \(1, 2\): the array has shape'):
            net(x, b)
    with pytest.raises(ValueError, match="takes int32, the array has float64"):
        net(a, a)
    with pytest.raises(ValueError, match="takes int32, the array has int64"):
        net(a, np.full((1, 2), 2**40))
    with pytest.raises(ValueError, match="takes float32, the array has complex128"):
        net(a * 1j, b)
    quantized = octavo.load(networks.dense())
    with pytest.raises(ValueError, match="takes int8 or real numbers, the array has uint8"):
        quantized(np.zeros((1, 4), np.uint8))


def test_a_failed_call_leaves_no_trace():
    net = octavo.load(networks.floors(1, size=3))
    with pytest.raises(ValueError, match="the array has shape"):
        net(np.zeros((1, 4)))
    assert net(np.full((1, 3), 1.5)).tolist() == [[1, 1, 1]]


def test_loading_errors(tmp_path):
    path = tmp_path / "net.tflite"
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: .*net\.tflite"):
        octavo.load(path)
    path.write_bytes(b"Not a network at all.")
    with pytest.raises(ValueError, match=r"net\.tflite: not a \.tflite file"):
        octavo.load(str(path))
    with pytest.raises(ValueError, match="num_threads must be an integer of at least 1, not 0"):
        octavo.load(networks.dense(), num_threads=0)
    for source in (bytes, bytearray, memoryview):
        assert octavo.load(source(networks.dense())).inputs[0].name == "features"


def test_called_by_threads_at_once():
    net = octavo.load(networks.dense(), num_threads=2)
    rng = np.random.default_rng(3)
    arrays = [rng.integers(-128, 128, (int(n), 4), np.int8) for n in rng.integers(1, 9, 50)]
    expected = [octavo.load(networks.dense())(x) for x in arrays]
    results = {}

    def work(thread):
        results[thread] = [net(x) for x in arrays]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    for found in results.values():
        for y, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(y, wanted)
    assert 1 <= len(net._idle) <= 6


def fresh_python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_importing_is_cheap():
    """What runs networks is imported, nothing else; the time is printed: machines differ."""
    code = """
import sys, time
import numpy
start = time.perf_counter()
import octavo
print(f"{time.perf_counter() - start:.4f} s after numpy")
print(*sorted(name for name in sys.modules if name.startswith("octavo.")))
heavy = "flatbuffers", "rich", "PIL"
print(*[name for name in heavy if name in sys.modules])
"""
    lines = fresh_python(code).split("\n")
    print(*lines, sep="\n")
    modules = "_core custom_ops interpreter model tensor_spec"
    assert lines[1] == " ".join(f"octavo.{name}" for name in modules.split())
    assert lines[2] == "", "running networks needs no flatbuffers"


def test_exports():
    for name in octavo.__all__:
        assert getattr(octavo, name).__name__.removeprefix("octavo.") == name
    assert set(octavo.__all__) <= set(dir(octavo))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = octavo.nothing
