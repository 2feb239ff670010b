"""Networks whose state lasts from one run to the next in variables, which all signatures share."""

from __future__ import annotations

import numpy as np
from octavo.flatbuffer import Graph, Network

from user_networks.builder import Array, Builder, ints


def _handle(b: Builder, name: str) -> int:
    handle = b.tensor(name, (), "resource")
    b.net.op("VAR_HANDLE", [], [handle], shared_name=name)
    return handle


def _read(b: Builder, name: str, value: Array) -> int:
    """A variable, which begins with `value`."""
    return b.op("READ_VARIABLE", [_handle(b, name)], value.shape, value.dtype.name)


def _assign(b: Builder, name: str, t: int) -> None:
    b.net.op("ASSIGN_VARIABLE", [_handle(b, name), t], [])


def _begin(net: Network, values: dict[str, Array]) -> int:
    """The subgraph that gives variables their first values, for CALL_ONCE."""
    b = Builder(net.subgraph("begin"))
    for name, value in values.items():
        _assign(b, name, b.constant(value))
    assert isinstance(b.net, Graph)
    return b.net.index


def _signature(b: Builder, key: str, inputs: dict[str, int], outputs: dict[str, int]) -> None:
    b.net.inputs, b.net.outputs = list(inputs.values()), list(outputs.values())
    b.net.signature(key, inputs, outputs)


