"""A picture of a profile: its steps in time, their speed, its operators."""

from __future__ import annotations

import html
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo.measurement import node_numbers
from octavo.terminal import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SUFFIXES = (".png", ".svg", ".pdf", ".html")
_NARROWEST_LABELLED = 0.018  # of the timeline's width: a number of three digits
_ROOM_FOR_LABEL = 0.02  # of the time: whose circle holds a number
_NEAREST_LABEL = 0.05  # of the other picture's width and height: the same


def known_suffix(path: str | os.PathLike[str]) -> str:
    """What kind of file `draw_profile` writes.

    Raises:
      ValueError: it writes no such file.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(f"{os.fspath(path)}: a picture's name ends in {', '.join(_SUFFIXES)}")
    return suffix


def draw_profile(facts: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Writes a picture of what `octavo.measurement.profile` returned.

    Args:
      facts: the profile.
      path: ends in .png, .svg, .pdf or .html (a page that holds the picture).

    Raises:
      ValueError: another ending.
      ImportError: matplotlib is not installed.
      OSError: the file cannot be written.
    """
    suffix = known_suffix(path)
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", extra="plot") from None
    with rc_context({"svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(12, 7.5), layout="constrained")
        _fill(figure, facts)
        if suffix != ".html":
            figure.savefig(path, dpi=120)
            return
        picture = io.StringIO()
        figure.savefig(picture, format="svg")
    svg = picture.getvalue()
    title = html.escape(_title(facts))
    Path(path).write_text(
        f'<!doctype html>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"{svg[svg.index('<svg') :]}",
        "utf-8",
    )


def _fill(figure: Figure, facts: dict[str, Any]) -> None:
    from matplotlib import colormaps

    palette = colormaps["tab20"].colors  # type: ignore[attr-defined]
    colors = {
        operator["operator"]: palette[(2 * i + 2 * i // 20) % 20]
        for i, operator in enumerate(facts["operators"])
    }
    figure.suptitle(_title(facts))
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 4], width_ratios=[3, 2])
    _draw_timeline(figure.add_subplot(grid[0, :]), facts["steps"], colors)
    _draw_speeds(figure.add_subplot(grid[1, 0]), facts, colors)
    _draw_operators(figure.add_subplot(grid[1, 1]), facts["operators"], colors)


def _title(facts: dict[str, Any]) -> str:
    threads = facts["threads"]
    return (
        f"{Path(facts['file']).name}: {facts['milliseconds']:.4g} ms, "
        f"{facts['macs'] / 1e6:,.4g} MMAC, kernels {facts['isa']}, "
        f"{threads} thread{'s' if threads > 1 else ''}"
    )


def _draw_timeline(axes: Axes, steps: list[dict[str, Any]], colors: dict[str, Any]) -> None:
    """The steps side by side, in order, as wide as they take; numbers are their nodes'."""
    total = sum(step["microseconds"] for step in steps)
    start = 0.0
    for step in steps:
        width = step["microseconds"]
        axes.barh(
            0, width, 1, start, color=colors[step["operator"]], edgecolor="white", linewidth=0.3
        )
        if width > _NARROWEST_LABELLED * total:
            axes.text(start + width / 2, 0, node_numbers(step), ha="center", va="center", size=8)
        start += width
    axes.set(xlim=(0, max(start, 1e-9)), ylim=(-0.5, 0.5), yticks=[], xlabel="µs, step by step")


def _draw_speeds(axes: Axes, facts: dict[str, Any], colors: dict[str, Any]) -> None:
    """Steps that multiply, by how much they do with a byte; areas are their shares of the time."""
    from matplotlib.ticker import LogLocator

    axes.set(
        xscale="log",
        yscale="log",
        xlabel="multiply-accumulates per byte of operands",
        ylabel="GMAC/s",
        title="Speed of the steps that multiply (area: time; numbers: nodes)",
    )
    axes.grid(alpha=0.3)
    shown = sorted((s for s in facts["steps"] if s["macs"]), key=lambda step: -step["share"])
    for step in shown:
        axes.scatter(
            step["macs"] / step["bytes"],
            step["gmacs_per_second"],
            s=max(4000 * step["share"], 8),
            color=colors[step["operator"]],
            alpha=0.6,
            edgecolor="white",
        )
    axes.margins(0.12)
    peak = facts["peak_gmacs_per_second"]
    if peak is not None and shown:
        axes.axhline(peak, color="black", linestyle="--", linewidth=1)
        axes.annotate(
            f"one thread's int8 dot products: {peak:.0f} GMAC/s",
            (0.01, peak),
            (0, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            size=8,
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
    _label(axes, shown)


def _label(axes: Axes, steps: list[dict[str, Any]]) -> None:
    """Gives steps their nodes' numbers, the costliest first, where no other number is near."""
    taken: list[Any] = []
    to_axes = axes.transScale + axes.transLimits
    for step in steps:
        at = (step["macs"] / step["bytes"], step["gmacs_per_second"])
        place = to_axes.transform(at)
        if all(max(abs(place - other)) > _NEAREST_LABEL for other in taken):
            above = (0, 0) if step["share"] > _ROOM_FOR_LABEL else (0, 7)
            axes.annotate(
                node_numbers(step),
                at,
                above,
                textcoords="offset points",
                ha="center",
                va="center",
                size=8,
            )
            taken.append(place)


def _draw_operators(axes: Axes, operators: list[dict[str, Any]], colors: dict[str, Any]) -> None:
    names = [f"{operator['operator']} ({operator['count']})" for operator in operators]
    times = [operator["microseconds"] for operator in operators]
    bars = axes.barh(names, times, color=[colors[o["operator"]] for o in operators])
    axes.bar_label(bars, [f"{operator['share']:.1%}" for operator in operators], padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set(xlabel="µs", title="Operators (how many steps)")
