"""Real networks against LiteRT's reference kernels, on random inputs and on labelled data."""

import numpy as np
import octavo
import octavo._schema as schema
import oracle
import pytest
import shared
from octavo.flatbuffer import read, write

pytest.importorskip("ai_edge_litert")

# LiteRT dies of being asked for a handle's value: test_variables.py runs it.
STREAMING = {"alexa"}
# Float networks with 8-bit weights, whose activations are quantized while they run.
DYNAMIC = {
    "efficientnet_lite0_dynamic",
    "kws_ref_model_float32",
    "mnist_dynamic",
    "mobilenet_v1_dynamic",
    "mobilenet_v2_dynamic",
    "model_ToyCar_quant",
}
# Random weights give logits that are all equal, on which the oracle's int8 SOFTMAX aborts.
EQUAL_LOGITS = {"inception_v3_int8", "mobilenet_v1_int8", "mobilenet_v2_int8"}


def cut_before_softmax(content):
    """The network up to its SOFTMAX, whose input becomes the output."""
    model = read(content)
    graph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for index, operator in enumerate(graph.operators):
        if codes[operator.opcodeIndex] == schema.BuiltinOperator.SOFTMAX:
            graph.outputs = operator.inputs[:1]
            graph.operators = graph.operators[:index]
            model.signatureDefs = None
            return write(model)
    return content


