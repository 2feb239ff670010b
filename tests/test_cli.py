"""The command `octavo`."""

import json
import subprocess
import sys
from collections import Counter

import networks
import numpy as np
import octavo
import pytest
from octavo import cli, demo
from octavo.flatbuffer import Network
from octavo.quantizer.api import MODES

pytest.importorskip("rich")
Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def octavo_command(capsys, monkeypatch):
    """Runs the command with arguments: (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def files(tmp_path):
    """Writes files by name: bytes, text, an array, or arrays by name."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, dict):
            np.savez(path, **content)
        elif isinstance(content, np.ndarray):
            np.save(path, content)
        elif isinstance(content, str):
            path.write_text(content, "utf-8")
        else:
            path.write_bytes(content)
        return path

    return write


def rows(text):
    """The words of every line that has any."""
    return [line.split() for line in text.splitlines() if line.strip()]


def test_run_shows_the_top_classes(octavo_command, files):
    images, labels = demo.digits()
    image = (images[:1, ..., None] / 16).astype(np.float32)
    scores = octavo.load(demo.network("int8"))(image)[0]
    names = files("names.txt", "\n".join(f"[digit] {i}" for i in range(9)))
    array = files("x.npy", image)
    code, out, err = octavo_command(
        "run", demo.network("int8"), "--input", array, "--top", 10, "--labels", names
    )
    assert (code, err) == (0, "")
    table = rows(out)
    assert table[0] == ["probabilities"]
    assert table[1] == ["class", "label", "score"]
    order = np.argsort(-scores, kind="stable")
    for row, index in zip(table[3:], order, strict=True):
        label = ["[digit]", str(index)] if index < 9 else []
        assert row == [str(index), *label, f"{scores[index]:.6g}"]
    assert order[0] == labels[0]
    assert len(rows(octavo_command("run", demo.network("int8"), "--input", array)[1])) == 3 + 5


def test_run_takes_threads(octavo_command, files, monkeypatch):
    command = ("run", demo.network("int8"), "--input", files("x.npy", np.ones((1, 8, 8, 1))))
    alone = octavo_command(*command)
    load, given = octavo.load, []

    def counting_load(model, *, num_threads):
        given.append(num_threads)
        return load(model, num_threads=num_threads)

    monkeypatch.setattr(octavo, "load", counting_load)
    assert octavo_command(*command, "--threads", "2") == alone
    assert given == [2]


def test_run_takes_a_batch(octavo_command, files):
    images, labels = demo.digits()
    array = files("x.npy", images[:7, ..., None] / 16)
    out = octavo_command("run", demo.network("float"), "--input", array, "--top", "1")[1]
    found = [row[:2] for row in rows(out)[3:]]
    assert found == [[str(i), str(label)] for i, label in enumerate(labels[:7])]


def several():
    """Two inputs; one output that is no list of classes and one named as no variable can be."""
    net = Network()
    a, b = net.tensor("file", (2, 3), "float32"), net.tensor("b", (2, 3), "float32")
    c, d = net.tensor("c/d:0", (2, 3), "float32"), net.tensor("file", (4, 3), "float32")
    e = net.tensor("e", (3,), "float32")
    net.op("FLOOR", [a], [c])
    net.op("CONCATENATION", [a, b], [d], axis=0)
    net.op("FLOOR", [net.constant("k", np.float32([1.5, 2.5, 6.5]))], [e])
    net.inputs, net.outputs = [a, b], [c, d, e]
    return net.build()


