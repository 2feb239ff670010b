"""Kernels on arrays, for measuring and experiments: one operator at a time, on any table of them.

>>> table = octavo.kernels.table("avx2")             # tables() tells which there are
>>> call = table.conv_2d(x, weights, bias, multiplier=0.002, in_zero=-128)
>>> y = call(x)                                      # or call.run(), which only computes
>>> call.kernels                                     # what of the table it runs
['image_s8', 'gemm_s8']
>>> nanoseconds = call.time(100)                     # of 100 runs

A call is prepared once, which checks shapes, types and parameters and packs weights, and then runs
as it would within a network. Every kernel of a table is reached through the operator and the types
that it is for, by `Table.prepare` (but for int4, which numpy does not have, and for kernels that
only fill tables of 256 entries while an operator is prepared); the other methods say in the words
of kernels what the weighted operators take. All tables of kernels give the same integers: those of
"portable" are the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo import _core
from octavo.flatbuffer import Network

Array = npt.NDArray[Any]
Pair = int | tuple[int, int]


def tables() -> list[str]:
    """The instruction sets of the tables that this CPU can run, the best first."""
    return _core.available_isas()


def table(isa: str | None = None) -> Table:
    """The table of an instruction set; None: the one that `octavo.isa()` names.

    Raises:
      ValueError: this CPU has no such table.
    """
    if isa is None:
        isa = _core.isa()
    if isa not in tables():
        raise ValueError(f'no table "{isa}": this CPU has {", ".join(tables())}')
    return Table(isa)


@dataclass(frozen=True, eq=False)
class Operand:
    """An input of an operator.

    Attributes:
      value: the array. A constant keeps it; of the others it tells shape and dtype, and is what the
        call has before another is given.
      scale: real = scale * (element - zero_point). One, or one for each index of dimension `axis`;
        None: the elements are plain numbers.
      zero_point: one for all.
      axis: see `scale`.
      is_constant: known while preparing, as weights are.
    """

    value: npt.ArrayLike
    scale: float | Sequence[float] | Array | None = None
    zero_point: int = 0
    axis: int = 0
    is_constant: bool = False


def constant(
    value: npt.ArrayLike,
    scale: float | Sequence[float] | Array | None = None,
    zero_point: int = 0,
    axis: int = 0,
) -> Operand:
    """An operand that is known while preparing."""
    return Operand(value, scale, zero_point, axis, is_constant=True)


@dataclass(frozen=True)
class Output:
    """What an operator's output is to be; its shape follows from the inputs."""

    dtype: npt.DTypeLike
    scale: float | None = None
    zero_point: int = 0


class Call:
    """An operator, prepared for its operands. For one thread at a time.

    Attributes:
      isa: of the table.
    """

    def __init__(self, core: _core.Interpreter) -> None:
        """See `Table.prepare`."""
        self._core = core
        self.isa = core.isa
        self._kernels: list[str] | None = None

    @property
    def kernels(self) -> list[str]:
        """Names of the kernels that it runs. Empty where nothing is left to do."""
        if self._kernels is None:
            names = (name for step in self._core.step_kernels() for name in step)
            self._kernels = list(dict.fromkeys(names))
        return self._kernels

    def run(self) -> None:
        """Computes the outputs from the inputs that were given last."""
        self._core.invoke()

    def time(self, runs: int = 1) -> npt.NDArray[np.int64]:
        """Runs it again and again: the nanoseconds of each run, (runs,), without Python's share."""
        return np.asarray(self._core.time_steps(runs)[1].sum(axis=1))

    def set_inputs(self, *values: npt.ArrayLike) -> None:
        """Gives it other values of the operands that are no constants, in their order.

        Raises:
          ValueError: not as many, or of another shape or dtype.
        """
        indices = self._core.inputs.tolist()
        if len(values) != len(indices):
            raise ValueError(f"it takes {len(indices)} arrays, given are {len(values)}")
        for index, value in zip(indices, values, strict=True):
            self._core.set_tensor(index, np.asarray(value))

    def inputs(self) -> list[Array]:
        """Copies of what it has of the operands that are no constants."""
        return [self._core.get_tensor(i, copy=True) for i in self._core.inputs.tolist()]

    def outputs(self) -> list[Array]:
        """Copies of the outputs as the last run left them."""
        return [self._core.get_tensor(i, copy=True) for i in self._core.outputs.tolist()]

    def __call__(self, *values: npt.ArrayLike) -> Any:
        """`set_inputs`, `run`, and the output, or a list of several."""
        self.set_inputs(*values)
        self.run()
        outputs = self.outputs()
        return outputs if len(outputs) != 1 else outputs[0]


