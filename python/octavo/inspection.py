"""What a network consists of and what it costs: `describe`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

from octavo import _core
from octavo.model import Model
from octavo.tensor_spec import TensorSpec

Shape = Sequence[int]

# Multiply-accumulates of the operators that have them, from their shapes: one for each output
# element and each weight that it meets. TRANSPOSE_CONV's input elements each meet the weights.
_MACS: dict[str, Callable[[list[Shape], Shape], int]] = {
    "BATCH_MATMUL": lambda inputs, out: (
        math.prod(out) * math.prod(inputs[0][-2:]) // max(out[-2], 1)  # whatever is transposed
    ),
    "CONV_2D": lambda inputs, out: math.prod(out) * math.prod(inputs[1][1:]),
    "DEPTHWISE_CONV_2D": lambda inputs, out: math.prod(out) * math.prod(inputs[1][1:3]),
    "FULLY_CONNECTED": lambda inputs, out: math.prod(out) * inputs[1][-1],
    "TRANSPOSE_CONV": lambda inputs, out: math.prod(inputs[2]) * math.prod(inputs[1][:3]),
}


def describe_cpu() -> dict[str, Any]:
    """Which kernels run here, as a tree that JSON can hold.

    Keys: isa (the instruction set in use), available (all that this CPU has, the best first).

    Raises:
      ValueError: the environment variable OCTAVO_ISA names one that is not available.
    """
    return {"isa": _core.isa(), "available": _core.available_isas()}


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A network's operators, tensors, sizes and costs, as a tree that JSON can hold.

    Keys: file, bytes, description, inputs, outputs, parameters (elements of real or quantized
    constants), macs (multiply-accumulates of one run), arena_bytes, unshared_bytes, problem,
    operators (name, count, macs), nodes (operator, inputs, outputs, macs), tensors (index, name,
    dtype, shape, bytes, is_constant, scales). Shapes are those for a batch as the file has it. Of
    a network that octavo cannot run, `problem` says why, and macs and the arena's bytes are None.

    Raises:
      ValueError: not a .tflite file, or a damaged one.
      OSError: the file cannot be read.
    """
    model = Model(path)
    interpreter = _core.Interpreter(model.core)
    problem = None
    try:
        interpreter.allocate()
    except RuntimeError as error:
        problem = str(error)
    details = [interpreter.tensor_details(i) for i in range(interpreter.tensor_count)]
    shapes = [d["shape"].tolist() for d in details]
    nodes = []
    for operator, inputs, outputs in interpreter.nodes():
        macs: int | None = None
        if problem is None:
            operands = [shapes[i] if i >= 0 else [] for i in inputs]
            macs = _MACS[operator](operands, shapes[outputs[0]]) if operator in _MACS else 0
        nodes.append(
            {
                "operator": operator,
                "inputs": inputs.tolist(),
                "outputs": outputs.tolist(),
                "macs": macs,
            }
        )
    operators: dict[str, dict[str, Any]] = {}
    for node in nodes:
        group = operators.setdefault(node["operator"], {"count": 0, "macs": 0})
        group["count"] += 1
        group["macs"] = None if problem else group["macs"] + node["macs"]
    used = {i for node in nodes for i in node["inputs"] if i >= 0}
    is_weight = [
        d["is_constant"] and ("float" in d["type"] or len(d["scales"]) > 0) for d in details
    ]
    return {
        "file": os.fspath(path),
        "bytes": os.path.getsize(path),
        "description": model.core.description,
        "inputs": [_plain(spec) for spec in model.inputs],
        "outputs": [_plain(spec) for spec in model.outputs],
        "parameters": sum(math.prod(shapes[i]) for i in used if is_weight[i]),
        "macs": None if problem else sum(node["macs"] for node in nodes),
        "arena_bytes": None if problem else interpreter.arena_bytes,
        "unshared_bytes": None if problem else interpreter.unshared_bytes,
        "problem": problem,
        "operators": [{"name": name, **group} for name, group in sorted(operators.items())],
        "nodes": nodes,
        "tensors": [
            {
                "index": i,
                "name": d["name"],
                "dtype": d["type"],
                "shape": shapes[i],
                "bytes": d["bytes"],
                "is_constant": d["is_constant"],
                "scales": len(d["scales"]),
            }
            for i, d in enumerate(details)
        ],
    }


def _plain(spec: TensorSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "shape": list(spec.shape),
        "dtype": str(spec.dtype),
        "scale": spec.scale,
        "zero_point": spec.zero_point,
    }
