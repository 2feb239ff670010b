"""`Converter`: the snippets of LiteRT's guide on post-training quantization, on octavo's names and
on TensorFlow's, and settings that contradict each other."""

import subprocess
import sys
from collections import Counter

import networks
import numpy as np
import octavo
import pytest
from octavo import Converter, OpsSet, Optimize, demo
from octavo.flatbuffer import Network, read
from octavo.quantizer.source import Source

DIGITS = demo.digits()[0][:20, None, :, :, None].astype(np.float32) / 16


def digits():
    for image in DIGITS:
        yield [image]


# What the guide sets, with `tf` the module under whose names it does so.


def dynamic_range(tf, converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def integer_with_fallback(tf, converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = digits


def integer_only(tf, converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = digits
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.uint8


def float16(tf, converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def int16(tf, converter):
    converter.representative_dataset = digits
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]


def int16_with_fallback(tf, converter):
    int16(tf, converter)
    converter.target_spec.supported_ops += [tf.lite.OpsSet.TFLITE_BUILTINS]


def nothing(tf, converter):
    pass


def size(tf, converter):
    converter.optimizations = [tf.lite.Optimize.OPTIMIZE_FOR_SIZE]


def latency(tf, converter):
    converter.optimizations = [tf.lite.Optimize.OPTIMIZE_FOR_LATENCY]


def integer_or_float(tf, converter):
    integer_with_fallback(tf, converter)
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
        tf.lite.OpsSet.TFLITE_BUILTINS,
    ]


def int8_types(tf, converter):
    integer_with_fallback(tf, converter)
    converter.target_spec.supported_types = [tf.int8]


def integer_boundary(tf, converter):
    integer_with_fallback(tf, converter)
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8


def int16_boundary(tf, converter):
    int16(tf, converter)
    converter.inference_input_type = tf.int16
    converter.inference_output_type = tf.int16


def float16_with_data(tf, converter):
    float16(tf, converter)
    converter.representative_dataset = digits


def wrapped_data(tf, converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = tf.lite.RepresentativeDataset(digits)


# Each with the same settings of `octavo.quantize`.
SNIPPETS = {
    nothing: {"mode": "float"},
    dynamic_range: {"mode": "dynamic"},
    size: {"mode": "dynamic"},
    latency: {"mode": "dynamic"},
    integer_with_fallback: {"mode": "int8"},
    wrapped_data: {"mode": "int8"},
    integer_or_float: {"mode": "int8"},
    integer_boundary: {"mode": "int8", "input_type": "uint8", "output_type": "uint8"},
    integer_only: {"mode": "int8-only", "input_type": "int8", "output_type": "uint8"},
    int8_types: {"mode": "int8-only", "input_type": "float32", "output_type": "float32"},
    float16: {"mode": "float16"},
    float16_with_data: {"mode": "float16"},
    int16: {"mode": "16x8"},
    int16_boundary: {"mode": "16x8", "input_type": "int16", "output_type": "int16"},
    int16_with_fallback: {"mode": "16x8", "fallback": True},
}
ALL_SNIPPETS = pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda f: f.__name__)


@ALL_SNIPPETS
def test_snippets_mean_what_the_guide_says(snippet):
    converter = Converter.from_tflite(demo.network("float"))
    snippet(octavo, converter)
    wanted = octavo.quantize(demo.network("float"), data=digits, **SNIPPETS[snippet])
    assert converter.convert() == bytes(wanted)
    assert converter.convert() == bytes(wanted)  # the settings can be used again


def test_a_whole_snippet():
    """As in the guide but for the import and the source of the network."""
    import octavo as tf

    def representative_dataset():
        for data in DIGITS:
            yield {"image": data}

    converter = tf.lite.TFLiteConverter.from_tflite(demo.network("float").read_bytes())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative_dataset
    converter.target_spec = tf.lite.TargetSpec(supported_ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8])
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    tflite_quant_model = converter.convert()

    interpreter = tf.lite.Interpreter(model_content=tflite_quant_model)
    interpreter.allocate_tensors()
    x, y = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert x["dtype"] == y["dtype"] == np.uint8
    assert y["quantization"] == (1 / 256, 0)
    scale, zero_point = x["quantization"]
    right = 0
    images, labels = demo.digits()
    for image, label in zip(images, labels, strict=True):
        quantized = np.round(image / 16 / scale + zero_point).astype(np.uint8)
        interpreter.set_tensor(x["index"], quantized[None, ..., None])
        interpreter.invoke()
        right += interpreter.get_tensor(y["index"]).argmax() == label
    assert right >= 0.97 * len(labels)


def test_samples_of_several_signatures():
    a, b = np.float32([[1, -2]]), np.float32([[3, 0.5]])

    def samples():
        yield "down", {"value": a}
        yield "join", {"first": a, "second": b}

    converter = Converter.from_tflite(networks.two_signatures())
    converter.optimizations = [Optimize.DEFAULT]
    converter.representative_dataset = samples
    quantized = octavo.Interpreter(model_content=converter.convert())
    joined = quantized.get_signature_runner("join")(first=a, second=b)["both"]
    np.testing.assert_allclose(joined, np.concatenate([a, b]), atol=0.51 * 5 / 255)
    assert quantized.get_signature_runner("down")(value=b)["floor"].tolist() == [[3, 0]]
    converter.representative_dataset = lambda: [("down", {"value": a})]
    with pytest.raises(ValueError, match="never ran subgraph 1"):
        converter.convert()


def unsupported():
    """CONV_2D, which has an integer form, then FLOOR, which has none."""
    rng = np.random.default_rng(0)
    net = Network()
    x, y, z = (net.tensor(name, (1, 3, 3, 2), "float32") for name in ("x", "y", "z"))
    weights = net.constant("w", rng.normal(size=(2, 1, 1, 2)).astype(np.float32))
    bias = net.constant("b", np.float32([1, 2]))
    net.op("CONV_2D", [x, weights, bias], [y], padding="SAME", stride_w=1, stride_h=1)
    net.op("FLOOR", [y], [z])
    net.inputs, net.outputs = [x], [z]
    return net.build()


@pytest.mark.parametrize(
    ("ops", "kept"),
    [
        ([OpsSet.TFLITE_BUILTINS], True),
        ([OpsSet.TFLITE_BUILTINS_INT8], False),
        ([OpsSet.TFLITE_BUILTINS_INT8, OpsSet.TFLITE_BUILTINS], True),
        ([OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8], False),
        (
            {
                OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
                OpsSet.TFLITE_BUILTINS,
            },
            True,
        ),
    ],
)
def test_float_is_a_fallback_only_where_allowed(ops, kept):
    converter = Converter.from_tflite(unsupported())
    converter.optimizations = [Optimize.DEFAULT]
    converter.representative_dataset = [[np.ones((1, 3, 3, 2), np.float32)]]
    converter.target_spec.supported_ops = ops
    if not kept:
        with pytest.raises(ValueError, match='FLOOR "z" has no integer form'):
            converter.convert()
        return
    source = Source(read(converter.convert()), 0)
    assert set(source.names) == {"QUANTIZE", "CONV_2D", "DEQUANTIZE", "FLOOR"}


class FakeType:
    """What a dtype of TensorFlow shows of itself."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, FakeType) and other.name == self.name

    def __hash__(self):
        return hash(self.name)


@pytest.mark.parametrize("of", [octavo, np], ids=["octavo", "numpy"])
@pytest.mark.parametrize("wrap", [lambda t: t, np.dtype, lambda t: FakeType(np.dtype(t).name)])
def test_dtypes_of_every_library(of, wrap):
    converter = Converter.from_tflite(demo.network("float"))
    converter.optimizations = [Optimize.DEFAULT]
    converter.representative_dataset = digits
    converter.target_spec.supported_types = [wrap(of.int8)]
    converter.inference_input_type = wrap(of.uint8)
    converter.inference_output_type = wrap(of.float32)
    net = octavo.load(converter.convert())
    assert (net.inputs[0].dtype, net.outputs[0].dtype) == (np.uint8, np.float32)


def contradictions():
    integer = [OpsSet.TFLITE_BUILTINS_INT8]
    both = [*OpsSet]
    default = {"optimizations": [Optimize.DEFAULT]}
    data = {"representative_dataset": digits}
    yield data, {}, "a representative_dataset without optimizations"
    yield {}, {"supported_ops": integer}, "TFLITE_BUILTINS_INT8 without optimizations"
    yield {}, {"supported_types": [np.float16]}, "float16 without optimizations"
    yield default, {"supported_ops": integer}, "needs a representative_dataset"
    yield default, {"supported_types": ["int8"]}, "needs a representative_dataset"
    yield default, {"supported_ops": both[2:]}, "needs a representative_dataset"
    yield default | data, {"supported_ops": both}, "exclude each other"
    yield (
        default | data,
        {"supported_ops": integer, "supported_types": [np.float16]},
        "excludes target_spec.supported_types float16",
    )
    yield default, {"supported_types": [np.float16, np.int8]}, "float16, int8; it is int8 alone"
    yield default, {"supported_types": [np.int32]}, "supported_types: int32"
    yield default, {"supported_ops": ["SELECT_TF_OPS"]}, "SELECT_TF_OPS is not among TFLITE"
    yield {"optimizations": ["SPARSITY"]}, {}, "optimizations: SPARSITY is not among DEFAULT"
    yield default | {"inference_input_type": np.int8}, {}, 'type int8: with mode "dynamic"'
    yield {"inference_output_type": np.int8}, {}, 'output type int8: with mode "float"'
    yield default | data | {"inference_input_type": np.int16}, {}, 'int16: with mode "int8"'
    yield (
        default | data | {"inference_input_type": np.int8},
        {"supported_ops": both[2:]},
        'int8: with mode "16x8"',
    )


@pytest.mark.parametrize(("settings", "target", "message"), list(contradictions()))
def test_contradictions(settings, target, message):
    converter = Converter.from_tflite(demo.network("float"))
    for name, value in settings.items():
        setattr(converter, name, value)
    for name, value in target.items():
        setattr(converter.target_spec, name, value)
    with pytest.raises(ValueError, match=message):
        converter.convert()


def test_unknown_settings_are_errors(tmp_path):
    converter = Converter.from_tflite(demo.network("float"))
    with pytest.raises(AttributeError, match="optimisations"):
        converter.optimisations = []
    with pytest.raises(AttributeError, match="ops"):
        converter.target_spec.ops = []
    with pytest.raises(FileNotFoundError):
        Converter.from_tflite(tmp_path / "no.tflite")


@pytest.mark.parametrize(
    "source", ["from_saved_model", "from_keras_model", "from_concrete_functions"]
)
def test_tensorflow_is_optional(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ImportError, match=rf"{source} needs TensorFlow: .*octavo\[tensorflow\]"):
        getattr(Converter, source)("anything")


def test_imports_are_lazy():
    """`import octavo` takes what runs networks; TensorFlow stays out of the converter too."""
    code = (
        "import sys, octavo as tf\n"
        "assert 'octavo.quantizer' not in sys.modules\n"
        "assert tf.lite.TFLiteConverter is tf.Converter\n"
        "assert tf.lite.Interpreter is tf.Interpreter\n"
        "assert tf.int8 is sys.modules['numpy'].int8\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# With TensorFlow.


@pytest.fixture(scope="module")
def tensorflow():
    return pytest.importorskip("tensorflow", reason="needs the extra octavo[tensorflow]")


@pytest.fixture(scope="module")
def keras_model(tensorflow):
    """The digits network's architecture with random weights."""
    layers = tensorflow.keras.layers
    tensorflow.keras.utils.set_random_seed(0)
    return tensorflow.keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
            layers.Softmax(),
        ]
    )


