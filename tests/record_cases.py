"""Writes csrc/selftest/recorded.inc: small networks with what LiteRT's reference kernels make of
them, for the self-test. Run it after a change of small_networks.py:

    python tests/record_cases.py
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import oracle
from small_networks import SmallNetwork, small_networks

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "csrc/selftest/recorded.inc"
_LINE = 96


def operators() -> set[str]:
    """Every operator that octavo has."""
    return set(re.findall(r"^OP\((\w+),", (ROOT / "csrc/ops/ops.inc").read_text(), re.MULTILINE))


def missing(networks: list[SmallNetwork]) -> set[str]:
    """Operators that none of the networks has."""
    return operators() - {network.operator for network in networks}


def literal(data: bytes) -> str:
    """A C++ string of these bytes in base64, in lines."""
    text = base64.b64encode(data).decode()
    return "\n".join(f'  "{text[i : i + _LINE]}"' for i in range(0, len(text) or 1, _LINE))


def record(network: SmallNetwork) -> str:
    values, outputs = oracle.run(network.model, network.inputs)
    inputs = b"".join(value.tobytes() for value in network.inputs.values())
    expected = b"".join(values[i].tobytes() for i in outputs)
    parts = [f'  "{network.name}"', literal(network.model), literal(inputs), literal(expected)]
    return "RECORDED(\n" + ",\n".join(parts) + ")\n"


def main() -> None:
    networks = small_networks()
    if absent := missing(networks):
        sys.exit(f"small_networks.py has no case for {', '.join(sorted(absent))}")
    text = "// Written by tests/record_cases.py.\n" + "".join(map(record, networks))
    RECORDED.write_text(text)
    print(f"{len(networks)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
