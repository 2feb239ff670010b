"""`octavo.quantize`: a float network in, a quantized one out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from octavo import flatbuffer
from octavo.custom_ops import CustomOps
from octavo.quantizer.affine import Array
from octavo.quantizer.calibration import Calibration
from octavo.quantizer.cleanup import clean
from octavo.quantizer.decompose import decompose
from octavo.quantizer.estimators import check_name
from octavo.quantizer.expand import expand
from octavo.quantizer.learned import Learned, take_ranges
from octavo.quantizer.plan import (
    INTEGER,
    Choice,
    Quantizations,
    choose,
    keep_precise,
    keep_unseen,
)
from octavo.quantizer.ranges import Ranges
from octavo.quantizer.recipe import Recipe
from octavo.quantizer.rewrite import OperatorCodes, Rewriter
from octavo.quantizer.source import Source, entry_points


@dataclass(frozen=True)
class _Mode:
    operators: str  # the mode of every operator that the recipe does not name
    fallback: bool  # an operator without an integer form stays float; else it is an error
    boundary: str  # the type of inputs and outputs, unless told otherwise
    boundaries: tuple[str, ...]  # the types that they may have


MODES: Mapping[str, _Mode] = {
    "float": _Mode("float", True, "float32", ("float32",)),
    "dynamic": _Mode("dynamic", True, "float32", ("float32",)),
    "dynamic-int4": _Mode("dynamic-int4", True, "float32", ("float32",)),
    "float16": _Mode("float16", True, "float32", ("float32",)),
    "int8": _Mode("int8", True, "float32", ("float32", "int8", "uint8")),
    "int8-only": _Mode("int8", False, "int8", ("int8", "uint8", "float32")),
    "16x8": _Mode("int16", False, "float32", ("float32", "int16")),
}


@dataclass(frozen=True)
class OperatorSummary:
    """What became of one operator: its name, the tensor it computes, its mode ("float", "int8",
    "int16", "dynamic", "dynamic-int4", "float16") and why it is not what was asked for, if so."""

    subgraph: int
    operator: str
    tensor: str
    mode: str
    reason: str


@dataclass(frozen=True)
class Summary:
    """Sizes in bytes before and after, and what became of each operator."""

    bytes_before: int
    bytes_after: int
    operators: tuple[OperatorSummary, ...]

    def counts(self) -> dict[str, int]:
        """The number of operators in each mode."""
        return dict(Counter(o.mode for o in self.operators))

    def kept_float(self) -> list[OperatorSummary]:
        """The operators that should have been quantized and could not be."""
        return [o for o in self.operators if o.reason]


@dataclass(frozen=True)
class Quantized:
    """A quantized network: `bytes(q)` is the .tflite file's content.

    Attributes:
      content: the same.
      summary: what was done.
      calibration: the ranges used, to be saved and given to another call; None if none were needed.
    """

    content: bytes
    summary: Summary
    calibration: Calibration | None

    def __bytes__(self) -> bytes:
        return self.content

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the .tflite file."""
        Path(path).write_bytes(self.content)


