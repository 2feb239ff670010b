"""`Interpreter`, a drop-in for LiteRT's and TensorFlow Lite's class of that name."""

from __future__ import annotations

import enum
import operator
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo import _core
from octavo.custom_ops import CustomOps
from octavo.model import Model, thread_count
from octavo.tensor_spec import numpy_type

Array = npt.NDArray[Any]
TensorDetails = dict[str, Any]


class OpResolverType(enum.Enum):
    """LiteRT's choices of kernels. octavo has one answer to all: that of `BUILTIN_REF`."""

    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


class Interpreter:
    """Runs a network: give its inputs with `set_tensor`, `invoke`, take outputs with `get_tensor`.

    >>> interpreter = Interpreter("net.tflite")
    >>> interpreter.allocate_tensors()
    >>> x, y = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    >>> interpreter.set_tensor(x["index"], np.zeros(x["shape"], x["dtype"]))
    >>> interpreter.invoke()
    >>> interpreter.get_tensor(y["index"])

    Integer results equal those of LiteRT's reference kernels to the bit. Tensors hold what the file
    says, so a quantized network takes and gives integers; `octavo.load` converts for the caller.

    One interpreter serves one thread at a time: a call while another thread's call runs raises
    RuntimeError. `invoke` releases the GIL. Interpreters of one `octavo.Model` share it, and may
    run at the same time: then one of them has the process's pool of threads, and the others run on
    their callers' threads alone.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str] | None = None,
        model_content: bytes | None = None,
        experimental_delegates: Sequence[Any] | None = None,
        num_threads: int | None = None,
        experimental_op_resolver_type: Any = OpResolverType.AUTO,
        experimental_preserve_all_tensors: bool = False,
        experimental_disable_delegate_clustering: bool = False,
        experimental_default_delegate_latest_features: bool = False,
        experimental_compress_quantization_zero_points: bool = False,
        experimental_disable_delegate_node_fusion: bool = False,
        experimental_force_delegate_node_profiling: bool = False,
        *,
        model: Model | None = None,
        custom_ops: CustomOps | None = None,
        max_loop_iterations: int = 1_000_000,
    ) -> None:
        """Reads the model. Exactly one of `model_path`, `model_content` and `model` is given.

        Args:
          model_path: of a .tflite file, which is mapped into memory.
          model_content: the bytes of one, which are copied.
          experimental_delegates: octavo has none: anything but an empty list is an error.
          num_threads: that `invoke` may use, the caller's included: at least 1, which is the
            default. More than there are CPUs are not used, nor several for steps too small to
            gain. Results are the same bits with any number.
          experimental_op_resolver_type: accepted and ignored; results are always those of
            LiteRT's reference kernels.
          experimental_preserve_all_tensors: whether intermediate tensors can be read after
            `invoke`. Otherwise their memory is used again while the network runs.
          experimental_disable_delegate_clustering: accepted and ignored, as the arguments after
            it: they steer delegates.
          experimental_default_delegate_latest_features: ignored.
          experimental_compress_quantization_zero_points: ignored.
          experimental_disable_delegate_node_fusion: ignored.
          experimental_force_delegate_node_profiling: ignored.
          model: what `octavo.load` returned, to share it.
          custom_ops: operators that the file calls by name, see `CustomOp`; those of `model`, where
            it is given.
          max_loop_iterations: how many times all WHILE loops of one `invoke` together may go round:
            a loop that never ends is an error of that `invoke`.

        Raises:
          ValueError: the file is not a .tflite file or is damaged, or an argument is wrong.
          OSError: the file cannot be read.
        """
        if experimental_delegates:
            raise ValueError("octavo does not take delegates: leave experimental_delegates out")
        if (model_path is not None) + (model_content is not None) + (model is not None) != 1:
            raise ValueError("give one of model_path, model_content and model")
        if model is not None and custom_ops is not None:
            raise ValueError("a loaded model has its custom_ops: give them to octavo.load")
        self._threads = thread_count(num_threads)
        if model is None:
            source = model_path if model_path is not None else model_content
            assert source is not None
            model = Model(source, custom_ops=custom_ops)
        self._model = model
        self._keep_all = bool(experimental_preserve_all_tensors)
        self._session = _core.Session(operator.index(max_loop_iterations))
        self._subgraphs: dict[int, _core.Interpreter] = {}
        self._main = self._subgraph(0)

    def _subgraph(self, index: int) -> _core.Interpreter:
        if index not in self._subgraphs:
            self._subgraphs[index] = _core.Interpreter(
                self._model.core,
                subgraph=index,
                keep_all=self._keep_all,
                threads=self._threads,
                custom_ops=self._model.custom_ops,
                session=self._session,
            )
        return self._subgraphs[index]

    def allocate_tensors(self) -> None:
        """Prepares every operator and gives every tensor its memory; variables become zero.

        Does nothing when nothing has been resized since the last call.

        Raises:
          RuntimeError: the network uses an operator that octavo does not have, or an operator's
            operands do not fit. The message names operator, node and what disagrees.
        """
        self._main.allocate()

    def invoke(self) -> None:
        """Runs the network, without the GIL.

        Raises:
          RuntimeError: `allocate_tensors` has not been called, another thread is using this
            interpreter, or it runs the operator that calls this, or the data makes one fail.
        """
        self._main.invoke()

    def set_tensor(self, tensor_index: int, value: npt.ArrayLike) -> None:
        """Copies an array into a tensor.

        Args:
          tensor_index: the "index" of `get_input_details`.
          value: of exactly the tensor's shape and dtype.

        Raises:
          ValueError: another shape or dtype, a constant, or no memory yet.
        """
        self._main.set_tensor(operator.index(tensor_index), np.asarray(value))

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> Any:
        """A copy of a tensor's value: an array, or a numpy scalar where the shape is ().

        Of a subgraph that operators call or several signatures run, the value is what its last run
        has left.

        Raises:
          ValueError: the tensor has no memory yet, or it is an intermediate one and
            `experimental_preserve_all_tensors` was not set.
        """
        own = self._subgraph(subgraph_index)
        cores = [own, *self._subgraphs.values()]
        last = max(cores, key=lambda core: core.last_run(subgraph_index))
        if last is own:
            return own.get_tensor(tensor_index, copy=True)[()]
        return last.get_callee_tensor(subgraph_index, tensor_index)[()]

    def tensor(self, tensor_index: int) -> Callable[[], Array]:
        """A function that gives an array which lies in the tensor's own memory, to read or write
        without a copy. The array stays valid, but after another `allocate_tensors` it may no
        longer be the tensor.
        """
        return lambda: self._main.get_tensor(tensor_index, copy=False)

    def resize_tensor_input(
        self, input_index: int, tensor_size: npt.ArrayLike, strict: bool = False
    ) -> None:
        """Gives an input another shape; `allocate_tensors` must follow before `invoke`.

        Args:
          input_index: the "index" of `get_input_details`.
          tensor_size: the shape.
          strict: whether only those dimensions may change that "shape_signature" leaves open (-1).

        Raises:
          ValueError: no input, no possible shape, or with `strict` a dimension that is not open.
        """
        sizes = np.asarray(tensor_size)
        if sizes.ndim != 1:
            raise ValueError(f"a shape is a list of integers, not {tensor_size!r}")
        shape = [int(d) for d in sizes]
        if strict:
            details = self._main.tensor_details(input_index)
            signature = details["shape_signature"].tolist()
            fits = len(shape) == len(signature) and all(
                s in (-1, d) for s, d in zip(signature, shape, strict=True)
            )
            if not fits:
                raise ValueError(
                    f'tensor {input_index} "{details["name"]}" has shape signature '
                    f"{tuple(signature)}, which does not allow {tuple(shape)}: strict resizing "
                    "changes only dimensions that are -1"
                )
        self._main.resize_input(input_index, shape)

    def reset_all_variables(self) -> None:
        """Sets variable tensors, state that the network keeps between invocations, to zero.

        As in LiteRT, what ASSIGN_VARIABLE has stored stays.
        """
        for subgraph in self._subgraphs.values():
            subgraph.reset_variables()

    def get_input_details(self) -> list[TensorDetails]:
        """Details of every input, in the order of the file.

        Each is a dictionary:
          name: str.
          index: int, what the other methods know the tensor by.
          shape: int32 array.
          shape_signature: the same with -1 for dimensions that the file leaves open.
          dtype: numpy type.
          quantization: (scale, zero point) where one pair is for the whole tensor, else (0.0, 0).
          quantization_parameters: dictionary of "scales" (float32 array), "zero_points" (int32
            array), "quantized_dimension" (the one that several scales are for), "block_size" (0
            where there are no blocks).
          sparsity_parameters: how a sparse constant is stored; empty for the others.
        """
        return [self._details(int(i)) for i in self._main.inputs]

    def get_output_details(self) -> list[TensorDetails]:
        """Details of every output, as `get_input_details` gives them."""
        return [self._details(int(i)) for i in self._main.outputs]

    def get_tensor_details(self, subgraph_index: int = 0) -> list[TensorDetails]:
        """Details of every tensor of the file, as `get_input_details` gives them."""
        count = self._subgraph(subgraph_index).tensor_count
        return [self._details(i, subgraph_index) for i in range(count)]

    def num_subgraphs(self) -> int:
        """How many subgraphs the file has."""
        return self._model.core.subgraph_count

    @property
    def arena_bytes(self) -> int:
        """Bytes of the memory that tensors and scratch buffers share; 0 until allocated."""
        return self._main.arena_bytes

    @property
    def unshared_bytes(self) -> int:
        """Bytes that the same buffers would take side by side; 0 until allocated."""
        return self._main.unshared_bytes

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """Names of inputs and outputs by signature: {key: {"inputs": [...], "outputs": [...]}}."""
        return {
            key: {"inputs": sorted(inputs), "outputs": sorted(outputs)}
            for key, _, inputs, outputs in self._model.core.signatures()
        }

    def get_signature_runner(self, signature_key: str | None = None) -> SignatureRunner:
        """A callable that runs one signature with arrays given by name.

        Args:
          signature_key: may be left out where the file has exactly one signature.

        Raises:
          ValueError: no such signature.
        """
        signatures = {signature[0]: signature for signature in self._model.core.signatures()}
        if signature_key is None and len(signatures) == 1:
            signature_key = next(iter(signatures))
        if signature_key not in signatures:
            asked = "a signature" if signature_key is None else f'signature "{signature_key}"'
            there = ", ".join(f'"{key}"' for key in signatures) or "none"
            raise ValueError(f"{asked} cannot be chosen: the model has {there}")
        _, subgraph, inputs, outputs = signatures[signature_key]
        return SignatureRunner(self, subgraph, inputs, outputs)

    def _details(self, index: int, subgraph: int = 0) -> TensorDetails:
        core = self._subgraph(subgraph)
        d = core.tensor_details(index)
        scales, zero_points, block_size = d["scales"], d["zero_points"], 0
        if len(zero_points) != len(scales):
            zero_points = np.zeros(len(scales), np.int32)
        per_tensor = len(scales) == 1
        sparsity: dict[str, Any] = {}
        if d["is_sparse"] or d["is_blockwise"]:
            # Stored in ways that octavo does not run: only the file tells.
            from octavo import flatbuffer

            tree = flatbuffer.read(self._model.core.content)
            stored = tree.subgraphs[subgraph].tensors[index]
            if d["is_sparse"]:
                sparsity = _sparsity_parameters(stored.sparsity)
            if d["is_blockwise"]:
                blocks = stored.quantization.details
                block_size = blocks.blockSize
                scales = core.get_tensor(blocks.scales, copy=True).ravel()
                if blocks.zeroPoints >= 0:
                    zero_points = core.get_tensor(blocks.zeroPoints, copy=True).ravel()
        return {
            "name": d["name"],
            "index": index,
            "shape": d["shape"],
            "shape_signature": d["shape_signature"],
            "dtype": numpy_type(d["type"]),
            "quantization": (float(scales[0]), int(zero_points[0])) if per_tensor else (0.0, 0),
            "quantization_parameters": {
                "scales": scales,
                "zero_points": zero_points.astype(np.int32),
                "quantized_dimension": d["quantized_dimension"],
                "block_size": block_size,
            },
            "sparsity_parameters": sparsity,
        }

    def _get_ops_details(self) -> list[dict[str, Any]]:
        """Operators in order of execution, as LiteRT's method of this name gives them."""

        def types(tensors: Array) -> list[Any]:
            return [self._details(int(i))["dtype"] for i in tensors if i >= 0]

        return [
            {
                "index": index,
                "op_name": name,
                "inputs": inputs,
                "outputs": outputs,
                "operand_types": types(inputs),
                "result_types": types(outputs),
            }
            for index, (name, inputs, outputs) in enumerate(self._main.nodes())
        ]


