"""Shows what pytest-benchmark's table does not: GMAC/s, and how much of the core's peak that is."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    session = getattr(config, "_benchmarksession", None)
    shown = [b for b in session.benchmarks if "share_of_peak" in b.extra_info] if session else []
    if not shown:
        return
    terminalreporter.section("GMAC/s, peak of this core's dot products, share")
    for benchmark in shown:
        info = benchmark.extra_info
        terminalreporter.write_line(
            f"{info['gmacs_per_second']:7.1f} {info['peak_gmacs_per_second']:7.1f} "
            f"{info['share_of_peak']:6.1%}  {info['count']:3d} x {benchmark.param}"
        )
