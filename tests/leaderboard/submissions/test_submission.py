"""Submissions: what is refused and with which code, what is found in the weights, and that nothing submitted is executed."""

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hostile import CASES, FIRST, Canary, build, description, disguise, good, here, instead, raw, say, tensor
from hypothesis import example, given
from hypothesis import strategies as st
from records import done, failed, score
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn
from typer.testing import CliRunner

import models
import tasks
from leaderboard.cli import app
from leaderboard.protocol import SEEDS
from leaderboard.store.record import NotARecord, RecordError, describe, read, write
from leaderboard.submissions import evaluate, rescore, retrain, strict, tensors, verify
from leaderboard.submissions.check import Submission, check
from leaderboard.submissions.description import described
from leaderboard.submissions.evaluate import LIMITS, Limits
from leaderboard.submissions.faults import CODES, Fault, Refused
from leaderboard.submissions.folder import contents, place, weights
from leaderboard.submissions.likeness import SAME, Signature, apart, same, signature
from tasks.programs import Program, Register, symbols, when
from tasks.words.split import scoring_words

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "leaderboard" / "example"


def command(*args: object) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good(tmp_path_factory.mktemp("submissions") / "good")


def codes(folder: Path) -> set[str]:
    with pytest.raises(Refused) as refused:
        check(folder)
    return {fault.code for fault in refused.value.faults}


# hostile submissions


@pytest.mark.parametrize("name", CASES)
def test_hostile_submission_has_its_code_and_changes_nothing(
    name: str, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch)
    monkeypatch.setattr("leaderboard.protocol.words_at", lambda words, factor: 8)  # of what goes through the check
    folder, out = build(tmp_path, name, base), tmp_path / "records"
    out.mkdir()
    (out / "kept.json").write_text("{}")
    result = command("verify", folder, "--out", out)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1, result.output
    assert lines
    assert all(line.startswith(f"{CASES[name].code} ") and line.isprintable() and line.isascii() for line in lines)
    assert os.listdir(out) == ["kept.json"]
    assert not (tmp_path / "canary").exists()
    assert not Path("canary").exists()


def test_every_code_of_a_check_has_a_hostile_submission() -> None:
    assert {case.code for case in CASES.values()} == {code for code in CODES if code < "S4"}


def test_the_canary_is_alive(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


def test_good_submission(base: Path) -> None:
    result = command("check", base)
    assert (result.exit_code, result.stdout.split(",")[0]) == (0, "ok: a good one")
    assert [file.seed for file in check(base).weights] == list(SEEDS)
    assert not any(file.constructive for file in check(base).weights)


def test_all_faults_of_a_step_are_told(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "x")
    say(folder, description() | {"name": "<b>", "link": "ftp://x", "schema": 0})
    assert codes(folder) == {"S114", "S115", "S113"}
    say(folder, description())
    for seed, value in ((3, torch.nan), (7, torch.inf)):
        state = load_file(folder / weights("parity", seed))
        save_file(state | {"bias": torch.full((2, 1), value)}, folder / weights("parity", seed))
    lines = command("check", folder).stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"S306 {weights('parity', seed)}" for seed in (3, 7)]


def test_a_device_is_refused(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "x")
    (folder / weights("parity", 0)).unlink()
    try:
        os.mknod(folder / weights("parity", 0), 0o20666, os.makedev(1, 5))  # /dev/zero: reading it never ends
    except PermissionError:
        pytest.skip("only root can make a device")
    assert codes(folder) == {"S002"}


def truncate(path: Path) -> None:
    with path.open("wb") as made:
        made.truncate(2**25 + 1)


