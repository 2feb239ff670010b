"""Representative data in every form that the quantizer takes."""

import numpy as np
import pytest
from octavo import _core
from octavo.flatbuffer import Network
from octavo.quantizer.data import Images, RepresentativeData

IMAGES = np.arange(3 * 4 * 5 * 3).reshape(3, 4, 5, 3).astype(np.float32)


def one_input(shape=(1, 4, 5, 3), signature=None, dtype="float32"):
    net = Network()
    x = net.tensor("pixels", shape, dtype, shape_signature=signature)
    y = net.tensor("y", shape, dtype, shape_signature=signature)
    net.op("ABS" if dtype == "float32" else "CAST", [x], [y])
    net.inputs, net.outputs = [x], [y]
    return _core.Model.copy(net.build())


def two_inputs():
    """Inputs in another order than their tensors, a signature for them, and a second subgraph."""
    net = Network()
    ids = net.tensor("serving_ids:0", (1, 2), "int32")
    x = net.tensor("serving_x:0", (1, 2), "float32", shape_signature=(-1, 2))
    y = net.tensor("y", (1, 2), "float32")
    net.op("ADD", [x, x], [y])
    net.inputs, net.outputs = [x, ids], [y]
    net.signature("serve", {"ids": ids, "x": x}, {"y": y})
    other = net.subgraph("other")
    a = other.tensor("a", (3,), "float32")
    b = other.tensor("b", (3,), "float32")
    other.op("ABS", [a], [b])
    other.inputs, other.outputs = [a], [b]
    other.signature("second", {"name": a}, {"result": b})
    return _core.Model.copy(net.build())


IDS, X = 0, 1  # tensors of two_inputs
PAIR = {"ids": np.array([[1, 2]], np.int32), "x": np.ones((1, 2), np.float32)}


def read(model, data):
    return list(RepresentativeData(model, data))


def check_images(samples, images=IMAGES):
    assert [subgraph for subgraph, _ in samples] == [0] * len(images)
    for (_, sample), image in zip(samples, images, strict=True):
        assert list(sample) == [0]
        assert sample[0].dtype == np.float32
        assert sample[0].flags.c_contiguous
        np.testing.assert_array_equal(sample[0], image[None])


def generator():
    for image in IMAGES:
        yield [image[None]]


class Dataset:  # tf.lite.RepresentativeDataset
    input_gen = staticmethod(generator)


@pytest.mark.parametrize(
    "data",
    [
        generator,
        Dataset(),
        [[image[None]] for image in IMAGES],
        [image[None] for image in IMAGES],
        list(IMAGES),
        [{"pixels": image[None]} for image in IMAGES],
        IMAGES,
        IMAGES[:, None],
        IMAGES.astype(np.float64),
        IMAGES.astype(np.uint8),
        IMAGES[:, :, ::-1][:, :, ::-1],
        {"pixels": IMAGES},
        lambda: ({"pixels": image} for image in IMAGES),
    ],
    ids=lambda data: type(data).__name__,
)
def test_the_forms_of_one_input(data):
    check_images(read(one_input(), data))


def test_an_iterator_serves_once_and_a_function_again():
    model = one_input()
    once, again = RepresentativeData(model, generator()), RepresentativeData(model, generator)
    for _ in range(2):
        check_images(list(again))
    check_images(list(once))
    with pytest.raises(ValueError, match="there is no sample"):
        list(once)


@pytest.mark.parametrize(
    ("data", "count"),
    [(IMAGES, 3), ({"pixels": IMAGES}, 3), (list(IMAGES), 3), (generator, None)],
    ids=["array", "mapping", "list", "function"],
)
def test_the_number_of_samples_where_it_is_known(data, count):
    assert RepresentativeData(one_input(), data).count == count


