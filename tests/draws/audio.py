"""What keyword-spotting networks hear: spectra and their cepstral coefficients. LiteRT has these as
custom operators."""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Array

Result = tuple[bytes, dict[int, Array]]


def network(name: str, values: list[Array], constants: int, **options: Any) -> Result:
    """The operator on `values`, of which the last are constants."""
    net = Network()
    tensors, inputs = [], {}
    for i, value in enumerate(values):
        if i < len(values) - constants:
            tensors.append(net.tensor(f"x{i}", value.shape, value.dtype))
            inputs[tensors[-1]] = value
        else:
            tensors.append(net.constant(f"x{i}", value))
    y = net.tensor("y", (1, 1, 1), "float32")
    raw = bytes(flexbuffers.Dumps(options))
    net.op("CUSTOM", tensors, [y], custom_code=name, custom_options=raw)
    net.inputs, net.outputs = list(inputs), [y]
    return net.build(), inputs


def spectrogram(draw: st.DrawFn) -> Result:
    """Of a sound of tones and noise, which may be shorter than a window."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples, channels = draw(st.integers(1, 400)), draw(st.integers(1, 3))
    time = np.arange(samples)[:, None]
    sound = np.sin(time * rng.uniform(0, np.pi, channels)) + rng.normal(0, 0.3, (samples, channels))
    gain = draw(st.sampled_from([1e-3, 1.0, 3e4]))
    return network(
        "AudioSpectrogram",
        [(gain * sound).astype(np.float32)],
        0,
        window_size=draw(st.integers(2, 200)),
        stride=draw(st.integers(1, 250)),
        magnitude_squared=draw(st.booleans()),
    )


def mfcc(draw: st.DrawFn) -> Result:
    """Of powers over many orders of magnitude, silence among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(2, 300)))
    powers = np.exp(rng.uniform(-20, 10, shape)) * (rng.random(shape) < 0.9)
    rate = draw(st.sampled_from([8000, 16000, 44100]))
    low = draw(st.integers(0, rate // 2 - 1))
    bands = draw(st.integers(1, 60))
    return network(
        "Mfcc",
        [powers.astype(np.float32), np.array(draw(st.sampled_from([rate, [rate]])), np.int32)],
        int(draw(st.booleans())),
        upper_frequency_limit=draw(st.integers(low + 1, rate // 2)),
        lower_frequency_limit=low,
        filterbank_channel_count=bands,
        dct_coefficient_count=draw(st.integers(1, bands)),
    )
