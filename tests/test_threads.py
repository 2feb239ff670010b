"""Threads inside a network: when they start, forks, several networks at a time, the same bits."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import networks
import numpy as np
import octavo
import pytest
import shared
from octavo import _core

needs_fast_kernels = pytest.mark.skipif(
    _core.available_isas() == ["portable"], reason="portable kernels run on one thread"
)
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="only Linux tells a process's threads"
)

# What the programs below begin with: a network that is split however small it is.
PREPARE = """
import os, sys
import numpy as np
import networks
from octavo import _core

def ready(threads, is_eager=True):
    interpreter = _core.Interpreter(model, threads=threads, is_eager=is_eager)
    interpreter.resize_input(0, (64, 4))
    interpreter.allocate()
    interpreter.set_tensor(0, x)
    return interpreter

def result(interpreter):
    interpreter.invoke()
    return interpreter.get_tensor(3, copy=True)

def started():
    return len(os.listdir("/proc/self/task")) - before

before = 0
before = started()
model = _core.Model.copy(networks.dense())
x = np.arange(256, dtype=np.uint8).view(np.int8).reshape(64, 4)
expected = result(ready(1))
"""


def fresh_python(code, folder):
    program = folder / "program.py"  # a file: what multiprocessing spawns reads it again
    program.write_text(PREPARE + code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs_proc
@needs_fast_kernels
def test_threads_start_when_they_are_needed(tmp_path):
    code = """
two, four = ready(2), ready(4)
small = ready(4, is_eager=False)
result(small)
print(started())
for interpreter in (two, four, two, small):
    assert np.array_equal(result(interpreter), expected)
    print(started())
"""
    counts = fresh_python(code, tmp_path)
    assert counts == ["0", "1", "3", "3", "3"], "one pool, as large as was asked for"


@needs_proc
@needs_fast_kernels
def test_forked_processes_have_threads_of_their_own(tmp_path):
    code = """
interpreter = ready(3)
result(interpreter)

def child():
    begun_with = started()
    results = [result(interpreter), result(ready(2)), result(interpreter)]
    is_right = all(np.array_equal(y, expected) for y in results)
    print(started() - begun_with, is_right, flush=True)

for _ in range(2):
    pid = os.fork()
    if pid == 0:
        child()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert np.array_equal(result(interpreter), expected)
"""
    assert fresh_python(code, tmp_path) == ["2 True"] * 2


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(method, tmp_path):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("no fork here")
    code = f"""
import multiprocessing

def work(i):
    return result(ready(1 + i % 3))

if __name__ == "__main__":
    result(ready(2))
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        results = pool.map(work, range(8))
    assert all(np.array_equal(y, expected) for y in results)
    print(len(results))
"""
    assert fresh_python(code, tmp_path) == ["8"]


def test_networks_that_run_at_the_same_time():
    model = _core.Model.copy(networks.dense(seed=6))
    x = np.random.default_rng(1).integers(-128, 128, (50, 4), np.int8)

    def run(threads, times):
        interpreter = _core.Interpreter(model, threads=threads, is_eager=True)
        interpreter.resize_input(0, x.shape)
        interpreter.allocate()
        for _ in range(times):
            interpreter.set_tensor(0, x)
            interpreter.invoke()
            yield interpreter.get_tensor(3, copy=True)

    (expected,) = run(1, 1)
    wrong = []

    def work(threads):
        wrong.extend(i for i, y in enumerate(run(threads, 300)) if not np.array_equal(y, expected))

    workers = [threading.Thread(target=work, args=(1 + i % 3,)) for i in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@shared.needs_shared
@pytest.mark.parametrize("name", ["mobilenet_v2_int8", "mobilenet_v1_0.25_128_quant"])
def test_num_threads_changes_no_bit(name):
    outputs = []
    for num_threads in (1, 2, 5):
        interpreter = octavo.Interpreter(shared.network(name), num_threads=num_threads)
        interpreter.allocate_tensors()
        x = interpreter.get_input_details()[0]
        noise = np.random.default_rng(2).integers(0, 256, x["shape"]).astype(np.uint8)
        interpreter.set_tensor(x["index"], noise.view(x["dtype"]))
        for _ in range(3):
            interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    for output in outputs[1:]:
        np.testing.assert_array_equal(output, outputs[0])
