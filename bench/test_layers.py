"""The layers of networks, one at a time, on every table of kernels.

    python -m pytest bench --benchmark-columns=min,median -k "mobilenet_v2 and avx2 and int8"

Weights and packed parameters come from beyond the second-level cache, activations from within it,
and a small layer of the same kind has just run, so that the code is near: so a layer finds them in
a network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layers import FORMS, Layer, networks, read
from octavo import kernels

EVICTED = np.zeros(1 << 22)  # 32 MiB: more than a second-level cache holds
PEAK_ROUNDS = 20_000  # tens of microseconds, which also wake up a core's vector units
ROUNDS = 25
BEFORE = {
    operator: Layer(operator, 1, 8, 64, 64)
    for operator in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
}

CASES = [
    pytest.param(layer, count, form, isa, id=f"{network} {form} {isa} {layer}")
    for network in networks()
    for layer, count in read(network).items()
    for form in FORMS
    for isa in kernels.tables()[:-1]
]


@pytest.mark.parametrize(("layer", "count", "form", "isa"), CASES)
def test_layer(benchmark: Any, layer: Layer, count: int, form: str, isa: str) -> None:
    table = kernels.table(isa)
    call = layer.prepare(table, form, np.random.default_rng(0))
    inputs = call.inputs()
    before = BEFORE[layer.operator].prepare(table, form, np.random.default_rng(1))
    peaks = []

    def before_each() -> None:
        EVICTED.sum()
        before.run()
        call.outputs()
        call.set_inputs(*inputs)
        peaks.append(table.peak(PEAK_ROUNDS))

    benchmark.pedantic(call.run, setup=before_each, rounds=ROUNDS, warmup_rounds=2)
    if benchmark.stats is None:  # --benchmark-disable: it has run
        return
    speeds = layer.macs / np.array(benchmark.stats.stats.data) / 1e9
    benchmark.extra_info.update(
        isa=isa,
        form=form,
        count=count,
        macs=layer.macs,
        kernels=call.kernels,
        gmacs_per_second=float(np.median(speeds)),
        peak_gmacs_per_second=float(np.median(peaks)),
        share_of_peak=float(np.median(speeds / peaks[-ROUNDS:])),
    )
