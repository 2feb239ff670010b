"""Operators that take and put elements at places that data says: what test_parity.py does not
draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from moving import Constant, check, single
from networks import quantized_in_blocks
from octavo.flatbuffer import Network
from oracle import Array, OracleError, octavo_run, run

F = ["float32"]


def zeros(*shape: int, dtype: str = "float32") -> Array:
    return np.zeros(shape, dtype)


def given(*values: Any, dtype: str = "int32") -> Array:
    return np.array(values, dtype)


def fails(model: bytes, inputs: dict[int, Array], message: str, code: str) -> None:
    with pytest.raises(RuntimeError) as error:
        octavo_run(model, inputs)
    assert str(error.value).startswith(f"{code} (node 0 ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("message", "code", "operands", "options"),
    [
        ("has index 3 in row 1, should be from 0 to below 3", "GATHER", [given(0, 3)], {}),
        ("has index -1 in row 0", "GATHER", [given(-1, 0)], {}),
        ("has index -32768 in row 0", "GATHER", [given(-(2**15), dtype="int16")], {}),
        ("index 4294967296 in row 0", "GATHER", [given(2**32, dtype="int64")], {}),
        ("should be from 0 to below 4", "GATHER", [given(0, 4)], {"axis": 1}),
        ("has index 4 in row 0, should be from 0 to below 4", "GATHER_ND", [given([2, 4])], {}),
        ("has index 3 in row 1", "GATHER_ND", [given([2, 3], [3, 0])], {}),
    ],
)
def test_indices_out_of_range(
    message: str, code: str, operands: list[Array], options: dict[str, Any]
) -> None:
    model, inputs = single(code, [zeros(3, 4), *operands], F, **options)
    with pytest.raises(OracleError):
        run(model, inputs)
    fails(model, inputs, message, code)


@pytest.mark.parametrize(
    ("message", "code", "operands", "outputs", "options"),
    [
        (
            "has index 2 in row 1, should be from 0 to below 2",
            "SCATTER_ND",
            [given([0], [2]), zeros(2, 3), Constant([2, 3])],
            F,
            {},
        ),
        (
            "has index -1 in row 0",
            "SPARSE_TO_DENSE",
            [given(-1), Constant([2]), zeros(), zeros()],
            F,
            {},
        ),
        ("has index 4 in row 0", "EMBEDDING_LOOKUP", [given(4), zeros(4, 2)], F, {}),
        (
            "has index 4 in row 0",
            "EMBEDDING_LOOKUP_SPARSE",
            [given(4), given([0, 0]), Constant([1, 1]), zeros(1), zeros(4, 2)],
            F,
            {},
        ),
        (
            "has index 1 in row 0, should be from 0 to below 1",
            "EMBEDDING_LOOKUP_SPARSE",
            [given(3), given([1, 0]), Constant([1, 1]), zeros(1), zeros(4, 2)],
            F,
            {},
        ),
        (
            "has 2 for row 1, there are 2 segments",
            "UNSORTED_SEGMENT_SUM",
            [zeros(2), given(-5, 2), Constant(2)],
            F,
            {},
        ),
        (
            "has 4 for sequence 1, should be from 0 to 3",
            "REVERSE_SEQUENCE",
            [zeros(2, 3), given(0, 4)],
            F,
            {"seq_dim": 1},
        ),
        (
            "has -1 for sequence 0",
            "REVERSE_SEQUENCE",
            [zeros(2, 3), given(-1, 0, dtype="int64")],
            F,
            {"seq_dim": 1},
        ),
    ],
)
def test_impossible_data(
    message: str, code: str, operands: list[Any], outputs: list[str], options: dict[str, Any]
) -> None:
    fails(*single(code, operands, outputs, **options), message, code)


SHAPED = [2**31 - 1] * 2


@pytest.mark.parametrize(
    ("message", "code", "operands", "outputs", "options"),
    [
        ("axis is 2, there are 2", "GATHER", [zeros(3, 4), given(0)], F, {"axis": 2}),
        ("batch_dims is 1, indices", "GATHER", [zeros(3, 4), given(0)], F, {"batch_dims": 1}),
        (
            "the first 1 dimensions should be the same",
            "GATHER",
            [zeros(3, 4), given([0])],
            F,
            {"batch_dims": 1, "axis": 1},
        ),
        ("has type int8, should have int16", "GATHER", [zeros(3), zeros(1, dtype="int8")], F, {}),
        (
            "would have 9 dimensions",
            "GATHER",
            [zeros(*[1] * 5), zeros(*[1] * 5, dtype="int32")],
            F,
            {},
        ),
        ("rows of 3, input has shape (3, 4)", "GATHER_ND", [zeros(3, 4), given([0] * 3)], F, {}),
        (
            "updates have shape (2, 3), indices (2, 1), output (2, 4)",
            "SCATTER_ND",
            [given([0], [1]), zeros(2, 3), Constant([2, 4])],
            F,
            {},
        ),
        (
            "which no tensor can have",
            "SCATTER_ND",
            [given([0]), zeros(1), Constant(SHAPED)],
            F,
            {},
        ),
        ("has -1 for dimension 0", "FILL", [Constant([-1]), zeros()], F, {}),
        ("which no tensor can have", "FILL", [Constant(SHAPED), zeros()], F, {}),
        ('value "in 1" has shape (1)', "FILL", [Constant([2]), zeros(1)], F, {}),
        ("has 2147483647 for dimension 0", "TILE", [zeros(3), Constant([2**31 - 1])], F, {}),
        ("has -1 for dimension 0", "TILE", [zeros(3), Constant([-1])], F, {}),
        (
            "has 9223372036854775807 for",
            "TILE",
            [zeros(3), Constant([2**63 - 1], "int64")],
            F,
            {},
        ),
        ("(2, 3) does not broadcast to (3)", "BROADCAST_TO", [zeros(2, 3), Constant([3])], F, {}),
        (
            "(2) and (3) do not broadcast",
            "BROADCAST_ARGS",
            [Constant([2]), Constant([3])],
            ["int32"],
            {},
        ),
        ("axis is 2, there are 2", "REVERSE_V2", [zeros(2, 3), Constant([2])], F, {}),
        ("has 1 twice", "REVERSE_V2", [zeros(2, 3), Constant([1, -1])], F, {}),
        (
            "seq_dim 0 and batch_dim 0",
            "REVERSE_SEQUENCE",
            [zeros(2, 3), given(0, 0)],
            F,
            {},
        ),
        ("block_size is 0", "SPACE_TO_DEPTH", [zeros(1, 2, 2, 1)], F, {}),
        (
            "blocks of 2147483647 by 2147483647",
            "DEPTH_TO_SPACE",
            [zeros(1, 2, 2, 1)],
            F,
            {"block_size": 2**31 - 1},
        ),
        (
            "would have 4611686014132420609 channels",
            "SPACE_TO_DEPTH",
            [zeros(1, 0, 0, 1)],
            F,
            {"block_size": 2**31 - 1},
        ),
        (
            "padded to 3, is not divided by blocks of 2",
            "SPACE_TO_BATCH_ND",
            [zeros(1, 3, 1), Constant([2]), Constant([[0, 0]])],
            F,
            {},
        ),
        (
            "should be above 0",
            "SPACE_TO_BATCH_ND",
            [zeros(1, 3, 1), Constant([0]), Constant([[0, 0]])],
            F,
            {},
        ),
        (
            "would have a batch of 4611686014132420609",
            "SPACE_TO_BATCH_ND",
            [zeros(1, 0, 0, 1), Constant(SHAPED), Constant([[0, 0], [0, 0]])],
            F,
            {},
        ),
        (
            "is not divided by blocks of 2",
            "BATCH_TO_SPACE_ND",
            [zeros(3, 3, 1), Constant([2]), Constant([[0, 0]])],
            F,
            {},
        ),
        (
            "crops 3 and 4 leave nothing of 6",
            "BATCH_TO_SPACE_ND",
            [zeros(2, 3, 1), Constant([2]), Constant([[3, 4]])],
            F,
            {},
        ),
        (
            "should be from 0 to 2",
            "MIRROR_PAD",
            [zeros(3), Constant([[3, 0]])],
            F,
            {"mode": "REFLECT"},
        ),
        (
            "should be from 0 to 3",
            "MIRROR_PAD",
            [zeros(3), Constant([[0, 4]])],
            F,
            {"mode": "SYMMETRIC"},
        ),
        ('depth "constant 1" is -1', "ONE_HOT", [given(0), Constant(-1), zeros(), zeros()], F, {}),
        (
            "does not lead from start to limit",
            "RANGE",
            [Constant(0), Constant(3), Constant(0)],
            ["int32"],
            {},
        ),
        (
            "does not lead",
            "RANGE",
            [Constant(v, "float32") for v in (0, 3, np.nan)],
            F,
            {},
        ),
        (
            "would have 1.84467e19 elements",
            "RANGE",
            [Constant(v, "int64") for v in (-(2**63), 2**63 - 1, 1)],
            ["int64"],
            {},
        ),
        (
            "would have inf elements",
            "RANGE",
            [Constant(v, "float32") for v in (0, 3e38, 1e-38)],
            F,
            {},
        ),
        (
            "do not broadcast against each other",
            "SELECT_V2",
            [zeros(2, dtype="bool"), zeros(3), zeros(3)],
            F,
            {},
        ),
        ("x has shape (3), y (2)", "SELECT", [zeros(3, dtype="bool"), zeros(3), zeros(2)], F, {}),
        (
            "condition has shape (2), x and y (3)",
            "SELECT",
            [zeros(2, dtype="bool"), zeros(3), zeros(3)],
            F,
            {},
        ),
        ("should have 1 to 8 dimensions", "WHERE", [zeros(dtype="bool")], ["int64"], {}),
        ("is 4, rows of input shape (3)", "TOPK_V2", [zeros(3), Constant(4)], [*F, "int32"], {}),
        (
            "indices of type int16 do not reach the 32769",
            "TOPK_V2",
            [zeros(32769), Constant(1)],
            [*F, "int16"],
            {},
        ),
        ("idx_out_type is int8", "UNIQUE", [zeros(3)], [*F, "int8"], {"idx_out_type": "INT8"}),
        (
            "has 3 after 0, should begin",
            "SEGMENT_SUM",
            [zeros(3), Constant([0, 3, 1])],
            F,
            {},
        ),
        (
            'num_segments "constant 2" is -1',
            "UNSORTED_SEGMENT_MAX",
            [zeros(2), given(0, 0), Constant(-1)],
            F,
            {},
        ),
        (
            "should have the first dimensions",
            "UNSORTED_SEGMENT_MIN",
            [zeros(2), given(0), Constant(1)],
            F,
            {},
        ),
        ("axis is 1, there are 1", "CUMSUM", [zeros(3), Constant(1)], F, {}),
        (
            "has 2 before 1, should ascend",
            "BUCKETIZE",
            [zeros(3)],
            ["int32"],
            {"boundaries": [2.0, 1.0]},
        ),
        ("should end with 2 for output of float32", "BITCAST", [zeros(3, dtype="int16")], F, {}),
        (
            "has 0 for dimension 0",
            "DILATE",
            [zeros(3), Constant([0]), zeros()],
            F,
            {},
        ),
        (
            "has 2147483647 for dimension 0",
            "DILATE",
            [zeros(3), Constant([2**31 - 1]), zeros()],
            F,
            {},
        ),
        (
            "does not fit into operand shape (3)",
            "DYNAMIC_UPDATE_SLICE",
            [zeros(3), zeros(4), given(0)],
            F,
            {},
        ),
        (
            "should have (2) for input shape (2, 3)",
            "MATRIX_SET_DIAG",
            [zeros(2, 3), zeros(3)],
            F,
            {},
        ),
        (
            "there are 2 keys, values have shape (3)",
            "HASHTABLE_LOOKUP",
            [given(0), Constant([1, 2]), zeros(3)],
            [*F, "uint8"],
            {},
        ),
        ("has 0 scales", "EMBEDDING_LOOKUP", [given(0), zeros(2, 2, dtype="int8")], F, {}),
    ],
)
def test_malformed(
    message: str, code: str, operands: list[Any], outputs: list[str], options: dict[str, Any]
) -> None:
    fails(*single(code, operands, outputs, **options), message, code)


def test_rows_of_ties_and_nans_are_sorted() -> None:
    """The earlier of equal elements comes first; LiteRT's order of NaN is no order."""
    row = np.float32([np.nan, 2, 3, 3, np.inf, -np.inf, np.nan])
    values, outputs = octavo_run(*single("TOPK_V2", [row, Constant(7)], [*F, "int32"]))
    np.testing.assert_array_equal(values[outputs[1]], [4, 2, 3, 1, 5, 0, 6])
    row = np.tile(np.int8([5, 1, 5, 5]), 20)
    check(*single("TOPK_V2", [row, Constant(50)], ["int8", "int32"]))


