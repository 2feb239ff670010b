"""Quantizes float networks: `quantize` and what goes with it."""

from octavo.quantizer.api import OperatorSummary, Quantized, Summary, quantize
from octavo.quantizer.calibration import Calibration
from octavo.quantizer.recipe import Entry, Recipe

__all__ = ["Calibration", "Entry", "OperatorSummary", "Quantized", "Recipe", "Summary", "quantize"]
