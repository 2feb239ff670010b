"""What quantizing says to callers who ask for what there is not."""

from __future__ import annotations

import octavo
import pytest
from octavo import demo
from octavo.quantizer import Entry

MODEL = demo.network("float")
ENTRY = {"operator": "SOFTMAX", "mode": "float"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "INT8"}, r'mode "INT8" is none of float, dynamic, .*, 16x8'),
        ({"input_type": "int16"}, 'input type int16: with mode "int8" it is float32 or int8 or u'),
        ({"mode": "dynamic", "output_type": "int8"}, 'with mode "dynamic" it is float32$'),
        ({"estimator": "max"}, "'max' is no range estimator: minmax, "),
        ({"recipe": ENTRY}, "a recipe is a list of entries, not an entry"),
        ({"recipe": Entry("float")}, "a recipe is a list of entries, not an entry"),
        ({"recipe": ["SOFTMAX"]}, r"recipe entry 'SOFTMAX': an entry is a dictionary with a mode"),
        ({"recipe": [{"operator": "SOFTMAX"}]}, "an entry is a dictionary with a mode, and an op"),
        ({"recipe": [{**ENTRY, "op": "TANH"}]}, "recipe entry {.*'op': 'TANH'}: an entry is a"),
        ({"recipe": [{**ENTRY, "mode": "int16"}]}, 'recipe: mode "int16" is none of float, .*16x8'),
        (
            {"recipe": [{**ENTRY, "operator": "Softmax"}]},
            'operator "Softmax" does not exist; names',
        ),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        octavo.quantize(MODEL, **{"data": demo.calibration(), **arguments})


def test_data_or_a_calibration():
    with pytest.raises(ValueError, match='mode "int8" needs representative data, or the calibrat'):
        octavo.quantize(MODEL)
    made = octavo.quantize(MODEL, "int8", demo.calibration()).calibration
    with pytest.raises(ValueError, match="there are data and a calibration"):
        octavo.quantize(MODEL, "int8", demo.calibration(), calibration=made)
    with pytest.raises(
        ValueError, match=r"needs histograms, which the calibration lacks: quantize"
    ):
        octavo.quantize(MODEL, "int8", calibration=made, estimator="mse")


def test_a_recipe_may_name_what_does_not_occur():
    other = [{"operator": "LOG_SOFTMAX", "mode": "float"}]
    assert octavo.quantize(MODEL, "int8", demo.calibration(), recipe=other).summary.counts() == {
        "int8": 6
    }
