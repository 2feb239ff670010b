"""RNNs, LSTMs and SVDF against LiteRT's reference: sequences, and states from run to run."""

import numpy as np
import octavo
import oracle
import pytest
from draws import networks, recurrent
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE

QUANTUM = 0.03  # of the state, in parts of the greatest output
EXAMPLES = settings(max_examples=60, deadline=None)
CASES = [
    *[("SVDF", dtype) for dtype in ("float32", "int8")],
    *[("LSTM", dtype) for dtype in ("float32", "int8", "uint8")],
    *[("UNIDIRECTIONAL_SEQUENCE_LSTM", dtype) for dtype in ("float32", "int8")],
    ("BIDIRECTIONAL_SEQUENCE_LSTM", "float32"),
    ("RNN", "float32"),
    ("UNIDIRECTIONAL_SEQUENCE_RNN", "float32"),
    ("BIDIRECTIONAL_SEQUENCE_RNN", "float32"),
]


def more_inputs(feeds, seed, count):
    """As many further inputs of the same shapes, types and reach."""
    rng = np.random.default_rng(seed)
    return [{i: rng.permuted(x) for i, x in feeds.items()} for _ in range(count)]


@pytest.mark.parametrize(("code", "dtype"), CASES)
@EXAMPLES
@given(data=st.data())
def test_sequences(code, dtype, data):
    model, feeds = data.draw(networks(code, dtype))
    seed, count = data.draw(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 3)))
    oracle.assert_equal_to_litert(model, feeds, before=more_inputs(feeds, seed, count))


HYBRID = {
    "SVDF": recurrent.svdf_of,
    "LSTM": recurrent.lstm_of,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent.lstm_of,
    "BIDIRECTIONAL_SEQUENCE_LSTM": recurrent.bidirectional_lstm_of,
    "RNN": recurrent.rnn_of,
    "UNIDIRECTIONAL_SEQUENCE_RNN": recurrent.rnn_of,
    "BIDIRECTIONAL_SEQUENCE_RNN": recurrent.bidirectional_rnn_of,
}


@st.composite
def hybrid_networks(draw, code):
    return HYBRID[code](draw, code, "float32", hybrid=True)


@pytest.mark.parametrize("code", HYBRID)
@EXAMPLES
@given(data=st.data())
def test_hybrid(code, data):
    """Float activations, int8 weights: rows of the input and of the state become int8.

    A state halfway between two integers may become either, by its last bits: then what follows
    differs by what a quantum of the state is worth.
    """
    model, feeds = data.draw(hybrid_networks(code))
    seed, count = data.draw(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 3)))
    before = more_inputs(feeds, seed, count)
    expected, outputs = oracle.run(model, feeds, before=before)
    for values, _ in oracle.octavo_tables(model, feeds, before=before).values():
        for i in outputs:
            peak = np.abs(expected[i]).max()
            assert np.abs(values[i] - expected[i]).max() <= QUANTUM * peak


@pytest.mark.parametrize("code", ["LSTM", "RNN", "SVDF"])
@EXAMPLES
@given(data=st.data())
def test_hybrid_step(code, data):
    """The first step, which knows no state."""
    oracle.assert_equal_to_litert(*data.draw(hybrid_networks(code)))


def lstm_network(code="UNIDIRECTIONAL_SEQUENCE_LSTM", seed=0, **changes):
    """A sound float network of 4 inputs, 3 cells and 3 outputs, but for what `changes` say: by
    number of the operand, what stands there; or of the operator's options."""
    cell = recurrent.Cell(np.random.default_rng(seed))
    options = {"fused_activation_function": "TANH"}
    options |= {name: value for name, value in changes.items() if not name.startswith("x")}
    leading = (2,) if code == "LSTM" else (2, 3)
    shapes = [(3, 4)] * 4 + [(3, 3)] * 4 + [None] * 3 + [(3,)] * 4 + [None] * 2
    operands = [cell.give(cell.floats((*leading, 4), 1.0))]
    for shape in shapes:
        operands.append(None if shape is None else cell.constant(cell.floats(shape, 0.5)))
    operands += [cell.state((2, 3), "float32"), cell.state((2, 3), "float32")]
    for name, make in changes.items():
        if name.startswith("x"):
            operands[int(name[1:])] = make(cell) if make else None
    outputs = [((*leading, 3), "float32", NONE)]
    return cell.build(code, operands, outputs, **options)


