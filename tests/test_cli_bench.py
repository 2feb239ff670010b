"""The commands `octavo bench` and `octavo profile`."""

import json
import sys

import numpy as np
import octavo
import pytest
from octavo import _core, cli, demo, measurement
from octavo.flatbuffer import Network

pytest.importorskip("rich")

ISAS = _core.available_isas()


@pytest.fixture
def command(capsys, monkeypatch):
    """Runs the command with arguments: (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def rows(text):
    """The words of every line that has any."""
    return [line.split() for line in text.splitlines() if line.strip()]


def digits_macs():
    return 8 * 8 * 16 * 9 + 8 * 8 * 32 * 9 * 16 + 512 * 10


@pytest.mark.parametrize("isa", ISAS)
def test_bench(command, monkeypatch, isa):
    monkeypatch.setenv("OCTAVO_ISA", isa)
    models = [demo.network("int8"), demo.network("float")]
    code, out, err = command("bench", *models, "--runs", 7, "--warmup", 0, "--json")
    assert (code, err) == (0, "")
    results = json.loads(out)
    assert [result["file"] for result in results] == [str(model) for model in models]
    for result in results:
        assert list(result) == [
            "file",
            "isa",
            "threads",
            "runs",
            "macs",
            "milliseconds",
            "gmacs_per_second",
        ]
        assert (result["isa"], result["threads"], result["runs"]) == (isa, 1, 7)
        assert result["macs"] == digits_macs()
        times = result["milliseconds"]
        assert list(times) == ["min", "median", "mean", "p90", "p99"]
        assert 0 < times["min"] <= times["median"] <= times["p90"] <= times["p99"]
        rate = result["macs"] / times["median"] / 1e6
        assert result["gmacs_per_second"] == pytest.approx(rate)


def test_bench_counts_runs_or_seconds(command):
    model = demo.network("int8")
    least = command("bench", model, "--seconds", "1e-9", "--json")[1]
    assert json.loads(least)[0]["runs"] == 5
    longer = command("bench", model, "--seconds", "0.05", "--json")[1]
    assert json.loads(longer)[0]["runs"] > 5
    one = command("bench", model, "--runs", 1, "--seconds", 100, "--threads", 2, "--json")[1]
    assert json.loads(one)[0]["runs"] == 1
    assert json.loads(one)[0]["threads"] == 2


def test_bench_table(command):
    code, out, err = command("bench", demo.network("int8"), demo.network("float"), "--runs", 3)
    assert (code, err) == (0, "")
    assert f"kernels {octavo.isa()}, 1 thread" in out
    table = rows(out)
    header = ["network", "min", "median", "p90", "p99", "GMAC/s", "runs"]
    assert header in table
    shown = [row for row in table if row[-1] == "3"]
    assert len(shown) == 2
    assert all(float(word) > 0 for row in shown for word in row[-6:-1])


@pytest.mark.parametrize("isa", ISAS)
def test_profile(command, monkeypatch, isa):
    monkeypatch.setenv("OCTAVO_ISA", isa)
    code, out, err = command("profile", demo.network("int8"), "--runs", 3, "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert (facts["isa"], facts["threads"], facts["runs"]) == (isa, 1, 3)
    assert facts["macs"] == digits_macs() == sum(step["macs"] for step in facts["steps"])
    nodes = octavo.Interpreter(demo.network("int8"))._get_ops_details()
    for step in facts["steps"]:
        assert step["operator"] == nodes[step["nodes"][0]]["op_name"]
        assert step["microseconds"] > 0
        rate = step["macs"] / step["microseconds"] / 1e3
        assert step["gmacs_per_second"] == pytest.approx(rate)
        assert step["bytes"] > 0
        assert step["kernels"]
        for kernel in step["kernels"]:
            assert _core.kernel_sources(isa)[kernel["name"]] == kernel["isa"]
    assert sum(step["share"] for step in facts["steps"]) == pytest.approx(1)
    assert facts["milliseconds"] > 0
    peak = facts["peak_gmacs_per_second"]
    assert peak is None if isa == "portable" else peak > 0
    groups = {}
    for step in facts["steps"]:
        groups.setdefault(step["operator"], []).append(step)
    assert {o["operator"]: o["count"] for o in facts["operators"]} == {
        name: len(group) for name, group in groups.items()
    }
    for operator in facts["operators"]:
        for key in ("microseconds", "share", "macs"):
            total = sum(step[key] for step in groups[operator["operator"]])
            assert operator[key] == pytest.approx(total)
    times = [operator["microseconds"] for operator in facts["operators"]]
    assert times == sorted(times, reverse=True)


def test_profile_on_threads(command):
    facts = json.loads(
        command("profile", demo.network("int8"), "--runs", 2, "--threads", 2, "--json")[1]
    )
    assert facts["threads"] == 2
    assert [step["operator"] for step in facts["steps"]][:2] == ["CONV_2D", "CONV_2D"]
    out = command("profile", demo.network("int8"), "--runs", 2, "--threads", 2)[1]
    assert f"kernels {octavo.isa()}, 2 threads" in " ".join(out.split())


def test_profile_table(command):
    code, out, err = command("profile", demo.network("int8"), "--runs", 3)
    assert (code, err) == (0, "")
    facts = json.loads(command("profile", demo.network("int8"), "--runs", 1, "--json")[1])
    table = rows(out)
    for step in facts["steps"]:
        row = next(row for row in table if row[:2] == [str(step["nodes"][0]), step["operator"]])
        assert ", ".join(kernel["name"] for kernel in step["kernels"]) in " ".join(row)
    for operator in facts["operators"]:
        assert any(row[:2] == [operator["operator"], str(operator["count"])] for row in table)


def hybrid(path):
    """A node whose value is known, one that calls several kernels, one more; names are long."""
    net = Network()
    x = net.tensor("x", (1, 4), "float32")
    known = net.tensor("known", (4,), "float32")
    y = net.tensor("a;" + "b" * 60 + ";c", (1, 3), "float32")
    z = net.tensor("z" * 60, (1, 3), "float32")
    net.op("FLOOR", [net.constant("k", np.float32([1.5, 2.5, 6.5, 0]))], [known])
    weights = net.constant("w", np.ones((3, 4), np.int8), scale=0.5, zero_point=0)
    net.op("FULLY_CONNECTED", [x, weights, None], [y])
    net.op("FLOOR", [y], [z])
    net.inputs, net.outputs = [x], [z]
    path.write_bytes(net.build())
    return path


def test_profile_of_nodes_that_are_no_steps(command, tmp_path):
    model = hybrid(tmp_path / "net.tflite")
    facts = measurement.profile(model, warmup=0, runs=1)
    assert [step["nodes"] for step in facts["steps"]] == [[1], [2]]
    assert facts["steps"][0]["bytes"] == 4 * 4 + 12 + 4 * 3
    names = [[kernel["name"] for kernel in step["kernels"]] for step in facts["steps"]]
    portable = octavo.isa() == "portable"
    quantizing = ["quantize_rows_s8"] if portable else ["image_hybrid_s8"]
    product = "fully_connected_hybrid" if portable else "gemm_hybrid_s8"
    assert names == [[*quantizing, product], ["floor_f32"]]
    code, out, _ = command("profile", model, "--runs", 1)
    assert code == 0
    assert "a " in out
    assert "…" + "z" * 31 in out


def test_profile_of_nothing(command, tmp_path):
    net = Network()
    x = net.tensor("x", (1, 4), "float32")
    net.inputs = net.outputs = [x]
    model = tmp_path / "net.tflite"
    model.write_bytes(net.build())
    picture = tmp_path / "net.png"
    assert command("profile", model, "--runs", 1)[0] == 0
    pytest.importorskip("matplotlib")
    assert command("profile", model, "--runs", 1, "--output", picture)[0] == 0
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".html"])
def test_profile_picture(command, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"picture{suffix}"
    code, out, err = command("profile", demo.network("int8"), "--runs", 2, "--output", path)
    assert (code, err) == (0, "")
    assert "CONV_2D" in out
    content = path.read_bytes()
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".html": b"<!doctype html>"}
    assert content.startswith(begins[suffix])
    if suffix in (".svg", ".html"):
        text = content.decode("utf-8")
        assert "CONV_2D (2)" in text
        assert demo.network("int8").name in text
        assert text.rstrip().endswith("</svg>")


def test_texts_of_a_picture_do_not_overlap(tmp_path):
    """Of the many steps of a network, numbers are shown where there is room."""
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure
    from octavo.picture import _fill

    generator = np.random.default_rng(0)
    steps = [
        {
            "nodes": [i],
            "operator": f"OPERATOR_{i % 8}",
            "microseconds": float(t),
            "share": 0.0,
            "macs": int(generator.integers(1, 10**6)) if i % 5 else 0,
            "bytes": int(generator.integers(1, 10**5)),
            "gmacs_per_second": float(generator.uniform(1, 500)),
        }
        for i, t in enumerate(generator.exponential(20, 300))
    ]
    total = sum(step["microseconds"] for step in steps)
    for step in steps:
        step["share"] = step["microseconds"] / total
    facts = {
        "file": "net.tflite",
        "isa": "portable",
        "threads": 1,
        "milliseconds": 1.0,
        "macs": 10**6,
        "peak_gmacs_per_second": 700.0,
        "steps": steps,
        "operators": measurement._by_operator(steps),
    }
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    _fill(figure, facts)
    figure.canvas.draw()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
        boxes += [t.get_window_extent() for t in axes.get_yticklabels() if t.get_text()]
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    assert len(figure.axes[1].texts) > 20


def test_random_inputs_are_of_their_types(tmp_path):
    generator = np.random.default_rng(0)
    for dtype in (np.int8, np.uint8, np.int16):
        value = measurement.random_input({"dtype": dtype, "shape": [99, 999]}, generator)
        assert (value.dtype, value.shape) == (dtype, (99, 999))
        limits = np.iinfo(dtype)
        assert limits.min <= value.min() < 0.99 * limits.min or limits.min == value.min() == 0
        assert 0.99 * limits.max < value.max() <= limits.max
    reals = measurement.random_input({"dtype": np.float32, "shape": [3, 4]}, generator)
    assert reals.dtype == np.float32
    assert np.unique(reals).size == 12
    for dtype in (np.int32, np.bool_):
        zeros = measurement.random_input({"dtype": dtype, "shape": [3, 4]}, generator)
        assert zeros.dtype == dtype
        assert not zeros.any()


@pytest.mark.parametrize("name", ["bench", "profile"])
def test_errors_are_one_line(command, tmp_path, name):
    text = tmp_path / "text.tflite"
    text.write_text("no network")
    net = Network()
    x, y = net.tensor("x", (1, 2), "float32"), net.tensor("y", (1, 2), "float32")
    net.op("CUSTOM", [x], [y], custom_code="Mine")
    net.inputs, net.outputs = [x], [y]
    unknown = tmp_path / "unknown.tflite"
    unknown.write_bytes(net.build())
    for model, message in [
        (tmp_path / "no.tflite", "no.tflite: No such file"),
        (text, "not a .tflite file"),
        (unknown, "uses operators that octavo does not have"),
    ]:
        code, out, err = command(name, model)
        assert (code, out) == (1, "")
        assert err.startswith("octavo: ")
        assert message in err
        assert err.count("\n") == 1


def test_errors_of_pictures(command, tmp_path, monkeypatch):
    model = demo.network("int8")
    assert command("profile", model, "--output", tmp_path / "x.gif") == (
        1,
        "",
        f"octavo: {tmp_path / 'x.gif'}: a picture's name ends in .png, .svg, .pdf, .html\n",
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert command("profile", model, "--runs", 1, "--output", tmp_path / "x.png") == (
        1,
        "",
        "octavo: this needs matplotlib: pip install 'octavo[plot]'\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench"], "MODEL"),
        (["bench", "x", "--runs", "0"], "must be at least 1"),
        (["bench", "x", "--seconds", "0"], "must be above 0"),
        (["bench", "x", "--seconds", "nan"], "must be above 0"),
        (["bench", "x", "--threads", "0"], "must be at least 1"),
        (["bench", "x", "--warmup", "-1"], "must not be below 0"),
        (["profile"], "MODEL"),
        (["profile", "x", "y"], "unrecognized arguments: y"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(arguments)
    assert exit.value.code == 2
    assert message in capsys.readouterr().err
