"""Networks on sequences of words or patches: attention, recurrence, loops."""

from __future__ import annotations

import numpy as np

from user_networks.builder import Builder, ints


def sequence_lstm(b: Builder, t: int, units: int) -> int:
    """UNIDIRECTIONAL_SEQUENCE_LSTM of (batch, steps, depth); its states are variable tensors."""
    batch, steps, depth = b.shapes[t]
    operands: list[int | None] = [t]
    operands += [b.weights(units, depth) for _ in range(4)]
    operands += [b.weights(units, units) for _ in range(4)]
    operands += [None] * 3 + [b.bias(units) for _ in range(4)] + [None] * 2
    operands += [b.state((batch, units)) for _ in range(2)] + [None] * 4
    tanh = {"fused_activation_function": "TANH"}
    return b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, (batch, steps, units), **tanh)


def attention(
    b: Builder, t: int, heads: int, mask: int | None = None, relative: bool = False
) -> int:
    """Of t (1, steps, width) to itself; `mask` is added to the scores. With relative positions the
    scores of distances are shifted into place by PAD, RESHAPE and SLICE."""
    _, steps, width = b.shapes[t]
    depth = width // heads

    def projected() -> int:
        return b.transpose(b.reshape(b.dense(t, width), 1, steps, heads, depth), 0, 2, 1, 3)

    query, key, value = projected(), projected(), projected()
    scores = b.matmul(query, key, transposed=True)
    if relative:
        far = b.weights(heads, 2 * steps - 1, depth)
        distances = b.matmul(query, b.reshape(far, 1, heads, 2 * steps - 1, depth), transposed=True)
        shifted = b.pad(distances, (0, 0), (0, 0), (0, 0), (1, 0))
        shifted = b.reshape(shifted, 1, heads, 2 * steps, steps)
        shifted = b.part(shifted, (0, 0, 1, 0), (1, heads, 2 * steps - 1, steps))
        shifted = b.reshape(shifted, 1, heads, steps, 2 * steps - 1)
        scores = b.add(scores, b.part(shifted, (0, 0, 0, 0), (1, heads, steps, steps)))
    scores = b.mul(scores, depth**-0.5)
    shares = b.softmax(scores if mask is None else b.add(scores, mask))
    mixed = b.transpose(b.matmul(shares, value), 0, 2, 1, 3)
    return b.dense(b.reshape(mixed, 1, steps, width), width)


