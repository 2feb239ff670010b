"""Shapes of layers that multiply, in bench/shapes: one file a network.

    python bench/layers.py NAME=FILE.tflite ...

writes bench/shapes/NAME.csv for each network: its layers, equal ones as one row with their count.
The files in bench/shapes that begin with a comment were written by hand.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from octavo import flatbuffer
from octavo.flatbuffer import schema
from octavo.kernels import Call, Table

FOLDER = Path(__file__).parent / "shapes"
OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# Types of activations, weights and bias.
FORMS = {
    "int8": ("int8", "int8", "int32"),
    "16x8": ("int16", "int8", "int64"),
    "dynamic": ("float32", "int8", "float32"),
    "float32": ("float32", "float32", "float32"),
}


@dataclass(frozen=True)
class Layer:
    """FULLY_CONNECTED has its rows as in_w, its columns as channels, and a window of one pixel."""

    operator: str
    in_h: int
    in_w: int
    in_c: int
    out_c: int
    filter_h: int = 1
    filter_w: int = 1
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    padding: str = "SAME"

    def __str__(self) -> str:
        window = f"{self.filter_h}x{self.filter_w}"
        if (self.stride_h, self.stride_w) != (1, 1):
            window += f"/{self.stride_h}x{self.stride_w}"
        return f"{self.operator} {self.in_h}x{self.in_w}x{self.in_c}-{window}-{self.out_c}"

    @property
    def macs(self) -> int:
        def positions(size: int, window: int, stride: int, dilation: int) -> int:
            seen = 0 if self.padding == "SAME" else (window - 1) * dilation
            return math.ceil((size - seen) / stride)

        out_h = positions(self.in_h, self.filter_h, self.stride_h, self.dilation_h)
        out_w = positions(self.in_w, self.filter_w, self.stride_w, self.dilation_w)
        depth = 1 if self.operator == "DEPTHWISE_CONV_2D" else self.in_c
        return out_h * out_w * self.out_c * self.filter_h * self.filter_w * depth

    def prepare(self, table: Table, form: str, generator: np.random.Generator) -> Call:
        """The layer in one of FORMS on random numbers, with weights per channel and, of integers,
        outputs all over their range."""
        window = (self.filter_h, self.filter_w)
        options: dict[str, Any] = {
            "stride": (self.stride_h, self.stride_w),
            "dilation": (self.dilation_h, self.dilation_w),
            "padding": self.padding,
        }
        x_dtype, weights_dtype, bias_dtype = FORMS[form]
        x = draw(generator, (1, self.in_h, self.in_w, self.in_c), x_dtype)
        bias = draw(generator, (self.out_c,), bias_dtype)
        depth = math.prod(window)
        if self.operator == "DEPTHWISE_CONV_2D":
            prepare, shape = table.depthwise_conv_2d, (1, *window, self.out_c)
        elif self.operator == "CONV_2D":
            prepare, shape = table.conv_2d, (self.out_c, *window, self.in_c)
            depth *= self.in_c
        else:
            prepare, shape = table.fully_connected, (self.out_c, self.in_c)
            x, depth, options = x[0, 0], self.in_c, {}
        # Sums of so many products of random int8 have this deviation: 64 quanta of the output. An
        # int16 is 256 times as great, and so are the quanta.
        multiplier = np.full(self.out_c, 64 / (73**2 * math.sqrt(depth)))
        zero = -3 if x_dtype == "int8" else 0
        weights = draw(generator, shape, weights_dtype)
        return prepare(
            x, weights, bias, multiplier=multiplier, in_zero=zero, activation="RELU", **options
        )


def draw(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    if dtype == "float32":
        return generator.standard_normal(shape, np.float32)
    most = {"int8": 127, "int16": 32767}.get(dtype, 1000)
    return generator.integers(-most, most + 1, shape, dtype)


def read(network: str) -> dict[Layer, int]:
    """The layers of bench/shapes/NETWORK.csv, and how many of each there are."""
    types = {field.name: {"int": int, "str": str}[str(field.type)] for field in fields(Layer)}
    layers = {}
    with (FOLDER / f"{network}.csv").open(newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            count = int(row.pop("count"))
            layers[Layer(**{name: types[name](value) for name, value in row.items()})] = count
    return layers


def networks() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.csv"))


def layers_of(model: Path) -> Iterator[Layer]:
    tree = flatbuffer.read(model.read_bytes())
    names = {number: name for name, number in vars(schema.BuiltinOperator).items()}
    padding = {number: name for name, number in vars(schema.Padding).items()}
    graph = tree.subgraphs[0]
    for operator in graph.operators:
        code = tree.operatorCodes[operator.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name not in OPERATORS:
            continue
        x, w = (graph.tensors[i].shape.tolist() for i in operator.inputs[:2])
        if name == "FULLY_CONNECTED":
            units, depth = w
            yield Layer(name, 1, math.prod(x) // depth, depth, units)
            continue
        o = operator.builtinOptions
        yield Layer(
            name,
            *x[1:],
            w[3] if name == "DEPTHWISE_CONV_2D" else w[0],
            *w[1:3],
            o.strideH,
            o.strideW,
            o.dilationHFactor,
            o.dilationWFactor,
            padding[o.padding],
        )


def write(network: str, layers: Counter[Layer]) -> None:
    with (FOLDER / f"{network}.csv").open("w", newline="") as file:
        columns = [field.name for field in fields(Layer)]
        writer = csv.DictWriter(file, [*columns, "count"], lineterminator="\n")
        writer.writeheader()
        for layer, count in layers.items():
            writer.writerow({**asdict(layer), "count": count})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="NAME=FILE.tflite")
    for model in parser.parse_args().models:
        network, _, file = model.partition("=")
        write(network, Counter(layers_of(Path(file))))


if __name__ == "__main__":
    main()
