"""The C++ core. Errors: ValueError for what the caller gave (a file, an array, an index),
RuntimeError for what cannot be carried out. `octavo.interpreter` and `octavo.model` are its public
face."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

def isa() -> str:
    """The instruction set whose kernels new interpreters use: the best that this CPU has, or what
    the environment variable OCTAVO_ISA names. ValueError where it names one that is not there."""

def available_isas() -> list[str]:
    """What this CPU has, the best first; the last is "portable"."""

def kernel_sources(isa: str) -> dict[str, str]:
    """The table's kernels by name, each with the instruction set that it was made for: `isa`, or
    "portable" where the table has the reference kernel."""

def dot_loop(isa: str, rounds: int) -> float:
    """GMAC/s of the table's dot-product instruction by itself: a core's peak. A round is 12 such
    instructions. ValueError where the table has none."""

class Model:
    """A decoded file, immutable, shared by interpreters."""

    @staticmethod
    def open(path: str | bytes) -> Model: ...
    @staticmethod
    def copy(content: bytes) -> Model: ...
    @property
    def content(self) -> bytes:
        """A copy of the file."""
    @property
    def description(self) -> str: ...
    @property
    def subgraph_count(self) -> int: ...
    def signatures(self) -> list[tuple[str, int, dict[str, int], dict[str, int]]]:
        """(key, subgraph, inputs, outputs) of each; inputs and outputs are tensors by name."""

class Session:
    """The variables of a model's subgraphs, for the interpreters that share them."""

    def __init__(self, max_loop_iterations: int = ...) -> None: ...

class Interpreter:
    """One subgraph, prepared and run. For one thread at a time: RuntimeError otherwise."""

    def __init__(
        self,
        model: Model,
        subgraph: int = 0,
        keep_all: bool = False,
        threads: int = 1,
        is_eager: bool = False,
        isa: str = "",
        custom_ops: Sequence[tuple[str, Callable[..., Any], Callable[..., Any]]] = (),
        session: Session | None = None,
    ) -> None:
        """`threads`, at least 1, includes the caller's. `is_eager`, for tests: however small a step
        is, it is split among them. `isa`: of its table; by default what `isa()` gives.
        `custom_ops`: (name, infer, run), see `octavo.custom_ops`. `session`: by default its own."""
    def check_operators(self) -> None:
        """RuntimeError that lists the operators that are not there, if any."""
    def resize_input(self, tensor: int, dims: Sequence[int]) -> None: ...
    def allocate(self) -> None: ...
    def invoke(self) -> None: ...
    def calibrate(self, calibration: Calibration) -> None:
        """Runs as `invoke` does and adds every tensor's values to the statistics."""
    def time_steps(self, runs: int) -> tuple[list[list[int]], npt.NDArray[np.int64]]:
        """Runs as `invoke` does, several times. The nodes of each step, several where it runs them
        in bands of rows, and nanoseconds, (runs, steps), each with a reading of the clock in it."""
    def step_kernels(self) -> list[list[str]]:
        """For each step the names of the table's kernels that it calls. Runs the network once more,
        in memory of its own."""
    def set_tensor(self, index: int, value: npt.NDArray[Any]) -> None: ...
    def get_tensor(self, index: int, copy: bool) -> npt.NDArray[Any]: ...
    def last_run(self, subgraph: int) -> int: ...
    def get_callee_tensor(self, subgraph: int, index: int) -> npt.NDArray[Any]: ...
    def tensor_details(self, index: int) -> dict[str, Any]:
        """name, type (as the format calls it), shape, shape_signature, scales, zero_points,
        quantized_dimension, bytes, is_constant, is_variable, is_sparse, is_blockwise."""
    def nodes(self) -> list[tuple[str, npt.NDArray[np.int32], npt.NDArray[np.int32]]]:
        """(operator, inputs, outputs) of each, in order of execution."""
    def reset_variables(self) -> None: ...
    def forget(self) -> None:
        """Resets variables, and what the session holds, as before the first run."""
    @property
    def isa(self) -> str:
        """The instruction set of its table of kernels."""
    @property
    def steps(self) -> npt.NDArray[np.int32]:
        """The nodes that `invoke` runs, in order: not those whose work others do, and of those that
        run in bands of rows the last."""
    @property
    def inputs(self) -> npt.NDArray[np.int32]: ...
    @property
    def outputs(self) -> npt.NDArray[np.int32]: ...
    @property
    def tensor_count(self) -> int: ...
    @property
    def is_ready(self) -> bool: ...
    @property
    def arena_bytes(self) -> int: ...
    @property
    def unshared_bytes(self) -> int: ...

class Calibration:
    """Statistics of each tensor's values over many runs, in all subgraphs."""

    def __init__(self, model: Model, histograms: bool) -> None: ...
    def statistics(self) -> list[list[dict[str, Any]]]: ...

# One array with one scale, as operators QUANTIZE and DEQUANTIZE convert it.
def quantize_int8(
    real: npt.NDArray[np.float32], scale: float, zero_point: int
) -> npt.NDArray[np.int8]: ...
def quantize_uint8(
    real: npt.NDArray[np.float32], scale: float, zero_point: int
) -> npt.NDArray[np.uint8]: ...
def quantize_int16(
    real: npt.NDArray[np.float32], scale: float, zero_point: int
) -> npt.NDArray[np.int16]: ...
def dequantize_int8(
    q: npt.NDArray[np.int8], scale: float, zero_point: int
) -> npt.NDArray[np.float32]: ...
def dequantize_uint8(
    q: npt.NDArray[np.uint8], scale: float, zero_point: int
) -> npt.NDArray[np.float32]: ...
def dequantize_int16(
    q: npt.NDArray[np.int16], scale: float, zero_point: int
) -> npt.NDArray[np.float32]: ...
