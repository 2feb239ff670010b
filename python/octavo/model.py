"""`load`: a network as a function of arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt

from octavo import _core
from octavo.custom_ops import CustomOps, core_ops
from octavo.tensor_spec import TensorSpec, tensor_spec

Array = npt.NDArray[Any]


def thread_count(num_threads: int | None) -> int:
    """How many threads to use: one unless more are asked for, at most one for each CPU."""
    if num_threads is None:
        return 1
    if not isinstance(num_threads, int) or num_threads < 1:
        raise ValueError(f"num_threads must be an integer of at least 1, not {num_threads!r}")
    has_affinity = hasattr(os, "sched_getaffinity")
    cpus = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(num_threads, cpus)


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
    returned as an array, several as a dictionary by name. What a network keeps, variables, is at
    the beginning of every call as before the first one.

    May be called by several threads at once: each call has an interpreter of its own, and
    interpreters are kept for the next call.

    Attributes:
      inputs: what the network takes.
      outputs: what it gives.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        num_threads: int | None = None,
        custom_ops: CustomOps | None = None,
    ) -> None:
        """See `load`."""
        self._threads = thread_count(num_threads)
        self.custom_ops = core_ops(custom_ops)
        if isinstance(source, (bytes, bytearray, memoryview)):
            self.core = _core.Model.copy(bytes(source))
        else:
            try:
                self.core = _core.Model.open(os.fspath(source))
            except ValueError as error:
                raise ValueError(f"{os.fspath(source)}: {error}") from None
        interpreter = self._new_interpreter()
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
            interpreter.forget()
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

    def _new_interpreter(self) -> _core.Interpreter:
        return _core.Interpreter(self.core, threads=self._threads, custom_ops=self.custom_ops)

    def check_operators(self) -> None:
        """Raises RuntimeError with a list of the operators that are not there, if any."""
        self._idle[0].check_operators()

    @contextmanager
    def _interpreter(self) -> Iterator[_core.Interpreter]:
        """One that no other call uses. What an error leaves behind is not used again."""
        try:
            interpreter = self._idle.pop()
        except IndexError:
            interpreter = self._new_interpreter()
        yield interpreter
        self._idle.append(interpreter)


def _specs(
    interpreter: _core.Interpreter, indices: Sequence[int], names: dict[int, str]
) -> tuple[TensorSpec, ...]:
    details = {index: interpreter.tensor_details(index) for index in indices}
    labels = [names.get(index) or details[index]["name"] for index in indices]
    return tuple(
        tensor_spec(
            details[index],
            index,
            details[index]["shape_signature"],
            label if labels.count(label) == 1 else f"{label}#{index}",
        )
        for index, label in zip(indices, labels, strict=True)
    )


def load(
    source: str | os.PathLike[str] | bytes,
    *,
    num_threads: int | None = None,
    custom_ops: CustomOps | None = None,
) -> Model:
    """Loads a .tflite file, given by its path or its bytes, as a function of arrays.

    Args:
      source: a path (the file is mapped into memory) or bytes (which are copied).
      num_threads: that a call may use, its own included: at least 1, which is the default. See
        `Interpreter`.
      custom_ops: operators that the file calls by name, see `CustomOp`. One of the name of an
        operator that octavo has itself takes its place.

    Raises:
      ValueError: not a .tflite file, or a damaged one.
      OSError: the file cannot be read.
      RuntimeError: the network uses operators that are neither octavo's nor given. The message
        names each with its node.
    """
    model = Model(source, num_threads=num_threads, custom_ops=custom_ops)
    model.check_operators()
    return model
