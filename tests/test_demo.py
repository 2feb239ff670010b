"""The network that comes with the package: accurate, and equal to LiteRT's to the bit."""

import numpy as np
import octavo
import oracle
import pytest
from octavo import demo
from octavo.flatbuffer import read
from octavo.quantizer.api import MODES


def test_digits():
    images, labels = demo.digits()
    assert (images.shape, images.dtype, images.max()) == ((200, 8, 8), np.uint8, 16)
    assert labels.shape == (200,)
    assert set(labels) == set(range(10))


def test_calibration_digits():
    """They are the shipped networks' input, and none is held out."""
    calibration = demo.calibration()
    assert (calibration.shape, calibration.dtype) == ((100, 8, 8, 1), np.float32)
    assert (calibration.min(), calibration.max()) == (0, 1)
    held_out = {(image / 16).astype(np.float32).tobytes() for image in demo.digits()[0]}
    assert not held_out & {image.tobytes() for image in calibration}


@pytest.mark.parametrize("name", demo.NETWORKS)
def test_accuracy(name):
    result = demo.measure(demo.network(name))
    _, labels = demo.digits()
    assert result.accuracy == np.mean(result.predictions == labels)
    assert result.accuracy >= 0.97
    assert 0 < result.latency < 1
    assert demo.network(name).stat().st_size < 50_000


@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode):
    quantized = demo.quantized(mode)
    assert not quantized.summary.kept_float()
    assert demo.measure(quantized.content).accuracy >= 0.98
    ratio = quantized.summary.bytes_before / quantized.summary.bytes_after
    assert ratio >= {"float": 1, "float16": 1.8}.get(mode, 2.8)


def test_the_networks_agree():
    probabilities = [
        octavo.load(demo.network(name))(demo.digits()[0][..., None] / 16) for name in demo.NETWORKS
    ]
    assert np.mean(np.argmax(probabilities[0], 1) == np.argmax(probabilities[1], 1)) >= 0.98
    assert np.abs(probabilities[0] - probabilities[1]).mean() < 0.01


@pytest.mark.parametrize("name", demo.NETWORKS)
def test_equal_to_litert(name):
    pytest.importorskip("ai_edge_litert")
    images, _ = demo.digits()
    (spec,) = octavo.load(demo.network(name)).inputs
    x = spec.fit((images[..., None] / 16).astype(np.float32))
    oracle.assert_equal_to_litert(
        demo.network(name).read_bytes(),
        {spec.index: x},
        resize={spec.index: x.shape},
        keep_all=True,
    )


def test_int8_network_keeps_litert_specification():
    tensors = read(demo.network("int8")).subgraphs[0].tensors
    by_name = {tensor.name.decode(): tensor for tensor in tensors}
    for layer in ("conv1", "conv2", "dense"):
        weights, bias = by_name[f"{layer}/weights"], by_name[f"{layer}/bias"]
        source = by_name[{"conv1": "image", "conv2": "conv1", "dense": "flat"}[layer]]
        assert not weights.quantization.zeroPoint.any()
        assert not bias.quantization.zeroPoint.any()
        assert weights.quantization.scale.size == weights.shape[0]
        np.testing.assert_array_equal(
            bias.quantization.scale, weights.quantization.scale * source.quantization.scale
        )
    for a, b in (("conv2", "pool"), ("pool", "flat")):
        assert by_name[a].quantization.scale == by_name[b].quantization.scale
        assert by_name[a].quantization.zeroPoint == by_name[b].quantization.zeroPoint
    probabilities = by_name["probabilities"].quantization
    assert (probabilities.scale, probabilities.zeroPoint) == (1 / 256, -128)
