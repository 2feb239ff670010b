"""Chains of convolutions that run in bands of rows give the bits that they give one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import octavo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from rewritten import Array, check, check_bits, prepared
from weights import FLOAT32, HYBRID, INT8, INT16, UINT8, Kind

KINDS = {"int8": INT8, "uint8": UINT8, "int16": INT16, "float32": FLOAT32, "hybrid": HYBRID}


class Chain:
    """x -> convolution -> ... -> y."""

    def __init__(self, kind: Kind, shape: tuple[int, ...], seed: int) -> None:
        self.kind, self.shape, self.input_shape = kind, shape, shape
        self.rng = np.random.default_rng(seed)
        self.net = Network()
        self.quantization = self._quantization(0.25)
        self.last = self.net.tensor("x", shape, kind.input, **self.quantization)
        self.net.inputs = [self.last]
        self.links = 0  # between convolutions

    def _quantization(self, scale: float) -> dict[str, Any]:
        if self.kind.input == "float32":
            return {}
        zero_points = {"int8": (-128, 127), "uint8": (0, 255), "int16": (0, 0)}[self.kind.input]
        zero_point = int(self.rng.integers(*zero_points, endpoint=True))
        return {"scale": scale, "zero_point": zero_point}

    def _values(self, shape: tuple[int, ...], dtype: str) -> Array:
        if dtype == "float32":
            return self.rng.standard_normal(shape).astype(np.float32)
        limits = np.iinfo(dtype)
        return self.rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)

    def input(self) -> dict[int, Array]:
        (x,) = self.net.inputs
        self.rng = np.random.default_rng(1)
        return {x: self._values(self.input_shape, self.kind.input)}

    def convolve(self, channels: int, window: dict[str, tuple[int, int]], **changes: Any) -> None:
        """`channels`: of the output; 0: a DEPTHWISE_CONV_2D. `window`: (filter, stride, dilation,
        padding) by direction."""
        depth = self.shape[3]
        code = "CONV_2D" if channels else "DEPTHWISE_CONV_2D"
        size = (window["h"][0], window["w"][0])
        groups = changes.get("groups", 1)
        filter_shape = (channels, *size, depth // groups) if channels else (1, *size, depth)
        padding = changes.get("padding", "SAME")
        positions = []
        for d, length in zip("hw", self.shape[1:3], strict=True):
            taps, stride, dilation = window[d]
            reach = length if padding == "SAME" else length - (taps - 1) * dilation
            positions.append(-(-reach // stride))
        shape = (self.shape[0], *positions, channels or depth)
        terms = math.prod(size) * (depth // groups if channels else 1)

        name = f"{self.last}"
        scale = 2.0 ** -self.rng.integers(3, 7)
        scales = {} if self.kind.filter == "float32" else {"scale": scale}
        if self.kind is HYBRID:
            scales = {"scale": np.full(shape[3], scale), "zero_point": np.zeros(shape[3], int)}
            scales["quantized_dimension"] = 0 if channels else 3
        if self.kind is UINT8:
            scales["zero_point"] = 128
        w = self.net.constant("w" + name, self._values(filter_shape, self.kind.filter), **scales)
        quantization, bias_scale = {}, {}
        if self.quantization:
            bias_scale = {"scale": self.quantization["scale"] * scale}
            sums = 74 * math.sqrt(terms) * {"int16": 19000}.get(self.kind.input, 74)
            top = np.iinfo(self.kind.input).max
            quantization = self._quantization(bias_scale["scale"] * sums / (0.4 * top))
        bias = self.rng.integers(-99, 99, shape[3]).astype(self.kind.bias)
        b = self.net.constant("b" + name, bias, **bias_scale)
        y = self.net.tensor("y" + name, shape, self.kind.input, **quantization)
        self.net.op(
            code,
            [self.last, w, b],
            [y],
            padding=padding,
            **{f"stride_{d}": window[d][1] for d in "hw"},
            **{f"dilation_{d}_factor": window[d][2] for d in "hw"},
            **({} if channels else {"depth_multiplier": 1}),
            fused_activation_function=changes.get("activation", "NONE"),
        )
        self.last, self.shape, self.quantization = y, shape, quantization
        self.net.outputs = [y]


WINDOW = st.tuples(st.sampled_from([1, 1, 2, 3, 5]), st.integers(1, 3), st.integers(1, 2))


def draw_chain(draw: Any, kind: Kind) -> Chain:
    size = draw(st.tuples(st.integers(1, 19), st.integers(1, 9)))
    batch = draw(st.sampled_from([1, 1, 1, 2]))
    depth = draw(st.sampled_from([1, 3, 8, 17, 40]))
    chain = Chain(kind, (batch, *size, depth), draw(st.integers(0, 2**32 - 1)))
    for _ in range(draw(st.integers(2, 5))):
        is_depthwise = draw(st.booleans()) and chain.shape[3] > 1
        window = {d: draw(WINDOW) for d in "hw"}
        if draw(st.booleans()):
            window = dict.fromkeys("hw", (1, 1, 1))
        fits = all(
            (window[d][0] - 1) * window[d][2] < length
            for d, length in zip("hw", chain.shape[1:3], strict=True)
        )
        channels = 0 if is_depthwise else draw(st.sampled_from([2, 6, 16, 33]))
        has_groups = kind is INT8 and channels % 2 == chain.shape[3] % 2 == 0
        chain.convolve(
            channels,
            window,
            padding=draw(st.sampled_from(["SAME", "VALID"])) if fits else "SAME",
            activation=draw(st.sampled_from(["NONE", "RELU"])),
            groups=2 if has_groups and not is_depthwise else 1,
        )
    return chain


ONE = dict.fromkeys("hw", (1, 1, 1))
THREE = dict.fromkeys("hw", (3, 2, 1))


def inverted_bottleneck(kind: str, batch: int = 1, width: int = 12) -> Chain:
    """Its two tensors inside have 64 * `width` rows, half as many and 24 channels."""
    chain = Chain(KINDS[kind], (batch, 64 * width, width, 4), seed=0)
    chain.convolve(24, ONE)
    chain.convolve(0, THREE)
    chain.convolve(4, ONE)
    return chain


def step_nodes(model: bytes, **kwargs: Any) -> list[list[int]]:
    return prepared(model, **kwargs).time_steps(1)[0]


needs_products = pytest.mark.skipif(
    octavo.isa() == "portable", reason="no kernel of this table runs by rows"
)


@needs_products
@pytest.mark.parametrize("kind", KINDS)
def test_large_tensors_between_are_not_kept(kind: str) -> None:
    """And not those that fit the caches."""
    model = inverted_bottleneck(kind, width=70).net.build()
    element = np.dtype(KINDS[kind].input).itemsize
    between = 64 * 70 * 70 * 24 * element
    assert step_nodes(model) == [[0, 1, 2]]
    assert prepared(model, keep_all=True).arena_bytes > between
    assert prepared(model).arena_bytes < between / 2
    assert step_nodes(inverted_bottleneck(kind, width=6).net.build()) == [[0], [1], [2]]


@pytest.mark.parametrize("kind", KINDS)
def test_bits_of_bands_of_several_rows(kind: str) -> None:
    chain = inverted_bottleneck(kind, width=40)
    model = chain.net.build()
    kept, *others = (
        prepared(model, **kwargs)
        for kwargs in ({"keep_all": True}, {"threads": 1}, {"threads": 2}, {"threads": 3})
    )
    for interpreter in (kept, *others):
        for index, value in chain.input().items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
    assert octavo.isa() == "portable" or others[0].time_steps(1)[0] == [[0, 1, 2]]
    for interpreter in others:
        assert len(interpreter.step_kernels()) == len(interpreter.steps)
        ours = interpreter.get_tensor(chain.last, copy=True)
        assert ours.tobytes() == kept.get_tensor(chain.last, copy=True).tobytes()


@needs_products
@pytest.mark.parametrize(
    ("shape", "window", "threads"),
    [((1, 1, 9000, 4), ONE, 1),  # a row has no room
     ((1, 7, 1000, 4), ONE, 2),  # some threads would have few rows
     ((1, 600, 40, 4), {"h": (3, 1, 250), "w": (3, 1, 1)}, 1)],
)  # fmt: skip
def test_chains_that_would_cost_more_than_they_spare(
    shape: tuple[int, ...], window: dict[str, tuple[int, int, int]], threads: int
) -> None:
    chain = Chain(FLOAT32, shape, seed=0)
    chain.convolve(24, ONE)
    chain.convolve(0, window)
    assert step_nodes(chain.net.build(), threads=threads) == [[0], [1]]
    interpreter = prepared(chain.net.build(), threads=threads)
    assert len(interpreter.step_kernels()) == 2


@needs_products
def test_what_stays_apart() -> None:
    def nodes(chain: Chain) -> list[list[int]]:
        return step_nodes(chain.net.build(), threads=2, is_eager=True)

    assert nodes(inverted_bottleneck("int8")) == [[0, 1, 2]]
    assert nodes(inverted_bottleneck("int8", batch=2)) == [[0], [1], [2]]
    chain = inverted_bottleneck("int8")
    middle = chain.last - 3
    chain.net.outputs.append(middle)
    assert nodes(chain) == [[0, 1], [2]]
    chain = inverted_bottleneck("float32")
    z = chain.net.tensor("z", chain.shape, "float32")
    chain.net.op("ADD", [chain.last, chain.last], [z])
    chain.net.outputs = [z]
    chain.last = z
    chain.convolve(3, ONE)
    assert nodes(chain) == [[0, 1, 2], [3], [4]]
    # Each image has one range of all its pixels.
    chain = Chain(HYBRID, (1, 9, 9, 4), seed=0)
    chain.convolve(8, ONE)
    chain.convolve(8, THREE)
    chain.convolve(8, ONE)
    assert nodes(chain) == [[0], [1], [2]]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bits_of_chains(kind: str, data: Any) -> None:
    chain = draw_chain(data.draw, KINDS[kind])
    model = chain.net.build()
    if "float32" in (KINDS[kind].input, KINDS[kind].filter):
        check_bits(model, chain.input())
    else:
        check(model, chain.input())
