"""The commands `octavo bench` and `octavo profile`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from octavo.terminal import open_console, positive, show_table

_NAME_WIDTH = 32


def add_to(commands: Any) -> None:
    """Adds both commands to those of a parser."""
    bench = commands.add_parser(
        "bench",
        help="measure how long networks take",
        description="Runs networks on random inputs and shows how long a run takes.",
    )
    bench.set_defaults(command=_bench)
    bench.add_argument("models", nargs="+", metavar="MODEL", help="a .tflite file")
    bench.add_argument("--runs", type=positive, metavar="N", help="how many runs count")
    bench.add_argument(
        "--seconds",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="without --runs: for how long to run each network (1)",
    )
    _add_shared(bench)

    profile = commands.add_parser(
        "profile",
        help="show which operators of a network take how long",
        description="Runs a network on random inputs and shows what each of its steps takes: "
        "medians over runs, and the kernels that ran.",
    )
    profile.set_defaults(command=_profile)
    profile.add_argument("model", metavar="MODEL", help="a .tflite file")
    profile.add_argument(
        "--runs", type=positive, default=50, metavar="N", help="how many runs count (50)"
    )
    profile.add_argument(
        "--output", metavar="FILE", help="draw a picture of it: .png, .svg, .pdf or .html"
    )
    _add_shared(profile)


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--warmup", type=_count, default=5, metavar="N", help="runs before those that count (5)"
    )
    parser.add_argument(
        "--threads", type=positive, default=1, metavar="N", help="how many threads to use (1)"
    )
    parser.add_argument("--json", action="store_true", help="everything, as JSON")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be below 0")
    return value


def _bench(options: argparse.Namespace) -> None:
    from octavo.measurement import measure

    console = None if options.json else open_console()
    results = [
        measure(
            model,
            warmup=options.warmup,
            runs=options.runs,
            seconds=options.seconds,
            threads=options.threads,
        )
        for model in options.models
    ]
    if console is None:
        print(json.dumps(results, indent=2))
        return
    columns = ("min", "median", "p90", "p99")
    rows = [
        (
            result["file"],
            *(_milliseconds(result["milliseconds"][column]) for column in columns),
            _rate(result["gmacs_per_second"]),
            str(result["runs"]),
        )
        for result in results
    ]
    title = f"Milliseconds of a run, {_circumstances(results[0])}"
    show_table(console, title, ["network", *columns, "GMAC/s", "runs"], rows)


def _profile(options: argparse.Namespace) -> None:
    from octavo.measurement import node_numbers, profile

    console = None if options.json else open_console()
    if options.output is not None:
        from octavo.picture import draw_profile, known_suffix

        known_suffix(options.output)
    facts = profile(
        options.model, warmup=options.warmup, runs=options.runs, threads=options.threads
    )
    if options.output is not None:
        draw_profile(facts, options.output)
    if console is None:
        print(json.dumps(facts, indent=2))
        return
    costs = ["µs", "share", "GMAC/s"]
    steps = [
        [
            node_numbers(step),
            step["operator"],
            _short(step["output"]),
            ", ".join(_kernel(kernel, facts["isa"]) for kernel in step["kernels"]),
            *_cost(step),
        ]
        for step in facts["steps"]
    ]
    title = (
        f"{facts['file']}: {_milliseconds(facts['milliseconds'])} ms, {_circumstances(facts)}, "
        f"medians of {facts['runs']} runs"
    )
    if facts["peak_gmacs_per_second"] is not None:
        title += f", peak {_rate(facts['peak_gmacs_per_second'])} GMAC/s a thread"
    show_table(console, title, ["node", "operator", "output", "kernel", *costs], steps, left=4)
    operators = [
        [operator["operator"], str(operator["count"]), *_cost(operator)]
        for operator in facts["operators"]
    ]
    show_table(console, "", ["operator", "count", *costs], operators)


def _kernel(kernel: dict[str, str], isa: str) -> str:
    return kernel["name"] if kernel["isa"] == isa else f"{kernel['name']} ({kernel['isa']})"


def _short(name: str) -> str:
    """The end of the first of the names that a converter has joined."""
    first = name.partition(";")[0]
    return first if len(first) <= _NAME_WIDTH else f"…{first[1 - _NAME_WIDTH :]}"


def _circumstances(facts: dict[str, Any]) -> str:
    threads = facts["threads"]
    return f"kernels {facts['isa']}, {threads} thread{'s' if threads > 1 else ''}"


def _cost(row: dict[str, Any]) -> tuple[str, str, str]:
    rate = _rate(row["gmacs_per_second"]) if row["macs"] else ""
    return f"{row['microseconds']:,.1f}", f"{row['share']:.1%}", rate


def _milliseconds(value: float) -> str:
    return f"{value:,.3f}" if value >= 0.1 else f"{value:.4f}"


def _rate(value: float) -> str:
    return f"{value:,.1f}"
