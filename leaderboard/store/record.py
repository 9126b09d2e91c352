"""One JSON file a run: written whole or not at all, never changed once the run is done.

A finished run is `<id>.json`, with its trained weights in `<id>.safetensors` beside it, a failed one `<id>.failed.json`. The id
is a hash of everything that determines the result, so two finished runs with one id must agree in all but cost; where they do
not, weights included, the first stays and the later is refused. A failure is no result: the next attempt, failed or done,
takes its place. Where there are too many files, `compact` gathers done records into parts (`leaderboard.store.parts`); they
count as before.

Weights come first and the record last: a file of weights without a record is what a killed run left, and is replaced. Writers
take turns by a lock on the folder, which goes with the process that holds it; where a file system has no such lock, a record is
still whole and final, but of two machines that end the same run at once one may leave its weights beside the other's record:
then their sha256 tells (see `leaderboard.store.weights`). Hidden files of killed writers are ignored.
"""

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from leaderboard.store import parts
from leaderboard.store.atomic import named, put
from leaderboard.store.lines import uncollected
from leaderboard.store.schema import SCHEMA as SCHEMA
from leaderboard.store.schema import NotARecord, RecordError, validated
from leaderboard.waiting import counted

try:
    import fcntl
except ImportError:  # a system without it writes without taking turns
    fcntl = None  # type: ignore[assignment]


AHEAD = 200  # files read at once


class RecordConflict(RecordError):
    """The same id was written before with another result; the message is one line."""


def identifier(determinants: dict[str, Any]) -> str:
    """Name a run by what determines its result: 16 hex digits of SHA-256 over canonical JSON.

    Key order does not matter. NaN, infinity and values that JSON cannot hold raise `RecordError`.
    """
    return hashlib.sha256(_dumps(determinants, canonical=True).encode()).hexdigest()[:16]