def vector(n, dtype="float32"):
    return lambda cell: cell.constant(np.zeros(n, dtype))


ERRORS = [
    ({"x2": None}, "weights of gate 1 is left out, in contrast to others"),
    ({"x4": None}, "input 4, weights, is left out, but it is not optional"),
    ({"x1": None}, "recurrent weights of gate 0 should be left out, in contrast to others"),
    ({"x3": vector((3, 5))}, r'weights "c" have shape \(3, 5\), should have \(3, 4\)'),
    ({"x3": vector((3, 4), "int8")}, 'weights "c" have type int8, others float32'),
    ({"x7": vector((2, 3))}, r'weights "c" have shape \(2, 3\), should have \(3, 3\)'),
    ({"x7": vector((4,))}, 'recurrent weights "c" has 4 elements, should have 3'),
    ({"x8": vector((3, 5))}, "has 3 cells, but recurrent weights of 5 outputs, without"),
    ({"x10": vector((3,))}, "the cell's weights of gate 0 are left out, in contrast to others"),
    ({"x13": vector((2,))}, 'bias "c" has 2 elements, should have 3'),
    ({"x13": vector((3,), "int32")}, 'bias "c" has type int32, should have float32'),
    ({"x17": vector((3,))}, "has a projection's bias, but no weights of it"),
    ({"x18": lambda c: c.state((2, 4), "float32")}, 'output state "s" has 8 elements, should'),
    ({"x19": lambda c: c.give(np.zeros((2, 3), np.float32))}, 'cell state "x1" is not a variable'),
    ({"cell_clip": -1.0}, "has clips -1 and 0, which should not be negative"),
]


@pytest.mark.parametrize(("changes", "message"), ERRORS)
@pytest.mark.parametrize("code", ["LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM"])
def test_errors(code, changes, message):
    with pytest.raises(RuntimeError, match=message) as error:
        oracle.octavo_run(*lstm_network(code, **changes))
    assert str(error.value).startswith(f'{code} (node 0 "y0"): ')


def test_states_are_reset():
    model, feeds = lstm_network()
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    runs = []
    for run in range(3):
        if run == 2:
            interpreter.reset_all_variables()
        for index, value in feeds.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        runs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    assert not np.array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def run_first(model, feeds):
    values, outputs = oracle.octavo_run(model, feeds)
    return values[outputs[0]]


def bidirectional(code, rng_seed, **options):
    """Batches of 2, 3 steps; the backward cell reads an input of its own."""
    cell = recurrent.Cell(np.random.default_rng(rng_seed))
    x, aux = cell.floats((2, 3, 4), 1.0), cell.floats((2, 3, 4), 1.0)
    if options["time_major"]:
        x, aux = x.transpose(1, 0, 2).copy(), aux.transpose(1, 0, 2).copy()
    operands = [cell.give(x)]
    for _ in range(2):
        operands += recurrent._rnn_cell(cell, 2, 4, 3)
    operands += [cell.give(aux), None, None]
    widths = [6] if options["merge_outputs"] else [3, 3]
    outputs = [((*x.shape[:2], width), "float32", NONE) for width in widths]
    return cell.build(code, operands, outputs, fused_activation_function="TANH", **options)


def test_faults_of_litert():
    """Batches first and time first are the same, as are merged outputs and others."""
    code = "BIDIRECTIONAL_SEQUENCE_RNN"
    model, feeds = bidirectional(code, 5, time_major=True, merge_outputs=True)
    expected, [y] = oracle.run(model, feeds)
    batches_first = bidirectional(code, 5, time_major=False, merge_outputs=True)
    oracle.assert_same(run_first(*batches_first).transpose(1, 0, 2), expected[y])
    values, outputs = oracle.octavo_run(
        *bidirectional(code, 5, time_major=False, merge_outputs=False)
    )
    merged = np.concatenate([values[i] for i in outputs], axis=2)
    oracle.assert_same(merged.transpose(1, 0, 2), expected[y])
