"""octavo.Interpreter in the place of LiteRT's: the same arguments, details, values, signatures."""

import warnings

import networks
import numpy as np
import octavo
import octavo._schema as schema
import pytest
from flatbuffers import flexbuffers
from octavo.flatbuffer import Network, read, write

litert = pytest.importorskip("ai_edge_litert.interpreter")

KEEP = {"experimental_preserve_all_tensors": True}


def reference(model, **options):
    return litert.Interpreter(
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        **({"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}),
        **options,
    )


def ours(model, **options):
    source = {"model_content": model} if isinstance(model, bytes) else {"model_path": model}
    return octavo.Interpreter(**source, **options)


def assert_alike(ours, theirs, where=""):
    """Equal in value and in type, all the way down."""
    assert type(ours) is type(theirs), where
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            assert_alike(ours[key], theirs[key], f"{where}[{key!r}]")
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), where
        for i, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_alike(*pair, f"{where}[{i}]")
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype, where
        np.testing.assert_array_equal(ours, theirs, err_msg=where)
    else:
        assert ours == theirs, where


def assert_same_details(model):
    a, b = ours(model), reference(model)
    assert_alike(a.get_input_details(), b.get_input_details(), "input")
    assert_alike(a.get_output_details(), b.get_output_details(), "output")
    assert a.num_subgraphs() == b.num_subgraphs()
    for subgraph in range(b.num_subgraphs()):
        assert_alike(
            a.get_tensor_details(subgraph), b.get_tensor_details(subgraph), f"subgraph {subgraph} "
        )
    assert_alike(a._get_ops_details(), b._get_ops_details(), "operator")
    assert_alike(a.get_signature_list(), b.get_signature_list(), "signature")
    for key in b.get_signature_list():
        our_runner, runner = a.get_signature_runner(key), b.get_signature_runner(key)
        assert_alike(our_runner.get_input_details(), runner.get_input_details(), key)
        assert_alike(our_runner.get_output_details(), runner.get_output_details(), key)


def test_details_of_real_networks(model_file):
    assert_same_details(model_file)


def test_details_of_built_networks():
    assert_same_details(networks.dense())
    assert_same_details(networks.floors(3))

    net = Network()
    types = ["float32", "float16", "float64", "bool", "string", "complex64", "complex128"]
    types += ["int4", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    shapes = [(), (1,), (2, 0, 3), (1, 2, 3, 4, 5)]
    tensors = [
        net.tensor(f"{t} {s}", s, t, shape_signature=[-1] * len(s)) for t in types for s in shapes
    ]
    tensors += [
        net.tensor("axis 1", (1, 3), "int16", scale=[1, 2, 3], quantized_dimension=1),
        net.tensor("axis 0", (3, 1), "int8", scale=[1, 2, 3], zero_point=[4, 5, 6]),
        net.tensor("whole", (3, 1), "uint8", scale=0.1, zero_point=200),
    ]
    net.inputs = net.outputs = tensors
    assert_same_details(net.build())


def add_constant(model, array):
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(array.tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.hasRank = "constant", np.int32(array.shape), True
    tensor.type = getattr(schema.TensorType, array.dtype.name.upper())
    tensor.buffer = len(model.buffers) - 1
    model.subgraphs[0].tensors.append(tensor)
    return tensor


def uint8_vector(values):
    vector = schema.Uint8VectorT()
    vector.values = np.uint8(values)
    return schema.SparseIndexVector.Uint8Vector, vector


@pytest.mark.parametrize("block_map", [None, [], [0, 1]])
def test_details_of_sparse_constants(block_map):
    model = read(networks.floors(1))
    dense, sparse = schema.DimensionMetadataT(), schema.DimensionMetadataT()
    dense.denseSize = 2
    sparse.format = schema.DimensionType.SPARSE_CSR
    sparse.arraySegmentsType, sparse.arraySegments = uint8_vector([0, 1, 3])
    sparse.arrayIndicesType, sparse.arrayIndices = uint8_vector([1, 0, 2])
    stored = schema.SparsityParametersT()
    stored.traversalOrder = np.int32([0, 1])
    stored.blockMap = None if block_map is None else np.int32(block_map)
    stored.dimMetadata = [dense, sparse]
    constant = add_constant(model, np.float32([1, 2, 3]))
    constant.shape = np.int32([2, 3])
    constant.sparsity = stored
    assert_same_details(write(model))


@pytest.mark.parametrize("has_zero_points", [False, True])
def test_details_of_constants_quantized_in_blocks(has_zero_points):
    model = read(networks.floors(1))
    blocks = schema.BlockwiseQuantizationT()
    blocks.blockSize = 2
    add_constant(model, np.float16([0.5, 1, 2]))
    blocks.scales = len(model.subgraphs[0].tensors) - 1
    blocks.zeroPoints = -1
    if has_zero_points:
        add_constant(model, np.int32([3, 4, 5]))
        blocks.zeroPoints = blocks.scales + 1
    quantization = schema.QuantizationParametersT()
    quantization.detailsType = schema.QuantizationDetails.BlockwiseQuantization
    quantization.details = blocks
    quantization.quantizedDimension = 1
    add_constant(model, np.ones((1, 6), np.int8)).quantization = quantization
    assert_same_details(write(model))


def test_details_after_resizing():
    a, b = ours(networks.dense()), reference(networks.dense())
    for interpreter in (a, b):
        interpreter.resize_tensor_input(0, [5, 4])
        interpreter.allocate_tensors()
    assert_alike(a.get_tensor_details(), b.get_tensor_details())
    assert a.get_output_details()[0]["shape"].tolist() == [5, 3]


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_runs_as_litert_does(batch):
    x = np.random.default_rng(batch).integers(-128, 128, (batch, 4), np.int8)
    results = []
    for interpreter in (ours(networks.dense()), reference(networks.dense())):
        interpreter.resize_tensor_input(0, x.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
        interpreter.invoke()
        results.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    assert_alike(*results)


def test_scalars_are_numpy_scalars_as_litert_gives_them():
    net = Network()
    x, y = net.tensor("x", (), "float32"), net.tensor("y", (), "float32")
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    results = []
    for interpreter in (ours(net.build()), reference(net.build())):
        interpreter.allocate_tensors()
        interpreter.set_tensor(x, np.float32(2.5))
        interpreter.invoke()
        results.append(interpreter.get_tensor(y))
    assert_alike(*results)


def test_takes_every_argument_that_litert_takes():
    model = networks.dense()
    everything = {
        "experimental_delegates": None,
        "num_threads": 3,
        "experimental_op_resolver_type": octavo.OpResolverType.BUILTIN_REF,
        "experimental_preserve_all_tensors": True,
        "experimental_disable_delegate_clustering": True,
        "experimental_default_delegate_latest_features": False,
        "experimental_compress_quantization_zero_points": True,
        "experimental_disable_delegate_node_fusion": True,
        "experimental_force_delegate_node_profiling": True,
    }
    ours(model, **everything).allocate_tensors()
    everything["experimental_op_resolver_type"] = litert.OpResolverType.BUILTIN_REF
    ours(model, **everything).allocate_tensors()
    reference_options = dict(everything)
    del reference_options["experimental_op_resolver_type"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference(model, **reference_options).allocate_tensors()
    positions = litert.Interpreter.__init__.__code__
    our_positions = octavo.Interpreter.__init__.__code__
    count = positions.co_argcount
    assert our_positions.co_varnames[:count] == positions.co_varnames[:count]
    assert [resolver.name for resolver in octavo.OpResolverType] == [
        resolver.name for resolver in litert.OpResolverType
    ]


def test_signatures():
    assert_same_details(networks.two_signatures())
    rng = np.random.default_rng(0)
    for batch in (1, 3, 1):
        a, b, x = rng.normal(0, 5, (3, batch, 2)).astype(np.float32)
        results = []
        for interpreter in (ours(networks.two_signatures()), reference(networks.two_signatures())):
            join, down = map(interpreter.get_signature_runner, ("join", "down"))
            results.append([join(first=a, second=b), down(value=x), join(second=a, first=b)])
        assert_alike(*results)
        assert results[0][0]["both"].shape == (2 * batch, 2)


@pytest.mark.parametrize("truth", [True, False])
def test_tensors_of_called_subgraphs(truth):
    """As the last call of each has left them, which nothing does before the first."""
    net = Network()
    x, y = (net.tensor(name, (2,), "float32") for name in "xy")
    condition = net.tensor("truth", (), "bool")
    for branch in ("NEG", "ABS"):
        g = net.subgraph(branch)
        a, b, c = (g.tensor(name, (2,), "float32") for name in "abc")
        g.op(branch, [a], [b])
        g.op("FLOOR", [b], [c])
        g.inputs, g.outputs = [a], [c]
    net.op("IF", [condition, x], [y], then_subgraph_index=1, else_subgraph_index=2)
    net.inputs, net.outputs = [condition, x], [y]
    called = 1 if truth else 2
    results = []
    for interpreter in (
        ours(net.build(), **KEEP),
        reference(net.build(), **KEEP),
    ):
        interpreter.allocate_tensors()
        for sign in (1, -1):
            interpreter.set_tensor(condition, np.bool_(truth))
            interpreter.set_tensor(x, sign * np.float32([1.5, -2.5]))
            interpreter.invoke()
            results.append([interpreter.get_tensor(i, called) for i in range(3)])
    assert_alike(results[:2], results[2:])
    interpreter = ours(net.build())
    interpreter.allocate_tensors()
    interpreter.set_tensor(condition, np.bool_(truth))
    with pytest.raises(ValueError, match="has no memory yet"):
        interpreter.get_tensor(0, called)
    interpreter.invoke()
    assert interpreter.get_tensor(2, subgraph_index=called).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r'tensor 1 "b" is intermediate .*preserve_all_tensors'):
        interpreter.get_tensor(1, called)
    with pytest.raises(ValueError, match="tensor 3 is not there: the subgraph has 3"):
        interpreter.get_tensor(3, called)
    with pytest.raises(ValueError, match="has no memory yet"):
        interpreter.get_tensor(0, 3 - called)


def test_tensors_of_a_subgraph_that_is_called_in_two_ways():
    """With other shapes, and in a stage that is prepared while the network runs."""
    net = Network()
    x, shape = net.tensor("x", (4,), "float32"), net.tensor("shape", (2,), "int32")
    late = net.tensor("late", (2, 2), "float32")
    y, z = net.tensor("y", (4,), "float32"), net.tensor("z", (2, 2), "float32")
    g = net.subgraph("g")
    g.inputs, g.outputs = [g.tensor("a", (4,), "float32")], [g.tensor("b", (4,), "float32")]
    g.op("NEG", g.inputs, g.outputs)
    for source, target in ((x, y), (late, z)):
        if source == late:
            net.op("RESHAPE", [x, shape], [late])
        net.op("STABLEHLO_COMPOSITE", [source], [target], name="f", decomposition_subgraph_index=1)
    net.inputs, net.outputs = [x, shape], [y, z]
    interpreter = ours(net.build())
    interpreter.allocate_tensors()
    interpreter.set_tensor(x, np.arange(4, dtype=np.float32))
    for sizes in ([2, 2], [1, 4], [2, 2]):
        interpreter.set_tensor(shape, np.int32(sizes))
        interpreter.invoke()
        assert interpreter.get_tensor(1, 1).shape == tuple(sizes)
        np.testing.assert_array_equal(interpreter.get_tensor(1, 1), interpreter.get_tensor(z))


def signatures_that_share_a_subgraph():
    """Subgraph 3 is called by subgraph 2, which the main one calls, and by subgraph 1. Before the
    call subgraph 2 has a node whose result's shape is data."""
    net = Network()
    names = ("also", "between", "shared")
    graphs = {"main": net} | {name: net.subgraph(name) for name in names}
    for key, g in graphs.items():
        g.inputs = [g.tensor("x", (4,), "float32"), g.tensor("shape", (1,), "int32")]
        g.outputs = [g.tensor("y", (4,), "float32")]
        g.signature(key, dict(zip(("x", "shape"), g.inputs, strict=True)), {"y": g.outputs[0]})

    def follow(g, code, other, callee):
        """y = callee(code(x, other), shape)"""
        z = g.tensor("z", (4,), "float32")
        g.op(code, [g.inputs[0], other], [z])
        options = {"name": "f", "composite_attributes": bytes(flexbuffers.Dumps({}))}
        options["decomposition_subgraph_index"] = callee
        g.op("STABLEHLO_COMPOSITE", [z, g.inputs[1]], g.outputs, **options)

    main, also, between, shared = graphs.values()
    follow(main, "ADD", main.inputs[0], 2)
    follow(also, "MUL", also.inputs[0], 3)
    follow(between, "RESHAPE", between.inputs[1], 3)
    negative = shared.tensor("negative", (4,), "float32")
    shared.op("NEG", shared.inputs[:1], [negative])
    shared.op("RESHAPE", [negative, shared.inputs[1]], shared.outputs)
    return net.build()


def test_tensors_of_a_subgraph_are_those_of_its_last_run():
    """By whichever way: called in a later stage of what is called, or by a signature's own call."""
    model = signatures_that_share_a_subgraph()
    ways = ["main", "shared", "also", "main", "between", "shared", "main", "main", "also", "also"]
    results = []
    for interpreter in (ours(model, **KEEP), reference(model, **KEEP)):
        interpreter.allocate_tensors()
        found = []
        for x, way in enumerate(ways):
            run = interpreter.get_signature_runner(way)
            found.append(run(x=np.full(4, x, np.float32), shape=np.int32([4]))["y"])
            found += [interpreter.get_tensor(t, 3) for t in range(4)]
        results.append(found)
    assert_alike(*results)


@pytest.mark.parametrize("shape", [2, [[2, 4]]])
def test_a_shape_is_a_list(shape):
    for interpreter in (ours(networks.dense()), reference(networks.dense())):
        with pytest.raises(ValueError, match=r"list of integers|1D"):
            interpreter.resize_tensor_input(0, shape)


def test_variables():
    net = Network()
    quantized = {"scale": 1, "zero_point": 7}
    x = net.tensor("x", (1, 2), "int8", **quantized)
    state = net.tensor("state", (1, 2), "int8", is_variable=True, **quantized)
    y = net.tensor("y", (2, 2), "int8", **quantized)
    net.op("CONCATENATION", [x, state], [y], axis=0)
    net.inputs, net.outputs = [x], [y]
    results = []
    for interpreter in (ours(net.build()), reference(net.build())):
        interpreter.allocate_tensors()
        found = []
        for step in range(4):
            if step == 1:
                interpreter.set_tensor(state, np.full((1, 2), 5, np.int8))
            if step == 3:
                interpreter.reset_all_variables()
            interpreter.set_tensor(x, np.full((1, 2), step, np.int8))
            interpreter.invoke()
            found.append(interpreter.get_tensor(y).tolist())
        results.append(found)
    assert results[0] == results[1]
    assert [state for _, state in results[0]] == [[7, 7], [5, 5], [5, 5], [7, 7]]


@pytest.mark.parametrize("shape", [[2, 5], [4], [2, 4], [0, 4]])
def test_strict_resizing_refuses_what_litert_refuses(shape):
    refused = []
    for interpreter in (ours(networks.dense()), reference(networks.dense())):
        try:
            interpreter.resize_tensor_input(0, shape, strict=True)
            refused.append(False)
        except (RuntimeError, ValueError):
            refused.append(True)
    assert refused[0] == refused[1]


def test_constants_can_be_read():
    assert_alike(ours(networks.dense()).get_tensor(1), reference(networks.dense()).get_tensor(1))
