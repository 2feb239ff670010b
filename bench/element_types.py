"""Networks in all element types on octavo, against LiteRT and the best peer's int8.

    OCTAVO_SHARED=FOLDER python bench/element_types.py [FOLDER ...] --results docs/element_types.md

Takes NAME_TYPE.tflite from the folders given and from $OCTAVO_SHARED/models. Engines take turns,
see rounds.py.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from command import arguments, command_line, find, parse
from engines import Engine, levels, litert, octavo_engine, openvino, random_inputs, versions
from machine import cpu_name
from networks import LARGE
from rounds import geometric_mean, race, ratio

NETWORKS = [name.removesuffix("_int8") for name in LARGE]
TYPES = ("int8", "16x8", "dynamic", "float", "fp16")
# Type, and what its time is compared with: (column's title, the other's name).
COMPARISONS = {
    "int8": [("/ best int8", "best int8")],
    "16x8": [("/ best int8", "best int8"), ("/ LiteRT 16x8", "LiteRT 16x8")],
    "dynamic": [("/ best int8", "best int8"), ("/ LiteRT float", "LiteRT float")],
    "float": [("/ LiteRT float", "LiteRT float")],
    "fp16": [("/ octavo float", "octavo float"), ("/ LiteRT float", "LiteRT float")],
}
# LiteRT's 16x8 takes a hundred times as long: once is enough to know that.
SLOW = "LiteRT 16x8"


def engines_of(name: str, folders: Sequence[Path], threads: int) -> dict[str, Engine]:
    engines = {}
    for kind in TYPES:
        model = find(f"{name}_{kind}", folders)
        if model is None:
            continue
        inputs = random_inputs(model)
        engines[f"octavo {kind}"] = octavo_engine(levels()[0], model, inputs, threads)
        engines[f"LiteRT {kind}"] = litert(model, inputs, threads)
        if kind == "int8":
            with suppress(ImportError):
                engines["OpenVINO int8"] = openvino(model, inputs, threads)
    return engines


def compare(name: str, folders: Sequence[Path], threads: int, rounds: int) -> dict[str, Any]:
    """Milliseconds by engine and type, and the ratios of COMPARISONS by type and title."""
    engines = engines_of(name, folders, threads)
    slow = {SLOW: engines.pop(SLOW)} if SLOW in engines else {}
    times, _ = race(engines, threads, rounds)
    times |= {SLOW: race(slow, threads, 1)[0][SLOW] * rounds} if slow else {}
    int8 = [times[engine] for engine in ("LiteRT int8", "OpenVINO int8") if engine in times]
    if int8:
        times["best int8"] = min(int8, key=np.median)
    ratios = {
        kind: {
            title: ratio(times[f"octavo {kind}"], times[other])
            for title, other in comparisons
            if other in times and f"octavo {kind}" in times
        }
        for kind, comparisons in COMPARISONS.items()
    }
    milliseconds = {engine: float(np.median(t)) for engine, t in times.items()}
    return {"network": name, "threads": threads, "milliseconds": milliseconds, "ratios": ratios}


def table(results: Sequence[dict[str, Any]], kind: str) -> list[str]:
    titles = [title for title, _ in COMPARISONS[kind]]
    lines = [
        f"| network | octavo | LiteRT | {' | '.join(titles)} |",
        "| --- |" + " ---: |" * (2 + len(titles)),
    ]
    shown = [r for r in results if f"octavo {kind}" in r["milliseconds"]]
    for r in shown:
        times = [r["milliseconds"][f"{engine} {kind}"] for engine in ("octavo", "LiteRT")]
        ratios = [f"{r['ratios'][kind].get(title, float('nan')):.2f}" for title in titles]
        cells = [r["network"], *(f"{t:.3g}" for t in times), *ratios]
        lines.append(f"| {' | '.join(cells)} |")
    means = [geometric_mean([r["ratios"][kind].get(t, np.nan) for r in shown]) for t in titles]
    cells = ["geometric mean", "", "", *(f"{mean:.2f}" for mean in means)]
    return [*lines, f"| {' | '.join(cells)} |"]


def document(results: Sequence[dict[str, Any]], rounds: int, command: str) -> str:
    shown = [f"{name} {number}" for name, number in versions().items()]
    parts = [
        "# Networks in every element type\n",
        f"Milliseconds of a run, batch 1, on {cpu_name()}, {datetime.date.today().isoformat()}: "
        f"{', '.join(shown)}; octavo's kernels are {levels()[0]}. Medians over {rounds} rounds in "
        "which the engines took turns. *best int8* is the faster of LiteRT and OpenVINO on the "
        "network in int8. [bench/README.md](../bench/README.md) says how to read them.\n",
    ]
    for threads in sorted({r["threads"] for r in results}):
        of_threads = [r for r in results if r["threads"] == threads]
        for kind in TYPES:
            parts.append(f"## {kind}, {threads} thread{'s' if threads > 1 else ''}\n")
            parts.append("\n".join(table(of_threads, kind)) + "\n")
    parts.append(f"Made with\n\n    {command}\n")
    return "\n".join(parts)


def main() -> None:
    options = parse(arguments(__doc__))
    results = []
    for name in options.network or NETWORKS:
        for threads in options.threads:
            results.append(compare(name, options.folders, threads, options.rounds))
            print(f"{name}, {threads} threads: {results[-1]['ratios']}", file=sys.stderr)
    text = document(results, options.rounds, command_line("bench/element_types.py"))
    if options.results:
        options.results.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
