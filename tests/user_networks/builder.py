"""Float networks layer by layer, with random weights that keep activations near 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from flatbuffers import flexbuffers
from octavo.flatbuffer import Graph, Network

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def ints(*values: Any) -> Array:
    return np.array(values, np.int32)


class Builder:
    """Tensors are numbers. Methods are operators of that name, whose result has the shape and type
    of the first input where no others are given.

    Attributes:
      shapes: of every tensor, by its number.
      dtypes: the same.
    """

    def __init__(self, graph: Graph | None = None, seed: int = 0) -> None:
        self.net = Network() if graph is None else graph
        self.rng = np.random.default_rng(seed)
        self.shapes: dict[int, Shape] = {}
        self.dtypes: dict[int, str] = {}
        self._constants: dict[tuple[str, Shape, bytes], int] = {}
        self._inputs: list[int] = []

    # ---- Tensors ----------------------------------------------------------------------------

    def tensor(self, name: str, shape: Sequence[int], dtype: str = "float32", **more: Any) -> int:
        t = self.net.tensor(name, shape, dtype, **more)
        self.shapes[t], self.dtypes[t] = tuple(shape), dtype
        return t

    def input(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "float32",
        signature: Sequence[int] | None = None,
    ) -> int:
        """`signature` has -1 where the shape may be resized."""
        t = self.tensor(name, shape, dtype, shape_signature=signature)
        self._inputs.append(t)
        return t

    def state(self, shape: Sequence[int], name: str = "state") -> int:
        """A variable tensor: it lasts from one run to the next."""
        return self.tensor(name, shape, is_variable=True)

    def constant(self, array: npt.ArrayLike) -> int:
        """Equal ones are one tensor."""
        array = np.asarray(array)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            t = self.net.constant(f"constant{len(self._constants)}", array)
            self.shapes[t], self.dtypes[t] = array.shape, array.dtype.name
            self._constants[key] = t
        return self._constants[key]

    def weights(self, *shape: int, gain: float = 1.0) -> int:
        """Of (outputs, ...): sums over the other dimensions keep their size."""
        deviation = gain / math.sqrt(max(math.prod(shape[1:]), 1))
        return self.constant(self.rng.normal(0, deviation, shape).astype(np.float32))

    def bias(self, channels: int) -> int:
        return self.constant(self.rng.normal(0, 0.1, channels).astype(np.float32))

    # ---- Operators --------------------------------------------------------------------------

    def op(
        self,
        code: str,
        inputs: Sequence[int | None],
        shape: Sequence[int] | None = None,
        dtype: str | None = None,
        **options: Any,
    ) -> int:
        """Of one output; of the first input's shape and type, where no others are given."""
        if shape is None:
            assert inputs[0] is not None
            shape = self.shapes[inputs[0]]
        [y] = self.ops(code, inputs, [shape], dtype, **options)
        return y

    def ops(
        self,
        code: str,
        inputs: Sequence[int | None],
        shapes: Sequence[Sequence[int]],
        dtype: str | None = None,
        **options: Any,
    ) -> list[int]:
        dtype = dtype or (self.dtypes[inputs[0]] if inputs and inputs[0] is not None else "float32")
        outputs = [self.tensor(f"{code.lower()}", shape, dtype) for shape in shapes]
        self.net.op(code, inputs, outputs, **options)
        return outputs

    def two(
        self, code: str, a: int, b: int | float, dtype: str | None = None, **options: Any
    ) -> int:
        """Of two inputs that broadcast; a number becomes a constant."""
        other = b if isinstance(b, int) else self.constant(np.float32(b))
        shape = np.broadcast_shapes(self.shapes[a], self.shapes[other])
        return self.op(code, [a, other], shape, dtype, **options)

    def add(self, a: int, b: int | float, activation: str = "NONE") -> int:
        return self.two("ADD", a, b, fused_activation_function=activation)

    def mul(self, a: int, b: int | float) -> int:
        return self.two("MUL", a, b)

    def sub(self, a: int, b: int | float) -> int:
        return self.two("SUB", a, b)

    def conv(
        self,
        t: int,
        channels: int,
        size: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        activation: str = "NONE",
        padding: str = "SAME",
        dilation: int = 1,
    ) -> int:
        filters = self.weights(channels, *_pair(size), self.shapes[t][3])
        return self._convolve(
            "CONV_2D", t, filters, channels, size, stride, padding, dilation, activation
        )

    def depthwise(
        self,
        t: int,
        size: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        activation: str = "NONE",
        padding: str = "SAME",
        dilation: int = 1,
    ) -> int:
        channels, (h, w) = self.shapes[t][3], _pair(size)
        taps = self.rng.normal(0, 1 / math.sqrt(h * w), (1, h, w, channels))
        filters = self.constant(taps.astype(np.float32))
        return self._convolve(
            "DEPTHWISE_CONV_2D", t, filters, channels, size, stride, padding, dilation, activation,
            depth_multiplier=1,
        )  # fmt: skip

    def _convolve(
        self,
        code: str,
        t: int,
        filters: int,
        channels: int,
        size: int | tuple[int, int],
        stride: int | tuple[int, int],
        padding: str,
        dilation: int,
        activation: str,
        **options: Any,
    ) -> int:
        batch, *image, _ = self.shapes[t]
        strides = _pair(stride)
        lost = [0, 0] if padding == "SAME" else [(n - 1) * dilation for n in _pair(size)]
        out = [-(-(n - less) // s) for n, less, s in zip(image, lost, strides, strict=True)]
        options |= {
            "padding": padding,
            "stride_h": strides[0],
            "stride_w": strides[1],
            "dilation_h_factor": dilation,
            "dilation_w_factor": dilation,
            "fused_activation_function": activation,
        }
        operands = [t, filters, self.bias(channels)]
        return self.op(code, operands, (batch, *out, channels), **options)

    def transpose_conv(self, t: int, channels: int, size: int, stride: int = 2) -> int:
        batch, h, w, depth = self.shapes[t]
        shape = (batch, h * stride, w * stride, channels)
        # Each output sees the windows of so many inputs.
        filters = self.weights(channels, size, size, depth, gain=stride)
        operands = [self.constant(ints(*shape)), filters, t, self.bias(channels)]
        options = {"padding": "SAME", "stride_h": stride, "stride_w": stride}
        return self.op("TRANSPOSE_CONV", operands, shape, "float32", version=3, **options)

    def pool(self, code: str, t: int, size: int, stride: int, padding: str = "SAME") -> int:
        batch, h, w, depth = self.shapes[t]
        lost = 0 if padding == "SAME" else size - 1
        out = [-(-(n - lost) // stride) for n in (h, w)]
        options = {"padding": padding, "stride_h": stride, "stride_w": stride}
        options |= {"filter_height": size, "filter_width": size}
        return self.op(code, [t], (batch, *out, depth), **options)

    def dense(self, t: int, units: int, activation: str = "NONE", gain: float = 1.0) -> int:
        *rows, depth = self.shapes[t]
        operands = [t, self.weights(units, depth, gain=gain), self.bias(units)]
        options = {"keep_num_dims": len(rows) > 1, "fused_activation_function": activation}
        return self.op("FULLY_CONNECTED", operands, (*rows, units), **options)

    def reshape(self, t: int, *shape: int) -> int:
        size = math.prod(self.shapes[t])
        known = math.prod(n for n in shape if n != -1)
        shape = tuple(size // known if n == -1 else n for n in shape)
        return self.op("RESHAPE", [t, self.constant(ints(*shape))], shape, new_shape=shape)

    def transpose(self, t: int, *order: int) -> int:
        shape = [self.shapes[t][i] for i in order]
        return self.op("TRANSPOSE", [t, self.constant(ints(*order))], shape)

    def concat(self, tensors: Sequence[int], axis: int = -1) -> int:
        shape = list(self.shapes[tensors[0]])
        shape[axis] = sum(self.shapes[t][axis] for t in tensors)
        return self.op("CONCATENATION", tensors, shape, axis=axis % len(shape))

    def split(self, t: int, count: int, axis: int = -1) -> list[int]:
        shape = list(self.shapes[t])
        shape[axis] //= count
        operands = [self.constant(np.int32(axis % len(shape))), t]
        return self.ops("SPLIT", operands, [shape] * count, "float32", num_splits=count)

    def pad(self, t: int, *borders: tuple[int, int], code: str = "PAD", **options: Any) -> int:
        shape = [n + a + b for n, (a, b) in zip(self.shapes[t], borders, strict=True)]
        return self.op(code, [t, self.constant(ints(*borders))], shape, **options)

    def part(self, t: int, begin: Sequence[int], size: Sequence[int]) -> int:
        """SLICE."""
        operands = [t, self.constant(ints(*begin)), self.constant(ints(*size))]
        return self.op("SLICE", operands, size)

    def resize(self, t: int, h: int, w: int, code: str = "RESIZE_BILINEAR", **options: Any) -> int:
        batch, _, _, depth = self.shapes[t]
        return self.op(code, [t, self.constant(ints(h, w))], (batch, h, w, depth), **options)

    def reduce(self, code: str, t: int, *axes: int, keep: bool = False) -> int:
        rank = len(self.shapes[t])
        gone = {axis % rank for axis in axes}
        shape = [
            1 if i in gone else n for i, n in enumerate(self.shapes[t]) if keep or i not in gone
        ]
        operands = [t, self.constant(ints(*sorted(gone)))]
        return self.op(code, operands, shape, keep_dims=keep)

    def arg_max(self, t: int, axis: int = -1) -> int:
        shape = list(self.shapes[t])
        axis %= len(shape)
        del shape[axis]
        operands = [t, self.constant(np.int32(axis))]
        return self.op("ARG_MAX", operands, shape, "int32", output_type="INT32")

    def gather(self, t: int, indices: int, axis: int = 0) -> int:
        shape = self.shapes[t]
        out = (*shape[:axis], *self.shapes[indices], *shape[axis + 1 :])
        return self.op("GATHER", [t, indices], out, axis=axis)

    def matmul(self, a: int, b: int, transposed: bool = False) -> int:
        """BATCH_MATMUL; with `b` transposed, where asked for."""
        columns = self.shapes[b][-2 if transposed else -1]
        batch = np.broadcast_shapes(self.shapes[a][:-2], self.shapes[b][:-2])
        shape = (*batch, self.shapes[a][-2], columns)
        return self.op("BATCH_MATMUL", [a, b], shape, adj_y=transposed)

    def softmax(self, t: int) -> int:
        return self.op("SOFTMAX", [t], beta=1.0)

    def cast(self, t: int, source: str, target: str) -> int:
        types = {"in_data_type": source.upper(), "out_data_type": target.upper()}
        return self.op("CAST", [t], dtype=target, **types)

    def custom(self, name: str, inputs: Sequence[int], shape: Sequence[int], **options: Any) -> int:
        """A custom operator of one float output, with its options as a flexbuffer."""
        raw = bytes(flexbuffers.Dumps(options))
        return self.op("CUSTOM", inputs, shape, "float32", custom_code=name, custom_options=raw)

    # ---- What several networks have ---------------------------------------------------------

    def prelu(self, t: int) -> int:
        alpha = self.rng.uniform(0, 0.4, (1, 1, self.shapes[t][-1]))
        return self.op("PRELU", [t, self.constant(alpha)])

    def layer_norm(self, t: int, *axes: int, product: bool = False) -> int:
        """Over `axes`, by default the last; as TensorFlow's converter writes it, or with a product
        for the square, as others do."""
        over = axes or (-1,)
        mean = self.reduce("MEAN", t, *over, keep=True)
        apart = self.sub(t, mean)
        squares = self.mul(apart, apart) if product else self.two("SQUARED_DIFFERENCE", t, mean)
        variance = self.reduce("MEAN", squares, *over, keep=True)
        factor = self.op("RSQRT", [self.add(variance, 1e-3)])
        scale = self.constant(self.rng.uniform(0.8, 1.2, self.shapes[t][-1]))
        return self.add(self.mul(self.mul(apart, factor), scale), self.bias(self.shapes[t][-1]))

    def swish(self, t: int) -> int:
        return self.mul(t, self.op("LOGISTIC", [t]))

    def build(self, *outputs: int) -> bytes:
        assert isinstance(self.net, Network)
        self.net.inputs, self.net.outputs = self._inputs, list(outputs)
        return self.net.build()


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
