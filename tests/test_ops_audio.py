"""Spectrograms and cepstral coefficients against LiteRT's."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import octavo
import oracle
import pytest
from draws import audio as draws
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network

EXAMPLES = settings(max_examples=150, deadline=None)
SPECTROGRAM = {"window_size": 8, "stride": 3, "magnitude_squared": True}
MFCC = {
    "upper_frequency_limit": 4000,
    "lower_frequency_limit": 20,
    "filterbank_channel_count": 6,
    "dct_coefficient_count": 4,
}


@EXAMPLES
@given(data=st.data())
def test_spectrogram(data):
    oracle.assert_equal_to_litert(*draws.spectrogram(data.draw))


@EXAMPLES
@given(data=st.data())
def test_mfcc(data):
    oracle.assert_equal_to_litert(*draws.mfcc(data.draw))


def test_a_spectrogram_is_that_of_the_definition():
    sound = np.random.default_rng(0).normal(size=(2000, 1)).astype(np.float32)
    model, inputs = draws.network("AudioSpectrogram", [sound], 0, window_size=480, stride=160)
    values, [y] = oracle.octavo_run(model, inputs)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(480) / 480)
    frames = [sound[i : i + 480, 0] * hann for i in range(0, 2000 - 479, 160)]
    expected = np.abs(np.fft.rfft(frames, 512))
    np.testing.assert_allclose(values[y][0], expected, atol=1e-6 * expected.max())


def test_what_keyword_spotting_hears():
    """One second of sound, by both operators, with the options that speech_commands has."""
    rate = 16000
    time = np.arange(rate) / rate
    sound = np.sin(2 * np.pi * (300 + 900 * time) * time) * np.hanning(rate)
    net = Network()
    x = net.tensor("sound", (rate, 1), "float32")
    spectrum, y = (
        net.tensor("spectrum", (1, 49, 257), "float32"),
        net.tensor("y", (1, 49, 40), "float32"),
    )
    frames = {"window_size": 480, "stride": 320, "magnitude_squared": True}
    bands = {"upper_frequency_limit": 4000, "lower_frequency_limit": 20}
    bands |= {"filterbank_channel_count": 40, "dct_coefficient_count": 40}
    for name, tensors, out, options in [
        ("AudioSpectrogram", [x], spectrum, frames),
        ("Mfcc", [spectrum, net.constant("rate", np.int32(rate))], y, bands),
    ]:
        raw = bytes(flexbuffers.Dumps(options))
        net.op("CUSTOM", tensors, [out], custom_code=name, custom_options=raw)
    net.inputs, net.outputs = [x], [y]
    oracle.assert_equal_to_litert(net.build(), {x: sound.astype(np.float32)[:, None]})


def test_the_spectrum_ends_below_the_bands():
    """LiteRT gives zeros."""
    values = [np.ones((1, 1, 9), np.float32), np.array([4000], np.int32)]
    model, inputs = draws.network("Mfcc", values, 0, **MFCC)
    litert, [y] = oracle.run(model, inputs)
    assert not litert[y].any()
    text = "upper_frequency_limit is 4000, the spectrum of a sample rate of 4000 ends at half of"
    with pytest.raises(RuntimeError, match=text):
        oracle.octavo_run(model, inputs)


def operator(name, options=None, shape=None, dtype="float32", rate=(16000,), raw=None):
    net = Network()
    is_mfcc = name == "Mfcc"
    if shape is None:
        shape = (1, 2, 9) if is_mfcc else (20, 1)
    tensors = [net.tensor("x", shape, dtype)]
    if is_mfcc:
        tensors.append(net.constant("rate", np.array(rate, np.int32)))
    y = net.tensor("y", (1, 1, 1), "float32")
    raw = (
        bytes(flexbuffers.Dumps((MFCC if is_mfcc else SPECTROGRAM) | (options or {})))
        if raw is None
        else raw
    )
    net.op("CUSTOM", tensors, [y], custom_code=name, custom_options=raw)
    net.inputs, net.outputs = tensors[:1], [y]
    return net.build()


ERRORS = [
    ("AudioSpectrogram", {"raw": b""}, "the options are no flexbuffer map, or a damaged one"),
    ("AudioSpectrogram", {"options": {"stride": "3"}}, "option stride is no number"),
    *(
        ("AudioSpectrogram", {"options": {"window_size": w, "stride": s}}, text)
        for w, s, text in [
            (0, 1, "window_size and stride are 0 and 1, should be 2 to 16777216 and at least 1"),
            (1, 1, "window_size and stride are 1 and 1"),
            (-480, 1, "window_size and stride are -480 and 1"),
            (8, 0, "window_size and stride are 8 and 0"),
            (8, -3, "window_size and stride are 8 and -3"),
            (2**31 - 1, 1, "window_size and stride are 2147483647 and 1"),
            (2**40, 1, "window_size is 1.09951e12, which an int32 does not hold"),
        ]
    ),
    ("AudioSpectrogram", {"shape": (20,)}, "should have 2 dimensions"),
    ("AudioSpectrogram", {"dtype": "int16"}, 'input "x" has type int16, should have float32'),
    (
        "AudioSpectrogram",
        {"options": {"window_size": 2**24, "stride": 1}, "shape": (2**24 + 2**15, 1)},
        "which no tensor can have",
    ),
    ("Mfcc", {"raw": b"\0\0\1"}, "the options are no flexbuffer map, or a damaged one"),
    ("Mfcc", {"shape": (1, 2, 1)}, "shape (1, 2, 1), should have 2 elements a frame or more"),
    ("Mfcc", {"shape": (2, 9)}, "should have 3 dimensions"),
    ("Mfcc", {"rate": (0,)}, "sample rate is 0, should be above 0"),
    ("Mfcc", {"rate": (-16000,)}, "sample rate is -16000, should be above 0"),
    ("Mfcc", {"rate": (1, 2)}, "sample_rate"),
    ("Mfcc", {"rate": (1,)}, "upper_frequency_limit is 4000, the spectrum of a sample rate of 1"),
    *(
        ("Mfcc", {"options": options}, text)
        for options, text in [
            ({"dct_coefficient_count": 0}, "dct_coefficient_count is 0, should be 1 to"),
            ({"dct_coefficient_count": 7}, "should be 1 to filterbank_channel_count, 6"),
            ({"filterbank_channel_count": 0}, "should be 1 to filterbank_channel_count, 0"),
            ({"filterbank_channel_count": -5}, "should be 1 to filterbank_channel_count, -5"),
            ({"filterbank_channel_count": 2**28}, "is 268435456, at most 65536"),
            ({"lower_frequency_limit": -1}, "upper_frequency_limit are -1 and 4000"),
            ({"upper_frequency_limit": 20}, "upper_frequency_limit are 20 and 20"),
            ({"upper_frequency_limit": 2**40}, "which an int32 does not hold"),
        ]
    ),
]


@pytest.mark.parametrize(("name", "arguments", "text"), ERRORS)
def test_errors(name, arguments, text):
    interpreter = octavo.Interpreter(model_content=operator(name, **arguments))
    with pytest.raises(RuntimeError, match=rf'{name} \(node 0 "y"\): .*{re.escape(text)}'):
        interpreter.allocate_tensors()


@pytest.mark.parametrize("name", ["AudioSpectrogram", "Mfcc"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_options_of_any_bytes(name, data):
    raw = bytearray(flexbuffers.Dumps(MFCC if name == "Mfcc" else SPECTROGRAM))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[: data.draw(st.integers(0, 3))]
    interpreter = octavo.Interpreter(model_content=operator(name, raw=bytes(raw)))
    with contextlib.suppress(RuntimeError):
        interpreter.allocate_tensors()


def verified(value, wanted, dtype, quantization=None, **options):
    net = Network()
    x = net.tensor("x", value.shape, dtype, **(quantization or {}))
    r, y = net.tensor("r", wanted.shape, "float32"), net.tensor("y", (1,), "float32")
    raw = bytes(flexbuffers.Dumps(options))
    net.op("CUSTOM", [x, r], [y], custom_code="NumericVerify", custom_options=raw)
    net.inputs, net.outputs = [x, r], [y]
    return net.build(), {x: value, r: wanted}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "float16"])
@EXAMPLES
@given(data=st.data())
def test_numeric_verify(dtype, data):
    """The differences, where none is beyond what is tolerated."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    wanted = rng.normal(size=shape).astype(np.float32)
    scale, zero = 0.05, {"int8": -3, "uint8": 130}.get(dtype, 0)
    quantization = {"scale": scale, "zero_point": zero}
    if dtype == "float16":
        value, quantization = wanted.astype(np.float16), None
    elif dtype == "int8" and data.draw(st.booleans()):
        quantization = {"scale": rng.uniform(0.04, 0.06, shape[0])}
        value = np.clip(wanted / 0.05, -128, 127).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        value = np.clip(np.round(wanted / scale) + zero, limits.min, limits.max).astype(dtype)
    whole = quantization is not None and np.ndim(quantization["scale"]) == 0
    tolerance = data.draw(st.sampled_from([0.05, 1.0] if whole else [0.05]))
    options = {"tolerance": tolerance, "log_if_failed": data.draw(st.booleans())}
    oracle.assert_equal_to_litert(*verified(value, wanted, dtype, quantization, **options))