def test_run_saves_and_summarizes(octavo_command, files, tmp_path):
    model = files("net.tflite", several())
    a, b = np.arange(12, dtype=np.float32).reshape(2, 2, 3) + 0.5
    saved = tmp_path / "out.npz"
    both = files("both.npz", {"arr_0": a, "arr_1": b})
    code, out, err = octavo_command("run", model, "--input", both, "--output", saved)
    assert (code, err) == (0, "")
    with np.load(saved) as outputs:
        assert sorted(outputs.files) == ["c/d:0", "e", "file"]
        np.testing.assert_array_equal(outputs["c/d:0"], np.floor(a))
        np.testing.assert_array_equal(outputs["file"], np.concatenate([a, b]))
    assert "e: float32 (3,), min 1, max 6, mean 3\n" in out
    code, out, err = octavo_command("run", model, "--input", files("one.npz", {"b": b}))
    assert code == 1
    assert "the network takes 2 inputs" in err


def test_run_takes_arrays_by_name(octavo_command, files, tmp_path):
    model = files("net.tflite", networks.two_signatures())
    array = files("x.npz", {"value": np.float32([[1.5, 2.5]])})
    run = octavo_command("run", model, "--input", array, "--output", tmp_path / "y.npz")
    assert run[0] == 0
    with np.load(tmp_path / "y.npz") as outputs:
        assert outputs["floor"].tolist() == [[1, 2]]


def picture_network(dtype, channels, **quantization):
    """Gives its input, (1, 4, 6, channels), as it is."""
    net = Network()
    x = net.tensor("x", (1, 4, 6, channels), dtype, **quantization)
    y = net.tensor("y", (1, 4, 6, channels), dtype, **quantization)
    net.op("RESHAPE", [x, net.constant("shape", np.int32([1, 4, 6, channels]))], [y])
    net.inputs, net.outputs = [x], [y]
    return net.build()


@pytest.mark.parametrize("channels", [1, 3])
def test_run_takes_images(octavo_command, files, tmp_path, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    picture = tmp_path / "x.png"
    image = Image.fromarray(pixels)
    image.save(picture)
    wanted = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float32)
    wanted = wanted.reshape(1, 4, 6, channels)
    mean = [10, 20, 30][:channels]
    given = ",".join(map(str, mean))

    def run(model, *options):
        path = files("net.tflite", model)
        saved = tmp_path / "y.npz"
        code, _, err = octavo_command("run", path, "--input", picture, "--output", saved, *options)
        assert (code, err) == (0, "")
        with np.load(saved) as outputs:
            return outputs["y"]

    real = picture_network("float32", channels)
    np.testing.assert_allclose(run(real), wanted / 255, rtol=1e-6)
    np.testing.assert_allclose(
        run(real, "--mean", given, "--std", "2"), (wanted - mean) / 2, rtol=1e-6
    )
    unsigned = picture_network("uint8", channels, scale=0.5, zero_point=7)
    np.testing.assert_array_equal(run(unsigned), (wanted - 7) / 2)
    np.testing.assert_allclose(run(unsigned, "--std", "5"), np.clip(wanted / 5, 0, 124), atol=0.26)
    signed = picture_network("int8", channels, scale=1 / 255, zero_point=-128)
    np.testing.assert_allclose(run(signed), wanted / 255, atol=0.501 / 255)


def test_run_resizes_images(octavo_command, files, tmp_path):
    picture = tmp_path / "x.png"
    Image.new("RGBA", (31, 17), (255, 51, 0, 255)).save(picture)
    path = files("net.tflite", picture_network("float32", 3))
    octavo_command("run", path, "--input", picture, "--output", tmp_path / "y.npz")
    with np.load(tmp_path / "y.npz") as outputs:
        np.testing.assert_allclose(outputs["y"], np.tile([1, 0.2, 0], (1, 4, 6, 1)), rtol=1e-6)


