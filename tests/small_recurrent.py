"""The networks of small_networks.py that have states: one of each recurrent operator and type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from draws.recurrent import Cell
from single_op import NONE, Array, Quantization

_BATCH, _STEPS, _DEPTH, _CELLS = 2, 3, 4, 3
_TANH = {"fused_activation_function": "TANH"}

Built = tuple[bytes, dict[int, Array]]


def recurrent_networks() -> Iterator[tuple[str, str, bytes, dict[int, Array]]]:
    """Names, operators, files and inputs, the same at each call."""
    builders: list[tuple[str, Callable[[Cell, str], Built]]] = [
        ("BIDIRECTIONAL_SEQUENCE_LSTM float32", _bidirectional_lstm),
        ("BIDIRECTIONAL_SEQUENCE_RNN float32", _bidirectional_rnn),
        ("LSTM float32", _float_lstm),
        ("LSTM int8", _integer_lstm),
        ("LSTM float32, basic", _basic_lstm),
        ("LSTM uint8, basic", _basic_lstm),
        ("RNN float32", _rnn),
        ("SVDF float32", _svdf),
        ("SVDF int8", _integer_svdf),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM float32", _float_lstm),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM int8", _integer_lstm),
        ("UNIDIRECTIONAL_SEQUENCE_RNN float32", _rnn),
    ]
    for name, build in builders:
        code = name.split()[0]
        yield name, code, *build(Cell(np.random.default_rng(list(name.encode()))), name)


def _rows(name: str) -> tuple[int, ...]:
    return (_BATCH, _STEPS) if "SEQUENCE" in name else (_BATCH,)


def _input(cell: Cell, name: str) -> int:
    return cell.give(cell.floats((*_rows(name), _DEPTH), 1.0))


def _rnn_cell(cell: Cell) -> list[int | None]:
    return [
        cell.weights((_CELLS, _DEPTH)),
        cell.weights((_CELLS, _CELLS)),
        cell.constant(cell.floats((_CELLS,), 0.5)),
        cell.state((_BATCH, _CELLS), "float32"),
    ]


def _rnn(cell: Cell, name: str) -> Built:
    operands = [_input(cell, name), *_rnn_cell(cell)]
    outputs = [((*_rows(name), _CELLS), "float32", NONE)]
    return cell.build(name.split()[0], operands, outputs, **_TANH)


def _bidirectional_rnn(cell: Cell, name: str) -> Built:
    x, aux = _input(cell, name), _input(cell, name)
    weights = [cell.weights((_CELLS, _DEPTH)) for _ in range(2)]
    operands = [x, *_rnn_cell(cell), *_rnn_cell(cell), aux, *weights]
    outputs = [((*_rows(name), 2 * _CELLS), "float32", NONE)]
    return cell.build(name.split()[0], operands, outputs, merge_outputs=True, **_TANH)


def _lstm_cell(cell: Cell, is_full: bool) -> list[int | None]:
    """With everything but the states; or with nothing that can be left out."""
    gates = [True] * 4 if is_full else [False, True, True, True]
    peephole = [cell.weights((_CELLS,), 0.5) for _ in range(3)] if is_full else [None] * 3
    projection = [None, None]
    if is_full:
        bias = cell.constant(cell.floats((_CELLS,), 0.3))
        projection = [cell.weights((_CELLS, _CELLS)), bias]
    return [
        *[cell.weights((_CELLS, _DEPTH)) if there else None for there in gates],
        *[cell.weights((_CELLS, _CELLS)) if there else None for there in gates],
        *peephole,
        *[cell.constant(cell.floats((_CELLS,), 0.5)) if there else None for there in gates],
        *projection,
    ]


def _states(cell: Cell) -> list[int | None]:
    return [cell.state((_BATCH, _CELLS), "float32") for _ in range(2)]


def _float_lstm(cell: Cell, name: str) -> Built:
    norm = [cell.constant(cell.floats((_CELLS,), 1.0)) for _ in range(4)]
    operands = [_input(cell, name), *_lstm_cell(cell, True), *_states(cell), *norm]
    outputs = [((*_rows(name), _CELLS), "float32", NONE)]
    options: dict[str, Any] = {"cell_clip": 1.5, "proj_clip": 1.0, **_TANH}
    return cell.build(name.split()[0], operands, outputs, **options)


def _bidirectional_lstm(cell: Cell, name: str) -> Built:
    operands = [_input(cell, name), *_lstm_cell(cell, False), *_lstm_cell(cell, False)]
    operands += [*_states(cell), *_states(cell), _input(cell, name), *[None] * 8]
    outputs = [((*_rows(name), _CELLS), "float32", NONE) for _ in range(2)]
    return cell.build(name.split()[0], operands, outputs, time_major=False, **_TANH)


def _integer_lstm(cell: Cell, name: str) -> Built:
    flow, weights = Quantization(1 / 128, 3), Quantization(1 / 64)
    words, bias = Quantization(2.0**-15), Quantization(2.0**-13)
    rng = cell.rng

    def matrices(count: int, depth: int) -> list[int | None]:
        return [cell.constant(cell.bytes((_CELLS, depth)), weights) for _ in range(count)]

    def vectors(count: int, dtype: str, most: int, of: Quantization) -> list[int | None]:
        values = rng.integers(-most, most, (count, _CELLS)).astype(dtype)
        return [cell.constant(v, of) for v in values]

    operands: list[int | None] = [cell.give(cell.bytes((*_rows(name), _DEPTH)), flow)]
    operands += matrices(4, _DEPTH) + matrices(4, _CELLS)
    operands += vectors(3, "int16", 20000, words) + vectors(4, "int32", 9000, bias)
    operands += matrices(1, _CELLS) + vectors(1, "int32", 2000, bias)
    operands.append(cell.state((_BATCH, _CELLS), "int8", flow))
    operands.append(cell.state((_BATCH, _CELLS), "int16", Quantization(2.0**-12)))
    operands += vectors(4, "int16", 20000, words)
    intermediates = [cell.net.tensor("i", (0,), "int16", scale=2.0**-12) for _ in range(4)]
    intermediates.append(cell.net.tensor("h", (0,), "int8", scale=1 / 128, zero_point=-5))
    outputs = [((*_rows(name), _CELLS), "int8", flow)]
    return cell.build(name.split()[0], operands, outputs, intermediates, cell_clip=4.0, **_TANH)


def _basic_lstm(cell: Cell, name: str) -> Built:
    shapes = [(_BATCH, n) for n in (_CELLS, _CELLS, _DEPTH + _CELLS, 4 * _CELLS)]
    if "float32" in name:
        dtypes, flow, state, gates = ("float32", "float32"), NONE, NONE, NONE
        x = _input(cell, name)
        weights = cell.weights((4 * _CELLS, _DEPTH + _CELLS))
        bias = cell.constant(cell.floats((4 * _CELLS,), 0.5))
    else:
        dtypes, flow = ("uint8", "int16"), Quantization(1 / 128, 128)
        state, gates = Quantization(2.0**-11), Quantization(2.0**-12)
        x = cell.give(cell.bytes((_BATCH, _DEPTH)).view(np.uint8), flow)
        values = cell.bytes((4 * _CELLS, _DEPTH + _CELLS)).view(np.uint8)
        weights = cell.constant(values, Quantization(1 / 64, 120))
        words = cell.rng.integers(-5000, 5000, 4 * _CELLS).astype(np.int32)
        bias = cell.constant(words, Quantization(2.0**-13))
    operands = [x, cell.state(shapes[0], dtypes[0], flow), weights, bias]
    operands.append(cell.state(shapes[1], dtypes[1], state))
    kinds = [(dtypes[0], flow), (dtypes[1], state), (dtypes[0], flow), (dtypes[1], gates)]
    outputs = [(shape, *kind) for shape, kind in zip(shapes, kinds, strict=True)]
    return cell.build("LSTM", operands, outputs, kernel_type="BASIC")


_MEMORY, _RANK = 3, 2


def _svdf(cell: Cell, name: str) -> Built:
    filters = _CELLS * _RANK
    operands: list[int | None] = [
        _input(cell, name),
        cell.weights((filters, _DEPTH)),
        cell.weights((filters, _MEMORY)),
        cell.constant(cell.floats((_CELLS,), 0.5)),
        cell.state((_BATCH, filters * _MEMORY), "float32"),
    ]
    outputs = [((_BATCH, _CELLS), "float32", NONE)]
    return cell.build("SVDF", operands, outputs, rank=_RANK, **_TANH)


def _integer_svdf(cell: Cell, name: str) -> Built:
    filters = _CELLS * _RANK
    time = cell.rng.integers(-30000, 30000, (filters, _MEMORY)).astype(np.int16)
    bias = cell.rng.integers(-(2**20), 2**20, _CELLS).astype(np.int32)
    operands: list[int | None] = [
        cell.give(cell.bytes((_BATCH, _DEPTH)), Quantization(1 / 64, -9)),
        cell.constant(cell.bytes((filters, _DEPTH)), Quantization(1 / 128)),
        cell.constant(time, Quantization(2.0**-14)),
        cell.constant(bias, Quantization(2.0**-25)),
        cell.state((_BATCH, filters * _MEMORY), "int16", Quantization(2.0**-11)),
    ]
    outputs = [((_BATCH, _CELLS), "int8", Quantization(1 / 16, 4))]
    relu = {"fused_activation_function": "RELU"}
    return cell.build("SVDF", operands, outputs, rank=_RANK, **relu)
