"""How far a quantized network's outputs are from the float network's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from octavo.model import Model, load
from octavo.quantizer.affine import Array
from octavo.quantizer.data import RepresentativeData


@dataclass
class OutputError:
    """Of one output.

    Attributes:
      name: the output's.
      samples: over how many the rest is.
      signal: the sum of the float network's values, squared.
      noise: the sum of the differences, squared.
      greatest: the greatest difference.
    """

    name: str
    samples: int = 0
    signal: float = 0.0
    noise: float = 0.0
    greatest: float = 0.0

    @property
    def sqnr(self) -> float:
        """The signal to quantization noise ratio in dB; infinite where nothing differs."""
        if self.noise == 0:
            return float("inf")
        return float(10 * np.log10(self.signal / self.noise)) if self.signal else float("-inf")

    def add(self, reference: Array, result: Array) -> None:
        reference = reference.astype(np.float64)
        difference = result - reference
        self.samples += 1
        self.signal += float(np.square(reference).sum())
        self.noise += float(np.square(difference).sum())
        self.greatest = max(self.greatest, float(np.abs(difference).max(initial=0.0)))


def output_errors(reference: bytes, quantized: bytes, data: Any, samples: int) -> list[OutputError]:
    """Runs both networks on data: the error of each output of real numbers.

    Args:
      reference: the float .tflite file.
      quantized: what was made of it.
      data: in any form of `octavo.quantizer.data`; samples of the main subgraph count.
      samples: how many of them at most.
    """
    nets = load(reference), load(quantized)
    errors = [OutputError(o.name) for o in nets[0].outputs]
    main = (inputs for n, inputs in RepresentativeData(nets[0].core, data) if n == 0)
    for inputs in islice(main, samples):
        arrays = [inputs[spec.index] for spec in nets[0].inputs]
        outputs = zip(errors, *(_outputs(net, arrays) for net in nets), strict=True)
        for error, wanted, given in outputs:
            error.add(wanted, given)
    is_real = [o.dtype.kind == "f" for o in nets[0].outputs]
    return [error for error, real in zip(errors, is_real, strict=True) if real]


def _outputs(net: Model, arrays: list[Array]) -> list[Array]:
    result = net(*arrays)
    return [result[o.name] for o in net.outputs] if isinstance(result, dict) else [result]