def test_nan_is_one_of_the_distinct_elements() -> None:
    values = np.float32([np.nan, 1, np.nan, -0.0, 0.0])
    options = {"idx_out_type": "INT64"}
    result, outputs = octavo_run(*single("UNIQUE", [values], [*F, "int64"], **options))
    np.testing.assert_array_equal(result[outputs[0]], np.float32([np.nan, 1, 0]))
    np.testing.assert_array_equal(result[outputs[1]], [0, 1, 0, 2, 2])


@pytest.mark.parametrize("dtype", ["float16", "uint16", "bool", "float64", "complex64"])
def test_litert_lays_diagonals_of_four_bytes(dtype: str) -> None:
    rng = np.random.default_rng(0)
    diagonal = rng.integers(1, 9, 6).astype(dtype)
    model, inputs = single("MATRIX_DIAG", [diagonal], [dtype])
    values, (output,) = octavo_run(model, inputs)
    np.testing.assert_array_equal(values[output], np.diag(diagonal), strict=True)
    matrix = rng.integers(1, 9, (6, 6)).astype(dtype)
    model, inputs = single("MATRIX_SET_DIAG", [matrix, diagonal], [dtype])
    values, (output,) = octavo_run(model, inputs)
    np.fill_diagonal(matrix, diagonal)
    np.testing.assert_array_equal(values[output], matrix, strict=True)


