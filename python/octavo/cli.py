"""The command `octavo`: run, inspect, demo; the others are in `cli_quantize` and `cli_bench`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import octavo
from octavo import cli_bench, cli_quantize
from octavo.terminal import (
    MissingExtra,
    byte_count,
    numbers,
    open_console,
    positive,
    show_table,
)

if TYPE_CHECKING:
    from rich.console import Console

Array = npt.NDArray[Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when it succeeds, 1 when it fails. A wrong usage exits with 2."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (ValueError, RuntimeError, ImportError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _fail(message: str) -> int:
    print("octavo:", " ".join(message.split()), file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="octavo", description="Runs quantized neural networks.")
    parser.add_argument("--version", action="version", version=f"octavo {octavo.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser(
        "run",
        help="run a network on a file of arrays or an image",
        description="Runs a network once and shows the classes with the highest scores, or a "
        "summary of outputs that are no list of classes.",
    )
    run.set_defaults(command=_run)
    run.add_argument("model", metavar="MODEL", help="a .tflite file")
    run.add_argument(
        "--input",
        required=True,
        metavar="FILE",
        help="an array (.npy), arrays by input name or in the order of inputs (.npz), or an image, "
        "which is resized to the network's input. Real numbers are quantized for the network",
    )
    run.add_argument(
        "--output", metavar="OUT.npz", help="save the outputs by name; quantized ones as float32"
    )
    run.add_argument(
        "--top", type=positive, default=5, metavar="N", help="how many classes to show (5)"
    )
    run.add_argument(
        "--threads", type=positive, default=1, metavar="N", help="how many threads to use (1)"
    )
    run.add_argument("--labels", metavar="FILE", help="names of the classes, one a line")
    run.add_argument(
        "--mean",
        type=numbers,
        metavar="M[,M,M]",
        help="of an image: the network is given (pixel - mean) / std, pixels being 0 to 255 (0)",
    )
    run.add_argument(
        "--std",
        type=numbers,
        metavar="S[,S,S]",
        help="see --mean (255). With neither, a uint8 input is given the pixels themselves",
    )

    inspect = commands.add_parser("inspect", help="show what a network consists of and costs")
    inspect.set_defaults(command=_inspect, usage_error=inspect.error)
    inspect.add_argument("model", nargs="?", metavar="MODEL", help="a .tflite file")
    inspect.add_argument(
        "--cpu",
        action="store_true",
        help="show which kernels are used on this CPU, and which it could use",
    )
    inspect.add_argument("--json", action="store_true", help="everything, as JSON")

    cli_quantize.add_to(commands)
    cli_bench.add_to(commands)

    demo = commands.add_parser(
        "demo", help="quantize a network in every mode and let it read digits"
    )
    demo.set_defaults(command=_demo)
    return parser


# Run.


def _run(options: argparse.Namespace) -> None:
    console = open_console()
    net = octavo.load(options.model, num_threads=options.threads)
    labels: list[str] = []
    if options.labels is not None:
        labels = Path(options.labels).read_text("utf-8").splitlines()
    by_position: list[Array] = []
    by_name: dict[str, Array] = {}
    if Path(options.input).suffix.lower() in (".npy", ".npz"):
        by_position, by_name = _read_arrays(options.input, [spec.name for spec in net.inputs])
    else:
        by_position = [_read_image(options, net)]
    result = net(*by_position, **by_name)
    outputs = result if isinstance(result, dict) else {net.outputs[0].name: result}
    if options.output is not None:
        _save_arrays(options.output, outputs)
    for name, values in outputs.items():
        if values.ndim == 2 and values.shape[1] > 1 and values.dtype.kind in "fiu":
            show_table(console, name, *_classes(values, options.top, labels))
        else:
            console.print(_summary(name, values), markup=False, highlight=False)


def _read_arrays(path: str, names: Iterable[str]) -> tuple[list[Array], dict[str, Array]]:
    """Arrays by position and by name."""
    try:
        with open(path, "rb") as file:
            content = np.load(file)
            if isinstance(content, np.ndarray):
                return [content], {}
            arrays = {key: content[key] for key in content.files}
    except OSError:
        raise
    except Exception as error:  # whatever the readers of damaged files raise
        raise ValueError(f"{path}: no arrays can be read: {error}") from None
    if set(arrays) <= set(names):
        return [], arrays
    return list(arrays.values()), {}


def _save_arrays(path: str, arrays: Mapping[str, Array]) -> None:
    """As np.savez does, but with any names."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, values, allow_pickle=False)


