"""LiteRT's reference kernels, run in a child process: they abort on some valid networks.

`run(model, inputs)` gives every tensor's value after one invocation. The child serves many
requests, and is started anew when one kills it.
"""

from __future__ import annotations

import atexit
import os
import pickle
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any
from unittest import mock

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class OracleError(Exception):
    """LiteRT refuses the network (the message is its own) or dies running it."""


def _send(stream: IO[bytes], message: object) -> None:
    data = pickle.dumps(message)
    stream.write(struct.pack("<Q", len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    header = stream.read(8)
    if len(header) < 8:
        raise EOFError
    return pickle.loads(stream.read(struct.unpack("<Q", header)[0]))


def _answer(
    model: bytes,
    inputs: dict[int, Array],
    resize: dict[int, tuple[int, ...]],
    keep_all: bool,
    resolver: str,
    before: Sequence[dict[int, Array]],
) -> tuple[dict[int, Array], list[int]]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType[resolver],
        experimental_preserve_all_tensors=keep_all,
    )
    for index, shape in resize.items():
        interpreter.resize_tensor_input(index, shape)
    interpreter.allocate_tensors()
    for feeds in (*before, inputs):
        for index, value in feeds.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
    output_details = {d["index"]: d for d in interpreter.get_output_details()}
    outputs = [d["index"] for d in interpreter.get_output_details()]  # one may be there twice
    wanted = {d["index"] for d in interpreter.get_tensor_details()} if keep_all else set(outputs)
    values = {}
    for index in wanted:
        try:
            values[index] = interpreter.get_tensor(index)
        except ValueError:  # a tensor without memory
            details = output_details.get(index)
            if details is not None and 0 in details["shape"]:
                values[index] = np.zeros(details["shape"], details["dtype"])
    return values, outputs


def _answer_actions(model: bytes, actions: list[Any], resolver: str) -> list[Array]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType[resolver]
    return act(Interpreter(model_content=model, experimental_op_resolver_type=kind), actions)


def act(interpreter: Any, actions: list[Any]) -> list[Array]:
    """Takes an interpreter of LiteRT's or octavo's through a sequence of actions.

    "reset" resets variables, {tensor: shape} resizes inputs, {tensor: array} sets them and invokes,
    (key, {name: array}) runs a signature. The result is the outputs of all invokes, one after the
    other.
    """
    interpreter.allocate_tensors()
    values = []
    for action in actions:
        if action == "reset":
            interpreter.reset_all_variables()
        elif isinstance(action, tuple):
            key, inputs = action
            values += map(np.asarray, interpreter.get_signature_runner(key)(**inputs).values())
        elif any(isinstance(value, tuple) for value in action.values()):
            for index, shape in action.items():
                interpreter.resize_tensor_input(index, shape)
            interpreter.allocate_tensors()
        else:
            for index, value in action.items():
                interpreter.set_tensor(index, value)
            interpreter.invoke()
            for details in interpreter.get_output_details():
                values.append(np.asarray(interpreter.get_tensor(details["index"])))
    return values


def _serve() -> None:
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # LiteRT's chatter must not mix with the answers
    while True:
        try:
            request = _receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = _answer_actions if isinstance(request[1], list) else _answer
            _send(answers, answer(*request))
        except Exception as error:
            _send(answers, f"{type(error).__name__}: {error}")


class _Child:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, request: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            _send(self._process.stdin, request)
            return _receive(self._process.stdout)
        except (EOFError, BrokenPipeError):
            raise OracleError(f"LiteRT died with status {self._process.wait()}") from None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


_child: _Child | None = None


def run(
    model: bytes,
    inputs: dict[int, Array],
    *,
    resize: dict[int, tuple[int, ...]] | None = None,
    keep_all: bool = False,
    resolver: str = "BUILTIN_REF",
    before: Sequence[dict[int, Array]] = (),
) -> tuple[dict[int, Array], list[int]]:
    """Values by tensor number, and the outputs' numbers.

    The values are the outputs', or with `keep_all` those of all tensors. `resolver` is a name of
    LiteRT's OpResolverType: which kernels run. `inputs` and `resize` (shapes to set first) go by
    tensor number too, as do the inputs of invocations that come `before`, of which variables keep
    what they have seen.
    """
    answer = _ask_kernels(
        model, resolver, lambda m, r: (m, inputs, resize or {}, keep_all, r, before)
    )
    values, outputs = answer
    return values, outputs


def run_actions(model: bytes, actions: list[Any]) -> list[Array]:
    """The outputs of every invoke of a sequence of actions, see `act`."""
    values: list[Array] = _ask_kernels(model, "BUILTIN_REF", lambda m, r: (m, actions, r))
    return values


def _ask_kernels(model: bytes, resolver: str, request: Callable[[bytes, str], object]) -> Any:
    """The child's answer to a request made of a file and a resolver.

    Some operators have one kernel, which LiteRT does not list with the reference's, or not in every
    version. All others of the network shall be the reference's.
    """
    answer = _ask(request(model, resolver))
    if isinstance(answer, str):
        missing = re.search(r"Didn't find op for builtin opcode '(\w+)' version '(\d+)'", answer)
        if resolver == "BUILTIN_REF" and missing:
            name, version = missing[1], int(missing[2])
            if version > 1:
                return _ask_kernels(_with_version(model, name, version - 1), resolver, request)
            return _ask_kernels(model, "BUILTIN_WITHOUT_DEFAULT_DELEGATES", request)
        raise OracleError(answer)
    return answer


def _with_version(model: bytes, operator: str, version: int) -> bytes:
    """The file with an operator in no version above this one."""
    import octavo._schema as schema
    from octavo import flatbuffer

    tree = flatbuffer.read(model)
    for code in tree.operatorCodes:
        if code.builtinCode == getattr(schema.BuiltinOperator, operator):
            code.version = min(code.version, version)
    return flatbuffer.write(tree)


def _ask(request: object) -> Any:
    """The child's answer; an error is a string."""
    global _child
    if _child is None:
        _child = _Child()
        atexit.register(lambda: _child.stop() if _child else None)
    try:
        return _child.ask(request)
    except OracleError:
        _child.stop()
        _child = None
        raise


def octavo_run(
    model: bytes,
    inputs: dict[int, Array],
    *,
    resize: dict[int, tuple[int, ...]] | None = None,
    keep_all: bool = False,
    before: Sequence[dict[int, Array]] = (),
) -> tuple[dict[int, Array], list[int]]:
    """The same from octavo, in this process.

    All of its tables of kernels give it, but for the order in which floats are summed: within the
    network they may differ by more than in its outputs, where they cancel.
    """
    tables = octavo_tables(model, inputs, resize=resize, keep_all=keep_all, before=before)
    reals = [x for x in inputs.values() if x.dtype == np.float32]
    last_place = float(np.finfo(np.float32).eps) * max((_peak(x) for x in reals), default=0.0)
    (best, (values, outputs)), *others = tables.items()
    for isa, (again, _) in others:
        for index, value in values.items():
            if value.dtype.kind not in "fc" or index in outputs:
                what = f"tensor {index}, {isa} against {best}"
                assert_same(again[index], value, what, last_place=last_place)
    return values, outputs


def octavo_tables(
    model: bytes,
    inputs: dict[int, Array],
    *,
    resize: dict[int, tuple[int, ...]] | None = None,
    keep_all: bool = False,
    before: Sequence[dict[int, Array]] = (),
) -> dict[str, tuple[dict[int, Array], list[int]]]:
    """The same from each of octavo's tables, the best first: to the bit on one thread and on
    several. Not from that which keeps halves: LiteRT has none such."""
    from octavo import _core

    shared = _core.Model.copy(model)
    tables = {}
    feeds = (*before, inputs)
    for isa in _core.available_isas():
        if isa == "neon_fp16":
            continue
        alone, outputs = _run_on(isa, 1, shared, feeds, resize or {}, keep_all)
        threads = 2 if tables else 3
        together, _ = _run_on(isa, threads, shared, feeds, resize or {}, keep_all)
        for index in alone:
            message = f"tensor {index}, {isa} on {threads} threads against one"
            np.testing.assert_array_equal(together[index], alone[index], message)
        tables[isa] = alone, outputs
    return tables


def _run_on(
    isa: str,
    threads: int,
    model: Any,
    feeds: Sequence[dict[int, Array]],
    resize: dict[int, tuple[int, ...]],
    keep_all: bool,
) -> tuple[dict[int, Array], list[int]]:
    from octavo import _core

    with mock.patch.dict(os.environ, OCTAVO_ISA=isa):
        interpreter = _core.Interpreter(model, keep_all=keep_all, threads=threads, is_eager=True)
    for index, shape in resize.items():
        interpreter.resize_input(index, list(shape))
    interpreter.allocate()
    for inputs in feeds:
        for index, value in inputs.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
    outputs = [int(i) for i in interpreter.outputs]
    values = {}
    for index in range(interpreter.tensor_count) if keep_all else outputs:
        try:
            values[index] = interpreter.get_tensor(index, copy=True)
        except ValueError:
            continue  # no memory, or no numpy type
    return values, outputs


def _peak(x: Array) -> float:
    return float(np.max(np.abs(x[np.isfinite(x)]), initial=0.0))


def assert_same(ours: Array, reference: Array, what: str = "", *, last_place: float = 0.0) -> None:
    """Integers and booleans to the bit; floats within 1e-5 of the greatest magnitude.

    Or within `last_place`, where what was summed cancels.

    NaN and infinities stand where they stand in the reference.
    """
    assert ours.dtype == reference.dtype, f"{what}: {ours.dtype} instead of {reference.dtype}"
    assert ours.shape == reference.shape, f"{what}: {ours.shape} instead of {reference.shape}"
    if ours.dtype.kind not in "fc":
        np.testing.assert_array_equal(ours, reference, err_msg=what)
        return
    bound = max(1e-5 * _peak(reference), last_place)
    np.testing.assert_allclose(ours, reference, rtol=0, atol=bound, err_msg=what)


def assert_equal_to_litert(
    model: bytes,
    inputs: dict[int, Array],
    *,
    resize: dict[int, tuple[int, ...]] | None = None,
    keep_all: bool = False,
    before: Sequence[dict[int, Array]] = (),
) -> None:
    """Runs `model` on both and compares the outputs, or with `keep_all` all that both have."""
    expected, outputs = run(model, inputs, resize=resize, keep_all=keep_all, before=before)
    ours, our_outputs = octavo_run(model, inputs, resize=resize, keep_all=keep_all, before=before)
    assert our_outputs == outputs
    for index in sorted(expected) if keep_all else outputs:
        if index in ours:
            assert_same(ours[index], expected[index], f"tensor {index}")
        else:
            assert index not in outputs, f"output {index} has no value"


def assert_same_actions(model: bytes, actions: list[Any], **options: Any) -> None:
    """octavo's Interpreter and LiteRT's give the same for a sequence of actions, see `act`."""
    import octavo

    expected = run_actions(model, actions)
    ours = act(octavo.Interpreter(model_content=model, **options), actions)
    assert len(ours) == len(expected)
    for i, (a, b) in enumerate(zip(ours, expected, strict=True)):
        assert_same(a, b, f"output {i}")


if __name__ == "__main__":
    _serve()
