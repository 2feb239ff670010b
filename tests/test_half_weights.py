"""Weights of float16 behind a DEQUANTIZE, which operators read as they lie in the file."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
from draws.products import OPERATORS, fully_connected, operand_list
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from rewritten import Array, check, check_bits, operators, prepared
from weights import ACTIVATIONS, HYBRID, Weighted, dequantized

EXAMPLES = settings(max_examples=30, deadline=None)
WEIGHTED = [*OPERATORS, "FULLY_CONNECTED"]


def drawn_operator(draw: Any, code: str) -> tuple[Weighted, tuple[int, ...], dict[str, Any]]:
    """Operands, output shape and options; all operands are exact in float16."""
    if code == "FULLY_CONNECTED":
        o, shape, options = draw(fully_connected(HYBRID))
    else:
        _, o, shape, options = draw(OPERATORS[code](HYBRID))
    options["fused_activation_function"] = draw(ACTIVATIONS)
    return dequantized(o), shape, options


class HalfNetwork:
    """x -> `code` -> y, with a filter (tensor `wide`) that a DEQUANTIZE makes of `half`."""

    def __init__(
        self, code: str, o: Weighted, shape: tuple[int, ...], options: dict[str, Any], **given: Any
    ) -> None:
        """`given`: "constant" and "half_bias", True unless given as False."""
        self.net = net = Network()
        self.inputs: dict[int, Array] = {}
        self.shape = shape
        self.wide = -1

        def add(name: str, value: Array, is_constant: bool) -> int:
            t = net.tensor(name, value.shape, value.dtype, data=value if is_constant else None)
            if not is_constant:
                self.inputs[t] = value
            return t

        def widened(name: str, value: Array) -> int:
            half = add(name, value.astype(np.float16), given.get("constant", True))
            wide = net.tensor(f"{name} as float32", value.shape, np.float32)
            net.op("DEQUANTIZE", [half], [wide])
            return wide

        operands = operand_list(code, o, shape)
        tensors = []
        for i, operand in enumerate(operands):
            if operand is o.filter:
                self.wide = widened("w", operand.value)
                tensors.append(self.wide)
            elif operand is o.bias and given.get("half_bias", True):
                tensors.append(widened("b", operand.value))
            else:
                tensors.append(add(f"x{i}", operand.value, operand is not o.input))
        self.y = net.tensor("y", shape, np.float32)
        net.op(code, tensors, [self.y], **options)
        net.inputs, net.outputs = list(self.inputs), [self.y]
        self.operands, self.code, self.options = tensors, code, options

    def run_again(self) -> None:
        """A second node of the same weights."""
        z = self.net.tensor("z", self.shape, np.float32)
        self.net.op(self.code, self.operands, [z], **self.options)
        self.net.outputs.append(z)


def has_value(model: bytes, tensor: int, **kwargs: Any) -> bool:
    try:
        prepared(model, **kwargs).get_tensor(tensor, copy=True)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("code", WEIGHTED)
@EXAMPLES
@given(data=st.data(), half_bias=st.booleans())
def test_weights_stay_half(code: str, data: Any, half_bias: bool) -> None:
    n = HalfNetwork(code, *drawn_operator(data.draw, code), half_bias=half_bias)
    model = n.net.build()
    assert operators(model) == [code]
    assert not has_value(model, n.wide)
    assert has_value(model, n.wide, keep_all=True)
    check(model, n.inputs)


@pytest.mark.parametrize("code", WEIGHTED)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_any_weights(code: str, data: Any) -> None:
    """The same bits as with float32 weights, where sums are rounded too."""
    o, shape, options = drawn_operator(data.draw, code)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    o.filter.value[...] = rng.normal(0, 1, o.filter.value.shape).astype(np.float16)
    o.input.value[...] = rng.normal(0, 1, o.input.value.shape)
    n = HalfNetwork(code, o, shape, options)
    check_bits(n.net.build(), n.inputs)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_two_readers(data: Any) -> None:
    n = HalfNetwork("CONV_2D", *drawn_operator(data.draw, "CONV_2D"))
    n.run_again()
    model = n.net.build()
    assert operators(model) == ["CONV_2D"] * 2
    assert not has_value(model, n.wide)
    check(model, n.inputs)


@settings(max_examples=10, deadline=None)
@given(data=st.data(), is_output=st.booleans())
def test_others_read_float32(data: Any, is_output: bool) -> None:
    o, shape, options = drawn_operator(data.draw, "CONV_2D")
    n = HalfNetwork("CONV_2D", o, shape, options)
    z = n.wide
    if not is_output:
        z = n.net.tensor("z", o.filter.value.shape, np.float32)
        n.net.op("RELU", [n.wide], [z])
    n.net.outputs.append(z)
    model = n.net.build()
    assert operators(model) == ["CONV_2D"]
    assert has_value(model, n.wide)
    check(model, n.inputs)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_weights_that_are_computed_are_widened(data: Any) -> None:
    n = HalfNetwork("CONV_2D", *drawn_operator(data.draw, "CONV_2D"), constant=False)
    model = n.net.build()
    assert operators(model) == ["DEQUANTIZE", "DEQUANTIZE", "CONV_2D"]
    check(model, n.inputs)


def test_half_weights_without_a_dequantize() -> None:
    """LiteRT has no such kernel; widened before, it is the same."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(0, 1, (2, 9)).astype(np.float32), rng.normal(0, 1, (5, 9)).astype(np.float16)
    net = Network()
    operands = [net.tensor("x", x.shape, x.dtype), net.constant("w", w)]
    y = net.tensor("y", (2, 5), np.float32)
    net.op("FULLY_CONNECTED", operands, [y])
    net.inputs, net.outputs = operands[:1], [y]
    values, _ = oracle.octavo_run(net.build(), {operands[0]: x})
    exact = x.astype(np.float64) @ w.astype(np.float64).T
    np.testing.assert_allclose(values[y], exact, rtol=0, atol=1e-5 * np.abs(exact).max())
