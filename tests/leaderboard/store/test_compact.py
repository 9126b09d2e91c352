"""Files of records are gathered into parts: nothing is lost on the way, and every reader finds all of it."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from records import done, failed
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.store import parts
from leaderboard.store.compact import compact
from leaderboard.store.published import publish
from leaderboard.store.record import RecordConflict, exists, read, write
from leaderboard.store.schema import RecordError


def folder_of(path: Path, seeds: int = 5) -> Path:
    for seed in range(seeds):
        write(path, done(seed=seed))
    write(path, failed("gru"))
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.json"))


def test_all_records_are_there_as_before_in_few_files(tmp_path: Path) -> None:
    before = read(folder_of(tmp_path))
    assert compact(tmp_path, most=2) == (5, 0, 3)
    assert files(tmp_path) == [f"{failed('gru')['id']}.failed.json"]
    made = parts.paths(tmp_path)
    assert [path.name for path in made] == [f"{hashlib.sha256(path.read_bytes()).hexdigest()}.jsonl.gz" for path in made]
    assert read(tmp_path) == before
    assert all(exists(tmp_path, record["id"]) == (record["status"] == "done") for record in before)
    assert compact(tmp_path) == (0, 0, 0)


def test_a_record_in_a_part_is_as_final_as_in_a_file(tmp_path: Path) -> None:
    compact(folder_of(tmp_path))
    record = done(seed=3)
    write(tmp_path, record | {"cost": record["cost"] | {"cpu_seconds": 77.0}})  # again, at another cost
    with pytest.raises(RecordConflict, match="recorded before with another seed"):
        write(tmp_path, record | {"seed": 4})
    with pytest.raises(RecordConflict, match="this run is done"):
        write(tmp_path, failed() | {"id": record["id"]})
    assert len(files(tmp_path)) == 1
    other = done(seed=7)
    write(tmp_path, other)
    assert other in read(tmp_path)


class Killed(BaseException):
    pass


def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path / "whole")
    before, moment, ended = read(tmp_path / "whole"), 0, False
    while not ended:
        folder = tmp_path / str(moment)
        shutil.copytree(tmp_path / "whole", folder)
        left = moment

        def mortal(call):
            def called(*arguments, **options):
                nonlocal left
                if left == 0:  # and nothing more happens after it
                    raise Killed
                left -= 1
                return call(*arguments, **options)

            return called

        with monkeypatch.context() as patch:
            for module, name in (
                (os, "replace"),
                (os, "fsync"),
                (os, "unlink"),
                (os, "mkdir"),
                (Path, "unlink"),
                (Path, "mkdir"),
            ):
                patch.setattr(module, name, mortal(getattr(module, name)))
            try:
                compact(folder, most=2)
                ended = True
            except Killed:
                pass
        assert read(folder) == before, f"killed at call {moment}"
        compact(folder, most=2)
        assert read(folder) == before
        assert files(folder) == [f"{failed('gru')['id']}.failed.json"]
        moment += 1
    assert moment > 10


def test_a_twin_is_harmless_and_another_result_is_told(tmp_path: Path) -> None:
    before = read(folder_of(tmp_path / "one"))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    compact(tmp_path / "one", most=2)
    shutil.copytree(tmp_path / "one" / "parts", tmp_path / "two" / "parts")
    assert read(tmp_path / "two") == before
    assert compact(tmp_path / "two") == (5, 5, 0)
    assert read(tmp_path / "two") == before
    path = write(tmp_path / "else", done(seed=3) | {"seed": 4})
    shutil.copy(path, tmp_path / "two")
    with pytest.raises(RecordError, match=r"with another seed$"):
        compact(tmp_path / "two")
    assert (tmp_path / "two" / path.name).exists()


def test_files_stay_if_the_part_does_not_come_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = parts.whole
    monkeypatch.setattr(parts, "whole", lambda path: [record | {"seed": 1.0 * record["seed"]} for record in whole(path)])
    before = files(folder_of(tmp_path))
    with pytest.raises(RecordError, match="did not come back as it was written"):
        compact(tmp_path)
    assert files(tmp_path) == before


def test_files_that_are_no_records_stay(tmp_path: Path) -> None:
    (folder_of(tmp_path) / "notes.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"left as it is: .*notes\.json"):
        compact(tmp_path)
    assert (tmp_path / "notes.json").exists()


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    compact(folder_of(tmp_path))
    (path,) = parts.paths(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    for ask in (read, lambda folder: exists(folder, "0" * 16)):
        with pytest.raises(RecordError, match=rf"^{path}: damaged: its SHA-256 is not its name$"):
            ask(tmp_path)


def test_what_a_killed_writer_left_is_no_part(tmp_path: Path) -> None:
    before = read(folder_of(tmp_path))
    compact(tmp_path)
    (tmp_path / "parts" / ".0.jsonl.gz.tmp").write_bytes(b"half")
    assert read(tmp_path) == before


def test_a_reader_whose_files_are_gathered_meanwhile_finds_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, listdir = read(folder_of(tmp_path)), os.listdir

    def listed(folder):
        names = listdir(folder)
        monkeypatch.undo()
        compact(tmp_path)
        return names

    monkeypatch.setattr(os, "listdir", listed)
    assert read(tmp_path) == before


def test_commands(tmp_path: Path) -> None:
    def said(*command: str) -> str:
        done = CliRunner().invoke(app, [*command])
        assert done.exit_code == 0, done.output
        return done.output

    folder, copy, file = tmp_path / "runs", tmp_path / "copy", tmp_path / "all.jsonl.gz"
    table = said("table", str(folder_of(folder)), "--view", "scores", "--format", "csv")
    publish(file, read(folder))
    assert said("compact", str(folder)) == "gathered 5 files into 1 parts\n"
    assert said("table", str(folder), "--view", "scores", "--format", "csv") == table
    assert said("sweep", "state", str(folder)) == "records: 5 done, 1 failed\n"
    assert said("restore", str(file), str(copy)) == f"wrote 6 records to {copy}\n"
    assert said("restore", str(file), str(copy)) == f"wrote 1 records to {copy}; 5 were there\n"  # a failure is no result
    assert said("restore", str(file), str(folder)) == f"wrote 1 records to {folder}; 5 were there\n"
    (part,) = parts.paths(folder)
    assert said("restore", str(part), str(tmp_path / "files")) == f"wrote 5 records to {tmp_path / 'files'}\n"
