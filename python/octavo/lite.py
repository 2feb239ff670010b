"""The names of `tf.lite`, so that code written for it runs with `import octavo as tf`."""

from octavo.interpreter import Interpreter, OpResolverType
from octavo.quantizer.converter import Converter as TFLiteConverter
from octavo.quantizer.converter import OpsSet, Optimize, RepresentativeDataset, TargetSpec

__all__ = [
    "Interpreter",
    "OpResolverType",
    "OpsSet",
    "Optimize",
    "RepresentativeDataset",
    "TFLiteConverter",
    "TargetSpec",
]
