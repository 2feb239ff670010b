"""EfficientNet-Lite0 quantized in every mode and with every range estimator, as a table.

    OCTAVO_SHARED=FOLDER python bench/quantization.py [--work FOLDER] [--results FILE.md]

Calibrates on the photographs 0, 10, 20, ... 990 and judges on the other 400: the ratio of signal to
noise (SQNR) over all logits, agreement with the float network's first choice, and accuracy. What is
computed is kept in the work folder by a file's content, so that an interrupted run goes on where
it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import octavo
from machine import cpu_name
from octavo.quantizer.estimators import ESTIMATORS
from PIL import Image

Array = npt.NDArray[Any]

SHARED = Path(os.environ["OCTAVO_SHARED"])
PHOTOGRAPHS = SHARED / "data" / "imagenet_dev"
SOURCE = SHARED / "models" / "efficientnet_lite0_float.tflite"
PROCESSES = 2

# Mode and estimator; those without an estimator need no data. The first two calibrate, without and
# with histograms, and are what time and memory are measured on; the others use the second's ranges.
CALIBRATED = [("int8", "minmax"), ("int8", "mse")]
ROWS = [
    ("float", ""),
    ("dynamic", ""),
    ("float16", ""),
    *((mode, estimator) for mode in ("int8", "16x8") for estimator in ESTIMATORS),
]
OTHERS = {
    f"LiteRT's converter, {mode}": SHARED / "models" / f"efficientnet_lite0_{mode}.tflite"
    for mode in ("dynamic", "int8", "16x8")
}
# litert-quantizer 0.11 on the same photographs: top-1 in percent, agreement in percent, dB.
PUBLISHED = {
    "litert-quantizer 0.11, dynamic": (88.0, 98.0, 19.87),
    "litert-quantizer 0.11, int8": (87.5, 96.75, 18.39),
}


def photograph(number: int) -> Array:
    """As the network takes it: float32 (1, 224, 224, 3)."""
    with Image.open(PHOTOGRAPHS / f"{number:03d}.jpg") as image:
        pixels = np.asarray(image.convert("RGB"), np.float32)
    return ((pixels - 127) / 128)[None]


def numbers() -> list[int]:
    """Of all photographs; each is its class."""
    return sorted(int(file.stem) for file in PHOTOGRAPHS.glob("*.jpg"))


def calibration_data() -> Iterator[list[Array]]:
    for number in numbers():
        if number % 10 == 0:
            yield [photograph(number)]


def quantize_one(mode: str, estimator: str, work: Path) -> dict[str, Any]:
    """Quantizes in this process; writes the file and says what it took."""
    ranges = work / "calibration.json"
    calibrates = (mode, estimator) in CALIBRATED
    arguments: dict[str, Any] = {"estimator": estimator} if estimator else {}
    if calibrates:
        arguments["data"] = calibration_data
    elif estimator:
        arguments["calibration"] = ranges
    start = time.perf_counter()
    result = octavo.quantize(SOURCE, mode, **arguments)
    seconds = time.perf_counter() - start
    if (mode, estimator) == CALIBRATED[-1]:
        assert result.calibration is not None
        result.calibration.save(ranges)
    file = work / f"{mode}_{estimator or 'nodata'}.tflite"
    result.save(file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"file": str(file), "seconds": seconds, "megabytes": peak, "calibrates": calibrates}


def quantized(mode: str, estimator: str, work: Path) -> dict[str, Any]:
    """The same in a child, whose memory is nobody else's; done once."""
    record = work / f"{mode}_{estimator or 'nodata'}.json"
    if not record.exists():
        command = [sys.executable, __file__, "--work", str(work), "--one", mode, estimator]
        record.write_text(subprocess.run(command, check=True, capture_output=True).stdout.decode())
    return dict(json.loads(record.read_text()))


def logits(file: str, images: Sequence[int]) -> Array:
    """(image, class) float32."""
    interpreter = octavo.Interpreter(file)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = []
    for number in images:
        interpreter.set_tensor(source["index"], _as_integers(photograph(number), source))
        interpreter.invoke()
        rows.append(_as_reals(interpreter.get_tensor(result["index"])[0], result))
    return np.array(rows)


def _as_integers(x: Array, details: Any) -> Array:
    if details["dtype"] == np.float32:
        return x
    scale, zero_point = details["quantization"]
    limits = np.iinfo(details["dtype"])
    return np.clip(np.round(x / scale) + zero_point, limits.min, limits.max).astype(limits.dtype)


