"""Files that are no model, or more than one: each is refused in one line, and nothing in it is run, read or unpacked."""

from __future__ import annotations

import json
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import cli, model_archive, saved_models
from grader.saved_config import check_config

Refusal = Callable[..., str]


def layer(class_name: Any = "Dense", module: Any = "keras.layers", /, **settings: Any) -> dict[str, Any]:
    """The entry of a layer in a saved config."""
    config = {"name": "one", "trainable": True, "dtype": "float32", "units": 2, **settings}
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def model(*layers: Any, **keys: Any) -> dict[str, Any]:
    """The config of a Sequential model of these layers."""
    start = {"batch_shape": [None, 4], "dtype": "float32", "sparse": False, "name": "start"}
    start = {"module": "keras.layers", "class_name": "InputLayer", "config": start, "registered_name": None}
    inner = {"name": "model", "trainable": True, "dtype": "float32", "layers": [start, *layers]}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": inner,
        "registered_name": None,
        "build_config": {"input_shape": [None, 4]},
        **keys,
    }


def function(name: str, module: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def stand_in(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": config}


def nested(levels: int) -> dict[str, Any]:
    found = model(layer())
    for _ in range(levels):
        found = model(found)
    return found


def called(*arguments: Any) -> dict[str, Any]:
    return layer() | {"inbound_nodes": [{"args": list(arguments), "kwargs": {}}]}


CODE = "4wEAAAAAAAAAAAAAAAEAAAADAAAA8wYAAACXAHwAUwCpAU4="
ONE = "config.layers.1"
CONFIGS: dict[str, tuple[Any, str]] = {
    # what a file does not keep, though nothing is hostile about it
    "one layer several times in a stack": (
        model(layer(), layer("ReLU", name="two"), layer()),
        "the layer 'one' several times in one Sequential model, at config.layers.3",
    ),
    # what Keras would compute while it reads
    "an operation on numbers alone": (
        model(called(0, 10**9, 1) | {"module": "keras.src.ops.numpy", "class_name": "Arange"}),
        f"at {ONE}.inbound_nodes.0 it has a call on no tensor",
    ),
    # symbols of Keras that change its settings, write files or load other models
    "a setting of Keras": (
        model(layer(activation=function("set_floatx", "keras.config"))),
        f"'set_floatx' at {ONE}.config.activation",
    ),
    "a setting by its backend's module": (
        model(layer("set_floatx", "keras.backend")),
        f"at {ONE}.class_name it has 'keras.backend.set_floatx'",
    ),
    "a function that draws to a file": (
        model(layer("plot_model", "keras.utils", to_file="MARKER")),
        f"at {ONE}",
    ),
    "a function that saves": (model(layer("save_model", "keras.saving", filepath="MARKER")), f"at {ONE}"),
    "a function that loads": (model(layer("load_model", "keras.models", filepath="MARKER")), f"at {ONE}"),
    "a function that downloads": (model(layer("get_file", "keras.utils", origin="http://x")), f"at {ONE}"),
    "a callback": (model(layer("ModelCheckpoint", "keras.callbacks", filepath="MARKER")), f"at {ONE}"),
    "unsafe deserialization turned on": (
        model(layer(activation=function("enable_unsafe_deserialization", "keras.config"))),
        "'enable_unsafe_deserialization'",
    ),
    "a module of Keras that is imported": (model(layer("Evil", "keras.src.evil")), "'keras.src.evil.Evil'"),
    "a module beside the operations": (
        model(layer("Sum", "keras.src.ops.numpy_test")),
        f"at {ONE}.class_name",
    ),
    "a private name among the operations": (
        model(layer("__loader__", "keras.src.ops.numpy")),
        f"{ONE}.class_name",
    ),
    "a base class": (model(layer("Layer")), "'keras.layers.Layer'"),
    # code that is not Keras's
    "a module of the working folder": (
        model(layer("Evil", "evil")),
        "uses 'Evil', which is not part of Keras",
    ),
    "a function of Python": (model(layer("system", "os")), "uses 'system', which is not part of Keras"),
    "a builtin function": (
        model(layer(activation=function("eval", "builtins"))),
        f"'eval' at {ONE}.config.activation, which is no activation",
    ),
    "a class of another library": (model(layer("Backbone", "keras_hub.models")), "uses 'Backbone'"),
    "a class without a module": (
        model(layer("Mine", None)),
        "uses 'Mine', which is not part of Keras: its code",
    ),
    "a registered class under the name of Keras's": (
        model(layer() | {"registered_name": "mine>Dense"}),
        "uses 'Dense', which is not part of Keras",
    ),
    "another registered name": (
        model(layer() | {"registered_name": "Flatten"}),
        f"at {ONE}.registered_name it has 'Flatten', expected null or 'Dense'",
    ),
    "a Lambda layer": (
        model(layer("Lambda", function=[CODE, None, None])),
        f"holds a lambda at {ONE}.class_name",
    ),
    "a lambda": (
        model(layer(activation={"class_name": "__lambda__", "config": {"value": [CODE, None, None]}})),
        f"holds a lambda at {ONE}.config.activation.class_name",
    ),
    "a lambda without a class name": (
        model(layer(activation={"value": [CODE, None, None]})),
        f"holds a lambda at {ONE}.config.activation,",
    ),
    "a lambda in a list": (
        model(layer(kernel_initializer=[{"code": CODE}])),
        f"{ONE}.config.kernel_initializer.0,",
    ),
    "a lambda among a call's arguments": (
        model(called(stand_in("__lambda__", value=[CODE, None, None]))),
        f"holds a lambda at {ONE}.inbound_nodes.0.args.0.class_name",
    ),
    "a pickled module": (
        model(layer("TorchModuleWrapper", module=CODE)),
        f"holds a TorchModuleWrapper at {ONE}",
    ),
    "a SavedModel beside": (model(layer("TFSMLayer", filepath="other")), f"holds a TFSMLayer at {ONE}"),
    "a function of JAX": (model(layer("JaxLayer", call_fn=CODE)), f"holds a JaxLayer at {ONE}"),
    "a type of TensorFlow": (model(layer(spec=stand_in("__typespec__"))), "uses '__typespec__'"),
    # other files
    "words of another file": (
        model(layer("StringLookup", vocabulary="/etc/passwd")),
        f"{ONE}.config.vocabulary it has the file name '/etc/passwd'",
    ),
    "weights of another file": (
        model(layer("TextVectorization", idf_weights="x")),
        f"{ONE}.config.idf_weights",
    ),
    # sizes
    "ten million million units": (
        model(layer(units=10**13)),
        f"at {ONE}.config.units it has 10000000000000, expected a whole number of at most 1,000,000,000",
    ),
    "a negative size": (model(layer("Embedding", input_dim=-(10**12))), f"at {ONE}.config.input_dim"),
    "a huge input": (model(layer("InputLayer", batch_shape=[None, 10**12])), f"{ONE}.config.batch_shape.1"),
    "a seed beyond 64 bits": (model(layer(seed=10**30)), f"at {ONE}.config.seed"),
    "a long text": (model(layer(name="x" * 20_000)), f"at {ONE}.config.name it has 20,000 characters"),
    "too many layers": (
        model(*[1] * 100_001),
        "at config.layers it has 100,002 items, expected at most 100,000",
    ),
    "a hundred levels of models": (nested(100), "is nested too deeply, expected at most 200 levels"),
    # other types than Keras writes
    "a list": ([], "config.json names no class"),
    "a number for a name": (model(layer(3)), f"at {ONE}.class_name it has 3, expected a name"),
    "a list for a config": (
        model(layer() | {"config": []}),
        f"at {ONE}.config it has [], expected an object",
    ),
    "an unknown key": (
        model(layer() | {"reduce": "x"}),
        f"at {ONE}.reduce it has a key that Keras does not write",
    ),
    "a call with other keys": (
        model(layer() | {"inbound_nodes": [{"args": [], "code": "x"}]}),
        f"at {ONE}.inbound_nodes.0 it has a call with the keys 'args', 'code'",
    ),
    "a tensor with other keys": (
        model(called(stand_in("__keras_tensor__", shape=[], code="x"))),
        f"at {ONE}.inbound_nodes.0.args.0 it has __keras_tensor__ with other keys",
    ),
    "an object of its own keys": (
        model(layer(units={"a": 1})),
        f"at {ONE}.config.units it has an object with the keys",
    ),
}


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Refusal:
    """Run ``grader`` in a folder where whatever runs leaves a mark, and return the one line it says."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["grader", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert (2, "") == (end.value.code, said.out)
        assert 1 == len(said.err.splitlines())
        assert not (tmp_path / "MARKER").exists()
        assert "evil" not in sys.modules
        return said.err.removesuffix("\n")

    (tmp_path / "evil.py").write_text("open('MARKER', 'w')\nclass Evil: pass\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return run


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the start of a process that would import Keras a failure."""

    def refuse(*arguments: Any, **keywords: Any) -> None:
        raise AssertionError("a process was started for a file that should have been refused unread")

    monkeypatch.setattr(saved_models, "Watched", refuse)


def archive(
    members: dict[str, bytes | str], name: str = "m.keras", method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write a zip file; a member whose name is there already is written once more."""
    path = Path(name)
    with zipfile.ZipFile(path, "w", method) as file:
        for member, content in members.items():
            file.writestr(member, content)
    return path


@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize(("config", "part"), CONFIGS.values(), ids=CONFIGS.keys())
def test_a_config_that_holds_more_than_a_model_is_refused(config: Any, part: str, refusal: Refusal) -> None:
    """The field is named, and neither Keras nor anything the file names is started, imported or opened."""
    archive({"config.json": json.dumps(config)})
    said = refusal("describe", "m.keras")
    assert said.startswith("grader: m.keras ")
    assert part in said
    assert len(said) < 600


@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\xff\xfe{}", "its config.json is not UTF-8 at byte 0"),
        (b"{", "its config.json is not JSON at line 1"),
        (b"", "its config.json is not JSON at line 1"),
        (b"[" * 1_000_000, "is nested too deeply"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (
            b'{"class_name": "Sequential", "class_name": "Lambda"}',
            "gives the key 'class_name' twice in one object",
        ),
        (b'{"class_name": ' + b"9" * 100_000 + b"}", "holds a whole number of 100,000 digits"),
        (b" " * (model_archive.MOST_CONFIG_BYTES + 1), "unpacks to more than 16,777,216 bytes"),
    ],
    ids=["not UTF-8", "cut", "empty", "brackets", "objects", "twice", "digits", "bomb"],
)
def test_a_config_that_is_no_usable_json_is_refused(content: bytes, part: str, refusal: Refusal) -> None:
    """Whatever stands in config.json, what is wrong with it is said, and no more of it is read than there may be."""
    archive({"config.json": content})
    assert part in refusal("describe", "m.keras")


@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/x", "C:/x", "..\\x", "a\\b", "a\nb", "x\x1b[2J"],
)
def test_a_member_that_climbs_out_is_refused(name: str, refusal: Refusal) -> None:
    """A path that leaves its folder, on any system, or that would steer a terminal, is refused and shown escaped."""
    archive({"config.json": json.dumps(model(layer())), name: "x"})
    assert "would be written outside" in refusal("describe", "m.keras")


def _linked(path: Path) -> None:
    member = zipfile.ZipInfo("model.weights.h5")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(member, "/etc/passwd")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")  # is what is written here
def _doubled(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("config.json", json.dumps(model(layer("Evil", "evil"))))


def _changed(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def _encrypted(path: Path) -> None:
    """Set the flag in both of a member's headers."""
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)


def _crowded(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        for number in range(10_001):
            file.writestr(str(number), "")


def _long_list(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        for number in range(50):
            file.writestr(f"{number:060000}", "")


@pytest.mark.usefixtures("no_process")
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")  # is what is written here
@pytest.mark.parametrize(
    ("change", "part"),
    [
        (_linked, "its member 'model.weights.h5' is a link"),
        (_doubled, "it holds 2 members named 'config.json'"),
        (_encrypted, "its member 'config.json' is encrypted"),
        (_crowded, "it holds 10,002 members, expected at most 10,000"),
        (_long_list, "the list of what it holds is longer than 2,097,152 bytes"),
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "is cut short after"),
        (lambda path: _changed(path, b"Sequential", b"Bequential"), "is damaged: config.json"),
        (
            lambda path: archive({"config.json": "{}" * 9}, method=zipfile.ZIP_LZMA),
            "packed in a way that Keras does not",
        ),
        (lambda path: archive({"inner.keras": path.read_bytes()}), "it holds no config.json"),
    ],
    ids=["link", "twice", "encrypted", "crowded", "long list", "cut", "checksum", "lzma", "nested"],
)
def test_an_archive_that_keras_does_not_write_is_refused(
    change: Callable[[Path], Any], part: str, refusal: Refusal
) -> None:
    """What an archive lists is looked at before any of it is unpacked."""
    change(archive({"config.json": json.dumps(model(layer()))}, method=zipfile.ZIP_STORED))
    assert part in refusal("describe", "m.keras")


def test_the_plain_model_that_is_tampered_with_is_no_attack() -> None:
    """Without a change, the config that every case starts from passes."""
    assert None is check_config(model(layer()))