def test_litert_cuts_int4_rows_to_bytes() -> None:
    """A row of three elements ends within a byte."""
    values = np.arange(-6, 6).reshape(4, 3)
    operands = [given(3, 1), Constant([0, 1, 2, 3]), Constant(values, "int4")]
    model, inputs = single("HASHTABLE_LOOKUP", operands, ["int4", "uint8"])
    ours, (rows, _) = octavo_run(model, inputs)
    np.testing.assert_array_equal(ours[rows], values[[3, 1]])
    assert not np.array_equal(run(model, inputs)[0][rows], values[[3, 1]])


def embedding_in_blocks(columns: int, block: int, scales: Array) -> tuple[bytes, dict[int, Array]]:
    values = np.random.default_rng(1).integers(-8, 8, (5, columns))
    net = Network()
    lookup = net.tensor("lookup", (3,), "int32")
    table = net.tensor("table", values.shape, "int4", data=values)
    stored = net.constant("scales", scales)
    output = net.tensor("output", (3, columns), "float32")
    net.op("EMBEDDING_LOOKUP", [lookup, table], [output])
    net.inputs, net.outputs = [lookup], [output]
    return quantized_in_blocks(net.build(), table, stored, block), {lookup: given(4, 0, 4)}


def test_embedding_in_blocks() -> None:
    scales = np.linspace(0.1, 2, 15).reshape(5, 3).astype(np.float16)
    check(*embedding_in_blocks(12, 4, scales))


