"""Tables of kernels: which one runs, and what a table's object file lets others see."""

from __future__ import annotations

import json

import octavo
import pytest
from octavo import _core, cli, demo


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
    text = f'OCTAVO_ISA is "{name}"; this CPU has {", ".join(_core.available_isas())}'
    for use in (octavo.isa, lambda: octavo.Interpreter(model_path=demo.network("int8"))):
        with pytest.raises(ValueError, match="OCTAVO_ISA") as caught:
            use()
        assert str(caught.value) == text[:510]  # a message's greatest length
    assert cli.main(["inspect", "--cpu"]) == 1
    assert capsys.readouterr().err.startswith('octavo: OCTAVO_ISA is "')


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
