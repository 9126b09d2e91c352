"""Submissions that must be refused, each with its code: `python tests/hostile.py FOLDER` builds them all there.

Every case spoils a copy of a good submission in one way. Pickles would create the file `canary` beside the folder if anything
opened them.
"""

import io
import json
import os
import pickle
import shutil
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load, save

import models
import tasks
from leaderboard.protocol import SEEDS
from leaderboard.submissions import evaluate, rescore
from leaderboard.submissions.folder import weights

NET = {"width": 8, "hidden": 8, "layers": 0, "norm": False, "inner": False}
CLAIM = {"symbol": 0.5, "word": 0.0}
FIRST = weights("parity", 0)
SIZE = 4 * 8 * 8 * 3  # bytes of U


class Case(NamedTuple):
    """The expected code, and what spoils the folder."""

    code: str
    spoil: Callable[[Path], object]


class Canary:
    """Unpickled, it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def description(model: str = "resnet", options: dict[str, Any] | None = None, **net: Any) -> dict[str, Any]:
    """A good submission.json."""
    return {
        "schema": 1,
        "name": "a good one",
        "authors": ["Ada Lovelace", "Émile Borel"],
        "link": "https://example.org/a?b=c#d",
        "architecture": {"name": model, "options": options or {}},
        "net": NET | net,
        "tasks": [{"name": "parity", "parameters": {}, "claimed": {n: dict(CLAIM) for n in ("12", "24", "48", "96")}}],
        "training": {"steps": 5, "batch": 4, "length": 12, "rate": 0.01, "weight_decay": 0.01, "clip": 1.0},
    }


def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rescore` answers in this process, without limits: its own, with theirs, imports for seconds and has its own tests."""

    def python(arguments: list[str], given: str, *_: object) -> tuple[int, bytes]:
        assert arguments == ["-m", "leaderboard.submissions.rescore"]
        with monkeypatch.context() as patch, redirect_stdout(io.StringIO()) as out:
            patch.setattr(sys, "stdin", io.StringIO(given))
            patch.setattr(rescore, "confine", lambda *_: None)
            rescore.main()
        return 0, out.getvalue().encode()

    monkeypatch.setattr(evaluate, "python", python)


def good(folder: Path, said: dict[str, Any] | None = None, scale: float = 1.0) -> Path:
    """A submission of untrained nets, their weights times `scale`."""
    said = said or description()
    for entry in said["tasks"]:
        task = tasks.get(entry["name"], **entry["parameters"])
        for seed in SEEDS:
            made = models.get(said["architecture"]["name"], **said["architecture"]["options"])
            net = models.Net(made, task.alphabet, task.classes, **said["net"], seed=seed)
            random = torch.Generator().manual_seed(seed)
            state = {k: (v + 0.1 * torch.randn(v.shape, generator=random)) * scale for k, v in net.state_dict().items()}
            path = folder / weights(task.label, seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(save(state))
    say(folder, said)
    return folder


def say(folder: Path, said: dict[str, Any]) -> None:
    """Write submission.json."""
    (folder / "submission.json").write_text(json.dumps(said), encoding="utf-8")


def raw(header: str | bytes | dict[str, Any], data: bytes = b"", length: int | None = None) -> bytes:
    """A file of weights with that header, true or not."""
    text = json.dumps(header) if isinstance(header, dict) else header
    text = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: list[int], start: int, end: int, **more: Any) -> dict[str, Any]:
    """An entry of a header."""
    return {"dtype": "F32", "shape": shape, "data_offsets": [start, end]} | more


def file(content: bytes | Callable[[Path], bytes]) -> Callable[[Path], object]:
    """Replace the first file of weights."""
    return lambda folder: (folder / FIRST).write_bytes(content(folder) if callable(content) else content)


def changed(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], object]:
    """Replace the tensors of the first file."""

    def spoil(folder: Path) -> None:
        state = models.Net(models.get("resnet"), 2, 2, 8, 8).state_dict()
        change(state)
        (folder / FIRST).write_bytes(save(state))

    return spoil


def said(text: str | bytes) -> Callable[[Path], object]:
    """Replace submission.json."""
    return lambda folder: (folder / "submission.json").write_bytes(text.encode() if isinstance(text, str) else text)


def value(path: str, new: Any) -> Callable[[Path], object]:
    """Set one value of submission.json, at keys with / between them."""

    def spoil(folder: Path) -> None:
        everything: Any = description()
        at, (*keys, last) = everything, path.split("/")
        for key in keys:
            at = at[int(key) if isinstance(at, list) else key]
        at[int(last) if isinstance(at, list) else last] = new
        say(folder, everything)

    return spoil


