"""Networks that several tests use, built from nothing."""

from itertools import pairwise

import numpy as np
import octavo._schema as schema
from octavo.flatbuffer import Network, read, write


def dense(seed=0):
    """int8 FULLY_CONNECTED of 4 inputs and 3 outputs, any batch, with a signature."""
    rng = np.random.default_rng(seed)
    net = Network()
    x = net.tensor("x", (1, 4), "int8", scale=0.5, zero_point=3, shape_signature=(-1, 4))
    w = net.constant("w", rng.integers(-127, 128, (3, 4), np.int8), scale=[0.01, 0.02, 0.03])
    b = net.constant("b", rng.integers(-99, 99, 3, np.int32), scale=[0.005, 0.01, 0.015])
    y = net.tensor("y", (1, 3), "int8", scale=0.25, zero_point=-5, shape_signature=(-1, 3))
    net.op("FULLY_CONNECTED", [x, w, b], [y])
    net.inputs, net.outputs = [x], [y]
    net.signature("classify", {"features": x}, {"scores": y})
    return net.build()


def floors(count, size=16):
    """A chain of float FLOORs on (1, size)."""
    net = Network()
    tensors = [net.tensor(f"t{i}", (1, size), "float32") for i in range(count + 1)]
    for source, result in pairwise(tensors):
        net.op("FLOOR", [source], [result])
    net.inputs, net.outputs = [tensors[0]], [tensors[-1]]
    return net.build()


def slow():
    """One float FULLY_CONNECTED of 2,048 x 2,048 weights; give it a large batch: (n, 2048)."""
    net = Network()
    x = net.tensor("x", (1, 2048), "float32", shape_signature=(-1, 2048))
    w = net.constant("w", np.eye(2048, dtype=np.float32))
    y = net.tensor("y", (1, 2048), "float32", shape_signature=(-1, 2048))
    net.op("FULLY_CONNECTED", [x, w, None], [y])
    net.inputs, net.outputs = [x], [y]
    return net.build()


def two_signatures():
    """`down` in the main subgraph, `join` of two inputs in another."""
    net = Network()
    x = net.tensor("x", (1, 2), "float32", shape_signature=(-1, 2))
    y = net.tensor("y", (1, 2), "float32", shape_signature=(-1, 2))
    net.op("FLOOR", [x], [y])
    net.inputs, net.outputs = [x], [y]
    net.signature("down", {"value": x}, {"floor": y})
    other = net.subgraph("other")
    a, b = (other.tensor(n, (1, 2), "float32", shape_signature=(-1, 2)) for n in "ab")
    c = other.tensor("c", (2, 2), "float32", shape_signature=(-1, 2))
    other.op("CONCATENATION", [b, a], [c], axis=0)
    other.inputs, other.outputs = [b, a], [c]
    other.signature("join", {"second": a, "first": b}, {"both": c})
    return net.build()


def neighbours():
    """Operators that do each other's work: PAD, CONV_2D and RELU, a chain from 8 bits to 8 bits,
    RESHAPE, and an ADD that overwrites what it reads."""
    net = Network()

    def tensor(name, shape, scale=0.1, zero_point=-3):
        return net.tensor(name, shape, "int8", scale=scale, zero_point=zero_point)

    x, p = tensor("x", (1, 3, 3, 2)), tensor("p", (1, 5, 4, 2))
    border = net.constant("border", np.array([[0, 0], [1, 1], [0, 1], [0, 0]], np.int32))
    net.op("PAD", [x, border], [p])
    w = net.constant("w", np.arange(-18, 18, dtype=np.int8).reshape(2, 3, 3, 2), scale=0.05)
    b = net.constant("b", np.array([9, -9], np.int32), scale=0.005)
    c, r = tensor("c", (1, 3, 2, 2), 0.2), tensor("r", (1, 3, 2, 2), 0.2)
    net.op("CONV_2D", [p, w, b], [c], padding="VALID", stride_w=1, stride_h=1)
    net.op("RELU", [c], [r])
    s, m = tensor("s", (1, 3, 2, 2), 1 / 256, -128), tensor("m", (1, 3, 2, 2), 0.1)
    net.op("LOGISTIC", [r], [s])
    net.op("MUL", [r, s], [m])
    f = tensor("f", (3, 4))
    net.op("RESHAPE", [m, net.constant("shape", np.array([3, 4], np.int32))], [f])
    y = tensor("y", (3, 4), 0.15)
    net.op("ADD", [f, net.constant("t", np.ones((3, 4), np.int8), scale=0.1)], [y])
    net.inputs, net.outputs = [x], [y]
    return net.build()


def int4_weights(rows=1):
    """A float FULLY_CONNECTED of 8 inputs and 3 outputs with int4 weights."""
    rng = np.random.default_rng(0)
    net = Network()
    x = net.tensor("x", (rows, 8), "float32")
    w = net.tensor("w", (3, 8), "int4", data=rng.integers(-8, 8, (3, 8)), scale=[0.5, 1, 2])
    y = net.tensor("y", (rows, 3), "float32")
    net.op("FULLY_CONNECTED", [x, w], [y], asymmetric_quantize_inputs=True)
    net.inputs, net.outputs = [x], [y]
    return net.build()


def weights_in_blocks(w, scales, bias=None, rows=1, **options):
    """A float FULLY_CONNECTED with int4 weights (units, depth) and scales (units, blocks)."""
    net = Network()
    x = net.tensor("x", (rows, w.shape[1]), "float32")
    weights = net.tensor("w", w.shape, "int4", data=w, scale=1.0)
    scale = net.constant("scales", scales.astype(np.float16))
    operands = [x, weights]
    if bias is not None:
        operands.append(net.constant("b", bias.astype(np.float32)))
    y = net.tensor("y", (rows, len(w)), "float32")
    net.op("FULLY_CONNECTED", operands, [y], **options)
    net.inputs, net.outputs = [x], [y]
    return quantized_in_blocks(net.build(), weights, scale, w.shape[1] // scales.shape[1])


def quantized_in_blocks(model, tensor, scales, size):
    """The file with a tensor quantized in blocks, by the scales that another tensor holds."""
    tree = read(model)
    blocks = schema.BlockwiseQuantizationT()
    blocks.scales, blocks.zeroPoints, blocks.blockSize = scales, -1, size
    quantization = schema.QuantizationParametersT()
    quantization.details = blocks
    quantization.detailsType = schema.QuantizationDetails.BlockwiseQuantization
    tree.subgraphs[0].tensors[tensor].quantization = quantization
    return write(tree)