@pytest.fixture(scope="module")
def saved_model(tensorflow, tmp_path_factory):
    """Two signatures over one variable."""

    class Scaler(tensorflow.Module):
        def __init__(self):
            kernel = np.random.default_rng(0).normal(size=(3, 3, 1, 4))
            self.kernel = tensorflow.Variable(kernel.astype(np.float32))

        @tensorflow.function(
            input_signature=[
                tensorflow.TensorSpec((1, 8, 8, 1), tensorflow.float32, "image"),
                tensorflow.TensorSpec((4,), tensorflow.float32, "bias"),
            ]
        )
        def encode(self, image, bias):
            filtered = tensorflow.nn.conv2d(image, self.kernel, 1, "SAME")
            return {"code": tensorflow.nn.relu(filtered) + bias}

        @tensorflow.function(
            input_signature=[tensorflow.TensorSpec((1, 8, 8, 4), tensorflow.float32, "code")]
        )
        def decode(self, code):
            return {"image": tensorflow.reduce_mean(code, axis=3)}

    module = Scaler()
    folder = str(tmp_path_factory.mktemp("saved"))
    signatures = {"encode": module.encode, "decode": module.decode}
    tensorflow.saved_model.save(module, folder, signatures=signatures)
    return folder, module


def facts(content):
    """What a converter decides, and the order of operators leaves open."""
    source = Source(read(content), 0)
    weights = Counter(
        source.dtype(t)
        for n in range(len(source.names))
        for _, t in source.operands(n)
        if source.model.buffers[source.graph.tensors[t].buffer].data is not None
        and np.size(source.graph.tensors[t].shape) > 1
    )
    ends = [source.dtype(t) for t in (*source.inputs, *source.outputs)]
    return Counter(source.names), weights, ends


