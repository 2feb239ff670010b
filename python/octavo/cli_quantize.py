"""The command `octavo quantize`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import octavo
from octavo.terminal import byte_count, numbers, open_console, show_table

if TYPE_CHECKING:
    from rich.console import Console

    from octavo.quantizer import Summary

_COMPARED = 10  # samples on which outputs are compared


def add_to(commands: Any) -> None:
    """Adds the command to those of a parser."""
    parser = commands.add_parser(
        "quantize",
        help="quantize a float network",
        description="Quantizes a float network, and shows what that saves and costs.",
    )
    parser.set_defaults(command=_quantize)
    parser.add_argument("model", metavar="IN.tflite", help="a network of float32")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tflite")
    parser.add_argument(
        "--mode",
        default="int8",
        help="float, dynamic, dynamic-int4, float16, int8, int8-only, 16x8 (int8)",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="representative inputs: a folder of images, or an .npz file of arrays by input name "
        "whose first axis counts the samples",
    )
    parser.add_argument(
        "--mean",
        type=numbers,
        default=0.0,
        metavar="M[,M,M]",
        help="of images: the network is given (pixel - mean) / std, pixels being 0 to 255 (0)",
    )
    parser.add_argument(
        "--std", type=numbers, default=255.0, metavar="S[,S,S]", help="see --mean (255)"
    )
    parser.add_argument("--input-type", metavar="TYPE", help="float32, int8, uint8 or int16")
    parser.add_argument("--output-type", metavar="TYPE", help="the same of the outputs")
    parser.add_argument(
        "--fallback",
        action="store_true",
        default=None,
        help="keep operators without an integer form float, in every mode",
    )
    parser.add_argument(
        "--recipe", metavar="R.json", help="operators to quantize otherwise or to keep float"
    )
    parser.add_argument(
        "--calibration", metavar="C.json", help="ranges saved before, instead of those on --data"
    )
    parser.add_argument("--save-calibration", metavar="C.json", help="save the ranges")
    parser.add_argument(
        "--estimator",
        default="minmax",
        help="how ranges follow from the values seen: minmax, moving-average, percentile, mse, "
        "entropy (minmax)",
    )
    parser.add_argument(
        "--per-tensor", action="store_true", help="one scale for all channels of a weight"
    )


def _quantize(options: argparse.Namespace) -> None:
    from octavo.quantizer.comparison import output_errors
    from octavo.quantizer.data import Images

    console = open_console()
    content = Path(options.model).read_bytes()
    data = options.data
    if data is not None and Path(data).is_dir():
        data = Images(data, options.mean, options.std)
    result = octavo.quantize(
        content,
        options.mode,
        data if options.calibration is None else None,
        input_type=options.input_type,
        output_type=options.output_type,
        fallback=options.fallback,
        recipe=options.recipe,
        calibration=options.calibration,
        estimator=options.estimator,
        per_channel=not options.per_tensor,
    )
    if options.save_calibration is not None:
        if result.calibration is None:
            raise ValueError(f'mode "{options.mode}" has no calibration to save')
        result.calibration.save(options.save_calibration)
    result.save(options.output)
    _show_summary(console, result.summary)
    if data is not None:
        errors = output_errors(content, result.content, data, _COMPARED)
        rows = [(e.name, str(e.samples), f"{e.sqnr:.2f} dB", f"{e.greatest:.3g}") for e in errors]
        headers = ["output", "samples", "SQNR", "greatest error"]
        show_table(console, "Against the float network", headers, rows)


def _show_summary(console: Console, summary: Summary) -> None:
    before, after = summary.bytes_before, summary.bytes_after
    rows = [
        ("before", byte_count(before)),
        ("after", byte_count(after)),
        ("ratio", f"{before / after:.2f}"),
    ]
    show_table(console, "", None, rows)
    counts = sorted(summary.counts().items())
    rows = [(mode, str(count)) for mode, count in counts]
    show_table(console, "", ["operators", "count"], rows)
    kept = [(o.operator, o.tensor, o.reason) for o in summary.kept_float()]
    if kept:
        show_table(console, "Stayed float", ["operator", "computes", "why"], kept, justify="left")