@pytest.mark.parametrize("signature", [(-1, -1, -1, 3), (-1, 4, 5, 3)])
def test_open_dimensions_are_the_samples_to_choose(signature):
    model = one_input((1, 1, 1, 3), signature)
    samples = read(model, [[IMAGES], [IMAGES[0]]])
    assert [sample[0].shape for _, sample in samples] == [(3, 4, 5, 3), (1, 4, 5, 3)]


@pytest.mark.parametrize(
    "sample",
    [
        PAIR,
        {"serving_ids:0": PAIR["ids"], "serving_x:0": PAIR["x"]},
        {"ids": PAIR["ids"][0].astype(np.int64), "serving_x:0": PAIR["x"].astype(np.float16)},
        [PAIR["x"], PAIR["ids"]],
        (PAIR["x"], PAIR["ids"]),
        ("serve", PAIR),
    ],
)
def test_several_inputs_by_name_and_by_position(sample):
    [(subgraph, values)] = read(two_inputs(), lambda: iter([sample]))
    assert subgraph == 0
    assert values.keys() == {IDS, X}
    assert values[IDS].dtype == np.int32
    assert values[IDS].tolist() == [[1, 2]]
    assert values[X].tolist() == [[1, 1]]


def test_several_signatures():
    samples = read(two_inputs(), [("second", {"name": [1, 2, 3]}), ("serve", PAIR), PAIR])
    assert [subgraph for subgraph, _ in samples] == [1, 0, 0]
    assert samples[0][1][0].tolist() == [1, 2, 3]


def test_an_npz_file_by_name_by_position_and_as_x(tmp_path):
    path = tmp_path / "samples.npz"
    for name in ("pixels", "arr_0", "x"):
        np.savez(path, **{name: IMAGES, "labels": np.arange(3)})
        check_images(read(one_input(), path))
        check_images(read(one_input(), str(path)))
    x, ids = np.ones((4, 2), np.float32), np.arange(8).reshape(4, 2)
    for arrays in ({"x": x, "ids": ids}, {"arr_0": x, "arr_1": ids}):
        np.savez(path, **arrays)
        samples = read(two_inputs(), path)
        assert [values[IDS].tolist() for _, values in samples] == [[r] for r in ids.tolist()]
    np.savez(path, y=IMAGES)
    with pytest.raises(ValueError, match=r'"y"; input 0 needs one named "pixels" or "arr_0" or'):
        read(one_input(), path)


