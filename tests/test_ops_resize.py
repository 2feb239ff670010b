"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.pools import IMAGES, NEAREST_OPTIONS, SIZES, litert_reads_beyond, resize_op
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE, Operand, arrays, single_op

EXAMPLES = settings(max_examples=60, deadline=None)
CODES = ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"]


def result(run, model, inputs):
    values, [y] = run(model, inputs)
    return values[y]


@EXAMPLES
@given(data=st.data())
def test_nearest_neighbor_of_int64(data):
    """LiteRT's reference has it not; int32 pixels of twice the channels are the same bytes."""
    shape, size = data.draw(IMAGES), data.draw(st.tuples(SIZES, SIZES))
    image = data.draw(arrays(shape, "int64"))
    options = data.draw(NEAREST_OPTIONS)
    code = "RESIZE_NEAREST_NEIGHBOR"
    halves = result(oracle.run, *resize_op(code, Operand(image.view(np.int32)), size, **options))
    ours = result(oracle.octavo_run, *resize_op(code, Operand(image), size, **options))
    oracle.assert_same(ours, halves.view(np.int64))


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_bilinear_stays_inside_the_image(dtype, data):
    """Where LiteRT reads on, ours repeats the edge: as if the image were larger by its edge."""
    height, width = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    size = data.draw(st.tuples(st.integers(200, 700), st.integers(200, 700)))
    image = data.draw(arrays((1, height, width, 1), dtype))
    ours = result(oracle.octavo_run, *resize_op("RESIZE_BILINEAR", Operand(image), size))
    assert ours.shape == (1, *size, 1)
    for axis, length in ((1, height), (2, width)):
        beyond = np.arange(size[axis - 1]) * round_step(length, size[axis - 1]) >= 1024 * (
            length - 1
        )
        edge = ours.take(np.flatnonzero(beyond), axis)
        assert np.all(edge == edge.take([0], axis))


def round_step(length, size):
    return (1024 * length + size // 2) // size


def test_litert_reads_the_next_row():
    """The last of 600 columns made of one lies, for LiteRT, between it and the next row's."""
    image = Operand(np.array([10, 20], np.int8).reshape(1, 2, 1, 1))
    net = resize_op("RESIZE_BILINEAR", image, (2, 600))
    assert litert_reads_beyond(1, 600)
    assert result(oracle.run, *net)[0, 0, -1, 0] == 18
    assert np.all(result(oracle.octavo_run, *net)[0, 0] == 10)


@pytest.mark.parametrize("code", CODES)
def test_resized_image(code):
    image = np.arange(120, dtype=np.int8).reshape(2, 5, 6, 2)
    model, [x] = resize_op(code, Operand(image[:1, :3]), (7, 8))
    oracle.assert_equal_to_litert(model, {x: image}, resize={x: image.shape})


@pytest.mark.parametrize("code", CODES)
def test_values_that_are_no_numbers(code):
    special = [np.nan, np.inf, -np.inf, 1.0, -0.0, 3e38, 3e38, 0.0, 2.0]
    image = Operand(np.array(special, np.float32).reshape(1, 3, 3, 1))
    oracle.assert_equal_to_litert(*resize_op(code, image, (5, 7)))


IMAGE = Operand(np.zeros((1, 4, 4, 2), np.float32))


def size(*values, dtype=np.int32):
    return Operand(np.array(values, dtype), is_constant=True)


@pytest.mark.parametrize(
    ("operands", "dtype", "message"),
    [
        ([IMAGE], "float32", "takes 2 inputs, has 1"),
        (
            [Operand(np.zeros((4, 4, 2), np.float32)), size(2, 2)],
            "float32",
            'input "x0" has shape (4, 4, 2), should have 4 dimensions',
        ),
        ([IMAGE, size(2, 2, 2)], "float32", 'size "x1" has shape (3), should be (2)'),
        ([IMAGE, size(0, 2)], "float32", "size is 0 by 2, should be at least 1 by 1"),
        ([IMAGE, size(2, -1)], "float32", "size is 2 by -1, should be at least 1 by 1"),
        (
            [IMAGE, size(2**31 - 1, 2**31 - 1)],
            "float32",
            'output "y" would have shape (1, 2147483647, 2147483647, 2), which no tensor can have',
        ),
        (
            [IMAGE, size(2, 2, dtype=np.int64)],
            "float32",
            'size "x1" has type int64, should have int32',
        ),
        ([IMAGE, size(2, 2)], "int8", 'input "x0" has type float32, output "y" has int8'),
        (
            [Operand(np.zeros((1, 0, 4, 2), np.float32)), size(2, 2)],
            "float32",
            'input "x0" has shape (1, 0, 4, 2), an image of no pixels',
        ),
        (
            [Operand(np.zeros((1, 4, 4, 2), np.float64)), size(2, 2)],
            "float64",
            'input "x0" has type float64, should have float32, ',
        ),
    ],
)
@pytest.mark.parametrize("code", CODES)
def test_errors(code, operands, dtype, message):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, (1, 2, 2, 2), dtype, NONE))
    assert f'{code} (node 0 "y"): ' in str(error.value)
    assert message in str(error.value)


def test_bilinear_takes_one_convention():
    net = resize_op("RESIZE_BILINEAR", IMAGE, (2, 2), align_corners=True, half_pixel_centers=True)
    with pytest.raises(RuntimeError, match="align_corners and half_pixel_centers are both set"):
        oracle.octavo_run(*net)