def with_float_weights(content):
    """A network whose int8 constants are the real numbers that they stand for."""
    model = read(content)
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        if tensor.type != schema.TensorType.INT8 or data is None or not len(data):
            continue
        q = tensor.quantization
        shape = np.ones(len(tensor.shape), int)
        if len(q.scale) > 1:
            shape[q.quantizedDimension] = -1
        weights = np.frombuffer(bytes(data), np.int8).reshape(tensor.shape).astype(np.float32)
        weights = (weights - np.reshape(q.zeroPoint, shape)) * np.reshape(q.scale, shape)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(weights.astype(np.float32).tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
        tensor.type = schema.TensorType.FLOAT32
        tensor.quantization = None
    return write(model)


@pytest.mark.parametrize("file", shared.networks(but={*DYNAMIC, *STREAMING}))
def test_equal_to_litert(file):
    """Every integer that an operator computes to the bit; float outputs within 1e-5 of the peak."""
    content = file.read_bytes()
    reference = cut_before_softmax(content) if file.stem in EQUAL_LOGITS else content
    computed = [
        index
        for _, _, outputs in octavo.Interpreter(model_content=reference)._main.nodes()
        for index in outputs.tolist()
    ]
    for seed in range(3):
        inputs = shared.random_inputs(file, seed)
        values, outputs = oracle.octavo_run(content, inputs, keep_all=True)
        expected, _ = oracle.run(reference, inputs, keep_all=True)
        for index in computed:
            if expected[index].dtype.kind != "f" or index in outputs:
                oracle.assert_same(values[index], expected[index], f"tensor {index}")


@pytest.mark.parametrize("file", shared.networks(only=EQUAL_LOGITS))
def test_softmax_of_equal_logits(file):
    """What octavo gives where the oracle aborts: the exponentials' sum reaches 512, so -128."""
    inputs = shared.random_inputs(file, 0)
    with pytest.raises(oracle.OracleError, match="died"):
        oracle.run(file.read_bytes(), inputs)
    values, outputs = oracle.octavo_run(file.read_bytes(), inputs)
    assert set(values[outputs[0]].ravel().tolist()) == {-128}


def relative_error(y, exact):
    return np.sqrt(np.mean((y - exact) ** 2) / np.mean(exact**2))


@pytest.mark.parametrize("file", shared.networks(only=DYNAMIC))
def test_dynamic_range(file):
    """Near the same network with float weights, and as near as LiteRT. No bits are promised."""
    content = cut_before_softmax(file.read_bytes())
    floats = with_float_weights(content)
    for seed in range(3):
        inputs = shared.random_inputs(file, seed)
        exact, outputs = oracle.octavo_run(floats, inputs)
        theirs, _ = oracle.run(content, inputs)
        for ours, _ in oracle.octavo_tables(content, inputs).values():
            for i in outputs:
                error = relative_error(ours[i], exact[i])
                assert error <= 0.02
                assert error <= 1.25 * relative_error(theirs[i], exact[i])
                assert not np.array_equal(ours[i], exact[i]), "the weights are those of the file"
        oracle.assert_equal_to_litert(floats, inputs)


PARTNERS = {"efficientnet_lite0_dynamic", "mnist_dynamic", "mobilenet_v1_dynamic"}


@pytest.mark.parametrize("file", shared.networks(only=PARTNERS))
def test_dynamic_range_against_its_float_network(file):
    """The weights' own error comes in; it is the file's, so the same for LiteRT."""
    partner = file.with_stem(file.stem.replace("dynamic", "float"))
    (spec,) = octavo.load(partner).inputs
    contents = [cut_before_softmax(path.read_bytes()) for path in (file, partner)]
    for seed in range(3):
        inputs = shared.random_inputs(file, seed)
        (x,) = inputs.values()
        values, outputs = oracle.octavo_run(contents[1], {spec.index: x})
        exact = values[outputs[0]]
        theirs, _ = oracle.run(contents[0], inputs)
        for ours, outputs in oracle.octavo_tables(contents[0], inputs).values():
            error = relative_error(ours[outputs[0]], exact)
            assert error <= 0.08
            assert error <= 1.1 * relative_error(theirs[outputs[0]], exact)


@pytest.mark.parametrize("file", shared.networks("seanet/*.tflite"))
def test_seanet_gives_what_tflm_recorded(file):
    interpreter = octavo.Interpreter(file)
    interpreter.allocate_tensors()
    with np.load(file.with_suffix(".npz")) as recorded:
        for k, d in enumerate(interpreter.get_input_details()):
            value = recorded[f"in{k}"].reshape(d["shape"])
            interpreter.set_tensor(d["index"], value.astype(d["dtype"]))
        interpreter.invoke()
        (d,) = interpreter.get_output_details()
        y = interpreter.get_tensor(d["index"])
        np.testing.assert_array_equal(y, recorded["out0"].reshape(d["shape"]))


@pytest.mark.parametrize("file", shared.networks())
def test_memory_is_shared_in_time(file):
    interpreter = octavo.Interpreter(file)
    interpreter.allocate_tensors()
    alignment = 64 * len(interpreter.get_tensor_details())
    assert 0 < interpreter.arena_bytes <= interpreter.unshared_bytes + alignment
    if len(interpreter._get_ops_details()) > 20:
        assert interpreter.arena_bytes < interpreter.unshared_bytes / 2


# Labelled data: (network, least accuracy, inputs as the network takes them and labels).


def photographs():
    """20 of the 500; a network for them takes (x - 127) / 128."""
    image = pytest.importorskip("PIL.Image")
    files = sorted((shared.FOLDER / "data" / "imagenet_dev").glob("*.jpg"))[12::25]
    x = np.stack([np.asarray(image.open(file).convert("RGB")) for file in files])
    return (x.astype(np.float32) - 127) / 128, np.array([int(file.stem) for file in files])


def cifar():
    with np.load(shared.FOLDER / "data" / "cifar10_eval.npz") as data:
        return (data["x"][:300].astype(int) - 128).astype(np.int8), data["y"][:300]


def keywords():
    with np.load(shared.FOLDER / "data" / "kws.npz") as data:
        return data["x"].reshape(-1, 49, 10, 1), data["y"]


@shared.needs_shared
@pytest.mark.parametrize(
    ("name", "data", "count", "least"),
    [
        ("efficientnet_lite0_int8", photographs, 20, 0.8),
        ("pretrainedResnet_quant", cifar, 300, 0.7),
        ("kws_ref_model", keywords, 500, 0.85),
    ],
)
def test_accuracy_equals_litert(name, data, count, least):
    """In one batch: every output to the bit, hence every prediction."""
    x, labels = data()
    content = shared.network(name).read_bytes()
    net = octavo.load(content)
    x = net.inputs[0].fit(x)
    assert len(x) == len(labels) == count
    options = {"resize": {net.inputs[0].index: x.shape}}
    expected, (index,) = oracle.run(content, {net.inputs[0].index: x}, **options)
    ours, _ = oracle.octavo_run(content, {net.inputs[0].index: x}, **options)
    oracle.assert_same(ours[index], expected[index])
    accuracy = np.mean(expected[index].argmax(axis=1) == labels.ravel())
    print(f"{name}: {accuracy:.1%} of {count} right")
    assert np.mean(net(x).argmax(axis=1) == labels.ravel()) == accuracy >= least
