"""Shows what pytest-benchmark's table does not: speeds, and how near they are to a core's peak."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    session = getattr(config, "_benchmarksession", None)
    infos = {b.param: b.extra_info for b in session.benchmarks} if session else {}
    layers = {name: info for name, info in infos.items() if "share_of_peak" in info}
    if layers:
        terminalreporter.section("GMAC/s, peak of this core's dot products, share")
    for name, info in layers.items():
        terminalreporter.write_line(
            f"{info['gmacs_per_second']:7.1f} {info['peak_gmacs_per_second']:7.1f} "
            f"{info['share_of_peak']:6.1%}  {info['count']:3d} x {name}"
        )
    others = {name: info for name, info in infos.items() if "gigabytes_per_second" in info}
    if others:
        terminalreporter.section("GB/s, read and written")
    for name, info in others.items():
        kernels = ", ".join(info["kernels"])
        terminalreporter.write_line(f"{info['gigabytes_per_second']:7.2f}  {name}  {kernels}")
