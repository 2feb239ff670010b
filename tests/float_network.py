"""What float networks of one operator, drawn by hypothesis, are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from octavo.flatbuffer import Network

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
COMPARISONS = ["EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"]


class FloatNetwork:
    """A network in the making, and random values for it.

    Attributes:
      inputs: the shape of each input.
      is_positive: whether the inputs are to be above 0.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.net = Network()
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.inputs: dict[int, Shape] = {}
        self.is_positive = False
        self.outputs: list[int] = []

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def one_of(self, values: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(values))

    def shape(self, rank: int | None = None, most: int = 5) -> Shape:
        rank = self.integer(1, 4) if rank is None else rank
        return tuple(self.integer(1, most) for _ in range(rank))

    def input(self, shape: Shape) -> int:
        x = self.net.tensor(f"x{len(self.inputs)}", shape, "float32")
        self.inputs[x] = shape
        return x

    def values(self, shape: Shape) -> Array:
        return self.rng.normal(0, 1, shape).astype(np.float32)

    def constant(self, shape: Shape) -> int:
        return self.net.constant("c", self.values(shape))

    def operand(self, shape: Shape) -> int:
        """Given while running, or constant."""
        return self.constant(shape) if self.draw(st.booleans()) else self.input(shape)

    def ints(self, *values: Any) -> int:
        return self.net.constant("i", np.array(values, np.int32))

    def scalar(self, value: int) -> int:
        return self.net.constant("i", np.int32(value))

    def op(self, code: str, operands: list[Any], *shapes: Shape, **options: Any) -> None:
        first = "int32" if code in ("ARG_MAX", "ARG_MIN", "SHAPE") else "float32"
        first = "bool" if code in COMPARISONS else first
        dtypes = [first, "int32" if code == "TOPK_V2" else first, *[first] * len(shapes)]
        self.outputs = [
            self.net.tensor(f"y{i}", s, dtype)
            for i, (s, dtype) in enumerate(zip(shapes, dtypes, strict=False))
        ]
        self.net.op(code, operands, self.outputs, **options)

    def build(self) -> bytes:
        self.net.inputs, self.net.outputs = list(self.inputs), self.outputs
        return self.net.build()

    def samples(self, count: int) -> list[list[Array]]:
        samples = [[4 * self.values(s) for s in self.inputs.values()] for _ in range(count)]
        if self.is_positive:
            return [[np.abs(x) + np.float32(0.5) for x in sample] for sample in samples]
        return samples
