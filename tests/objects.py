"""Comparing trees of schema objects."""

import numpy as np


def plain(value):
    """Objects as dictionaries with their class, arrays as their type and bytes."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes()
    if isinstance(value, list):
        return [plain(element) for element in value]
    if hasattr(value, "__dict__"):
        fields = {key: plain(field) for key, field in vars(value).items()}
        return {"": type(value).__name__, **fields}
    return value
