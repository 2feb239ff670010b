"""No damage to a file does worse than an error: see mutations.py for what is damaged how."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import mutations
import pytest

MUTATIONS = 40  # of each network
NETWORKS = 12  # that one child process runs

_NAMES = list(mutations.networks())
_COUNT = -(-len(_NAMES) // NETWORKS)
# Of all kinds: some networks take shapes as data, and are refused by almost any damage.
_GROUPS = [_NAMES[i::_COUNT] for i in range(_COUNT)]


def test_there_are_enough():
    assert len(_NAMES) * MUTATIONS >= 2000


@pytest.mark.parametrize("names", _GROUPS, ids=lambda names: f"{names[0]}...{names[-1]}")
def test_damaged_networks_end_in_a_result_or_an_error(names):
    script = str(Path(mutations.__file__))
    child = subprocess.run(
        [sys.executable, script, "0", str(MUTATIONS), *names],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    lines = child.stdout.splitlines()
    assert child.returncode == 0, (
        f"ended with status {child.returncode} in mutation {lines[-1] if lines else '-'}\n"
        f"To run it alone: python {script} NUMBER NUMBER+1 NETWORK\n{child.stderr}"
    )
    outcomes = [line.split(": ")[2].removesuffix(":") for line in lines]
    assert len(outcomes) == MUTATIONS * len(names)
    # Damage that is always refused, or never, would test little.
    assert {"run", "refused"} <= set(outcomes)