def vit(
    size: int = 224,
    patch: int = 16,
    width: int = 192,
    heads: int = 3,
    layers: int = 12,
    classes: int = 1000,
) -> bytes:
    """DeiT: patches and a class token, LayerNorm before attention and before GELU's layers."""
    b = Builder()
    t = b.conv(b.input("image", (1, size, size, 3)), width, patch, patch, padding="VALID")
    count = (size // patch) ** 2
    token = b.constant(b.rng.normal(0, 1, (1, 1, width)))
    t = b.concat([token, b.reshape(t, 1, count, width)], 1)
    t = b.add(t, b.constant(b.rng.normal(0, 0.3, (1, count + 1, width))))
    for _ in range(layers):
        t = b.add(t, attention(b, b.layer_norm(t, product=True), heads))
        inner = b.op("GELU", [b.dense(b.layer_norm(t, product=True), 4 * width)], approximate=False)
        t = b.add(t, b.dense(inner, width))
    first = b.reshape(b.part(b.layer_norm(t, product=True), (0, 0, 0), (1, 1, width)), 1, width)
    return b.build(b.softmax(b.dense(first, classes)))


def mobile_bert(
    steps: int = 128,
    width: int = 512,
    inner: int = 128,
    heads: int = 4,
    layers: int = 4,
    words: int = 2000,
) -> bytes:
    """Trigrams of embeddings, bottlenecks, a factor and a term in place of LayerNorm, several
    feed-forward layers, a mask; the begin and the end of an answer."""
    b = Builder()
    ids, mask, kinds = (b.input(n, (1, steps), "int32") for n in ("ids", "mask", "kinds"))
    table = b.weights(words, inner, gain=inner**0.5)
    t = b.reshape(
        b.op("EMBEDDING_LOOKUP", [b.reshape(ids, steps), table], (steps, inner), "float32"),
        1,
        steps,
        inner,
    )
    after = b.pad(b.part(t, (0, 1, 0), (1, steps - 1, inner)), (0, 0), (0, 1), (0, 0))
    before = b.pad(b.part(t, (0, 0, 0), (1, steps - 1, inner)), (0, 0), (1, 0), (0, 0))
    t = b.dense(b.concat([after, t, before]), width)
    hot = [b.constant(np.int32(2)), b.constant(np.float32(1)), b.constant(np.float32(0))]
    of_kind = b.op("ONE_HOT", [kinds, *hot], (1, steps, 2), "float32", axis=-1)
    t = b.add(b.add(t, b.dense(of_kind, width)), b.constant(b.rng.normal(0, 0.3, (steps, width))))
    seen = b.reshape(b.cast(mask, "int32", "float32"), 1, 1, 1, steps)
    hidden = b.mul(b.sub(seen, 1.0), 50.0)
    for _ in range(layers):
        small = _factor(b, b.dense(t, inner))
        small = _factor(b, b.add(small, attention(b, small, heads, hidden)))
        for _ in range(2):
            small = _factor(b, b.add(small, b.dense(b.dense(small, 4 * inner, "RELU"), inner)))
        t = _factor(b, b.add(t, b.dense(small, width)))
    ends = b.split(b.dense(t, 2), 2)
    return b.build(*(b.reshape(end, 1, steps) for end in ends))


def _factor(b: Builder, t: int) -> int:
    width = b.shapes[t][-1]
    return b.add(b.mul(t, b.constant(b.rng.uniform(0.6, 0.9, width))), b.bias(width))


def bert(
    width: int = 128, heads: int = 2, layers: int = 2, words: int = 2000, steps: int = 32
) -> bytes:
    """BERT-tiny for sentences of any length: shapes are computed from the input's."""
    b = Builder()
    ids = b.input("ids", (1, steps), "int32", signature=(1, -1))
    depth = width // heads
    shape = b.op("SHAPE", [ids], (2,), "int32", out_type="INT32")
    length = b.part(shape, (1,), (1,))
    table = b.weights(words, width, gain=width**0.5)
    t = b.gather(table, ids)
    zero, one = b.constant(np.int32(0)), b.constant(np.int32(1))
    places = b.op("RANGE", [zero, b.reshape(length), one], (steps,))
    positions = b.gather(b.constant(b.rng.normal(0, 0.3, (128, width))), places)
    t = b.layer_norm(b.add(t, positions))
    single = b.constant(ints(1))
    apart = b.concat([single, length, b.constant(ints(heads, depth))], 0)
    together = b.concat([single, length, b.constant(ints(width))], 0)

    def projected() -> int:
        y = b.op("RESHAPE", [b.dense(t, width), apart], (1, steps, heads, depth))
        return b.transpose(y, 0, 2, 1, 3)

    for _ in range(layers):
        query, key, value = projected(), projected(), projected()
        shares = b.softmax(b.mul(b.matmul(query, key, transposed=True), depth**-0.5))
        mixed = b.transpose(b.matmul(shares, value), 0, 2, 1, 3)
        joined = b.op("RESHAPE", [mixed, together], (1, steps, width))
        t = b.layer_norm(b.add(t, b.dense(joined, width)))
        inner = b.op("GELU", [b.dense(t, 4 * width)], approximate=True)
        t = b.layer_norm(b.add(t, b.dense(inner, width)))
    pooled = b.op("TANH", [b.dense(b.reduce("MEAN", t, 1), width)])
    return b.build(b.softmax(b.dense(pooled, 2)))


def text_lstm(steps: int = 64, words: int = 2000, width: int = 64, units: int = 128) -> bytes:
    """Embeddings, an LSTM, and its last step's class."""
    b = Builder()
    ids = b.input("ids", (1, steps), "int32")
    t = b.gather(b.weights(words, width, gain=width**0.5), ids)
    t = sequence_lstm(b, t, units)
    last = b.op(
        "STRIDED_SLICE",
        [t, *(b.constant(ints(*v)) for v in ((0, -1, 0), (0, 0, 0), (1, 1, 1)))],
        (1, units),
        begin_mask=5,
        end_mask=5,
        shrink_axis_mask=2,
    )
    return b.build(b.softmax(b.dense(last, 5)))


def greedy_decoder(steps: int = 32, words: int = 512, width: int = 128) -> bytes:
    """A WHILE that writes a word at a time: a token's keys and values go into a cache, all before
    it are attended to, and the likeliest word is the next."""
    b = Builder()
    prompt = b.input("prompt", (1, 1), "int32")
    state = {
        "step": ((), "int32"),
        "words": ((1, steps), "int32"),
        "keys": ((1, steps, width), "float32"),
        "values": ((1, steps, width), "float32"),
    }
    condition = Builder(b.net.subgraph("condition"))
    step, *_ = _arguments(condition, state)
    more = condition.two("LESS", step, condition.constant(np.int32(steps - 1)), "bool")
    condition.net.outputs = [more]
    body = Builder(b.net.subgraph("body"), seed=1)
    _decode(body, steps, words, width, *_arguments(body, state))
    empty = b.constant(np.zeros((1, steps), np.int32))
    written = b.op("DYNAMIC_UPDATE_SLICE", [empty, prompt, b.constant(ints(0, 0))])
    cache = b.constant(np.zeros((1, steps, width), np.float32))
    results = [b.tensor(name, *kind) for name, kind in state.items()]
    options = {"cond_subgraph_index": condition.net.index, "body_subgraph_index": body.net.index}
    b.net.op("WHILE", [b.constant(np.int32(0)), written, cache, cache], results, **options)
    return b.build(results[1], results[2])


def _arguments(b: Builder, state: dict[str, tuple[tuple[int, ...], str]]) -> list[int]:
    arguments = [b.tensor(name, *kind) for name, kind in state.items()]
    b.net.inputs = arguments
    return arguments


def _decode(
    b: Builder, steps: int, words: int, width: int, step: int, text: int, keys: int, values: int
) -> None:
    """One word more."""
    zero, one = b.constant(ints(0)), b.constant(np.int32(1))
    place = b.reshape(step, 1)
    row = b.concat([zero, place], 0)
    word = b.op("SLICE", [text, row, b.constant(ints(1, 1))], (1, 1))
    table = b.weights(words, width, gain=width**0.5)
    t = b.gather(table, word)
    slot = b.concat([zero, place, zero], 0)
    query = b.dense(t, width)
    keys = b.op("DYNAMIC_UPDATE_SLICE", [keys, b.dense(t, width), slot])
    values = b.op("DYNAMIC_UPDATE_SLICE", [values, b.dense(t, width), slot])
    everywhere = b.op(
        "RANGE", [b.constant(np.int32(0)), b.constant(np.int32(steps)), one], (steps,)
    )
    future = b.two("GREATER", everywhere, step, "bool")
    scores = b.mul(b.matmul(query, keys, transposed=True), width**-0.5)
    hidden = b.constant(np.float32(-1e4))
    scores = b.op("SELECT_V2", [future, hidden, scores], b.shapes[scores], "float32")
    t = b.layer_norm(b.add(t, b.matmul(b.softmax(scores), values)))
    best = b.arg_max(b.dense(t, words))
    after = b.two("ADD", step, one)
    where = b.reshape(after, 1)
    text = b.op("DYNAMIC_UPDATE_SLICE", [text, best, b.concat([zero, where], 0)])
    b.net.outputs = [after, text, keys, values]
