"""The folder of real networks and data that $OCTAVO_SHARED names; a user's clone has none."""

import os
from pathlib import Path

import numpy as np
import octavo
import pytest

FOLDER = Path(os.environ["OCTAVO_SHARED"]) if "OCTAVO_SHARED" in os.environ else None
needs_shared = pytest.mark.skipif(FOLDER is None, reason="OCTAVO_SHARED is not set")


def networks(pattern="**/*.tflite", only=None, but=()):
    """Parameters for a test: files of models/ that match `pattern`, chosen by their stems."""
    if FOLDER is None:
        return [pytest.param(None, marks=needs_shared, id="-")]
    models = FOLDER / "models"
    files = [
        file
        for file in sorted(models.glob(pattern))
        if (only is None or file.stem in only) and file.stem not in but
    ]
    assert only is None or {file.stem for file in files} == set(only)
    return [pytest.param(file, id=str(file.relative_to(models).with_suffix(""))) for file in files]


def network(name):
    return FOLDER / "models" / f"{name}.tflite"


def random_inputs(file, seed):
    """Integers over their type's whole range, floats normal, a shape as the file declares it."""
    rng = np.random.default_rng(seed)
    interpreter = octavo.Interpreter(file)
    inputs = {}
    for d in interpreter.get_input_details():
        if file.stem.startswith("transpose_conv") and d["dtype"] == np.int32:
            value = interpreter.get_output_details()[0]["shape"]
        elif d["dtype"] == np.float32:
            value = rng.normal(size=d["shape"]).astype(np.float32)
        else:
            ends = np.iinfo(d["dtype"])
            value = rng.integers(ends.min, ends.max, d["shape"], d["dtype"], endpoint=True)
        inputs[d["index"]] = value
    return inputs
