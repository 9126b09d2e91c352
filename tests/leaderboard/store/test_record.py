import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import done, failed, score

from leaderboard.store import schema
from leaderboard.store.provenance import imported, version
from leaderboard.store.record import AHEAD, NotARecord, RecordConflict, RecordError, exists, identifier, read, write
from leaderboard.store.schema import WHOLE, validated

ID = "0123456789abcdef"
ROOT = Path(__file__).parents[3]


def one_line(error: pytest.ExceptionInfo[RecordError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_identifier_is_sixteen_hex_of_canonical_json() -> None:
    import hashlib

    expected = hashlib.sha256(b'{"a":[1,2.5],"b":"x"}').hexdigest()[:16]
    assert identifier({"b": "x", "a": [1, 2.5]}) == identifier({"a": [1, 2.5], "b": "x"}) == expected
    assert identifier({"a": 1}) != identifier({"a": 2})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_identifier_and_write_refuse_what_json_cannot_hold(value: object, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="not JSON") as error:
        identifier({"a": value})
    one_line(error)
    with pytest.raises(RecordError, match="not JSON"):
        write(tmp_path, done() | {"config": {"a": [value]}})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [2**64 + 1, "\ud800"])
def test_what_readers_of_json_disagree_on_is_not_written(value: object, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="not JSON") as error:
        write(tmp_path, done() | {"config": {"a": value}})
    one_line(error)
    assert list(tmp_path.iterdir()) == []


wholes = st.integers(-WHOLE, WHOLE)
json_values = st.recursive(
    st.none() | st.booleans() | wholes | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values), st.text(min_size=1, max_size=200), wholes, st.floats(0, 1))
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any], label: str, seed: int, chance: float
) -> None:
    folder = tmp_path_factory.mktemp("records")
    record = done(label, seed=seed, scores=[score(symbol_chance=chance)], id=ID) | {"config": config}
    assert write(folder, record) == folder / f"{ID}.json"
    assert read(folder) == [record]
    assert exists(folder, ID)
    assert os.listdir(folder) == [f"{ID}.json"]


def test_read_sorts_by_id_and_leaves_other_files_alone(tmp_path: Path) -> None:
    for id in ("ffffffffffffffff", "1111111111111111", "8888888888888888"):
        write(tmp_path / "new" / "folder", done(id=id))
    (tmp_path / "new" / "folder" / "table.md").write_text("x")
    assert [record["id"][0] for record in read(tmp_path / "new" / "folder")] == ["1", "8", "f"]


def test_read_goes_on_behind_the_files_that_are_read_at_once(tmp_path: Path) -> None:
    assert AHEAD < 250
    for number in range(250):
        (tmp_path / f"{number:016x}.json").write_text(json.dumps(done(id=f"{number:016x}", seed=number)))
    (tmp_path / f"{7:016x}.json").unlink()
    (tmp_path / f"{7:016x}.json").mkdir()
    with pytest.warns(UserWarning, match=f"{7:016x}.json") as warned:
        assert [record["seed"] for record in read(tmp_path)] == [*range(7), *range(8, 250)]
    assert len(warned) == 1


def test_folder_may_be_the_one_we_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path(), done())
    assert write(Path(), done()) == Path(f"{done()['id']}.json")
    assert exists(Path(), done()["id"])
    assert read(Path()) == [done()]


def test_same_result_again_is_a_no_op_whatever_it_cost(tmp_path: Path) -> None:
    path = write(tmp_path, done())
    before = path.read_bytes()
    again = done()
    again["cost"]["seconds"] = 77.0
    assert write(tmp_path, again) == path
    assert path.read_bytes() == before


