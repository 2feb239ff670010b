"""Reading, writing and building files, with LiteRT as the judge of what was written."""

import subprocess
import sys

import numpy as np
import octavo._schema as schema
import pytest
from objects import plain
from octavo import flatbuffer
from octavo.flatbuffer import Network

# Inputs are what lies beside the file, or else random.
INVOKE_BOTH = """
import sys
from pathlib import Path
import numpy as np
from ai_edge_litert.interpreter import Interpreter

recorded = Path(sys.argv[1]).with_suffix(".npz")
inputs = np.load(recorded) if recorded.exists() else {}

def outputs(path):
    network = Interpreter(model_path=path)
    network.allocate_tensors()
    generator = np.random.default_rng(1)
    for number, tensor in enumerate(network.get_input_details()):
        value = inputs.get(f"in{number}")
        if value is None:
            value = generator.integers(0, 256, tensor["shape"])
        value = value.reshape(tensor["shape"]).astype(tensor["dtype"])
        network.set_tensor(tensor["index"], value)
    network.invoke()
    return [network.get_tensor(tensor["index"]) for tensor in network.get_output_details()]

first, second = map(outputs, sys.argv[1:])
assert first and len(first) == len(second)
for a, b in zip(first, second):
    assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
print("same")
"""


def in_child(script, *arguments):
    """Runs a script in a process of its own, as LiteRT aborts on what it does not like."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def misaligned(content):
    """The buffers of a file whose data do not begin at a multiple of 16."""
    model = schema.Model.GetRootAs(content)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    starts = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if not b.DataIsNone()]
    return [start for start in starts if start % 16]


def small_network():
    net = Network()
    x = net.tensor("x", (1, 4), "int8", scale=0.5, zero_point=-3)
    w = net.constant("w", np.arange(8, dtype=np.int8).reshape(2, 4), scale=[0.1, 0.2])
    b = net.constant("b", np.array([3, -4], np.int32), scale=[0.05, 0.1])
    y = net.tensor("y", (1, 2), "int8", scale=0.25)
    net.op("FULLY_CONNECTED", [x, w, b], [y], fused_activation_function="RELU")
    net.inputs, net.outputs = [x], [y]
    return net


def test_real_files_survive(model_file, tmp_path):
    pytest.importorskip("ai_edge_litert")
    before = flatbuffer.read(model_file)
    content = flatbuffer.write(before)
    assert plain(flatbuffer.read(content)) == plain(before)
    assert not misaligned(content)
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(content)
    child = in_child(INVOKE_BOTH, model_file, copy)
    assert child.stdout.strip() == "same", child.stderr


def test_empty_is_not_absent():
    model = small_network().model()
    tensors = model.subgraphs[0].tensors
    tensors[0].shapeSignature = []
    tensors[1].shapeSignature = np.empty(0, np.int32)
    tensors[2].shapeSignature = None
    tensors[3].name = None
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = np.empty(0, np.uint8)
    model.description = b""
    read = flatbuffer.read(flatbuffer.write(model))
    signatures = [tensor.shapeSignature for tensor in read.subgraphs[0].tensors]
    assert [s is None for s in signatures] == [False, False, True, True]
    assert [len(s) for s in signatures[:2]] == [0, 0]
    assert read.subgraphs[0].tensors[3].name is None
    assert read.description == b""
    assert read.signatureDefs is None
    assert read.buffers[0].data is None
    assert len(read.buffers[-1].data) == 0


@pytest.mark.parametrize("size", range(1, 34))
@pytest.mark.parametrize("kind", [list, np.array])
def test_data_are_aligned(size, kind):
    model = small_network().model()
    model.description = "x" * size
    model.buffers[1].data = kind(list(range(size)))
    if kind is np.array:
        model.buffers[1].data = model.buffers[1].data.astype(np.uint8)
    content = flatbuffer.write(model)
    assert not misaligned(content)
    assert flatbuffer.read(content).buffers[1].data.tolist() == list(range(size))


def test_arrays_of_any_layout_are_written():
    model = small_network().model()
    weights = model.subgraphs[0].tensors[1]
    weights.shape = np.array([2, 4], ">i4")
    weights.quantization.scale = np.array([[0.5, 9], [0.25, 9]], np.float32)[:, 0]
    read = flatbuffer.read(flatbuffer.write(model)).subgraphs[0].tensors[1]
    assert read.shape.tolist() == [2, 4]
    assert read.quantization.scale.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a TFLite file: 0 bytes without the identifier TFL3"),
        (b"Not a network at all.", "not a TFLite file: 21 bytes without the identifier TFL3"),
        (b"\xff\xff\xff\x7fTFL3", "damaged TFLite file: "),
        (small_network().build()[:200], "damaged TFLite file: "),
    ],
)
def test_what_is_no_network_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        flatbuffer.read(content)


@pytest.mark.parametrize(
    ("field", "union"),
    [("builtinOptionsType", "BuiltinOptions"), ("builtinOptions2Type", "BuiltinOptions2")],
)
def test_options_of_a_newer_schema_are_not_lost_silently(field, union):
    model = small_network().model()
    setattr(model.subgraphs[0].operators[0], field, 127)
    with pytest.raises(ValueError, match=f"newer than the schema: {union} 127"):
        flatbuffer.read(flatbuffer.write(model))


def test_quantization_of_a_newer_schema_is_not_lost_silently():
    model = small_network().model()
    model.subgraphs[0].tensors[0].quantization.detailsType = 99
    with pytest.raises(ValueError, match="newer than the schema: QuantizationDetails 99"):
        flatbuffer.read(flatbuffer.write(model))


DESCRIBE = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

network = Interpreter(
    model_path=sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_REF
)
network.allocate_tensors()
network.set_tensor(0, np.array([[1, 2, 3, 4]], np.int8))
network.invoke()
for tensor in network.get_tensor_details():
    quantization = tensor["quantization_parameters"]
    print(
        tensor["name"], tensor["shape"].tolist(), tensor["dtype"].__name__,
        [f"{scale:.3g}" for scale in quantization["scales"]], quantization["zero_points"].tolist(),
        quantization["quantized_dimension"],
    )
print(network.get_tensor(3).tolist(), network.get_signature_list())
"""


