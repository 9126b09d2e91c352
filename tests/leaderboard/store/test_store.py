"""What is on disk stays true: killed writers, writers at once, full disks, read-only folders; weights, checkpoints, export."""

import ctypes
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager, nullcontext

import pandas as pd
import pytest
import torch
from records import done, failed, score
from runs import ROOT, SMALL, configured
from safetensors.torch import save
from typer.testing import CliRunner
from writers import CONFLICT, started

import models
import tasks
import train
from leaderboard import cli
from leaderboard.running import score as scoring
from leaderboard.running.run import run
from leaderboard.store import weights
from leaderboard.store.checkpoint import Checkpoints
from leaderboard.store.mirror import mirror, scalars
from leaderboard.store.record import RecordConflict, RecordError, describe, exists, prepare, read, write
from leaderboard.store.schema import SCORE
from leaderboard.tables.export import flat
from leaderboard.tables.frame import frame
from tasks.words.split import draw


def blob(seed, size=5000):
    return save({"w": torch.arange(size // 4, dtype=torch.float32) + seed})


def weighed(seed=0, **change):
    """A done record and the weights that it describes."""
    record, data = done(seed=seed, **change), blob(seed)
    return record | {"files": describe(record["id"], data)}, data


def names(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def content(folder):
    return {name: (folder / name).read_bytes() for name in names(folder)}


def commanded(monkeypatch, capsys, *arguments):
    """Exit code, stdout and stderr of train.py."""
    monkeypatch.setattr(sys, "argv", ["train.py", *SMALL, *arguments])
    with pytest.raises(SystemExit) as stopped:
        train.command()
    return stopped.value.code, *capsys.readouterr()


# weights beside the record


def test_weights_lie_beside_the_record_and_are_those_that_it_describes(tmp_path):
    record, data = weighed()
    path = write(tmp_path, record, data)
    assert names(tmp_path) == [path.name, f"{record['id']}.safetensors"]
    assert json.loads(path.read_text())["files"][f"{record['id']}.safetensors"]["bytes"] == len(data)
    assert read(tmp_path) == [record]
    assert torch.equal(weights.load(tmp_path, record)["w"], torch.arange(1250.0))
    assert list(weights.damaged(tmp_path, [record])) == []
    told = CliRunner().invoke(cli.app, ["weights", str(tmp_path)])
    assert (told.exit_code, told.stdout) == (0, "ok: 1 files of weights\n")
    with pytest.raises(RecordError, match="not those that the record describes"):
        write(tmp_path, weighed(1)[0], data)
    with pytest.raises(RecordError, match="no weights beside it"):
        weights.load(tmp_path, done(seed=2))


def test_the_record_comes_last(tmp_path, monkeypatch):
    record, data = weighed()

    def die(temporary, path):
        assert (tmp_path / f"{record['id']}.safetensors").read_bytes() == data
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", die)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, record, data)
    assert names(tmp_path) == [f"{record['id']}.safetensors"]
    assert not exists(tmp_path, record["id"])


def test_weights_without_a_record_are_replaced(tmp_path):
    record, data = weighed()
    tmp_path.joinpath(f"{record['id']}.safetensors").write_bytes(b"of a killed run")
    write(tmp_path, record, data)
    assert list(weights.damaged(tmp_path, read(tmp_path))) == []


def test_again_is_a_no_op_and_other_weights_are_a_conflict(tmp_path):
    record, data = weighed()
    write(tmp_path, record, data)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write(tmp_path, record, data)
    other = blob(7)
    with pytest.raises(RecordConflict, match="another files"):
        write(tmp_path, record | {"files": describe(record["id"], other)}, other)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert list(weights.damaged(tmp_path, read(tmp_path))) == []


@pytest.mark.parametrize("harm", ["missing", "cut", "changed"])
def test_lost_weights_are_named_and_the_scores_hold(tmp_path, harm):
    (record, data), (whole, more) = weighed(0), weighed(1)
    write(tmp_path, record, data)
    write(tmp_path, whole, more)
    path = tmp_path / f"{record['id']}.safetensors"
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if harm == "cut" else data[:-1] + b"\1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert sorted(r["seed"] for r in read(tmp_path)) == [0, 1]
    told = [str(warning.message) for warning in caught]
    assert len(told) == (harm == "missing")  # to look into every file is not for every table
    assert all(path.name in text and "scores" in text and whole["id"] not in text for text in told)
    (fault,) = weights.damaged(tmp_path, [record, whole])
    assert path.name in fault
    told = CliRunner().invoke(cli.app, ["weights", str(tmp_path)])
    assert (told.exit_code, told.stdout) == (1, f"{fault}\n")
    with pytest.raises(RecordError, match=path.name):
        weights.load(tmp_path, record)
    assert exists(tmp_path, record["id"])


BAD_FILES = {
    "elsewhere": {"../../etc/passwd": {"sha256": "0" * 64, "bytes": 1}},
    "of another run": {f"{'f' * 16}.safetensors": {"sha256": "0" * 64, "bytes": 1}},
    "no hash": {f"{done()['id']}.safetensors": {"sha256": "?", "bytes": 1}},
    "no size": {f"{done()['id']}.safetensors": {"sha256": "0" * 64}},
    "a list": [],
}


@pytest.mark.parametrize("files", BAD_FILES.values(), ids=BAD_FILES)
def test_a_record_with_other_files_is_none(tmp_path, files):
    with pytest.raises(RecordError, match="files"):
        write(tmp_path, done() | {"files": files})
    assert not os.listdir(tmp_path)


# killed writers, writers at once


def undisturbed(folder, records):
    for record, data in records:
        write(folder, record, data)
    return content(folder), frame(read(folder))


def test_killed_at_every_file_that_it_touches_a_sweep_ends_the_same(tmp_path):
    """SIGKILL at the first thing done to the folder, at the second ..., each time on a new one, until nothing is left to do."""
    records = [(failed(seed=0), None), weighed(0), weighed(1)]
    right, table = undisturbed(tmp_path / "right", records)
    wholes = {record["id"]: record for record, _ in records[1:]}
    for fatal in range(1, 100):
        folder = tmp_path / str(fatal)
        (writer,) = started(folder, records, [range(3)], fatal)
        writer.join()
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        if folder.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = read(folder)
            assert all(record in (records[0][0], wholes[record["id"]]) for record in found)
            assert not list(weights.damaged(folder, found))
        for record, data in records:
            if not exists(folder, record["id"]):
                write(folder, record, data)
        here = content(folder)
        here.pop(f"{records[0][0]['id']}.failed.json", None)  # a result hides the failure before it
        assert here == right
        pd.testing.assert_frame_equal(frame(read(folder)), table)
    assert fatal > 15  # three records and two files of weights: opened, moved, their temporary names removed


def test_killed_again_and_again_at_any_moment_a_sweep_ends_the_same(tmp_path):
    records = [weighed(seed) for seed in range(40)] + [(failed(seed=seed), None) for seed in range(100, 105)]
    right, table = undisturbed(tmp_path / "right", records)
    moments, kills = random.Random(0), 0
    for attempt in range(4):
        folder, code = tmp_path / str(attempt), None
        while code != 0:
            (writer,) = started(folder, records, [range(len(records))])
            writer.join(moments.uniform(0.01, 0.05))
            writer.kill()  # no more than nothing if it has ended
            writer.join()
            code = writer.exitcode
            assert code in (0, -signal.SIGKILL)
            kills += code != 0
            if folder.exists():
                assert not list(weights.damaged(folder, read(folder)))
        assert content(folder) == right
        pd.testing.assert_frame_equal(frame(read(folder)), table)
    assert kills


def test_eight_writers_of_the_same_records_in_any_order_leave_one_folder(tmp_path):
    records = [weighed(seed) for seed in range(16)]
    right, table = undisturbed(tmp_path / "right", records)
    folder, order = tmp_path / "shared", random.Random(0)
    folder.mkdir()
    writers = started(folder, records, [order.sample(range(16), 16) for _ in range(8)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a torn record, or one before its weights, would be named
        while any(writer.is_alive() for writer in writers):
            assert all(records[record["seed"]][0] == record for record in read(folder))
    assert [writer.exitcode for writer in writers] == [0] * 8
    assert content(folder) == right
    assert names(folder) == sorted(os.listdir(folder))
    pd.testing.assert_frame_equal(frame(read(folder)), table)


def test_of_eight_writers_of_other_results_one_wins_with_its_own_weights(tmp_path):
    rivals = [(done(scores=[score(accuracy=n / 10)]), blob(n)) for n in range(8)]
    rivals = [(record | {"files": describe(record["id"], data)}, data) for record, data in rivals]
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        writers = started(folder, rivals, [[n] for n in range(8)])
        for writer in writers:
            writer.join()
        (record,) = read(folder)
        assert record in [one for one, _ in rivals]
        assert not list(weights.damaged(folder, [record]))
        assert {writer.exitcode for writer in writers} <= {0, CONFLICT}  # 0 also of one that comes late and finds it done


def test_what_a_killed_writer_left_is_not_written_through(tmp_path):
    """Killed between link and unlink, its temporary file is a second name of the record."""
    record, data = weighed()
    path = write(tmp_path, record, data)
    before = path.read_bytes()
    os.link(path, tmp_path / f".{path.name}.tmp")
    path.unlink()
    write(tmp_path, record, data)
    assert path.read_bytes() == before
    assert names(tmp_path) == sorted(os.listdir(tmp_path))


# full disk, read-only folder


@contextmanager
def room_for(size):
    """No file may become larger: the system refuses to write on, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def no_override():
    """Inside, file modes hold for the superuser too: without CAP_DAC_OVERRIDE among its effective capabilities (Linux)."""
    libc, version, thread, override = ctypes.CDLL(None), 0x20080522, 0, 1 << 1
    header, before = (ctypes.c_uint32 * 2)(version, thread), (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, before) == 0
    assert libc.capset(header, (ctypes.c_uint32 * 6)(before[0] & ~override, *before[1:])) == 0
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0


@pytest.fixture
def readonly(tmp_path):
    """A folder that takes no files, and a context in which that holds for the superuser too."""
    folder = tmp_path / "runs"
    folder.mkdir()

    @contextmanager
    def closed():
        folder.chmod(0o555)
        try:
            with no_override() if os.geteuid() == 0 else nullcontext():
                yield
        finally:
            folder.chmod(0o755)

    return folder, closed


@pytest.mark.parametrize("size", [0, 1000, 4000])
def test_a_full_disk_loses_nothing(tmp_path, size):
    write(tmp_path, *weighed(0))
    write(tmp_path, failed(seed=1))
    before = content(tmp_path)
    with room_for(size), pytest.raises(OSError, match=str(tmp_path)) as error:
        write(tmp_path, *weighed(1))
    assert "\n" not in str(error.value)
    assert content(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == sorted(before)
    write(tmp_path, *weighed(1))
    assert [record["status"] for record in read(tmp_path)] == ["done", "done"]


def test_a_full_disk_is_one_line_of_train_before_and_after_training(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "r"
    write(folder, *weighed())
    before = content(folder)
    with room_for(1000):
        code, out, err = commanded(monkeypatch, capsys, f"results={folder}")
    assert (code, out, len(err.splitlines())) == (1, "", 1), err
    assert str(folder) in err
    monkeypatch.setattr("leaderboard.running.run.prepare", lambda folder: None)  # it fills up while the net is trained
    with room_for(1000):
        code, out, err = commanded(monkeypatch, capsys, f"results={folder}")
    assert (code, out, len(err.splitlines())) == (1, "", 1), err
    assert str(folder) in err
    assert content(folder) == before


def test_a_read_only_folder_is_one_line_of_train(readonly, monkeypatch, capsys):
    folder, closed = readonly
    monkeypatch.setattr("leaderboard.running.run.fit", lambda *_: pytest.fail("hours were spent before it said so"))
    with closed():
        code, out, err = commanded(monkeypatch, capsys, f"results={folder}")
    assert (code, out, len(err.splitlines())) == (1, "", 1), err
    assert str(folder) in err
    assert not os.listdir(folder)
    (folder / "file").touch()
    code, out, err = commanded(monkeypatch, capsys, f"results={folder / 'file'}")
    assert (code, out, err) == (1, "", f"train: {folder / 'file'}: not a folder\n")


def test_a_full_disk_and_a_read_only_folder_are_one_line_of_table(readonly):
    folder, closed = readonly
    write(folder, *weighed())
    arguments = ["table", str(folder), "--no-picture"]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0
    before = content(folder)
    (folder / "table.csv").write_text("as it was")
    with room_for(100):
        full = CliRunner().invoke(cli.app, arguments)
    with closed():
        closed_to = CliRunner().invoke(cli.app, arguments)
    for result in (full, closed_to):
        assert result.exit_code == 2
        (line,) = [line for line in result.stderr.splitlines() if line]
        assert line.startswith("realizable: ")
        assert str(folder / "table.md") in line
    assert content(folder) == before | {"table.csv": b"as it was"}
    assert sorted(os.listdir(folder)) == sorted(before)


def test_prepare_leaves_nothing(tmp_path):
    prepare(tmp_path / "a" / "b")
    assert os.listdir(tmp_path / "a" / "b") == []


# checkpoints


def test_the_last_two_checkpoints_are_kept_and_time_adds_up(tmp_path):
    saved = Checkpoints(tmp_path / "checkpoints" / "x", 5)
    assert saved.newest() is None
    for step in (5, 10, 15):
        saved.keep(step, {"step": step, "x": torch.arange(3)})
    assert names(saved.folder) == ["10.checkpoint", "15.checkpoint"]
    again = Checkpoints(saved.folder, 5)
    again._started = (again._started[0] - 100, again._started[1] - 50)
    again.keep(20, {"step": 20})
    third = Checkpoints(saved.folder, 5)
    assert third.newest()["step"] == 20
    seconds, cpu = third.spent()
    assert 100 <= seconds < 200
    assert 50 <= cpu < 100
    third.remove()
    assert not os.listdir(tmp_path)


class Trap:
    """What a pickle would run."""

    def __reduce__(self):
        return os.mkdir, ("trapped",)


def test_a_checkpoint_is_data_and_never_code(tmp_path, monkeypatch):
    import hashlib
    import io

    monkeypatch.chdir(tmp_path)
    saved = Checkpoints(tmp_path, 5)
    saved.keep(5, {"step": 5})
    buffer = io.BytesIO()
    torch.save({"step": 9, "spent": (0.0, 0.0), "x": Trap()}, buffer)
    data = buffer.getvalue()
    (tmp_path / "9.checkpoint").write_bytes(hashlib.sha256(data).digest() + data)
    (tmp_path / "11.checkpoint").write_bytes(b"")
    with pytest.warns(UserWarning, match="damaged") as warned:
        assert saved.newest()["step"] == 5
    assert ["11.checkpoint" in str(warned[0].message), "9.checkpoint" in str(warned[1].message)] == [True, True]
    assert not (tmp_path / "trapped").exists()


def test_a_checkpoint_that_cannot_be_written_is_a_warning(tmp_path):
    saved = Checkpoints(tmp_path / "x", 5)
    saved.keep(5, {"step": 5})
    with room_for(10), pytest.warns(UserWarning, match="no checkpoint at step 10: .*10.checkpoint"):
        saved.keep(10, {"step": 10})
    assert names(tmp_path / "x") == ["5.checkpoint"]


DROPPING = ["task=counter", "model=fractalnet", "model.drop=0.3", "model.global_drop=0.3", "training.steps=12"]


def timeless(record):
    """All of a record that a stop may not change."""
    return json.loads(json.dumps({key: value for key, value in record.items() if key not in ("cost", "config")}))


class Killed(BaseException):
    """Caught by nobody."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    return run(configured(folder, *DROPPING, "store.checkpoint=0")), content(folder)


@pytest.mark.parametrize("damaged", [(), ("8",), ("8", "4")], ids=["whole", "newest damaged", "both damaged"])
def test_a_resumed_run_is_bit_for_bit_an_uninterrupted_one(tmp_path, monkeypatch, capsys, uninterrupted, damaged):
    from pytorch_lightning.loggers.logger import DummyLogger

    once, there = uninterrupted
    configuration = configured(tmp_path, *DROPPING, "store.checkpoint=4")
    made = []

    def cut(task, count, length, generator, testing):
        if len(made) == 10:
            raise Killed
        made.append(length)
        return words(task, count, length, generator, testing)

    words = draw
    with monkeypatch.context() as patch:
        patch.setattr("leaderboard.running.fit.draw", cut)
        with pytest.raises(Killed):
            run(configuration)
    folder = tmp_path / "checkpoints" / once["id"]
    assert names(folder) == ["4.checkpoint", "8.checkpoint"]
    for step in damaged:
        path = folder / f"{step}.checkpoint"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    made.clear()
    logger, curve = DummyLogger(), []
    logger.log_metrics = lambda metrics, step: curve.append([step, metrics["loss"]])
    with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as caught:
        patch.setattr("leaderboard.running.fit.draw", lambda *a, **k: (made.append(0), words(*a, **k))[1])
        patch.setattr("leaderboard.running.run.wandb_logger", lambda cfg, task: logger)
        warnings.simplefilter("always")
        again = run(configuration)
    assert [f"{step}.checkpoint" in str(w.message) for step, w in zip(damaged, caught, strict=False)] == [True] * len(damaged)
    assert len(made) == {0: 4, 1: 8, 2: 12}[len(damaged)]  # it went on; it did not begin anew
    assert timeless(again) == timeless(once)
    assert [step for step, _ in again["training"]["loss"]] == [3, 6, 9, 12]
    assert curve == again["training"]["loss"]  # a logger is shown all of it, not only what came after the stop
    here = content(tmp_path)
    assert here.keys() == there.keys()  # no checkpoints are left
    assert here[f"{once['id']}.safetensors"] == there[f"{once['id']}.safetensors"]


def test_train_killed_in_training_and_run_again_leaves_the_same_record(tmp_path):
    long = ["training.steps=240", "training.check=60", "training.length=5", "training.batch=8", "scoring.words=40"]
    long += ["scoring.factors=[1]", "store.checkpoint=20"]
    command = [sys.executable, str(ROOT / "train.py"), *long, f"results={tmp_path / 'killed'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and len(list((tmp_path / "killed").glob("checkpoints/*/*.checkpoint"))) < 2:
            time.sleep(0.01)
        process.kill()
        _, told = process.communicate()
    assert process.returncode == -signal.SIGKILL, told
    assert read(tmp_path / "killed") == []
    again = run(configured(tmp_path / "killed", *long))
    once = run(configured(tmp_path / "once", *long))
    assert timeless(again) == timeless(once)
    assert names(tmp_path / "killed") == names(tmp_path / "once")


def test_the_weights_of_a_run_score_what_its_record_says_and_name_no_run(tmp_path):
    record = run(configured(tmp_path / "a", "task=counter", "model=revnet"))
    task = tasks.get("counter")
    net = models.build("revnet", task, width=record["net"]["width"], hidden=record["net"]["hidden"], seed=5)
    net.load_state_dict(weights.load(tmp_path / "a", read(tmp_path / "a")[0]))
    found = scoring.score(net, task, 14, 40, 7)
    (said,) = [s for s in record["scores"] if s["weights"] == "trained" and s["length"] == 14]
    assert (found.words_correct, found.symbols_correct) == (said["words_correct"], said["symbols_correct"])
    bare = run(configured(tmp_path / "b", "task=counter", "model=revnet", "store.weights=false", "store.checkpoint=0"))
    assert bare["id"] == record["id"]
    assert names(tmp_path / "b") == [f"{bare['id']}.json"]


# export


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_export_has_a_row_a_run_its_weights_and_a_length(tmp_path, suffix):
    runs, out = tmp_path / "runs", tmp_path / f"all{suffix}"
    scores = [score(), score(factor=2, accuracy=0.75), score("reference")]
    first, data = weighed(0, scores=scores)
    first |= {"config": {"net": {"width": 32}, "scoring": {"factors": [1, 2]}, "results": "x", "odd": 1, "id": "mine"}}
    first["task"] = first["task"] | {"parameters": {"modulus": 3}}
    write(runs, first, data)
    write(runs, done(seed=1, task="=cmd()", scores=scores) | {"config": {"odd": "one"}})
    write(runs, failed("revnet", seed=2))
    result = CliRunner().invoke(cli.app, ["export", str(runs), str(out)])
    assert result.exit_code == 0, result.output
    df = pd.read_parquet(out) if suffix == ".parquet" else pd.read_csv(out)
    # resnet lacks seed 2 of parity, revnet seed 0 of it and seed 1 of the other task
    assert df["status"].value_counts().to_dict() == {"done": 6, "failed": 1, "missing": 3}
    mine = df[df["id"] == first["id"]].set_index(["weights", "length"])
    assert mine.loc[("trained", 24), "symbols_correct"] == 750
    assert mine["task.modulus"].tolist() == [3, 3, 3]
    assert mine["net.width"].tolist() == [32, 32, 32]
    assert mine["scoring.factors"].tolist() == ["[1, 2]"] * 3
    assert mine["sha256"].tolist() == [first["files"][f"{first['id']}.safetensors"]["sha256"]] * 3
    assert set(df["odd"].dropna().astype(str)) == {"1", '"one"'}
    assert "results" not in df
    (lost,) = df[df["status"] == "failed"].to_dict("records")
    assert lost["reason"] == "diverged"
    assert pd.isna(lost["length"])
    if suffix == ".csv":
        assert "'=cmd()" in out.read_text()
    else:
        assert df["words_correct"].dtype == "Int64"  # though a failed run has none


def test_export_to_anything_else_is_one_line(tmp_path):
    write(tmp_path, done())
    result = CliRunner().invoke(cli.app, ["export", str(tmp_path), str(tmp_path / "all.xlsx")])
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if line]
    assert ".xlsx" in line
    assert ".parquet, .csv" in line
    assert flat([done()])["words"].dtype == "Int64"


# wandb


class Run:
    """What `mirror` uses of a run of wandb."""

    def __init__(self):
        self.config, self.summary, self.logged, self.ended = self, {}, {}, None

    def update(self, config, allow_val_change):
        self.logged["config"] = config

    def log(self, what):
        self.logged |= what

    def finish(self, exit_code):
        self.ended = exit_code


def test_wandb_is_shown_summary_and_table():
    run = Run()
    mirror(run, done(scores=[score(factor=2, accuracy=0.75, word=0.5), score("reference", factor=2)]))
    assert run.summary["trained/symbol@24"] == 0.75
    assert run.summary["gap/word@24"] == 0.5
    assert run.summary["reference/width"] == 13
    assert run.summary["cost/seconds"] == 9.1
    assert run.logged["scores"].columns == list(SCORE)
    assert [row[:2] for row in run.logged["scores"].data] == [["trained", 2], ["reference", 2]]
    assert run.ended == 0
    lost = Run()
    mirror(lost, failed())
    assert (lost.summary["reason"], lost.ended) == ("diverged", 1)
    assert "gap/word@12" not in scalars(done(scores=[score()]))
    longer = scalars(done(scores=[score(), score("reference", factor=2)]))
    assert (longer["reference/word@24"], "gap/word@24" in longer) == (1, False)
