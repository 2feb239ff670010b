"""docs/operators.md is true: random networks of every operator and type against LiteRT."""

from __future__ import annotations

import parity
import pytest
from draws import ALL_TYPES, GENERATORS
from parity import Cell
from record_cases import operators

DRAWS = 12
MATRIX = parity.documented()
RUNNING = [
    pytest.param(code, dtype, cell, id=f"{code}-{dtype}")
    for code, row in MATRIX.items()
    for dtype, cell in row.items()
    if cell in (Cell.EXACT, Cell.CLOSE)
]


@pytest.mark.parametrize(("code", "dtype", "cell"), RUNNING)
def test_cell(code, dtype, cell):
    """As LiteRT; where the matrix says so, to the bit."""
    cells = parity.sweep(code, dtype, DRAWS)
    assert cells[Cell.EXACT] + cells[Cell.CLOSE] > 0
    assert cells[Cell.NOT_HERE] == 0
    assert cell is Cell.CLOSE or cells[Cell.CLOSE] == 0


@pytest.mark.parametrize("code", sorted(GENERATORS.keys() & MATRIX))
def test_litert_refuses_the_other_types(code):
    for dtype, cell in MATRIX[code].items():
        if cell is Cell.NOT_IN_LITERT:
            assert parity.sweep(code, dtype, 2).keys() <= {Cell.NOT_IN_LITERT, Cell.NOT_HERE}, dtype


def test_the_matrix_has_every_operator():
    assert set(MATRIX) == parity.litert_operators() | operators()
    assert all(tuple(row) == ALL_TYPES for row in MATRIX.values())
    assert operators() == set(GENERATORS)
    assert not any(Cell.NOT_HERE in row.values() for row in MATRIX.values())