def test_a_difference_that_is_not_tolerated():
    value, wanted = np.int8([4, 9, 2]), np.float32([1, 2, 0.5])
    arguments = (value, wanted, "int8", {"scale": 0.25})
    oracle.assert_equal_to_litert(*verified(*arguments, tolerance=1.5, log_if_failed=True))
    model, inputs = verified(*arguments, tolerance=0.5, log_if_failed=True)
    with pytest.raises(oracle.OracleError):
        oracle.run(model, inputs)
    text = r'NumericVerify \(node 0 "y"\): element 1 is 2.25, should be within 0.125 of 2'
    with pytest.raises(RuntimeError, match=text):
        oracle.octavo_run(model, inputs)


@pytest.mark.parametrize(
    ("dtype", "shape", "text"),
    [
        ("int32", (3,), 'input "x" has type int32, should have float16, int8, int16 or uint8'),
        ("int8", (2,), "input has shape (3), reference has (2)"),
    ],
)
def test_numeric_verify_errors(dtype, shape, text):
    model, _ = verified(np.zeros(3, dtype), np.zeros(shape, np.float32), dtype, {"scale": 0.5})
    with pytest.raises(RuntimeError, match=rf'NumericVerify \(node 0 "y"\): {re.escape(text)}'):
        octavo.Interpreter(model_content=model).allocate_tensors()
