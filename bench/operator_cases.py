"""Networks of one operator, with the types and shapes that real networks have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import octavo
import octavo._schema as schema
from octavo.flatbuffer import Network

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Scale = tuple[float, int]

# What is quantized has the same scale and zero point everywhere, but where LiteRT wants another.
SCALES: dict[str, Scale] = {"int8": (0.05, 3), "uint8": (0.05, 131), "int16": (0.05 / 256, 0)}
PROBABILITY = {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)}
PLAIN = (None, 0)


@dataclass(frozen=True)
class Operand:
    """An input that is given, a constant, or a state."""

    value: Array
    kind: str = "given"  # or "constant", "state"
    scale: Any = None  # None: that of SCALES
    dtype: str = ""  # where it is not the value's: "int4"
    block_scales: Array | None = None  # (rows, blocks), of weights that have them

    def add_to(self, net: Network, name: str) -> int:
        dtype = self.dtype or str(self.value.dtype)
        scale, zero_point = self.scale or SCALES.get(dtype, PLAIN)
        data = self.value if self.kind == "constant" else None
        index = net.tensor(
            name,
            self.value.shape,
            dtype,
            data=data,
            scale=scale,
            zero_point=zero_point,
            is_variable=self.kind == "state",
        )
        if self.block_scales is not None:
            details = schema.BlockwiseQuantizationT()
            details.scales, details.zeroPoints = net.constant("scales", self.block_scales), -1
            details.blockSize = self.value.shape[1] // self.block_scales.shape[1]
            quantization = net.model().subgraphs[0].tensors[index].quantization
            quantization.details = details
            quantization.detailsType = schema.QuantizationDetails.BlockwiseQuantization
        return index


@dataclass(frozen=True)
class Case:
    code: str
    operands: Sequence[Operand | None]
    options: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()  # types; the first operand's where none is given
    scale: Scale | None = None  # the outputs'
    intermediates: tuple[Operand, ...] = ()
    note: str = ""

    def inputs(self) -> list[Array]:
        return [o.value for o in self.operands if o is not None and o.kind == "given"]

    def types(self) -> str:
        first = str(self.inputs()[0].dtype)
        return first if self.outputs in ((), (first,)) else f"{first} to {self.outputs[0]}"

    def shapes(self) -> str:
        shapes = ", ".join("x".join(map(str, x.shape)) or "1" for x in self.inputs())
        return f"{shapes} {self.note}".strip()

    def build(self) -> bytes:
        """The file. LiteRT's delegate wants the outputs' shapes in it, which octavo knows."""
        interpreter = octavo.Interpreter(model_content=self._build(None))
        interpreter.allocate_tensors()
        return self._build([tuple(d["shape"]) for d in interpreter.get_output_details()])

    def _build(self, shapes: list[Shape] | None) -> bytes:
        net = Network()
        tensors = [o and o.add_to(net, f"x{i}") for i, o in enumerate(self.operands)]
        given = [o is not None and o.kind == "given" for o in self.operands]
        net.inputs = [t for t, is_given in zip(tensors, given, strict=True) if is_given]
        for i, dtype in enumerate(self.outputs or (str(self.inputs()[0].dtype),)):
            scale, zero_point = self.scale or SCALES.get(dtype, PLAIN)
            shape = shapes[i] if shapes else ()
            net.outputs.append(
                net.tensor(f"y{i}", shape, dtype, scale=scale, zero_point=zero_point)
            )
        inner = [o.add_to(net, f"i{i}") for i, o in enumerate(self.intermediates)]
        net.op(self.code, tensors, net.outputs, intermediates=inner or None, **self.options)
        return net.build()


RNG = np.random.default_rng(0)


def values(dtype: str, *shape: int) -> Array:
    """Floats are normal, bytes and words take all of their range, others have three digits."""
    if dtype == "float32":
        return RNG.normal(0, 1, shape).astype(np.float32)
    if dtype == "bool":
        return RNG.integers(0, 2, shape).astype(bool)
    if np.dtype(dtype).itemsize > 2:
        return RNG.integers(-1000, 1000, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def x(dtype: str, *shape: int) -> Operand:
    return Operand(values(dtype, *shape))


def positive(*shape: int) -> Operand:
    return Operand(np.abs(values("float32", *shape)) + np.float32(0.01))


def const(value: Any, dtype: str = "int32") -> Operand:
    return Operand(np.asarray(value, dtype), "constant")


def weights(dtype: str, *shape: int) -> Operand:
    """Of float32, or of int8 and symmetric."""
    if dtype == "float32":
        return Operand(values(dtype, *shape), "constant")
    return Operand(values("int8", *shape), "constant", (0.01, 0))


def state(dtype: str, *shape: int, scale: Scale | None = None) -> Operand:
    return Operand(np.zeros(shape, dtype), "state", scale)


def arithmetic() -> Iterator[Case]:
    image, pixel, channels = (1, 56, 56, 64), (1, 56, 56, 1), (64,)
    for dtype in ("float32", "int8"):
        for code in ("ADD", "SUB", "MUL"):
            yield Case(code, [x(dtype, *image), x(dtype, *image)])
        for code in ("ADD", "MUL"):
            for other in (channels, (1, 1, 1, 64), pixel, (1,), (1, 56, 1, 64)):
                yield Case(code, [x(dtype, *image), x(dtype, *other)])
            yield Case(code, [x(dtype, 1, 128, 1, 64), x(dtype, 1, 1, 128, 64)])
            yield Case(code, [x(dtype, 8, 128, 128), x(dtype, 1, 1, 128)])
        for code in ("SUB", "MUL", "SQUARED_DIFFERENCE"):
            yield Case(code, [x(dtype, 48, 48, 1, 2), x(dtype, 1, 1, 17, 2)])
            yield Case(code, [x(dtype, 48, 48, 17, 2), x(dtype, 48, 48, 17, 1)])
        for code in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"):
            yield Case(code, [x(dtype, *image), x(dtype, *image)])
        yield Case("PRELU", [x(dtype, *image), weights(dtype, 1, 1, 64)])
    yield Case("ADD", [x("int16", *image), x("int16", *image)])
    yield Case("MUL", [x("int16", *image), x("int16", *channels)])
    yield Case("DIV", [x("float32", *image), positive(*pixel)])
    yield Case("DIV", [x("float32", *image), positive(*image)])
    yield Case("POW", [positive(*image), const([3], "float32")], note="^3")
    yield Case("POW", [x("float32", *image), const([3], "float32")], note="^3, any sign")
    yield Case("POW", [x("float32", *image), const([2], "float32")], note="^2")
    yield Case("POW", [positive(*image), const([0.5], "float32")], note="^0.5")
    yield Case("POW", [positive(*image), x("float32", *image)])
    yield Case("ADD", [x("int32", *image), x("int32", *image)])
    yield Case("MUL", [x("int64", 1, 4096), x("int64", 1, 4096)])
    yield Case("FLOOR_DIV", [x("int32", 1, 65536), Operand(np.full(1, 7, np.int32))])
    yield Case("FLOOR_MOD", [x("int32", 1, 65536), Operand(np.full(1, 7, np.int32))])
    yield Case("FLOOR_DIV", [x("float32", 1, 65536), positive(1, 65536)])
    yield Case("FLOOR_MOD", [x("float32", 1, 65536), positive(1, 65536)])
    yield Case("ATAN2", [x("float32", 1, 65536), x("float32", 1, 65536)])
    yield Case("ADD_N", [x("float32", *image) for _ in range(3)])
    for code in ("LESS", "EQUAL"):
        for dtype in ("float32", "int8", "int32"):
            same = [x(dtype, *image), x(dtype, *image)]
            yield Case(code, same, outputs=("bool",))
        yield Case(code, [x("float32", *image), x("float32", 1)], outputs=("bool",))
        yield Case(code, [x("float32", 1, 128, 1), x("float32", 1, 1, 128)], outputs=("bool",))
    for code in ("LOGICAL_AND", "LOGICAL_OR"):
        yield Case(code, [x("bool", *image), x("bool", *image)])
    yield Case("LOGICAL_NOT", [x("bool", *image)])


def functions() -> Iterator[Case]:
    image = (1, 56, 56, 64)
    for code in (
        *("ABS", "NEG", "SQUARE", "CEIL", "FLOOR", "ROUND", "SIGN", "EXP", "SIN", "COS", "ELU"),
        *("HARD_SWISH", "LOGISTIC", "TANH", "RELU", "RELU6", "GELU"),
    ):
        yield Case(code, [x("float32", *image)])
    yield Case("GELU", [x("float32", *image)], {"approximate": True}, note="tanh")
    yield Case("LEAKY_RELU", [x("float32", *image)], {"alpha": 0.1})
    for code in ("LOG", "SQRT", "RSQRT"):
        yield Case(code, [positive(*image)])
    for code in ("HARD_SWISH", "LOGISTIC", "TANH", "RELU", "RELU6", "GELU", "ELU", "ABS", "RSQRT"):
        scale = PROBABILITY["int8"] if code == "LOGISTIC" else None
        scale = (1 / 128, 0) if code == "TANH" else scale
        given = Operand(values("int8", *image), scale=(0.05, -128) if code == "RSQRT" else None)
        yield Case(code, [given], scale=scale)
    yield Case("LEAKY_RELU", [x("int8", *image)], {"alpha": 0.1})
    for code in ("LOGISTIC", "TANH"):
        yield Case(code, [x("int16", *image)], scale=PROBABILITY["int16"])
    for dtype in ("float32", "int8"):
        scale = PROBABILITY.get(dtype)
        for shape in ((1, 1000), (8, 128, 128), (1, 2400, 2), (1, 8, 32, 32)):
            yield Case("SOFTMAX", [x(dtype, *shape)], {"beta": 1.0}, scale=scale)
        norm = (1 / 128, 0) if dtype == "int8" else None
        yield Case("L2_NORMALIZATION", [x(dtype, 1, 512)], scale=norm)
        yield Case("L2_NORMALIZATION", [x(dtype, 256, 128)], scale=norm)
        log = (16 / 256, 127) if dtype == "int8" else None
        yield Case("LOG_SOFTMAX", [x(dtype, 100, 1000)], scale=log)
    response = {"radius": 5, "bias": 1.0, "alpha": 1e-4, "beta": 0.75}
    yield Case("LOCAL_RESPONSE_NORMALIZATION", [x("float32", 1, 28, 28, 96)], response)


def reductions() -> Iterator[Case]:
    for dtype in ("float32", "int8"):
        for code in ("MEAN", "SUM", "REDUCE_MAX"):
            for shape, axes in (((1, 7, 7, 1280), [1, 2]), ((1, 56, 56, 64), [1, 2])):
                yield Case(code, [x(dtype, *shape), const(axes)], note=f"of {axes}")
            yield Case(code, [x(dtype, 128, 512), const([1])], {"keep_dims": True}, note="of [1]")
            yield Case(code, [x(dtype, 1, 56, 56, 64), const([3])], note="of [3]")
            yield Case(code, [x(dtype, 48, 48, 17, 2), const([3])], note="of [3]")
            yield Case(code, [x(dtype, 1, 112, 112, 3), const([3])], note="of [3]")
            yield Case(code, [x(dtype, 1, 64, 56, 56), const([2, 3])], note="of [2, 3]")
        yield Case("ARG_MAX", [x(dtype, 1, 1000), const(1)], {"output_type": "INT32"}, ("int32",))
        yield Case(
            "ARG_MAX", [x(dtype, 1, 129, 129, 21), const(3)], {"output_type": "INT32"}, ("int32",)
        )
        yield Case(
            "ARG_MAX", [x(dtype, 1, 48, 48, 17), const(1)], {"output_type": "INT32"}, ("int32",)
        )
        for shape, k in (((1, 1001), 5), ((1, 20000), 100), ((64, 1000), 10)):
            output = (dtype, "int32")
            yield Case("TOPK_V2", [x(dtype, *shape), const(k)], outputs=output, note=f"of {k}")
    yield Case("REDUCE_MIN", [x("float32", 128, 512), const([1])], note="of [1]")
    yield Case("REDUCE_PROD", [x("float32", 128, 512), const([1])], note="of [1]")
    yield Case("REDUCE_ANY", [x("bool", 128, 512), const([1])], note="of [1]")
    yield Case("MEAN", [x("int16", 1, 7, 7, 1280), const([1, 2])], note="of [1, 2]")
    for dtype in ("float32", "int32"):
        yield Case("CUMSUM", [x(dtype, 1, 128, 512), const(1)], note="of [1]")
        yield Case("CUMSUM", [x(dtype, 128, 512), const(1)], note="of [1]")
    window = {"stride_h": 2, "stride_w": 2, "filter_height": 2, "filter_width": 2}
    for dtype in ("float32", "int8"):
        for code in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
            yield Case(code, [x(dtype, 1, 112, 112, 64)], {"padding": "VALID", **window})
    yield Case("L2_POOL_2D", [x("float32", 1, 56, 56, 64)], {"padding": "VALID", **window})


def movement() -> Iterator[Case]:
    for dtype in ("float32", "int8", "int64"):
        for shape, order in (
            ((1, 56, 56, 64), [0, 3, 1, 2]),
            ((1, 64, 56, 56), [0, 2, 3, 1]),
            ((1, 128, 8, 64), [0, 2, 1, 3]),
            ((512, 512), [1, 0]),
            ((8, 128, 64), [0, 2, 1]),
            ((1, 14, 14, 2, 32), [0, 1, 2, 4, 3]),
        ):
            yield Case("TRANSPOSE", [x(dtype, *shape), const(order)], note=str(order))
    for dtype in ("float32", "int8"):
        image = (1, 56, 56, 64)
        rows = Operand(RNG.integers(0, 3000, (1, 128)).astype(np.int32))
        yield Case("GATHER", [x(dtype, 3000, 256), rows], {"axis": 0})
        columns = Operand(RNG.integers(0, 64, (40,)).astype(np.int32))
        yield Case("GATHER", [x(dtype, *image), columns], {"axis": 3})
        places = Operand(RNG.integers(0, 56, (1000, 2)).astype(np.int32))
        yield Case("GATHER_ND", [x(dtype, 56, 56, 64), places])
        targets = Operand(RNG.permutation(4096)[:1024, None].astype(np.int32))
        yield Case("SCATTER_ND", [targets, x(dtype, 1024, 64), const([4096, 64])], outputs=(dtype,))
        for axis, shape in ((3, image), (1, image), (3, (1, 35, 35, 288))):
            parts = [x(dtype, *shape) for _ in range(3)]
            yield Case("CONCATENATION", parts, {"axis": axis}, note=f"axis {axis}")
        pixels = [x(dtype, 1, 80, 80, n) for n in (4, 80, 1)]
        yield Case("CONCATENATION", pixels, {"axis": 3}, note="axis 3")
        sizes = [const([0, 2, 2, 0]), const([1, 52, 52, 64])]
        yield Case("SLICE", [x(dtype, *image), *sizes])
        yield Case("SLICE", [x(dtype, *image), const([0, 0, 0, 16]), const([1, 56, 56, 32])])
        yield Case("STRIDED_SLICE", [x(dtype, *image), *map(const, ([0] * 4, image, [1, 2, 2, 1]))])
        yield Case("STRIDED_SLICE", [x(dtype, *image), *map(const, ([0] * 4, image, [1, 1, 1, 2]))])
        split = [const(3), x(dtype, *image)]
        yield Case("SPLIT", split, {"num_splits": 2}, (dtype, dtype), note="axis 3")
        pads = const([[0, 0], [1, 1], [1, 1], [0, 0]])
        yield Case("PAD", [x(dtype, *image), pads])
        yield Case("PAD", [x(dtype, 1, 224, 224, 3), pads])
        yield Case("PADV2", [x(dtype, *image), pads, Operand(values(dtype, 1)[0:1], "constant")])
        for mode in ("REFLECT", "SYMMETRIC"):
            yield Case("MIRROR_PAD", [x(dtype, *image), pads], {"mode": mode}, note=mode.lower())
        yield Case("MIRROR_PAD", [x(dtype, 1, 256, 256, 3), pads], {"mode": "REFLECT"})
        yield Case("TILE", [x(dtype, 1, 1, 1, 64), const([1, 56, 56, 1])])
        yield Case("TILE", [x(dtype, 1, 28, 28, 64), const([1, 2, 2, 1])])
        yield Case("BROADCAST_TO", [x(dtype, 1, 1, 1, 64), const([1, 56, 56, 64])], {"version": 2})
        yield Case("BROADCAST_TO", [x(dtype, 1, 128, 1), const([1, 128, 128])], {"version": 2})
        yield Case("SPACE_TO_DEPTH", [x(dtype, 1, 56, 56, 64)], {"block_size": 2})
        yield Case("SPACE_TO_DEPTH", [x(dtype, 1, 224, 224, 3)], {"block_size": 2})
        yield Case("DEPTH_TO_SPACE", [x(dtype, 1, 56, 56, 64)], {"block_size": 2})
        yield Case("DEPTH_TO_SPACE", [x(dtype, 1, 128, 128, 12)], {"block_size": 2})
        blocks = [const([2, 2]), const([[0, 0], [0, 0]])]
        yield Case("SPACE_TO_BATCH_ND", [x(dtype, *image), *blocks])
        yield Case("BATCH_TO_SPACE_ND", [x(dtype, 4, 28, 28, 64), *blocks])
        pack = [x(dtype, 56, 56, 16) for _ in range(4)]
        yield Case("PACK", pack, {"axis": 3, "values_count": 4}, note="axis 3")
        unpack = {"axis": 1, "num": 4}
        yield Case("UNPACK", [x(dtype, 56, 4, 56, 16)], unpack, (dtype,) * 4, note="axis 1")
        yield Case("REVERSE_V2", [x(dtype, 1, 128, 256), const([1])], note="of [1]")
        where = [x("bool", *image), x(dtype, *image), x(dtype, *image)]
        yield Case("SELECT_V2", where, outputs=(dtype,))
        where = [x("bool", 1, 128, 128), x(dtype, 8, 128, 128), x(dtype, 1)]
        yield Case("SELECT_V2", where, outputs=(dtype,))
        place = Operand(np.array([0, 7, 0, 0], np.int32))
        cache = [x(dtype, 1, 512, 8, 64), x(dtype, 1, 1, 8, 64), place]
        yield Case("DYNAMIC_UPDATE_SLICE", cache)
        for align, half in ((False, False), (True, False), (False, True)):
            options = {"align_corners": align, "half_pixel_centers": half}
            note = "aligned" if align else "half pixels" if half else ""
            for shape, size in (((1, 33, 33, 21), 129), ((1, 28, 28, 128), 56)):
                operands = [x(dtype, *shape), const([size, size])]
                yield Case("RESIZE_BILINEAR", operands, options, note=f"to {size} {note}".strip())
        operands = [x(dtype, 1, 256, 256, 3), const([224, 224])]
        yield Case("RESIZE_BILINEAR", operands, {"half_pixel_centers": True}, note="to 224")
        operands = [x(dtype, 1, 64, 64, 1), const([256, 256])]
        yield Case("RESIZE_BILINEAR", operands, {"half_pixel_centers": True}, note="to 256")
        operands = [x(dtype, 1, 26, 26, 256), const([52, 52])]
        yield Case("RESIZE_NEAREST_NEIGHBOR", operands, note="to 52")
    rows = Operand(RNG.integers(0, 3000, (128,)).astype(np.int32))
    table = const(values("float32", 3000, 256), "float32")
    yield Case("EMBEDDING_LOOKUP", [rows, table], outputs=("float32",))
    hot = [Operand(RNG.integers(0, 64, (1024,)).astype(np.int32)), const(64)]
    hot += [const(1, "float32"), const(0, "float32")]
    yield Case("ONE_HOT", hot, {"axis": -1}, ("float32",))


def conversions() -> Iterator[Case]:
    image = (1, 224, 224, 3)
    for types in (
        *(("float32", "int8"), ("float32", "uint8"), ("float32", "int16"), ("int8", "int8")),
        *(("uint8", "int8"), ("int16", "int16"), ("int16", "int8")),
    ):
        scale = None if types[0] != types[1] else (SCALES[types[1]][0] * 1.7, 0)
        yield Case("QUANTIZE", [x(types[0], *image)], outputs=(types[1],), scale=scale)
    for dtype in ("int8", "uint8", "int16"):
        yield Case("DEQUANTIZE", [x(dtype, *image)], outputs=("float32",))
    for types in (
        *(("float32", "int32"), ("int32", "float32"), ("uint8", "float32"), ("float32", "uint8")),
        *(("int64", "int32"), ("int32", "int64"), ("bool", "float32"), ("float32", "bool")),
        *(("int8", "float32"), ("int64", "float32"), ("float32", "float16")),
    ):
        plain = Operand(np.abs(values(types[0], *image)) if types[1] == "uint8"
                        else values(types[0], *image), scale=PLAIN)  # fmt: skip
        yield Case("CAST", [plain], outputs=(types[1],), scale=PLAIN)


def products() -> Iterator[Case]:
    for dtype in ("float32", "int8", "int16"):
        scale = {"float32": None, "int8": (0.5, 0), "int16": (0.05, 0)}[dtype]
        for a, b, adj in (
            ((8, 128, 64), (8, 64, 128), False),
            ((8, 128, 64), (8, 128, 64), True),
            ((8, 128, 128), (8, 128, 64), False),
            ((1, 1, 256), (1, 256, 1000), False),
            ((12, 1, 64), (12, 128, 64), True),
        ):
            note = "transposed" if adj else ""
            yield Case("BATCH_MATMUL", [x(dtype, *a), x(dtype, *b)], {"adj_y": adj}, scale=scale,
                       note=note)  # fmt: skip
    for dtype in ("float32", "int8"):
        scale = (0.5, 0) if dtype == "int8" else None
        stride = {"stride_h": 2, "stride_w": 2, "padding": "SAME"}
        for size, inner, outer, kernel in ((28, 64, 32, 4), (32, 128, 64, 2), (16, 256, 128, 3)):
            yield Case(
                "TRANSPOSE_CONV",
                [
                    const([1, 2 * size, 2 * size, outer]),
                    weights(dtype, outer, kernel, kernel, inner),
                    x(dtype, 1, size, size, inner),
                ],
                stride,
                (dtype,),
                scale,
                note=f"{kernel}x{kernel} to {outer}",
            )
    volume = {"stride_d": 1, "stride_h": 1, "stride_w": 1, "padding": "SAME",
              "dilation_d_factor": 1, "dilation_h_factor": 1, "dilation_w_factor": 1}  # fmt: skip
    for shape, outer in (((1, 16, 28, 28, 16), 32), ((1, 8, 14, 14, 64), 64)):
        filters = weights("float32", 3, 3, 3, shape[-1], outer)
        yield Case("CONV_3D", [x("float32", *shape), filters], volume, note=f"3x3x3 to {outer}")
    for rows in (1, 64):
        narrow = RNG.integers(-8, 8, (1024, 1024)).astype(np.int8)
        of_rows = Operand(narrow, "constant", (np.full(1024, 0.01), 0), "int4")
        yield Case("FULLY_CONNECTED", [x("float32", rows, 1024), of_rows], note="with int4 weights")
        for size in (32, 128):
            scales = np.full((1024, 1024 // size), 0.01, np.float16)
            of_blocks = Operand(narrow, "constant", (1.0, 0), "int4", scales)
            note = f"with int4 weights, blocks of {size}"
            yield Case("FULLY_CONNECTED", [x("float32", rows, 1024), of_blocks], note=note)


def recurrent() -> Iterator[Case]:
    for kind in ("float32", "hybrid", "int8"):
        for steps, depth, cells in ((1, 40, 64), (49, 40, 128), (100, 256, 256), (10, 512, 1024)):
            yield lstm(kind, steps, depth, cells)
        for depth, units, memory in ((40, 64, 10), (400, 1280, 8)):
            yield svdf(kind, depth, units, memory)


def lstm(kind: str, steps: int, depth: int, cells: int) -> Case:
    """Without what may be left out: peepholes, projection, normalization of layers."""
    dtype = "int8" if kind == "int8" else "float32"
    of = "float32" if kind == "float32" else "int8"
    matrices = [scaled(of, cells, depth) for _ in range(4)]
    matrices += [scaled(of, cells, cells) for _ in range(4)]
    if kind == "int8":
        words = RNG.integers(-2000, 2000, (4, cells)).astype(np.int32)
        biases = [Operand(w, "constant", (1e-4, 0)) for w in words]
        flow = (1 / 128, 0)
        states = [state("int8", 1, cells, scale=flow)]
        states.append(state("int16", 1, cells, scale=(2.0**-12, 0)))
    else:
        biases = [const(values("float32", cells), "float32") for _ in range(4)]
        flow = None
        states = [state("float32", 1, cells), state("float32", 1, cells)]
    inner = [Operand(np.zeros(0, np.int16), scale=(2.0**-12, 0)) for _ in range(4)]
    inner.append(Operand(np.zeros(0, np.int8), scale=(1 / 128, 0)))
    return Case(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [
            Operand(values(dtype, 1, steps, depth), scale=(1 / 64, 3) if flow else None),
            *(*matrices, None, None, None, *biases, None, None, *states, None, None, None, None),
        ],
        {"fused_activation_function": "TANH"},
        scale=flow,
        intermediates=tuple(inner) if kind == "int8" else (),
        note=f"{cells} cells{', hybrid' if kind == 'hybrid' else ''}",
    )


def scaled(dtype: str, *shape: int) -> Operand:
    """Weights that keep the deviation of what they multiply."""
    deviation = 1 / np.sqrt(shape[-1])
    if dtype == "float32":
        return Operand((values(dtype, *shape) * deviation).astype(np.float32), "constant")
    return Operand(values("int8", *shape), "constant", (deviation / 74, 0))


def svdf(kind: str, depth: int, units: int, memory: int) -> Case:
    of = "float32" if kind == "float32" else "int8"
    features = scaled(of, units, depth)
    if kind == "int8":
        time = Operand(values("int16", units, memory), "constant", (2.0**-15, 0))
        start, given = state("int16", 1, units * memory, scale=(2.0**-8, 0)), x("int8", 1, depth)
    else:
        time = scaled(of, units, memory)
        start, given = state("float32", 1, units * memory), x("float32", 1, depth)
    note = f"{units} units of {memory} steps{', hybrid' if kind == 'hybrid' else ''}"
    options = {"rank": 1, "fused_activation_function": "RELU" if kind == "int8" else "NONE"}
    return Case("SVDF", [given, features, time, None, start], options, note=note)


def cases() -> Iterator[Case]:
    for family in (arithmetic, functions, reductions, movement, conversions, products, recurrent):
        yield from family()
