"""The folder of real networks and data that $OCTAVO_SHARED names; a user's clone has none."""

import os
from pathlib import Path

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
