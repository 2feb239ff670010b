"""What is built for 64-bit Arm, on emulated CPUs: each runs the instruction sets that it has.

The programs lie in aarch64/ of a build in place; CONTRIBUTING.md says how they are built.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import octavo
import oracle
import pytest
import shared
from octavo import demo

PROGRAMS = Path(octavo.__path__[0]).parents[1] / "aarch64"
LIBRARIES = "/usr/aarch64-linux-gnu"  # where Debian's cross compiler has them
# An instruction that a CPU lacks stops the emulated one.
CPUS = {
    "cortex-a53": ["neon"],
    "cortex-a76": ["neon_dot", "neon", "neon_fp16"],
    "max": ["neon_i8mm", "neon_dot", "neon", "neon_fp16"],
}


def _run(cpu: str, program: str, *arguments: object, **environment: str):
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    path = PROGRAMS / program
    if not path.exists() or emulator is None:
        pytest.skip("needs a build for aarch64 in a build in place, and qemu-user")
    command = [emulator, "-cpu", cpu, "-L", LIBRARIES, path, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=1500, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("cpu", CPUS)
def test_selftest(cpu):
    result = _run(cpu, "octavo_selftest")
    lines = result.stdout.splitlines()
    assert result.returncode == 0, [x for x in lines if x.startswith("FAIL")] or result.stderr
    assert f"kernels of this CPU: {' '.join(CPUS[cpu])} portable" in lines
    for isa in CPUS[cpu]:
        assert f"ok    {isa}: int8 depthwise" in lines


def test_a_table_of_a_newer_cpu(tmp_path):
    result = _run("cortex-a53", "octavo_run", demo.network("int8"), tmp_path, tmp_path,
                  OCTAVO_ISA="neon_dot")  # fmt: skip
    assert result.returncode == 1
    text = 'there are no kernels "neon_dot"; this CPU has neon, portable\n'
    assert result.stderr.endswith(text), result.stderr


NETWORKS = {
    "mobilenet_v1_0.25_128_quant",
    "kws_ref_model",
    "pretrainedResnet_quant",
    "tf2_mobilenet_v2_1.0_224_ptq",
    "mobilenet_v2_16x8",
    "face_detection_front",
}


@pytest.mark.parametrize("file", shared.networks(only=NETWORKS))
def test_networks(file, tmp_path):
    """The outputs that are computed here: integers to the bit, floats within 1e-5 of the peak."""
    interpreter = octavo.Interpreter(file)
    interpreter.allocate_tensors()
    values = shared.random_inputs(file, 0)
    for index, value in values.items():
        interpreter.set_tensor(index, value)
    interpreter.invoke()
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    details = interpreter.get_input_details()
    inputs.write_bytes(b"".join(values[d["index"]].tobytes() for d in details))

    for cpu in CPUS:
        result = _run(cpu, "octavo_run", file, inputs, outputs)
        assert result.returncode == 0, result.stderr
        rest = outputs.read_bytes()
        for d in interpreter.get_output_details():
            here = interpreter.get_tensor(d["index"])
            there = np.frombuffer(rest[: here.nbytes], here.dtype).reshape(here.shape)
            oracle.assert_same(there, here, f"output {d['index']} on {cpu}")
            rest = rest[here.nbytes :]
        assert not rest
