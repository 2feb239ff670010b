"""The runtimes that are compared, each as a function that runs one network on given inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import octavo
from octavo import _core

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Engine:
    run: Callable[[], object]
    outputs: Callable[[], list[Array]]


@contextmanager
def _isa(name: str) -> Iterator[None]:
    """An interpreter reads the variable when it is made."""
    before = os.environ.get("OCTAVO_ISA")
    os.environ["OCTAVO_ISA"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["OCTAVO_ISA"]
        else:
            os.environ["OCTAVO_ISA"] = before


def _like_litert(interpreter: Any, inputs: list[Array]) -> Engine:
    interpreter.allocate_tensors()
    for details, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(details["index"], value)
    results = [details["index"] for details in interpreter.get_output_details()]
    return Engine(interpreter.invoke, lambda: [interpreter.get_tensor(i) for i in results])


def octavo_engine(isa: str, model: Path, inputs: list[Array], threads: int) -> Engine:
    with _isa(isa):
        return _like_litert(octavo.Interpreter(model, num_threads=threads), inputs)


def litert(model: Path, inputs: list[Array], threads: int) -> Engine:
    """With its delegate XNNPACK, which it takes by itself."""
    from ai_edge_litert.interpreter import Interpreter

    return _like_litert(Interpreter(str(model), num_threads=threads), inputs)


def openvino(model: Path, inputs: list[Array], threads: int) -> Engine:
    """One stream on the CPU, shapes static, inputs and outputs in memory of their own."""
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape({i: value.shape for i, value in enumerate(inputs)})
    compiled = core.compile_model(
        network,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # others pin no threads
        },
    )
    request = compiled.create_infer_request()
    for i, value in enumerate(inputs):
        request.set_input_tensor(i, openvino.Tensor(value, shared_memory=True))

    def run() -> None:
        request.infer(share_inputs=True, share_outputs=True, decode_strings=False)

    count = len(compiled.outputs)
    return Engine(run, lambda: [request.get_output_tensor(i).data.copy() for i in range(count)])


def onnxruntime(model: Path, inputs: list[Array], threads: int) -> Engine:
    """The file of the same name that ends in .onnx: QDQ, made of the .tflite file by tf2onnx."""
    import onnxruntime

    file = model.with_suffix(".onnx")
    if not file.exists():
        raise FileNotFoundError(f"{file.name} is not beside {model.name}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Its threads would wait for the next run by spinning, in the others' turns too.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for details, value in zip(session.get_inputs(), inputs, strict=True):
        binding.bind_cpu_input(details.name, value)
    for details in session.get_outputs():
        binding.bind_output(details.name)
    return Engine(lambda: session.run_with_iobinding(binding), binding.copy_outputs_to_cpu)


PEERS: dict[str, Callable[[Path, list[Array], int], Engine]] = {
    "LiteRT": litert,
    "OpenVINO": openvino,
    "ONNX Runtime": onnxruntime,
}
_PACKAGES = {
    "LiteRT": "ai-edge-litert",
    "OpenVINO": "openvino",
    "ONNX Runtime": "onnxruntime",
}


def versions() -> dict[str, str]:
    """Of octavo and of those that are installed."""
    found = {"octavo": octavo.__version__}
    for name, package in _PACKAGES.items():
        with suppress(PackageNotFoundError):
            found[name] = version(package)
    return found


def levels() -> list[str]:
    """Instruction sets of octavo that this CPU has, the best first."""
    return _core.available_isas()


def random_inputs(model: Path) -> list[Array]:
    from octavo.measurement import random_input

    interpreter = octavo.Interpreter(model)
    generator = np.random.default_rng(0)
    return [random_input(details, generator) for details in interpreter.get_input_details()]
