"""The table of operators in docs/quantization.md, from the quantizer's.

`python tests/operator_table.py` writes it.
"""

from pathlib import Path

from octavo.quantizer.table import OPERATORS, Output, Role, Rule

PATH = Path(__file__).parents[1] / "docs/quantization.md"
BEGIN = "<!-- operators: written by python tests/operator_table.py -->\n"
END = "<!-- end -->\n"

ROLES = {
    Role.ACTIVATION: "activation",
    Role.WEIGHT: "weights",
    Role.BIAS: "bias",
    Role.INDEX: "index",
    Role.ANY: "any type",
    Role.INNER: "constants and states",
}
DYNAMIC = {"": "", "hybrid": "int8 weights", "dequantized": "int8, then DEQUANTIZE"}


def table() -> str:
    headers = ["operator", "inputs", "outputs", "int8", "int16", "dynamic"]
    rows = [headers, ["---"] * len(headers)]
    rows += [_row(name, OPERATORS[name]) for name in sorted(OPERATORS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str, rule: Rule) -> list[str]:
    inputs = [ROLES[role] for role in rule.inputs]
    if Role.WEIGHT in rule.inputs:
        inputs[rule.inputs.index(Role.WEIGHT)] += f" (scales along axis {rule.weight_axis})"
    parts = f"{rule.square_of}, MUL" if rule.square_of else ""
    if rule.times is not None:
        parts = "MUL"
    versions = [
        str(rule.versions.get(t, 1)) if t in rule.integer else parts for t in ("int8", "int16")
    ]
    dynamic = DYNAMIC[rule.dynamic]
    if rule.dynamic == "hybrid":
        dynamic += f", {rule.versions['dynamic']}"
    return [name, ", ".join(inputs), _outputs(rule), *versions, dynamic]


def _outputs(rule: Rule) -> str:
    if rule.output is not Output.FIXED:
        own = {Output.RANGE: "own range", Output.TIED: "as inputs", Output.INDEX: "not quantized"}
        return own[rule.output]
    return "; ".join(
        f"{affine.dtype} 1/{1 / affine.scale:.10g}, {affine.zero_point}"
        for affine in rule.fixed.values()
    )


def documented() -> str:
    """What the document has in its place."""
    return PATH.read_text("utf-8").split(BEGIN)[1].split(END)[0]


if __name__ == "__main__":
    before, rest = PATH.read_text("utf-8").split(BEGIN)
    PATH.write_text(before + BEGIN + table() + END + rest.split(END)[1], "utf-8")