def _as_reals(y: Array, details: Any) -> Array:
    if details["dtype"] == np.float32:
        return y
    scale, zero_point = details["quantization"]
    return (y.astype(np.float32) - zero_point) * np.float32(scale)


def judged(file: str | Path, images: Sequence[int], work: Path) -> Array:
    """The logits of all images, computed by several processes, or kept from before."""
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
    kept = work / f"logits_{digest}.npy"
    if not kept.exists():
        parts = [list(images[i::PROCESSES]) for i in range(PROCESSES)]
        with multiprocessing.Pool(PROCESSES) as pool:
            results = pool.starmap(logits, [(str(file), part) for part in parts])
        together = np.empty((len(images), results[0].shape[1]), np.float32)
        for i, result in enumerate(results):
            together[i::PROCESSES] = result
        np.save(kept, together)
    return np.asarray(np.load(kept))


def scores(y: Array, reference: Array, classes: Array) -> tuple[float, float, float]:
    """Top-1 in percent, agreement in percent, SQNR in dB."""
    noise = float(np.square(y - reference, dtype=np.float64).sum())
    signal = float(np.square(reference, dtype=np.float64).sum())
    agreement = np.mean(y.argmax(1) == reference.argmax(1))
    return (
        100 * float(np.mean(y.argmax(1) == classes)),
        100 * float(agreement),
        10 * float(np.log10(signal / noise)) if noise else float("inf"),
    )


def table(work: Path) -> list[str]:
    """The lines of the table, the most telling rows computed first."""
    images = [n for n in numbers() if n % 10]
    classes = np.array(images)
    for mode, estimator in CALIBRATED:
        quantized(mode, estimator, work)
    reference = judged(quantized("float", "", work)["file"], images, work)
    lines = [
        "| network | estimator | MB | top-1 | agreement | SQNR | seconds | peak MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]

    def add(name: str, estimator: str, size: str, score: Sequence[float], cost: str) -> None:
        top1, agreement, sqnr = score
        noise = f"{sqnr:.2f} dB" if np.isfinite(sqnr) else "exact"
        lines.append(
            f"| {name} | {estimator} | {size} | {top1:.2f}% | {agreement:.2f}% | {noise} | {cost} |"
        )

    for mode, estimator in ROWS:
        made = quantized(mode, estimator, work)
        score = scores(judged(made["file"], images, work), reference, classes)
        seconds = f"{made['seconds']:.1f}" + ("*" if made["calibrates"] else "")
        cost = f"{seconds} | {made['megabytes']:.0f}"
        add(mode, estimator, _megabytes(made["file"]), score, cost)
        print(lines[-1], flush=True)
    for name, path in OTHERS.items():
        score = scores(judged(path, images, work), reference, classes)
        add(name, "minmax" if "dynamic" not in name else "", _megabytes(path), score, "|")
        print(lines[-1], flush=True)
    for name, score in PUBLISHED.items():
        add(name, "minmax" if "dynamic" not in name else "", "", score, "|")
    return lines


def _megabytes(file: str | Path) -> str:
    return f"{Path(file).stat().st_size / 1e6:.2f}"


_TEXT = """\
# What quantization costs in accuracy

EfficientNet-Lite0, ImageNet, 224 x 224. Calibrated on 100 photographs and judged on 400 others,
input (x - 127) / 128. SQNR is 10 log10(sum ref^2 / sum (y - ref)^2) over all logits; agreement is
with the float network's first choice. A quarter of a percent is one image. Every network ran on
octavo, whose integers are those of LiteRT's reference kernels.

{table}

- Seconds and peak memory are those of `octavo.quantize` in a process of its own. Those with *
  include running the float network on the 100 photographs; the others used the ranges of such a
  run.
- "int8-only" is the network of "int8" without the operators that convert its input and output.
- Figures of litert-quantizer were measured on the same photographs, in LiteRT, whose faster kernels
  round otherwise: they give its converter's files 18.87 dB (int8) and 23.19 dB (dynamic).

Made on {cpu} with

    OCTAVO_SHARED=FOLDER python bench/quantization.py --results docs/quantization_results.md
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("build/bench_quantization"))
    parser.add_argument("--results", type=Path, help="the Markdown file to write")
    parser.add_argument("--one", nargs=2, metavar=("MODE", "ESTIMATOR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.one:
        print(json.dumps(quantize_one(*arguments.one, arguments.work)))
        return
    text = _TEXT.format(table="\n".join(table(arguments.work)), cpu=cpu_name())
    if arguments.results:
        arguments.results.write_text(text)


if __name__ == "__main__":
    main()
