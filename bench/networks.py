"""Networks on octavo, LiteRT, OpenVINO and ONNX Runtime, side by side in one process.

    OCTAVO_SHARED=FOLDER python bench/networks.py [FOLDER ...] --results docs/benchmarks.md

Takes NAME.tflite from the folders given and from $OCTAVO_SHARED/models. Engines take turns, see
rounds.py.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from command import arguments, command_line, find, parse
from engines import PEERS, Engine, levels, octavo_engine, random_inputs, versions
from machine import cpu_name
from rounds import geometric_mean, race, ratio

LARGE = [
    "mobilenet_v1_int8",
    "mobilenet_v2_int8",
    "efficientnet_lite0_int8",
    "inception_v3_int8",
    "resnet_v2_101_int8",
]
SMALL = [
    "mobilenet_v1_0.25_128_quant",
    "vww_96_int8",
    "pretrainedResnet_quant",
    "kws_ref_model",
    "ad01_int8",
]


def engines_of(
    model: Path, isas: Sequence[str], threads: int
) -> tuple[dict[str, Engine], dict[str, str]]:
    """Engines by name, and for those that cannot run the network, why."""
    inputs = random_inputs(model)
    engines, missing = {}, {}
    for isa in isas:
        engines[f"octavo {isa}"] = octavo_engine(isa, model, inputs, threads)
    for name, make in PEERS.items():
        try:
            engines[name] = make(model, inputs, threads)
        except Exception as error:  # each has its own
            missing[name] = str(error).strip().splitlines()[0]
    return engines, missing


def differences(engines: dict[str, Engine]) -> dict[str, int]:
    """By how many quanta each engine's outputs differ at most from those of the first."""
    results = {name: engine.outputs() for name, engine in engines.items()}
    first = next(iter(results.values()))
    return {
        name: max(
            int(np.abs(a.astype(np.int64).ravel() - b.astype(np.int64).ravel()).max())
            for a, b in zip(first, values, strict=True)
        )
        for name, values in results.items()
    }


def compare(model: Path, isas: Sequence[str], threads: int, rounds: int) -> dict[str, Any]:
    engines, missing = engines_of(model, isas, threads)
    times, cores = race(engines, threads, rounds)
    peers = [name for name in engines if name in PEERS]
    if not peers:
        raise SystemExit(f"{model.name}: nothing to compare with: {missing}")
    ratios = {
        isa: {peer: ratio(times[f"octavo {isa}"], times[peer]) for peer in peers} for isa in isas
    }
    best = max(peers, key=lambda peer: ratios[isas[0]][peer])
    return {
        "network": model.stem,
        "threads": threads,
        "milliseconds": {name: float(np.median(t)) for name, t in times.items()},
        "cores": {name: float(np.median(c)) for name, c in cores.items()},
        "best_peer": best,
        "ratios": ratios,
        "differences": differences(engines),
        "missing": missing,
    }


def _time(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.3g}"


def main_table(results: Sequence[dict[str, Any]], isa: str) -> list[str]:
    """octavo's best level against all peers."""
    lines = [
        f"| network | octavo | {' | '.join(PEERS)} | best peer | octavo / best peer |",
        "| --- |" + " ---: |" * (1 + len(PEERS)) + " --- | ---: |",
    ]
    for r in results:
        times = [r["milliseconds"].get(name) for name in (f"octavo {isa}", *PEERS)]
        ratio = r["ratios"][isa][r["best_peer"]]
        lines.append(
            f"| {r['network']} | {' | '.join(map(_time, times))} | {r['best_peer']} | {ratio:.2f} |"
        )
    empty = "|" * (3 + len(PEERS))
    for title, group in (("the large ones", LARGE), ("all", LARGE + SMALL)):
        ratios = [r["ratios"][isa][r["best_peer"]] for r in results if r["network"] in group]
        if len(ratios) == len(group):
            lines.append(f"| geometric mean of {title} {empty} {geometric_mean(ratios):.2f} |")
    return lines


