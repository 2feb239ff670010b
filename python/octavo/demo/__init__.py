"""A network of handwritten digits, small enough to come with the package.

Two files that `octavo.demo.train` wrote, digits_float.tflite and digits_int8.tflite; 100 digits of
those that it trained on, to calibrate with; and 200 digits that no network has seen.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.model import load
from octavo.quantizer import Quantized, quantize

FOLDER = Path(__file__).parent
NETWORKS = ("float", "int8")


@dataclass(frozen=True)
class Result:
    """One network on the held-out digits.

    Attributes:
      accuracy: the share of digits that it names rightly.
      latency: the median time for one image, in seconds, conversions to and from integers included.
      predictions: its name, 0 to 9, for each digit.
    """

    accuracy: float
    latency: float
    predictions: npt.NDArray[Any]


def network(name: str) -> Path:
    """The path of one of NETWORKS. It takes "image", (n, 8, 8, 1) of 0 to 1, and gives
    "probabilities", (n, 10)."""
    return FOLDER / f"digits_{name}.tflite"


def digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The held-out digits: images (200, 8, 8) with values 0 to 16, and labels (200,)."""
    with np.load(FOLDER / "digits.npz") as file:
        return file["images"], file["labels"]


def calibration() -> npt.NDArray[np.float32]:
    """Digits of the training data, as the float network takes them: (100, 8, 8, 1) of 0 to 1."""
    with np.load(FOLDER / "digits.npz") as file:
        return np.asarray(file["calibration"][..., None] / 16, np.float32)


def quantized(mode: str) -> Quantized:
    """The float network in one of the modes of `octavo.quantize`."""
    return quantize(network("float"), mode, calibration())


def measure(model: bytes | Path) -> Result:
    """Runs a digits network on every held-out digit, one at a time."""
    images, labels = digits()
    net = load(model)
    times, predictions = [], []
    for image in images[:, None, :, :, None] / np.float32(16):
        start = time.perf_counter()
        probabilities = net(image)
        times.append(time.perf_counter() - start)
        predictions.append(int(probabilities.argmax()))
    return Result(
        accuracy=float(np.mean(np.array(predictions) == labels)),
        latency=median(times),
        predictions=np.array(predictions),
    )
