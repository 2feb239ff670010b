"""What docs/quantization.md says is what the quantizer does."""

import json
import re

import operator_table
from octavo import OpsSet, Recipe
from octavo.quantizer.api import MODES
from octavo.quantizer.estimators import ESTIMATORS

TEXT = operator_table.PATH.read_text("utf-8")


def test_operator_table():
    """If it is not: python tests/operator_table.py"""
    assert operator_table.documented() == operator_table.table()


def rows(section):
    """The cells of a section's tables."""
    lines = TEXT.split(f"## {section}\n")[1].split("\n## ")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]


def test_modes():
    documented = {row[0].strip("`"): row for row in rows("Modes")[2 : 2 + len(MODES)]}
    for name, mode in MODES.items():
        assert tuple(documented[name][3].split(", ")) == mode.boundaries
        assert mode.boundaries[0] == mode.boundary
        assert (documented[name][4] == "yes") == (name in ("int8", "int8-only", "16x8"))
        assert ("is an error" in documented[name][2]) != mode.fallback


def test_settings_of_the_converter():
    named = set(re.findall(r"\b(?:EXPERIMENTAL_)?TFLITE_\w+", TEXT))
    assert named == set(OpsSet.__members__)


def test_estimators():
    assert [row[0].strip("`") for row in rows("Range estimators")[2:]] == list(ESTIMATORS)


def test_recipe():
    example = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)[1])
    assert [entry.mode for entry in Recipe(example).entries] == ["float", "16x8"]
