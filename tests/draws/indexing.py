"""Operators whose data says which elements they take, and sums over such places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from moving import Constant, array, axes, parameter, quantizations, shapes, single
from octavo.flatbuffer import Network
from single_op import Array, arrays, scales

from draws import generator
from draws.movement import Case


def indices(draw: Any, bounds: Any, shape: tuple[int, ...], dtype: str) -> Array:
    """Random integers in [0, bounds), which broadcasts against `shape`."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.asarray(rng.integers(0, np.broadcast_to(bounds, shape)), dtype)


def numbers(draw: Any, shape: tuple[int, ...], dtype: str) -> Array | Constant:
    """Numbers to compute with or to compare: no NaN, few enough that some are equal."""
    if dtype in ("int4", "bool") or np.dtype(dtype).kind == "c":
        return array(draw, shape, dtype)
    value: Array = draw(arrays(shape, dtype))
    if draw(st.booleans()):
        few = draw(arrays((3,), dtype))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        value = rng.choice(few, shape)
    return value


@generator("GATHER")
def gather(draw: Any, code: str, dtype: str) -> Case:
    shape = list(draw(shapes(least=1, most=5, smallest=0)))
    axis = draw(st.integers(0, len(shape) - 1))
    if dtype == "int4" and math.prod(shape[axis + 1 :]) % 2:
        shape.append(2)  # slices of whole bytes
    batch_dims = draw(st.integers(0, axis))
    positions = (*shape[:batch_dims], *draw(shapes(most=3, smallest=0)))
    if shape[axis] == 0:
        positions = (*positions, 0)
    index_type = draw(st.sampled_from(["int16", "int32", "int64"]))
    taken = indices(draw, max(shape[axis], 1), positions, index_type)
    options = {
        "axis": axis - len(shape) * draw(st.booleans()),
        "batch_dims": batch_dims - len(positions) * draw(st.booleans()),
    }
    given = Constant(taken, index_type) if draw(st.booleans()) else taken
    operands = [array(draw, tuple(shape), dtype), given]
    return single(code, operands, [dtype], draw(quantizations(dtype)), **options)


@generator("GATHER_ND")
def gather_nd(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5))
    depth = draw(st.integers(1, len(shape)))
    index_type = draw(st.sampled_from(["int16", "int32", "int64"]))
    where = (*draw(shapes(most=3, smallest=0)), depth)
    taken = indices(draw, np.array(shape[:depth], int), where, index_type)
    return single(code, [array(draw, shape, dtype), taken], [dtype], draw(quantizations(dtype)))


@generator("SCATTER_ND")
def scatter_nd(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5))
    depth = draw(st.integers(1, len(shape)))
    many = draw(shapes(least=1, most=2, smallest=0))
    places = indices(draw, np.array(shape[:depth]), (*many, depth), "int32")
    updates = numbers(draw, (*many, *shape[depth:]), dtype)
    return single(code, [places, updates, parameter(draw, shape)], [dtype])


@generator("SELECT", "SELECT_V2")
def select(draw: Any, code: str, dtype: str) -> Case:
    if code == "SELECT":
        whole = draw(shapes(least=1, most=5, smallest=0))
        each = [draw(st.sampled_from([whole, (), whole[:1]])), whole, whole]
    else:
        several = mutually_broadcastable_shapes(num_shapes=3, max_dims=5, min_side=0, max_side=4)
        each = list(draw(several).input_shapes)
        whole = np.broadcast_shapes(*each)
    operands = [array(draw, each[0], "bool"), *(array(draw, s, dtype) for s in each[1:])]
    return single(code, operands, [dtype], draw(quantizations(dtype)), shape=whole)


@generator("WHERE")
def where(draw: Any, code: str, dtype: str) -> Case:
    condition = numbers(draw, draw(shapes(least=1, most=8, smallest=0)), dtype)
    given = condition if isinstance(condition, Constant) else parameter(draw, condition, dtype)
    return single(code, [given], ["int64"])