def test_another_result_under_the_same_id_is_a_conflict(tmp_path: Path) -> None:
    path = write(tmp_path, done())
    before = path.read_bytes()
    with pytest.raises(RecordConflict, match="another scores") as error:
        write(tmp_path, done(scores=[score(accuracy=0.5)]))
    one_line(error)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def test_failure_then_failure_then_done(tmp_path: Path) -> None:
    write(tmp_path, failed(reason="diverged"))
    write(tmp_path, failed(reason="out of memory"))
    assert [record["reason"] for record in read(tmp_path)] == ["out of memory"]
    assert not exists(tmp_path, failed()["id"])
    path = write(tmp_path, done())
    assert exists(tmp_path, done()["id"])
    assert read(tmp_path) == [done()]
    assert os.listdir(tmp_path) == [path.name]


def test_failure_never_replaces_a_result(tmp_path: Path) -> None:
    write(tmp_path, done())
    with pytest.raises(RecordConflict, match="done"):
        write(tmp_path, failed())
    assert read(tmp_path) == [done()]
    assert len(os.listdir(tmp_path)) == 1


def test_result_hides_a_failure_that_a_killed_writer_left_beside_it(tmp_path: Path) -> None:
    failure = write(tmp_path, failed())
    text = failure.read_text()
    write(tmp_path, done())
    failure.write_text(text)
    assert [record["status"] for record in read(tmp_path)] == ["done"]


@pytest.mark.parametrize(("record", "call"), [(done(), "fsync"), (failed(), "fsync"), (failed(), "replace")])
def test_killed_writer_leaves_no_record(
    record: dict[str, Any], call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, die)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, record)
    assert list(tmp_path.iterdir()) == []


def test_killed_before_the_link_leaves_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(temporary: Path, path: Path) -> None:
        assert json.loads(temporary.read_text()) == done()  # the whole text is there before it gets its name
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", die)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, done())
    assert read(tmp_path) == []


def test_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    write(tmp_path, done())
    write(tmp_path, done())
    with pytest.raises(RecordConflict):
        write(tmp_path, done(scores=[score(accuracy=0.5)]))
    assert read(tmp_path) == [done()]


