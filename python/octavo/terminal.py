"""What the commands share: parsing numbers, printing tables with rich."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rich.console import Console


class MissingExtra(ImportError):
    """A package that only the command line needs is not installed."""

    def __init__(self, package: str, extra: str = "cli") -> None:
        super().__init__(f"this needs {package}: pip install 'octavo[{extra}]'")


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def numbers(text: str) -> npt.NDArray[Any]:
    """One number, or one for each of an image's channels."""
    values = np.array([float(part) for part in text.split(",")], np.float32)
    if len(values) not in (1, 3) or not np.isfinite(values).all():
        raise argparse.ArgumentTypeError("must be one number or three")
    return values


def byte_count(count: int) -> str:
    return f"{count:,} bytes"


def open_console() -> Console:
    try:
        from rich.console import Console
    except ImportError:
        raise MissingExtra("rich") from None
    return Console()


def show_table(
    console: Console,
    title: str,
    headers: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    justify: Literal["left", "right"] = "right",
    left: int = 1,
) -> None:
    """A table of literal text: its first `left` columns left-justified, the others as `justify`."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=headers is not None, box=box.SIMPLE)
    for i, header in enumerate(headers or rows[0]):
        table.add_column(escape(header), justify=justify if i >= left else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    if title:
        console.print(title, markup=False, highlight=False)
    console.print(table)