@generator("TOPK_V2")
def topk_v2(draw: Any, code: str, dtype: str) -> Case:
    shape = (*draw(shapes(most=3, smallest=0)), draw(st.integers(1, 40)))
    k = draw(st.integers(-1, shape[-1]))
    index_type = draw(st.sampled_from(["int32", "int16"]))
    given = parameter(
        draw, draw(st.sampled_from([k, [k]])), draw(st.sampled_from(["int32", "int16"]))
    )
    operands = [numbers(draw, shape, dtype), given]
    return single(code, operands, [dtype, index_type], draw(quantizations(dtype)))


@generator("UNIQUE")
def unique(draw: Any, code: str, dtype: str) -> Case:
    values = numbers(draw, draw(st.tuples(st.integers(1, 60))), dtype)
    given = values if isinstance(values, Constant) else parameter(draw, values, dtype)
    index_type = draw(st.sampled_from(["int32", "int64"]))
    return single(code, [given], [dtype, index_type], idx_out_type=index_type.upper())


@generator("ONE_HOT")
def one_hot(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(most=4, smallest=0))
    depth = draw(st.integers(0, 6))
    axis = draw(st.integers(-1, len(shape)))
    index_type = draw(st.sampled_from(["int32", "int64"]))
    hot = np.asarray(indices(draw, depth + 4, shape, index_type) - 2)
    operands = [hot, parameter(draw, depth), array(draw, (), dtype), array(draw, (), dtype)]
    return single(code, operands, [dtype], axis=axis)


@generator("RANGE")
def range_(draw: Any, code: str, dtype: str) -> Case:
    if dtype == "int4":
        return single(code, [Constant(1, dtype)] * 3, [dtype])
    start, delta = draw(st.integers(-20, 20)), draw(st.sampled_from([1, 2, 3, -1, -2, -7]))
    count = draw(st.integers(0, 12))
    limit = (
        start
        + count * delta
        - (draw(st.integers(0, abs(delta) - 1)) if count else 0) * np.sign(delta)
    )
    factor = draw(st.sampled_from([1.0, 0.1, 0.37])) if dtype.startswith("float") else 1
    values = [np.array(v * factor).astype(dtype) for v in (start, limit, delta)]
    return single(code, [parameter(draw, v, dtype) for v in values], [dtype])


@generator("SPARSE_TO_DENSE")
def sparse_to_dense(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=4))
    count = draw(st.integers(1, 5))
    index_type, shape_type = (draw(st.sampled_from(["int32", "int64"])) for _ in range(2))
    one = len(shape) == 1 and draw(st.booleans())
    places = indices(draw, np.array(shape), (count, len(shape)), index_type)
    if one:
        places = places[:, 0]
    values = array(draw, (count,), dtype)
    if count == 1 and draw(st.booleans()):
        values = array(draw, (), dtype)
    operands = [places, parameter(draw, shape, shape_type), values, array(draw, (), dtype)]
    return single(code, operands, [dtype], draw(quantizations(dtype)))


@generator("REVERSE_SEQUENCE")
def reverse_sequence(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=2, most=5))
    sequence, batch = draw(st.permutations(range(len(shape))))[:2]
    lengths = indices(draw, shape[sequence] + 1, (shape[batch],), "int32")
    lengths = lengths.astype(draw(st.sampled_from(["int32", "int64"])))
    x = array(draw, shape, dtype)
    quantization = draw(quantizations(dtype))
    return single(code, [x, lengths], [dtype], quantization, seq_dim=sequence, batch_dim=batch)


@generator("DYNAMIC_UPDATE_SLICE")
def dynamic_update_slice(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5))
    update = tuple(draw(st.integers(0, size)) for size in shape)
    begin = [draw(st.integers(-2, size + 2)) for size in shape]
    given = np.array(begin, draw(st.sampled_from(["int32", "int64"])))
    operands = [array(draw, shape, dtype), array(draw, update, dtype), given]
    return single(code, operands, [dtype], draw(quantizations(dtype)))


@generator("HASHTABLE_LOOKUP")
def hashtable_lookup(draw: Any, code: str, dtype: str) -> Case:
    keys = sorted(draw(st.sets(st.integers(-10, 10), min_size=1, max_size=12)))
    lookup = np.array(draw(st.lists(st.integers(-12, 12), min_size=1, max_size=9)), np.int32)
    shape = (len(keys), *draw(shapes(most=3)))
    operands = [lookup, Constant(keys), array(draw, shape, dtype)]
    return single(code, operands, [dtype, "uint8"])


