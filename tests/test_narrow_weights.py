"""Weights of less than a byte: int2 and int4, of these also in blocks; and the older uint8, which
holds int8, beside float activations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import octavo
import octavo._schema as schema
import oracle
import pytest
from draws.products import OPERATORS, build_conv, build_fully_connected, fully_connected
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import weights_in_blocks
from octavo.flatbuffer import Network, pack_bits, read, unpack_bits, write
from single_op import Operand
from weights import (
    ACTIVATIONS,
    HYBRID,
    INT8,
    INT16,
    INT16_B32,
    Kind,
    Weighted,
    dequantized,
    hybrid_bound,
)

EXAMPLES = settings(max_examples=60, deadline=None)


# Each element type of the weights, by operator and activations, that LiteRT's reference has.
NARROW = [
    *(
        ("FULLY_CONNECTED", kind, dtype)
        for kind in (INT8, INT16, INT16_B32)
        for dtype in ("int2", "int4")
    ),
    *(("CONV_2D", kind, "int4") for kind in (INT8, INT16, INT16_B32)),
    ("DEPTHWISE_CONV_2D", INT8, "int4"),
]
BITS = {"int2": 2, "int4": 4, "uint8": 8}


def stored_as(o: Weighted, dtype: str) -> tuple[Weighted, Weighted]:
    """The operands with constant weights of so many bits: stored as this type, and as int8."""
    value = (o.filter.value >> (8 - BITS[dtype])).astype(np.int8)
    quantization = replace(o.filter.quantization, zero_point=0)
    wide = replace(o, filter=Operand(value, quantization, is_constant=True))
    stored = value.view(np.uint8) if dtype == "uint8" else value
    return replace(wide, filter=replace(wide.filter, value=stored, dtype=dtype)), wide


@st.composite
def operators(draw: st.DrawFn, code: str, kind: Kind, dtype: str) -> tuple[Any, Weighted, Weighted]:
    """build(operands) and the operands with weights of this type and of int8."""
    activation = {"fused_activation_function": draw(ACTIVATIONS)}
    if code != "FULLY_CONNECTED":
        code, o, shape, options = draw(OPERATORS[code](kind))
        narrow, wide = stored_as(o, dtype)
        return lambda o: build_conv(code, o, shape, options | activation), narrow, wide
    o, shape, options = draw(fully_connected(kind))
    narrow, wide = stored_as(o, dtype)

    def build(o: Weighted) -> Any:
        is_hybrid = kind is HYBRID and o.filter.value.dtype != np.float32
        hybrid = {"asymmetric_quantize_inputs": True} if is_hybrid else {}
        return build_fully_connected(o, shape, options | activation | hybrid)

    return build, narrow, wide


@pytest.mark.parametrize(("code", "kind", "dtype"), NARROW)
@EXAMPLES
@given(data=st.data())
def test_integer_activations(code, kind, dtype, data):
    build, narrow, _ = data.draw(operators(code, kind, dtype))
    oracle.assert_equal_to_litert(*build(narrow))


@pytest.mark.parametrize(
    ("code", "dtype"),
    [
        *(("FULLY_CONNECTED", dtype) for dtype in ("int2", "int4", "uint8")),
        *(("CONV_2D", dtype) for dtype in ("int4", "uint8")),
    ],
)
@EXAMPLES
@given(data=st.data())
def test_float_activations(code, dtype, data):
    """The same bits as with these weights in int8, and near to what they are as floats."""
    build, narrow, wide = data.draw(operators(code, HYBRID, dtype))
    ours, [y] = oracle.octavo_run(*build(narrow))
    as_int8, _ = oracle.octavo_run(*build(wide))
    expected, _ = oracle.run(*build(dequantized(wide)))
    filter_value, x = wide.filter.value, wide.input.value
    is_matrix = filter_value.ndim == 2
    grouped = not is_matrix and x.shape[3] != filter_value.shape[3]
    # In int8, groups of one channel are a depthwise convolution, whose input stays float.
    if not (grouped and filter_value.shape[3] == 1 and dtype == "int4"):
        np.testing.assert_array_equal(ours[y], as_int8[y])
    rows = x.reshape(-1, filter_value.shape[1]) if is_matrix else x.reshape(len(x), -1)
    bound = hybrid_bound(wide, rows, asymmetric=True)
    bound = bound.reshape(ours[y].shape) if is_matrix else bound[:, None, None, :]
    assert np.all(np.abs(ours[y] - expected[y]) <= bound)

    one_scale = narrow.filter.quantization.scale.size == 1
    if grouped and (one_scale or dtype == "uint8"):
        return  # LiteRT reads as many scales as there are channels
    if dtype == "uint8" and not (is_matrix or one_scale):
        return  # it takes the first scale for all
    if dtype == "uint8":  # its vectors take no -128
        value = np.maximum(filter_value, -127).view(np.uint8)
        narrow = replace(narrow, filter=replace(narrow.filter, value=value))
        ours, _ = oracle.octavo_run(*build(narrow))
    litert, _ = oracle.run(*build(narrow))
    if not is_matrix:  # it quantizes symmetrically where the scales are equal
        bound = bound + hybrid_bound(wide, rows, asymmetric=False)[:, None, None, :]
    assert np.all(np.abs(ours[y] - litert[y]) <= 2 * bound)


# What LiteRT's own kernel for blocks takes: it has none in its reference.
BLOCK = st.sampled_from([2, 4, 16, 32, 64, 96])


@EXAMPLES
@given(data=st.data(), block=BLOCK, rows=st.integers(1, 9), with_bias=st.booleans())
def test_weights_in_blocks(data, block, rows, with_bias):
    least = -(-32 // block)
    blocks = data.draw(st.integers(least, least + 4))
    units = data.draw(st.integers(4, 40))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    w = rng.integers(-8, 7, (units, blocks * block), endpoint=True)
    scales = (2.0 ** rng.uniform(-6, 2, (units, blocks))).astype(np.float16)
    bias = rng.normal(size=units) if with_bias else None
    x = rng.normal(size=(rows, blocks * block)).astype(np.float32)
    x += data.draw(st.sampled_from([0, 0, 3]))
    model = weights_in_blocks(w, scales, bias, rows)
    ours, [y] = oracle.octavo_run(model, {0: x})
    litert, _ = oracle.run(model, {0: x}, resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES")
    # LiteRT adds the blocks' sums before it subtracts the zero point's share: what that loses.
    real = np.abs(w) * np.repeat(scales.astype(np.float64), block, axis=1)
    step = (np.maximum(x.max(1), 0) - np.minimum(x.min(1), 0)) / 255
    lost = np.outer(step, 2**-23 * 256 * real.sum(1)) * blocks
    assert np.all(np.abs(ours[y] - litert[y]) <= lost + 1e-6 * np.abs(litert[y]))


@pytest.mark.parametrize("activation", ["NONE", "RELU6"])
def test_weights_in_blocks_are_clamped(activation):
    """LiteRT's kernel leaves the activation out."""
    rng = np.random.default_rng(0)
    w, scales = rng.integers(-8, 8, (8, 64)), rng.uniform(0.1, 1, (8, 2))
    x = rng.normal(size=(3, 64)).astype(np.float32)
    model = weights_in_blocks(w, scales, None, 3, fused_activation_function=activation)
    ours, [y] = oracle.octavo_run(model, {0: x})
    litert, _ = oracle.run(model, {0: x}, resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES")
    low, high = (0, 6) if activation == "RELU6" else (-np.inf, np.inf)
    oracle.assert_same(ours[y], np.clip(litert[y], low, high))
    assert np.abs(litert[y]).max() > 6


def spoiled(change: Any) -> bytes:
    """A network of weights in blocks that `change` does something to: to the weights, their
    quantization and the scales."""
    tree = read(weights_in_blocks(np.ones((4, 32)), np.ones((4, 2)), None))
    tensors = tree.subgraphs[0].tensors
    change(tensors[1], tensors[1].quantization.details, tensors[2])
    return write(tree)


def set_block(size: int) -> Any:
    return lambda w, blocks, scales: setattr(blocks, "blockSize", size)


def set_scales(number: int) -> Any:
    return lambda w, blocks, scales: setattr(blocks, "scales", number)


def set_zero_points(number: int) -> Any:
    return lambda w, blocks, scales: setattr(blocks, "zeroPoints", number)


ERRORS = [
    (set_block(0), 'filter "w" is quantized in blocks of 0, which its 32 columns do not fill'),
    (set_block(-16), "of -16, which its 32 columns do not fill"),
    (set_block(5), "of 5, which its 32 columns do not fill"),
    (set_block(8), "of 8, and has 8 scales, should have 16"),
    (set_scales(0), "by scales of type float32, should be a constant of float16"),
    (set_zero_points(2), "with zero points, should have none"),
]


@pytest.mark.parametrize(("change", "message"), ERRORS)
def test_errors(change, message):
    with pytest.raises(RuntimeError, match=message) as error:
        oracle.octavo_run(spoiled(change), {})
    assert str(error.value).startswith('FULLY_CONNECTED (node 0 "y"): ')


@pytest.mark.parametrize("change", [set_scales(-1), set_scales(4), set_zero_points(99)])
def test_blocks_whose_scales_are_not_there(change):
    with pytest.raises(ValueError, match=r'tensor 1 "w": has the scales of its blocks in tensor'):
        oracle.octavo_run(spoiled(change), {})


def test_blocks_elsewhere():
    """Of int8 weights, and of activations."""

    def widen(w, blocks, scales):
        w.type = schema.TensorType.INT8
        w.buffer = 0

    tree = read(spoiled(widen))
    tree.subgraphs[0].inputs = np.int32([0, 1])
    with pytest.raises(RuntimeError, match="in blocks and has type int8, should have int4"):
        oracle.octavo_run(write(tree), {})
    tree = read(weights_in_blocks(np.ones((4, 32)), np.ones((4, 2)), None))
    tensors = tree.subgraphs[0].tensors
    tensors[0].quantization = tensors[1].quantization
    with pytest.raises(RuntimeError, match='"x" is quantized in blocks, which octavo runs as'):
        oracle.octavo_run(write(tree), {})


def test_blocks_beside_int8_activations():
    """Whatever scale for the whole there may be beside those of the blocks."""
    tree = read(weights_in_blocks(np.ones((4, 32)), np.ones((4, 2)), None))
    x, w, _, y = tree.subgraphs[0].tensors
    for t in (x, y):
        t.type = schema.TensorType.INT8
        t.quantization = schema.QuantizationParametersT(scale=np.float32([0.5]), zeroPoint=[0])
    w.quantization.scale = np.float32([0.25])
    with pytest.raises(RuntimeError, match='"w" is quantized in blocks, which float inputs alone'):
        oracle.octavo_run(write(tree), {})


@pytest.mark.parametrize(
    ("code", "kind", "dtype"),
    [
        ("CONV_2D", INT8, "int2"),
        ("DEPTHWISE_CONV_2D", HYBRID, "int4"),
        ("DEPTHWISE_CONV_2D", INT16, "int4"),
        ("TRANSPOSE_CONV", INT8, "int4"),
    ],
)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_what_litert_lacks_is_refused_by_name(code, kind, dtype, data):
    """LiteRT refuses it too, leaves the output as it was or takes packed weights for bytes."""
    build, narrow, _ = data.draw(operators(code, kind, dtype))
    with pytest.raises(RuntimeError, match=rf"{code} .* does not exist for inputs of .*{dtype}"):
        oracle.octavo_run(*build(narrow))


@pytest.mark.parametrize(("bits", "packed"), [(2, [0b11100100, 0b0100]), (4, [0x10, 0x32, 0x54])])
def test_packing(bits, packed):
    """The first in the lowest bits; the inverse is signed."""
    numbers = np.arange(6) % 2**bits
    assert list(pack_bits(numbers, bits)) == packed
    shown = unpack_bits(packed, (6,), bits)
    np.testing.assert_array_equal(
        shown, np.where(numbers < 2 ** (bits - 1), numbers, numbers - 2**bits)
    )


@pytest.mark.parametrize("shape", [(3,), (2, 4), (1, 3, 5)])
def test_elements_are_shown_as_int8(shape):
    """As LiteRT shows them; packing is the inverse."""
    value = np.random.default_rng(0).integers(-8, 8, shape).astype(np.int8)
    net = Network()
    x = net.tensor("x", shape, "int4", data=value, scale=0.5)
    y = net.tensor("y", shape, "float32")
    net.op("DEQUANTIZE", [x], [y])
    net.outputs = [y]
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    shown = interpreter.get_tensor(x)
    np.testing.assert_array_equal(shown, value)
    assert shown.dtype == interpreter.get_tensor_details()[x]["dtype"] == np.int8
    reference = litert(net.build())
    np.testing.assert_array_equal(shown, reference.get_tensor(x))


def litert(model: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    return interpreter


def test_resized():
    """Rows follow the input, and scratch memory them."""
    rng = np.random.default_rng(0)
    model = weights_in_blocks(rng.integers(-8, 8, (8, 64)), rng.uniform(0.1, 1, (8, 2)), None)
    x = rng.normal(size=(5, 64)).astype(np.float32)
    together, [y] = oracle.octavo_run(model, {0: x}, resize={0: x.shape})
    for i in range(5):
        alone, _ = oracle.octavo_run(model, {0: x[i : i + 1]})
        np.testing.assert_array_equal(together[y][i : i + 1], alone[y])
