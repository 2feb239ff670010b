"""The C++ programs of a build in place, and what they are made of."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import octavo
import oracle
import pytest
import record_cases
from small_networks import small_networks

BUILD = Path(octavo.__path__[0]).parents[1]


def _run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = BUILD / program
    if not path.exists():
        pytest.skip(f"{program} is not built: it is no part of the package")
    command = [path, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


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


def test_hosttest():
    result = _run("octavo_hosttest")
    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    assert all(line.startswith("ok    ") for line in lines[:-1])
    assert re.fullmatch(r"barrier: \d+\.\d\d us", lines[-1])


def test_firmware_example():
    folder = Path(octavo.__path__[0], "demo")
    image = np.load(folder / "digits.npz")["images"][48]  # the one in main.c
    pixels = np.round(image * 15.9375) - 128  # scale 1/255, the real values are ink / 16
    model = (folder / "digits_int8.tflite").read_bytes()
    values, (output,) = oracle.octavo_run(model, {0: pixels.reshape(1, 8, 8, 1).astype(np.int8)})
    probabilities = " ".join(f"{int(q) + 128}/256" for q in values[output].ravel())

    result = _run("octavo_firmware")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[:2] == [f"probabilities {probabilities}", "digit 2"]
    assert re.fullmatch(r"memory \d+ of 16384 bytes, model \d+ bytes", lines[2])


def test_run_example(tmp_path):
    """Networks of one input and of several; then all that can be wrong with a file."""
    model, inputs, outputs = tmp_path / "model.tflite", tmp_path / "inputs", tmp_path / "outputs"
    for network in list(small_networks())[::40]:
        expected, indices = oracle.octavo_run(network.model, network.inputs)
        model.write_bytes(network.model)
        inputs.write_bytes(b"".join(v.tobytes() for v in network.inputs.values()))
        result = _run("octavo_run", model, inputs, outputs)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        assert outputs.read_bytes() == b"".join(expected[i].tobytes() for i in indices)

    given = inputs.read_bytes()
    missing = tmp_path / "missing"
    for content, arguments, message in [
        (given[:-1], (model, inputs, outputs), f"{inputs}: has fewer bytes than"),
        (given + b"0", (model, inputs, outputs), f"{inputs}: has more bytes than"),
        (given, (missing, inputs, outputs), f"{missing}: cannot be read"),
        (given, (model, missing, outputs), f"{missing}: cannot be read"),
        (given, (model, inputs, tmp_path), f"{tmp_path}: cannot be written"),
        (given, (inputs, inputs, outputs), f"{inputs}: "),
        (given, (model, inputs), "usage: octavo_run MODEL INPUTS OUTPUTS"),
    ]:
        inputs.write_bytes(content)
        result = _run("octavo_run", *arguments)
        assert result.returncode == 1
        assert result.stderr.startswith(f"octavo_run: {message}")
