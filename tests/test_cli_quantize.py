"""The command `octavo quantize`."""

import json

import numpy as np
import octavo
import pytest
from octavo import cli, demo
from octavo.flatbuffer import Network
from octavo.quantizer import Calibration
from octavo.quantizer.api import MODES
from octavo.quantizer.comparison import OutputError, output_errors
from octavo.quantizer.data import Images
from octavo.quantizer.estimators import ESTIMATORS

pytest.importorskip("rich")
Image = pytest.importorskip("PIL.Image")

DIGITS = demo.digits()[0][:30, ..., None] / np.float32(16)
FLOAT = demo.network("float")


@pytest.fixture
def quantize(capsys, monkeypatch, tmp_path):
    """Runs the command: the lines that it prints, as words; and the file that it writes."""
    monkeypatch.setenv("COLUMNS", "120")
    output = tmp_path / "out.tflite"

    def run(*arguments, model=FLOAT):
        code = cli.main(["quantize", str(model), "-o", str(output), *map(str, arguments)])
        captured = capsys.readouterr()
        assert (code, captured.err) == (0, "")
        rows = [line.split() for line in captured.out.splitlines() if line.strip()]
        return rows, output.read_bytes()

    return run


@pytest.fixture
def failure(capsys, tmp_path):
    """Runs the command, which fails: its message."""

    def run(*arguments, model=FLOAT):
        output = tmp_path / "failed.tflite"
        code = cli.main(["quantize", str(model), "-o", str(output), *map(str, arguments)])
        captured = capsys.readouterr()
        assert (code, captured.out, output.exists()) == (1, "", False)
        return captured.err

    return run


@pytest.fixture
def arrays(tmp_path):
    path = tmp_path / "digits.npz"
    np.savez(path, image=DIGITS)
    return path


def sqnr(reference, result):
    return 10 * np.log10(np.square(reference).sum() / np.square(result - reference).sum())


def test_reports_what_it_did(quantize, arrays):
    rows, content = quantize("--data", arrays)
    wanted = octavo.quantize(FLOAT, "int8", DIGITS)
    assert content == bytes(wanted)
    before = FLOAT.stat().st_size
    assert ["before", f"{before:,}", "bytes"] in rows
    assert ["after", f"{len(content):,}", "bytes"] in rows
    assert ["ratio", f"{before / len(content):.2f}"] in rows
    assert ["int8", "6"] in rows
    assert ["Stayed", "float"] not in rows
    reference, result = (octavo.load(m)(DIGITS[:10]) for m in (FLOAT, content))
    greatest = np.abs(result - reference).max()
    assert [
        "probabilities",
        "10",
        f"{sqnr(np.float64(reference), result):.2f}",
        "dB",
        f"{greatest:.3g}",
    ] in rows


@pytest.mark.parametrize("mode", ["float", "dynamic", "float16"])
def test_modes_without_data(quantize, arrays, mode):
    rows, content = quantize("--mode", mode)
    assert content == bytes(octavo.quantize(FLOAT, mode))
    assert not any("dB" in row for row in rows)
    rows, _ = quantize("--mode", mode, "--data", arrays)
    error = next(row for row in rows if row[0] == "probabilities")
    assert (error[2] == "inf") == (mode == "float")


def test_options_reach_the_quantizer(quantize, arrays, tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps([{"operator": "SOFTMAX", "mode": "float"}]))
    rows, content = quantize(
        *("--data", arrays, "--mode", "16x8", "--input-type", "int16", "--output-type", "float32"),
        *("--recipe", recipe, "--estimator", "mse", "--per-tensor"),
    )
    assert content == bytes(
        octavo.quantize(
            FLOAT,
            "16x8",
            DIGITS,
            input_type="int16",
            output_type="float32",
            recipe=[{"operator": "SOFTMAX", "mode": "float"}],
            estimator="mse",
            per_channel=False,
        )
    )
    assert ["int16", "5"] in rows
    assert ["float", "1"] in rows


def test_calibration_is_saved_and_loaded(quantize, arrays, tmp_path):
    saved = tmp_path / "c.json"
    _, first = quantize("--data", arrays, "--estimator", "mse", "--save-calibration", saved)
    assert Calibration.load(saved).statistics[0]
    rows, again = quantize("--calibration", saved, "--estimator", "mse")
    assert again == first
    assert not any("dB" in row for row in rows)
    rows, again = quantize("--calibration", saved, "--estimator", "mse", "--data", arrays)
    assert again == first
    assert "samples" in [cell for row in rows for cell in row]  # of the comparison
    _, other = quantize("--calibration", saved, "--mode", "16x8", "--estimator", "percentile")
    assert other == bytes(octavo.quantize(FLOAT, "16x8", DIGITS, estimator="percentile"))


