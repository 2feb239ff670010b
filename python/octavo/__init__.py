"""octavo runs quantized neural networks: LiteRT/TFLite files, equal to the reference to the bit.

`load` gives a network as a function of arrays; `Interpreter` is a drop-in for LiteRT's; the module
`octavo.flatbuffer` reads, writes and builds files. `quantize` makes a quantized network of a float
one; `Converter` does so with the settings of `tf.lite.TFLiteConverter`. `isa` tells which kernels
run; the module `octavo.kernels` runs them by themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float16, float32, int8, int16, uint8

    from octavo import kernels, lite
    from octavo._core import isa
    from octavo.interpreter import Interpreter, OpResolverType
    from octavo.model import Model, TensorSpec, load
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

_HOME = {
    "Calibration": "octavo.quantizer",
    "Converter": "octavo.quantizer",
    "Interpreter": "octavo.interpreter",
    "Model": "octavo.model",
    "OpResolverType": "octavo.interpreter",
    "OpsSet": "octavo.quantizer",
    "Optimize": "octavo.quantizer",
    "Quantized": "octavo.quantizer",
    "Recipe": "octavo.quantizer",
    "TensorSpec": "octavo.model",
    "float16": "numpy",
    "float32": "numpy",
    "int16": "numpy",
    "int8": "numpy",
    "isa": "octavo._core",
    "load": "octavo.model",
    "quantize": "octavo.quantizer",
    "uint8": "numpy",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for, so that `import octavo` costs nothing."""
    if name in ("kernels", "lite"):
        return import_module(f"octavo.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
