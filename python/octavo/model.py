"""`load`: a network as a function of arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo import _core

Array = npt.NDArray[Any]

# As what type of numpy each type of the format is shown, where the names differ.
_SHOWN_AS: dict[str, Any] = {
    "string": np.bytes_,
    "resource": np.object_,
    "variant": np.object_,
    "bfloat16": np.void,
    "int4": np.int8,
    "int2": np.int8,
    "uint4": np.uint8,
    "float8_e4m3fn": np.int8,
    "float8_e5m2": np.int8,
}


def numpy_type(name: str) -> Any:
    """The numpy type of elements that the format calls `name`, as LiteRT shows them."""
    return _SHOWN_AS.get(name) or np.dtype(name).type


def thread_count(num_threads: int | None) -> int:
    """How many threads to use: one unless more are asked for, at most one for each CPU."""
    if num_threads is None:
        return 1
    if not isinstance(num_threads, int) or num_threads < 1:
        raise ValueError(f"num_threads must be an integer of at least 1, not {num_threads!r}")
    has_affinity = hasattr(os, "sched_getaffinity")
    cpus = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(num_threads, cpus)


@dataclass(frozen=True)
class TensorSpec:
    """What an input takes or an output gives.

    Attributes:
      name: by the file's signature where it has one, else the tensor's own.
      index: of the tensor, as `Interpreter` knows it.
      shape: with None for a dimension that the file leaves open.
      dtype: of the elements inside the network.
      scale: None unless the tensor is quantized: int8, uint8 or int16 with one scale. Then
        real = (element - zero_point) * scale.
      zero_point: see `scale`.
    """

    name: str
    index: int
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    scale: float | None = None
    zero_point: int = 0

    def __str__(self) -> str:
        shape = ", ".join("?" if d is None else str(d) for d in self.shape)
        quantized = ""
        if self.scale is not None:
            quantized = f", scale {self.scale:.6g}, zero point {self.zero_point}"
        return f'"{self.name}" {self.dtype} ({shape}){quantized}'

    def quantize(self, real: npt.ArrayLike) -> Array:
        """The integers that stand for real numbers, as operator QUANTIZE rounds them."""
        convert = getattr(_core, f"quantize_{self.dtype}")
        return np.asarray(convert(np.asarray(real, np.float32), self.scale, self.zero_point))

    def dequantize(self, integers: Array) -> Array:
        """The real numbers, float32, that integers stand for."""
        convert = getattr(_core, f"dequantize_{self.dtype}")
        return np.asarray(convert(integers, self.scale, self.zero_point))

    def fit(self, value: npt.ArrayLike) -> Array:
        """An array as the network takes it: converted, its shape checked.

        Raises:
          ValueError: the array's shape or dtype does not fit.
        """
        array = np.asarray(value)
        # The first dimension is the batch, which files often fix at 1 and yet run with any.
        fits = array.ndim == len(self.shape) and all(
            size is None or size == given or (axis == 0 and size == 1)
            for axis, (size, given) in enumerate(zip(self.shape, array.shape, strict=True))
        )
        if not fits:
            raise ValueError(f"input {self}: the array has shape {array.shape}")
        if array.dtype == self.dtype:
            return array
        is_real, is_integer = array.dtype.kind == "f", array.dtype.kind in "iub"
        if self.scale is not None:
            if is_real:
                return self.quantize(array)
        elif self.dtype.kind == "f" and (is_real or is_integer):
            return array.astype(self.dtype)
        elif self.dtype.kind in "iu" and is_integer:
            converted = array.astype(self.dtype)
            if np.array_equal(converted, array):
                return converted
        accepted = f"{self.dtype}" if self.scale is None else f"{self.dtype} or real numbers"
        raise ValueError(f"input {self}: takes {accepted}, the array has {array.dtype}")


class Model:
    """A network, loaded once and immutable; call it with arrays.

    >>> net = octavo.load("net.tflite")
    >>> y = net(x)

    Inputs are given by position, in the order of `inputs`, or by name. An array of the input's own
    dtype is taken as it is; real numbers given to a quantized input are quantized; to a float input
    any numbers may be given. The batch (first dimension) and dimensions that the file leaves open
    take the arrays' sizes.

    Quantized outputs (int8, uint8 or int16 with a scale) are always returned as the real numbers,
    float32, that they stand for, whatever the inputs were; other outputs as they are. One output is
    returned as an array, several as a dictionary by name. Variables, where a network has any, are
    zero at the beginning of every call.

    May be called by several threads at once: each call has an interpreter of its own, and
    interpreters are kept for the next call.

    Attributes:
      inputs: what the network takes.
      outputs: what it gives.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def __init__(
        self, source: str | os.PathLike[str] | bytes, *, num_threads: int | None = None
    ) -> None:
        """See `load`."""
        self._threads = thread_count(num_threads)
        if isinstance(source, (bytes, bytearray, memoryview)):
            self.core = _core.Model.copy(bytes(source))
        else:
            try:
                self.core = _core.Model.open(os.fspath(source))
            except ValueError as error:
                raise ValueError(f"{os.fspath(source)}: {error}") from None
        interpreter = _core.Interpreter(self.core, threads=self._threads)
        self._idle = [interpreter]
        named_inputs: dict[int, str] = {}
        named_outputs: dict[int, str] = {}
        for _, subgraph, inputs, outputs in reversed(self.core.signatures()):
            if subgraph == 0:
                named_inputs.update((index, name) for name, index in inputs.items())
                named_outputs.update((index, name) for name, index in outputs.items())
        self.inputs = _specs(interpreter, interpreter.inputs.tolist(), named_inputs)
        self.outputs = _specs(interpreter, interpreter.outputs.tolist(), named_outputs)

    def __call__(self, /, *args: npt.ArrayLike, **kwargs: npt.ArrayLike) -> Any:
        """Runs the network.

        Returns:
          The output, or a dictionary of outputs by name where there are several.

        Raises:
          ValueError: inputs are missing, unknown, or of the wrong shape or dtype.
          RuntimeError: the network uses an operator that octavo does not have, operands that do
            not fit each other, or data that an operator cannot take.
        """
        values = self._bind(args, kwargs)
        arrays = {spec.index: spec.fit(values[spec.name]) for spec in self.inputs}
        with self._interpreter() as interpreter:
            for index, array in arrays.items():
                interpreter.resize_input(index, array.shape)
            interpreter.allocate()
            interpreter.reset_variables()
            for index, array in arrays.items():
                interpreter.set_tensor(index, array)
            interpreter.invoke()
            results = {
                spec.name: interpreter.get_tensor(spec.index, copy=True) for spec in self.outputs
            }
        for spec in self.outputs:
            if spec.scale is not None:
                results[spec.name] = spec.dequantize(results[spec.name])
        return results if len(self.outputs) != 1 else results[self.outputs[0].name]

    def __repr__(self) -> str:
        inputs = "; ".join(str(spec) for spec in self.inputs)
        outputs = "; ".join(str(spec) for spec in self.outputs)
        return f"<octavo.Model {inputs} -> {outputs}>"

    def _bind(
        self, args: Sequence[npt.ArrayLike], kwargs: dict[str, npt.ArrayLike]
    ) -> dict[str, npt.ArrayLike]:
        names = [spec.name for spec in self.inputs]
        values = dict(zip(names, args, strict=False))
        wrong = [name for name in kwargs if name not in names or name in values]
        if len(args) + len(kwargs) != len(names) or wrong:
            given = [f"{len(args)} by position"] if args else []
            given += [f'"{name}"' for name in kwargs]
            expected = ", ".join(f'"{name}"' for name in names)
            raise ValueError(
                f"the network takes {len(names)} inputs ({expected}), "
                f"given are {', '.join(given) or 'none'}"
            )
        return values | kwargs

    @contextmanager
    def _interpreter(self) -> Iterator[_core.Interpreter]:
        """One that no other call uses. What an error leaves behind is not used again."""
        try:
            interpreter = self._idle.pop()
        except IndexError:
            interpreter = _core.Interpreter(self.core, threads=self._threads)
        yield interpreter
        self._idle.append(interpreter)


