"""Engines that take turns.

A machine's speed changes while one measures. So in each round every engine runs for a few
milliseconds, in an order that changes, and gives the median of those runs; a ratio is the median
over the rounds of the ratios of one round.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from engines import Engine

TURN = 0.008  # seconds that an engine runs in a round, at least two runs
TRIES = 5  # turns, where other processes take the core away
PAUSE = 0.004  # seconds after a turn on several threads: others' threads spin before they sleep


def turn(engine: Engine) -> tuple[float, float]:
    """The median of runs in milliseconds, and how many cores were busy meanwhile. A first run,
    whose caches are another's, does not count.
    """
    engine.run()
    times: list[int] = []
    begin, busy = time.perf_counter(), time.process_time()
    while not times or time.perf_counter() < begin + TURN:
        start = time.perf_counter_ns()
        engine.run()
        times.append(time.perf_counter_ns() - start)
    cores = (time.process_time() - busy) / (time.perf_counter() - begin)
    return float(np.median(times)) / 1e6, cores


def undisturbed_turn(engine: Engine, cores: float) -> tuple[float, float]:
    """A turn in which the engine had the cores that it can have, `cores` as far as one knows; or of
    several turns the one nearest to that.
    """
    best = (0.0, -1.0)
    for _ in range(TRIES):
        best = max(best, turn(engine), key=lambda t: t[1])
        if best[1] > 0.95 * cores:
            break
    return best


def race(
    engines: Mapping[str, Engine], threads: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds of every engine in every round, and how many cores were busy."""
    names = list(engines)
    for engine in engines.values():
        for _ in range(3):
            engine.run()
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    generator = np.random.default_rng(0)
    for _ in range(rounds):
        for i in generator.permutation(len(names)):
            so_far = turns[names[i]]
            most = max((cores for _, cores in so_far), default=1.0)
            so_far.append(undisturbed_turn(engines[names[i]], most))
            if threads > 1:
                time.sleep(PAUSE)
    times = {name: [milliseconds for milliseconds, _ in t] for name, t in turns.items()}
    return times, {name: [cores for _, cores in t] for name, t in turns.items()}


def ratio(times: Sequence[float], others: Sequence[float]) -> float:
    return float(np.median(np.divide(times, others)))


def geometric_mean(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))
