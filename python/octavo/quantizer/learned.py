"""What training for quantization has left in a float network: FAKE_QUANT operators, whose ranges
the integer network takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from octavo.quantizer.affine import Array, round_away
from octavo.quantizer.source import Source, store_constant


@dataclass
class Learned:
    """Of one subgraph, by tensor.

    Attributes:
      ranges: of activations, (low, high).
      steps: the scales of weights that lie on a symmetric grid of narrow range.
    """

    ranges: dict[int, tuple[float, float]] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)


def take_ranges(model: Any) -> dict[int, Learned]:
    """Removes the FAKE_QUANT operators of every subgraph and returns what they said.

    Constants behind one become what it makes of them. An activation and its quantized self become
    one tensor, which keeps the number of the subgraph's input or else of the operator's output.
    """
    return {index: _take(Source(model, index)) for index in range(len(model.subgraphs))}


def _take(source: Source) -> Learned:
    learned = Learned()
    kept = []
    became: dict[int, int] = {}  # tensors that are another one now

    def now(t: int) -> int:
        while t in became:
            t = became[t]
        return t

    for n, op in enumerate(source.operators):
        if source.names[n] != "FAKE_QUANT":
            kept.append(op)
            continue
        x, y = now(source.operands(n)[0][1]), source.results(n)[0]
        options = op.builtinOptions
        value = source.constant(x)
        if value is not None:
            store_constant(source.model, source.graph.tensors[y], _on_grid(value, options))
            if options.narrowRange and options.min == -options.max:
                learned.steps[y] = float(np.float32(options.max / (2 ** (options.numBits - 1) - 1)))
            continue
        if x in source.inputs and y in source.outputs:
            kept.append(op)  # the caller knows both
            continue
        old, new = (y, x) if x in source.inputs else (x, y)
        became[old] = new
        learned.ranges[new] = (float(options.min), float(options.max))
    for op in kept:
        op.inputs = np.asarray([now(int(t)) for t in op.inputs], np.int32)
        op.outputs = np.asarray([now(int(t)) for t in op.outputs], np.int32)
    source.graph.operators = kept
    source.graph.outputs = np.asarray([now(t) for t in source.outputs], np.int32)
    return learned


def _on_grid(value: Array, options: Any) -> Array:
    """What FAKE_QUANT makes of a constant, narrow range included, which runtimes do not have."""
    first, last = int(options.narrowRange), 2**options.numBits - 1
    low, high = np.float32(options.min), np.float32(options.max)
    scale = (high - low) / np.float32(last - first)
    zero = np.clip(round_away(np.float64(first - low / scale)), first, last)
    q = np.clip(round_away(value.astype(np.float64) / scale) + zero, first, last)
    return np.asarray((q - zero) * scale, np.float32)
