"""Representative data: inputs like those that a network will meet, in any of these forms.

- A function without arguments that gives an iterable of samples, as
  `tf.lite.TFLiteConverter.representative_dataset`; or the iterable itself, a list for one.
- An array: its first axis counts the samples of the network's only input.
- A mapping, or an .npz file: such an array for each input, by name. In a file they may also be
  named arr_0, arr_1, ... by position, or "x" for an only input; further arrays (labels) are
  left alone there.
- A folder of images, or `Images` for their preprocessing.

A sample is one of

- a list of arrays, by the position of the inputs;
- a dictionary of arrays by name: of the signature or of the input tensor;
- `(signature_key, dictionary)`, for another signature than that of the main subgraph;
- an array, for an only input.

An array has the input's shape, of which a leading 1, the batch, may be missing; dimensions that
the file leaves open (-1) are the sample's to choose. Real numbers are cast to the float32 of an
input, integers to its integer type if they fit in it.

What does not fit is a ValueError that names the sample, counted from 0, and the input.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from octavo import _core

Array: TypeAlias = npt.NDArray[Any]

Sample: TypeAlias = tuple[int, dict[int, Array]]
"""A subgraph, and its inputs by tensor number."""


@dataclass(frozen=True)
class Images:
    """A folder of images: its .jpg, .jpeg, .png, .bmp, .gif and .webp files in the order of their
    names.

    Each becomes (values - mean) / std of its 8-bit values, 0 to 255; in RGB or grey as the input
    has 3 channels or 1, bilinearly resized to its height and width. Needs the package pillow.

    Attributes:
      folder: the folder; those inside it are not searched.
      mean: what to subtract: one number, or one for each channel.
      std: what to divide by then: the same.
    """

    folder: str | os.PathLike[str]
    mean: float | Sequence[float] = 0.0
    std: float | Sequence[float] = 1.0


class RepresentativeData:
    """Data in any form, checked against a network; iterating gives a `Sample` at a time.

    Attributes:
      count: the number of samples, or None if only iterating will tell.
    """

    def __init__(self, model: _core.Model, data: Any) -> None:
        self._subgraphs = _Subgraphs(model)
        self._samples, self.count = self._open(data)

    def __iter__(self) -> Iterator[Sample]:
        samples, number = self._samples(), -1
        if not isinstance(samples, Iterable):
            raise ValueError(
                "representative data must give an iterable of samples, not "
                + type(samples).__name__
            )
        for number, sample in enumerate(samples):
            yield self._subgraphs.resolve(number, sample)
        if number < 0:
            raise ValueError("the representative data are empty: there is no sample")

    def _open(self, data: Any) -> tuple[Callable[[], Iterable[Any]], int | None]:
        """A function that gives the samples, and their number."""
        data = getattr(data, "input_gen", data)  # tf.lite.RepresentativeDataset
        inputs = self._subgraphs.main
        if isinstance(data, (str, os.PathLike)):
            path = Path(data)
            data = Images(path) if path.is_dir() else _read_npz(path, inputs)
        if isinstance(data, Images):
            images, target = data, _only(inputs, "a folder of images")
            files = _image_files(Path(images.folder))
            return lambda: _read_images(files, images, target), len(files)
        if isinstance(data, Mapping):
            columns = {name: np.asarray(column) for name, column in data.items()}
            count = _common_length(columns)
            return lambda: ({k: c[i] for k, c in columns.items()} for i in range(count)), count
        if isinstance(data, np.ndarray):
            name = _only(inputs, "an array").name
            return self._open({name: data})
        if callable(data):
            return data, None
        if isinstance(data, Iterable):
            return lambda: data, len(data) if isinstance(data, Sequence) else None
        raise ValueError(f"representative data cannot be of type {type(data).__name__}")


_TYPES = {
    *("float16", "float32", "float64", "complex64", "complex128", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
}


@dataclass(frozen=True)
class _Input:
    tensor: int
    name: str
    dtype: str  # as the format calls it
    shape: tuple[int, ...]  # -1 where it is open

    def convert(self, where: str, value: Any) -> Array:
        """The value as an array that fits; `where` begins the message if it cannot."""
        array = self._cast(where, np.asarray(value))
        shaped = array[None] if array.ndim + 1 == len(self.shape) else array
        fits = len(shaped.shape) == len(self.shape) and all(
            wanted in (-1, given) for wanted, given in zip(self.shape, shaped.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"{where} has shape {array.shape}, the network takes {self.shape}")
        return np.asarray(shaped, order="C")  # ascontiguousarray makes vectors of scalars

    def _cast(self, where: str, array: Array) -> Array:
        wanted = np.dtype(self.dtype)
        kinds = {"f": "fiub", "c": "fiubc", "b": "b"}.get(wanted.kind, "iub")
        if array.dtype.kind not in kinds:
            raise ValueError(f"{where} has type {array.dtype}, the network takes {wanted}")
        if wanted.kind in "fc":
            with np.errstate(over="ignore"):
                cast = array.astype(wanted)
            finite = np.isfinite(cast)
            if not finite.all():
                place = tuple(int(i) for i in np.argwhere(~finite)[0])
                raise ValueError(f"{where} has the value {array[place]} at {place}")
            return cast
        cast = array.astype(wanted)
        if not np.array_equal(cast, array):
            raise ValueError(
                f"{where} has values from {array.min()} to {array.max()}, beyond {wanted}"
            )
        return cast


class _Inputs:
    """The inputs of one subgraph, by position and by name."""

    def __init__(self, model: _core.Model, subgraph: int) -> None:
        self.subgraph = subgraph
        interpreter = _core.Interpreter(model, subgraph)
        self.all = [self._describe(interpreter, int(i)) for i in interpreter.inputs]
        self.by_name = {i.name: i for i in self.all}

    def add_names(self, names: Mapping[str, int]) -> None:
        """Names that a signature gives; they come before those of tensors."""
        by_tensor = {i.tensor: i for i in self.all}
        self.by_name |= {n: by_tensor[t] for n, t in names.items() if t in by_tensor}

    def resolve(self, where: str, sample: Any) -> dict[int, Array]:
        """The inputs' values by tensor."""
        if isinstance(sample, Mapping):
            given = [(self._find(where, name), value) for name, value in sample.items()]
        elif isinstance(sample, (list, tuple)):
            if len(sample) != len(self.all):
                raise ValueError(
                    f"{where} has {len(sample)} arrays, the network has {len(self.all)} inputs"
                )
            given = list(zip(self.all, sample, strict=True))
        else:
            given = [(_only(self, f"{where}: an array"), sample)]
        values = {i.tensor: i.convert(f'{where}, input "{i.name}"', v) for i, v in given}
        absent = [i.name for i in self.all if i.tensor not in values]
        if absent:
            raise ValueError(f"{where} lacks {_quoted(absent)}")
        return values

    def _find(self, where: str, name: Any) -> _Input:
        if name not in self.by_name:
            raise ValueError(
                f"{where} names an input {name!r}, the network has {_quoted(self.by_name)}"
            )
        return self.by_name[name]

    @staticmethod
    def _describe(interpreter: _core.Interpreter, tensor: int) -> _Input:
        details = interpreter.tensor_details(tensor)
        if details["type"] not in _TYPES:
            raise ValueError(
                f'input "{details["name"]}" has type {details["type"]}, for which there can be no '
                "representative data"
            )
        shape = tuple(int(d) for d in details["shape_signature"])
        return _Input(tensor, details["name"], details["type"], shape)


