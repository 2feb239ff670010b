"""The matrix of operators and element types in docs/operators.md: what octavo makes of random
networks of each, held against LiteRT's reference kernels.

    python tests/parity.py                   # all operators
    python tests/parity.py GATHER GATHER_ND  # these, and leaves the other rows as they are
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from enum import Enum
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import oracle
from draws import ALL_TYPES, GENERATORS, networks
from hypothesis import HealthCheck, Phase, given, settings
from octavo.flatbuffer import Network
from record_cases import operators
from single_op import Array

PATH = Path(__file__).parents[1] / "docs/operators.md"
OPCODES = Path(__file__).parents[1] / "csrc/base/opcodes.inc"
BEGIN = "<!-- matrix: written by python tests/parity.py -->\n"
END = "<!-- end -->\n"
CASES = 30  # that LiteRT takes, of each operator and type

# They are no single operators: control flow of older files, and a marker.
NO_OPERATORS = {"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"}

# Of strings, or with tables whose keys or values are strings: LiteRT has no others.
ON_STRINGS = {
    *("HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_SIZE"),
    "SKIP_GRAM",
}

# What LiteRT computes wrongly throughout, see docs/numerics.md: tests of their own hold these.
_FOUR_BYTES = (
    *("float16", "bfloat16", "float64", "float8_e4m3fn", "float8_e5m2"),
    *("int2", "int4", "uint4", "uint16", "uint64", "bool", "complex64", "complex128"),
)
_READ_AS_FLOAT32 = {  # but for these types
    "FAKE_QUANT": ("float32",),
    "LSTM": ("float32", "int8", "uint8"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ("float32", "int8", "uint8"),
}
FAULTS = {
    ("PRELU", "int16"): "reads slopes as bytes",
    **{
        (code, dtype): "reads every type as float32"
        for code in _READ_AS_FLOAT32
        for dtype in ALL_TYPES
        if dtype not in _READ_AS_FLOAT32[code]
    },
    **{
        (code, dtype): "takes elements of less than a byte for bytes"
        for code in ("BITCAST", "BROADCAST_TO", "DILATE", "HASHTABLE_LOOKUP", "STABLEHLO_PAD")
        for dtype in ("int2", "int4", "uint4")
    },
    **{
        (code, dtype): "moves elements of other sizes as four bytes each"
        for code in ("MATRIX_DIAG", "MATRIX_SET_DIAG")
        for dtype in _FOUR_BYTES
    },
    **{
        ("EMBEDDING_LOOKUP_SPARSE", dtype): "reads every table as float32"
        for dtype in ALL_TYPES
        if dtype != "float32"
    },
    ("SUM", "int8"): "reads its input as unsigned bytes",
    ("SUM", "int16"): "reads its input as unsigned bytes",
}

Matrix = dict[str, dict[str, "Cell"]]


class Cell(Enum):
    EXACT = "="
    CLOSE = "≈"
    NOT_IN_LITERT = ""
    NOT_HERE = "no"
    FAULTY = "!"


class Differs(Exception):
    """octavo computes something else than LiteRT."""


def litert_operators() -> set[str]:
    """The builtin operators that LiteRT's resolvers have, but for those on strings, by asking
    them for each."""
    names = re.findall(r"^OPCODE\((\w+),", OPCODES.read_text(), re.MULTILINE)
    versions = (1, 2)  # of BROADCAST_TO there is no first one
    return {
        name
        for name in names
        if name not in NO_OPERATORS | ON_STRINGS and any(_is_resolved(name, v) for v in versions)
    }


def _is_resolved(code: str, version: int) -> bool:
    net = Network()
    x, y = net.tensor("x", (1,), "float32"), net.tensor("y", (1,), "float32")
    net.op(code, [x], [y], version=version)
    net.inputs, net.outputs = [x], [y]
    try:
        oracle.run(net.build(), {x: np.zeros(1, np.float32)})
    except oracle.OracleError as error:
        return "Didn't find op" not in str(error)
    return True


def compare(model: bytes, inputs: dict[int, Array]) -> Cell:
    """What one network says of its operator and type; raises Differs.

    Not here is what octavo refuses and LiteRT has no elements to compute of: it may take such
    networks of types that it does not have.
    """
    try:
        expected, outputs = oracle.run(model, inputs)
    except oracle.OracleError:
        return Cell.NOT_IN_LITERT
    try:
        ours, our_outputs = oracle.octavo_run(model, inputs)
    except (ValueError, RuntimeError) as error:
        if all(value.size == 0 for value in expected.values()):
            return Cell.NOT_HERE
        raise Differs(f"LiteRT runs it, octavo says: {error}") from error
    try:
        assert our_outputs == outputs
        for index in outputs:
            oracle.assert_same(ours[index], expected[index], f"tensor {index}")
    except AssertionError as error:
        raise Differs(str(error)) from error
    exact = all(np.array_equal(ours[i], expected[i], equal_nan=_has_nan(ours[i])) for i in outputs)
    return Cell.EXACT if exact else Cell.CLOSE


def _has_nan(x: Array) -> bool:
    return x.dtype.kind in "fc"


def sweep(code: str, dtype: str, draws: int) -> Counter[Cell]:
    """What so many random networks say, the same ones each time; raises Differs."""
    cells: Counter[Cell] = Counter()

    @settings(
        max_examples=draws,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(network=networks(code, dtype))
    def run(network: tuple[bytes, dict[int, Array]]) -> None:
        cells[compare(*network)] += 1

    run()
    return cells


def judge(code: str, dtype: str) -> Cell:
    """The cell of the matrix; raises Differs."""
    if (code, dtype) in FAULTS:
        return Cell.FAULTY
    cells = sweep(code, dtype, CASES)
    refused = cells.pop(Cell.NOT_IN_LITERT, 0)
    if refused and cells:
        cells = sweep(code, dtype, 10 * CASES)
        refused = cells.pop(Cell.NOT_IN_LITERT, 0)
        assert cells.total() >= CASES, f"LiteRT takes only {cells.total()}, refuses {refused}"
    if cells.keys() <= {Cell.NOT_HERE}:
        return Cell.NOT_IN_LITERT
    if Cell.NOT_HERE in cells:
        raise Differs("LiteRT takes tensors without elements, octavo does not")
    return Cell.CLOSE if cells[Cell.CLOSE] else Cell.EXACT


def make_row(code: str) -> dict[str, Cell]:
    """What differs is told and stands as not here."""
    if code not in operators():
        return dict.fromkeys(ALL_TYPES, Cell.NOT_HERE)
    row = {}
    for dtype in ALL_TYPES:
        try:
            row[dtype] = judge(code, dtype)
        except Exception as error:
            print(f"{code} {dtype}: {error}", file=sys.stderr)
            row[dtype] = Cell.NOT_HERE
    here = (f"{t}{c.value}" for t, c in row.items() if c is not Cell.NOT_IN_LITERT)
    print(code, *here, flush=True)
    return row


def table(matrix: Matrix) -> str:
    lines = [["operator", *ALL_TYPES], ["---"] * (1 + len(ALL_TYPES))]
    lines += [[code, *(c.value for c in matrix[code].values())] for code in sorted(matrix)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def documented() -> Matrix:
    """The matrix that the document has."""
    lines = PATH.read_text("utf-8").split(BEGIN)[1].split(END)[0].splitlines()
    head, _, *rest = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {code: dict(zip(head[1:], map(Cell, cells), strict=True)) for code, *cells in rest}


def main(codes: list[str]) -> None:
    if absent := (set(codes) or operators()) - set(GENERATORS):
        sys.exit(f"draws/ has no generator for {', '.join(sorted(absent))}")
    everything = sorted(litert_operators() | operators())
    known = documented()
    matrix = {code: row for code, row in known.items() if code in everything}
    codes = codes or everything
    # Started anew, for each has a LiteRT of its own.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for code, row in zip(codes, pool.map(make_row, codes), strict=True):
            matrix[code] = row
            before, rest = PATH.read_text("utf-8").split(BEGIN)
            text = before + BEGIN + table(matrix) + END + rest.split(END)[1]
            PATH.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
