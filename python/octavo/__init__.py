"""octavo runs quantized neural networks: LiteRT/TFLite files, equal to the reference to the bit.

`load` gives a network as a function of arrays; `Interpreter` is a drop-in for LiteRT's; the module
`octavo.flatbuffer` reads, writes and builds files. `quantize` makes a quantized network of a float
one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octavo.interpreter import Interpreter, OpResolverType
    from octavo.model import Model, TensorSpec, load
    from octavo.quantizer import Calibration, Quantized, Recipe, quantize

__version__ = "0.1.0"

__all__ = [
    "Calibration",
    "Interpreter",
    "Model",
    "OpResolverType",
    "Quantized",
    "Recipe",
    "TensorSpec",
    "load",
    "quantize",
]

_HOME = {
    "Calibration": "octavo.quantizer",
    "Interpreter": "octavo.interpreter",
    "Model": "octavo.model",
    "OpResolverType": "octavo.interpreter",
    "Quantized": "octavo.quantizer",
    "Recipe": "octavo.quantizer",
    "TensorSpec": "octavo.model",
    "load": "octavo.model",
    "quantize": "octavo.quantizer",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for, so that `import octavo` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