class _Subgraphs:
    """What a network's callers can run: the main subgraph, and signatures."""

    def __init__(self, model: _core.Model) -> None:
        self.main = _Inputs(model, 0)
        self._signatures: dict[str, _Inputs] = {}
        for key, subgraph, names, _ in model.signatures():
            inputs = self._signatures[key] = _Inputs(model, subgraph)
            inputs.add_names(names)
            if subgraph == 0:
                self.main.add_names(names)

    def resolve(self, number: int, sample: Any) -> Sample:
        inputs, where = self.main, f"sample {number}"
        if isinstance(sample, tuple) and len(sample) == 2 and isinstance(sample[0], str):
            key, sample = sample
            if key not in self._signatures:
                raise ValueError(
                    f"{where} is for signature {key!r}, the network has "
                    f"{_quoted(self._signatures) or 'no signatures'}"
                )
            inputs = self._signatures[key]
        return inputs.subgraph, inputs.resolve(where, sample)


def _only(inputs: _Inputs, what: str) -> _Input:
    if len(inputs.all) != 1:
        raise ValueError(
            f"{what} is data for one input, the network has {len(inputs.all)}: give arrays by name"
        )
    return inputs.all[0]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _common_length(columns: Mapping[str, Array]) -> int:
    for name, column in columns.items():
        if column.ndim == 0:
            raise ValueError(f'the data of input "{name}" need a first axis that counts samples')
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        listed = ", ".join(f'{len(column)} of "{name}"' for name, column in columns.items())
        raise ValueError(f"the inputs have different numbers of samples: {listed}")
    return lengths.pop() if lengths else 0


def _read_npz(path: Path, inputs: _Inputs) -> dict[str, Array]:
    """The file's arrays by the inputs' names."""
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is neither a folder of images nor an .npz file")
        file.seek(0)
        try:
            arrays = dict(np.load(file))
        except zipfile.BadZipFile as error:
            raise ValueError(f"{path} is damaged: {error}") from error
    found = {}
    for position, one in enumerate(inputs.all):
        names = [name for name, i in inputs.by_name.items() if i is one]
        names += [f"arr_{position}"] + ["x"] * (len(inputs.all) == 1)
        name = next((name for name in names if name in arrays), None)
        if name is None:
            raise ValueError(
                f"{path} has the arrays {_quoted(arrays)}; input {position} needs one named "
                + " or ".join(f'"{n}"' for n in names)
            )
        found[one.name] = arrays[name]
    return found


_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"}


def _image_files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in _IMAGE_SUFFIXES)
    if not files:
        raise ValueError(f"the representative data are empty: {folder} has no images")
    return files


def _read_images(files: Sequence[Path], images: Images, target: _Input) -> Iterator[Array]:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("images need the package pillow: pip install octavo[cli]") from error
    if len(target.shape) != 4 or target.shape[3] not in (1, 3):
        raise ValueError(
            f'input "{target.name}" has shape {target.shape}, images need (batch, height, width, '
            "1 or 3)"
        )
    height, width, channels = target.shape[1:]
    mean, std = np.asarray(images.mean, np.float64), np.asarray(images.std, np.float64)
    is_raw = not mean.any() and bool(np.all(std == 1))
    for file in files:
        with Image.open(file) as image:
            converted = image.convert("RGB" if channels == 3 else "L")
        size = (converted.width if width < 0 else width, converted.height if height < 0 else height)
        if converted.size != size:
            converted = converted.resize(size, Image.Resampling.BILINEAR)
        values = np.asarray(converted).reshape(1, size[1], size[0], channels)
        yield values if is_raw else (values - mean) / std
