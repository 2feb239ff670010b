"""What the commands that compare networks share: their options, files, what is said of a run."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="where NAME.tflite and NAME.onnx are; last comes $OCTAVO_SHARED/models",
    )
    parser.add_argument("--network", action="append", metavar="NAME", help="only this one")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--results", type=Path, metavar="FILE.md", help="write the tables")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    options = parser.parse_args()
    if "OCTAVO_SHARED" in os.environ:
        options.folders.append(Path(os.environ["OCTAVO_SHARED"]) / "models")
    return options


def find(name: str, folders: Sequence[Path]) -> Path | None:
    files = (folder / f"{name}.tflite" for folder in folders)
    return next((file for file in files if file.exists()), None)


def command_line(script: str) -> str:
    """How this program was run, without the names of folders."""
    shared = "OCTAVO_SHARED=FOLDER " if "OCTAVO_SHARED" in os.environ else ""
    shown = ["FOLDER" if Path(a).is_dir() else shlex.quote(a) for a in sys.argv[1:]]
    return " ".join([f"{shared}python {script}", *shown])