def _specs(
    interpreter: _core.Interpreter, indices: Sequence[int], names: dict[int, str]
) -> tuple[TensorSpec, ...]:
    details = {index: interpreter.tensor_details(index) for index in indices}
    labels = [names.get(index) or details[index]["name"] for index in indices]
    specs = []
    for index, label in zip(indices, labels, strict=True):
        d = details[index]
        dtype = np.dtype(numpy_type(d["type"]))
        is_quantized = len(d["scales"]) == 1 and d["type"] in ("int8", "uint8", "int16")
        specs.append(
            TensorSpec(
                name=label if labels.count(label) == 1 else f"{label}#{index}",
                index=index,
                shape=tuple(None if n < 0 else n for n in d["shape_signature"].tolist()),
                dtype=dtype,
                scale=float(d["scales"][0]) if is_quantized else None,
                zero_point=int(d["zero_points"][0])
                if is_quantized and len(d["zero_points"])
                else 0,
            )
        )
    return tuple(specs)


def load(source: str | os.PathLike[str] | bytes, *, num_threads: int | None = None) -> Model:
    """Loads a .tflite file, given by its path or its bytes, as a function of arrays.

    Args:
      source: a path (the file is mapped into memory) or bytes (which are copied).
      num_threads: that a call may use, its own included: at least 1, which is the default. See
        `Interpreter`.

    Raises:
      ValueError: not a .tflite file, or a damaged one.
      OSError: the file cannot be read.
    """
    return Model(source, num_threads=num_threads)