def instead(path: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Remove a file or folder, and make something else of that name."""

    def spoil(folder: Path) -> None:
        target = folder / path
        if target.is_dir():
            shutil.move(target, folder.parent / f"{folder.name} elsewhere")
        else:
            target.unlink(missing_ok=True)
        make(target)

    return spoil


def beside(name: str, content: bytes = b"x") -> Callable[[Path], object]:
    """One file more."""

    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return spoil


def pickled(folder: Path) -> bytes:
    """A pickle that touches the canary."""
    return pickle.dumps(Canary(folder.parent / "canary"))


def zipped(folder: Path) -> bytes:
    """What torch.save writes of it."""
    torch.save(Canary(folder.parent / "canary"), folder.parent / "saved")
    return (folder.parent / "saved").read_bytes()


def listen(path: Path) -> None:
    """A socket; its path is short, so from inside."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def sparse(path: Path, size: int) -> None:
    """A file that takes no room."""
    with path.open("wb") as made:
        made.truncate(size)


def crowd(folder: Path) -> None:
    """Too many files."""
    for k in range(1100):
        (folder / f"{k}").touch()


def copied(folder: Path) -> None:
    """One file for two seeds."""
    shutil.copy(folder / FIRST, folder / weights("parity", 1))


def minus(folder: Path) -> None:
    """A header with -0 for an offset, which is an integer in JSON, and none for the library."""
    data = (folder / FIRST).read_bytes()
    length = int.from_bytes(data[:8], "little")
    (folder / FIRST).write_bytes(raw(data[8 : 8 + length].replace(b"[0,", b"[-0,"), data[8 + length :]))


def shuffled(folder: Path) -> None:
    """The same numbers, in another order in the file."""
    state = models.Net(models.get("resnet"), 2, 2, 8, 8).state_dict()
    entries, data = dict[str, Any](), b""
    for name, part in sorted(state.items(), reverse=True):
        more = part.contiguous().numpy().tobytes()
        entries[name] = tensor(list(part.shape), len(data), len(data) + len(more))
        data += more
    (folder / FIRST).write_bytes(save(state))
    (folder / weights("parity", 1)).write_bytes(raw(entries, data))


def disguise(state: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """The same net of one block: hidden units in another order, each times an a > 0; other logits, the same answers."""
    random = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(state["blocks.0.b"]), generator=random)
    a = torch.randn(len(order), generator=random).exp()
    moved = {
        "blocks.0.U": (state["blocks.0.U"] * a[:, None, None])[order],
        "blocks.0.b": (state["blocks.0.b"] * a)[order],
        "blocks.0.V": (state["blocks.0.V"] / a)[:, order],
        "readout": 3 * state["readout"] + torch.randn(state["readout"][:1].shape, generator=random),  # to all classes alike
        "bias": 3 * state["bias"] + torch.randn(state["bias"].shape, generator=random),
    }
    return {name: part.contiguous() for name, part in (state | moved).items()}


def disguised(folder: Path) -> None:
    """The net of the first seed for all."""
    state = load((folder / FIRST).read_bytes())
    for seed in list(SEEDS)[1:]:
        (folder / weights("parity", seed)).write_bytes(save(disguise(state, seed)))


def nearly(folder: Path) -> None:
    """One net for two seeds, every number of the second moved to the next above it."""
    state = models.Net(models.get("resnet"), 2, 2, 8, 8).state_dict()
    (folder / FIRST).write_bytes(save(state))
    above = {name: torch.nextafter(part, torch.tensor(torch.inf)) for name, part in state.items()}
    (folder / weights("parity", 1)).write_bytes(save(above))


def whole(**said_of: Any) -> Callable[[Path], object]:
    """Another description, the weights as they are."""
    return lambda folder: say(folder, description(**said_of))


U = {"U": tensor([8, 8, 3], 0, SIZE)}
MANY = ",".join(f'"t{k}":{{"dtype":"F32","shape":[1],"data_offsets":[{4 * k},{4 * k + 4}]}}' for k in range(10_001))
PRIME = [{"name": "minsky", "parameters": {"machine": "prime"}, "claimed": description()["tasks"][0]["claimed"]}]

CASES: dict[str, Case] = {
    # files
    "no folder": Case("S001", shutil.rmtree),
    "weights are a link": Case("S002", instead(FIRST, lambda path: path.symlink_to("/etc/passwd"))),
    "weights are a link to weights": Case("S002", instead(FIRST, lambda path: path.symlink_to("1.safetensors"))),
    "a folder is a link": Case("S002", instead("weights", lambda path: path.symlink_to("/"))),
    "the description is a link": Case("S002", instead("submission.json", lambda path: path.symlink_to("/etc/hostname"))),
    "a pipe": Case("S002", instead(FIRST, os.mkfifo)),
    "a socket": Case("S002", instead(FIRST, listen)),
    "a folder in place of a file": Case("S003", instead(FIRST, Path.mkdir)),
    "sitecustomize": Case("S003", beside("sitecustomize.py", b"open('canary', 'w')")),
    "module": Case("S003", beside("torch.py", b"open('canary', 'w')")),
    "path file": Case("S003", beside("weights/x.pth", b"import os; os.mknod('canary')")),
    "pt": Case("S003", beside("weights/parity/0.pt")),
    "pt2": Case("S003", beside("model.pt2")),
    "onnx": Case("S003", beside("model.onnx")),
    "yaml": Case("S003", beside("config.yaml", b"!!python/object/apply:os.mknod [canary]")),
    "pickle": Case("S003", lambda folder: (folder / "model.pkl").write_bytes(pickled(folder))),
    "hidden file": Case("S003", beside(".git/config")),
    "seed 10": Case("S003", beside("weights/parity/10.safetensors")),
    "seed 00": Case("S003", beside("weights/parity/00.safetensors")),
    "a newline in a name": Case("S003", beside("weights/parity/0.safetensors\nok: all is well")),
    "a name that turns the line round": Case("S003", beside("weights/parity/\u202e0.safetensors")),
    "a name in capitals": Case("S003", beside("weights/parity/0.SAFETENSORS")),
    "a folder in capitals": Case("S003", beside("weights/Parity/0.safetensors")),
    "a name that looks the same": Case("S003", beside("submissi\u043en.json")),
    "a name as long as can be": Case("S003", beside("a" * 255)),
    "a backslash path": Case("S003", beside("weights\\..\\..\\x")),
    "a name that is no text": Case("S003", lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch()),
    "deeper folder": Case("S003", beside("weights/parity/more/0.safetensors")),
    "a task not named": Case("S003", beside("weights/counter/0.safetensors")),
    "large weights": Case("S004", lambda folder: sparse(folder / FIRST, 2**25 + 1)),
    "large description": Case("S004", said(" " * (2**18 + 1))),
    "a crowd": Case("S004", crowd),
    "no description": Case("S005", lambda folder: (folder / "submission.json").unlink()),
    "nine seeds": Case("S005", lambda folder: (folder / FIRST).unlink()),
    "one file twice": Case("S006", copied),
    "one net twice": Case("S006", shuffled),
    "one net twice but for rounding": Case("S006", nearly),
    "one net ten times, in disguise": Case("S006", disguised),
    # JSON
    "not UTF-8": Case("S101", said(b'{"name": "\xff"}')),
    "a byte order mark": Case("S101", said(b"\xef\xbb\xbf" + json.dumps(description()).encode())),
    "UTF-16": Case("S101", said("{}".encode("utf-16"))),
    "truncated": Case("S101", said('{"schema": 1')),
    "YAML in JSON": Case("S101", said("schema: 1")),
    "a key twice": Case("S102", said('{"schema": 1, "schema": 1}')),
    "NaN": Case("S103", said('{"schema": NaN}')),
    "infinite": Case("S103", said('{"schema": 1e999}')),
    "a million digits": Case("S103", said(f'{{"schema": {"9" * 100_000}}}')),
    "deep": Case("S104", said("[" * 100_000)),
    "deep objects": Case("S104", said('{"a":' * 1000 + "1" + "}" * 1000)),
    # the schema
    "a list": Case("S112", said("[]")),
    "no name": Case("S110", said(json.dumps({k: v for k, v in description().items() if k != "name"}))),
    "_target_": Case("S111", value("_target_", "os.system")),
    "_target_ in net": Case("S111", value("net/_target_", "os.system")),
    "_target_ in options": Case("S116", value("architecture/options/_target_", "os.system")),
    "_target_ of a task": Case("S117", value("tasks/0/parameters/_target_", "os.system")),
    "width as text": Case("S112", value("net/width", "8")),
    "width true": Case("S112", value("net/width", True)),
    "norm 1": Case("S112", value("net/norm", 1)),
    "no claims": Case("S112", value("tasks/0/claimed/12", None)),
    "wide": Case("S113", value("net/width", 10**9)),
    "narrow": Case("S304", value("net/width", 2)),
    "few layers": Case("S113", value("net/layers", 3)),
    "another length": Case("S113", value("training/length", 1)),
    "claims more than all": Case("S113", value("tasks/0/claimed/12/word", 1.5)),
    "script": Case("S114", value("name", "<script>alert(1)</script>")),
    "formula": Case("S114", value("name", "=1+1")),
    "escape": Case("S114", value("name", "\x1b[2Jok")),
    "right to left": Case("S114", value("name", "a\u202eb")),
    "Cyrillic a": Case("S114", value("name", "r\u0435alizable")),
    "zero width": Case("S114", value("name", "a\u200bb")),
    "surrogate": Case("S114", value("name", "\ud800")),
    "script of an author": Case("S114", value("authors", ["<img src=x onerror=alert(1)>"])),
    "eth for D": Case("S114", value("authors", ["\u00d0or\u0111e"])),
    "not composed": Case("S114", value("authors", ["E\u0301mile"])),
    "interpolation": Case("S114", whole(model="polynet", options={"kind": "${oc.env:HOME}"})),
    "javascript": Case("S115", value("link", "javascript:alert(1)")),
    "file": Case("S115", value("link", "file:///etc/passwd")),
    "a user in the link": Case("S115", value("link", "https://github.com@example.org/")),
    "a Cyrillic host in capitals": Case("S115", value("link", "https://XN--80AK6AA92E.com/")),
    "a quote in the link": Case("S115", value("link", 'https://example.org/"onclick=')),
    "no model": Case("S116", value("architecture/name", "os.path")),
    "path of a model": Case("S116", value("architecture/name", "../resnet")),
    "a step of nothing": Case("S116", whole(model="neural_ode", options={"method": "euler", "step": 5e-324})),
    "a momentum of 1": Case("S116", whole(model="momentum_resnet", options={"gamma": 1 - 2**-53})),
    "nine columns": Case("S116", whole(model="fractalnet", options={"columns": 9})),
    "no task": Case("S117", value("tasks/0/name", "../../etc/passwd")),
    "not on the ladder": Case("S117", value("tasks/0", PRIME[0] | {"name": "counter", "parameters": {"modulus": 10**9}})),
    "a task twice": Case("S118", value("tasks", description()["tasks"] * 2)),
    "newer": Case("S119", value("schema", 2)),
    # headers
    "empty file": Case("S201", file(b"")),
    "pickle renamed": Case("S201", file(pickled)),
    "torch.save renamed": Case("S201", file(zipped)),
    "header beyond the file": Case("S201", file(raw("{}", length=10**6))),
    "header of 2^63": Case("S201", file(raw("{}", length=2**63))),
    "header of 2 MiB": Case("S201", file(raw("{" + " " * 2**21 + "}"))),
    "header of no JSON": Case("S101", file(raw("{x}"))),
    "header with zeros behind": Case("S101", file(raw(json.dumps(U) + "\0" * 8, bytes(SIZE)))),
    "header with a list": Case("S101", file(raw("[1]"))),
    "a name twice": Case("S102", file(raw(f'{{"U":{json.dumps(U["U"])},"U":{json.dumps(U["U"])}}}', bytes(SIZE)))),
    "a field twice": Case("S102", file(raw(f'{{"U":{json.dumps(U["U"])[:-1]},"dtype":"F32"}}}}', bytes(SIZE)))),
    "NaN in a header": Case("S103", file(raw('{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}'))),
    "2^64 numbers": Case("S103", file(raw({"U": tensor([2**64], 0, 4)}, b"1234"))),
    "deep header": Case("S104", file(raw('{"a":[[[[1]]]]}'))),
    "no tensors": Case("S203", file(raw("{}"))),
    "10,001 tensors": Case("S203", file(raw(f"{{{MANY}}}", bytes(4 * 10_001)))),
    "metadata": Case("S209", file(raw({"__metadata__": {"format": "pt"}} | U, bytes(SIZE)))),
    "a path as a name": Case("S204", file(raw({"../U": U["U"]}, bytes(SIZE)))),
    "a name out of Python": Case("S204", file(raw({"U[0]": U["U"]}, bytes(SIZE)))),
    "a field more": Case("S205", file(raw({"U": tensor([8, 8, 3], 0, SIZE, _target_="os.system")}, bytes(SIZE)))),
    "integers": Case("S206", file(raw({"U": tensor([8, 8, 3], 0, SIZE, dtype="I32")}, bytes(SIZE)))),
    "no dtype": Case("S206", file(raw({"U": tensor([8, 8, 3], 0, SIZE, dtype=["F32"])}, bytes(SIZE)))),
    "an empty tensor": Case("S207", file(raw({"U": tensor([0], 0, 0)}))),
    "true as an axis": Case("S207", file(raw({"U": tensor([True], 0, 4)}, b"1234"))),
    "nine axes": Case("S207", file(raw({"U": tensor([1] * 9, 0, 4)}, b"1234"))),
    "a negative axis": Case("S207", file(raw({"U": tensor([-8, -8, 3], 0, SIZE)}, bytes(SIZE)))),
    "2^31": Case("S207", file(raw({"U": tensor([2**31], 0, 4)}, b"1234"))),
    "a shape bomb": Case("S208", file(raw({"U": tensor([2**31 - 1] * 8, 0, 4)}, b"1234"))),
    "overflow to the right size": Case("S208", file(raw({"U": tensor([2**30, 2**30, 2**4], 0, 0)}))),
    "overlap": Case("S208", file(raw(U | {"b": tensor([8], SIZE - 4, SIZE + 28)}, bytes(SIZE + 28)))),
    "the same bytes twice": Case("S208", file(raw(U | {"b": tensor([8, 8, 3], 0, SIZE)}, bytes(SIZE)))),
    "a gap": Case("S208", file(raw(U | {"b": tensor([8], SIZE + 4, SIZE + 36)}, bytes(SIZE + 36)))),
    "more behind": Case("S208", file(raw(U, bytes(SIZE) + b"#!/bin/sh"))),
    "less than said": Case("S208", file(raw(U, bytes(SIZE - 4)))),
    "three offsets": Case("S208", file(raw({"U": tensor([1], 0, 4, data_offsets=[0, 4, 4])}, b"1234"))),
    "an offset with a point": Case("S208", file(raw({"U": tensor([1], 0, 4, data_offsets=[0, 4.0])}, b"1234"))),
    "backwards": Case("S208", file(raw({"U": tensor([1], 4, 0)}, b"1234"))),
    # the module
    "blocks": Case("S301", whole(model="fractalnet", options={"columns": 8}, layers=1024)),
    "a small step": Case("S302", whole(model="neural_ode", options={"method": "euler", "step": 1e-3})),
    "parameters": Case("S301", whole(width=512, hidden=2048)),
    "another tensor": Case("S303", changed(lambda state: state.update(more=torch.zeros(1)))),
    "a tensor less": Case("S303", changed(lambda state: state.pop("bias"))),
    "another shape": Case("S304", changed(lambda state: state.update(embed=torch.zeros(3, 8)))),
    "transposed": Case("S304", changed(lambda state: state.update(bias=torch.zeros(1, 2)))),
    "double": Case("S206", changed(lambda state: state.update(bias=torch.zeros(2, 1, dtype=torch.float64)))),
    "half": Case("S206", changed(lambda state: state.update(bias=torch.zeros(2, 1, dtype=torch.float16)))),
    "NaN weights": Case("S306", changed(lambda state: state["blocks.0.U"].view(-1)[7:8].fill_(torch.nan))),
    "an offset of -0": Case("S307", minus),
    "infinite weights": Case("S306", changed(lambda state: state["bias"].fill_(torch.inf))),
}


def deep(folder: Path) -> None:
    """A machine of thousands of steps in a wide net."""
    everything = description(width=512, hidden=1024) | {"tasks": PRIME}
    (folder / "weights" / "minsky-machine-prime").mkdir()
    for seed in SEEDS:
        shutil.move(folder / weights("parity", seed), folder / weights("minsky(machine=prime)", seed))
    (folder / "weights" / "parity").rmdir()
    say(folder, everything)


CASES["operations"] = Case("S302", deep)


def build(folder: Path, name: str, base: Path) -> Path:
    """One case, in a folder of its name, made from a good submission."""
    target = folder / name.replace(" ", "_").replace("^", "").replace(",", "")
    shutil.copytree(base, target)
    CASES[name].spoil(target)
    return target


if __name__ == "__main__":
    into = Path(sys.argv[1])
    first = good(into / "good")
    for case in CASES:
        print(CASES[case].code, build(into, case, first))
