"""What the README says is true."""

import re
import shlex
from pathlib import Path

from octavo import cli, demo

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def test_python_examples_run():
    names = {}
    examples = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) == 4
    for example in examples:
        exec(example, names)
    assert names["accuracy"] >= 0.97
    assert names["scores"].argmax() == names["labels"][0]
    summary = names["quantized"].summary
    assert f"# {summary.bytes_before}, {summary.bytes_after}\n" in TEXT
    for content in (bytes(names["quantized"]), names["content"]):
        assert demo.measure(content).accuracy >= 0.97


def test_shell_examples_are_commands():
    block = re.search(r"## From a shell\n\n```\n(.*?)```", TEXT, re.DOTALL)[1]
    for line in block.splitlines():
        name, *arguments = shlex.split(line, comments=True)
        assert name == "octavo"
        assert callable(cli._parser().parse_args(arguments).command)


def test_operators_are_those_that_are_there():
    block = re.search(r"made of these operators:\n\n(.*?)\n\n", TEXT, re.DOTALL)[1]
    listed = re.findall(r"\b[A-Z][A-Z0-9_]+\b", block)
    there = re.findall(r"^OP\((\w+)", (ROOT / "csrc/ops/ops.inc").read_text("utf-8"), re.MULTILINE)
    assert listed == there
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"{len(there)} operators" in changes


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / target).exists(), target