def test_litert_sees_the_network_that_was_built(tmp_path):
    pytest.importorskip("ai_edge_litert")
    net = small_network()
    net.signature("serve", {"in": 0}, {"out": 3})
    path = tmp_path / "net.tflite"
    path.write_bytes(net.build())
    child = in_child(DESCRIBE, path)
    # Row 0: 0.5 * 0.1 * ((4 5 6 7) . (0 1 2 3) + 3) = 0.05 * 41 = 2.05 = 8.2 / 4, row 1:
    # 0.5 * 0.2 * ((4 5 6 7) . (4 5 6 7) - 4) = 0.1 * 122 = 12.2 = 48.8 / 4.
    assert child.stdout.splitlines() == [
        "x [1, 4] int8 ['0.5'] [-3] 0",
        "w [2, 4] int8 ['0.1', '0.2'] [0, 0] 0",
        "b [2] int32 ['0.05', '0.1'] [0, 0] 0",
        "y [1, 2] int8 ['0.25'] [0] 0",
        "[[8, 49]] {'serve': {'inputs': ['in'], 'outputs': ['out']}}",
    ], child.stderr


def test_options_are_found_by_operator_and_set_by_name():
    net = Network()
    x = net.tensor("x", (1, 4, 4, 1), np.float32)
    y = net.tensor("y", (1, 2, 2, 1), np.float32)
    net.op("MAX_POOL_2D", [x], [y], padding="VALID", filter_width=3, stride_h=2, version=2)
    net.op("CAST", [x], [y], in_data_type="float32", out_data_type="BFLOAT16")
    net.op("LOGISTIC", [x], [y])
    net.op("STABLEHLO_CASE", [x], [y], branch_subgraph_indices=[1, 2])
    net.op("CUSTOM", [x, None], [y], custom_code="Mine", custom_options=b"\1\2")
    net.op("ADD", [x, x], [y])
    net.op("ADD", [x, x], [y], version=2)
    net.op("ADD", [x, x], [y])
    model = flatbuffer.read(net.build())
    pool, cast, logistic, case, custom, add, *more = model.subgraphs[0].operators
    assert pool.builtinOptionsType == schema.BuiltinOptions.Pool2DOptions
    assert vars(pool.builtinOptions) == {
        "padding": schema.Padding.VALID,
        "strideW": 0,
        "strideH": 2,
        "filterWidth": 3,
        "filterHeight": 0,
        "fusedActivationFunction": 0,
    }
    assert cast.builtinOptions.outDataType == schema.TensorType.BFLOAT16
    assert (logistic.builtinOptions, logistic.builtinOptionsType) == (None, 0)
    assert case.builtinOptions2.branchSubgraphIndices.tolist() == [1, 2]
    assert (case.builtinOptionsType, case.builtinOptions2Type) == (0, 23)
    assert custom.inputs.tolist() == [x, -1]
    assert custom.customOptions.tolist() == [1, 2]
    assert add.builtinOptions.potScaleInt16
    assert [op.opcodeIndex for op in (add, *more)] == [5, 6, 5]
    codes = [(c.deprecatedBuiltinCode, c.builtinCode, c.version) for c in model.operatorCodes]
    assert codes[:4] == [(17, 17, 2), (53, 53, 1), (14, 14, 1), (127, 209, 1)]
    assert codes[4:] == [(32, 32, 1), (0, 0, 1), (0, 0, 2)]
    assert model.operatorCodes[4].customCode == b"Mine"


