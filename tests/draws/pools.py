"""Windows over images without weights, and resized images."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from single_op import Array, Operand, operands, single_op

from draws import generator

ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
# The kernels take 64 channels at a time.
CHANNELS = st.one_of(st.integers(1, 7), st.sampled_from([63, 64, 65, 130]))
RESIZED_CHANNELS = st.one_of(st.integers(1, 9), st.sampled_from([31, 64, 70]))
IMAGES = st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), RESIZED_CHANNELS)
SIZES = st.one_of(st.integers(1, 30), st.sampled_from([64, 101]))
BILINEAR_OPTIONS = st.sampled_from([{}, {"align_corners": True}, {"half_pixel_centers": True}])
NEAREST_OPTIONS = st.fixed_dictionaries(
    {"align_corners": st.booleans(), "half_pixel_centers": st.booleans()}
)


@st.composite
def poolings(draw: st.DrawFn, dtype: str) -> tuple[Operand, dict[str, Any]]:
    """An image and the operator's options."""
    batch, height, width = draw(
        st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12))
    )
    image = draw(operands((batch, height, width, draw(CHANNELS)), dtype))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    beyond = 5 if padding == "SAME" else 0  # a window may be larger than a padded image
    options = {
        "padding": padding,
        "filter_height": draw(st.integers(1, height + beyond)),
        "filter_width": draw(st.integers(1, width + beyond)),
        "stride_h": draw(st.integers(1, 5)),
        "stride_w": draw(st.integers(1, 5)),
        "fused_activation_function": draw(ACTIVATIONS),
    }
    return image, options


@generator("AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D")
def pool(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    image, options = draw(poolings(dtype))
    return single_op(code, [image], (1, 1, 1, 1), dtype, image.quantization, **options)


def resize_op(
    code: str, operand: Operand, size: Any, **options: Any
) -> tuple[bytes, dict[int, Array]]:
    """The output's quantization is the input's."""
    constant = Operand(np.asarray(size, np.int32), is_constant=True)
    dtype = operand.dtype or operand.value.dtype
    operands = [operand, constant]
    return single_op(code, operands, (1, 1, 1, 1), dtype, operand.quantization, **options)


def litert_reads_beyond(
    length: int, size: int, align_corners: bool = False, half_pixel_centers: bool = False
) -> bool:
    """In integers LiteRT rounds the step between output pixels to 1/1024 of an input pixel; rounded
    up, many steps lead it past the image's end."""
    corner = int(align_corners and size > 1)
    step = (1024 * (length - corner) + (size - corner) // 2) // (size - corner)
    last = (size - 1) * step + (step // 2 - 512 if half_pixel_centers else 0)
    return last // 1024 > length - 1


@generator("RESIZE_BILINEAR")
def resize_bilinear(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape, size = draw(IMAGES), draw(st.tuples(SIZES, SIZES))
    options = draw(BILINEAR_OPTIONS)
    if dtype in ("int8", "int16"):
        assume(not any(litert_reads_beyond(shape[1 + d], size[d], **options) for d in (0, 1)))
    return resize_op(code, draw(operands(shape, dtype)), size, **options)


@generator("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape, size = draw(IMAGES), draw(st.tuples(SIZES, SIZES))
    return resize_op(code, draw(operands(shape, dtype)), size, **draw(NEAREST_OPTIONS))
