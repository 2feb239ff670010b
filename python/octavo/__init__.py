"""octavo runs quantized neural networks: LiteRT/TFLite files, equal to the reference to the bit.

`load` gives a network as a function of arrays; `Interpreter` is a drop-in for LiteRT's; the module
`octavo.flatbuffer` reads, writes and builds files. `quantize` makes a quantized network of a float
one; `Converter` does so with the settings of `tf.lite.TFLiteConverter`. `isa` tells which kernels
run; the module `octavo.kernels` runs them by themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from numpy import float16, float32, int8, int16, uint8

from octavo._core import isa
from octavo.custom_ops import CustomNode, CustomOp
from octavo.interpreter import Interpreter, OpResolverType
from octavo.model import Model, load
from octavo.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from octavo import kernels, lite
    from octavo.quantizer import (
        Calibration,
        Converter,
        OpsSet,
        Optimize,
        Quantized,
        Recipe,
        quantize,
    )

__version__ = "0.1.0"

__all__ = [
    "Calibration",
    "Converter",
    "CustomNode",
    "CustomOp",
    "Interpreter",
    "Model",
    "OpResolverType",
    "OpsSet",
    "Optimize",
    "Quantized",
    "Recipe",
    "TensorSpec",
    "float16",
    "float32",
    "int8",
    "int16",
    "isa",
    "kernels",
    "lite",
    "load",
    "quantize",
    "uint8",
]

_QUANTIZER = ("Calibration", "Converter", "OpsSet", "Optimize", "Quantized", "Recipe", "quantize")


def __getattr__(name: str) -> Any:
    """Imports what running a network does not need when it is asked for."""
    if name in ("kernels", "lite"):
        return import_module(f"octavo.{name}")
    if name not in _QUANTIZER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("octavo.quantizer"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
