"""Elementwise operators whose only source is one tensor of 8 bits run as one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
from octavo.flatbuffer import Network
from rewritten import BINARY, FIXED, Array, check, check_bits, operators, prepared


def chain(codes: list[str], dtype: str = "int8") -> tuple[Network, list[int]]:
    """Operators one after the other on 300 bytes; "MUL" and so on are by a constant. The tensors
    from the input to the output."""
    net = Network()
    q: dict[str, Any] = {"scale": 0.05, "zero_point": 7}
    constant = net.constant("c", np.array(90, dtype), scale=0.02, zero_point=3)
    tensors = [net.tensor("x", (3, 100), dtype, **q)]
    for i, code in enumerate(codes):
        shape = (100, 3) if code == "RESHAPE" else (3, 100)
        if code == "DEQUANTIZE" or (i > 0 and codes[i - 1] == "DEQUANTIZE" and code != "QUANTIZE"):
            y = net.tensor(f"t{i}", shape, "float32")
        else:
            scale, zero_points = FIXED.get(code, (0.06 + 0.01 * i, {dtype: 2 * i}))
            y = net.tensor(f"t{i}", shape, dtype, scale=scale, zero_point=zero_points[dtype])
        more = [constant] if code in BINARY else []
        net.op(code, [tensors[-1], *more], [y], **({"alpha": 0.3} if "LEAKY" in code else {}))
        tensors.append(y)
    net.inputs, net.outputs = [tensors[0]], [tensors[-1]]
    return net, tensors


def bytes_for(net: Network, dtype: str = "int8") -> dict[int, Array]:
    return {net.inputs[0]: np.resize(np.arange(256).astype(dtype), (3, 100))}


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize(
    "codes",
    [
        ["MUL", "ADD"],
        ["RELU", "LOGISTIC", "QUANTIZE"],
        ["SUB", "LEAKY_RELU", "HARD_SWISH", "TANH"],
        ["DEQUANTIZE", "TANH", "QUANTIZE"],
    ],
)
def test_chains_become_tables(codes: list[str], dtype: str) -> None:
    net, _ = chain(codes, dtype)
    interpreter = prepared(net.build())
    np.testing.assert_array_equal(interpreter.steps, [len(codes) - 1])
    assert interpreter.step_kernels() == [["lookup_8"]]
    assert operators(net.build(), keep_all=True) == codes
    # As LiteRT, on all tables of kernels: floats on the way are the reference's.
    oracle.assert_equal_to_litert(net.build(), bytes_for(net, dtype))
    if "DEQUANTIZE" not in codes:  # or kept floats are those of vectors
        check_bits(net.build(), bytes_for(net, dtype))


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_diamonds_become_tables(dtype: str) -> None:
    """x * LOGISTIC(x), the activation SWISH."""
    net, (x, s) = chain(["LOGISTIC"], dtype)
    y = net.tensor("y", (3, 100), dtype, scale=0.04)
    net.op("MUL", [x, s], [y])
    net.outputs = [y]
    assert operators(net.build()) == ["MUL"]
    check(net.build(), bytes_for(net, dtype))


def test_tables_compute_what_is_read() -> None:
    net, (_, first, middle, last) = chain(["RELU", "TANH", "QUANTIZE"])
    net.outputs = [last, first]
    assert operators(net.build()) == ["RELU", "QUANTIZE"]
    check(net.build(), bytes_for(net))
    net.outputs = [last, middle]
    assert operators(net.build()) == ["TANH", "QUANTIZE"]
    check(net.build(), bytes_for(net))
    net.outputs = [last, middle, first]
    assert operators(net.build()) == ["RELU", "TANH", "QUANTIZE"]
    check(net.build(), bytes_for(net))


def test_a_reader_of_another_kind_is_given_its_input() -> None:
    net, (_, first, second) = chain(["RELU", "TANH"])
    y = net.tensor("y", (100, 3), "int8", scale=1 / 128)
    net.op("TRANSPOSE", [second, net.constant("order", np.array([1, 0], np.int32))], [y])
    z = net.tensor("z", (3, 100), "int8", scale=0.06)
    net.op("MAXIMUM", [first, first], [z])
    net.outputs = [y, z]
    assert operators(net.build()) == ["TANH", "TRANSPOSE", "MAXIMUM"]
    check(net.build(), bytes_for(net))


def test_functions_of_two_tensors_are_no_table() -> None:
    net, (x, first) = chain(["RELU"])
    other = net.tensor("other", (3, 100), "int8", scale=0.05)
    y = net.tensor("y", (3, 100), "int8", scale=0.2)
    net.op("ADD", [first, other], [y])
    net.inputs, net.outputs = [x, other], [y]
    assert operators(net.build()) == ["RELU", "ADD"]
    check(net.build(), bytes_for(net) | {other: np.full((3, 100), 9, np.int8)})


def test_a_broadcast_tensor_is_no_table() -> None:
    net = Network()
    x, s = (net.tensor(n, (1, 256), "int8", scale=0.05) for n in "xs")
    t = net.tensor("t", (256, 1), "int8", scale=0.05)
    net.op("RELU", [x], [s])
    net.op("RESHAPE", [s, net.constant("shape", np.array([256, 1], np.int32))], [t])
    y = net.tensor("y", (256, 256), "int8", scale=0.2)
    net.op("ADD", [t, x], [y])
    net.inputs, net.outputs = [x], [y]
    assert operators(net.build()) == ["RELU", "ADD"]
    check(net.build(), {x: np.arange(256).astype(np.int8).reshape(1, 256)})