def dialogue(
    prompt: int = 64,
    steps: int = 256,
    width: int = 256,
    heads: int = 8,
    groups: int = 4,
    layers: int = 4,
    words: int = 4000,
) -> bytes:
    """A decoder as Llama's: RMSNorm, rotary positions, `groups` heads of keys and values for all
    `heads` of queries, gated layers. The main subgraph, "decode", takes a word and its place;
    "prefill" takes a prompt. Keys and values stay in variables."""
    cache = np.zeros((1, groups, steps, width // heads), np.float32)
    names = [f"{what}{layer}" for layer in range(layers) for what in ("keys", "values")]
    net = Network()
    begin = _begin(net, dict.fromkeys(names, cache))
    for key, count in (("decode", 1), ("prefill", prompt)):
        b = Builder(net if key == "decode" else net.subgraph(key))
        b.net.op("CALL_ONCE", [], [], init_subgraph_index=begin)
        ids = b.input("ids", (1, count), "int32")
        inputs = {"ids": ids}
        if key == "decode":
            inputs["place"] = b.input("place", (1,), "int32")
        place = inputs.get("place", b.constant(ints(0)))
        t = b.gather(b.weights(words, width, gain=width**0.5), ids)
        for layer in range(layers):
            t = b.add(t, _cached_attention(b, t, layer, place, heads, cache))
            inner = _rms_norm(b, t)
            gate = b.swish(b.dense(inner, 2 * width))
            t = b.add(t, b.dense(b.mul(gate, b.dense(inner, 2 * width)), width))
        logits = b.dense(_rms_norm(b, t), words)
        _signature(b, key, inputs, {"logits": logits})
    return net.build()


def _rms_norm(b: Builder, t: int) -> int:
    power = b.reduce("MEAN", b.mul(t, t), -1, keep=True)
    scale = b.constant(b.rng.uniform(0.8, 1.2, b.shapes[t][-1]))
    return b.mul(b.mul(t, b.op("RSQRT", [b.add(power, 1e-5)])), scale)


def _rotated(b: Builder, t: int, places: int, steps: int) -> int:
    """(1, words, heads, depth): both halves of `depth` by the angles of the words' places."""
    half = b.shapes[t][3] // 2
    angles = np.arange(steps)[:, None, None] * 100.0 ** (-np.arange(half) / half)
    sine, cosine = (b.gather(b.constant(f(angles)), places) for f in (np.sin, np.cos))
    x, y = b.split(t, 2)
    turned = b.sub(b.mul(x, cosine), b.mul(y, sine))
    return b.concat([turned, b.add(b.mul(x, sine), b.mul(y, cosine))])


def _cached_attention(b: Builder, t: int, layer: int, place: int, heads: int, cache: Array) -> int:
    """The words' keys and values go into the cache from `place` on; each word sees those up to its
    own."""
    _, groups, steps, depth = cache.shape
    _, count, width = b.shapes[t]
    words = b.two("ADD", place, b.constant(np.arange(count, dtype=np.int32)))
    x = _rms_norm(b, t)

    def projected(n: int) -> int:
        return b.reshape(b.dense(x, n * depth), 1, count, n, depth)

    query = b.transpose(_rotated(b, projected(heads), words, steps), 0, 2, 1, 3)
    query = b.reshape(query, 1, groups, heads // groups * count, depth)
    slot = b.concat([b.constant(ints(0, 0)), place, b.constant(ints(0))], 0)
    filled = {"keys": _rotated(b, projected(groups), words, steps), "values": projected(groups)}
    for name, new in filled.items():
        old = _read(b, f"{name}{layer}", cache)
        filled[name] = b.op("DYNAMIC_UPDATE_SLICE", [old, b.transpose(new, 0, 2, 1, 3), slot])
        _assign(b, f"{name}{layer}", filled[name])
    scores = b.mul(b.matmul(query, filled["keys"], transposed=True), depth**-0.5)
    everywhere = b.constant(np.arange(steps, dtype=np.int32))
    future = b.two("GREATER", everywhere, b.reshape(words, count, 1), "bool")
    scores = b.reshape(scores, heads, count, steps)
    hidden = b.constant(np.float32(-1e4))
    scores = b.op("SELECT_V2", [future, hidden, scores], b.shapes[scores], "float32")
    shares = b.reshape(b.softmax(scores), 1, groups, heads // groups * count, steps)
    mixed = b.reshape(b.matmul(shares, filled["values"]), 1, heads, count, depth)
    return b.dense(b.reshape(b.transpose(mixed, 0, 2, 1, 3), 1, count, width), width)


def gru_stream(steps: int = 10, depth: int = 40, units: int = 64) -> bytes:
    """A stateful GRU as Keras gives it: a WHILE over the steps, whose state is a variable and whose
    outputs are written to their places."""
    net = Network()
    start = np.zeros((1, units), np.float32)
    begin = _begin(net, {"state": start})
    b = Builder(net)
    net.op("CALL_ONCE", [], [], init_subgraph_index=begin)
    x = b.input("frames", (steps, 1, depth))
    kinds = [((), "int32"), ((steps, 1, depth), "float32"), ((1, units), "float32")]
    kinds += [((steps, 1, units), "float32")]
    condition, body = (Builder(net.subgraph(name), seed=1) for name in ("condition", "body"))
    for part in (condition, body):
        part.net.inputs = [part.tensor(f"x{i}", *kind) for i, kind in enumerate(kinds)]
    last = condition.constant(np.int32(steps))
    condition.net.outputs = [condition.two("LESS", condition.net.inputs[0], last, "bool")]
    step, frames, state, rows = body.net.inputs
    new = _gru_cell(body, body.gather(frames, step), state)
    place = body.concat([body.reshape(step, 1), body.constant(ints(0, 0))], 0)
    operands = [rows, body.reshape(new, 1, 1, units), place]
    written = body.op("DYNAMIC_UPDATE_SLICE", operands)
    body.net.outputs = [body.two("ADD", step, body.constant(np.int32(1))), frames, new, written]
    empty = b.constant(np.zeros((steps, 1, units), np.float32))
    operands = [b.constant(np.int32(0)), x, _read(b, "state", start), empty]
    results = [b.tensor("loop", *kind) for kind in kinds]
    options = {"cond_subgraph_index": condition.net.index, "body_subgraph_index": body.net.index}
    net.op("WHILE", operands, results, **options)
    _assign(b, "state", results[2])
    return b.build(b.softmax(b.dense(b.reshape(results[3], steps, units), 5)))


def _gru_cell(b: Builder, x: int, state: int) -> int:
    units = b.shapes[state][1]
    gates = b.op("LOGISTIC", [b.add(b.dense(x, 2 * units), b.dense(state, 2 * units))])
    update, reset = b.split(gates, 2)
    candidate = b.op("TANH", [b.add(b.dense(x, units), b.mul(reset, b.dense(state, units)))])
    return b.add(candidate, b.mul(update, b.sub(state, candidate)))


def early_exit(width: int = 128, layers: int = 12, rounds: int = 3) -> bytes:
    """A WHILE over layers that ends when a class is likely enough. Which of two kinds a layer is an
    IF decides; one of them goes round a WHILE of its own, as often as the layer's number says."""
    net = Network()
    b = Builder(net)
    x = b.input("features", (1, width))
    kinds = [((), "int32"), ((1, width), "float32")]
    names = ("more layers", "layer", "plain", "refined", "more rounds", "round")
    parts = {name: Builder(net.subgraph(name), seed=i) for i, name in enumerate(names)}
    inputs = {}
    for name, part in parts.items():
        inputs[name] = [part.tensor(f"x{i}", *kind) for i, kind in enumerate(kinds)]
        part.net.inputs = inputs[name]

    part, (number, t) = parts["more layers"], inputs["more layers"]
    likeliest = part.reduce("REDUCE_MAX", part.softmax(part.dense(t, 8)), 0, 1)
    unsure = part.two("LESS", likeliest, part.constant(np.float32(0.9)), "bool")
    left = part.two("LESS", number, part.constant(np.int32(layers)), "bool")
    part.net.outputs = [part.op("LOGICAL_AND", [left, unsure])]

    part, (number, t) = parts["layer"], inputs["layer"]
    parity = part.two("FLOOR_MOD", number, part.constant(np.int32(2)))
    is_odd = part.two("EQUAL", parity, part.constant(np.int32(1)), "bool")
    choice = {
        "then_subgraph_index": parts["refined"].net.index,
        "else_subgraph_index": parts["plain"].net.index,
    }
    [y] = part.ops("IF", [is_odd, number, t], [(1, width)], "float32", **choice)
    part.net.outputs = [part.two("ADD", number, part.constant(np.int32(1))), y]

    part, (_, t) = parts["plain"], inputs["plain"]
    part.net.outputs = [part.add(t, part.dense(t, width, "RELU"))]

    part, (number, t) = parts["refined"], inputs["refined"]
    count = part.two("FLOOR_MOD", number, part.constant(np.int32(rounds + 1)))
    results = [part.tensor("rounds", *kind) for kind in kinds]
    options = {
        "cond_subgraph_index": parts["more rounds"].net.index,
        "body_subgraph_index": parts["round"].net.index,
    }
    part.net.op("WHILE", [count, t], results, **options)
    part.net.outputs = results[1:]

    part, (count, _) = parts["more rounds"], inputs["more rounds"]
    part.net.outputs = [part.two("GREATER", count, part.constant(np.int32(0)), "bool")]

    part, (count, t) = parts["round"], inputs["round"]
    smooth = part.op("TANH", [part.dense(t, width)])
    part.net.outputs = [part.two("SUB", count, part.constant(np.int32(1))), part.add(t, smooth)]

    results = [b.tensor("loop", *kind) for kind in kinds]
    options = {
        "cond_subgraph_index": parts["more layers"].net.index,
        "body_subgraph_index": parts["layer"].net.index,
    }
    net.op("WHILE", [b.constant(np.int32(0)), x], results, **options)
    return b.build(b.softmax(b.dense(results[1], 8)), results[0])


def trainer(batch: int = 16, depth: int = 64, units: int = 128, classes: int = 10) -> bytes:
    """Learns on the device: "train" steps down the gradient of the squared error that two layers
    make, "infer" runs them, "weights" gives what has been learned."""
    rng = np.random.default_rng(0)
    values = {
        "first": rng.normal(0, depth**-0.5, (depth, units)).astype(np.float32),
        "second": rng.normal(0, units**-0.5, (units, classes)).astype(np.float32),
    }
    net = Network()
    begin = _begin(net, values)
    for key in ("infer", "train", "weights"):
        b = Builder(net if key == "infer" else net.subgraph(key))
        b.net.op("CALL_ONCE", [], [], init_subgraph_index=begin)
        first, second = (_read(b, name, value) for name, value in values.items())
        if key == "weights":
            zero = b.input("zero", (1,))
            _signature(b, key, {"zero": zero}, {"sum": b.add(second, zero)})
            continue
        x = b.input("x", (batch, depth))
        hidden = b.op("RELU", [b.matmul(x, first)])
        shares = b.softmax(b.matmul(hidden, second))
        if key == "infer":
            _signature(b, key, {"x": x}, {"shares": shares})
            continue
        labels = b.input("labels", (batch, classes))
        error = b.sub(shares, labels)
        ones = b.constant(np.ones((classes, 1), np.float32))
        slope = b.mul(b.sub(error, b.matmul(b.mul(error, shares), ones)), shares)  # of the logits
        back = b.matmul(slope, second, transposed=True)
        is_on = b.two("GREATER", hidden, b.constant(np.float32(0)), "bool")
        none = b.constant(np.float32(0))
        back = b.op("SELECT_V2", [is_on, back, none], b.shapes[back], "float32")
        for name, weights, left, right in (
            ("first", first, x, back),
            ("second", second, hidden, slope),
        ):
            shape = b.shapes[weights]
            gradient = b.op("BATCH_MATMUL", [left, right], shape, "float32", adj_x=True)
            _assign(b, name, b.sub(weights, b.mul(gradient, 0.5)))
        loss = b.reduce("MEAN", b.mul(error, error), 0, 1)
        _signature(b, key, {"x": x, "labels": labels}, {"loss": loss})
    return net.build()
