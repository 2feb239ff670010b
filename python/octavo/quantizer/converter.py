"""`Converter`: quantization with the settings of `tf.lite.TFLiteConverter`."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octavo.quantizer.api import dtype_name, quantize


class Optimize(enum.Enum):
    """All of them mean: quantize. The other settings say how."""

    DEFAULT = "DEFAULT"
    OPTIMIZE_FOR_SIZE = "OPTIMIZE_FOR_SIZE"
    OPTIMIZE_FOR_LATENCY = "OPTIMIZE_FOR_LATENCY"


class OpsSet(enum.Enum):
    """Which operators the result may have: float ones, int8 ones, or ones of int16 activations and
    int8 weights. `TFLITE_BUILTINS` beside one of the others: float where there is no integer form.
    """

    TFLITE_BUILTINS = "TFLITE_BUILTINS"
    TFLITE_BUILTINS_INT8 = "TFLITE_BUILTINS_INT8"
    EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8 = (
        "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
    )


@dataclass(slots=True)
class TargetSpec:
    """What the result may consist of.

    Attributes:
      supported_ops: `OpsSet`s, octavo's or TensorFlow's.
      supported_types: float16 alone, for float16 weights; int8 alone, the same as
        `OpsSet.TFLITE_BUILTINS_INT8`; or none.
    """

    supported_ops: Iterable[Any] = field(default_factory=lambda: {OpsSet.TFLITE_BUILTINS})
    supported_types: Iterable[Any] = field(default_factory=set)


class RepresentativeDataset:
    """A function that gives representative data, as TensorFlow wraps it."""

    def __init__(self, input_gen: Callable[[], Iterable[Any]]) -> None:
        self.input_gen = input_gen


class Converter:
    """Converts a network as the settings say, which are those of `tf.lite.TFLiteConverter`.

    >>> converter = octavo.Converter.from_tflite("net.tflite")
    >>> converter.optimizations = [octavo.Optimize.DEFAULT]
    >>> converter.representative_dataset = samples
    >>> content = converter.convert()

    Attributes:
      optimizations: `Optimize`s, octavo's or TensorFlow's; none: the result stays float.
      representative_dataset: a function that gives samples, or any other form of
        `octavo.quantizer.data`; None: no activations are quantized.
      target_spec: what the result may consist of.
      inference_input_type: the type of the inputs that are float32, as octavo's, numpy's or
        TensorFlow's dtype: float32, int8 or uint8 (int16 where activations are).
      inference_output_type: the same of the outputs.

    Other attributes cannot be set: a setting without effect is an error.
    """

    __slots__ = (
        "_source",
        "inference_input_type",
        "inference_output_type",
        "optimizations",
        "representative_dataset",
        "target_spec",
    )

    def __init__(self, source: Callable[[], bytes]) -> None:
        """A converter of the float .tflite file that `source` gives; see the class methods."""
        self._source = source
        self.optimizations: Iterable[Any] = set()
        self.representative_dataset: Any = None
        self.target_spec = TargetSpec()
        self.inference_input_type: Any = "float32"
        self.inference_output_type: Any = "float32"

    @classmethod
    def from_tflite(cls, model: str | os.PathLike[str] | bytes) -> Converter:
        """Of a float .tflite file, by its path or its bytes.

        Raises:
          OSError: the file cannot be read.
        """
        content = model if isinstance(model, bytes) else Path(model).read_bytes()
        return cls(lambda: content)

    @classmethod
    def from_saved_model(
        cls,
        saved_model_dir: str | os.PathLike[str],
        signature_keys: list[str] | None = None,
        tags: Collection[str] | None = None,
    ) -> Converter:
        """Of a SavedModel, its signatures or those named; needs TensorFlow."""
        lite = _tensorflow_lite("from_saved_model")
        directory = os.fspath(saved_model_dir)
        return cls(
            lite.TFLiteConverter.from_saved_model(
                directory, signature_keys=signature_keys, tags=tags
            ).convert
        )

    @classmethod
    def from_keras_model(cls, model: Any) -> Converter:
        """Of a Keras model; needs TensorFlow."""
        lite = _tensorflow_lite("from_keras_model")
        return cls(lite.TFLiteConverter.from_keras_model(model).convert)

    @classmethod
    def from_concrete_functions(cls, funcs: list[Any], trackable_obj: Any = None) -> Converter:
        """Of concrete functions, and the object that holds their variables; needs TensorFlow."""
        lite = _tensorflow_lite("from_concrete_functions")
        return cls(lite.TFLiteConverter.from_concrete_functions(funcs, trackable_obj).convert)

    def convert(self) -> bytes:
        """The .tflite file's content.

        Raises:
          ValueError: settings contradict each other, the data do not fit the network, or an
            operator has no integer form and may not stay float; see `octavo.quantize`.
        """
        mode, fallback = self._mode()
        return bytes(
            quantize(
                self._source(),
                mode,
                self.representative_dataset,
                input_type=dtype_name(self.inference_input_type),
                output_type=dtype_name(self.inference_output_type),
                fallback=fallback,
            )
        )

    def _mode(self) -> tuple[str, bool]:
        """The mode of `octavo.quantize` that the settings mean, and whether operators may stay
        float. As LiteRT's guide has it:

            | supported types | supported_ops | dataset | the result has            |
            | --------------- | ------------- | ------- | ------------------------- |
            |                 | float         |         | dynamic range             |
            |                 | float (int8)  | given   | int8, float as fallback   |
            |                 | int8          | given   | int8 only                 |
            | int8            |               | given   | int8 only                 |
            | float16         | float         |         | float16 weights           |
            |                 | int16         | given   | 16x8                      |
            |                 | int16, float  | given   | 16x8, float as fallback   |

        and without optimizations, none of this.
        """
        optimizations = _members(Optimize, "optimizations", self.optimizations)
        ops = _members(OpsSet, "target_spec.supported_ops", self.target_spec.supported_ops)
        types = {dtype_name(t) for t in self.target_spec.supported_types}
        if types == {"int8"}:
            ops = ops - {OpsSet.TFLITE_BUILTINS} | {OpsSet.TFLITE_BUILTINS_INT8}
        integer = ops - {OpsSet.TFLITE_BUILTINS}
        has_data = self.representative_dataset is not None
        _check(bool(optimizations), integer, types, has_data)
        if not optimizations:
            return "float", True
        if types == {"float16"}:
            return "float16", True
        fallback = OpsSet.TFLITE_BUILTINS in ops
        if OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8 in integer:
            return "16x8", fallback
        if has_data:
            return ("int8" if fallback else "int8-only"), fallback
        return "dynamic", True


def _members(enumeration: type[enum.Enum], setting: str, given: Iterable[Any]) -> set[Any]:
    """Members of an enumeration, given as its own or as TensorFlow's, which have the same names."""
    names = {getattr(member, "name", member) for member in given}
    unknown = sorted(str(name) for name in names - set(enumeration.__members__))
    if unknown:
        known = ", ".join(enumeration.__members__)
        raise ValueError(f"{setting}: {', '.join(unknown)} is not among {known}")
    return {enumeration[name] for name in names}