def test_files_that_are_no_npz(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read(one_input(), tmp_path / "nowhere")
    path = tmp_path / "samples.npz"
    with open(path, "wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(ValueError, match=r"is neither a folder of images nor an \.npz file"):
        read(one_input(), path)
    np.savez(path, x=IMAGES)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        read(one_input(), path)
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        read(one_input(), path)


@pytest.fixture
def folder(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for i, name in enumerate(["b.png", "a.png", "c.PNG"]):
        image.fromarray(IMAGES[i].astype(np.uint8)).save(tmp_path / name)
    (tmp_path / "labels.txt").write_text("no image")
    return tmp_path


def test_a_folder_of_images_in_the_order_of_names(folder):
    check_images(read(one_input(), folder), IMAGES[[1, 0, 2]])
    check_images(read(one_input(), str(folder)), IMAGES[[1, 0, 2]])
    assert RepresentativeData(one_input(), folder).count == 3


def test_images_are_normalised(folder):
    samples = read(one_input(), Images(folder, mean=[1, 2, 3], std=4))
    check_images(samples, ((IMAGES - [1, 2, 3]) / 4).astype(np.float32)[[1, 0, 2]])


def test_images_take_the_inputs_size_and_colours(folder):
    image = pytest.importorskip("PIL.Image")
    samples = read(one_input((1, 7, 2, 1)), folder)
    with image.open(folder / "b.png") as original:
        grey = original.convert("L").resize((2, 7), image.Resampling.BILINEAR)
    np.testing.assert_array_equal(samples[1][1][0], np.asarray(grey, np.float32)[None, ..., None])
    samples = read(one_input((1, 1, 1, 3), (-1, -1, -1, 3)), folder)
    check_images(samples, IMAGES[[1, 0, 2]])


def test_images_need_an_input_of_images(folder, tmp_path):
    with pytest.raises(ValueError, match=r'"pixels" has shape \(1, 4\), images need'):
        read(one_input((1, 4)), folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no images"):
        read(one_input(), tmp_path / "empty")


NAN, INFINITE = IMAGES.copy(), IMAGES.astype(np.float64)
NAN[2, 1, 4, 0] = np.nan
INFINITE[1, 0, 0, 2] = -1e300


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (IMAGES[:, :, :4], r'sample 0, input "pixels" has shape \(4, 4, 3\), the network takes \('),
        (IMAGES[:, None, None], r"has shape \(1, 1, 4, 5, 3\), the network takes \(1, 4, 5, 3\)"),
        ([[IMAGES[:1]], [IMAGES]], r'sample 1, input "pixels" has shape \(3, 4, 5, 3\)'),
        (IMAGES.astype(complex), 'sample 0, input "pixels" has type complex128, the network takes'),
        (IMAGES.astype(str), r'sample 0, input "pixels" has type <U\d+, the network takes float32'),
        (NAN, r'sample 2, input "pixels" has the value nan at \(1, 4, 0\)'),
        (INFINITE, r'sample 1, input "pixels" has the value -1e\+300 at \(0, 0, 2\)'),
        ([{"pixel": IMAGES[0]}], "sample 0 names an input 'pixel', the network has \"pixels\""),
        ([{}], 'sample 0 lacks "pixels"'),
        ([[IMAGES[0], IMAGES[0]]], "sample 0 has 2 arrays, the network has 1"),
        ([], "the representative data are empty"),
        (lambda: [], "the representative data are empty"),
        (IMAGES[:0], "the representative data are empty"),
        (np.float32(3), "cannot be of type float32"),
        (np.array(3.0), "need a first axis that counts samples"),
        (7, "cannot be of type int"),
        (lambda: None, "must give an iterable of samples, not NoneType"),
        ([("main", {"pixels": IMAGES[0]})], "sample 0 is for signature 'main', the network has no"),
    ],
)
def test_data_that_do_not_fit_one_input(data, message):
    with pytest.raises(ValueError, match=message):
        read(one_input(), data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((3, 2)), "an array is data for one input, the network has 2: give arrays by name"),
        ([np.ones((1, 2))], "sample 0: an array is data for one input, the network has 2"),
        ([{"x": PAIR["x"]}], 'sample 0 lacks "serving_ids:0"'),
        ({"x": np.ones((3, 2)), "ids": np.ones((2, 2), int)}, '3 of "x", 2 of "ids"'),
        ([PAIR, PAIR | {"ids": np.ones((1, 2))}], "sample 1, .* type float64, .* takes int32"),
        ([PAIR | {"ids": [[0, 2**31]]}], "values from 0 to 2147483648, beyond int32"),
        ([("x", PAIR)], 'sample 0 is for signature \'x\', the network has "serve", "second"'),
        ([("second", PAIR)], 'names an input \'ids\', the network has "a", "name"'),
    ],
)
def test_data_that_do_not_fit_several_inputs(data, message):
    with pytest.raises(ValueError, match=message):
        read(two_inputs(), data)


def test_integers_keep_their_type():
    model = one_input((1, 3), dtype="uint8")
    [(_, sample)] = read(model, [np.array([0, 255, 7])])
    assert sample[0].dtype == np.uint8
    with pytest.raises(ValueError, match="values from -1 to 7, beyond uint8"):
        read(model, [np.array([0, -1, 7])])


def test_what_numpy_has_no_type_for_is_refused():
    with pytest.raises(ValueError, match='"pixels" has type string, for which'):
        read(one_input((1,), dtype="string"), [])