class Table:
    """The kernels of an instruction set.

    Attributes:
      isa: its name.
      kernels: the instruction set that each kernel was made for, by the kernel's name: `isa`, or
        "portable" where the table has the reference kernel.
    """

    def __init__(self, isa: str) -> None:
        """See `table`."""
        self.isa = isa
        self.kernels = _core.kernel_sources(isa)

    def peak(self, rounds: int = 10_000) -> float:
        """GMAC/s of the int8 dot products that this table's kernels are made of, and nothing else.

        Args:
          rounds: of 12 instructions.

        Raises:
          ValueError: the table has none, being portable.
        """
        return _core.dot_loop(self.isa, rounds)

    def prepare(
        self,
        operator: str,
        inputs: Sequence[Operand | npt.ArrayLike | None],
        output: Output | Sequence[Output],
        *,
        threads: int = 1,
        **options: Any,
    ) -> Call:
        """Prepares an operator.

        Args:
          operator: as the format calls it: "ADD", "AVERAGE_POOL_2D".
          inputs: in the operator's order; None for one that is left out. An array is an operand of
            plain numbers.
          output: of the operator's only output, or of each.
          threads: that a run may use.
          options: of the operator, as `octavo.flatbuffer.Network.op` takes them: `padding="SAME"`,
            `stride_w=2`.

        Raises:
          ValueError: octavo does not have the operator, or these operands do not fit it. The
            message names the operator and the two facts that disagree; the operator is node 0.
        """
        network = Network()
        given: list[tuple[int, Array]] = []
        tensors: list[int | None] = []
        for i, operand in enumerate(inputs):
            if operand is None:
                tensors.append(None)
                continue
            if not isinstance(operand, Operand):
                operand = Operand(operand)
            value = np.asarray(operand.value)
            index = network.tensor(
                f"input {i}",
                value.shape,
                value.dtype,
                data=value if operand.is_constant else None,
                scale=operand.scale,
                zero_point=operand.zero_point,
                quantized_dimension=operand.axis,
            )
            tensors.append(index)
            if not operand.is_constant:
                given.append((index, value))
        results = [
            network.tensor(f"output {i}", (), o.dtype, scale=o.scale, zero_point=o.zero_point)
            for i, o in enumerate([output] if isinstance(output, Output) else output)
        ]
        network.op(operator, tensors, results, **options)
        network.inputs, network.outputs = [index for index, _ in given], results
        model = _core.Model.copy(network.build())
        core = _core.Interpreter(model, threads=threads, isa=self.isa)
        try:
            core.allocate()
        except RuntimeError as error:
            raise ValueError(str(error)) from None
        call = Call(core)
        call.set_inputs(*(value for _, value in given))
        return call

    def conv_2d(
        self,
        x: npt.ArrayLike,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike | None = None,
        *,
        stride: Pair = 1,
        dilation: Pair = 1,
        padding: str = "SAME",
        **arithmetic: Any,
    ) -> Call:
        """A convolution, computed by matrix products where the table has them.

        Args:
          x: (batch, height, width, channels) of int8, uint8, int16 or float32.
          weights: (out_channels, height, width, channels / groups): int8; uint8 for uint8, float32
            for float32, which int8 makes a product in dynamic range.
          bias: (out_channels,): int32; int32 or int64 for int16, float32 for float32.
          stride: one, or (vertical, horizontal).
          dilation: the same.
          padding: "SAME" or "VALID".
          arithmetic: `multiplier`, `in_zero`, `weights_zero`, `out_zero`, `activation` and
            `threads`, see `fully_connected`.

        A product of matrices that is rounded as convolutions are is one of (1, 1, rows, depth) with
        (units, 1, 1, depth).
        """
        options = _window(stride, dilation, padding)
        return self._weighted("CONV_2D", x, weights, bias, 0, options, **arithmetic)

    def depthwise_conv_2d(
        self,
        x: npt.ArrayLike,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike | None = None,
        *,
        stride: Pair = 1,
        dilation: Pair = 1,
        padding: str = "SAME",
        **arithmetic: Any,
    ) -> Call:
        """A convolution of each channel by itself: as `conv_2d`, but for the weights.

        Args:
          x: see `conv_2d`.
          weights: (1, height, width, out_channels), out_channels a multiple of x's channels.
          bias: see `conv_2d`, as all that follows.
          stride: see `conv_2d`.
          dilation: see `conv_2d`.
          padding: see `conv_2d`.
          arithmetic: see `conv_2d`.
        """
        channels, made = np.shape(x)[-1:], np.shape(weights)[-1:]
        options = _window(stride, dilation, padding)
        options["depth_multiplier"] = made[0] // max(channels[0], 1) if channels and made else 1
        return self._weighted("DEPTHWISE_CONV_2D", x, weights, bias, 3, options, **arithmetic)

    def fully_connected(
        self,
        x: npt.ArrayLike,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike | None = None,
        **arithmetic: Any,
    ) -> Call:
        """A product of matrices. On 8 bits sums are scaled in double, those of convolutions in
        fixed point.

        Args:
          x: (rows, depth) of int8, uint8, int16 or float32.
          weights: (units, depth): see `conv_2d` for its types.
          bias: (units,): see `conv_2d`.
          arithmetic:
            multiplier: what a quantum of the sum is in quanta of the output, in float32: a number,
              or one for each unit (1 by default). Floats ignore the zero points, and this unless it
              is the scale of int8 weights.
            in_zero: the zero point of x, within its type (0).
            weights_zero: of uint8 weights (0).
            out_zero: of the output (0).
            activation: "NONE", "RELU", ...: a fused function. As a scale is 1 here, RELU6 ends 6
              quanta above `out_zero`.
            threads: that a run may use (1).
        """
        return self._weighted("FULLY_CONNECTED", x, weights, bias, 0, {}, **arithmetic)

    def _weighted(
        self,
        operator: str,
        x: npt.ArrayLike,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike | None,
        axis: int,
        options: dict[str, Any],
        *,
        multiplier: float | Sequence[float] | Array = 1.0,
        in_zero: int = 0,
        weights_zero: int = 0,
        out_zero: int = 0,
        activation: str = "NONE",
        threads: int = 1,
    ) -> Call:
        """With scales of 1 for input and output, a weight's scale is the multiplier."""
        dtype = np.asarray(x).dtype
        is_real, has_real_weights = (np.asarray(a).dtype.kind == "f" for a in (x, weights))
        operands = [
            Operand(x, None if is_real else 1.0, in_zero),
            constant(weights, None if has_real_weights else multiplier, weights_zero, axis),
            None if bias is None else constant(bias, None if is_real else multiplier),
        ]
        output = Output(dtype, None if is_real else 1.0, out_zero)
        options["fused_activation_function"] = activation
        return self.prepare(operator, operands, output, threads=threads, **options)


def _window(stride: Pair, dilation: Pair, padding: str) -> dict[str, Any]:
    stride_h, stride_w = (stride, stride) if isinstance(stride, int) else stride
    dilation_h, dilation_w = (dilation, dilation) if isinstance(dilation, int) else dilation
    return {
        "stride_h": stride_h,
        "stride_w": stride_w,
        "dilation_h_factor": dilation_h,
        "dilation_w_factor": dilation_w,
        "padding": padding,
    }
