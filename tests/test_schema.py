"""The schema against the two public descriptions of the format: ai_edge_litert's and tflite's."""

import re
from pathlib import Path

import flatbuffers
import numpy as np
import octavo._schema as ours
import pytest
from objects import plain
from octavo import flatbuffer

litert = pytest.importorskip("ai_edge_litert.schema_py_generated")
tflite = pytest.importorskip("tflite")

SOURCE = re.sub(
    r"//.*", "", (Path(__file__).parents[1] / "csrc/graph/schema.fbs").read_text("utf-8")
)
SCALARS = {
    "bool": np.bool_,
    "byte": np.int8,
    "ubyte": np.uint8,
    "ushort": np.uint16,
    "int": np.int32,
    "uint": np.uint32,
    "long": np.int64,
    "ulong": np.uint64,
    "float": np.float32,
}
ENUMS = dict(re.findall(r"enum (\w+) : (\w+)", SOURCE))
UNIONS = {
    name: re.findall(r"\w+", members)
    for name, members in re.findall(r"union (\w+) \{(.*?)\}", SOURCE, re.DOTALL)
}
TABLES = {
    name: re.findall(r"(\w+):(\[?\w+\]?)(?: = \S+)?(?: \((?!deprecated).*?\))?;", fields)
    for name, fields in re.findall(r"table (\w+) \{(.*?)\}", SOURCE, re.DOTALL)
}

# Newer than tflite 2.18.
NOT_IN_TFLITE = {
    "BlockwiseQuantization",
    "ExternalBuffer",
    "ExternalBufferGroup",
    "MultiAxisQuantization",
    "StablehloCaseOptions",
    "StablehloShiftLeftOptions",
}


def classes(module, kind):
    found = {name: value for name, value in vars(module).items() if isinstance(value, type)}
    if kind == "table":
        return {name for name in found if hasattr(found[name], "Init")}
    return {
        name: {key: value for key, value in vars(found[name]).items() if isinstance(value, int)}
        for name in found
        if all(key.startswith("_") or isinstance(v, int) for key, v in vars(found[name]).items())
    }


def test_source_is_parsed_whole():
    assert set(TABLES) == classes(ours, "table")
    assert set(ENUMS) | set(UNIONS) == set(classes(ours, "enum"))
    assert len(TABLES) > 150
    for table, fields in TABLES.items():
        unions = sum(kind in UNIONS for _, kind in fields)
        assert len(fields) + unions == len(vars(getattr(ours, table + "T")())), table


def test_same_tables_and_enums_as_litert():
    assert classes(ours, "table") == classes(litert, "table")
    assert classes(ours, "enum") == classes(litert, "enum")


def test_same_enums_as_tflite():
    theirs = classes(tflite, "enum")
    assert len(theirs) > 15
    for name, values in theirs.items():
        known = getattr(ours, name)
        for key, value in values.items():
            # LiteRT and TensorFlow have each given 207 a meaning; LiteRT's is what its files use.
            if (name, key) != ("BuiltinOperator", "COMPLEX"):
                assert getattr(known, key) == value, (name, key)


