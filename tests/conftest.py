import os
from pathlib import Path

import pytest


def pytest_generate_tests(metafunc):
    """Runs a test that takes `model_file` on every network of $OCTAVO_SHARED/models."""
    if "model_file" in metafunc.fixturenames:
        shared = os.environ.get("OCTAVO_SHARED")
        folder = Path(shared or "", "models")
        files = sorted(folder.glob("**/*.tflite")) if shared else []
        absent = pytest.param(None, marks=pytest.mark.skip("OCTAVO_SHARED is not set"), id="-")
        metafunc.parametrize(
            "model_file",
            [pytest.param(file, id=str(file.relative_to(folder))) for file in files] or [absent],
        )