def _check(optimizes: bool, integer: set[Any], types: set[str], has_data: bool) -> None:
    """Refuses settings that contradict each other."""
    asked = sorted(ops.name for ops in integer)
    if types not in (set(), {"int8"}, {"float16"}):
        raise ValueError(
            f"target_spec.supported_types: {', '.join(sorted(types))}; it is int8 alone, float16 "
            "alone or nothing"
        )
    if not optimizes and (asked or types or has_data):
        given = [*asked, *sorted(types)] or ["a representative_dataset"]
        raise ValueError(
            f"{', '.join(given)} without optimizations: set optimizations = [Optimize.DEFAULT] to "
            "quantize"
        )
    if len(asked) > 1:
        raise ValueError(f"target_spec.supported_ops: {' and '.join(asked)} exclude each other")
    if asked and types == {"float16"}:
        raise ValueError(
            f"target_spec.supported_ops {asked[0]} excludes target_spec.supported_types float16"
        )
    if asked and not has_data:
        raise ValueError(f"target_spec.supported_ops {asked[0]} needs a representative_dataset")


def _tensorflow_lite(method: str) -> Any:
    """TensorFlow's module `lite`."""
    try:
        import tensorflow
    except ImportError as error:
        raise ImportError(
            f"{method} needs TensorFlow: pip install 'octavo[tensorflow]'; a .tflite file needs "
            "none: see from_tflite"
        ) from error
    return tensorflow.lite
