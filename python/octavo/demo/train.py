"""Trains the demo's network; writes digits_float.tflite, digits_int8.tflite and digits.npz.

`python -m octavo.demo.train [FOLDER]`; needs scikit-learn, for its 1,797 handwritten digits of 8x8
pixels with values 0 to 16 (UCI "Optical Recognition of Handwritten Digits"). digits.npz holds 200
of them that are held out, and 100 of the others that the int8 network is calibrated with. The
network is two convolutions, a pooling and a dense layer: about 10,000 parameters.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.flatbuffer import Network
from octavo.quantizer import quantize

Array = npt.NDArray[Any]
Weights = dict[str, Array]

HELD_OUT = 200
CALIBRATION = 100
EPOCHS = 30
BATCH = 32
LEARNING_RATE = 2e-3
CLASSES = 10
# Filters and dense weights lie as in the file: (output channels, height, width, input channels).
SHAPES = {"conv1": (16, 3, 3, 1), "conv2": (32, 3, 3, 16), "dense": (CLASSES, 4 * 4 * 32)}


def load_digits(rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """Images uint8 (n, 8, 8) and labels (n,): those to train on, then those held out."""
    from sklearn import datasets

    digits = datasets.load_digits()
    order = rng.permutation(len(digits.target))
    images = digits.images.astype(np.uint8)[order]
    labels = digits.target.astype(np.uint8)[order]
    return images[HELD_OUT:], labels[HELD_OUT:], images[:HELD_OUT], labels[:HELD_OUT]


def to_input(images: Array) -> Array:
    """Pixels 0 to 16 as the network takes them: float32 (n, 8, 8, 1) between 0 and 1."""
    return (images[..., None] / 16).astype(np.float32)


def patches(x: Array) -> Array:
    """(n, h, w, c) -> (n, h, w, 9 * c): each pixel's 3x3 neighbourhood, zero outside the image."""
    _, h, w, _ = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.concatenate(
        [padded[:, i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=3
    )


def patches_gradient(dp: Array, channels: int) -> Array:
    n, h, w, _ = dp.shape
    padded = np.zeros((n, h + 2, w + 2, channels), np.float32)
    for k in range(9):
        i, j = divmod(k, 3)
        padded[:, i : i + h, j : j + w] += dp[..., k * channels : (k + 1) * channels]
    return padded[:, 1:-1, 1:-1]


def forward(weights: Weights, x: Array) -> dict[str, Array]:
    """Every activation, by name; "logits" is what the softmax takes."""
    a = {"image": x}
    for name, source in (("conv1", "image"), ("conv2", "conv1")):
        a[name + "_patches"] = patches(a[source])
        filters = weights[name].reshape(len(weights[name]), -1)
        a[name] = np.maximum(a[name + "_patches"] @ filters.T + weights[name + "_bias"], 0)
    n, h, w, c = a["conv2"].shape
    a["windows"] = a["conv2"].reshape(n, h // 2, 2, w // 2, 2, c)
    a["pool"] = a["windows"].max(axis=(2, 4))
    a["logits"] = a["pool"].reshape(n, -1) @ weights["dense"].T + weights["dense_bias"]
    return a


def gradients(weights: Weights, a: dict[str, Array], labels: Array) -> Weights:
    """Of the mean cross-entropy."""
    n = len(labels)
    e = np.exp(a["logits"] - a["logits"].max(axis=1, keepdims=True))
    d = (e / e.sum(axis=1, keepdims=True) - np.eye(CLASSES, dtype=np.float32)[labels]) / n
    g = {"dense": d.T @ a["pool"].reshape(n, -1), "dense_bias": d.sum(axis=0)}
    d = (d @ weights["dense"]).reshape(a["pool"].shape)[:, :, None, :, None]
    is_max = a["windows"] == a["pool"][:, :, None, :, None]
    d = (is_max * d).reshape(a["conv2"].shape)
    for name in ("conv2", "conv1"):
        d = d * (a[name] > 0)
        filters = weights[name].reshape(len(weights[name]), -1)
        flat = d.reshape(-1, len(filters))
        taps = a[name + "_patches"].reshape(-1, filters.shape[1])
        g[name] = (flat.T @ taps).reshape(weights[name].shape)
        g[name + "_bias"] = flat.sum(axis=0)
        if name == "conv2":
            d = patches_gradient(d @ filters, weights[name].shape[3])
    return g


def shifted(images: Array, rng: np.random.Generator) -> Array:
    """The images, each moved by up to one pixel: what a steadier classifier has seen."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    moves = rng.integers(0, 3, (len(images), 2))
    return np.stack([p[i : i + 8, j : j + 8] for p, (i, j) in zip(padded, moves, strict=True)])


def train(images: Array, labels: Array, rng: np.random.Generator) -> Weights:
    """Adam with a learning rate that falls to zero along a cosine."""
    weights: Weights = {}
    for name, shape in SHAPES.items():
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        weights[name] = rng.normal(0, deviation, shape).astype(np.float32)
        weights[name + "_bias"] = np.zeros(shape[0], np.float32)
    mean = {name: np.zeros_like(w) for name, w in weights.items()}
    square = {name: np.zeros_like(w) for name, w in weights.items()}
    per_epoch = len(images) // BATCH
    orders = [rng.permutation(len(images))[: per_epoch * BATCH] for _ in range(EPOCHS)]
    batches = np.reshape(orders, (EPOCHS * per_epoch, BATCH))
    for step, chosen in enumerate(batches):
        x = to_input(shifted(images[chosen], rng))
        g = gradients(weights, forward(weights, x), labels[chosen])
        rate = LEARNING_RATE * (1 + np.cos(np.pi * step / len(batches))) / 2
        for name in weights:
            mean[name] += (g[name] - mean[name]) * 0.1
            square[name] += (g[name] ** 2 - square[name]) * 0.001
            m, v = mean[name] / (1 - 0.9 ** (step + 1)), square[name] / (1 - 0.999 ** (step + 1))
            weights[name] -= (rate * m / (np.sqrt(v) + 1e-8)).astype(np.float32)
    return weights


def build(weights: Weights) -> bytes:
    """The float32 network as a file."""
    net = Network("digits", description="octavo's demo: digits of 8x8 pixels")

    def activation(name: str, shape: tuple[int, ...]) -> int:
        return net.tensor(name, (1, *shape), "float32", shape_signature=(-1, *shape))

    def constants(name: str) -> list[int]:
        w, b = weights[name], weights[name + "_bias"]
        return [net.constant(name + "/weights", w), net.constant(name + "/bias", b)]

    image = activation("image", (8, 8, 1))
    conv1 = activation("conv1", (8, 8, 16))
    conv2 = activation("conv2", (8, 8, 32))
    pool = activation("pool", (4, 4, 32))
    flat = activation("flat", (512,))
    logits = activation("logits", (CLASSES,))
    probabilities = activation("probabilities", (CLASSES,))
    same: dict[str, Any] = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    relu: dict[str, Any] = {"fused_activation_function": "RELU"}
    window: dict[str, Any] = {"filter_width": 2, "filter_height": 2, "stride_w": 2, "stride_h": 2}
    net.op("CONV_2D", [image, *constants("conv1")], [conv1], **same, **relu)
    net.op("CONV_2D", [conv1, *constants("conv2")], [conv2], **same, **relu)
    net.op("MAX_POOL_2D", [conv2], [pool], padding="VALID", **window)
    net.op("RESHAPE", [pool, net.constant("shape", np.array([-1, 512], np.int32))], [flat])
    net.op("FULLY_CONNECTED", [flat, *constants("dense")], [logits])
    net.op("SOFTMAX", [logits], [probabilities], beta=1.0)
    net.inputs, net.outputs = [image], [probabilities]
    net.signature("serving_default", {"image": image}, {"probabilities": probabilities})
    return net.build()


def main(folder: str = str(Path(__file__).parent)) -> None:
    rng = np.random.default_rng(0)
    images, labels, test_images, test_labels = load_digits(rng)
    weights = train(images, labels, rng)
    predictions = forward(weights, to_input(test_images))["logits"].argmax(axis=1)
    print(f"held out: {np.mean(predictions == test_labels):.1%} right")
    network, calibration = build(weights), images[:CALIBRATION]
    Path(folder, "digits_float.tflite").write_bytes(network)
    quantize(network, "int8-only", to_input(calibration)).save(Path(folder, "digits_int8.tflite"))
    np.savez_compressed(
        Path(folder, "digits.npz"),
        images=test_images,
        labels=test_labels,
        calibration=calibration,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
