"""Random networks of one operator, for every operator that octavo has.

A module for each family holds its generators. test_parity.py runs them against LiteRT, and
parity.py makes the matrix of docs/operators.md of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from hypothesis import assume
from hypothesis import strategies as st
from octavo.flatbuffer import read
from retyped import STAND_INS, retyped
from single_op import Array

Generator = Callable[[st.DrawFn, str, str], tuple[bytes, dict[int, Array]]]

ALL_TYPES = (
    *("float32", "float16", "bfloat16", "float64", "float8_e4m3fn", "float8_e5m2"),
    *("int2", "int4", "int8", "int16", "int32", "int64"),
    *("uint4", "uint8", "uint16", "uint32", "uint64"),
    *("bool", "complex64", "complex128"),
)

GENERATORS: dict[str, Generator] = {}


def generator(*codes: str) -> Callable[[Generator], Generator]:
    """Registers a function (draw, code, dtype) for the operators named.

    It returns a file and its inputs by tensor number, as single_op does. `dtype`, one of ALL_TYPES,
    is the type of the operator's main operand; those that numpy does not have are made of others,
    see retyped.py. A generator draws everything that LiteRT takes of
    the operator, and spares what docs/numerics.md calls LiteRT's faults. It makes a network for
    any type: LiteRT says by refusing which ones it has not.
    """

    def register(function: Generator) -> Generator:
        for code in codes:
            assert code not in GENERATORS, code
            GENERATORS[code] = function
        return function

    return register


@st.composite
def networks(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    if dtype not in STAND_INS:
        return GENERATORS[code](draw, code, dtype)
    drawn, *_ = STAND_INS[dtype]
    model, inputs = GENERATORS[code](draw, code, drawn)
    if code == "EMBEDDING_LOOKUP" and dtype != "int2":
        # Where it makes floats of these types, LiteRT takes them for int8.
        _, table, output = read(model).subgraphs[0].tensors
        assume(table.type == output.type)
    return retyped(model, inputs, dtype)


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
