"""The networks of tests/user_networks, in the sizes that their authors published, on octavo and
LiteRT.

    python bench/generated.py --network ssd --results FILE.md

Prints the least milliseconds of a run that each takes, and their ratio. Engines take turns, see
rounds.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import octavo
from engines import Engine, levels, litert, octavo_engine
from rounds import race

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from user_networks import NETWORKS, samples

TYPES = ("float", "int8", "dynamic")


def files(name: str, types: list[str], folder: Path) -> dict[str, Path]:
    """The network in every element type."""
    model, made = NETWORKS[name].published(), {}
    data = samples(model, 2)
    for kind in types:
        made[kind] = folder / f"{name}_{kind}.tflite"
        content = model if kind == "float" else bytes(octavo.quantize(model, kind, data))
        made[kind].write_bytes(content)
    return made


def engines_of(models: dict[str, Path], name: str) -> dict[str, Engine]:
    inputs = samples(NETWORKS[name].published(), 1)[0]
    engines = {}
    for kind, model in models.items():
        engines[f"octavo {kind}"] = octavo_engine(levels()[0], model, inputs, 1)
        engines[f"LiteRT {kind}"] = litert(model, inputs, 1)
    return engines


def compare(name: str, types: list[str], rounds: int) -> list[tuple[str, float, float]]:
    """Type, octavo's milliseconds and LiteRT's."""
    with TemporaryDirectory() as folder:
        engines = engines_of(files(name, types, Path(folder)), name)
        times, _ = race(engines, 1, rounds)
    return [(k, min(times[f"octavo {k}"]), min(times[f"LiteRT {k}"])) for k in types]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", metavar="NAME", choices=sorted(NETWORKS))
    parser.add_argument("--type", action="append", choices=TYPES)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--results", type=Path, metavar="FILE.md", help="write the table")
    options: Any = parser.parse_args()
    lines = ["| network | type | octavo | LiteRT | ratio |", "| --- | --- | ---: | ---: | ---: |"]
    print(*lines, sep="\n")
    for name in options.network or NETWORKS:
        for kind, ours, theirs in compare(name, options.type or list(TYPES), options.rounds):
            ratio = ours / theirs
            lines.append(f"| {name} | {kind} | {ours:.3g} | {theirs:.3g} | {ratio:.2f} |")
            print(lines[-1], flush=True)
    if options.results:
        options.results.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