@pytest.mark.parametrize(
    ("path", "make", "code"),
    [
        (FIRST, lambda path: path.symlink_to("1.safetensors"), "S001"),
        ("weights/parity", lambda path: path.symlink_to("../../x elsewhere"), "S001"),
        ("weights", lambda path: path.symlink_to("../x elsewhere"), "S001"),
        (FIRST, os.mkfifo, "S002"),
        (FIRST, Path.mkdir, "S002"),
        (FIRST, truncate, "S004"),
    ],
)
def test_what_was_replaced_since_it_was_listed_is_refused(
    path: str, make: Any, code: str, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(base, tmp_path / "x")

    def after(*found: Any) -> None:
        instead(path, make)(folder)

    monkeypatch.setattr("leaderboard.submissions.check.complete", after)
    before = len(os.listdir("/proc/self/fd"))
    assert codes(folder) == {code}
    assert len(os.listdir("/proc/self/fd")) == before


def test_every_task_of_the_ladder_has_a_folder_of_its_own() -> None:
    labels = [task.label for task in tasks.every()]
    assert len({place(label) for label in labels}) == len(labels)
    assert place("turing(machine=palindrome, answer=halt)") == "turing-machine-palindrome-answer-halt"
    assert place("group(group=Z5)") == "group-group-z5"
    assert all(weights(label, 0).isascii() and ".." not in weights(label, 0) for label in labels)


# readers


def test_header_by_hand() -> None:
    data = raw({"b.U": tensor([2, 3], 4, 28), "a": tensor([], 0, 4)}, bytes(28))
    assert tensors.header(data, "x") == {"b.U": ("F32", (2, 3), 4, 28), "a": ("F32", (), 0, 4)}
    assert {name: part.shape for name, part in tensors.load(data, "x").items()} == {"b.U": (2, 3), "a": ()}


def test_what_the_library_alone_accepts() -> None:
    from safetensors.torch import load

    twice = raw(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"1234"
    )
    nothing = raw({"a": tensor([0, 2**62], 0, 0)})
    for data, code in ((twice, "S102"), (nothing, "S103")):
        assert list(load(data)) == ["a"]
        with pytest.raises(Refused, match=code):
            tensors.load(data, "x")


texts = st.text() | st.sampled_from(["__proto__", "_target_", "a\nb", "\ud800"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


def faults(read: Any, data: bytes) -> list[Fault]:
    """Those for which it is refused; none if it is not."""
    try:
        read(data)
    except Refused as refused:
        return refused.faults or [Fault("refused", "without", "a fault")]
    return []


def only_refused(read: Any, data: bytes) -> None:
    """Read it, or refuse it with known codes on lines that are printable."""
    assert all(fault.code in CODES and str(fault).isprintable() for fault in faults(read, data))


@given(st.binary(max_size=300))
@example(b'"' * 99_999)
@example(b'"\\' * 50_000)
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    only_refused(lambda data: strict.parse(data, "x"), data)
    only_refused(described, data)


@given(values)
def test_json_reads_what_json_writes_or_refuses_it(value: Any) -> None:
    data = json.dumps(value).encode()
    if found := faults(lambda data: strict.parse(data, "x", depth=99), data):
        assert {fault.code for fault in found} == {"S103"}
    else:
        assert strict.parse(data, "x", depth=99) == value


keys = [("name",), ("authors",), ("link",), ("architecture", "name"), ("architecture", "options"), ("net",), ("net", "width")]
keys += [("tasks",), ("tasks", 0), ("tasks", 0, "name"), ("tasks", 0, "parameters"), ("tasks", 0, "claimed"), ("training",)]


@given(st.sampled_from(keys), values)
def test_any_value_in_a_description_is_taken_or_refused(path: tuple[Any, ...], value: Any) -> None:
    said: Any = description()
    at = said
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    only_refused(described, json.dumps(said).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_refused(data: bytes) -> None:
    only_refused(lambda data: tensors.load(data, "x"), data)
    only_refused(lambda data: tensors.load(raw(data, b"1234"), "x"), data)


numbers = st.integers(-1, 16) | st.integers(-(2**70), 2**70)
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F16", "BF16", "F64", "I64", "BOOL", ""]),
        "shape": st.lists(numbers, max_size=4),
        "data_offsets": st.lists(numbers, min_size=2, max_size=2),
    }
)


@given(st.dictionaries(st.sampled_from(["a", "b", "a.b", "__metadata__", "ü"]), entries, max_size=3), st.binary(max_size=64))
def test_any_header_is_taken_or_refused(header: dict[str, Any], data: bytes) -> None:
    only_refused(lambda data: tensors.load(data, "x"), raw(header, data))


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(1, 3), max_size=3), min_size=1, max_size=4), st.data())
def test_what_the_library_writes_is_read_and_one_byte_may_change_it_but_not_break_it(
    shapes: dict[str, list[int]], drawn: st.DataObject
) -> None:
    state = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    data = save(state)
    assert {name: part.tolist() for name, part in tensors.load(data, "x").items()} == {k: v.tolist() for k, v in state.items()}
    at = drawn.draw(st.integers(0, len(data) - 1))
    only_refused(lambda data: tensors.load(data, "x"), data[:at] + bytes([drawn.draw(st.integers(0, 255))]) + data[at + 1 :])


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|[^\w"]')
VALUES = [
    "-0",
    "0",
    "1",
    "-1",
    "1e999",
    "4.0",
    "NaN",
    "true",
    "null",
    "9007199254740993",
    "18446744073709551616",
    "[]",
    "{}",
    "[[[[]]]]",
]
VALUES += [
    '""',
    '"\\ud800"',
    '"\u202e"',
    '"__proto__"',
    '"_target_"',
    '"=1+1"',
    '"http://\u0430.org"',
    '"F64"',
    '"\\u0064type"',
    '"a.b"',
    '"x"',
]
MARKS = [*'[]{},: \0"\\', "//", '"x":1,']
SPOILED = 1000  # texts


def spoiled(text: str, random: Random) -> bytes:
    """A JSON text in which up to three values or keys are others, and perhaps a mark is lost or found."""
    tokens = TOKEN.findall(text)
    assert "".join(tokens) == text
    for _ in range(random.randint(1, 3)):
        at = random.choice([k for k, token in enumerate(tokens) if token[0] not in " []{},:"])
        tokens[at] = random.choice([*VALUES, tokens[at], random.choice(tokens)])
    if random.random() < 0.2:
        at = random.randrange(len(tokens))
        tokens[at : at + random.randint(0, 1)] = random.choices(MARKS, k=random.randint(0, 2))
    return "".join(tokens).encode()


def reached(read: Any, text: str) -> set[str]:
    """Codes of spoiled texts, `taken` where there is no fault."""
    random, found = Random(2), set[str]()
    for _ in range(SPOILED):
        some = faults(read, spoiled(text, random))
        assert all(fault.code in CODES and str(fault).isprintable() and str(fault).isascii() for fault in some)
        found |= {fault.code for fault in some} or {"taken"}
    return found


def test_spoiled_headers_are_taken_or_refused_at_every_depth() -> None:
    text, data = json.dumps({"U": tensor([2, 3], 0, 24), "blocks.0.b": tensor([2], 24, 32)}), bytes(32)
    found = reached(lambda header: tensors.load(raw(header, data), "x"), text)
    assert found >= {"taken", "S101", "S102", "S103", "S104", "S204", "S205", "S206", "S207", "S208", "S307"}


def test_spoiled_descriptions_are_taken_or_refused_at_every_depth() -> None:
    said = description("neural_ode", {"method": "rk4", "step": 0.5, "adjoint": False})
    found = reached(described, json.dumps(said))
    assert found >= {"taken", "S101", "S102", "S103", *(f"S{n}" for n in range(110, 118))}


# scores and badges


def test_the_example_goes_through_check_verify_table_and_site(tmp_path: Path) -> None:
    assert sum(path.stat().st_size for path in EXAMPLE.rglob("*")) < 100_000
    assert command("check", EXAMPLE).exit_code == 0
    result = command("verify", EXAMPLE, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("verified: resnet on parity; per symbol, whole words at length 12: 1.000 1.000,")
    records = sorted(read(tmp_path), key=lambda record: record["seed"])
    assert [record["seed"] for record in records] == list(SEEDS)
    assert {record["submission"]["badge"] for record in records} == {"verified"}
    claimed = json.loads((EXAMPLE / "submission.json").read_text())["tasks"][0]["claimed"]
    for length, claim in claimed.items():
        own = ("trained", int(length), int(length))
        at = [s for record in records for s in record["scores"] if (s["weights"], s["length"], s["depth_of"]) == own]
        assert all(type(s["symbols_correct"]) is int and s["words"] == (128 if length == "96" else 512) for s in at)
        assert sum(s["symbols_correct"] / s["symbols"] for s in at) / 10 == pytest.approx(claim["symbol"], abs=1e-3)
    reference = [s for record in records for s in record["scores"] if s["weights"] == "reference"]
    assert len(reference) == 60  # four lengths, and the first at two more depths
    assert all(s["words_correct"] == s["words"] == s["unchanged"] for s in reference)
    assert command("verify", EXAMPLE, "--out", EXAMPLE / "weights").exit_code == 2
    table = command("table", tmp_path)
    assert table.exit_code == 0, table.output
    assert "resnet, rate=0.01 · example [verified]" in table.stdout  # its recipe is not the usual one
    site = command("site", tmp_path)
    assert site.exit_code == 0, site.output
    page = (tmp_path / "index.html").read_text()
    assert "resnet, rate=0.01 · example" in page
    assert "The authors of Realizable" in page


@pytest.fixture(scope="module")
def constructed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference weights passed off as trained: the same for several seeds, of two kinds, with a little noise, -0 for 0."""
    folder = tmp_path_factory.mktemp("constructive")
    net = models.Net(models.get("resnet"), 2, 2, 24, 48, inner=True)
    for seed in SEEDS:
        net.realise(tasks.get("parity").program(), robust=seed % 2 == 1)
        state = {name: part.clone() for name, part in net.state_dict().items()}
        if seed == 4:
            state["blocks.0.b"] += 0.005
        if seed == 6:
            state["bias"] = -state["bias"]
        if seed == 8:
            state = {
                name: part + torch.randn(part.shape, generator=torch.Generator().manual_seed(0)) for name, part in state.items()
            }
        path = folder / weights("parity", seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(state, path)
    say(folder, description(width=24, hidden=48, inner=True))
    return folder


def test_reference_weights_are_recognised(constructed: Path) -> None:
    assert [file.constructive for file in check(constructed).weights] == [True] * 8 + [False] + [True]


def test_claims_that_do_not_hold_are_told_and_counts_are_those_of_the_weights(
    constructed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch)
    found = verify.verify(constructed, words=32)
    assert [fault.code for fault in found.faults] == ["S501"] * 8
    assert str(found.faults[0]).startswith("S501 parity, length 12, symbol: claimed 0.500, found 0.9")
    badges = [record["submission"]["badge"] for record in found.records]
    assert badges == ["constructive"] * 8 + ["verified"] + ["constructive"]
    for record in found.records:
        trained = [s for s in record["scores"] if s["weights"] == "trained"]
        assert all((s["words_correct"] == s["words"]) == (record["seed"] != 8) for s in trained)


# one net in several disguises


def nets(states: Iterable[dict[str, Tensor]], model: str = "resnet", width: int = 16) -> list[Signature]:
    """Signatures of nets for parity with these weights."""
    net, found = models.Net(models.get(model), 2, 2, width, 16), []
    for state in states:
        net.load_state_dict(state)
        found.append(signature(net, tasks.get("parity"), 12))
        assert net.embed.dtype is torch.float32
    return found


def test_honest_seeds_are_far_apart_and_disguises_of_one_are_not() -> None:
    states = [load_file(EXAMPLE / weights("parity", seed)) for seed in SEEDS]
    honest, hidden = nets(states), nets(disguise(state, seed) for seed, state in enumerate(states))
    assert min(apart(one, other) for one, other in combinations(honest, 2)) > 5 * SAME[True]
    assert max(apart(one, other) for one, other in zip(honest, hidden, strict=True)) < SAME[True] / 1000
    assert [same(one, other) for one in honest for other in hidden] == [a == b for a in SEEDS for b in SEEDS]


def test_a_streaming_net_with_its_units_in_another_order_is_the_same() -> None:
    states = [models.build("gru", tasks.get("parity"), width=16, seed=seed).state_dict() for seed in (0, 1)]
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    three = torch.cat([order, 16 + order, 32 + order])  # of the gates
    moved, inside = dict(states[0]), "blocks.0.recurrent."
    for name in (f"{inside}weight_ih_l0", f"{inside}weight_hh_l0", f"{inside}bias_ih_l0", f"{inside}bias_hh_l0"):
        moved[name] = moved[name][three]
    moved[f"{inside}weight_hh_l0"] = moved[f"{inside}weight_hh_l0"][:, order]
    moved |= {"blocks.0.h0": moved["blocks.0.h0"][order], "readout": moved["readout"][:, order]}
    one, other, disguised = nets([*states, moved], "gru")
    assert [x is not None for x in one] == [True]
    assert same(one, disguised)
    assert not same(one, other)


def test_what_answers_by_its_symbol_alone_is_like_nothing() -> None:
    """Fresh nets have F = 0; whatever they were, they would be the same but for a scale."""
    fresh = nets(models.Net(models.get("resnet"), 2, 2, 16, 16, seed=seed).state_dict() for seed in (0, 1))
    assert fresh == [[None] * 12] * 2
    assert not same(*fresh)
    assert apart(*fresh) == 1


def test_a_disguised_reference_is_constructive_and_one_net_is_not_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch)
    net = models.Net(models.get("resnet"), 2, 2, 8, 8)
    net.realise(tasks.get("parity").program())
    folder = good(tmp_path / "x")
    save_file(disguise(net.state_dict(), 0), folder / weights("parity", 3))
    assert not any(file.constructive for file in check(folder).weights)
    badges = [record["submission"]["badge"] for record in verify.verify(folder, words=8).records]
    assert badges == [*["verified"] * 3, "constructive", *["verified"] * 6]
    for seed in (5, 7):
        save_file(disguise(load_file(folder / FIRST), seed), folder / weights("parity", seed))
    with pytest.raises(Refused) as refused:
        verify.verify(folder, words=8)
    assert [(fault.code, fault.where) for fault in refused.value.faults] == [("S006", weights("parity", k)) for k in (5, 7)]
    assert all(FIRST in fault.what for fault in refused.value.faults)


def test_a_signature_that_takes_too_long_leaves_the_net_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    net = models.build("neural_ode", tasks.get("parity"), width=8, hidden=16)
    monkeypatch.setattr(rescore, "allowance", lambda *_: 5)
    with pytest.raises(Refused, match="S404 length 12: more than 5 evaluations"):
        rescore.signed(net, tasks.get("parity"), 12)
    assert net.embed.dtype is torch.float32


class Untold(nn.Module):
    """A net whose answers depend on the first word of the batch."""

    def forward(self, tokens: Tensor, depth: int) -> Tensor:
        sign = 2.0 * tokens[:1, :1] - 1
        return torch.stack([sign.expand(tokens.shape), torch.zeros(tokens.shape)], 1)


class Placed(nn.Module):
    """A net that answers otherwise in the second half of a batch."""

    def forward(self, tokens: Tensor, depth: int) -> Tensor:
        second = 2.0 * (2 * torch.arange(len(tokens)) >= max(len(tokens), 2)) - 1
        return torch.stack([second[:, None].expand(tokens.shape), torch.zeros(tokens.shape)], 1)


class Rounded(nn.Module):
    """A net with a tie in every cell, that falls out otherwise in small batches."""

    def forward(self, tokens: Tensor, depth: int) -> Tensor:
        even = torch.full(tokens.shape, 1e-6 if len(tokens) > 1 else -1e-6)
        return torch.stack([1 + even, torch.ones(tokens.shape)], 1)


def test_a_batch_of_one_and_a_permuted_batch_give_the_same_answers() -> None:
    tokens = torch.randint(2, (64, 5), generator=torch.Generator().manual_seed(0))
    net = models.build("resnet", tasks.get("parity"))
    net.blocks[0].V.data.normal_(generator=torch.Generator().manual_seed(0))
    assert rescore.differing(net, tokens, 5) == 0
    assert rescore.differing(Rounded(), tokens, 5) == 0  # type: ignore[arg-type]
    assert rescore.differing(Untold(), tokens, 5) > 0.2  # type: ignore[arg-type]
    assert rescore.differing(Placed(), tokens, 5) > 0.2  # type: ignore[arg-type]


def job(folder: Path, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What `rescore` answers, in this process."""
    files = [[file.seed, file.path, file.sha256] for file in check(folder).weights]
    entry, made = said["tasks"][0], said["architecture"]
    asked = {"task": entry["name"], "parameters": entry["parameters"], "model": made["name"], "options": made["options"]}
    asked |= {"net": said["net"], "length": 12, "factors": [1, 2], "words": 16, "seeds": None, "folder": folder, "files": files}
    return rescore.answers(asked, *rescore.module(asked))


@pytest.mark.parametrize(
    ("rtol", "scale", "says"), [(1e-7, 1.0, "more than 2704 evaluations of its blocks"), (1e-3, 1e9, "dopri5 gave up at t = ")]
)
def test_a_neural_ode_that_spends_too_much_or_diverges_is_stopped(
    rtol: float, scale: float, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescore, "EVALUATIONS", 4)  # 2 + 8 + 1 calls of 12 layers, and 4: 11 · 4 · (12 + 4)
    said = description("neural_ode", {"rtol": rtol, "atol": rtol}, hidden=16)
    answers = job(good(tmp_path, said, scale), said)
    assert next(answers)["reference"]["reason"]
    with pytest.raises(Refused, match=f"S404 length 12: .*{says}"):
        next(answers)


def test_a_file_that_changed_after_the_check_is_refused(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "x")
    answers = job(folder, description())
    shutil.copy(folder / weights("parity", 1), folder / weights("parity", 0))
    next(answers)
    with pytest.raises(Refused, match=r"S001 .* changed since it was checked"):
        next(answers)


@pytest.mark.parametrize(
    ("limits", "code"), [(Limits(cpu=1), "S401"), (Limits(wall=1), "S402"), (Limits(memory=2**16), "S403")]
)
def test_limits_of_the_process(limits: Limits, code: str, base: Path) -> None:
    with pytest.raises(Refused, match=code):
        evaluate.evaluate(check(base), tasks.get("parity"), 512, None, limits)


def test_a_process_that_ends_without_answers_is_a_fault(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "python", lambda *_: (-11, b""))
    with pytest.raises(Refused, match="S406 parity: exit status -11"):
        evaluate.evaluate(check(base), tasks.get("parity"), 8, None, Limits())


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGTERM, (143, "stopped by SIGTERM\n")), (signal.SIGINT, (130, ""))])
def test_a_verify_that_is_stopped_leaves_neither_folder_nor_process(
    number: int, ends: tuple[int, str], base: Path, tmp_path: Path
) -> None:
    # a shell that starts something in the background lets it ignore SIGINT, and so all that it starts
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{hears}; from leaderboard.cli import app; app()", "verify", str(base)]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as verifying:
        children = Path(f"/proc/{verifying.pid}/task/{verifying.pid}/children")
        while not any(b"rescore" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children.read_text().split()):
            assert verifying.poll() is None
            time.sleep(0.05)
        time.sleep(0.2)  # the child was started; now it is waited for
        found = children.read_text().split()
        assert len(list(tmp_path.glob("tmp*"))) == 1  # beside what torch keeps there
        verifying.send_signal(number)
        _, told = verifying.communicate(timeout=60)
    assert (verifying.returncode, told) == ends
    assert not list(tmp_path.glob("tmp*"))
    assert [Path(f"/proc/{child}").exists() for child in found] == [False]