@ALL_SNIPPETS
def test_converts_as_tensorflow_does(tensorflow, keras_model, snippet):
    """The same operators, types of weights, inputs and outputs as TensorFlow's own converter, with
    TensorFlow's names for the settings."""
    theirs = tensorflow.lite.TFLiteConverter.from_keras_model(keras_model)
    ours = Converter.from_keras_model(keras_model)
    for converter in (theirs, ours):
        snippet(tensorflow, converter)
    assert facts(ours.convert()) == facts(theirs.convert())


def test_data_of_tensorflow(tensorflow, keras_model):
    """A dataset gives tensors."""
    dataset = tensorflow.data.Dataset.from_tensor_slices(DIGITS[:, 0]).batch(1)

    def representative_dataset():
        for image in dataset.take(10):
            yield [tensorflow.dtypes.cast(image, tensorflow.float32)]

    contents = []
    for data in (representative_dataset, DIGITS[:10, 0]):
        converter = Converter.from_keras_model(keras_model)
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.representative_dataset = data
        contents.append(converter.convert())
    assert contents[0] == contents[1]


def test_signatures_of_a_saved_model(saved_model):
    folder, _ = saved_model
    rng = np.random.default_rng(1)
    images, biases = rng.normal(size=(5, 1, 8, 8, 1)), rng.normal(size=(5, 4))
    codes = rng.normal(size=(5, 1, 8, 8, 4))

    def representative_dataset():
        for image, bias in zip(images, biases, strict=True):
            yield "encode", {"image": image.astype(np.float32), "bias": bias.astype(np.float32)}
        for code in codes:
            yield "decode", {"code": code.astype(np.float32)}

    converter = Converter.from_saved_model(folder)
    floats = octavo.Interpreter(model_content=converter.convert())
    converter.optimizations = [Optimize.DEFAULT]
    converter.representative_dataset = representative_dataset
    quantized = octavo.Interpreter(model_content=converter.convert())
    for key, sample in representative_dataset():
        wanted, given = (net.get_signature_runner(key)(**sample) for net in (floats, quantized))
        assert given.keys() == wanted.keys()
        for name, values in wanted.items():
            np.testing.assert_allclose(given[name], values, atol=0.1)
    assert Converter.from_saved_model(folder, ["decode"]).convert() != converter.convert()


def test_concrete_functions(saved_model):
    _, module = saved_model
    converter = Converter.from_concrete_functions([module.decode.get_concrete_function()], module)
    code = np.random.default_rng(2).normal(size=(1, 8, 8, 4)).astype(np.float32)
    np.testing.assert_allclose(octavo.load(converter.convert())(code), code.mean(axis=3), atol=1e-6)