def quantize(
    model: str | os.PathLike[str] | bytes,
    mode: str = "int8",
    data: Any = None,
    *,
    input_type: Any = None,
    output_type: Any = None,
    fallback: bool | None = None,
    recipe: Recipe | list[Any] | str | os.PathLike[str] | None = None,
    calibration: Calibration | str | os.PathLike[str] | None = None,
    estimator: str = "minmax",
    per_channel: bool = True,
    custom_ops: CustomOps | None = None,
) -> Quantized:
    """Quantizes a float network.

    Args:
      model: a float .tflite file, by its path or its bytes. Constants stored as float16, or as
        int8 or int4 (dynamic range), are read as the float32 numbers that they stand for.
      mode: what to make of it:
        "float": the same network, cleaned of what nothing uses;
        "dynamic": int8 weights, float activations that kernels quantize on the fly;
        "dynamic-int4": the same with int4 weights in FULLY_CONNECTED;
        "float16": float16 weights;
        "int8": int8 weights and activations, float where an operator has no integer form;
        "int8-only": the same, where such an operator is an error;
        "16x8": int8 weights, int16 activations.
      data: representative inputs, for "int8", "int8-only" and "16x8"; see
        `octavo.quantizer.data`. None for a network with FAKE_QUANT operators wherever a range is
        needed: theirs are taken.
      input_type: of the inputs that are float32 in `model`, as a numpy dtype or name: by default
        float32, and int8 for "int8-only".
      output_type: the same of the outputs.
      fallback: whether an operator without an integer form stays float; by default as the mode
        says, and for "16x8" no.
      recipe: what to do otherwise for some operators: a `Recipe`, a list of its entries, or a JSON
        file.
      calibration: of an earlier call, or its JSON file, instead of `data`.
      estimator: how ranges follow from the values seen; see `octavo.quantizer.estimators`.
      per_channel: whether weights have a scale for each output channel, or one for all.
      custom_ops: operators that the file calls by name, as `octavo.load` takes them: calibration
        runs them. They stay float in every mode.

    Raises:
      ValueError: the mode, a type or the data does not fit, the network computes on integers
        already, or with no fallback an operator has no integer form; the message lists all of them.
      OSError: a file cannot be read.
    """
    settings = _settings(mode)
    check_name(estimator)
    if data is not None and calibration is not None:
        raise ValueError("there are data and a calibration: ranges come from one of them")
    boundaries = tuple(
        _boundary(mode, settings, role, given)
        for role, given in (("input", input_type), ("output", output_type))
    )
    content = model if isinstance(model, bytes) else Path(os.fspath(model)).read_bytes()
    bytes_before = len(content)
    tree = flatbuffer.read(content)
    changed = expand(tree)
    learned = take_ranges(tree) if settings.operators in INTEGER else {}
    if changed or any(found.ranges or found.steps for found in learned.values()):
        content = flatbuffer.write(tree)
    rules = Recipe.of(recipe)
    sources = [Source(tree, index) for index in range(len(tree.subgraphs))]
    rules.check(sources)
    parts = [decompose(s, rules.modes(s, settings.operators)) for s in sources]
    sources = [part.source for part in parts]
    choices = [choose(part.source, part.wanted) for part in parts]
    fallback = settings.fallback if fallback is None else fallback
    if not fallback:
        _refuse_float(mode, sources, choices)
    seen = None
    computes_integers = any(c.mode in INTEGER for chosen in choices for c in chosen)
    if computes_integers or boundaries != ("float32", "float32"):
        has_data = data is not None or calibration is not None
        if has_data or not any(found.ranges for found in learned.values()):
            seen = _calibrate(content, mode, data, calibration, estimator, custom_ops)
    ranges = []
    for i, part in enumerate(parts):
        found = learned.get(part.source.index, Learned())
        ranges.append(Ranges(part.source, seen, estimator, found.ranges, part.squares))
        choices[i] = keep_unseen(part.source, choices[i], ranges[i])
        choices[i] = keep_precise(part.source, choices[i], ranges[i])
    if not fallback:
        _refuse_float(mode, sources, choices)
    codes = OperatorCodes()
    summaries: list[OperatorSummary] = []
    for source, chosen, known in zip(sources, choices, ranges, strict=True):
        rewriter = Rewriter(
            source,
            chosen,
            Quantizations(source, chosen, known),
            codes,
            _mean_of(seen, source),
            per_channel=per_channel,
            learned_steps=learned.get(source.index, Learned()).steps,
        )
        is_entry = source.index in entry_points(tree)
        outputs = rewriter.run(*(boundaries if is_entry else ("float32", "float32")))
        _rename_outputs(tree, source, outputs)
        summaries += _summaries(source, chosen)
    tree.operatorCodes = codes.codes
    clean(tree)
    result = flatbuffer.write(tree)
    return Quantized(result, Summary(bytes_before, len(result), tuple(summaries)), seen)


def _settings(mode: str) -> _Mode:
    if mode not in MODES:
        raise ValueError(f'mode "{mode}" is none of {", ".join(MODES)}')
    return MODES[mode]


def _boundary(mode: str, settings: _Mode, role: str, given: Any) -> str:
    if given is None:
        return settings.boundary
    name = dtype_name(given)
    if name not in settings.boundaries:
        raise ValueError(
            f'{role} type {name}: with mode "{mode}" it is {" or ".join(settings.boundaries)}'
        )
    return name


def dtype_name(dtype: Any) -> str:
    """The name of a dtype, whichever library's: numpy's, TensorFlow's, or a name itself."""
    if isinstance(dtype, str):
        return dtype
    name = getattr(dtype, "name", None)  # tf.DType, np.dtype
    return name if isinstance(name, str) else np.dtype(dtype).name


def _refuse_float(mode: str, sources: list[Source], choices: list[list[Choice]]) -> None:
    lines = [
        f'{source.names[n]} "{source.label(n)}" {choice.reason}'
        for source, chosen in zip(sources, choices, strict=True)
        for n, choice in enumerate(chosen)
        if choice.reason
    ]
    if lines:
        raise ValueError(
            f'mode "{mode}" cannot quantize these operators (fallback=True keeps them float): '
            + "; ".join(lines)
        )


def _calibrate(
    content: bytes,
    mode: str,
    data: Any,
    calibration: Calibration | str | os.PathLike[str] | None,
    estimator: str,
    custom_ops: CustomOps | None,
) -> Calibration:
    if isinstance(calibration, (str, os.PathLike)):
        calibration = Calibration.load(calibration)
    if calibration is None:
        if data is None:
            raise ValueError(
                f'mode "{mode}" needs representative data, or the calibration of an earlier call'
            )
        calibration = Calibration.collect(
            content, data, histograms=estimator != "minmax", custom_ops=custom_ops
        )
    calibration.check(content)
    return calibration


def _mean_of(ranges: Calibration | None, source: Source) -> Callable[[int], Array | None]:
    def mean_of(tensor: int) -> Array | None:
        if ranges is None:
            return None
        value = source.constant(tensor)
        if value is not None:
            return np.asarray(value.reshape(-1, value.shape[-1]).mean(axis=0, dtype=np.float64))
        return ranges.of(source.index, tensor).channel_mean

    return mean_of


def _rename_outputs(tree: Any, source: Source, outputs: Mapping[int, int]) -> None:
    """Signatures name the tensors that callers get."""
    for signature in tree.signatureDefs or ():
        if signature.subgraphIndex == source.index:
            for entry in signature.outputs:
                entry.tensorIndex = outputs.get(entry.tensorIndex, entry.tensorIndex)


def _summaries(source: Source, choices: list[Choice]) -> list[OperatorSummary]:
    return [
        OperatorSummary(
            source.index,
            source.names[n],
            source.label(n),
            choice.mode,
            choice.reason,
        )
        for n, choice in enumerate(choices)
    ]
