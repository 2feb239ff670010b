"""How long networks take: `measure` as a whole, `profile` step by step."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo import _core
from octavo.inspection import describe
from octavo.interpreter import Interpreter

Array = npt.NDArray[Any]
Path = str | os.PathLike[str]

_LEAST_RUNS = 5
_PEAK_ROUNDS = 5000  # of the loop that finds the peak: tens of microseconds


def random_input(details: dict[str, Any], generator: np.random.Generator) -> Array:
    """For one of `Interpreter.get_input_details`: integers of 8 and 16 bits from their whole range,
    reals from [0, 1), zeros of other types, which may be indices or sizes.
    """
    dtype, shape = np.dtype(details["dtype"]), tuple(details["shape"])
    if dtype.kind == "f":
        return generator.random(shape).astype(dtype)
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return np.zeros(shape, dtype)


def ready(path: Path, threads: int) -> Interpreter:
    """An interpreter with random inputs, always the same ones."""
    interpreter = Interpreter(path, num_threads=threads)
    interpreter.allocate_tensors()
    generator = np.random.default_rng(0)
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], random_input(details, generator))
    return interpreter


def measure(
    path: Path,
    *,
    warmup: int = 5,
    runs: int | None = None,
    seconds: float = 1.0,
    threads: int = 1,
) -> dict[str, Any]:
    """Runs a network again and again, as a tree that JSON can hold.

    Args:
      path: of a .tflite file.
      warmup: runs before those that count.
      runs: how many count. None: for `seconds`, and at least 5.
      seconds: see `runs`.
      threads: num_threads of the interpreter.

    Keys: file, isa, threads, runs, macs (multiply-accumulates of one run), milliseconds (min,
    median, mean, p90, p99 of a run), gmacs_per_second (at the median).

    Raises:
      ValueError: not a .tflite file, or a damaged one.
      RuntimeError: octavo cannot run the network.
      OSError: the file cannot be read.
    """
    interpreter = ready(path, threads)
    for _ in range(warmup):
        interpreter.invoke()
    times: list[int] = []
    end = time.perf_counter() + seconds
    while len(times) < (_LEAST_RUNS if runs is None else runs) or (
        runs is None and time.perf_counter() < end
    ):
        start = time.perf_counter_ns()
        interpreter.invoke()
        times.append(time.perf_counter_ns() - start)
    macs = describe(path)["macs"]
    median = float(np.median(times))
    percentiles = {"p90": 90, "p99": 99}
    return {
        "file": os.fspath(path),
        "isa": _core.isa(),
        "threads": threads,
        "runs": len(times),
        "macs": macs,
        "milliseconds": {
            "min": min(times) / 1e6,
            "median": median / 1e6,
            "mean": float(np.mean(times)) / 1e6,
            **{key: float(np.percentile(times, p)) / 1e6 for key, p in percentiles.items()},
        },
        "gmacs_per_second": macs / median,
    }


def profile(path: Path, *, warmup: int = 5, runs: int = 50, threads: int = 1) -> dict[str, Any]:
    """What each step of a network takes: medians over runs, as a tree that JSON can hold.

    Arguments and errors are those of `measure`.

    Keys: file, isa, threads, runs, milliseconds (of a run, measured by itself), macs,
    peak_gmacs_per_second (of one thread's int8 dot products and nothing else, measured between the
    runs; None where the kernels have none), steps (nodes, operator, output, kernels, microseconds,
    share, macs, gmacs_per_second, bytes), operators, the costliest first (operator, count,
    microseconds, share, macs, gmacs_per_second). A kernel has a name and an isa, that of the table
    that it comes from. A share is of the steps' sum, bytes are those of a step's operands,
    constants included. A step has several nodes, and an operator's name of several, where they run
    together in bands of rows. Nodes that run as no step of their own, since their value is known or
    another does their work, are absent.
    """
    interpreter = ready(path, threads)
    core = interpreter._main
    has_peak = "gemm_s8" in _core.kernel_sources(core.isa)
    for _ in range(warmup):
        interpreter.invoke()
    whole, rows, peaks = [], [], []
    # In turns, because the machine's speed may change.
    for _ in range(runs):
        peaks.append(_core.dot_loop(core.isa, _PEAK_ROUNDS) if has_peak else 0.0)
        start = time.perf_counter_ns()
        interpreter.invoke()
        whole.append(time.perf_counter_ns() - start)
        nodes, nanoseconds = core.time_steps(1)
        rows.append(nanoseconds[0])
    facts = describe(path)
    times = np.median(rows, axis=0) / 1e3
    sources = _core.kernel_sources(core.isa)
    steps = []
    for indices, microseconds, names in zip(nodes, times, core.step_kernels(), strict=True):
        run = [facts["nodes"][index] for index in indices]
        outputs = run[-1]["outputs"]
        between = {i for node in run[:-1] for i in node["outputs"]}
        operands = {i for node in run for i in node["inputs"] if i >= 0} - between | {*outputs}
        macs = sum(node["macs"] for node in run)
        steps.append(
            {
                "nodes": indices,
                "operator": " + ".join(node["operator"] for node in run),
                "output": facts["tensors"][outputs[0]]["name"] if outputs else "",
                "kernels": [{"name": name, "isa": sources[name]} for name in names],
                "macs": macs,
                "bytes": sum(facts["tensors"][i]["bytes"] for i in operands),
                **_cost(float(microseconds), float(times.sum()), macs),
            }
        )
    return {
        "file": os.fspath(path),
        "isa": core.isa,
        "threads": threads,
        "runs": runs,
        "milliseconds": float(np.median(whole)) / 1e6,
        "macs": facts["macs"],
        "peak_gmacs_per_second": float(np.median(peaks)) if has_peak else None,
        "steps": steps,
        "operators": _by_operator(steps),
    }


def node_numbers(step: dict[str, Any]) -> str:
    """Of a step of `profile`: "3", or "3+4+5"."""
    return "+".join(map(str, step["nodes"]))


def _cost(microseconds: float, total: float, macs: int) -> dict[str, float]:
    return {
        "microseconds": microseconds,
        "share": microseconds / total if total else 0.0,
        "gmacs_per_second": macs / microseconds / 1e3 if microseconds else 0.0,
    }


def _by_operator(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        groups.setdefault(step["operator"], []).append(step)
    total = sum(step["microseconds"] for step in steps)
    operators = [
        {
            "operator": name,
            "count": len(group),
            "macs": sum(step["macs"] for step in group),
            **_cost(
                sum(step["microseconds"] for step in group),
                total,
                sum(step["macs"] for step in group),
            ),
        }
        for name, group in groups.items()
    ]
    return sorted(operators, key=lambda operator: -operator["microseconds"])
