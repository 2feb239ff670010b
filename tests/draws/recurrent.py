"""Operators with a state: RNNs, LSTMs, SVDF, float and quantized."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import NONE, Array, Quantization, Shape

from draws import generator

CONTINUOUS = ["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH"]
ACTIVATIONS = {False: st.sampled_from([*CONTINUOUS, "SIGN_BIT"]), True: st.sampled_from(CONTINUOUS)}
"""By whether the network is hybrid: then a state may move by a quantum."""
SIZES = st.one_of(st.integers(1, 12), st.sampled_from([16, 31, 40]))


@dataclass
class Cell:
    """A network of one operator as it grows; tensors are numbers, None is left out."""

    rng: np.random.Generator
    hybrid: bool = False  # weights of int8 for floats
    net: Network = field(default_factory=Network)
    feeds: dict[int, Array] = field(default_factory=dict)

    def give(self, value: Array, quantization: Quantization = NONE) -> int:
        name = f"x{len(self.feeds)}"
        index = self.net.tensor(name, value.shape, value.dtype, **vars(quantization))
        self.feeds[index] = value
        return index

    def give_floats(self, value: Array, dtype: str) -> int:
        """As whatever type; LiteRT refuses most."""
        index = self.net.tensor(f"x{len(self.feeds)}", value.shape, dtype)
        self.feeds[index] = value.astype("int8" if dtype == "int4" else dtype)
        return index

    def constant(self, value: Array, quantization: Quantization = NONE) -> int:
        return self.net.constant("c", value, **vars(quantization))

    def state(self, shape: Shape, dtype: str, quantization: Quantization = NONE) -> int:
        return self.net.tensor("s", shape, dtype, is_variable=True, **vars(quantization))

    def floats(self, shape: Shape, deviation: float) -> Array:
        return self.rng.normal(0, deviation, shape).astype(np.float32)

    def weights(self, shape: Shape, gain: float = 1.0) -> int:
        """Floats such that sums of products keep about the deviation of what is multiplied, or
        int8 in their place."""
        values = self.floats(shape, gain / np.sqrt(max(shape[-1] if len(shape) > 1 else 1, 1)))
        if not self.hybrid:
            return self.constant(values)
        scale = float(np.float32(max(np.abs(values).max(initial=0), 1e-3) / 127))
        return self.constant(np.round(values / scale).astype(np.int8), Quantization(scale))

    def bytes(self, shape: Shape) -> Array:
        return self.rng.integers(-128, 127, shape, np.int8, endpoint=True)

    def build(
        self,
        code: str,
        operands: list[int | None],
        outputs: list[tuple[Shape, str, Quantization]],
        intermediates: list[int] | None = None,
        wanted: int | None = None,
        **options: Any,
    ) -> tuple[bytes, dict[int, Array]]:
        """`wanted`: so many outputs are the network's, not all."""
        tensors = [
            self.net.tensor(f"y{i}", shape, dtype, **vars(quantization))
            for i, (shape, dtype, quantization) in enumerate(outputs)
        ]
        self.net.op(code, operands, tensors, intermediates=intermediates, **options)
        self.net.inputs, self.net.outputs = list(self.feeds), tensors[:wanted]
        return self.net.build(), self.feeds


def _cell(draw: st.DrawFn, hybrid: bool = False) -> Cell:
    return Cell(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), hybrid)


def _rows(draw: st.DrawFn, time_major: bool) -> tuple[int, Shape]:
    """The batch, and the first two dimensions."""
    batch, steps = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    return batch, (steps, batch) if time_major else (batch, steps)


def _scale(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log2(low), np.log2(high)).map(lambda e: float(np.float32(2.0**e)))


