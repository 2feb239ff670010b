"""Tables of kernels: which one runs, here and on other CPUs, and what its object file exports."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import octavo
import pytest
from octavo import _core, cli, demo

TABLE = Path(__file__).parents[1] / "csrc" / "kernels" / "table.h"
BUILD = Path(octavo.__path__[0]).parents[1]  # of a build in place


def test_the_best_runs_unless_the_environment_says_otherwise(monkeypatch):
    available = _core.available_isas()
    assert available[-1] == "portable"
    assert len(set(available)) == len(available)
    for unset in ("", None):
        monkeypatch.delenv("OCTAVO_ISA", raising=False)
        if unset is not None:
            monkeypatch.setenv("OCTAVO_ISA", unset)
        assert octavo.isa() == available[0]
    for isa in available:
        monkeypatch.setenv("OCTAVO_ISA", isa)
        assert octavo.isa() == isa


@pytest.mark.parametrize("name", ["sse9", "AVX2", "portable ", "x" * 600])
def test_an_unknown_name(monkeypatch, capsys, name):
    monkeypatch.setenv("OCTAVO_ISA", name)
    available = ", ".join(_core.available_isas())
    text = f'OCTAVO_ISA: there are no kernels "{name}"; this CPU has {available}'
    for use in (octavo.isa, lambda: octavo.Interpreter(model_path=demo.network("int8"))):
        with pytest.raises(ValueError, match="OCTAVO_ISA") as caught:
            use()
        assert str(caught.value) == text[:510]  # a message's greatest length
    assert cli.main(["inspect", "--cpu"]) == 1
    assert capsys.readouterr().err.startswith('octavo: OCTAVO_ISA: there are no kernels "')


def test_inspect_cpu(monkeypatch, capsys):
    pytest.importorskip("rich")
    available = _core.available_isas()
    for isa in available:
        monkeypatch.setenv("OCTAVO_ISA", isa)
        assert cli.main(["inspect", "--cpu"]) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["kernels", isa] in lines
        assert ["available", *", ".join(available).split()] in lines
        assert cli.main(["inspect", "--cpu", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts == {"cpu": {"isa": isa, "available": available}}
    model = str(demo.network("int8"))
    assert cli.main(["inspect", model, "--cpu", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts.pop("cpu") == {"isa": available[-1], "available": available}
    assert cli.main(["inspect", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == facts
    assert cli.main(["inspect", model, "--cpu"]) == 0
    out = capsys.readouterr().out
    assert "CONV_2D" in out
    assert "kernels" in out


@pytest.mark.skipif(sys.platform != "linux", reason="archives and symbols are ELF's")
@pytest.mark.parametrize("folder", [".", "aarch64"])
def test_a_table_exports_itself_and_nothing_else(folder):
    """No code of an instruction set may be linked where that was not chosen: of the copies of an
    inline function the linker takes any, so a table's object has none that others could share.
    """
    library, nm = BUILD / folder / "liboctavo_core.a", shutil.which("nm")
    if not library.exists() or nm is None:
        pytest.skip("needs a build in place, with one for aarch64 in it, and nm")
    command = [nm, "-A", "-P", "--extern-only", "--defined-only", library]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    for line in lines:
        file, name, kind, *_ = line.removeprefix(str(library)).split()
        if "asan" not in name:  # a sanitizer's own
            found.setdefault(file.strip("[]:").partition(".")[0], []).append((name, kind))

    declared = re.findall(r"^extern const Kernels (.*);$", TABLE.read_text("utf-8"), re.MULTILINE)
    names = {name[1:].lower(): name for name in ", ".join(declared).split(", ")}
    there = {isa: names[isa.replace("_", "")] for isa in found if isa.replace("_", "") in names}
    arm = {file.stem for file in TABLE.parent.glob("neon*.cc")}
    assert there.keys() >= (arm if folder == "aarch64" else set(_core.available_isas()))
    for isa, name in there.items():
        symbols = found[isa]
        assert [symbol for symbol, _ in symbols] == [f"_ZN6octavo{len(name)}{name}E"]
        assert symbols[0][1] in "DR"  # data, not weak


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the other CPUs are x86-64")
@pytest.mark.parametrize(
    ("cpu", "isas"), [("Nehalem", ["portable"]), ("Haswell", ["avx2", "portable"])]
)
def test_selftest_on_another_cpu(cpu, isas):
    """What a CPU lacks is not chosen, nor executed before there is a choice."""
    program, emulator = BUILD / "octavo_selftest", shutil.which("qemu-x86_64")
    if not program.exists() or emulator is None:
        pytest.skip("needs a build in place, and qemu-user, 7.2 or newer for AVX2")
    run = subprocess.run(
        [emulator, "-cpu", cpu, program], capture_output=True, text=True, timeout=1500
    )
    lines = run.stdout.splitlines()
    assert run.returncode == 0, [line for line in lines if line.startswith("FAIL")] or run.stderr
    assert f"kernels of this CPU: {' '.join(isas)}" in lines
    for isa in isas[:-1]:
        assert f"ok    {isa}: int8 depthwise" in lines
