"""Damaged networks. Each ends in a result or in an error: `test_mutations.py` sees to it.

python tests/mutations.py                        names the networks
python tests/mutations.py 17 18 "CONV_2D int8"   runs mutation 17 of one network
python tests/mutations.py 0 40 "CONV_2D int8"    runs mutations 0 to 39
"""

from __future__ import annotations

import faulthandler
import math
import os
import random
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from networks import neighbours
from octavo import _core, flatbuffer
from small_networks import small_networks

SECONDS = 20  # that one mutation may take
MEMORY = 2 << 30  # that the process may have
# A damaged size can ask for a large network that is valid, which may take any time to run. Those
# that fit here are run; of the others loading and preparing is tested.
RUN_ARENA = 1 << 20
LARGEST_FILE = 300_000

# Whole numbers and floats (NaN, infinities, the smallest, the largest, -1) that fields dislike.
EXTREMES = [
    0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x100000, 0x1000000,
    0x3FFFFFFF, 0x40000000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF,
    0x7FC00000, 0x7F800000, 0xFF800000, 0x00000001, 0x7F7FFFFF, 0xBF800000,
]  # fmt: skip


def networks() -> dict[str, bytes]:
    """Small networks by name, the built ones and the small files of $OCTAVO_SHARED."""
    found = {network.name: network.model for network in small_networks()}
    found["neighbours"] = neighbours()
    shared = os.environ.get("OCTAVO_SHARED")
    if shared:
        for path in sorted(Path(shared, "models").glob("**/*.tflite")):
            if path.stat().st_size <= LARGEST_FILE:
                found[path.name] = path.read_bytes()
    return found


def _flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 2, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set_byte(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice([0, 1, 2, 3, 4, 5, 9, 17, 127, 128, 255])


def _set_word(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) // 4) * 4
    value = rng.choice([*EXTREMES, len(data), len(data) - at])
    struct.pack_into("<I", data, at, value)


def _nudge_word(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) // 4) * 4
    (value,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, (value + rng.choice([-64, -4, -1, 1, 4, 64])) % (1 << 32))


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _chunk(data: bytearray, rng: random.Random) -> slice:
    begin = rng.randrange(len(data) // 4) * 4
    return slice(begin, min(begin + 4 * rng.choice([1, 2, 4, 16]), len(data)))


def _insert(data: bytearray, rng: random.Random) -> None:
    chunk = _chunk(data, rng)
    data[chunk.start : chunk.start] = data[chunk]


def _delete(data: bytearray, rng: random.Random) -> None:
    del data[_chunk(data, rng)]


def _swap(data: bytearray, rng: random.Random) -> None:
    a, b = _chunk(data, rng), _chunk(data, rng)
    size = min(a.stop - a.start, b.stop - b.start)
    for i in range(size):
        data[a.start + i], data[b.start + i] = data[b.start + i], data[a.start + i]


# Truncation leaves little to test, the fields' values most.
_BYTE_MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [
    *[_flip, _set_byte, _nudge_word] * 2,
    *[_set_word] * 4,
    *[_truncate, _insert, _delete, _swap],
]  # fmt: skip


def _damage_bytes(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if len(data) >= 8:
            rng.choice(_BYTE_MUTATIONS)(data, rng)
    return bytes(data)


def _fields(table: Any) -> Iterator[tuple[Any, str]]:
    """Every field that is set in a tree of tables, as the table and the field's name."""
    for name, value in vars(table).items():
        if value is None:
            continue
        yield table, name
        for child in value if isinstance(value, list) else [value]:
            if hasattr(child, "__dict__"):
                yield from _fields(child)


def _damage_vector(values: list[Any], rng: random.Random) -> list[Any]:
    values = list(values)
    at = rng.randrange(len(values) + 1)
    match rng.randrange(4):
        case 0:
            return values[:at] + values[at + 1 :]
        case 1:
            return values[:at] + values[at : at + 1] * 2 + values[at + 1 :]
        case 2:
            rng.shuffle(values)
            return values
    if values and isinstance(values[0], (int, float)):
        at = rng.randrange(len(values))
        values[at] = _number(values[at], rng)
    return values


def _number(value: float, rng: random.Random) -> float:
    if isinstance(value, int):
        extreme = rng.choice(EXTREMES)
        return rng.choice([extreme - (1 << 32) if extreme >> 31 else extreme, value + 1, value - 1,
                           -1, -2, rng.randrange(16)])  # fmt: skip
    return rng.choice([0.0, -value, value * 2, math.nan, math.inf, 1e-45, 1e-30, 1e30, 3e38])


def _damage_fields(content: bytes, rng: random.Random) -> bytes:
    """Sets fields of a file that stays a flatbuffer: this gets past the verifier."""
    model = flatbuffer.read(content)
    fields = [
        (table, name) for table, name in _fields(model) if name not in ("version", "description")
    ]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        table, name = rng.choice(fields)
        old = getattr(table, name)
        if isinstance(old, (np.ndarray, list)):
            new: Any = _damage_vector(
                [x.item() for x in old] if isinstance(old, np.ndarray) else old, rng
            )
            if isinstance(old, np.ndarray):
                new = np.array(new, np.float64 if old.dtype.kind == "f" else np.int64).astype(
                    old.dtype
                )
        elif isinstance(old, bool):
            new = not old
        elif isinstance(old, (int, float)):
            new = _number(old, rng)
        else:
            new = None
        setattr(table, name, new)
        try:
            content = flatbuffer.write(model)
        except Exception:  # the field does not hold that
            setattr(table, name, old)
    return content


def mutate(name: str, content: bytes, seed: int) -> bytes:
    """The same damage for the same name and seed, everywhere."""
    rng = random.Random(f"{name} {seed}")
    return rng.choice([_damage_bytes, _damage_fields, _damage_fields])(content, rng)


def run(content: bytes) -> str:
    """Loads, prepares and, where it is small, runs a network twice; says what came of it."""
    try:
        interpreter = _core.Interpreter(_core.Model.copy(content))
        interpreter.allocate()
        if interpreter.arena_bytes > RUN_ARENA:
            return "prepared"
        rng = np.random.default_rng(0)
        for i in map(int, interpreter.inputs):
            value = interpreter.get_tensor(i, copy=True)
            bits = rng.integers(0, 2 if value.dtype == bool else 256, value.nbytes, np.uint8)
            interpreter.set_tensor(i, bits.view(value.dtype).reshape(value.shape))
        interpreter.invoke()
        interpreter.invoke()
        for i in map(int, interpreter.outputs):
            interpreter.get_tensor(i, copy=True)
        return "run"
    except (ValueError, RuntimeError) as error:
        if type(error) not in (ValueError, RuntimeError):
            raise
        return f"refused: {error}"


def _limit_memory() -> None:
    # AddressSanitizer reserves terabytes of addresses; it has limits of its own.
    if "ASAN_OPTIONS" not in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    known = networks()
    if len(sys.argv) < 4:
        print(__doc__, *known, sep="\n")
        return
    first, last, *names = sys.argv[1:]
    _limit_memory()
    for name in names:
        for seed in range(int(first), int(last)):
            print(f"{name}: {seed}:", end=" ", flush=True)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            outcome = run(mutate(name, known[name], seed))
            faulthandler.cancel_dump_traceback_later()
            print(outcome.encode("ascii", "backslashreplace").decode(), flush=True)


if __name__ == "__main__":
    main()