def picture_network():
    """Takes the mean of an image, and the floor of that."""
    net = Network()
    x = net.tensor("x", (1, 4, 6, 3), "float32")
    y, z = (net.tensor(name, (1, 3), "float32") for name in ("mean", "[floor]"))
    net.op("MEAN", [x, net.constant("axes", np.int32([1, 2]))], [y], keep_dims=False)
    net.op("FLOOR", [y], [z])
    net.inputs, net.outputs = [x], [z]
    return net.build()


def test_images_and_what_stays_float(quantize, tmp_path):
    model, folder = tmp_path / "net.tflite", tmp_path / "images"
    model.write_bytes(picture_network())
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        pixels = rng.integers(0, 256, (8, 9, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    rows, content = quantize("--data", folder, model=model)
    assert content == bytes(octavo.quantize(model, data=Images(folder, 0, 255)))
    assert ["FLOOR", "[floor]", "has", "no", "integer", "form"] in rows
    assert ["float", "1"] in rows
    _, content = quantize("--data", folder, "--mean", "1,2,3", "--std", "4", model=model)
    assert content == bytes(octavo.quantize(model, data=Images(folder, (1, 2, 3), 4)))
    _, content = quantize("--data", folder, "--mode", "int8-only", "--fallback", model=model)
    assert octavo.load(content).inputs[0].dtype == np.int8


def test_errors(failure, arrays, tmp_path):
    floors = tmp_path / "floor.tflite"
    floors.write_bytes(picture_network())
    empty = tmp_path / "empty"
    empty.mkdir()
    pictures = tmp_path / "pictures.npz"
    np.savez(pictures, x=np.ones((2, 4, 6, 3)))
    for arguments, message in [
        ([], 'mode "int8" needs representative data'),
        (["--data", tmp_path / "no"], "no: No such file"),
        (["--data", empty], "has no images"),
        (["--data", arrays, "--input-type", "int16"], "input type int16"),
        (["--data", arrays, "--recipe", tmp_path / "r.json"], "r.json: No such file"),
        (["--calibration", arrays], "is no calibration"),
        (["--mode", "int4"], 'mode "int4" is none of float, dynamic'),
        (["--data", tmp_path / "no", "--estimator", "magic"], "is no range estimator: minmax"),
        (["--mode", "dynamic", "--save-calibration", empty / "c"], "no calibration to save"),
    ]:
        assert message in failure(*arguments), arguments
    assert 'FLOOR "[floor]" has no integer form' in failure(
        "--mode", "int8-only", "--data", pictures, model=floors
    )


def test_help_and_wrong_usage(capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(["quantize", "--help"])
    assert exit.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert ", ".join(MODES) in text
    assert ", ".join(ESTIMATORS) in text
    with pytest.raises(SystemExit) as exit:
        cli.main(["quantize", "net.tflite"])
    assert exit.value.code == 2


def test_output_error():
    error = OutputError("y")
    assert error.sqnr == float("inf")
    error.add(np.float32([3, -4]), np.float32([3, -4.5]))
    error.add(np.float32([0, 0]), np.float32([0.25, 0]))
    assert (error.samples, error.greatest) == (2, 0.5)
    assert error.sqnr == pytest.approx(10 * np.log10(25 / (0.25 + 0.0625)))
    silence = OutputError("z")
    silence.add(np.float32([0]), np.float32([1]))
    assert silence.sqnr == float("-inf")


def test_output_errors_of_several_outputs():
    """Integer outputs have none, and the order of the file is kept."""
    net = Network()
    x = net.tensor("x", (1, 4), "float32")
    outputs = [net.tensor("b", (1,), "int32"), net.tensor("a", (1, 4), "float32")]
    net.op("ARG_MAX", [x, net.constant("axis", np.int32(1))], [outputs[0]], output_type="INT32")
    net.op("LOGISTIC", [x], [outputs[1]])
    net.inputs, net.outputs = [x], outputs
    model = net.build()
    data = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    quantized = octavo.quantize(model, "int8", data)
    (error,) = output_errors(model, bytes(quantized), data, 3)
    reference, result = (octavo.load(m)(data[:3])["a"] for m in (model, bytes(quantized)))
    assert (error.name, error.samples) == ("a", 3)
    assert error.sqnr == pytest.approx(sqnr(np.float64(reference), result))