def test_inspect(octavo_command):
    code, out, err = octavo_command("inspect", demo.network("int8"), "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    conv1, conv2, dense = 8 * 8 * 16 * 9, 8 * 8 * 32 * 9 * 16, 512 * 10
    assert facts["macs"] == conv1 + conv2 + dense
    assert facts["parameters"] == (16 * 9 + 16) + (32 * 9 * 16 + 32) + (5120 + 10)
    assert facts["bytes"] == demo.network("int8").stat().st_size
    assert facts["problem"] is None
    assert 0 < facts["arena_bytes"] < facts["unshared_bytes"]
    assert facts["inputs"] == [
        {
            "name": "image",
            "shape": [None, 8, 8, 1],
            "dtype": "int8",
            "scale": float(np.float32(1 / 255)),
            "zero_point": -128,
        }
    ]
    counts = {group["name"]: group["count"] for group in facts["operators"]}
    assert counts == Counter(node["operator"] for node in facts["nodes"])
    assert counts["CONV_2D"] == 2
    assert [node["macs"] for node in facts["nodes"]] == [conv1, conv2, 0, 0, dense, 0]
    assert sum(t["bytes"] for t in facts["tensors"] if not t["is_constant"]) == 64 + 64 * 16 + (
        64 * 32 + 512 + 512 + 10 + 10
    )

    code, out, err = octavo_command("inspect", demo.network("int8"))
    assert (code, err) == (0, "")
    table = rows(out)
    assert ["CONV_2D", "2", f"{conv1 + conv2:,}"] in table
    assert ["parameters", "9,930"] in table
    assert ["arena", f"{facts['arena_bytes']:,}", "bytes,", "shared", "in", "time"] in table
    assert ["constant", "int8", "3", "9,872"] in table


def test_macs_of_every_operator_that_has_them(octavo_command, files):
    """Against a count of the products, one loop a dimension, that a direct kernel computes."""
    net = Network()
    x = net.tensor("x", (2, 5, 6, 4), "float32")
    conv = net.tensor("conv", (2, 3, 3, 7), "float32")
    depthwise = net.tensor("depthwise", (2, 5, 6, 8), "float32")
    transposed = net.tensor("transposed", (2, 10, 12, 3), "float32")
    flat = net.tensor("flat", (60, 9), "float32")
    grouped = net.tensor("grouped", (2, 5, 6, 6), "float32")

    def constant(*shape):
        return net.constant("w", np.ones(shape, np.float32))

    same = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    twice = {"padding": "SAME", "stride_w": 2, "stride_h": 2}
    net.op("CONV_2D", [x, constant(7, 3, 2, 4), None], [conv], **twice)
    net.op("CONV_2D", [x, constant(6, 1, 1, 2), None], [grouped], **same)
    net.op(
        "DEPTHWISE_CONV_2D",
        [x, constant(1, 3, 3, 8), None],
        [depthwise],
        depth_multiplier=2,
        **same,
    )
    shape = net.constant("shape", np.int32([2, 10, 12, 3]))
    net.op("TRANSPOSE_CONV", [shape, constant(3, 2, 2, 4), x], [transposed], **twice)
    net.op("FULLY_CONNECTED", [x, constant(9, 4), None], [flat])
    net.inputs, net.outputs = [x], [conv, depthwise, transposed, flat, grouped]
    facts = json.loads(octavo_command("inspect", files("net.tflite", net.build()), "--json")[1])
    assert facts["problem"] is None
    assert [node["macs"] for node in facts["nodes"]] == [
        2 * 3 * 3 * 7 * (3 * 2 * 4),
        2 * 5 * 6 * 6 * 2,
        2 * 5 * 6 * 8 * (3 * 3),
        2 * 5 * 6 * 4 * (3 * 2 * 2),
        60 * 9 * 4,
    ]


def test_inspect_what_cannot_run(octavo_command, files):
    net = Network()
    x, y = net.tensor("x", (1, 2), "float32"), net.tensor("[y]", (1, 2), "float32")
    net.op("CUSTOM", [x], [y], custom_code="Mine")
    net.inputs, net.outputs = [x], [y]
    path = files("net.tflite", net.build())
    code, out, err = octavo_command("inspect", path)
    assert (code, err) == (0, "")
    assert "problem" in out
    assert 'CUSTOM "Mine"' in " ".join(out.split())
    assert "[y]: float32 (1, 2)" in out
    facts = json.loads(octavo_command("inspect", path, "--json")[1])
    assert facts["macs"] is facts["arena_bytes"] is facts["operators"][0]["macs"] is None


def test_demo(octavo_command):
    code, out, err = octavo_command("demo")
    assert (code, err) == (0, "")
    for mode in MODES:
        summary = demo.quantized(mode).summary
        row = next(row for row in rows(out) if row[0] == mode)
        size, unit, ratio, share, latency, *rest = row[1:]
        assert (size, unit) == (f"{summary.bytes_after:,}", "bytes")
        assert ratio == f"{summary.bytes_before / summary.bytes_after:.2f}"
        assert share == f"{demo.measure(demo.quantized(mode).content).accuracy:.1%}"
        assert float(latency) > 0
        assert rest == ["µs"]
    assert "█" in out


def test_errors_are_one_line(octavo_command, files, tmp_path):
    model = demo.network("float")
    array = files("x.npy", np.zeros((1, 8, 8, 1)))
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    text = files("text.npy", "no array")
    for arguments, message in [
        (("run", tmp_path / "no.tflite", "--input", array), r"no.tflite: No such file"),
        (("run", model, "--input", tmp_path / "no.npy"), "no.npy: No such file"),
        (("run", model, "--input", tmp_path / "no.png"), "no.png: No such file"),
        (("run", model, "--input", text), "text.npy: no arrays can be read"),
        (("run", model, "--input", files("e.npz", b"")), "e.npz: no arrays can be read"),
        (("run", model, "--input", files("b.npz", b"PK\3\4 ")), "b.npz: no arrays can be read"),
        (("run", model, "--input", files("x.jpg", b"no image")), "cannot identify image file"),
        (("run", model, "--input", files("y.npy", np.zeros((2, 3)))), "the array has shape (2, 3)"),
        (("run", model, "--input", array, "--labels", tmp_path / "l"), "l: No such file"),
        (("run", model, "--input", array, "--output", tmp_path / "a/b"), "a/b: No such file"),
        (
            ("run", files("d.tflite", networks.dense()), "--input", tmp_path / "x.png"),
            'takes no image of 1 or 3 channels: "features" int8 (?, 4)',
        ),
        (("run", model, "--input", tmp_path / "x.png", "--mean", "1,2,3"), "have three numbers"),
        (("inspect", text), "text.npy: not a .tflite file"),
        (("inspect", tmp_path), "Is a directory"),
    ]:
        code, out, err = octavo_command(*arguments)
        assert (code, out) == (1, ""), arguments
        assert err.startswith("octavo: "), arguments
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["inspect"], "MODEL or --cpu"),
        (["fly"], "invalid choice: 'fly'"),
        (["run", "net.tflite"], "--input"),
        (["run", "net.tflite", "--input", "x.npy", "--top", "0"], "must be at least 1"),
        (["run", "net.tflite", "--input", "x.png", "--mean", "1,2"], "one number or three"),
        (["run", "net.tflite", "--input", "x.png", "--std", "nan"], "one number or three"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(arguments)
    assert exit.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("package", ["rich", "PIL"])
def test_missing_extras(octavo_command, files, tmp_path, monkeypatch, package):
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    code, _, err = octavo_command("run", demo.network("float"), "--input", tmp_path / "x.png")
    assert code == 1
    shown = {"rich": "rich", "PIL": "pillow"}[package]
    assert err == f"octavo: this needs {shown}: pip install 'octavo[cli]'\n"
    assert octavo_command("inspect", demo.network("float"), "--json")[0] == 0


def test_as_a_program(files):
    """In a process of its own, its output a pipe that is closed early."""
    command = [sys.executable, "-m", "octavo"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"octavo {octavo.__version__}\n"
    failed = subprocess.run([*command, "inspect", "no"], capture_output=True, text=True)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "octavo: no: No such file or directory\n"
    model = str(files("net.tflite", networks.floors(5000)))
    process = subprocess.Popen(
        [*command, "inspect", "--json", model], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1
