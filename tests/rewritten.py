"""What tests of rewritten networks share."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import oracle
from octavo import _core

Array = npt.NDArray[Any]

BINARY = ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"]
FIXED = {  # the output's scale, and its zero point by type
    "TANH": (1 / 128, {"int8": 0, "uint8": 128}),
    "LOGISTIC": (1 / 256, {"int8": -128, "uint8": 0}),
}


def prepared(model: bytes, **kwargs: Any) -> _core.Interpreter:
    interpreter = _core.Interpreter(_core.Model.copy(model), **kwargs)
    interpreter.allocate()
    return interpreter


def operators(model: bytes, **kwargs: Any) -> list[str]:
    """The operators that run."""
    interpreter = prepared(model, **kwargs)
    nodes = interpreter.nodes()
    return [nodes[i][0] for i in interpreter.steps]


def check(model: bytes, inputs: dict[int, Array]) -> None:
    """The same as LiteRT, and to the bit the same as with every tensor kept; a second run too, on
    two threads, and the inputs keep their values."""
    oracle.assert_equal_to_litert(model, inputs)
    check_bits(model, inputs)


def check_bits(model: bytes, inputs: dict[int, Array]) -> None:
    """`check` without LiteRT, from whose floats those of several operators in a row may differ by
    more than one operator's bound: where they cancel. So may those of other tables."""
    (kept, outputs), *_ = oracle.octavo_tables(model, inputs, keep_all=True).values()
    interpreter = prepared(model, threads=2, is_eager=True)
    for index, value in inputs.items():
        interpreter.set_tensor(index, value)
    for _ in range(2):
        interpreter.invoke()
        for index in [*outputs, *inputs]:
            ours = interpreter.get_tensor(index, copy=True)
            assert ours.tobytes() == kept[index].tobytes(), f"tensor {index}"