@pytest.mark.parametrize(
    ("message", "columns", "block", "scales"),
    [
        ("of 5, which its 12 columns do not fill", 12, 5, zeros(5, 3, dtype="float16")),
        ("has 10 scales, should have 15", 12, 4, zeros(5, 2, dtype="float16")),
        ("by scales of type float32", 12, 4, zeros(5, 3)),
    ],
)
def test_malformed_blocks(message: str, columns: int, block: int, scales: Array) -> None:
    fails(*embedding_in_blocks(columns, block, scales), message, "EMBEDDING_LOOKUP")


def test_update_in_place_of_its_operand() -> None:
    """The operand is no longer read: the output lies in its memory."""
    net = Network()
    x, update = (net.tensor(name, (2, 3), "float32") for name in ("x", "update"))
    begin = net.tensor("begin", (2,), "int32")
    wide, part = net.tensor("wide", (4, 6), "float32"), net.tensor("part", (2, 3), "float32")
    y = net.tensor("y", (4, 6), "float32")
    net.op("TILE", [x, net.constant("twice", np.int32([2, 2]))], [wide])
    net.op("RELU", [update], [part])
    net.op("DYNAMIC_UPDATE_SLICE", [wide, part, begin], [y])
    net.inputs, net.outputs = [x, update, begin], [y]
    rng = np.random.default_rng(2)
    inputs = {i: rng.normal(size=(2, 3)).astype(np.float32) for i in (x, update)}
    check(net.build(), {**inputs, begin: np.int32([1, 5])})


def test_reversed_dimensions_need_not_be_neighbours() -> None:
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    model, inputs = single("REVERSE_V2", [x, Constant([2, 0])], F)
    with pytest.raises(OracleError):
        run(model, inputs)
    values, (output,) = octavo_run(model, inputs)
    np.testing.assert_array_equal(values[output], x[::-1, :, ::-1], strict=True)
    values, (output,) = octavo_run(*single("REVERSE_V2", [zeros(2, 0, 3), Constant([0])], F))
    assert values[output].shape == (2, 0, 3)
