"""Operators that do not multiply by weights, on every table of kernels.

    python -m pytest bench/test_operators.py --benchmark-columns=min,median

Their operands lie in the nearest caches, as the layer before leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from octavo import kernels
from octavo.kernels import Call, Operand, Output, Table, constant

PROBABILITY = Output("int8", 1 / 256, -128)


@dataclass(frozen=True)
class Case:
    """Of a network that has it. `shapes` are those of inputs; all of int8 unless said otherwise."""

    network: str
    operator: str
    shapes: list[tuple[int, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    constants: tuple[Any, ...] = ()
    output: Output = field(default_factory=lambda: Output("int8", 0.1, 5))
    dtype: str = "int8"
    is_same: bool = False  # the inputs' quantization is the output's

    def __str__(self) -> str:
        shapes = ", ".join("x".join(map(str, shape)) for shape in self.shapes)
        dtype = self.dtype
        if self.output.dtype != dtype:
            dtype += f" to {self.output.dtype}"
        return f"{self.network} {self.operator} {dtype} {shapes}"

    def prepare(self, table: Table) -> Call:
        generator = np.random.default_rng(0)
        operands: list[Operand] = []
        for i, shape in enumerate(self.shapes):
            scale, zero = (0.1, 5) if self.is_same else (0.07 + 0.03 * i, -3 * i)
            if self.dtype == "float32":
                operands.append(Operand(generator.random(shape, np.float32)))
            elif self.dtype == "int16":
                value = generator.integers(-32768, 32768, shape, np.int16)
                operands.append(Operand(value, scale / 256))
            else:
                value = generator.integers(-128, 128, shape, np.int8)
                operands.append(Operand(value, scale, zero))
        operands += [constant(value) for value in self.constants]
        return table.prepare(self.operator, operands, self.output, **self.options)

    def in_int16(self) -> Case:
        """The same for int16, as 16x8 networks have it."""
        output = Output("int16", 0.1 / 256)
        if self.output == PROBABILITY:
            output = Output("int16", 1 / 32768)
        elif self.output.dtype == "float32":
            output = self.output
        dtype = self.dtype if self.dtype == "float32" else "int16"
        return replace(self, dtype=dtype, output=output)


def window(height: int, width: int, stride: int, padding: str) -> dict[str, Any]:
    return {
        "filter_height": height,
        "filter_width": width,
        "stride_h": stride,
        "stride_w": stride,
        "padding": padding,
    }


PADS = np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)
CASES = [
    Case("mobilenet_v2", "ADD", [(1, 56, 56, 24)] * 2),
    Case("resnet_v2_101", "ADD", [(1, 14, 14, 1024)] * 2),
    Case("resnet_v2_101", "MUL", [(1, 56, 56, 256), (256,)]),
    Case(
        "inception_v3",
        "AVERAGE_POOL_2D",
        [(1, 35, 35, 288)],
        window(3, 3, 1, "SAME"),
        (),
        is_same=True,
    ),
    Case(
        "inception_v3",
        "AVERAGE_POOL_2D",
        [(1, 8, 8, 2048)],
        window(3, 3, 1, "SAME"),
        (),
        is_same=True,
    ),
    Case(
        "inception_v3",
        "MAX_POOL_2D",
        [(1, 147, 147, 64)],
        window(3, 3, 2, "VALID"),
        (),
        is_same=True,
    ),
    Case("inception_v3", "CONCATENATION", [(1, 35, 35, 64)] * 3, {"axis": 3}, is_same=True),
    Case("mobilenet_v2", "MEAN", [(1, 7, 7, 1280)], {}, (np.array([1, 2], np.int32),)),
    Case("resnet_v2_101", "PAD", [(1, 112, 112, 64)], {}, (PADS,), is_same=True),
    Case(
        "segmentation",
        "RESIZE_BILINEAR",
        [(1, 33, 33, 21)],
        {},
        (np.array([129, 129], np.int32),),
        is_same=True,
    ),
    Case(
        "segmentation",
        "RESIZE_NEAREST_NEIGHBOR",
        [(1, 26, 26, 256)],
        {},
        (np.array([52, 52], np.int32),),
        is_same=True,
    ),
    Case("mobilenet_v3", "HARD_SWISH", [(1, 112, 112, 16)]),
    Case("mobilenet_v3", "LOGISTIC", [(1, 1, 1, 960)], output=PROBABILITY),
    Case("efficientnet_lite0", "SOFTMAX", [(1, 1000)], {"beta": 1.0}, output=PROBABILITY),
    Case("any", "QUANTIZE", [(1, 224, 224, 3)], dtype="float32"),
    Case("any", "QUANTIZE", [(1, 224, 224, 3)]),
    Case("any", "DEQUANTIZE", [(1, 56, 56, 64)], output=Output("float32")),
    Case("any", "LEAKY_RELU", [(1, 52, 52, 128)], {"alpha": 0.1}),
    Case(
        "any", "TRANSPOSE", [(1, 56, 56, 64)], {}, (np.array([0, 3, 1, 2], np.int32),), is_same=True
    ),
]
CASES += [case.in_int16() for case in CASES if case.operator != "HARD_SWISH"]
CASES += [
    Case("any", "QUANTIZE", [(1, 224, 224, 3)], dtype="int16"),
    Case("any", "RELU", [(1, 52, 52, 128)], output=Output("int16", 0.1 / 256), dtype="int16"),
]


@pytest.mark.parametrize("isa", kernels.tables())
@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator(benchmark: Any, case: Case, isa: str) -> None:
    call = case.prepare(kernels.table(isa))
    benchmark.pedantic(call.run, rounds=30, warmup_rounds=3)
    if benchmark.stats is None:  # --benchmark-disable: it has run
        return
    moved = sum(array.nbytes for array in call.inputs() + call.outputs())
    benchmark.extra_info.update(
        isa=isa,
        kernels=call.kernels,
        bytes=moved,
        gigabytes_per_second=moved / benchmark.stats.stats.median / 1e9,
    )