def _read_image(options: argparse.Namespace, net: octavo.Model) -> Array:
    """An image as the only input of `net` takes it."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("pillow") from None
    spec = net.inputs[0] if len(net.inputs) == 1 else None
    sizes = [] if spec is None else [size for size in spec.shape[1:] if size is not None]
    if spec is None or len(spec.shape) != 4 or len(sizes) != 3 or sizes[2] not in (1, 3):
        takes = "; ".join(str(spec) for spec in net.inputs)
        raise ValueError(f"the network takes no image of 1 or 3 channels: {takes}")
    height, width, channels = sizes
    try:
        with Image.open(options.input) as image:
            converted = image.convert("L" if channels == 1 else "RGB")
    except OSError:
        raise
    except Exception as error:  # whatever the decoders of damaged files raise
        raise ValueError(f"{options.input}: no image can be read: {error}") from None
    resized = converted.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized).reshape(1, height, width, channels)
    if spec.dtype == np.uint8 and options.mean is None and options.std is None:
        return pixels
    mean = np.zeros(1, np.float32) if options.mean is None else options.mean
    std = np.full(1, 255, np.float32) if options.std is None else options.std
    if max(mean.size, std.size) > channels:
        raise ValueError("--mean and --std have three numbers, the network's image one channel")
    return np.asarray((pixels.astype(np.float32) - mean) / std)


def _classes(scores: Array, top: int, labels: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of a table: the `top` highest scores of each row of (n, classes)."""
    rows = []
    for sample, row in enumerate(scores):
        for index in np.argsort(-row.astype(np.float64), kind="stable")[:top]:
            label = labels[index] if index < len(labels) else ""
            rows.append([str(sample), str(index), label, f"{row[index]:.6g}"])
    headers = ["sample", "class", "label", "score"]
    shown = [i for i in range(4) if (i != 0 or len(scores) > 1) and (i != 2 or labels)]
    return [headers[i] for i in shown], [[row[i] for i in shown] for row in rows]


def _summary(name: str, values: Array) -> str:
    text = f"{name}: {values.dtype} {values.shape}"
    if values.size and values.dtype.kind in "fiu":
        text += f", min {values.min():.6g}, max {values.max():.6g}, mean {values.mean():.6g}"
    return text


# Inspect.


def _inspect(options: argparse.Namespace) -> None:
    from octavo.inspection import describe, describe_cpu

    if options.model is None and not options.cpu:
        options.usage_error("MODEL or --cpu is required")
    facts = {} if options.model is None else describe(options.model)
    if options.cpu:
        facts["cpu"] = describe_cpu()
    if options.json:
        print(json.dumps(facts, indent=2))
        return
    console = open_console()
    if options.model is not None:
        _show_network(console, facts)
    if options.cpu:
        names = [
            ("kernels", facts["cpu"]["isa"]),
            ("available", ", ".join(facts["cpu"]["available"])),
        ]
        show_table(console, "CPU", None, names, justify="left")


def _show_network(console: Console, facts: dict[str, Any]) -> None:
    overview = [("file", byte_count(facts["bytes"])), ("description", facts["description"])]
    for role in ("inputs", "outputs"):
        overview += [(role[:-1], _spec(spec)) for spec in facts[role]]
    overview.append(("parameters", f"{facts['parameters']:,}"))
    if facts["problem"]:
        overview.append(("problem", facts["problem"]))
    else:
        overview.append(("MACs", f"{facts['macs']:,}"))
        overview.append(("arena", f"{byte_count(facts['arena_bytes'])}, shared in time"))
        overview.append(("", f"{byte_count(facts['unshared_bytes'])} if nothing were shared"))
    operators = [
        (group["name"], str(group["count"]), "" if facts["problem"] else f"{group['macs']:,}")
        for group in facts["operators"]
    ]
    sizes: dict[tuple[str, str], list[int]] = {}
    for tensor in facts["tensors"]:
        kind = "constant" if tensor["is_constant"] else "computed"
        sizes.setdefault((kind, tensor["dtype"]), []).append(tensor["bytes"])
    tensors = [
        (f"{kind} {dtype}", str(len(found)), f"{sum(found):,}")
        for (kind, dtype), found in sorted(sizes.items())
    ]
    show_table(console, facts["file"], None, overview, justify="left")
    show_table(console, "", ["operator", "count", "MACs"], operators)
    show_table(console, "", ["tensors", "count", "bytes"], tensors)


def _spec(spec: dict[str, Any]) -> str:
    shape = ", ".join("?" if d is None else str(d) for d in spec["shape"])
    text = f"{spec['name']}: {spec['dtype']} ({shape})"
    if spec["scale"] is not None:
        text += f", scale {spec['scale']:.6g}, zero point {spec['zero_point']}"
    return text


# Demo.


def _demo(options: argparse.Namespace) -> None:
    from octavo import demo
    from octavo.quantizer.api import MODES

    console = open_console()
    images, labels = demo.digits()
    networks = {mode: demo.quantized(mode) for mode in MODES}
    results = {mode: demo.measure(q.content) for mode, q in networks.items()}
    rows = [
        (
            mode,
            byte_count(q.summary.bytes_after),
            f"{q.summary.bytes_before / q.summary.bytes_after:.2f}",
            f"{results[mode].accuracy:.1%}",
            f"{results[mode].latency * 1e6:.0f} µs",
        )
        for mode, q in networks.items()
    ]
    title = f"A network of float32 in every mode, on {len(labels)} handwritten digits it never saw"
    show_table(console, title, ["mode", "file", "ratio", "right", "a digit takes"], rows)
    # Those that a network gets wrong tell most; then one of each label.
    is_wrong = np.any([result.predictions != labels for result in results.values()], axis=0)
    _, first = np.unique(labels, return_index=True)
    chosen = list(dict.fromkeys([*np.flatnonzero(is_wrong)[:2], *first]))[:4]
    for y in range(8):
        console.print("  ".join(_pixels(images[i, y]) for i in chosen), highlight=False)
    for name, values in [("label", labels), *((m, r.predictions) for m, r in results.items())]:
        line = "  ".join(f"{name:>9} {values[i]:<6}" for i in chosen)
        console.print(line.rstrip(), highlight=False)


def _pixels(row: Array) -> str:
    """Pixels 0 to 16, two characters each: about square in a terminal."""
    return "".join(" ░▒▓█"[int(value) // 4] * 2 for value in row)
