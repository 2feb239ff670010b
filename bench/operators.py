"""One operator at a time, on octavo and on LiteRT with XNNPACK, on one thread.

    python bench/operators.py [--operator NAME ...] --results docs/operator_speed.md

The networks are those of operator_cases.py. Engines take turns, see rounds.py; what counts is the
least of the rounds' medians, which other users of the machine disturb least.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Sequence
from pathlib import Path

import rounds
from command import command_line
from engines import Engine, levels, litert, octavo_engine, versions
from machine import cpu_name
from operator_cases import Case, cases
from rich.console import Console
from rich.table import Table

Row = tuple[Case, float, float]  # microseconds of octavo and of LiteRT


def measure(case: Case, count: int, folder: Path) -> Row:
    file = folder / "operator.tflite"
    file.write_bytes(case.build())
    engines: dict[str, Engine] = {
        "octavo": octavo_engine(levels()[0], file, case.inputs(), 1),
        "LiteRT": litert(file, case.inputs(), 1),
    }
    times, _ = rounds.race(engines, 1, count)
    return case, 1000 * min(times["octavo"]), 1000 * min(times["LiteRT"])


def cells(row: Row) -> list[str]:
    case, ours, theirs = row
    return [
        case.code,
        case.types(),
        case.shapes(),
        f"{ours:.1f}",
        f"{theirs:.1f}",
        f"{ours / theirs:.2f}",
    ]


TITLES = ["operator", "types", "shapes", "octavo us", "LiteRT us", "ratio"]


def show(results: Sequence[Row], console: Console) -> None:
    table = Table(*TITLES[:3])
    for title in TITLES[3:]:
        table.add_column(title, justify="right")
    for row in results:
        _, ours, theirs = row
        table.add_row(*cells(row), style="red" if ours > 1.2 * theirs else "")
    console.print(table)


def document(results: Sequence[Row], count: int, command: str) -> str:
    shown = ", ".join(f"{name} {versions()[name]}" for name in ("octavo", "LiteRT"))
    ratios = [ours / theirs for _, ours, theirs in results]
    mean = rounds.geometric_mean(ratios)
    lines = [
        "# Operators on their own\n",
        f"Microseconds of a network of one operator on one thread of {cpu_name()}, "
        f"{datetime.date.today().isoformat()}: {shown}, which takes XNNPACK where that has the "
        f"operator; octavo's kernels are {levels()[0]}. The least of {count} rounds in which both "
        "took turns. [bench/README.md](../bench/README.md) says how to read them.\n",
        f"Of {len(ratios)} ratios of octavo's time to LiteRT's the geometric mean is {mean:.2f}; "
        f"{sum(r > 1.2 for r in ratios)} are above 1.2.\n",
        f"| {' | '.join(TITLES)} |",
        "| --- | --- | --- | ---: | ---: | ---: |",
        *(f"| {' | '.join(cells(row))} |" for row in results),
        f"\nMade with\n\n    {command}",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--operator", action="append", metavar="NAME", help="only this one")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--results", type=Path, metavar="FILE.md", help="write the table")
    options = parser.parse_args()
    results = []
    console = Console(width=140)
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            if options.operator and case.code not in options.operator:
                continue
            results.append(measure(case, options.rounds, Path(folder)))
    show(results, console)
    if options.results:
        command = command_line("bench/operators.py")
        options.results.write_text(document(results, options.rounds, command))


if __name__ == "__main__":
    main()
