"""Networks on sound: keyword spotting, noise suppression, speech recognition.

Those that are given a piece of a stream at a time keep their state in the three ways that files
have for it: as inputs and outputs, as variable tensors, as resources.
"""

from __future__ import annotations

import numpy as np

from user_networks.builder import Builder, ints
from user_networks.sequence import attention, sequence_lstm

_TANH = {"fused_activation_function": "TANH"}


def ds_cnn(channels: int = 64, blocks: int = 4, classes: int = 12) -> bytes:
    """ "Hello Edge": depthwise separable convolutions on 49 frames of 10 coefficients."""
    b = Builder()
    t = b.conv(b.input("mfcc", (1, 49, 10, 1)), channels, (10, 4), 2, "RELU")
    for _ in range(blocks):
        t = b.conv(b.depthwise(t, activation="RELU"), channels, 1, activation="RELU")
    _, h, w, _ = b.shapes[t]
    t = b.op(
        "AVERAGE_POOL_2D", [t], (1, 1, 1, channels), padding="VALID", stride_h=h, stride_w=w,
        filter_height=h, filter_width=w,
    )  # fmt: skip
    return b.build(b.softmax(b.dense(b.reshape(t, 1, channels), classes)))


def speech_commands(
    samples: int = 16000, window: int = 480, hop: int = 320, classes: int = 12
) -> bytes:
    """TensorFlow's conv: AudioSpectrogram and Mfcc of a second of sound, and two convolutions."""
    b = Builder()
    frames, size = 1 + (samples - window) // hop, 1 << (window - 1).bit_length()
    spectrum = b.custom(
        "AudioSpectrogram", [b.input("sound", (samples, 1))], (1, frames, size // 2 + 1),
        window_size=window, stride=hop, magnitude_squared=True,
    )  # fmt: skip
    t = b.custom(
        "Mfcc", [spectrum, b.constant(np.int32(16000))], (1, frames, 40),
        upper_frequency_limit=4000, lower_frequency_limit=20,
        filterbank_channel_count=40, dct_coefficient_count=40,
    )  # fmt: skip
    t = b.reshape(b.mul(t, 0.1), 1, frames, 40, 1)
    t = b.pool("MAX_POOL_2D", b.conv(t, 64, (8, 20), activation="RELU"), 2, 2)
    t = b.conv(t, 64, (4, 10), activation="RELU")
    return b.build(b.softmax(b.dense(b.reshape(t, 1, -1), classes)))


def svdf_keywords(frame: int = 40, units: int = 320, layers: int = 6, memory: int = 8) -> bytes:
    """Layers of SVDF, a frame at a time, and a bottleneck between two of them."""
    b = Builder()
    t = b.input("frame", (1, frame))
    for layer in range(layers):
        rank = 1 + layer % 2
        filters, depth = units * rank, b.shapes[t][1]
        operands = [
            t,
            b.weights(filters, depth, gain=1.4),
            b.weights(filters, memory, gain=1.4),
            b.bias(units),
            b.state((1, filters * memory)),
        ]
        relu = {"fused_activation_function": "RELU"}
        t = b.op("SVDF", operands, (1, units), rank=rank, **relu)
        t = b.dense(t, max(units // 5, 4)) if layer % 2 else t
    return b.build(b.softmax(b.dense(t, 3)))


def yamnet(samples: int = 15600, width: float = 1.0, blocks: int = 12, classes: int = 521) -> bytes:
    """A spectrogram made in the network (frames, window, RFFT2D, mel filters, LOG), and MobileNet
    v1 on it."""
    b = Builder()
    x = b.input("waveform", (samples,))
    window, hop, size = 400, 160, 512
    frames = 1 + (samples - window) // hop
    places = np.arange(frames)[:, None] * hop + np.arange(window)
    t = b.gather(x, b.constant(places.astype(np.int32)))
    t = b.mul(t, b.constant(np.hanning(window)))
    t = b.reshape(b.pad(t, (0, 0), (0, size - window)), frames, 1, size)
    bins = size // 2 + 1
    spectrum = b.op("RFFT2D", [t, b.constant(ints(1, size))], (frames, 1, bins), "complex64")
    loudness = b.reshape(b.op("COMPLEX_ABS", [spectrum], dtype="float32"), frames, bins)
    mel = np.abs(b.rng.normal(0, 1 / 16, (64, bins)))
    filtered = b.op("FULLY_CONNECTED", [loudness, b.constant(mel), None], (frames, 64))
    t = b.reshape(b.op("LOG", [b.add(filtered, 1e-3)]), 1, frames, 64, 1)
    t = b.conv(t, max(int(32 * width), 4), stride=2, activation="RELU")
    for i in range(blocks):
        channels = min(max(int(64 * width), 4) << (i + 1) // 2, int(1024 * width))
        t = b.depthwise(t, stride=2 if i % 2 else 1, activation="RELU")
        t = b.conv(t, channels, 1, activation="RELU")
    return b.build(b.op("LOGISTIC", [b.dense(b.reduce("MEAN", t, 1, 2), classes)]))


def _lstm_step(b: Builder, t: int, hidden: int, cell: int) -> tuple[int, int]:
    """One step of an LSTM in elementary operators: the new hidden state and cell."""
    units = b.shapes[cell][-1]
    gates = b.dense(b.concat([t, hidden]), 4 * units)
    new, take, forget, give = b.split(gates, 4)
    kept = b.mul(b.op("LOGISTIC", [forget]), cell)
    taken = b.mul(b.op("LOGISTIC", [take]), b.op("TANH", [new]))
    cell = b.add(kept, taken)
    return b.mul(b.op("LOGISTIC", [give]), b.op("TANH", [cell])), cell


def _lstm_stack(b: Builder, t: int, states: int, layers: int, units: int) -> tuple[int, int]:
    """Layers whose states are one tensor (1, layers, units, 2); their output and new states."""
    pieces = []
    for layer in range(layers):
        of_layer = b.part(states, (0, layer, 0, 0), (1, 1, units, 2))
        hidden, cell = (b.reshape(s, 1, units) for s in b.split(of_layer, 2))
        t, cell = _lstm_step(b, t, hidden, cell)
        pieces.append(b.op("PACK", [t, cell], (1, units, 2), values_count=2, axis=2))
    return t, b.op("PACK", pieces, (1, layers, units, 2), values_count=layers, axis=1)


def dtln_mask(block: int = 512, units: int = 128) -> bytes:
    """DTLN's first part: a mask for a block's spectrum, with its states as input and output."""
    b = Builder()
    x, states = b.input("block", (1, 1, block)), b.input("states", (1, 2, units, 2))
    bins = block // 2 + 1
    spectrum = b.op("RFFT2D", [x, b.constant(ints(1, block))], (1, 1, bins), "complex64")
    loudness = b.reshape(b.op("COMPLEX_ABS", [spectrum], dtype="float32"), 1, bins)
    features = b.layer_norm(b.op("LOG", [b.add(loudness, 1e-3)]))
    t, states = _lstm_stack(b, features, states, 2, units)
    return b.build(b.mul(b.op("LOGISTIC", [b.dense(t, bins)]), loudness), states)


def dtln_time(block: int = 512, units: int = 128, features: int = 256) -> bytes:
    """Its second part: learned features of a block, masked, and a block made of them again."""
    b = Builder()
    x, states = b.input("block", (1, 1, block)), b.input("states", (1, 2, units, 2))
    encoded = b.conv(b.reshape(x, 1, 1, 1, block), features, 1)
    t = b.layer_norm(b.reshape(encoded, 1, features))
    t, states = _lstm_stack(b, t, states, 2, units)
    masked = b.mul(b.op("LOGISTIC", [b.dense(t, features)]), b.reshape(encoded, 1, features))
    return b.build(b.reshape(b.dense(masked, block), 1, 1, block), states)


def _resource(b: Builder, name: str) -> int:
    handle = b.tensor("handle", (), "resource")
    b.net.op("VAR_HANDLE", [], [handle], container="", shared_name=name)
    return handle


def _read(b: Builder, handle: int, shape: tuple[int, ...]) -> int:
    return b.op("READ_VARIABLE", [handle], shape, "float32")


def _begin_at_zero(b: Builder, shapes: dict[str, tuple[int, ...]]) -> None:
    """What CALL_ONCE runs."""
    start = Builder(b.net.subgraph("start"))
    for name, shape in shapes.items():
        zeros = start.constant(np.zeros(shape, np.float32))
        start.net.op("ASSIGN_VARIABLE", [_resource(start, name), zeros], [])
    b.net.op("CALL_ONCE", [], [], init_subgraph_index=start.net.index)


def nsnet(bins: int = 161, units: int = 400) -> bytes:
    """NSNet2: two GRUs between dense layers, whose states are resources."""
    b = Builder()
    x = b.input("log_power", (1, bins))
    _begin_at_zero(b, {"gru0": (1, units), "gru1": (1, units)})
    t = b.dense(x, units)
    for layer in range(2):
        handle = _resource(b, f"gru{layer}")
        before = _read(b, handle, (1, units))
        of_input = b.split(b.dense(t, 3 * units), 3)
        of_state = b.split(b.dense(before, 3 * units), 3)
        update, reset = (
            b.op("LOGISTIC", [b.add(i, s)]) for i, s in zip(of_input[:2], of_state, strict=False)
        )
        new = b.op("TANH", [b.add(of_input[2], b.mul(reset, of_state[2]))])
        t = b.add(
            b.mul(update, before), b.mul(b.two("SUB", b.constant(np.float32(1)), update), new)
        )
        b.net.op("ASSIGN_VARIABLE", [handle, t], [])
    t = b.dense(b.dense(t, 3 * units // 2, "RELU"), 3 * units // 2, "RELU")
    return b.build(b.op("LOGISTIC", [b.dense(t, bins)]))


def temporal_convolutions(channels: int = 128, blocks: int = 8, features: int = 64) -> bytes:
    """Causal dilated convolutions on a frame at a time: each keeps what it will see again."""
    b = Builder()
    x = b.input("frame", (1, 1, 1, features))
    reach = {f"past{i}": (1, 1, 2 << i % 4, channels) for i in range(blocks)}
    _begin_at_zero(b, reach)
    t = b.conv(x, channels, 1)
    for i, (name, shape) in enumerate(reach.items()):
        handle = _resource(b, name)
        seen = b.concat([_read(b, handle, shape), t], 2)
        newest = b.part(seen, (0, 0, 1, 0), shape)
        b.net.op("ASSIGN_VARIABLE", [handle, newest], [])
        y = b.depthwise(seen, (1, 3), padding="VALID", dilation=1 << i % 4)
        t = b.add(t, b.conv(b.prelu(y), channels, 1))
    return b.build(b.op("LOGISTIC", [b.conv(t, features, 1)]))


def lstm_stream(steps: int = 4, depth: int = 64, units: int = 128, layers: int = 2) -> bytes:
    """UNIDIRECTIONAL_SEQUENCE_LSTM over a few frames at a time; its states are variable tensors."""
    b = Builder()
    t = b.input("frames", (1, steps, depth))
    for _ in range(layers):
        t = sequence_lstm(b, t, units)
    return b.build(b.op("LOGISTIC", [b.dense(t, depth)]))


def deep_speech(steps: int = 16, bins: int = 64, units: int = 512) -> bytes:
    """Dense layers on spectra, a BIDIRECTIONAL_SEQUENCE_LSTM, and LOG_SOFTMAX over letters."""
    b = Builder()
    t = b.input("spectra", (1, steps, bins))
    for _ in range(2):
        t = b.two("MINIMUM", b.dense(t, units, "RELU"), 20.0)
    operands: list[int | None] = [t]
    for _ in range(2):
        operands += [b.weights(units, units) for _ in range(8)] + [None] * 3
        operands += [b.bias(units) for _ in range(4)] + [None] * 2
    operands += [b.state((1, units)) for _ in range(4)] + [None] * 9
    outputs = b.ops(
        "BIDIRECTIONAL_SEQUENCE_LSTM", operands, [(1, steps, units)] * 2, time_major=False, **_TANH
    )
    return b.build(b.op("LOG_SOFTMAX", [b.dense(b.concat(outputs), 29)]))


def conformer(steps: int = 64, width: int = 144, heads: int = 4, layers: int = 2) -> bytes:
    """Half a feed-forward layer, attention with relative positions, a convolution over time behind
    a gated linear unit, and the other half."""
    b = Builder()
    t = b.input("features", (1, steps, width))
    for _ in range(layers):
        t = b.add(t, b.mul(_feed_forward(b, t), 0.5))
        t = b.add(t, attention(b, b.layer_norm(t), heads, relative=True))
        t = b.add(t, _convolution(b, t))
        t = b.layer_norm(b.add(t, b.mul(_feed_forward(b, t), 0.5)))
    return b.build(t)


def _feed_forward(b: Builder, t: int) -> int:
    width = b.shapes[t][-1]
    return b.dense(b.swish(b.dense(b.layer_norm(t), 4 * width)), width)


def _convolution(b: Builder, t: int) -> int:
    """Along time, as an image of one column; batch normalization is a factor and a term."""
    _, steps, width = b.shapes[t]
    t = b.reshape(b.layer_norm(t), 1, steps, 1, width)
    value, gate = b.split(b.conv(t, 2 * width, 1), 2)
    t = b.mul(value, b.op("LOGISTIC", [gate]))
    t = b.depthwise(t, (15, 1))
    t = b.add(b.mul(t, b.constant(b.rng.uniform(0.8, 1.2, width))), b.bias(width))
    return b.reshape(b.conv(b.swish(t), width, 1), 1, steps, width)
