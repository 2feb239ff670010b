"""How fast the innermost loops of the NEON kernels are, by LLVM's models of Arm cores.

    cmake -S . -B build/aarch64 --toolchain cmake/aarch64-linux-gnu.cmake -DCMAKE_BUILD_TYPE=Release
    cmake --build build/aarch64 --target octavo_core
    python bench/arm_loops.py build/aarch64 --results docs/arm_loops.md

needs Debian's g++-aarch64-linux-gnu and llvm-19 (release 14 models the A55's dot products wrongly).
Of each kernel it takes the innermost loop out of the object, of several for tiles of different
widths the one with the greatest share of multiplications, and asks llvm-mca how many cycles a pass
takes, and how many the loop's multiplications alone would take. Where a depthwise kernel
interleaves elements in a loop of its own, a pass takes as long as with its part of that for a
filter of 3x3, and the bound is still that of the multiplications alone.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Cores, and the tables of kernels that they run: a Markdown table each.
GROUPS = (
    (
        {"neoverse-n1": "Neoverse N1", "cortex-a55": "Cortex-A55"},
        ("neon", "neon_dot", "neon_fp16"),
    ),
    ({"neoverse-n2": "Neoverse N2", "neoverse-v2": "Neoverse V2"}, ("neon_dot", "neon_i8mm")),
)
PASSES = 200


@dataclass
class Kernel:
    """What is multiplied, and a pattern of the functions whose loops do it."""

    name: str
    functions: str
    # Of the functions with a loop that interleaves what this one multiplies, where one does: 2
    # passes for every 3, as a tile of 2x2 outputs takes a step for each of a filter's 3 columns,
    # and 2 columns more than the last tile.
    interleaving: str | None = None
    # Of its loop among those of the functions, by their share of multiplications: beside the loop
    # of a tile of rows is that of one row.
    rank: int = 0


TILES = r"(multiply|multiply_rows|multiply_panel|run|for_each_panel)"
DEPTHWISE = r"(run_depthwise|run_from_image|run_from_lines|multiply_block)"
INTERLEAVED = 2 / 3
KERNELS = [
    Kernel("int8", rf"{TILES}<FormS8<V>"),
    Kernel("int8, one row", r"multiply_rows?<FormS8<V>, 4>", rank=1),
    Kernel("int8, depthwise", rf"{DEPTHWISE}<FormS8<", rf"{DEPTHWISE}<FormS8<"),
    Kernel("int16 by int8", rf"{TILES}<FormS16\b"),
    Kernel("int16 by int8, depthwise", rf"{DEPTHWISE}<FormWordsS16"),
    Kernel("float32 quantized, by int8", rf"{TILES}<FormHybrid<Int8>"),
    Kernel("float32 quantized, by int4", rf"{TILES}<FormHybrid<Int4>"),
    Kernel("float32", rf"{TILES}<FormFloat<float>"),
    Kernel("float32, depthwise", r"run_direct_depthwise<FormFloat<float>"),
    Kernel("float16", rf"{TILES}<FormHalf\b"),
]

# Multiply-accumulates of an instruction, by its name and the lanes that it writes; what only adds
# up products has none.
MULTIPLICATIONS = {
    ("sdot", "4s"): 16,
    ("smmla", "4s"): 32,
    ("smlal", "4s"): 4,
    ("smlal2", "4s"): 4,
    ("smull", "8h"): 8,
    ("smull2", "8h"): 8,
    ("smlal", "8h"): 8,
    ("smlal2", "8h"): 8,
    ("sadalp", "4s"): 0,
    ("fmla", "4s"): 4,
    ("fmla", "8h"): 8,
}


@dataclass
class Tools:
    """Programs."""

    objdump: str
    mca: str


@dataclass
class Instruction:
    """One line of a disassembly."""

    address: int
    text: str

    @property
    def kind(self) -> tuple[str, str]:
        """Its name, and the lanes of what it writes."""
        name, _, operands = self.text.partition("\t")
        lanes = re.match(r"v\d+\.(\w+)", operands)
        return name, lanes[1] if lanes else ""

    @property
    def target(self) -> int | None:
        """Where it branches to."""
        name, _, operands = self.text.partition("\t")
        found = re.search(r"(?:^|, )([0-9a-f]+) <", operands)
        return int(found[1], 16) if found and re.match(r"b(\.|$)|cbn?z|tbn?z", name) else None


def functions(object_file: Path, objdump: str) -> Iterator[tuple[str, list[Instruction]]]:
    """The functions of an object, by their names without namespaces, results and operands."""
    command = [objdump, "--disassemble", "--demangle", "--no-show-raw-insn", str(object_file)]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for block in listing.split("\n\n"):
        head, _, lines = block.strip().partition("\n")
        name = re.fullmatch(r"[0-9a-f]+ <(.*)>:", head)
        if name:
            found = re.findall(r"^\s+([0-9a-f]+):\t(.*?)(?:\s*//.*)?$", lines, re.MULTILINE)
            short = re.sub(r"(\w+::)*\(anonymous namespace\)::|octavo::", "", name[1])
            short = short.split("(")[0].split(" ", 1)[-1]
            yield short, [Instruction(int(address, 16), text) for address, text in found]


def innermost_loops(code: list[Instruction]) -> list[list[Instruction]]:
    """Every loop of a function in which there is no other, and no call."""
    at = {instruction.address: i for i, instruction in enumerate(code)}
    loops = [
        (at[instruction.target], i)
        for i, instruction in enumerate(code)
        if instruction.target in at and instruction.target <= instruction.address
    ]
    bodies = [
        code[first : last + 1]
        for first, last in loops
        if not any(first <= a and b <= last and (a, b) != (first, last) for a, b in loops)
    ]
    return [b for b in bodies if not any(i.kind[0] in ("bl", "blr", "adrp") for i in b)]


def multiplications(loop: list[Instruction]) -> list[Instruction]:
    return [instruction for instruction in loop if instruction.kind in MULTIPLICATIONS]


def density(loop: list[Instruction]) -> float:
    return len(multiplications(loop)) / len(loop)


def cycles(lines: list[str], core: str, mca: str) -> float:
    """Of one pass, in the middle of many."""
    command = [
        mca,
        "-mtriple=aarch64-linux-gnu",
        f"-mcpu={core}",
        "-mattr=+dotprod,+i8mm,+fullfp16",
        f"-iterations={PASSES}",
    ]
    text = "\n".join(re.sub(r"[0-9a-f]+ <.*", ".", line) for line in lines)
    report = subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout
    return int(re.findall(r"Total Cycles:\s+(\d+)", report)[0]) / PASSES


def bound(loop: list[Instruction], core: str, mca: str) -> float:
    """The cycles of its multiplications, were there nothing else, and none waited for another."""
    found = multiplications(loop)
    copies = -(-30 // len(found))  # enough that the sums of one need not be ready for the next
    alone = []
    for i, instruction in enumerate(copies * found):
        name, lanes = instruction.kind
        half = {"4s": ("4h", "8h"), "8h": ("8b", "16b")}[lanes][name.endswith("2")]
        operand = {"sdot": "16b", "smmla": "16b", "sadalp": "8h", "fmla": lanes}.get(name, half)
        second = "" if name == "sadalp" else f", v31.{operand}"
        alone.append(f"{name} v{i % 30}.{lanes}, v30.{operand}{second}")
    return cycles(alone, core, mca) / copies


def is_interleaving(loop: list[Instruction]) -> bool:
    """Whether a loop does nothing but load, interleave and store."""
    names = {instruction.kind[0] for instruction in loop}
    return "zip1" in names and not multiplications(loop)


def loops_of(
    code: list[tuple[str, list[Instruction]]], pattern: str | None
) -> list[list[Instruction]]:
    """The innermost loops of the functions that a pattern describes."""
    bodies = [body for name, body in code if pattern is not None and re.match(pattern, name)]
    return [loop for body in bodies for loop in innermost_loops(body)]


def table(build: Path, cores: dict[str, str], isas: tuple[str, ...], tools: Tools) -> Iterator[str]:
    """The lines of a Markdown table."""
    heads = ["kernel", "table", "multiplications"]
    for core in cores.values():
        heads += [f"{core}: cycles", "bound", "of it", "MAC/cycle"]
    yield "| " + " | ".join(heads) + " |"
    yield "| --- | --- | --- |" + " ---: |" * (len(heads) - 3)
    known = set()
    for isa in isas:
        path = build / f"CMakeFiles/octavo_core.dir/csrc/kernels/{isa}.cc.o"
        code = list(functions(path, tools.objdump))
        for kernel in KERNELS:
            loops = loops_of(code, kernel.functions)
            if len(loops) <= kernel.rank:
                continue
            loop = sorted(loops, key=density, reverse=True)[kernel.rank]
            besides = [i for i in loops_of(code, kernel.interleaving) if is_interleaving(i)]
            cells = row(loop, besides, cores, tools.mca)
            if (kernel.name, *cells) not in known:  # an earlier table's
                yield "| " + " | ".join([kernel.name, isa, *cells]) + " |"
                known.add((kernel.name, *cells))


def row(
    loop: list[Instruction], besides: list[list[Instruction]], cores: Iterable[str], mca: str
) -> list[str]:
    kinds = sorted({instruction.kind for instruction in multiplications(loop)})
    products = sum(MULTIPLICATIONS[i.kind] for i in multiplications(loop))
    cells = [", ".join(f"{sum(i.kind == k for i in loop)} {k[0]} ({k[1]})" for k in kinds)]
    for core in cores:
        taken = cycles([i.text for i in loop], core, mca)
        if besides:
            taken += INTERLEAVED * cycles([i.text for i in besides[0]], core, mca)
        least = bound(loop, core, mca)
        cells += [f"{taken:.1f}", f"{least:.1f}", f"{least / taken:.0%}", f"{products / taken:.1f}"]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("build", type=Path, metavar="BUILD", help="of the cross compiler")
    parser.add_argument("--objdump", default="aarch64-linux-gnu-objdump")
    parser.add_argument("--mca", default="llvm-mca-19")
    parser.add_argument("--results", type=Path, metavar="FILE.md", help="replace the table there")
    options = parser.parse_args()
    tools = Tools(options.objdump, options.mca)
    tables = ["\n".join(table(options.build, cores, isas, tools)) for cores, isas in GROUPS]
    lines = "\n\n".join(tables)
    print(lines)
    if options.results:
        text = options.results.read_text(encoding="utf-8")
        head = text[: text.index("| kernel |")]
        options.results.write_text(f"{head}{lines}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
