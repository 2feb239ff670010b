"""Networks of the kinds that users bring, made with random weights.

>>> network = NETWORKS["deeplab"]
>>> model = network.small()      # the .tflite file's bytes: small enough for reference kernels
>>> model = network.published()  # of the size that its authors published
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import octavo._schema as schema
from octavo.flatbuffer import read

from user_networks import audio, detection, sequence, stateful, vision

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class UserNetwork:
    build: Callable[..., bytes]
    sizes: dict[str, Any]  # the arguments that make it small

    def small(self) -> bytes:
        return self.build(**self.sizes)

    def published(self) -> bytes:
        return self.build()


def _networks(*rows: tuple[Callable[..., bytes], dict[str, Any]]) -> dict[str, UserNetwork]:
    return {build.__name__: UserNetwork(build, sizes) for build, sizes in rows}


NETWORKS = _networks(
    (audio.conformer, {"steps": 6, "width": 16, "heads": 2, "layers": 1}),
    (audio.deep_speech, {"steps": 3, "bins": 8, "units": 12}),
    (audio.ds_cnn, {"channels": 8, "blocks": 2}),
    (audio.dtln_mask, {"block": 32, "units": 8}),
    (audio.dtln_time, {"block": 32, "units": 8, "features": 16}),
    (audio.lstm_stream, {"steps": 2, "depth": 8, "units": 12}),
    (audio.nsnet, {"bins": 9, "units": 12}),
    (audio.speech_commands, {"samples": 2400, "classes": 4}),
    (audio.svdf_keywords, {"frame": 10, "units": 12, "layers": 3}),
    (audio.temporal_convolutions, {"channels": 8, "blocks": 5, "features": 6}),
    (audio.yamnet, {"samples": 2400, "width": 0.125, "blocks": 4, "classes": 7}),
    (detection.efficient_det, {"size": 32, "width": 8, "classes": 3, "rounds": 1}),
    (detection.ssd, {"size": 32, "width": 0.25, "classes": 4, "blocks": 1}),
    (detection.yolo, {"size": 32, "width": 4, "classes": 3, "blocks": 1}),
    (sequence.bert, {"width": 16, "words": 40, "steps": 7}),
    (sequence.greedy_decoder, {"steps": 6, "words": 20, "width": 16}),
    (
        sequence.mobile_bert,
        {"steps": 6, "width": 24, "inner": 16, "heads": 2, "layers": 1, "words": 40},
    ),
    (sequence.text_lstm, {"steps": 5, "words": 40, "width": 8, "units": 12}),
    (sequence.vit, {"size": 32, "width": 16, "heads": 2, "layers": 2, "classes": 10}),
    (stateful.early_exit, {"width": 16, "layers": 8}),
    (stateful.gru_stream, {"steps": 4, "depth": 6, "units": 8}),
    (vision.convnext, {"size": 32, "widths": (8, 16), "blocks": (1, 1), "classes": 7}),
    (vision.deeplab, {"size": 33, "width": 0.25, "classes": 5, "blocks": 1}),
    (vision.face_mesh, {"size": 24, "width": 4, "stages": 3, "points": 20}),
    (vision.gan_generator, {"latent": 16, "size": 16, "width": 4}),
    (vision.movenet, {"size": 32, "width": 0.25, "blocks": 1}),
    (vision.posenet, {"size": 33, "width": 0.25, "blocks": 1}),
    (vision.selfie_segmentation, {"size": 32, "width": 0.25}),
    (vision.shuffle_net, {"size": 32, "width": 48, "stages": (1, 1)}),
    (vision.style_transfer, {"size": 16, "width": 4, "blocks": 1}),
    (vision.super_resolution, {"size": 8, "width": 8}),
    (vision.unet, {"size": 16, "width": 4, "depth": 2}),
)


# Those whose callers run several signatures, which share what they remember.
SIGNATURES = _networks(
    (
        stateful.dialogue,
        {
            **{"prompt": 5, "steps": 16, "width": 16, "heads": 4, "groups": 2},
            **{"layers": 2, "words": 40},
        },
    ),
    (stateful.trainer, {"batch": 3, "depth": 6, "units": 8, "classes": 4}),
)


def samples(model: bytes, count: int, seed: int = 7) -> list[list[Array]]:
    """Inputs in the order of the file: normal numbers, words of a small vocabulary, masks of 0 and
    1."""
    rng = np.random.default_rng(seed)
    graph = read(model).subgraphs[0]
    return [[_value(rng, graph.tensors[i]) for i in graph.inputs] for _ in range(count)]


def calls(model: bytes, count: int, seed: int = 7) -> list[tuple[str, dict[str, Array]]]:
    """Each signature so many times, by turns: its key and inputs."""
    rng = np.random.default_rng(seed)
    tree = read(model)

    def inputs(signature: Any) -> dict[str, Array]:
        tensors = tree.subgraphs[signature.subgraphIndex].tensors
        return {i.name.decode(): _value(rng, tensors[i.tensorIndex]) for i in signature.inputs}

    return [(s.signatureKey.decode(), inputs(s)) for _ in range(count) for s in tree.signatureDefs]


def _value(rng: np.random.Generator, t: Any) -> Array:
    if t.type == schema.TensorType.FLOAT32:
        return rng.normal(0, 1, t.shape).astype(np.float32)
    return rng.integers(0, 2 if t.name in (b"mask", b"kinds") else 16, t.shape, np.int32)