def test_of_two_writers_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def one(accuracy: float) -> None:
        start.wait()
        try:
            write(tmp_path, done(scores=[score(accuracy=accuracy)]))
            outcomes.append("written")
        except RecordConflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=one, args=(i / 10,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 7 + ["written"]
    assert len(os.listdir(tmp_path)) == 1


def test_leftover_temporary_file_is_ignored(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    (tmp_path / f".{ID}.123.tmp").write_text(json.dumps(done())[:50])
    (tmp_path / f"._{ID}.json").write_text("hidden, as some systems leave beside a file")
    write(tmp_path, done())
    assert read(tmp_path) == [done()]
    assert len(recwarn) == 0


BROKEN = {
    "truncated": json.dumps(done(id=ID))[:-40],
    "empty": "",
    "not an object": "[1, 2]",
    "no schema": '{"name": "package"}',
    "NaN": json.dumps(done(id=ID, scores=[score(symbol_chance=float("nan"))])),
    "missing key": json.dumps({k: v for k, v in done(id=ID).items() if k != "task"}),
    "wrong type": json.dumps(done(id=ID) | {"seed": "0"}),
    "boolean for a number": json.dumps(done(id=ID) | {"seed": True}),
    "done without a net": json.dumps(done(id=ID) | {"net": None}),
    "done without scores": json.dumps(done(id=ID, scores=[])),
    "failed without a reason": json.dumps(failed() | {"id": ID, "reason": None}),
    "failed with scores": json.dumps(failed() | {"id": ID, "scores": [score()]}),
    "failed with reference scores": json.dumps(failed() | {"id": ID, "scores": [score("reference")]}),
    "done without trained scores": json.dumps(done(id=ID, scores=[score("reference")])),
    "first score of wrong type": json.dumps(done(id=ID, scores=[score(depth="1"), score("reference")])),
    "last score of wrong type": json.dumps(done(id=ID, scores=[score(), score("reference", depth="1")])),
    "score that is no object": json.dumps(done(id=ID) | {"scores": [score(), 1]}),
    "unknown status": json.dumps(done(id=ID) | {"status": "running"}),
    "unknown weights": json.dumps(done(id=ID, scores=[score(), score("random")])),
    "more correct than there are": json.dumps(done(id=ID, scores=[score(accuracy=1.1)])),
    "fewer symbols correct than none": json.dumps(done(id=ID, scores=[score(symbols_correct=-1)])),
    "fewer words correct than none": json.dumps(done(id=ID, scores=[score(words_correct=-1)])),
    "no words": json.dumps(done(id=ID, scores=[score(words=0, words_correct=0)])),
    "scored twice": json.dumps(done(id=ID, scores=[score(), score(accuracy=0.3)])),
    "other file name": json.dumps(done(id="f" * 16)),
    "bad id": json.dumps(done(id="../../etc/passwd")),
    "not text": "\udcff",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_file_is_named_skipped_and_replaced(text: str, tmp_path: Path) -> None:
    write(tmp_path, done())
    path = tmp_path / (f"{ID}.failed.json" if '"failed"' in text else f"{ID}.json")
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.warns(UserWarning, match=str(path)) as warned:
        assert read(tmp_path) == [done()]
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    assert not exists(tmp_path, ID)
    write(tmp_path, done(id=ID))
    assert exists(tmp_path, ID)


@pytest.mark.parametrize(
    ("scores", "wrong"),
    [
        ([score(), {k: v for k, v in score("reference").items() if k != "depth"}], "score has no depth"),
        ([score(), score("reference", depth="1")], "score.depth is of type str"),
        ([score(), 1], "score is not an object"),
        ([score(), score(accuracy=0.3)], "one length was scored twice"),
    ],
)
def test_what_is_wrong_with_a_score_is_named(scores: list[Any], wrong: str) -> None:
    with pytest.raises(NotARecord, match=wrong):
        validated(done(scores=scores))


def changed(path: str, value: Any) -> dict[str, Any]:
    """A done record with another value at keys with / between them."""
    record = done(scores=[score(), score("reference")])
    at, (*keys, last) = record, path.split("/")
    for key in keys:
        at = at[int(key) if isinstance(at, list) else key]
    at[last] = value
    return record


BEYOND = [
    ("seed", 2**53, "record.seed is 9007199254740992; allowed: -9007199254740991 to 9007199254740991"),
    ("cost/seconds", -1.0, "record.cost.seconds is -1.0; allowed: 0 to 10000000000"),
    ("cost/peak_memory", 0.5, "record.cost.peak_memory is of type float"),
    ("task/label", "", "record.task.label has 0 characters; allowed: 1 to 200"),
    ("model/label", " reference\n", "is the name of another row or column"),
    ("task/label", "rank", "is the name of another row or column"),
    ("net/parameters", -1, "net.parameters is -1; allowed: 0 to 9007199254740991"),
    ("reference/radius", 1e101, "record.reference: radius is no number"),
    ("training/loss", [[1, 0.5], [2]], "training.loss is not a list of steps"),
    ("training/loss", [[1, 1e101]], "training.loss is not a list of steps"),
    ("config/deep", {"deeper": [2**53]}, "the whole number 9007199254740992 is not within 2"),
    ("config/deep", json.loads("[" * 17 + "]" * 17), "nested more than 16 deep"),
    ("scores/1/length", 2**63, "score.length is 9223372036854775808; allowed: 1 to 9007199254740991"),
    ("scores/1/words", 0, "score.words is 0; allowed: 1 to 9007199254740991"),
    ("scores/0/curve_length", 1e300, "score.curve_length is 1e\\+300; allowed: 0 to 1e\\+100"),
    ("scores/0/word_chance", 1.5, "score.word_chance is 1.5; allowed: 0 to 1"),
    ("scores/1/words_correct", 101, "score: more is correct, unchanged or distinct than there is"),
    ("scores/1/length", 24, "one length has two factors, or one factor two lengths"),
    ("scores/1/factor", 2, "one length has two factors, or one factor two lengths"),
    (
        "submission",
        {"name": "x", "authors": [1], "link": "", "badge": "b", "claimed": {}},
        "submission.authors: a name is no text",
    ),
    ("submission", {"name": "x", "authors": [], "link": "", "badge": "b", "claimed": {"12": {"word": 2}}}, "12 has no symbol"),
]


@pytest.mark.parametrize(("path", "value", "wrong"), BEYOND)
def test_every_number_has_a_range_and_what_is_beyond_is_named(path: str, value: Any, wrong: str) -> None:
    assert validated(done(scores=[score(), score("reference")]))
    with pytest.raises(NotARecord, match=wrong) as error:
        validated(changed(path, value))
    one_line(error)


def test_a_factor_has_at_most_six_digits() -> None:
    assert validated(done(scores=[score(factor=1.33333)]))
    with pytest.raises(NotARecord, match=r"factor 1\.333333 has more than six digits"):
        validated(done(scores=[score(factor=1.333333)]))


def test_to_every_length_belongs_one_factor() -> None:
    crossed = [score(factor=1), score(factor=2), score("reference", 2, length=12), score("reference", 1, length=24)]
    with pytest.raises(NotARecord, match="one length has two factors, or one factor two lengths"):
        validated(done(scores=crossed))


def test_every_number_of_the_schema_has_a_range() -> None:
    def kinds(shape: dict[str, Any]) -> Iterator[schema.Kind]:
        for part in shape.values():
            yield from kinds(part) if isinstance(part, dict) else [part]

    shapes = [part for name, part in vars(schema).items() if isinstance(part, dict) and not name.startswith("__")]
    ranged = [kind for kind in kinds({str(n): shape for n, shape in enumerate(shapes)}) if kind.types & {int, float}]
    assert len(ranged) > 30
    assert all(-1e100 <= kind.low <= kind.high <= 1e100 for kind in ranged)


def test_write_refuses_what_read_would(tmp_path: Path) -> None:
    with pytest.raises(NotARecord, match="words"):
        write(tmp_path, done(scores=[score(words="100")]))
    assert list(tmp_path.iterdir()) == []


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    newer = {"schema": 4, "id": ID, "everything": "else"}
    (tmp_path / f"{ID}.json").write_text(json.dumps(newer))
    for attempt in (lambda: read(tmp_path), lambda: exists(tmp_path, ID), lambda: write(tmp_path, done(id=ID))):
        with pytest.raises(RecordError, match=r"schema 4 is newer") as error:
            attempt()
        assert not isinstance(error.value, NotARecord)
        assert ID in one_line(error)
    assert json.loads((tmp_path / f"{ID}.json").read_text()) == newer


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such folder") as error:
        read(tmp_path / "absent")
    one_line(error)
    assert not exists(tmp_path / "absent", ID)


# the code that a result depends on


LOADED = """
import importlib, os, sys
import torch  # once for all modules, each of which is loaded in a process of its own
for module in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(module)
        print(module, *[m for m in sys.modules if m.partition(".")[0] in ("tasks", "models", "leaderboard")], flush=True)
        os._exit(0)
    os.wait()
"""


def test_code_hash_covers_all_that_is_loaded():
    modules = ["tasks.parity_check", "tasks.pushdown", "models.fractalnet", "leaderboard.running.score"]
    command = [sys.executable, "-c", LOADED, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found = {module: {module, *loaded} for module, *loaded in map(str.split, done.stdout.splitlines())}
    assert list(found) == modules, done.stderr
    for module, loaded in found.items():
        assert loaded <= imported([module]), module


def test_code_hash_is_one_of_the_module():
    assert {"tasks.programs.lattice", "tasks.programs.machines", "tasks.dyck"} <= imported(["tasks.pushdown"])
    assert version("task", "pushdown") != version("task", "dyck")
    assert version("model", "resnet") != version("model", "revnet")
    assert version("model", "resnet") == version("model", "resnet")
