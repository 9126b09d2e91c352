"""What a record is: its keys and their types, and what must hold among them."""

import re
from contextlib import suppress
from functools import lru_cache
from itertools import chain, cycle
from operator import itemgetter
from typing import Any

SCHEMA = 2

_TEXT, _INT, _NUMBER, _NULL = {str}, {int}, {int, float}, {type(None)}
_OBJECT, _LIST = {dict}, {list}

_RUN: dict[str, Any] = {
    "id": _TEXT,
    "status": _TEXT,
    "reason": _TEXT | _NULL,
    "protocol": {"name": _TEXT, "hash": _TEXT, "settings": _OBJECT},
    "recipe": {"label": _TEXT, "settings": _OBJECT},
    "task": {"name": _TEXT, "label": _TEXT, "parameters": _OBJECT, "version": _INT, "class": _TEXT | _NULL},
    "model": {"name": _TEXT, "label": _TEXT, "parameters": _OBJECT, "version": _INT},
    "seed": _INT,
    "config": _OBJECT,
    "code": {"task": _TEXT, "model": _TEXT, "commit": _TEXT | _NULL, "versions": _OBJECT, "processor": _TEXT | _NULL},
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

_FILE: dict[str, Any] = {"sha256": _TEXT, "bytes": _INT}  # of each file beside the record, where there are any

_id, _sha256 = re.compile("[0-9a-f]{16}").fullmatch, re.compile("[0-9a-f]{64}").fullmatch
_values = itemgetter(*_SCORE)


class RecordError(ValueError):
    """A record, or a folder of records, that cannot be used; the message is one line."""


class NotARecord(RecordError):
    """Truncated, foreign or of another shape; the message is one line and names the first thing wrong."""


def validated(record: Any) -> dict[str, Any]:
    """The record itself; NotARecord if it is none, RecordError if its schema is newer than this program."""
    if type(record) is not dict or type(record.get("schema")) is not int:
        raise NotARecord("no schema number")
    if record["schema"] > SCHEMA:
        raise RecordError(f"schema {record['schema']} is newer than {SCHEMA}, the newest this program reads: update it")
    if record["schema"] < SCHEMA:
        raise NotARecord(
            f"schema {record['schema']} is older than {SCHEMA}, the only one that this program reads: run it again"
        )
    _check(record, _RUN, "record")
    done = record["status"] == "done"
    for key, shape in _RESULT.items():
        if done or record.get(key) is not None:
            _check(record.get(key), shape, key)
    trained = _check_scores(record["scores"])
    for key, each in (("diagnostics", _DIAGNOSTICS), ("files", _FILE)):
        if key in record:
            _check(record[key], dict.fromkeys(record[key] if type(record[key]) is dict else (), each), key)
    if "submission" in record:
        _check(record["submission"], _SUBMISSION, "submission")
    for wrong, holds in _faults(record, done, trained).items():
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


def _check_scores(scores: list[Any]) -> bool:
    """Whether trained weights were scored; it is where 10,000 records spend their time, so types are looked up at once."""
    rows: list[tuple[Any, ...]] = []
    with suppress(KeyError, TypeError):
        rows += map(_values, scores)
    if not _typed(tuple(map(type, chain.from_iterable(rows)))) or len(rows) < len(scores):
        for score in scores:
            _check(score, _SCORE, "score")
    seen = set()
    for weights, length, _, _, words, right, symbols, correct, *_ in rows:
        if not (0 <= right <= words > 0 and 0 <= correct <= symbols > 0):
            raise NotARecord("score: correct is not between 0 and a positive total")
        seen.add((weights, length))
    if len(seen) < len(scores):
        raise NotARecord("record.scores: one length was scored twice")
    kinds = {weights for weights, _ in seen}
    if not kinds <= {"trained", "reference"}:
        raise NotARecord("score.weights is neither trained nor reference")
    return "trained" in kinds


@lru_cache(maxsize=1024)
def _typed(types: tuple[type, ...]) -> bool:
    return all(found in allowed for found, allowed in zip(types, cycle(_SCORE.values())))


def _faults(record: dict[str, Any], done: bool, trained: bool) -> dict[str, bool]:
    diagnosed, files = record.get("diagnostics", {}), record.get("files", {})
    radius = (record.get("reference") or {}).get("radius")  # records of before it was certified have none
    accuracies = [a for found in diagnosed.values() for a in (found["solvers"] or {}).values()]
    sums = [file["sha256"] for file in files.values()]
    return {
        "record.id is not 16 hex digits": not _id(record["id"]),
        "record.status is neither done nor failed": record["status"] not in ("done", "failed"),
        "record.reason: a failed run has one": not done and not record["reason"],
        "record.scores: a done run has trained scores": done and not trained,
        "record.scores: a failed run has none": not done and bool(record["scores"]),
        "record.files: the file beside a done run is <id>.safetensors": bool(files)
        and (not done or list(files) != [f"{record['id']}.safetensors"]),
        "record.files: sha256 is not 64 hex digits": not all(map(_sha256, sums)),
        "record.reference: radius is no number": type(radius) not in _NUMBER | _NULL,
        "diagnostics are of weights neither trained nor reference": not diagnosed.keys() <= {"trained", "reference"},
        "diagnostics.solvers: an accuracy is no number": any(type(a) not in _NUMBER for a in accuracies),
    }
