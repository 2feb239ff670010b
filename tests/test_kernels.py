"""`octavo.kernels`: operators on the table of choice, equal on all, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import octavo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import int4_weights, weights_in_blocks
from octavo import flatbuffer, kernels
from octavo.kernels import Operand, Output, constant
from single_op import arrays
from small_networks import small_networks

FAST = kernels.tables()[:-1]


def same_on_all_tables(prepare, *values):
    """What the portable table gives for `values`, if the others give the same."""
    expected = prepare(kernels.table("portable"))(*values)
    for isa in FAST:
        result = prepare(kernels.table(isa))(*values)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected, strict=True)
    return expected


def test_tables():
    assert kernels.tables()[-1] == "portable"
    for isa in kernels.tables():
        table = kernels.table(isa)
        assert table.isa == isa
        assert set(table.kernels.values()) <= {isa, "portable"}
        assert set(kernels.table("portable").kernels) <= set(table.kernels)
    for isa in FAST:
        own = {name for name, source in kernels.table(isa).kernels.items() if source == isa}
        assert {"gemm_s8", "depthwise_s8", "add_s8", "mul_s8"} <= own
    assert octavo.kernels is kernels


def test_the_default_is_the_table_in_use(monkeypatch):
    for isa in kernels.tables():
        monkeypatch.setenv("OCTAVO_ISA", isa)
        assert kernels.table().isa == isa == octavo.isa()
        for other in kernels.tables():
            floor = kernels.table(other).prepare("FLOOR", [np.float32([1.5])], Output("float32"))
            assert floor.isa == other


@pytest.mark.parametrize("name", ["", "sse9", "AVX2"])
def test_an_unknown_table(name):
    with pytest.raises(ValueError, match=f'no table "{name}": this CPU has .*portable'):
        kernels.table(name)


def test_peak():
    for isa in FAST:
        assert kernels.table(isa).peak() > 0
    with pytest.raises(ValueError, match='table "portable" has no dot products'):
        kernels.table("portable").peak()


# Those that compute tables of 256 entries while an operator is prepared, and those on int4, which
# numpy does not have.
NOT_RUN = {
    "dequantize_s4",
    "leaky_relu_s8",
    "leaky_relu_u8",
    "requantize_s8",
    "requantize_s8_u8",
    "requantize_u8",
    "requantize_u8_s8",
}


# Kernels that no row of small_networks calls, by operator, types and options.
def others():
    int8, plain = Output("int8", 0.5), np.int32([[1, 2], [3, 4]])
    x8, x16 = Operand(np.int8([[1, 2]]), 0.5), Operand(np.int16([[1, 2]]), 0.5)
    yield "ADD", [plain, plain], Output("int32"), {}
    yield "SUB", [plain, plain], Output("int32"), {}
    yield "MUL", [plain, plain], Output("int32"), {}
    for operator in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"):
        for dtype in (np.int16, np.int32, np.int64):
            yield operator, [dtype([1, 2]), dtype([3])], Output(dtype), {}
    for x in (x8, Operand(np.uint8([[1, 2]]), 0.5)):
        yield "DIV", [x, x], Output(x.value.dtype, 0.5), {}
    real = np.ones((1, 4, 4, 2), np.float32)
    yield "FLOOR_DIV", [real, real], Output("float32"), {}
    for operator in ("ADD", "SUB"):  # scales that are powers of two, as int16 networks once had
        output = Output("int16", 0.5)
        yield operator, [x16, x16], output, {"pot_scale_int16": True}
    for operator in ("ARG_MAX", "ARG_MIN"):
        for dtype in (np.float32, np.int8, np.uint8, np.int32):
            for result in ("int32", "int64"):
                options = {"output_type": result.upper()}
                yield operator, [dtype([[1, 2]]), constant(np.int32(1))], Output(result), options
    for source, target in [
        ("float32", "uint8"),
        ("float32", "int16"),
        ("uint8", "uint8"),
        ("uint8", "int8"),
        ("int8", "int8"),
        ("int16", "int16"),
        ("int16", "int32"),
        ("int32", "int8"),
        ("int32", "int16"),
    ]:
        scale = None if source == "float32" else 0.5
        x = Operand(np.ones((2, 3), source), scale)
        yield "QUANTIZE", [x], Output(target, 0.25), {}
    for operator in ("MEAN", "SUM"):
        for dtype in ("float32", "int32", "int64", "int8", "uint8", "int16"):
            scale = 0.5 if dtype in ("int8", "uint8", "int16") else None
            x = Operand(np.ones((2, 3), dtype), scale)
            yield operator, [x, constant(np.int32([1]))], Output(dtype, scale), {}
    for source in (x8, Operand(np.uint8([[1, 2]]), 0.5)):
        output = Output("int16", 1 / 65536, -32768)
        yield "SOFTMAX", [source], output, {"beta": 1.0}
    same = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    weights = constant(np.ones((3, 3, 3, 2), np.int8), 0.5)
    yield "CONV_2D", [real, weights, None], Output("float32"), same
    half = constant(np.ones((3, 3, 3, 2), np.float16))
    yield "CONV_2D", [real, half, None], Output("float32"), same
    for multiplier in (1, 2):
        half = constant(np.ones((1, 3, 3, 2 * multiplier), np.float16))
        options = same | {"depth_multiplier": multiplier}
        yield "DEPTHWISE_CONV_2D", [real, half, None], Output("float32"), options
    depthwise = constant(np.ones((1, 3, 3, 2), np.int8), 0.5, axis=3)
    options = same | {"depth_multiplier": 1}
    yield "DEPTHWISE_CONV_2D", [real, depthwise, None], Output("float32"), options
    shape = constant(np.int32([1, 4, 4, 3]))
    yield "TRANSPOSE_CONV", [shape, weights, real], Output("float32"), same
    flat = constant(np.ones((3, 2), np.int8), 0.5)
    yield "FULLY_CONNECTED", [np.ones((1, 2), np.float32), flat, None], Output("float32"), {}
    a, b = np.ones((1, 2), np.float32), np.ones((2, 3), np.int8)
    yield "BATCH_MATMUL", [a, Operand(b, 0.5)], Output("float32"), {}
    yield "BATCH_MATMUL", [x16, Operand(b, 0.5)], Output("int16", 0.5), {}
    image16, bias32 = Operand(np.ones((1, 4, 4, 2), np.int16), 0.5), np.ones(3, np.int32)
    bias = constant(bias32, 0.25)
    yield "CONV_2D", [image16, weights, bias], Output("int16", 0.5), same
    yield "TRANSPOSE_CONV", [shape, weights, image16, bias], Output("int16", 0.5), same
    yield "FULLY_CONNECTED", [x16, flat, bias], Output("int16", 0.5), {}
    # The reference's own, of weights that a table does not pack.
    yield "CONV_2D", [x_image(), Operand(np.ones((3, 3, 3, 2), np.int8), 0.5), None], int8, same


def x_image():
    return Operand(np.ones((1, 4, 4, 2), np.int8), 0.5)


@pytest.mark.parametrize("isa", kernels.tables())
def test_every_kernel_is_reached(isa):
    """By a row of small_networks, with int4 weights or by the list above; the reference kernels
    that a fast table does not need, on the portable one."""
    reached = set()
    for table in {"portable", isa}:
        networks = [(network.model, network.inputs) for network in small_networks()]
        networks += [
            (int4_weights(), {}),
            (weights_in_blocks(np.ones((2, 4)), np.ones((2, 2))), {}),
        ]
        for model, values in networks:
            core = octavo._core.Interpreter(octavo._core.Model.copy(model), isa=table)
            core.allocate()
            for index, value in values.items():
                core.set_tensor(index, value)
            core.invoke()
            reached |= {name for step in core.step_kernels() for name in step}
        for operator, inputs, output, options in others():
            call = kernels.table(table).prepare(operator, inputs, output, **options)
            call.run()
            reached |= set(call.kernels)
    # What products of matrices want beside them, which the portable table has none of.
    beside = {"range_f32", "requantize_sums_s16", "row_sums_s8"}
    unneeded = beside if isa == "portable" else set()
    assert set(kernels.table(isa).kernels) - reached == NOT_RUN | unneeded


def shapes(low, high, *, least=1, most=8):
    return st.lists(st.integers(least, most), min_size=low, max_size=high).map(tuple)


@given(st.data())
def test_arithmetic(data):
    operator = data.draw(st.sampled_from(["ADD", "SUB", "MUL"]))
    dtype = data.draw(st.sampled_from(["int8", "uint8", "int16"]))
    shape = data.draw(shapes(1, 4, most=16))
    other = data.draw(st.sampled_from([shape, shape[-1:], (1,)]))
    a, b = (Operand(data.draw(arrays(s, dtype)), 0.1) for s in (shape, other))
    output = Output(dtype, data.draw(st.sampled_from([0.05, 0.1, 3.0])))
    result = same_on_all_tables(
        lambda table: table.prepare(operator, [a, b], output), a.value, b.value
    )
    assert result.shape == shape
    real = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply}[operator]
    expected = real(a.value * 0.1, b.value * 0.1) / output.scale
    limits = np.iinfo(dtype)
    off = np.abs(result - np.clip(expected, limits.min, limits.max))
    assert off.max() <= 1


@given(st.data())
def test_convolutions(data):
    dtype = data.draw(st.sampled_from(["int8", "uint8"]))
    n, h, w = data.draw(st.tuples(*[st.integers(1, k) for k in (2, 9, 9)]))
    c, out = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    filter_h, filter_w = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    x = data.draw(arrays((n, h, w, c), dtype))
    is_depthwise = data.draw(st.booleans())
    shape = (1, filter_h, filter_w, c) if is_depthwise else (out, filter_h, filter_w, c)
    weights = data.draw(arrays(shape, dtype))
    channels = c if is_depthwise else out
    depth = math.prod(shape) // channels
    per_channel = dtype == "int8" and data.draw(st.booleans())
    arithmetic = {
        "multiplier": np.full(channels, 1 / depth / 64) if per_channel else 1 / depth / 64,
        "in_zero": int(data.draw(arrays((), dtype))),
        "out_zero": int(data.draw(arrays((), dtype))),
        "weights_zero": 0 if dtype == "int8" else int(data.draw(arrays((), dtype))),
        "activation": data.draw(st.sampled_from(["NONE", "RELU"])),
    }
    bias = data.draw(st.none() | arrays((channels,), np.int8))
    bias = None if bias is None else bias.astype(np.int32) * depth
    window = {
        "stride": data.draw(st.integers(1, 2) | st.just((1, 2))),
        "padding": data.draw(st.sampled_from(["SAME", "SAME", "VALID"])),
    }
    if window["padding"] == "VALID" and (filter_h > h or filter_w > w):
        window["padding"] = "SAME"
    name = "depthwise_conv_2d" if is_depthwise else "conv_2d"

    def prepare(table):
        return getattr(table, name)(x, weights, bias, **window, **arithmetic)

    result = same_on_all_tables(prepare, x)
    assert result.shape[0] == n
    assert result.shape[-1] == channels


@given(st.data())
def test_products(data):
    """Against numpy, too: FULLY_CONNECTED scales sums in double, CONV_2D in fixed point."""
    rows, depth, units = data.draw(st.tuples(*[st.integers(1, 70)] * 3))
    x = data.draw(arrays((rows, depth), np.int8))
    weights = data.draw(arrays((units, depth), np.int8))
    bias = data.draw(arrays((units,), np.int8)).astype(np.int32) * 100
    multiplier = np.float32(1 / depth / 64)
    arithmetic = {"multiplier": multiplier, "in_zero": -7, "out_zero": 3}
    flat = same_on_all_tables(lambda t: t.fully_connected(x, weights, bias, **arithmetic), x)
    image, filters = x[None, None], weights[:, None, None]
    pixels = same_on_all_tables(lambda t: t.conv_2d(image, filters, bias, **arithmetic), image)
    sums = (x.astype(np.int64) + 7) @ weights.T.astype(np.int64) + bias
    exact = np.clip(sums * np.float64(multiplier) + 3, -128, 127)
    assert np.abs(flat - exact).max() <= 0.501
    assert np.abs(pixels[0, 0] - exact).max() <= 0.52  # rounded twice


@given(st.data())
def test_unary(data):
    operator, options = data.draw(
        st.sampled_from(
            [
                ("AVERAGE_POOL_2D", {"filter_width": 2, "filter_height": 3}),
                ("MAX_POOL_2D", {"filter_width": 3, "filter_height": 2}),
                ("SOFTMAX", {"beta": 1.0}),
                ("LOGISTIC", {}),
                ("HARD_SWISH", {}),
                ("QUANTIZE", {}),
                ("RELU6", {}),
                ("LEAKY_RELU", {"alpha": 0.3}),
            ]
        )
    )
    if "POOL" in operator:
        options = {**options, "padding": "SAME", "stride_w": 1, "stride_h": 2}
    shape = (*data.draw(shapes(3, 3, most=6)), data.draw(st.integers(1, 70)))
    x = data.draw(arrays(shape, np.int8))
    scale, zero = (1 / 256, -128) if operator in ("SOFTMAX", "LOGISTIC") else (0.07, 5)
    if operator in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        operand, output = Operand(x, 0.07, 5), Output("int8", 0.07, 5)
    else:
        operand, output = Operand(x, 0.05, -3), Output("int8", scale, zero)
    same_on_all_tables(lambda table: table.prepare(operator, [operand], output, **options), x)


def test_threads_change_nothing():
    x = np.arange(40 * 40 * 32, dtype=np.int64).reshape(1, 40, 40, 32).astype(np.int8)
    weights = np.arange(64 * 9 * 32, dtype=np.int64).reshape(64, 3, 3, 32).astype(np.int8)
    for isa in FAST:
        results = [
            kernels.table(isa).conv_2d(x, weights, multiplier=1e-4, threads=threads)(x)
            for threads in (1, 3)
        ]
        np.testing.assert_array_equal(*results)


def test_a_call():
    table = kernels.table("portable")
    net = table.prepare(
        "SPLIT",
        [constant(np.int32(1)), np.float32([[1, 2]])],
        [Output("float32"), Output("float32")],
        num_splits=2,
    )
    net.run()
    assert [y.tolist() for y in net.outputs()] == [[[1]], [[2]]]
    assert [y.tolist() for y in net(np.float32([[3, 4]]))] == [[[3]], [[4]]]
    assert [x.tolist() for x in net.inputs()] == [[[3, 4]]]
    assert net.kernels == ["strided_copy"]
    times = net.time(7)
    assert times.shape == (7,)
    assert times.dtype == np.int64
    assert (times > 0).all()


def test_as_in_a_network():
    """What a call gives is what the operator gives in a file."""
    rng = np.random.default_rng(0)
    x, w = (rng.integers(-128, 128, shape, np.int8) for shape in ((1, 5, 5, 3), (4, 3, 3, 3)))
    net = flatbuffer.Network()
    a = net.tensor("x", x.shape, "int8", scale=0.5, zero_point=3)
    b = net.constant("w", np.maximum(w, -127), scale=0.25)
    y = net.tensor("y", (1, 3, 3, 4), "int8", scale=8.0, zero_point=-1)
    net.op("CONV_2D", [a, b, None], [y], padding="VALID", stride_w=1, stride_h=1)
    net.inputs, net.outputs = [a], [y]
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    interpreter.set_tensor(a, x)
    interpreter.invoke()
    call = kernels.table().conv_2d(
        x, np.maximum(w, -127), multiplier=1 / 64, in_zero=3, out_zero=-1, padding="VALID"
    )
    np.testing.assert_array_equal(call(x), interpreter.get_tensor(y))


@pytest.mark.parametrize("isa", kernels.tables())
@pytest.mark.parametrize(
    ("operator", "inputs", "output", "options", "message"),
    [
        ("FLY", [np.float32([1])], Output("float32"), {}, "FLY is not a BuiltinOperator"),
        ("HASHTABLE", [np.float32([1])], Output("float32"), {}, "octavo does not have: HASHTABLE"),
        ("FLOOR", [np.int8([1])], Output("int8"), {}, "FLOOR"),
        ("FLOOR", [], Output("float32"), {}, "FLOOR"),
        ("FLOOR", [np.float32([1])], Output("float16"), {}, "FLOOR"),
        ("FLOOR", [np.float32([1])], Output("float32"), {"axis": 1}, "FLOOR"),
        (
            "ADD",
            [Operand(np.zeros((2, 3), np.int8), 1.0), Operand(np.zeros((2, 4), np.int8), 1.0)],
            Output("int8", 1.0),
            {},
            r"ADD .* \(2, 3\).*\(2, 4\)",
        ),
        (
            "ADD",
            [Operand(np.zeros(2, np.int8), 1.0), Operand(np.zeros(2, np.int16), 1.0)],
            Output("int8", 1.0),
            {},
            "ADD .*int16",
        ),
        (
            "ADD",
            [Operand(np.zeros(2, np.int8)), Operand(np.zeros(2, np.int8), 1.0)],
            Output("int8", 1.0),
            {},
            "ADD .*scale",
        ),
        (
            "LOGISTIC",
            [Operand(np.zeros(2, np.int8), 1.0, 128)],
            Output("int8", 1 / 256, -128),
            {},
            "LOGISTIC .*zero point",
        ),
        ("FLOOR", [np.array(["a"])], Output("float32"), {}, "str"),
        ("FLOOR", [np.float32([1])], [Output("float32")] * 2, {}, "FLOOR"),
    ],
)
def test_what_does_not_fit(isa, operator, inputs, output, options, message):
    with pytest.raises(ValueError, match=message):
        kernels.table(isa).prepare(operator, inputs, output, **options)


@pytest.mark.parametrize("isa", kernels.tables())
@pytest.mark.parametrize(
    ("name", "x", "weights", "bias", "options", "message"),
    [
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 2), None, {}, "channels"),
        ("conv_2d", (4, 4, 3), (5, 3, 3, 3), None, {}, "input"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3), None, {}, "filter"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), (4,), {}, "bias"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), None, {"multiplier": [1, 2]}, "scale"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), None, {"multiplier": -1}, "scale"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), None, {"in_zero": 200}, "zero point"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), None, {"stride": 0}, "stride"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), None, {"padding": "ODD"}, "ODD is not"),
        ("conv_2d", (1, 4, 4, 3), (5, 3, 3, 3), None, {"activation": "ODD"}, "ODD is not"),
        ("depthwise_conv_2d", (1, 4, 4, 3), (1, 3, 3, 4), None, {}, "channels"),
        ("depthwise_conv_2d", (1, 4, 4, 3), (2, 3, 3, 3), None, {}, "filter"),
        ("depthwise_conv_2d", (), (), None, {}, "input"),
        ("fully_connected", (2, 3), (4, 5), None, {}, "FULLY_CONNECTED"),
        ("fully_connected", (2, 3), (4, 3), (3,), {}, "bias"),
    ],
)
def test_weights_that_do_not_fit(isa, name, x, weights, bias, options, message):
    bias = None if bias is None else np.zeros(bias, np.int32)
    with pytest.raises(ValueError, match=message):
        getattr(kernels.table(isa), name)(
            np.zeros(x, np.int8), np.zeros(weights, np.int8), bias, **options
        )


def test_inputs_that_do_not_fit():
    call = kernels.table().prepare("FLOOR", [np.zeros((2, 3), np.float32)], Output("float32"))
    for values, message in [
        ((), "takes 1 arrays, given are 0"),
        ((np.zeros((2, 3), np.float32),) * 2, "takes 1 arrays, given are 2"),
        ((np.zeros((3, 2), np.float32),), r"shape \(2, 3\), the array has \(3, 2\)"),
        ((np.zeros((2, 3)),), "type float32, the array has float64"),
    ]:
        with pytest.raises(ValueError, match=message):
            call(*values)
