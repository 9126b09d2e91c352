"""One JSON file a run: written whole or not at all, never changed once the run is done.

A finished run is `<id>.json`, a failed one `<id>.failed.json`. The id is a hash of everything that determines the
result, so two finished runs with one id must agree in all but cost; where they do not, the later is refused.
A failure is no result: the next attempt, failed or done, takes its place.
"""

import hashlib
import json
import os
import re
import warnings
from pathlib import Path
from typing import Any, Never
from uuid import uuid4

SCHEMA = 1

_TEXT, _INT, _NUMBER, _NULL = {str}, {int}, {int, float}, {type(None)}
_OBJECT, _LIST = {dict}, {list}

_RUN: dict[str, Any] = {
    "id": _TEXT,
    "status": _TEXT,
    "reason": _TEXT | _NULL,
    "task": {"name": _TEXT, "label": _TEXT, "parameters": _OBJECT, "class": _TEXT | _NULL},
    "model": {"name": _TEXT, "label": _TEXT, "parameters": _OBJECT},
    "seed": _INT,
    "config": _OBJECT,
    "code": {"task": _TEXT, "model": _TEXT, "commit": _TEXT | _NULL, "versions": _OBJECT},
    "scores": _LIST,
    "cost": {"seconds": _NUMBER, "cpu_seconds": _NUMBER, "peak_memory": _NUMBER | _NULL, "started": _TEXT},
}
_RESULT: dict[str, Any] = {
    "net": {"parameters": _INT, "width": _INT | _NULL, "hidden": _INT | _NULL},
    "reference": {
        "reason": _TEXT | _NULL,
        "longest": _INT | _NULL,
        "width": _INT | _NULL,
        "hidden": _INT | _NULL,
    },
    "training": {"steps": _INT, "examples": _INT, "examples_to_solve": _INT | _NULL, "loss": _LIST},
}
_SCORE: dict[str, Any] = {
    "weights": _TEXT,
    "length": _INT,
    "factor": _NUMBER,
    "depth": _NUMBER,
    "words": _INT,
    "words_correct": _INT,
    "symbols": _INT,
    "symbols_correct": _INT,
    "symbol_chance": _NUMBER,
    "word_chance": _NUMBER,
    "curve_length": _NUMBER | _NULL,
    "evaluations": _NUMBER | _NULL,
    "held_out": {bool},
}

_DIAGNOSTICS: dict[str, Any] = {  # of one net; a record has them where they were asked for
    "accuracy": _NUMBER,
    "evaluations": _INT,
    "curve_length": _NUMBER | _NULL,
    "curve_ratio": _NUMBER | _NULL,
    "precision": _TEXT | _NULL,
    "noise_radius": _NUMBER | _NULL,
    "relative_noise_radius": _NUMBER | _NULL,
    "solvers": _OBJECT | _NULL,
    "largest_drop": _NUMBER | _NULL,
    "lipschitz": _NUMBER | _NULL,
}

_SUBMISSION: dict[str, Any] = {  # a record of submitted weights has it
    "name": _TEXT,
    "authors": _LIST,
    "link": _TEXT,
    "badge": _TEXT,
    "claimed": _OBJECT,
}


class RecordError(ValueError):
    """A record, or a folder of records, that cannot be used; the message is one line."""


class RecordConflict(RecordError):
    """The same id was written before with another result; the message is one line."""


class NotARecord(RecordError):
    """Truncated, foreign or of another shape; the message is one line and names the first thing wrong."""


def identifier(determinants: dict[str, Any]) -> str:
    """Name a run by what determines its result: 16 hex digits of SHA-256 over canonical JSON.

    Key order does not matter. NaN, infinity and values that JSON cannot hold raise `RecordError`.
    """
    return hashlib.sha256(_dumps(determinants, canonical=True).encode()).hexdigest()[:16]


def write(folder: Path, record: dict[str, Any]) -> Path:
    """Commit a record to `folder` (made if absent) and return its path; readers see all of it or nothing.

    A done record is placed by a hard link, which cannot overwrite: it is immutable. Writing it again with the same
    content, cost aside, changes nothing; with other content it raises `RecordConflict`, and so does a failed record
    for a run that is done. A failed predecessor is replaced, and so is a file too damaged to be a record.
    NaN and infinity raise `RecordError`, another shape `NotARecord`; then nothing is written.
    """
    text = _dumps(record) + "\n"
    record = _validated(json.loads(text))
    done, failed = folder / f"{record['id']}.json", folder / f"{record['id']}.failed.json"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{record['id']}.{uuid4().hex}.tmp"
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if record["status"] == "failed":
            if exists(folder, record["id"]):
                raise RecordConflict(f"{done}: this run is done, so its failure is not recorded over it")
            os.replace(temporary, failed)
            return failed
        _place(temporary, done, record)
    finally:
        temporary.unlink(missing_ok=True)
    failed.unlink(missing_ok=True)
    return done