class Recorder:
    """Stands for a flatbuffers.Builder and notes what it is asked to write."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, method):
        return lambda *arguments: self.calls.append((method, *arguments))


def facts(module, table):
    """What generated code writes for each of a table's fields: the slot, its type and default; the
    number of slots; for vectors, the size and alignment of an element."""
    written = {}
    pattern = re.compile(rf"{table}(Start|Add\w+|Start\w+Vector)")
    for name in filter(pattern.fullmatch, dir(module)):
        builder = Recorder()
        getattr(module, name)(*[builder, 1][: 1 if name == f"{table}Start" else 2])
        written[name] = builder.calls
    return written


@pytest.mark.parametrize("table", TABLES)
def test_same_slots_types_and_defaults(table):
    expected = facts(ours, table)
    fields = len(TABLES[table]) + sum(kind in UNIONS for _, kind in TABLES[table])
    vectors = sum(kind.startswith("[") for _, kind in TABLES[table])
    assert len(expected) == 1 + fields + vectors
    assert facts(litert, table) == expected
    if table not in NOT_IN_TFLITE:
        theirs = facts(tflite, table)
        slots = theirs.pop(f"{table}Start")[0][1]
        assert slots <= expected.pop(f"{table}Start")[0][1]
        assert bool(theirs) == bool(slots)
        assert theirs.items() <= expected.items()


def filled(module, table, member=0):
    """A table with a distinct value in every field, at the end of its type's range; of unions, the
    `member`-th table."""
    instance = getattr(module, table + "T")()
    for number, (name, kind) in enumerate(TABLES[table]):
        field = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
        element = kind.strip("[]")
        scalar = SCALARS.get(ENUMS.get(element, element))
        if kind in UNIONS:
            index = member % len(UNIONS[kind])
            setattr(instance, field + "Type", index + 1)
            value = filled(module, UNIONS[kind][index])
        elif scalar is not None:
            value = extreme(scalar, number, getattr(instance, field))
            if kind.startswith("["):
                value = np.array([value, extreme(scalar, number + 1, False), 0], scalar)
        elif kind == "string":
            value = b"field %d" % number
        elif kind.startswith("["):
            value = [filled(module, element, member), filled(module, element, member + 1)]
        else:
            value = filled(module, kind, member)
        setattr(instance, field, value)
    return instance


def extreme(scalar, number, default):
    if scalar is np.bool_:
        return not default
    if scalar is np.float32:
        return number + 0.5
    limits = np.iinfo(scalar)
    return int(limits.min + number if limits.min < 0 else limits.max - number)


def packed(instance):
    builder = flatbuffers.Builder()
    builder.Finish(instance.Pack(builder))
    return bytes(builder.Output())


def unpacked(module, table, content):
    root = getattr(module, table).GetRootAs(content)
    return getattr(module, table + "T").InitFromObj(root)


UNION_MEMBERS = [
    (table, member)
    for table, fields in TABLES.items()
    for member in range(max((len(UNIONS[kind]) for _, kind in fields if kind in UNIONS), default=1))
]


@pytest.mark.parametrize(("table", "member"), UNION_MEMBERS)
def test_litert_reads_what_we_write_and_we_what_it_writes(table, member):
    for writer, reader in [(ours, litert), (litert, ours), (ours, ours)]:
        content = packed(filled(writer, table, member))
        assert plain(unpacked(reader, table, content)) == plain(filled(reader, table, member))


def through(module, table, reader):
    """A table as its accessors in `module` give it, as `plain` would write it; without fields that
    `module` does not know."""
    values = {"": table + "T"}
    for name, kind in TABLES[table]:
        camel = re.sub(r"(?:^|_)(\w)", lambda match: match[1].upper(), name)
        field = camel[0].lower() + camel[1:]
        element = kind.strip("[]")
        get = getattr(reader, camel, None)
        if get is None:
            continue
        if kind in UNIONS:
            values[field + "Type"] = number = getattr(reader, camel + "Type")()
            value = None
            if number:
                value = getattr(module, UNIONS[kind][number - 1])()
                value.Init(get().Bytes, get().Pos)
                value = through(module, UNIONS[kind][number - 1], value)
        elif not kind.startswith("["):
            value = get()
            if kind in TABLES and value is not None:
                value = through(module, kind, value)
        elif getattr(reader, camel + "IsNone")():
            value = None
        elif element in TABLES:
            count = getattr(reader, camel + "Length")()
            value = [through(module, element, get(index)) for index in range(count)]
        else:
            value = plain(getattr(reader, camel + "AsNumpy")())
        values[field] = value
    return values


def without_new_fields(value, known):
    """Of `value`, the fields that `known` has."""
    if isinstance(known, list):
        return [without_new_fields(*pair) for pair in zip(value, known, strict=True)]
    if isinstance(known, dict):
        return {key: without_new_fields(value[key], known[key]) for key in known}
    return value


def test_reads_real_files_as_both_do(model_file):
    content = model_file.read_bytes()
    read = plain(flatbuffer.read(content))
    assert read == plain(unpacked(litert, "Model", content))
    theirs = through(tflite, "Model", tflite.Model.GetRootAs(content))
    for code in read["operatorCodes"]:  # tflite's accessor chooses between the old and new fields.
        code["builtinCode"] = max(code["builtinCode"], code["deprecatedBuiltinCode"])
    assert without_new_fields(read, theirs) == theirs
    assert theirs["subgraphs"][0]["operators"]