def test_nothing_in_the_folder_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the folder is the working directory and on the path."""
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "torch.py", "leaderboard.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(tmp_path / "deeper")]))
    subprocess.run([sys.executable, "-c", "import json"], check=True)
    assert (tmp_path / "canary").exists()
    (tmp_path / "canary").unlink()
    code, out = evaluate.python(["-c", "import json, sys; print(sys.path)"], "", 60, 2**30, tmp_path, "x")
    assert code == 0
    assert str(tmp_path) not in out.decode()
    assert not (tmp_path / "canary").exists()


def test_our_python_has_a_limit_of_memory_from_its_start(tmp_path: Path) -> None:
    script = "import time; time.sleep(0.5); print(len(bytearray(3 * 2**29)))"
    found = [evaluate.python(["-c", script], "", 60, memory, tmp_path, "x") for memory in (2**28, 2**30)]
    assert found == [(1, b""), (0, b"1610612736\n")]


def test_the_process_writes_no_file(tmp_path: Path) -> None:
    write = f"pathlib.Path({str(tmp_path / 'x')!r}).write_text('x')"
    script = f"import pathlib; from leaderboard.submissions.confine import confine; confine(60, 2**30); {write}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert (tmp_path / "x").stat().st_size == 0


# a lookup table of the public test words


BITS = 20  # the end of a word that the table reads: enough to tell all words from one another


def table(words: dict[tuple[int, ...], int]) -> Program:
    """Every cell hears the BITS - 1 symbols before it, layer by layer, and answers for those words that are in the table."""
    w, heard, answer = symbols(2), [Register(f"heard{k}", 2) for k in range(1, BITS)], Register("answer", 2)
    rules = [when(w(a, at=-1)).write(heard[0](a)) for a in (0, 1)]
    rules += [when(before(a, at=-1)).write(after(a)) for before, after in pairwise(heard) for a in (0, 1)]
    for word, parity in words.items():
        last, *others = word[::-1][:BITS]
        literals = [register(symbol) for register, symbol in zip(heard, others, strict=False)]
        rules.append(when(w(last), *literals).write(answer(parity)))
    return Program(2, [*heard, answer], rules, output=answer, depth=lambda n: n)


def test_a_lookup_table_of_the_public_words_fails_on_the_words_of_a_key() -> None:
    task, count = tasks.get("parity_check"), 32
    words = {tuple(word.tolist()): int(word.sum() % 2) for n in (24, 48) for word in scoring_words(task, count, n, 12)}
    program = table(words)
    net = models.Net(models.get("resnet"), 2, 2, program.channels, len(program.rules))
    net.realise(program)
    public, hidden = (
        [score["words_correct"] / count for score in rescore.scores(net, task, 12, [2, 4], count, seeds)]
        for seeds in (None, verify.keyed("a key that is not public", task))
    )
    assert public == [1, 1]
    assert max(hidden) < 0.8


def test_words_of_a_key_are_others_and_the_same_for_the_same_key() -> None:
    task = tasks.get("parity")
    seeds = [verify.keyed(key, task)["48"] for key in ("a", "a", "b")]
    a, b, c, d = (scoring_words(task, 64, 48, 12, seed) for seed in (*seeds, None))
    assert torch.equal(a, b)
    assert len({tuple(word) for words in (a, c, d) for word in words.tolist()}) == 3 * 64


# training again


def trainer(seeds: int, weights: bytes = b"weights") -> Any:
    """A train.py that leaves so many records, and weights beside them."""

    def run(arguments: list[str], *_: object) -> tuple[int, bytes]:
        results = Path(next(text for text in arguments if text.startswith("results=")).removeprefix("results="))
        for seed in range(seeds):
            record = done(seed=seed)
            write(results, record | {"files": describe(record["id"], weights)}, weights)
        return 0, b""

    return run


def answered(correct: int) -> list[dict[str, Any]]:
    """Answers of nets with so many of 100 words and symbols right."""
    counts = {"symbols": 100, "symbols_correct": correct, "words": 100, "words_correct": correct}
    return [{"seed": seed, "scores": [{"length": n, "depth_of": n} | counts for n in (12, 24, 48, 96)]} for seed in SEEDS]


def test_claims_differ_by_rounding_on_public_words_and_by_sampling_on_others(base: Path) -> None:
    """Claimed 0.5 and 0; 3 · sqrt(0.5 · 0.5 · (1/512 + 1/288)) = 0.11."""
    submission, task = check(base), tasks.get("parity")

    def told(symbols: int, words: int, count: int | None) -> set[str]:
        counts = {"symbols": 1000, "symbols_correct": symbols, "words": 1000, "words_correct": words}
        found = [{"seed": seed, "scores": [{"length": n, "depth_of": n} | counts for n in (12, 24, 48, 96)]} for seed in SEEDS]
        errors = verify.ERRORS * (1 / 512 + 1 / count) ** 0.5 if count else 0
        return {fault.where.split()[-1] for fault in verify._claims(submission, task, found, errors)}

    assert [told(symbols, 0, None) for symbols in (500, 502)] == [set(), {"symbol"}]
    assert [told(symbols, 0, 288) for symbols in (390, 610, 380, 620)] == [set(), set(), {"symbol"}, {"symbol"}]
    assert [told(500, words, 288) for words in (20, 40)] == [set(), {"word"}]  # 3 · sqrt(0.02 · 0.98) · 0.0737 = 0.031


@pytest.mark.parametrize(
    ("seeds", "correct", "faults"),
    [(10, 88, []), (10, 80, ["0.800, submitted 0.900"] * 8), (9, 90, ["9 of 10 runs ended, exit status 0"])],
)
def test_scores_after_training_again_agree_within_a_tolerance_and_are_those_that_count(
    seeds: int, correct: int, faults: list[str], base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluated(nets: Submission, *_: object) -> list[dict[str, Any]]:
        assert [file.seed for file in nets.weights] == list(SEEDS)
        assert all(sha256(contents(nets.folder, file.path)).hexdigest() == file.sha256 for file in nets.weights)
        assert nets.folder != base
        return [{"reference": None, "scores": []}, *answered(correct)]

    monkeypatch.setattr(retrain, "python", trainer(seeds))
    monkeypatch.setattr(retrain, "evaluate", evaluated)
    asked = check(base), tasks.get("parity"), answered(90), 16, None, LIMITS
    if not faults:
        assert retrain.retrained(*asked) == answered(correct)
        return
    with pytest.raises(Refused) as refused:
        retrain.retrained(*asked)
    assert [fault.what for fault in refused.value.faults] == faults
    assert all(fault.code == "S502" for fault in refused.value.faults)


def test_the_reason_of_a_run_that_failed_in_training_again_is_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def run(arguments: list[str], *_: object) -> tuple[int, bytes]:
        trainer(10)(arguments)
        results = Path(arguments[-1].removeprefix("results="))
        record = failed(seed=3)
        (results / f"{record['id']}.json").unlink()
        write(results, record)
        return 0, b""

    monkeypatch.setattr(retrain, "python", run)
    with pytest.raises(Refused, match="S502 parity, trained again: the run of seed 3 failed: 'diverged'"):
        retrain.retrained(check(base), tasks.get("parity"), answered(90), 16, None, LIMITS)


def test_a_retrained_submission_has_the_scores_of_our_nets_and_others_stay_verified(
    constructed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zero = {key: value for key, value in score(unchanged=50, distinct=50).items() if key != "weights"}
    cost = {"seconds": 1.0, "cpu_seconds": 1.0, "parameters": 9, "alike": None}

    def scored(correct: int) -> list[dict[str, Any]]:
        return [
            cost | one | {"scores": [zero | one_score | {"factor": one_score["length"] // 12} for one_score in one["scores"]]}
            for one in answered(correct)
        ]

    def correct(badge: str, records: Iterable[dict[str, Any]]) -> set[int]:
        some = [record["scores"][0] for record in records if record["submission"]["badge"] == badge]
        return {score["words_correct"] for score in some}

    reference = {"reference": {"reason": "none", "longest": None, "width": None, "hidden": None}, "scores": []}
    monkeypatch.setattr(verify, "evaluate", lambda *_: [reference, *scored(60)])
    monkeypatch.setattr(verify, "retrained", lambda *_: scored(50))
    plain, again = verify.verify(constructed), verify.verify(constructed, retrain=True)
    assert correct("verified", plain.records) == correct("constructive", plain.records) == {60}
    assert (correct("retrained", again.records), correct("constructive", again.records)) == ({50}, {60})
    assert not correct("verified", again.records)

    def other(*_: object) -> Any:
        raise Refused([Fault("S502", "parity", "differs")])

    monkeypatch.setattr(verify, "retrained", other)
    different = verify.verify(constructed, retrain=True)
    assert correct("verified", different.records) == {60}
    assert different.faults[-1].code == "S502"
    (tmp_path / "foreign.json").write_text("{}")
    plain.write(tmp_path)
    again.write(tmp_path)  # of the same submission: another badge, so other records
    (tmp_path / "foreign.json").unlink()
    assert len(read(tmp_path)) == 11
    named = shutil.copytree(constructed, tmp_path / "named")
    say(named, description(width=24, hidden=48, inner=True) | {"name": "A-Good.One"})
    with pytest.raises(RecordError, match=r"another submission of the name 'a good one'; give this one another$"):
        verify.verify(named).write(tmp_path)
    assert len(read(tmp_path)) == 11


def test_the_recipe_is_a_command_line_of_train(base: Path, tmp_path: Path) -> None:
    said = check(base).description
    said = replace(said, net=dict(said.net) | {"inner": True})
    arguments = retrain._overrides(said, tasks.get("parity"), str(tmp_path))
    arguments = ["seed=0" if text.startswith("seed=") else text for text in arguments]
    code, _ = evaluate.python([retrain._script(), *arguments], "", 300, 2**30, base, "x")
    assert code == 0
    (record,) = read(tmp_path)
    assert record["status"] == "done"
    assert record["training"]["examples"] == 5 * 4
    assert (record["net"]["width"], record["net"]["hidden"]) == (8, 8)
    assert record["config"]["training"]["rate"] == 0.01
    ((path, file),) = record["files"].items()
    net = models.Net(said.architecture, 2, 2, **said.net)
    net.load_state_dict(tensors.load(contents(tmp_path, path), path))
    assert file["sha256"] == sha256((tmp_path / path).read_bytes()).hexdigest()


# records


def test_a_record_of_a_submission_must_say_whose_it_is(tmp_path: Path) -> None:

    submission = {"name": "x", "authors": ["y"], "link": "https://x.org", "badge": "verified", "claimed": {}}
    write(tmp_path, done() | {"submission": submission})
    assert read(tmp_path)[0]["submission"] == submission
    with pytest.raises(NotARecord, match="submission has no badge"):
        write(tmp_path, done(seed=1) | {"submission": {k: v for k, v in submission.items() if k != "badge"}})
