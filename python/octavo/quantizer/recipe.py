"""Exceptions to the mode, as data: which operators are quantized otherwise, or kept float.

As JSON a recipe is a list, of which the first entry that fits an operator counts:

    [{"operator": "SOFTMAX", "mode": "float"},
     {"tensor": "block_1[0-3]/", "mode": "16x8"}]
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from octavo.quantizer.source import BUILTINS, Source

# What users call a mode -> the mode of an operator.
_MODES = {
    "float": "float",
    "dynamic": "dynamic",
    "dynamic-int4": "dynamic-int4",
    "float16": "float16",
    "int8": "int8",
    "16x8": "int16",
}


@dataclass(frozen=True)
class Entry:
    """The mode of some operators: "float" (keep it), or one of `octavo.quantize`.

    Attributes:
      mode: what to do with them.
      operator: an operator's name as in the schema ("CONV_2D"); empty for every operator.
      tensor: a regular expression that is found in the name of a tensor which the operator
        computes; empty for every name.
    """

    mode: str
    operator: str = ""
    tensor: str = ""

    def fits(self, source: Source, n: int) -> bool:
        if self.operator and self.operator != source.names[n]:
            return False
        names = [source.name(t) for t in source.results(n)]
        return not self.tensor or any(re.search(self.tensor, name) for name in names)


class Recipe:
    """A list of entries, of which the first that fits an operator counts.

    Raises:
      ValueError: a mode or a field is unknown, or a pattern is no regular expression.
    """

    def __init__(self, entries: Iterable[Entry | dict[str, Any]] = ()) -> None:
        self.entries = tuple(_entry(e) for e in entries)

    @classmethod
    def of(cls, recipe: Recipe | list[Any] | str | os.PathLike[str] | None) -> Recipe:
        """A recipe as callers give it: one made before, a list of entries, a JSON file, none."""
        if isinstance(recipe, Recipe):
            return recipe
        if isinstance(recipe, (str, os.PathLike)):
            return cls.load(os.fspath(recipe))
        if isinstance(recipe, (dict, Entry)):
            raise ValueError("a recipe is a list of entries, not an entry")
        return cls(() if recipe is None else recipe)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recipe:
        """Reads a JSON file."""
        try:
            entries = json.loads(Path(path).read_text())
        except json.JSONDecodeError as error:
            raise ValueError(f"recipe {os.fspath(path)}: {error}") from error
        if not isinstance(entries, list):
            raise ValueError(f"recipe {os.fspath(path)}: not a list of entries")
        return cls(entries)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a JSON file."""
        entries = [{k: v for k, v in asdict(e).items() if v} for e in self.entries]
        Path(path).write_text(json.dumps(entries, indent=2) + "\n")

    def check(self, sources: Iterable[Source]) -> None:
        """Raises ValueError where an entry names an operator that neither the format has nor any
        subgraph as a custom one. Those that merely do not occur serve other networks."""
        known = BUILTINS.union(*(source.names for source in sources))
        for entry in self.entries:
            if entry.operator and entry.operator not in known:
                raise ValueError(
                    f'recipe: operator "{entry.operator}" does not exist; names are like "CONV_2D"'
                )

    def modes(self, source: Source, otherwise: str) -> list[str]:
        """The mode of each operator of a subgraph; `otherwise` where no entry fits."""
        return [
            next((_MODES[e.mode] for e in self.entries if e.fits(source, n)), otherwise)
            for n in range(len(source.operators))
        ]


def _entry(entry: Entry | dict[str, Any]) -> Entry:
    if not isinstance(entry, Entry):
        known = [f.name for f in fields(Entry)]
        if not isinstance(entry, dict) or "mode" not in entry or not {*entry} <= {*known}:
            raise ValueError(
                f"recipe entry {entry!r}: an entry is a dictionary with a mode, and an operator or "
                "a tensor or both"
            )
        entry = Entry(**entry)
    if entry.mode not in _MODES:
        raise ValueError(f'recipe: mode "{entry.mode}" is none of {", ".join(_MODES)}')
    try:
        re.compile(entry.tensor)
    except re.error as error:
        raise ValueError(f'recipe: tensor "{entry.tensor}": {error}') from error
    return entry