def _sparsity_parameters(stored: Any) -> dict[str, Any]:
    """Of a tensor's SparsityParametersT, as LiteRT shows it."""

    def int32(values: Any) -> npt.NDArray[np.int32]:
        return np.asarray(() if values is None else values, np.int32)

    def of_dimension(metadata: Any) -> dict[str, Any]:
        if metadata.format == 0:
            return {"format": 0, "dense_size": metadata.denseSize}
        return {
            "format": 1,
            "array_segments": int32(getattr(metadata.arraySegments, "values", None)),
            "array_indices": int32(getattr(metadata.arrayIndices, "values", None)),
        }

    block_map = {} if stored.blockMap is None else {"block_map": int32(stored.blockMap)}
    return {
        "traversal_order": int32(stored.traversalOrder),
        **block_map,
        "dim_metadata": [of_dimension(metadata) for metadata in stored.dimMetadata or ()],
    }


class SignatureRunner:
    """One signature of an interpreter: call it with an array for each input, by name.

    Returns a dictionary of arrays by output name. Inputs whose array has another shape than the
    tensor are resized.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        subgraph: int,
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
    ) -> None:
        self._interpreter = interpreter
        self._subgraph = subgraph
        self._inputs = dict(sorted(inputs.items()))
        self._outputs = dict(sorted(outputs.items()))

    def __call__(self, /, **kwargs: npt.ArrayLike) -> dict[str, Any]:
        if kwargs.keys() != self._inputs.keys():
            raise ValueError(
                f"the signature's inputs are {', '.join(self._inputs)}; "
                f"given are {', '.join(kwargs) or 'none'}"
            )
        core = self._interpreter._subgraph(self._subgraph)
        arrays = {self._inputs[name]: np.asarray(value) for name, value in kwargs.items()}
        for index, value in arrays.items():
            core.resize_input(index, value.shape)
        core.allocate()
        for index, value in arrays.items():
            core.set_tensor(index, value)
        core.invoke()
        return {
            name: core.get_tensor(index, copy=True)[()] for name, index in self._outputs.items()
        }

    def get_input_details(self) -> dict[str, TensorDetails]:
        """`Interpreter.get_input_details` by the signature's names."""
        return {name: self._details(index) for name, index in self._inputs.items()}

    def get_output_details(self) -> dict[str, TensorDetails]:
        """`Interpreter.get_output_details` by the signature's names."""
        return {name: self._details(index) for name, index in self._outputs.items()}

    def _details(self, index: int) -> TensorDetails:
        return self._interpreter._details(index, self._subgraph)
