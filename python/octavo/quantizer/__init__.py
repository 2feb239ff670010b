"""Quantizes float networks: `quantize` and what goes with it."""

from octavo.quantizer.api import OperatorSummary, Quantized, Summary, quantize
from octavo.quantizer.calibration import Calibration
from octavo.quantizer.converter import Converter, OpsSet, Optimize
from octavo.quantizer.recipe import Entry, Recipe

__all__ = [
    "Calibration",
    "Converter",
    "Entry",
    "OperatorSummary",
    "OpsSet",
    "Optimize",
    "Quantized",
    "Recipe",
    "Summary",
    "quantize",
]
