"""Networks on octavo, LiteRT, OpenVINO and ONNX Runtime, side by side in one process.

    OCTAVO_SHARED=FOLDER python bench/networks.py [FOLDER ...] --results docs/benchmarks.md

Takes NAME.tflite from the folders given and from $OCTAVO_SHARED/models. A machine's speed changes
while one measures, so engines take turns: in each round every engine runs a network for a few
milliseconds, in an order that changes, and gives the median of those runs. A ratio is the median
over the rounds of the ratios of one round.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from engines import PEERS, Engine, levels, octavo_engine, random_inputs, versions
from machine import cpu_name

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
TURN = 0.008  # seconds that an engine runs in a round, at least two runs
TRIES = 5  # turns, where other processes take the core away
PAUSE = 0.004  # seconds after a turn on several threads: others' threads spin before they sleep


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
    for engine in engines.values():
        for _ in range(3):
            engine.run()
    return engines, missing


def turn(engine: Engine) -> tuple[float, float]:
    """The median of runs in milliseconds, and how many cores were busy meanwhile. A first run,
    whose caches are another's, does not count.
    """
    engine.run()
    times: list[int] = []
    begin, busy = time.perf_counter(), time.process_time()
    while not times or time.perf_counter() < begin + TURN:
        start = time.perf_counter_ns()
        engine.run()
        times.append(time.perf_counter_ns() - start)
    cores = (time.process_time() - busy) / (time.perf_counter() - begin)
    return float(np.median(times)) / 1e6, cores


def undisturbed_turn(engine: Engine, cores: float) -> tuple[float, float]:
    """A turn in which the engine had the cores that it can have, `cores` as far as one knows; or of
    several turns the one nearest to that.
    """
    best = (0.0, -1.0)
    for _ in range(TRIES):
        best = max(best, turn(engine), key=lambda t: t[1])
        if best[1] > 0.95 * cores:
            break
    return best


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
    names = list(engines)
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    generator = np.random.default_rng(0)
    for _ in range(rounds):
        for i in generator.permutation(len(names)):
            so_far = turns[names[i]]
            most = max((cores for _, cores in so_far), default=1.0)
            so_far.append(undisturbed_turn(engines[names[i]], most))
            if threads > 1:
                time.sleep(PAUSE)
    times = {name: [milliseconds for milliseconds, _ in t] for name, t in turns.items()}
    medians = {name: float(np.median(t)) for name, t in times.items()}
    peers = [name for name in names if name in PEERS]
    if not peers:
        raise SystemExit(f"{model.name}: nothing to compare with: {missing}")
    ratios = {
        isa: {
            peer: float(np.median(np.divide(times[f"octavo {isa}"], times[peer]))) for peer in peers
        }
        for isa in isas
    }
    best = max(peers, key=lambda peer: ratios[isas[0]][peer])
    return {
        "network": model.stem,
        "threads": threads,
        "milliseconds": medians,
        "cores": {name: float(np.median([c for _, c in t])) for name, t in turns.items()},
        "best_peer": best,
        "ratios": ratios,
        "differences": differences(engines),
        "missing": missing,
    }


def geometric_mean(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


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


def find(name: str, folders: Sequence[Path]) -> Path | None:
    files = (folder / f"{name}.tflite" for folder in folders)
    return next((file for file in files if file.exists()), None)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="where NAME.tflite and NAME.onnx are; last comes $OCTAVO_SHARED/models",
    )
    parser.add_argument("--network", action="append", metavar="NAME", help="only this one")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--level",
        action="append",
        metavar="ISA",
        help="of octavo; default: all that the CPU has but portable",
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--results", type=Path, metavar="FILE.md", help="write the tables")
    options = parser.parse_args()
    if "OCTAVO_SHARED" in os.environ:
        options.folders.append(Path(os.environ["OCTAVO_SHARED"]) / "models")
    return options


def main() -> None:
    options = arguments()
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
            ratio = result["ratios"][isas[0]][result["best_peer"]]
            print(f"{name}, {threads} threads: {ratio:.2f} ({times})", file=sys.stderr, flush=True)
    shared = "OCTAVO_SHARED=FOLDER " if "OCTAVO_SHARED" in os.environ else ""
    shown = ["FOLDER" if Path(a).is_dir() else shlex.quote(a) for a in sys.argv[1:]]
    report = {
        "cpu": cpu_name(),
        "date": datetime.date.today().isoformat(),
        "versions": versions(),
        "rounds": options.rounds,
        "levels": isas,
        "command": " ".join([f"{shared}python bench/networks.py", *shown]),
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