def describe(id: str, weights: bytes) -> dict[str, dict[str, Any]]:
    """The entry `files` of a record with these weights beside it: name, sha256 and size in bytes."""
    return {f"{id}.safetensors": {"sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)}}


def prepare(folder: Path) -> None:
    """Make `folder` if absent; RecordError or OSError, in one line, if it takes no files, before hours are spent on one."""
    _make(folder)
    with named(folder), tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(bytes(2**16))


def write(folder: Path, record: dict[str, Any], weights: bytes | None = None) -> Path:
    """Commit a record to `folder` (made if absent) and return its path; readers see all of it or nothing.

    `weights` are the bytes of `<id>.safetensors`; the record must `describe` them. A done record is placed by a hard link,
    which cannot overwrite: it is immutable. Writing it again with the same content, cost aside, changes nothing; with other
    content it raises `RecordConflict`, and so does a failed record for a run that is done. A failed predecessor is replaced,
    and so is a file too damaged to be a record. NaN, infinity and whole numbers beyond 64 bits raise `RecordError`, another
    shape `NotARecord`; then nothing is written. OSError if the disk is full or the folder takes no files: what was there is as
    it was.
    """
    text = (_dumps(record) + "\n").encode()
    record = validated(_same(text))
    if weights is not None and record.get("files") != describe(record["id"], weights):
        raise RecordError(f"{record['id']}: the weights are not those that the record describes")
    done, failed = folder / f"{record['id']}.json", folder / f"{record['id']}.failed.json"
    _make(folder)
    with turn(folder) as mark:
        if record["status"] == "failed":
            if exists(folder, record["id"]):
                raise RecordConflict(f"{done}: this run is done, so its failure is not recorded over it")
            put(failed, text, mark=mark)
            return failed
        if not _agree(done, record):
            if weights is not None:
                put(folder / f"{record['id']}.safetensors", weights, mark=mark)
            put(done, text, partial(_place, record), mark)
        failed.unlink(missing_ok=True)
    return done


def read(folder: Path) -> list[dict[str, Any]]:
    """All records of a folder, its parts' too, sorted by id; where a run is done, its earlier failure is left out.

    A truncated or foreign `.json` file is named in a warning and skipped. Missing weights are named in one warning: the
    records stay, as their scores are theirs; whether the others are whole says `realizable weights`. `RecordError` if there is
    no such folder or if a record has a newer schema: a table without it would be wrong in silence.
    """
    if not folder.is_dir():
        raise RecordError(f"{folder}: no such folder")
    records: dict[str, dict[str, Any]] = {}
    names = sorted(os.listdir(folder))
    with uncollected():
        found = counted(_contents(folder, names), "records read", sum(name.endswith(".json") for name in names))
        for path, content in found:
            if isinstance(content, FileNotFoundError) and not os.path.islink(path):
                continue  # gathered into a part since, or a failure that has been made good
            try:
                record = _parsed(path, content)
            except NotARecord as error:
                warnings.warn(f"skipped {error}", stacklevel=2)
                continue
            # "<id>.failed.json" sorts before "<id>.json", so the done record is the one that stays
            records[record["id"]] = record
        before = len(records)
        records |= {record["id"]: record for record in parts.stored(folder)}  # after the files, which go into parts
        if len(records) > before:
            records = dict(sorted(records.items()))
    expected = [name for record in records.values() if "files" in record for name in record["files"]]
    if lost := [name for name in sorted({*expected}.difference(names)) if not (folder / name).exists()]:
        some = ", ".join(lost[:3]) + f" and {len(lost) - 3} more" * (len(lost) > 3)
        warnings.warn(f"{folder}: weights are missing, the scores of their records hold: {some}", stacklevel=2)
    return list(records.values())


def exists(folder: Path, id: str) -> bool:
    """Whether run `id` is done: a failed or damaged record is none, so the run is tried again."""
    try:
        return load(folder / f"{id}.json")["status"] == "done"
    except NotARecord:
        return parts.holding(folder, id) is not None  # looked at last: a file goes only after its part is there


def finished(folder: Path, id: str) -> dict[str, Any] | None:
    """The record of run `id` if it is done."""
    try:
        record = load(folder / f"{id}.json")
    except NotARecord:
        return parts.find(folder, id)
    return record if record["status"] == "done" else None


@contextmanager
def turn(folder: Path) -> Iterator[str]:
    """Wait for the other writers of a folder; what names temporary files: nothing, or if there is no lock something unique."""
    if fcntl is None:
        yield uuid4().hex
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        mark = uuid4().hex
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
            mark = ""
        yield mark
    finally:
        os.close(lock)


def _place(record: dict[str, Any], temporary: Path, done: Path) -> None:
    try:
        os.link(temporary, done)
    except OSError:  # it is there; or a file system without hard links, as some network drives: still atomic, if not exclusive
        if not _agree(done, record):
            os.replace(temporary, done)


def _agree(done: Path, record: dict[str, Any]) -> bool:
    """Whether this record is there already, cost aside; not so if there is none or a damaged one. Else `RecordConflict`."""
    before: dict[str, Any] | None
    try:
        before = load(done)
    except NotARecord:
        before = parts.find(done.parent, record["id"])
    if before is not None and (others := differing(before, record)):
        raise RecordConflict(f"{done}: recorded before with another {', '.join(sorted(others))}")
    return before is not None


def differing(before: dict[str, Any], record: dict[str, Any]) -> set[str]:
    """In what two records of one run differ, cost aside."""
    return {key for key in before.keys() | record.keys() if before.get(key) != record.get(key)} - {"cost"}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise RecordError(f"{folder}: not a folder") from None


def load(path: Path) -> dict[str, Any]:
    """The record of one file; NotARecord if it is none."""
    return _parsed(str(path), _content(str(path)))


def _contents(folder: Path, names: list[str]) -> Iterator[tuple[str, bytes | OSError]]:
    """Path and content of each record, by name; many are read before the first is used, which spares the processor's caches."""
    paths = [f"{folder}/{name}" for name in names if name.endswith(".json") and not name.startswith(".")]
    for start in range(0, len(paths), AHEAD):
        yield from [(path, _content(path)) for path in paths[start : start + AHEAD]]


def _content(path: str) -> bytes | OSError:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        return error


def _parsed(path: str, content: bytes | OSError) -> dict[str, Any]:
    try:
        if isinstance(content, OSError):
            raise content
        record = orjson.loads(content)  # strict: UTF-8, and neither NaN nor infinity
    except (OSError, ValueError, RecursionError) as error:
        raise NotARecord(f"{path}: {_line(str(error))}") from None
    try:
        validated(record)
    except RecordError as error:
        raise type(error)(f"{path}: {error}") from None
    if os.path.basename(path) != f"{record['id']}{'' if record['status'] == 'done' else '.failed'}.json":
        raise NotARecord(f"{path}: the file name is not that of {record['status']} run {record['id']}")
    return record


def _dumps(value: dict[str, Any], canonical: bool = False) -> str:
    try:
        if canonical:
            return json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
        return json.dumps(value, allow_nan=False, indent=1)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"not JSON: {_line(str(error))}") from None


def _same(text: bytes) -> Any:
    """What a reader will find in a record; RecordError if that is not what was meant."""
    try:
        found = orjson.loads(text)
    except ValueError as error:
        raise RecordError(f"not JSON: {_line(str(error))}") from None
    if found != json.loads(text):
        raise RecordError("not JSON that all read alike: a whole number beyond 64 bits")
    return found


def _line(text: str) -> str:
    return " ".join(text.split())
