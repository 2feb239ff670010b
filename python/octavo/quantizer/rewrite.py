"""Turns a float network's objects into the quantized network that a plan describes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import octavo._schema as schema
from octavo.flatbuffer import pack_bits
from octavo.quantizer import affine as arithmetic
from octavo.quantizer.affine import Affine
from octavo.quantizer.plan import INTEGER, Choice, Quantizations
from octavo.quantizer.recurrent import PLANS
from octavo.quantizer.source import Source, scales_of
from octavo.quantizer.table import OPERATORS, Output, Role, Rule

Array = npt.NDArray[Any]

_CONVERSION_VERSIONS = {
    ("QUANTIZE", "int16"): 2,
    ("DEQUANTIZE", "int8"): 2,
    ("DEQUANTIZE", "int16"): 3,
    ("DEQUANTIZE", "float16"): 3,
}
_PER_AXIS_DEQUANTIZE = 5
# Between which types QUANTIZE has kernels; other conversions go by float.
_REQUANTIZE = {
    *(("int8", "int8"), ("int8", "uint8"), ("uint8", "int8"), ("uint8", "uint8")),
    *(("int16", "int16"), ("int16", "int8")),
}
_BIAS_TYPES = {"int8": "int32", "int16": "int64"}


@dataclass
class _Weighted:
    """What the bias of an operator must know of its quantized weights: their scales, and by how
    much their errors move the mean of each output channel."""

    scales: Array = field(default_factory=lambda: np.ones(1, np.float32))
    mean_error: Array = field(default_factory=lambda: np.zeros(1))


class OperatorCodes:
    """The operator codes of a model in the making, each listed once."""

    def __init__(self) -> None:
        self.codes: list[Any] = []

    def index(self, code: Any, version: int) -> int:
        """The number of this builtin or custom operator in this version."""
        wanted = (code.builtinCode, code.deprecatedBuiltinCode, code.customCode, version)
        for i, c in enumerate(self.codes):
            if (c.builtinCode, c.deprecatedBuiltinCode, c.customCode, c.version) == wanted:
                return i
        code = copy.copy(code)
        code.version = version
        self.codes.append(code)
        return len(self.codes) - 1

    def builtin(self, name: str, version: int) -> int:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        return self.index(code, version)


class Rewriter:
    """Rewrites one subgraph in place.

    A tensor may be needed in several forms: as float, in one or another quantization. The form in
    which it is computed keeps its number; another is a tensor of its own, converted where it is
    first needed.
    """

    def __init__(
        self,
        source: Source,
        choices: Sequence[Choice],
        quantizations: Quantizations,
        codes: OperatorCodes,
        mean_of: Callable[[int], Array | None],
        *,
        per_channel: bool = True,
        learned_steps: Mapping[int, float] | None = None,
    ) -> None:
        self._source = source
        self._model = source.model
        self._choices = choices
        self._quantizations = quantizations
        self._codes = codes
        self._mean_of = mean_of
        self._per_channel = per_channel
        self._learned_steps = learned_steps or {}
        self._computed: dict[int, Affine] = {}  # the form of tensors that are computed as integers
        self._forms: dict[tuple[int, object], int] = {}
        self._constants: list[Any] = []  # conversions of constants, which run first
        self._operators: list[Any] = []

    def run(self, input_dtype: str, output_dtype: str) -> dict[int, int]:
        """Rewrites. The inputs and outputs that were float32 become of these types ("float32",
        "int8", "uint8", "int16"). Returns the new numbers of the outputs."""
        for t in self._source.inputs:
            if input_dtype != "float32" and self._source.is_float(t):
                self._quantize_input(t, input_dtype)
        for n in range(len(self._source.operators)):
            self._rewrite(n)
        outputs = {t: self._output(t, output_dtype) for t in dict.fromkeys(self._source.outputs)}
        graph = self._source.graph
        graph.operators = self._constants + self._operators
        graph.outputs = np.asarray([outputs[t] for t in self._source.outputs], np.int32)
        return outputs

    # ---- Operators --------------------------------------------------------------------------

    def _rewrite(self, n: int) -> None:
        op, mode = self._source.operators[n], self._choices[n].mode
        rule = OPERATORS.get(self._source.names[n])
        inputs = np.array(op.inputs, np.int32)
        weighted = _Weighted()
        for position, t in self._operands_weights_first(n, rule):
            inputs[position] = self._operand(n, position, t, weighted)
        if mode in INTEGER and rule is not None and rule.recurrent:
            self._rewrite_inside(n, rule, mode, inputs)
        op.inputs = inputs
        if mode in INTEGER and rule is not None and rule.output is not Output.INDEX:
            for t in self._source.float_results(n):
                self._set_integer(t, self._quantizations.of(t, mode))
        code = self._model.operatorCodes[op.opcodeIndex]
        version = code.version
        if rule is not None:
            key = mode.removesuffix("-int4")
            version = max(version, rule.versions.get(key, 1))
            for name, value in rule.options.get(key, {}).items():
                if op.builtinOptions is not None:  # else the defaults hold
                    setattr(op.builtinOptions, name, value)
        op.opcodeIndex = self._codes.index(code, version)
        self._operators.append(op)

    def _operands_weights_first(self, n: int, rule: Rule | None) -> list[tuple[int, int]]:
        """A bias's scales follow from the weights': whatever the order in the file."""
        operands = self._source.operands(n)
        if rule is None:
            return operands
        return sorted(operands, key=lambda operand: rule.role(operand[0]) is Role.BIAS)

    def _operand(self, n: int, position: int, t: int, weighted: _Weighted) -> int:
        """The number of the tensor that operator n takes for its input t."""
        mode = self._choices[n].mode
        rule = OPERATORS.get(self._source.names[n])
        role = Role.ACTIVATION if rule is None else rule.role(position)
        if role is Role.ANY or not self._source.is_float(t):
            return t
        if mode in INTEGER and rule is not None and role is Role.INNER:
            return t  # see _rewrite_inside
        if mode in INTEGER and rule is not None:
            if role is Role.WEIGHT:
                return self._weights(n, t, rule, mode, weighted)
            if role is Role.BIAS:
                return self._bias(n, t, mode, weighted)
            return self._form(t, self._quantizations.wanted(n, t, mode))
        if self._source.constant(t) is not None:
            if mode == "float16":
                return self._half(t)
            is_dynamic = mode in ("dynamic", "dynamic-int4")
            if is_dynamic and rule is not None and rule.is_weight(position):
                if role is not Role.WEIGHT:
                    return self._inner_weights(t)
                return self._dynamic_weights(t, rule, 4 if mode == "dynamic-int4" else 8)
            return t
        return self._form(t, None)

    def _rewrite_inside(self, n: int, rule: Rule, mode: str, inputs: Array) -> None:
        """The constants, states and intermediates of a recurrent operator."""
        op = self._source.operators[n]
        operands, result = dict(self._source.operands(n)), self._source.results(n)[0]
        plan = PLANS[rule.recurrent](
            self._source,
            n,
            self._quantizations.wanted(n, operands[0], mode),
            self._quantizations.of(result, mode),
            self._quantizations.needed,
        )
        for position, (value, scale) in plan.constants.items():
            scales = np.asarray([scale], np.float32)
            inputs[position] = self._constant(operands[position], value, scales, 0)
        for position, affine in plan.states.items():
            self._describe(operands[position], affine)
        inside = [] if op.intermediates is None else [int(t) for t in op.intermediates]
        for t, inner in zip(inside, plan.intermediates, strict=False):
            tensor = self._source.graph.tensors[t]
            tensor.type, tensor.quantization = schema.TensorType.INT16, None
            if inner is not None:
                self._describe(t, inner)

    # ---- Weights ----------------------------------------------------------------------------

    def _axis(self, rule: Rule) -> int | None:
        return rule.weight_axis if self._per_channel else None

    def _activation_and_bias(self, n: int, rule: Rule) -> tuple[int, Array | None]:
        operands = self._source.operands(n)
        activation = next(t for i, t in operands if rule.role(i) is Role.ACTIVATION)
        bias = [t for i, t in operands if rule.role(i) is Role.BIAS]
        return activation, self._vector(bias[0]) if bias else None

    def _vector(self, bias: int) -> Array:
        """Some converters give it more dimensions."""
        value = self._source.constant(bias)
        assert value is not None
        return value.reshape(-1)

    def _weights(self, n: int, t: int, rule: Rule, mode: str, weighted: _Weighted) -> int:
        weights = self._source.constant(t)
        assert weights is not None
        activation, bias = self._activation_and_bias(n, rule)
        least: Array | float = 0.0
        if bias is not None and mode == "int8":
            scale = self._quantizations.wanted(n, activation, mode).scale
            least = arithmetic.least_weight_scales(bias, scale)
            if not self._per_channel:
                least = least.max(initial=0.0)
        axis = self._axis(rule)
        # The scale of weights that training has put on a grid: no other stands for all of them.
        least = np.maximum(least, self._learned_steps.get(t, 0.0))
        q, weighted.scales = arithmetic.quantize_weights(weights, axis, least)
        mean = self._mean_of(activation)
        if bias is not None and rule.sees_every_tap and mean is not None:
            weighted.mean_error = arithmetic.mean_output_error(
                weights, q, weighted.scales, rule.weight_axis, mean
            )
        return self._stored_weights(t, q, weighted.scales, axis)

    def _stored_weights(
        self, t: int, q: Array, scales: Array, axis: int | None, bits: int = 8
    ) -> int:
        key = (t, ("weights", axis, bits, scales.tobytes()))
        if key not in self._forms:
            self._forms[key] = self._constant(t, q, scales, axis or 0, bits=bits)
        return self._forms[key]

    def _dynamic_weights(self, t: int, rule: Rule, bits: int) -> int:
        weights = self._source.constant(t)
        assert weights is not None
        axis = self._axis(rule)
        q, scales = arithmetic.quantize_weights(weights, axis, bits=bits)
        if rule.dynamic == "dequantized":
            return self._dequantized(t, self._stored_weights(t, q, scales, axis), "int8")
        if axis is None:  # some of LiteRT's hybrid kernels read a scale for each channel regardless
            axis = rule.weight_axis
            scales = np.repeat(scales, weights.shape[axis])
        return self._stored_weights(t, q, scales, axis, bits)

    def _inner_weights(self, t: int) -> int:
        weights = self._source.constant(t)
        assert weights is not None
        return self._stored_weights(t, *arithmetic.quantize_weights(weights, None), None)

    def _bias(self, n: int, t: int, mode: str, weighted: _Weighted) -> int:
        activation, bias = self._activation_and_bias(n, OPERATORS[self._source.names[n]])
        assert bias is not None
        input_scale = self._quantizations.wanted(n, activation, mode).scale
        scales = np.float32(input_scale) * weighted.scales
        bias = bias - weighted.mean_error
        key = (t, ("bias", mode, scales.tobytes(), weighted.mean_error.tobytes()))
        if key not in self._forms:
            q = arithmetic.quantize_bias(bias, scales, _BIAS_TYPES[mode])
            self._forms[key] = self._constant(t, q, scales, 0)
            self._source.graph.tensors[self._forms[key]].shape = np.array(q.shape, np.int32)
        return self._forms[key]

    def _half(self, t: int) -> int:
        value = self._source.constant(t)
        assert value is not None
        greatest = float(np.finfo(np.float16).max)
        half = np.clip(value, -greatest, greatest).astype(np.float16)
        key = (t, "half")
        if key not in self._forms:
            self._forms[key] = self._constant(t, half, None, 0)
        return self._dequantized(t, self._forms[key], "float16")

    def _dequantized(self, t: int, stored: int, dtype: str) -> int:
        key = (t, ("dequantized", stored))
        if key not in self._forms:
            number = self._new_tensor(t, "float32", "_dequantized")
            self._constants.append(self._conversion("DEQUANTIZE", dtype, stored, number))
            self._forms[key] = number
        return self._forms[key]

    # ---- Activations ------------------------------------------------------------------------

    def _form(self, t: int, wanted: Affine | None) -> int:
        """The number of tensor t in a quantization, or as float."""
        computed = self._computed.get(t)
        if wanted == computed:
            return t
        key = (t, wanted)
        if key in self._forms:
            return self._forms[key]
        value = self._source.constant(t)
        if value is not None and wanted is not None:
            q = arithmetic.quantize(value, wanted)
            scale = np.asarray([wanted.scale], np.float32)
            self._forms[key] = self._constant(t, q, scale, 0, wanted.zero_point)
            return self._forms[key]
        number = self._new_tensor(t, "float32", "_dequantized" if wanted is None else "_quantized")
        if wanted is None:
            assert computed is not None
            self._operators.append(self._conversion("DEQUANTIZE", computed.dtype, t, number))
        else:
            origin = t
            if computed is not None and (computed.dtype, wanted.dtype) not in _REQUANTIZE:
                origin = self._form(t, None)
            self._describe(number, wanted)
            self._operators.append(self._conversion("QUANTIZE", wanted.dtype, origin, number))
        self._forms[key] = number
        return number

    def _set_integer(self, t: int, affine: Affine) -> None:
        """Makes tensor t one that is computed as integers."""
        self._computed[t] = affine
        self._describe(t, affine)

    def _quantize_input(self, t: int, dtype: str) -> None:
        affine = self._boundary(t, "int16" if dtype == "int16" else "int8")
        if dtype == "uint8":
            affine = affine.as_uint8()
        self._set_integer(t, affine)

    def _output(self, t: int, dtype: str) -> int:
        """The tensor that the caller gets; it has the name that the float network gave it."""
        if not self._source.is_float(t):
            return t
        if dtype == "float32":
            wanted = None
        else:
            wanted = self._boundary(t, "int16" if dtype == "int16" else "int8")
            if dtype == "uint8":
                wanted = wanted.as_uint8()
        number = self._form(t, wanted)
        if number != t and t not in self._source.inputs:
            tensors = self._source.graph.tensors
            suffix = b"_float" if t not in self._computed else b"_quantized"
            tensors[number].name = tensors[t].name
            tensors[t].name = (tensors[t].name or b"") + suffix
        return number

    def _boundary(self, t: int, dtype: str) -> Affine:
        """The quantization of an input or output: the one that its neighbours use, if any do."""
        computed = self._computed.get(t)
        if computed is not None and computed.dtype == dtype:
            return computed
        return self._quantizations.of(t, dtype)

    # ---- Objects ----------------------------------------------------------------------------

    def _conversion(self, name: str, dtype: str, source: int, target: int) -> Any:
        op = schema.OperatorT()
        version = _CONVERSION_VERSIONS.get((name, dtype), 1)
        if len(scales_of(self._source.graph.tensors[source])) > 1:
            version = _PER_AXIS_DEQUANTIZE
        op.opcodeIndex = self._codes.builtin(name, version)
        op.inputs = np.asarray([source], np.int32)
        op.outputs = np.asarray([target], np.int32)
        return op

    def _new_tensor(self, like: int, dtype: str, suffix: str) -> int:
        tensors = self._source.graph.tensors
        tensor = copy.copy(tensors[like])
        tensor.name = (tensor.name or b"") + suffix.encode()
        tensor.type = getattr(schema.TensorType, dtype.upper())
        tensor.quantization = None
        tensor.buffer = self._buffer(None)
        tensors.append(tensor)
        return len(tensors) - 1

    def _buffer(self, data: Array | None) -> int:
        buffer = schema.BufferT()
        if data is not None:
            data = np.ascontiguousarray(data)
            buffer.data = data.astype(data.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1

    def _constant(
        self,
        like: int,
        value: Array,
        scales: Array | None,
        axis: int,
        zero_point: int = 0,
        bits: int = 0,
    ) -> int:
        """A constant of the value's type, or of int4 for 4 bits."""
        if bits == 4:
            value = np.frombuffer(pack_bits(value, bits=4), np.uint8)
        number = self._new_tensor(like, "int4" if bits == 4 else value.dtype.name, "")
        tensor = self._source.graph.tensors[number]
        tensor.buffer = self._buffer(value)
        if scales is not None:
            q = schema.QuantizationParametersT()
            q.scale = scales
            q.zeroPoint = np.full(scales.shape, zero_point, np.int64)
            q.quantizedDimension = axis if scales.size > 1 else 0
            tensor.quantization = q
        return number

    def _describe(self, t: int, affine: Affine) -> None:
        tensor = self._source.graph.tensors[t]
        tensor.type = getattr(schema.TensorType, affine.dtype.upper())
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = np.asarray([affine.scale], np.float32)
        tensor.quantization.zeroPoint = np.asarray([affine.zero_point], np.int64)
