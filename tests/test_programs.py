"""The C++ programs of a build in place, and what they are made of."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import octavo
import pytest
import record_cases
from small_networks import small_networks

BUILD = Path(octavo.__path__[0]).parents[1]


def _run(program: str) -> subprocess.CompletedProcess[str]:
    path = BUILD / program
    if not path.exists():
        pytest.skip(f"{program} is not built: it is no part of the package")
    return subprocess.run([path], capture_output=True, text=True, timeout=120)


def test_every_operator_is_recorded():
    assert not record_cases.missing(small_networks())


def test_recorded_cases_are_those_of_small_networks():
    recorded = re.findall(r'^RECORDED\(\n  "(.+)",$', record_cases.RECORDED.read_text(), re.M)
    assert recorded == [network.name for network in small_networks()]


def test_selftest():
    result = _run("octavo_selftest")
    lines = result.stdout.splitlines()
    assert result.returncode == 0, [line for line in lines if line.startswith("FAIL")]
    assert re.fullmatch(r"\d+ passed, 0 failed", lines[-1])
    assert {f"ok    {network.name}" for network in small_networks()} <= set(lines)