def levels_table(results: Sequence[dict[str, Any]], isas: Sequence[str]) -> list[str]:
    """All levels of octavo against LiteRT and the best peer at their best."""
    header, ruler = "| network |", "| --- |"
    for isa in isas:
        header += f" {isa} | / LiteRT | / best peer |"
        ruler += " ---: | ---: | ---: |"
    lines = [header, ruler]
    for r in results:
        line = f"| {r['network']} |"
        for isa in isas:
            ratios = r["ratios"][isa]
            litert = f"{ratios['LiteRT']:.2f}" if "LiteRT" in ratios else ""
            time = _time(r["milliseconds"][f"octavo {isa}"])
            line += f" {time} | {litert} | {ratios[r['best_peer']]:.2f} |"
        lines.append(line)
    return lines


def document(report: dict[str, Any]) -> str:
    results, isas = report["results"], report["levels"]
    shown = [f"{name} {number}" for name, number in report["versions"].items()]
    parts = [
        "# Whole networks, side by side\n",
        f"Milliseconds of a run, batch 1, on {report['cpu']}, {report['date']}: "
        f"{', '.join(shown)}. Medians over {report['rounds']} rounds in which the engines took "
        "turns; a ratio below 1 means that octavo is faster. [bench/README.md](../bench/README.md) "
        "says how to read them.\n",
    ]
    for threads in sorted({r["threads"] for r in results}):
        of_threads = [r for r in results if r["threads"] == threads]
        parts.append(f"## {threads} thread{'s' if threads > 1 else ''}\n")
        parts.append("\n".join(main_table(of_threads, isas[0])) + "\n")
        if len(isas) > 1:
            parts.append(
                "octavo on each instruction set; the others always have all that the CPU has.\n"
            )
            parts.append("\n".join(levels_table(of_threads, isas)) + "\n")
    parts.append(_remarks(results))
    parts.append(f"Made with\n\n    {report['command']}\n")
    return "\n".join(parts)


def _remarks(results: Sequence[dict[str, Any]]) -> str:
    lines = []
    worst: dict[str, dict[str, int]] = {}
    for r in results:
        for name, difference in r["differences"].items():
            if difference:
                worst.setdefault(name, {})[r["network"]] = difference
    for name, by_network in worst.items():
        text = ", ".join(f"{difference} ({network})" for network, difference in by_network.items())
        lines.append(
            f"- {name}'s outputs differ from octavo's by at most this many quanta: {text}."
        )
    for r in results:
        lines += [
            f"- {name} kept {cores:.1f} cores busy for {r['threads']} thread(s): {r['network']}."
            for name, cores in r["cores"].items()
            if cores > r["threads"] + 0.1
        ]
    reasons = sorted({(n, r["network"], why) for r in results for n, why in r["missing"].items()})
    lines += [f"- {name} does not run {network}: {why}." for name, network, why in reasons]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument(
        "--level",
        action="append",
        metavar="ISA",
        help="of octavo; default: all that the CPU has but portable",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    options = parse(parser)
    isas = options.level or [isa for isa in levels() if isa != "portable"]
    results = []
    for name in options.network or LARGE + SMALL:
        model = find(name, options.folders)
        if model is None:
            print(f"{name}.tflite is in none of the folders", file=sys.stderr)
            continue
        for threads in options.threads:
            result = compare(model, isas, threads, options.rounds)
            results.append(result)
            times = ", ".join(f"{k} {t:.4g}" for k, t in result["milliseconds"].items())
            best = result["ratios"][isas[0]][result["best_peer"]]
            print(f"{name}, {threads} threads: {best:.2f} ({times})", file=sys.stderr, flush=True)
    report = {
        "cpu": cpu_name(),
        "date": datetime.date.today().isoformat(),
        "versions": versions(),
        "rounds": options.rounds,
        "levels": isas,
        "command": command_line("bench/networks.py"),
        "results": results,
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    if options.results:
        options.results.write_text(document(report))
    else:
        print(document(report))


if __name__ == "__main__":
    main()