@generator("EMBEDDING_LOOKUP")
def embedding_lookup(draw: Any, code: str, dtype: str) -> Case:
    """Rows as they are, or of integers as floats, by one scale or one for each row."""
    net = Network()
    shape = draw(shapes(least=2, most=4))
    if dtype == "int4" and math.prod(shape[1:]) % 4:
        shape = (*shape, 4)  # LiteRT's rows begin with whole bytes, of int2 too
    rows = indices(draw, shape[0], draw(st.tuples(st.integers(1, 6))), "int32")
    value = array(draw, shape, dtype)
    quantized = dtype in ("int4", "int8", "uint8") and draw(st.booleans())
    quantization: dict[str, Any] = {}
    if quantized:
        count = shape[0] if draw(st.booleans()) else 1
        quantization["scale"] = draw(st.lists(scales(), min_size=count, max_size=count))
    lookup = net.tensor("lookup", rows.shape, "int32")
    data = value.value if isinstance(value, Constant) else value
    table = net.tensor("table", shape, dtype, data=data, **quantization)
    output = net.tensor(
        "output", (), draw(st.sampled_from(["float32", "float16"])) if quantized else dtype
    )
    net.op(code, [lookup, table], [output])
    net.inputs, net.outputs = [lookup], [output]
    return net.build(), {lookup: rows}


@generator("EMBEDDING_LOOKUP_SPARSE")
def embedding_lookup_sparse(draw: Any, code: str, dtype: str) -> Case:
    value = numbers(draw, draw(shapes(least=2, most=4)), dtype)
    dense = draw(shapes(least=1, most=3))
    count = draw(st.integers(1, 6))
    places = indices(draw, np.array(dense), (count, len(dense)), "int32")
    places = places[np.lexsort(places.T[::-1])]
    ids = indices(
        draw,
        value.shape[0],
        (count,),
        "int32",
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    weights = rng.uniform(0.5, 2, count).astype(np.float32)
    combiner = draw(st.sampled_from(["SUM", "MEAN", "SQRTN"]))
    operands = [ids, places, parameter(draw, dense), weights, value]
    return single(code, operands, ["float32"], combiner=combiner)


@generator("SEGMENT_SUM")
def segment_sum(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=4))
    steps = [draw(st.integers(0, 1)) for _ in range(shape[0] - 1)]
    ids = np.cumsum([0, *steps])
    return single(code, [numbers(draw, shape, dtype), parameter(draw, ids)], [dtype])


@generator(*(f"UNSORTED_SEGMENT_{what}" for what in ("MAX", "MIN", "PROD", "SUM")))
def unsorted_segment(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=4))
    segments = draw(st.integers(1, 5))
    ids = indices(draw, segments + 1, shape[: draw(st.integers(1, len(shape)))], "int32") - 1
    values = numbers(draw, shape, dtype)
    if code.endswith("PROD") and dtype == "float32":
        values = np.clip(values, -3, 3)
    count = parameter(draw, draw(st.sampled_from([segments, [segments]])))
    return single(code, [values, ids, count], [dtype])


@generator("CUMSUM")
def cumsum(draw: Any, code: str, dtype: str) -> Case:
    shape = draw(shapes(least=1, most=5, smallest=0))
    axis = draw(axes(len(shape)))
    options = {"exclusive": draw(st.booleans()), "reverse": draw(st.booleans())}
    return single(code, [numbers(draw, shape, dtype), parameter(draw, axis)], [dtype], **options)


@generator("BUCKETIZE")
def bucketize(draw: Any, code: str, dtype: str) -> Case:
    boundaries = sorted(draw(st.lists(st.floats(-20, 20, width=32), max_size=9)))
    shape = draw(shapes(smallest=0))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.integers(-22, 23, shape) if "int" in dtype else rng.uniform(-22, 22, shape)
    if boundaries and draw(st.booleans()):
        values = rng.choice(boundaries, shape)
    given = Constant(values, "int4") if dtype == "int4" else values.astype(dtype)
    return single(code, [given], ["int32"], boundaries=boundaries)