@generator("SVDF")
def svdf(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    return svdf_of(draw, code, dtype)


def svdf_of(
    draw: st.DrawFn, code: str, dtype: str, hybrid: bool = False, state_type: str = "int16"
) -> tuple[bytes, dict[int, Array]]:
    cell = _cell(draw, hybrid)
    batch, depth, units = draw(st.integers(1, 3)), draw(SIZES), draw(SIZES)
    rank, memory = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    filters = units * rank
    options: dict[str, Any] = {"rank": rank}
    has_bias = draw(st.booleans())
    if dtype == "int8":
        return _integer_svdf(draw, cell, batch, depth, units, rank, memory, has_bias, state_type)
    options["fused_activation_function"] = draw(ACTIVATIONS[hybrid])
    if hybrid:
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    x = cell.give_floats(cell.floats((batch, depth), 1.0), dtype)
    operands = [
        x,
        cell.weights((filters, depth)),
        cell.weights((filters, memory)),
        cell.constant(cell.floats((units,), 0.5)) if has_bias else None,
        cell.state((batch, memory * filters), "float32"),
    ]
    return cell.build(code, operands, [((batch, units), dtype, NONE)], **options)


def _integer_svdf(
    draw: st.DrawFn,
    cell: Cell,
    batch: int,
    depth: int,
    units: int,
    rank: int,
    memory: int,
    has_bias: bool,
    state_type: str,
) -> tuple[bytes, dict[int, Array]]:
    filters = units * rank
    zero_points = st.integers(-128, 127)
    x = Quantization(draw(_scale(2**-6, 2**-2)), draw(zero_points))
    features = Quantization(draw(_scale(2**-8, 2**-5)))
    reach = 32768 if state_type == "int16" else 128
    sums = x.scale * features.scale * 5000 * np.sqrt(depth)  # their deviation
    state = Quantization(float(np.float32(sums / reach * draw(st.floats(0.5, 4)))))
    if state_type == "int8":
        state = Quantization(state.scale, draw(zero_points))
    time = Quantization(draw(_scale(2**-15, 2**-10)))
    limits = np.iinfo(state_type)
    out = sums * time.scale * limits.max / 2 * np.sqrt(memory * rank)
    weights = cell.rng.integers(limits.min, limits.max, (filters, memory), endpoint=True)
    operands = [
        cell.give(cell.bytes((batch, depth)), x),
        cell.constant(cell.bytes((filters, depth)), features),
        cell.constant((weights // (4 if state_type == "int16" else 1)).astype(state_type), time),
        cell.constant(
            cell.rng.integers(-(2**20), 2**20, units).astype(np.int32),
            Quantization(float(np.float32(state.scale * time.scale))),
        )
        if has_bias
        else None,
        cell.state((batch, memory * filters), state_type, state),
    ]
    output = Quantization(float(np.float32(out / 128)), draw(zero_points))
    return cell.build(
        "SVDF",
        operands,
        [((batch, units), "int8", output)],
        rank=rank,
        fused_activation_function="RELU",
    )


@generator("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN")
def rnn(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    return rnn_of(draw, code, dtype)


def rnn_of(
    draw: st.DrawFn, code: str, dtype: str, hybrid: bool = False
) -> tuple[bytes, dict[int, Array]]:
    cell = _cell(draw, hybrid)
    depth, units = draw(SIZES), draw(SIZES)
    options: dict[str, Any] = {"fused_activation_function": draw(ACTIVATIONS[hybrid])}
    if hybrid:
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    if code == "RNN":
        batch = draw(st.integers(1, 3))
        leading: Shape = (batch,)
    else:
        options["time_major"] = draw(st.booleans())
        batch, leading = _rows(draw, options["time_major"])
    x = cell.give_floats(cell.floats((*leading, depth), 1.0), dtype)
    operands = [x, *_rnn_cell(cell, batch, depth, units)]
    return cell.build(code, operands, [((*leading, units), dtype, NONE)], **options)


def _rnn_cell(cell: Cell, batch: int, depth: int, units: int) -> list[int | None]:
    return [
        cell.weights((units, depth)),
        cell.weights((units, units), 0.7),
        cell.constant(cell.floats((units,), 0.5)),
        cell.state((batch, units), "float32"),
    ]


@generator("BIDIRECTIONAL_SEQUENCE_RNN")
def bidirectional_rnn(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    return bidirectional_rnn_of(draw, code, dtype)


def bidirectional_rnn_of(
    draw: st.DrawFn, code: str, dtype: str, hybrid: bool = False
) -> tuple[bytes, dict[int, Array]]:
    cell = _cell(draw, hybrid)
    depth, forward, backward = draw(SIZES), draw(SIZES), draw(SIZES)
    options: dict[str, Any] = {
        "fused_activation_function": draw(ACTIVATIONS[hybrid]),
        "time_major": draw(st.booleans()),
        "merge_outputs": draw(st.booleans()),
    }
    if hybrid:
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    batch, leading = _rows(draw, options["time_major"])
    aux = draw(st.sampled_from(["none", "instead", "beside"]))
    if not options["time_major"] and aux == "instead":
        aux = "none"  # which LiteRT then does not read
    if hybrid and options["time_major"]:  # LiteRT goes through the sequence once a step
        batch, leading = 1, (1, 1)
    x = cell.give_floats(cell.floats((*leading, depth), 1.0), dtype)
    operands: list[int | None] = [x]
    operands += _rnn_cell(cell, batch, depth, forward)
    operands += _rnn_cell(cell, batch, depth, backward)
    if aux == "none":
        operands += [None, None, None]
    else:
        operands.append(cell.give(cell.floats((*leading, depth), 1.0)))
        beside = aux == "beside"
        operands += [cell.weights((n, depth)) if beside else None for n in (forward, backward)]
    widths = [forward + backward] if options["merge_outputs"] else [forward, backward]
    outputs = [((*leading, width), dtype, NONE) for width in widths]
    return cell.build(code, operands, outputs, **options)


@dataclass
class Sizes:
    batch: int
    depth: int
    cells: int
    outputs: int
    coupled: bool  # no input gate
    peephole: bool
    norm: bool
    projection: bool
    projection_bias: bool


@st.composite
def lstm_sizes(draw: st.DrawFn, batch: int, norm: bool = True) -> Sizes:
    cells, projection = draw(SIZES), draw(st.booleans())
    # LiteRT has no room for more outputs than cells.
    outputs = draw(st.integers(1, cells)) if projection else cells
    flags = st.booleans()
    return Sizes(
        *(batch, draw(SIZES), cells, outputs),
        *(draw(flags), draw(flags), norm and draw(flags), projection, draw(flags)),
    )


def _float_lstm(
    draw: st.DrawFn, cell: Cell, sizes: Sizes, diagonals: bool = False
) -> list[int | None]:
    """The 20 operands of a cell from its input weights on, without the states: None for those."""
    gates = range(1 if sizes.coupled else 0, 4)
    cells = sizes.cells

    def of_gates(make: Any) -> list[int | None]:
        return [make() if g in gates else None for g in range(4)]

    def recurrent() -> int:
        if diagonals and draw(st.booleans()):
            return cell.constant(cell.floats((cells,), 0.5))
        return cell.weights((cells, sizes.outputs), 0.7)

    operands = of_gates(lambda: cell.weights((cells, sizes.depth)))
    operands += of_gates(recurrent)
    for g in (0, 1, 3):
        operands.append(cell.weights((cells,), 0.5) if sizes.peephole and g in gates else None)
    operands += of_gates(lambda: cell.constant(cell.floats((cells,), 0.5)))
    operands.append(cell.weights((sizes.outputs, cells)) if sizes.projection else None)
    has_bias = sizes.projection and sizes.projection_bias
    operands.append(cell.constant(cell.floats((sizes.outputs,), 0.3)) if has_bias else None)
    return operands


def _float_norm(cell: Cell, sizes: Sizes) -> list[int | None]:
    first = 1 if sizes.coupled else 0
    there = [sizes.norm and g >= first for g in range(4)]
    return [cell.constant(cell.floats((sizes.cells,), 1.0)) if t else None for t in there]


def _clips(draw: st.DrawFn) -> dict[str, float]:
    clips = st.sampled_from([0.0, 0.0, 0.3, 1.5])
    return {"cell_clip": draw(clips), "proj_clip": draw(clips)}


@generator("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    if dtype == "uint8":
        return basic_lstm(draw, dtype)
    if code == "LSTM" and dtype == "float32" and draw(st.integers(0, 4)) == 0:
        return basic_lstm(draw, dtype)
    return lstm_of(draw, code, dtype)


def lstm_of(
    draw: st.DrawFn, code: str, dtype: str, hybrid: bool = False
) -> tuple[bytes, dict[int, Array]]:
    cell = _cell(draw, hybrid)
    options: dict[str, Any] = {**_clips(draw), "fused_activation_function": "TANH"}
    if code == "LSTM":
        batch = draw(st.integers(1, 3))
        leading: Shape = (batch,)
    else:
        options["time_major"] = draw(st.booleans())
        batch, leading = _rows(draw, options["time_major"])
    sizes = draw(lstm_sizes(batch))
    if dtype == "int8":
        return _integer_lstm(draw, cell, code, sizes, leading, options)
    # Of none LiteRT's cells have what its memory happens to hold.
    options["fused_activation_function"] = draw(
        ACTIVATIONS[hybrid].map(lambda name: name.replace("NONE", "TANH"))
    )
    if hybrid:
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    x = cell.give_floats(cell.floats((*leading, sizes.depth), 1.0), dtype)
    diagonals = code != "LSTM" and not sizes.projection
    operands = [x, *_float_lstm(draw, cell, sizes, diagonals and draw(st.booleans()))]
    operands.append(cell.state((batch, sizes.outputs), "float32"))
    operands.append(cell.state((batch, sizes.cells), "float32"))
    if sizes.norm or draw(st.booleans()):
        operands += _float_norm(cell, sizes)
    return cell.build(code, operands, [((*leading, sizes.outputs), dtype, NONE)], **options)


def _integer_lstm(
    draw: st.DrawFn,
    cell: Cell,
    code: str,
    sizes: Sizes,
    leading: Shape,
    options: dict[str, Any],
) -> tuple[bytes, dict[int, Array]]:
    # LiteRT goes by the outputs where it counts the cells' weights.
    peephole = sizes.peephole and sizes.outputs == sizes.cells
    zero_points = st.integers(-128, 127)
    first = 1 if sizes.coupled else 0
    cells, rng = sizes.cells, cell.rng
    x = Quantization(draw(_scale(2**-7, 2**-4)), draw(zero_points))
    state = Quantization(draw(_scale(2**-8, 2**-5)), draw(zero_points))
    hidden = Quantization(
        draw(_scale(2**-9, 2**-6)) if sizes.projection else state.scale,
        draw(zero_points) if sizes.projection else state.zero_point,
    )
    exponent = draw(st.integers(-15, -9))
    cell_state = Quantization(2.0**exponent)
    gain = draw(st.sampled_from([0.3, 1.0, 1.0, 4.0]))

    def words(limit: int) -> Array:
        return rng.integers(-limit, limit, cells, np.int16, endpoint=True)

    def matrix(shape: Shape, of: float, deviation: float) -> int:
        # Sums of 5000 sqrt(depth) quanta of both are to have this deviation.
        scale = deviation * draw(st.floats(0.5, 2)) / (of * 5000 * np.sqrt(shape[1]))
        return cell.constant(cell.bytes(shape), Quantization(float(np.float32(scale))))

    def of_gates(make: Any) -> list[int | None]:
        return [make() if g >= first else None for g in range(4)]

    operands: list[int | None] = [cell.give(cell.bytes((*leading, sizes.depth)), x)]
    operands += of_gates(lambda: matrix((cells, sizes.depth), x.scale, gain))
    operands += of_gates(lambda: matrix((cells, sizes.outputs), state.scale, gain))
    for g in (0, 1, 3):
        scale = Quantization(draw(_scale(2**-16, 2**-13)))
        there = peephole and g >= first
        operands.append(cell.constant(words(32767), scale) if there else None)
    bias = rng.integers(-20000, 20000, (4, cells)).astype(np.int32)
    operands += [
        cell.constant(bias[g], Quantization(2.0**-10)) if g >= first else None for g in range(4)
    ]
    if sizes.projection:
        operands.append(matrix((sizes.outputs, cells), hidden.scale, state.scale * 64))
        projection_bias = rng.integers(-3000, 3000, sizes.outputs).astype(np.int32)
        operands.append(cell.constant(projection_bias) if sizes.projection_bias else None)
    else:
        operands += [None, None]
    operands.append(cell.state((sizes.batch, sizes.outputs), "int8", state))
    operands.append(cell.state((sizes.batch, cells), "int16", cell_state))
    for g in range(4):
        scale = Quantization(draw(_scale(2**-16, 2**-13)))
        there = sizes.norm and g >= first
        operands.append(cell.constant(words(20000), scale) if there else None)
    intermediates = [
        cell.net.tensor("i", (0,), "int16", scale=draw(_scale(2**-13, 2**-10))) for _ in range(4)
    ]
    intermediates.append(cell.net.tensor("h", (0,), "int8", **vars(hidden)))
    output = [((*leading, sizes.outputs), "int8", state)]
    return cell.build(code, operands, output, intermediates, **options)


def basic_lstm(draw: st.DrawFn, dtype: str) -> tuple[bytes, dict[int, Array]]:
    cell = _cell(draw)
    batch, depth, cells = draw(st.integers(1, 3)), draw(SIZES), draw(SIZES)
    shapes = [(batch, cells), (batch, cells), (batch, depth + cells), (batch, 4 * cells)]
    if dtype == "float32":
        operands = [
            cell.give(cell.floats((batch, depth), 1.0)),
            cell.state((batch, cells), dtype),
            cell.weights((4 * cells, depth + cells)),
            cell.constant(cell.floats((4 * cells,), 0.5)),
            cell.state((batch, cells), dtype),
        ]
        outputs = [(shape, dtype, NONE) for shape in shapes]
    else:
        flow, state = Quantization(1 / 128, 128), Quantization(2.0**-11)
        gates = Quantization(2.0**-12)
        weights = Quantization(draw(_scale(2**-8, 2**-5)), draw(st.integers(0, 255)))
        bytes_ = cell.rng.integers(0, 255, (4 * cells, depth + cells), np.uint8, endpoint=True)
        bias = cell.rng.integers(-(2**14), 2**14, 4 * cells).astype(np.int32)
        operands = [
            cell.give((cell.bytes((batch, depth)).view(np.uint8)), flow),
            cell.state((batch, cells), "uint8", flow),
            cell.constant(bytes_, weights),
            cell.constant(bias, Quantization(float(np.float32(weights.scale / 128)))),
            cell.state((batch, cells), "int16", state),
        ]
        types = [("uint8", flow), ("int16", state), ("uint8", flow), ("int16", gates)]
        outputs = [(shape, *of) for shape, of in zip(shapes, types, strict=True)]
    return cell.build("LSTM", operands, outputs, wanted=2, kernel_type="BASIC")


@generator("BIDIRECTIONAL_SEQUENCE_LSTM")
def bidirectional_lstm(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    return bidirectional_lstm_of(draw, code, dtype)


def bidirectional_lstm_of(
    draw: st.DrawFn, code: str, dtype: str, hybrid: bool = False
) -> tuple[bytes, dict[int, Array]]:
    cell = _cell(draw, hybrid)
    options: dict[str, Any] = {
        **_clips(draw),
        "fused_activation_function": draw(st.sampled_from(["TANH", "RELU"])),
        "time_major": draw(st.booleans()),
        "merge_outputs": draw(st.booleans()),
    }
    if hybrid:
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    batch, leading = _rows(draw, options["time_major"])
    if options["merge_outputs"] and not options["time_major"]:
        # LiteRT takes the merged outputs' stride for the states' then.
        batch, leading = 1, (1, leading[1])
    sizes = draw(lstm_sizes(batch, norm=False))
    aux = draw(st.sampled_from(["none", "instead", "beside"]))
    x = cell.give_floats(cell.floats((*leading, sizes.depth), 1.0), dtype)
    operands: list[int | None] = [x]
    operands += _float_lstm(draw, cell, sizes) + _float_lstm(draw, cell, sizes)
    for _ in range(2):
        operands.append(cell.state((batch, sizes.outputs), "float32"))
        operands.append(cell.state((batch, sizes.cells), "float32"))
    first = 1 if sizes.coupled else 0
    if aux == "none":
        operands += [None] * 9
    else:
        operands.append(cell.give(cell.floats((*leading, sizes.depth), 1.0)))
        for _ in range(2):
            for g in range(4):
                there = aux == "beside" and g >= first
                operands.append(cell.weights((sizes.cells, sizes.depth)) if there else None)
    widths = [2 * sizes.outputs] if options["merge_outputs"] else [sizes.outputs] * 2
    outputs = [((*leading, width), dtype, NONE) for width in widths]
    return cell.build(code, operands, outputs, **options)
