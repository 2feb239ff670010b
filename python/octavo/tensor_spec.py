"""What a tensor is, to those who give and take its values."""

from __future__ import annotations

from collections.abc import Iterable
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


def tensor_spec(
    details: dict[str, Any], index: int, shape: Iterable[int], name: str | None = None
) -> TensorSpec:
    """Of what the core tells of a tensor; a dimension of -1 is open."""
    scales, zero_points = details["scales"], details["zero_points"]
    is_quantized = len(scales) == 1 and details["type"] in ("int8", "uint8", "int16")
    return TensorSpec(
        name=name or details["name"],
        index=index,
        shape=tuple(None if size < 0 else int(size) for size in shape),
        dtype=np.dtype(numpy_type(details["type"])),
        scale=float(scales[0]) if is_quantized else None,
        zero_point=int(zero_points[0]) if is_quantized and len(zero_points) else 0,
    )
