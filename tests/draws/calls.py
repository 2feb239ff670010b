"""Operators that call subgraphs or keep variables."""

from __future__ import annotations

import numpy as np
from calls import CODES, single_call
from hypothesis import strategies as st
from single_op import Array, operands

from draws import generator


@generator(*CODES)
def call(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    values = np.asarray(draw(operands(shape, dtype, False)).value)
    return single_call(code, values, draw(st.booleans()), draw(st.integers(0, 3)), dtype)
