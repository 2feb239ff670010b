"""Leaves out of a model what nothing uses any more."""

from __future__ import annotations

from typing import Any

import numpy as np


def clean(model: Any) -> None:
    """Drops unused tensors and buffers, and lets constants with the same bytes share a buffer."""
    for index, graph in enumerate(model.subgraphs):
        signatures = [s for s in model.signatureDefs or () if s.subgraphIndex == index]
        _drop_tensors(graph, signatures)
    _share_and_drop_buffers(model)


def _drop_tensors(graph: Any, signatures: list[Any]) -> None:
    used = np.zeros(len(graph.tensors) + 1, bool)  # the last stands for -1, an input left out
    operators = graph.operators or ()
    lists = [graph.inputs, graph.outputs]
    for op in operators:
        lists += [op.inputs, op.outputs, op.intermediates]
    for indices in lists:
        if indices is not None:
            used[np.asarray(indices, np.int64)] = True
    for signature in signatures:
        for entry in [*signature.inputs, *signature.outputs]:
            used[entry.tensorIndex] = True
    used[-1] = False
    number = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)
    graph.tensors = [t for t, keep in zip(graph.tensors, used[:-1], strict=True) if keep]

    def renumbered(indices: Any) -> Any:
        return None if indices is None else number[np.asarray(indices, np.int64)]

    graph.inputs, graph.outputs = renumbered(graph.inputs), renumbered(graph.outputs)
    for op in operators:
        op.inputs, op.outputs = renumbered(op.inputs), renumbered(op.outputs)
        op.intermediates = renumbered(op.intermediates)
    for signature in signatures:
        for entry in [*signature.inputs, *signature.outputs]:
            entry.tensorIndex = int(number[entry.tensorIndex])


def _share_and_drop_buffers(model: Any) -> None:
    kept = [model.buffers[0]]  # empty, by convention
    by_content: dict[bytes, int] = {}
    by_number: dict[int, int] = {0: 0}

    def place(number: int) -> int:
        if number not in by_number:
            buffer = model.buffers[number]
            content = b"" if buffer.data is None else np.asarray(buffer.data, np.uint8).tobytes()
            if content and content in by_content:
                by_number[number] = by_content[content]
            else:
                kept.append(buffer)
                by_number[number] = by_content[content] = len(kept) - 1
        return by_number[number]

    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = place(tensor.buffer)
    for entry in model.metadata or ():
        entry.buffer = place(entry.buffer)
    if model.metadataBuffer is not None:
        model.metadataBuffer = np.asarray([place(int(i)) for i in model.metadataBuffer], np.int32)
    model.buffers = kept
