"""What the README says is true."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def test_python_examples_run():
    names = {}
    examples = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(example, names)
    assert names["accuracy"] >= 0.97
    assert names["scores"].argmax() == names["labels"][0]


def test_operators_are_those_that_are_there():
    listed = re.findall(
        r"\b[A-Z][A-Z0-9_]+\b", TEXT[TEXT.index("\nADD, ") : TEXT.index("UNPACK.") + 7]
    )
    there = re.findall(r"^OP\((\w+)", (ROOT / "csrc/ops/ops.inc").read_text("utf-8"), re.MULTILINE)
    assert listed == there
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"{len(there)} operators" in changes


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / target).exists(), target