def read(folder: Path) -> list[dict[str, Any]]:
    """All records of a folder, sorted by file name; where a run is done, its earlier failure is left out.

    A truncated or foreign `.json` file is named in a warning and skipped. `RecordError` if there is no such folder or
    if a record has a newer schema: a table without it would be wrong in silence.
    """
    if not folder.is_dir():
        raise RecordError(f"{folder}: no such folder")
    records: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        try:
            record = _load(path)
        except NotARecord as error:
            warnings.warn(f"skipped {error}", stacklevel=2)
            continue
        # "<id>.failed.json" sorts before "<id>.json", so the done record is the one that stays
        records[record["id"]] = record
    return list(records.values())


def exists(folder: Path, id: str) -> bool:
    """Whether run `id` is done: a failed or damaged record is none, so the run is tried again."""
    try:
        return _load(folder / f"{id}.json")["status"] == "done"
    except NotARecord:
        return False


def _place(temporary: Path, done: Path, record: dict[str, Any]) -> None:
    try:
        os.link(temporary, done)
    except FileExistsError:
        _agree(temporary, done, record)
    except OSError:  # a file system without hard links, as some network drives: still atomic, if not exclusive
        if done.exists():
            _agree(temporary, done, record)
        else:
            os.replace(temporary, done)


def _agree(temporary: Path, done: Path, record: dict[str, Any]) -> None:
    try:
        before = _load(done)
    except NotARecord:
        os.replace(temporary, done)
        return
    differing = {key for key in before.keys() | record.keys() if before.get(key) != record.get(key)} - {"cost"}
    if differing:
        raise RecordConflict(f"{done}: recorded before with another {', '.join(sorted(differing))}")


def _load(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        raise NotARecord(f"{path}: {_line(str(error))}") from None
    try:
        _validated(record)
    except RecordError as error:
        raise type(error)(f"{path}: {error}") from None
    if path.name != f"{record['id']}{'' if record['status'] == 'done' else '.failed'}.json":
        raise NotARecord(f"{path}: the file name is not that of {record['status']} run {record['id']}")
    return record


def _dumps(value: dict[str, Any], canonical: bool = False) -> str:
    try:
        if canonical:
            return json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
        return json.dumps(value, allow_nan=False, indent=1)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"not JSON: {_line(str(error))}") from None


def _validated(record: Any) -> dict[str, Any]:
    if type(record) is not dict or type(record.get("schema")) is not int:
        raise NotARecord("no schema number")
    if record["schema"] > SCHEMA:
        raise RecordError(f"schema {record['schema']} is newer than {SCHEMA}, the newest this program reads: update it")
    _check(record, _RUN, "record")
    done = record["status"] == "done"
    for key, shape in _RESULT.items():
        if done or record.get(key) is not None:
            _check(record.get(key), shape, key)
    # scores of one signature stand or fall together: checking one of each makes reading 10,000 records twice as fast
    for score in {_signature(score): score for score in record["scores"]}.values():
        _check(score, _SCORE, "score")
    diagnosed = record.get("diagnostics", {})
    _check(diagnosed, dict.fromkeys(diagnosed if type(diagnosed) is dict else (), _DIAGNOSTICS), "diagnostics")
    if "submission" in record:
        _check(record["submission"], _SUBMISSION, "submission")
    for wrong, holds in _faults(record, done).items():
        if holds:
            raise NotARecord(wrong)
    return record


def _check(value: Any, shape: dict[str, Any], where: str) -> None:
    if type(value) is not dict:
        raise NotARecord(f"{where} is not an object")
    for key, part in shape.items():
        if key not in value:
            raise NotARecord(f"{where} has no {key}")
        if type(part) is dict:
            _check(value[key], part, f"{where}.{key}")
        elif type(value[key]) not in part:
            raise NotARecord(f"{where}.{key} is of type {type(value[key]).__name__}")


def _signature(score: Any) -> object:
    return (tuple(score), tuple(map(type, score.values()))) if type(score) is dict else type(score)


def _faults(record: dict[str, Any], done: bool) -> dict[str, bool]:
    scores, diagnosed = record["scores"], record.get("diagnostics", {})
    accuracies = [a for found in diagnosed.values() for a in (found["solvers"] or {}).values()]
    ratios = [(s[f"{unit}_correct"], s[unit]) for s in scores for unit in ("words", "symbols")]
    return {
        "record.id is not 16 hex digits": not re.fullmatch("[0-9a-f]{16}", record["id"]),
        "record.status is neither done nor failed": record["status"] not in ("done", "failed"),
        "record.reason: a failed run has one": not done and not record["reason"],
        "record.scores: a done run has trained scores": done and all(s["weights"] != "trained" for s in scores),
        "record.scores: a failed run has none": not done and bool(scores),
        "record.scores: one length was scored twice": len({(s["weights"], s["length"]) for s in scores}) < len(scores),
        "score.weights is neither trained nor reference": any(s["weights"] not in ("trained", "reference") for s in scores),
        "diagnostics are of weights neither trained nor reference": not diagnosed.keys() <= {"trained", "reference"},
        "diagnostics.solvers: an accuracy is no number": any(type(a) not in _NUMBER for a in accuracies),
        "score: correct is not between 0 and a positive total": any(not 0 <= k <= n or n == 0 for k, n in ratios),
    }


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is not a number")


def _line(text: str) -> str:
    return " ".join(text.split())
