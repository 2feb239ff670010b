import shared


def pytest_generate_tests(metafunc):
    """Runs a test that takes `model_file` on every network of $OCTAVO_SHARED/models."""
    if "model_file" in metafunc.fixturenames:
        metafunc.parametrize("model_file", shared.networks())