def test_every_options_table_belongs_to_an_operator():
    operators = [code for code in vars(schema.BuiltinOperator) if not code.startswith("_")]
    tables = {flatbuffer.options_name(code) for code in operators}
    unions = {*vars(schema.BuiltinOptions), *vars(schema.BuiltinOptions2)}
    assert {name for name in unions if name.endswith("Options")} <= tables


@pytest.mark.parametrize(
    ("code", "options", "message"),
    [
        ("CONVOLVE", {}, "CONVOLVE is not a BuiltinOperator"),
        ("CONV_2D", {"stride": 1}, "CONV_2D: Conv2DOptions has no field stride"),
        ("CONV_2D", {"padding": "FULL"}, "CONV_2D: padding: FULL is not a Padding"),
        ("LOGISTIC", {"padding": "SAME"}, "LOGISTIC has no options, padding given"),
    ],
)
def test_a_mistake_in_an_operator_is_named(code, options, message):
    with pytest.raises(ValueError, match=message):
        Network().op(code, [], [], **options)


def test_a_tensor_of_unknown_type_is_refused():
    with pytest.raises(ValueError, match="tensor: int3 is not a TensorType"):
        Network().tensor("x", (), "int3")


def test_subgraphs_share_buffers_and_operator_codes():
    net = small_network()
    other = net.subgraph("init")
    handle = other.tensor("handle", (), "resource")
    value = other.constant("value", np.zeros(3, np.float32))
    other.op("VAR_HANDLE", [], [handle], shared_name=b"state")
    other.op("ASSIGN_VARIABLE", [handle, value], [])
    net.op("CALL_ONCE", [], [], init_subgraph_index=other.index)
    model = flatbuffer.read(net.build())
    assert [graph.name for graph in model.subgraphs] == [b"main", b"init"]
    assert model.subgraphs[0].operators[1].builtinOptions.initSubgraphIndex == 1
    assert len(model.buffers[model.subgraphs[1].tensors[1].buffer].data) == 12
    assert [code.builtinCode for code in model.operatorCodes] == [9, 142, 144, 129]
