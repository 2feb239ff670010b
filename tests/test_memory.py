"""What networks hold in memory, measured in processes of their own: only Linux tells."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import shared
from octavo import _core

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells what is resident"
)

MEASURE = """
import json, re, sys
import octavo

def resident():
    with open("/proc/self/smaps_rollup") as file:
        return int(re.search(r"^Rss: *(\\d+) kB", file.read(), re.MULTILINE)[1]) * 1024

def run(model):
    interpreter = octavo.Interpreter(model=model)
    interpreter.allocate_tensors()
    interpreter.invoke()
    return interpreter

before = resident()
model = octavo.load(sys.argv[1])
first = run(model)
middle = resident()
second = run(model)
print(json.dumps({"arena": first.arena_bytes, "first": middle - before,
                  "second": resident() - middle}))
"""
MEGABYTE = 1 << 20

# How many times a file's size its weights may take, where kernels do not keep them as they are.
GROWTH = {"mobilenet_v1_fp16": 1.2}
LARGE = [
    param
    for param in shared.networks("*.tflite")
    if param.values[0] is None or param.values[0].stat().st_size > 3.9e6
]


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("path", LARGE)
def test_large_files(path, isa):
    size = path.stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OCTAVO_ISA": isa, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    growth = GROWTH.get(path.stem, 1.6)
    assert found["first"] <= growth * size + found["arena"] + 2 * MEGABYTE, found
    assert found["second"] <= found["arena"] + MEGABYTE // 8, found
