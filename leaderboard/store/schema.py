"""What a record is: its keys, their types and ranges, and what must hold among them.

Every number has its range here, so that whatever is accepted can be shown: sums and ratios of numbers within these ranges are
finite, and whole numbers are the same in every reader of JSON.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, cycle
from math import inf
from operator import itemgetter
from typing import Annotated, Any, NamedTuple, get_type_hints

SCHEMA = 3
WHOLE = 2**53 - 1  # the largest whole number that every reader of JSON has as it was written
FINITE = 1e100  # of measured sizes; the sum of all that fit on a disk, and the ratio of any two, is finite
SECONDS = 1e10  # three hundred years
DEEP = 16  # objects and lists inside of one another, where the schema leaves them open


class Kind(NamedTuple):
    """What a value may be: of one of these types; a number from `low` to `high`, or a text of so many characters."""

    types: frozenset[type]
    low: float = -inf
    high: float = inf

    def __or__(self, other: "Kind") -> "Kind":
        """One of both, with the range of the first."""
        return Kind(self.types | other.types, self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether a value of one of the types is within the range."""
        size = len(value) if type(value) is str else value
        return type(size) not in (int, float) or self.low <= size <= self.high


def _whole(low: int = 0, high: int = WHOLE) -> Kind:
    return Kind(frozenset({int}), low, high)


def _number(low: float, high: float) -> Kind:
    return Kind(frozenset({int, float}), low, high)


_TEXT, _NULL, _BOOL = (Kind(frozenset({kind})) for kind in (str, type(None), bool))
_OBJECT, _LIST = (Kind(frozenset({kind})) for kind in (dict, list))
_LABEL = Kind(frozenset({str}), 1, 200)  # a name in tables and pictures
_COUNT, _POSITIVE = _whole(), _whole(1)
_SHARE, _SIZE, _LOSS = _number(0, 1), _number(0, FINITE), _number(-FINITE, FINITE)

_RUN: dict[str, Any] = {
    "id": _TEXT,
    "status": _TEXT,
    "reason": _TEXT | _NULL,
    "protocol": {"name": _LABEL, "hash": _TEXT, "settings": _OBJECT},
    "recipe": {"label": _TEXT, "settings": _OBJECT, "choice": _OBJECT | _NULL},
    "task": {"name": _TEXT, "label": _LABEL, "parameters": _OBJECT, "version": _POSITIVE, "class": _LABEL | _NULL},
    "model": {"name": _TEXT, "label": _LABEL, "parameters": _OBJECT, "version": _POSITIVE},
    "seed": _whole(-WHOLE),
    "config": _OBJECT,
    "code": {"task": _TEXT, "model": _TEXT, "commit": _TEXT | _NULL, "versions": _OBJECT, "processor": _TEXT | _NULL},
    "scores": _LIST,
    "cost": {
        "seconds": _number(0, SECONDS),
        "cpu_seconds": _number(0, SECONDS),
        "training_cpu_seconds": _number(0, SECONDS) | _NULL,
        "peak_memory": _COUNT | _NULL,
        "started": _TEXT,
    },
}
_RESULT: dict[str, Any] = {
    "net": {"parameters": _COUNT, "width": _COUNT | _NULL, "hidden": _COUNT | _NULL},
    "reference": {
        "reason": _TEXT | _NULL,
        "longest": _COUNT | _NULL,
        "width": _COUNT | _NULL,
        "hidden": _COUNT | _NULL,
    },
    "training": {"steps": _COUNT, "examples": _COUNT, "examples_to_solve": _COUNT | _NULL, "loss": _LIST},
}


@dataclass(frozen=True)
class Score:
    """Counts over the test words of one length at one depth; no other place lists the columns of a score.

    `depth`: the layers that the words passed, those of words of `depth_of` symbols; that is `length`, or more: then only
    the depth grew. `distinct`: how many of the words are different.
    `symbol_chance`, `word_chance`: accuracy of the best constant answer on the same words (one symbol; one whole word).
    `symbol_shortcut`, `word_shortcut`: that of the best lookup table (`analysis.shortcuts`), of which a constant is one.
    `unchanged`: words whose answer is that at the depth of their own length.
    `curve_length`: sum of |x(k+1) - x(k)| over the layers, mean over words, None where a state is not finite or there are
    no layers; `projective_length`: that of the curve of x / |x|. `evaluations`: block evaluations a word.
    `codes`: how many different codes some cells have in the last state, None where it is not finite; `saturated`: the share
    of its channels that lie on the box, None without one. `held_out`: no such word can occur in training.
    """

    length: Annotated[int, _POSITIVE]
    depth: Annotated[int, _number(0, WHOLE)]
    depth_of: Annotated[int, _POSITIVE]
    words: Annotated[int, _POSITIVE]
    words_correct: Annotated[int, _COUNT]
    symbols: Annotated[int, _POSITIVE]
    symbols_correct: Annotated[int, _COUNT]
    distinct: Annotated[int, _POSITIVE]
    symbol_chance: Annotated[float, _SHARE]
    word_chance: Annotated[float, _SHARE]
    symbol_shortcut: Annotated[float, _SHARE]
    word_shortcut: Annotated[float, _SHARE]
    unchanged: Annotated[int, _COUNT]
    curve_length: Annotated[float | None, _SIZE | _NULL]
    projective_length: Annotated[float | None, _SIZE | _NULL]
    evaluations: Annotated[int, _number(0, WHOLE) | _NULL]
    codes: Annotated[int | None, _COUNT | _NULL]
    saturated: Annotated[float | None, _SHARE | _NULL]
    held_out: Annotated[bool, _BOOL]


SCORE: dict[str, Kind] = {"weights": _TEXT, "factor": _number(0.001, 999_999)}  # of at most six digits, as it is shown
SCORE |= {name: hint.__metadata__[0] for name, hint in get_type_hints(Score, include_extras=True).items()}

_DIAGNOSTICS: dict[str, Any] = {  # of one net; a record has them where they were asked for
    "accuracy": _SHARE,
    "evaluations": _COUNT,
    "curve_length": _SIZE | _NULL,
    "curve_ratio": _SIZE | _NULL,
    "precision": _TEXT | _NULL,
    "noise_radius": _SIZE | _NULL,
    "relative_noise_radius": _SIZE | _NULL,
    "solvers": _OBJECT | _NULL,
    "largest_drop": _number(-1, 1) | _NULL,
    "lipschitz": _SIZE | _NULL,
}

_NOISE: dict[str, Any] = {"certified": _SIZE | _NULL}  # radii; and one of each net, where it has layers

_PICTURE: dict[str, Any] = {"cells": _POSITIVE, "layers": _COUNT, "rows": _POSITIVE}  # and one of each net, see knowledge.py

_WEIGHTS = frozenset({"trained", "reference"})

_SUBMISSION: dict[str, Any] = {  # a record of submitted weights has it
    "name": _LABEL,
    "authors": _LIST,
    "link": _TEXT,
    "badge": _LABEL,
    "claimed": _OBJECT,
}
_CLAIM: dict[str, Any] = {"symbol": _SHARE, "word": _SHARE}  # at each length, a text

_FILE: dict[str, Any] = {"sha256": _TEXT, "bytes": _COUNT}  # of each file beside the record, where there are any

_id, _sha256 = re.compile("[0-9a-f]{16}").fullmatch, re.compile("[0-9a-f]{64}").fullmatch
_values, _place = itemgetter(*SCORE), itemgetter("weights", "length", "factor", "depth_of")
_counted = itemgetter("words", "symbols", "words_correct", "unchanged", "distinct", "symbols_correct")
_TAKEN = {
    "reference",
    "shortcut",
    "solves",
    "fits",
    "settles",
    "CPU-seconds",
    "rank",
    "score",
    "optimality gap",
    "frontier",
    "parameters",
    "evaluations",
    "failed",
    "missing",
}
_TYPES = [kind.types for kind in SCORE.values()]
_RANGES = [(kind.low, kind.high) for kind in SCORE.values()]


class RecordError(ValueError):
    """A record, or a folder of records, that cannot be used; the message is one line."""


class NotARecord(RecordError):
    """Truncated, foreign or of another shape; the message is one line and names the first thing wrong."""


def at_own_depth(score: dict[str, Any]) -> bool:
    """Whether a score is of words at the depth of their own length."""
    return bool(score["depth_of"] == score["length"])


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
        if key not in record:
            raise NotARecord(f"record has no {key}")
        if done or record[key] is not None:
            _check(record[key], shape, key)
    free = [record[of]["parameters"] for of in ("task", "model")] + [record[of]["settings"] for of in ("protocol", "recipe")]
    for part in (*free, record["config"], record["code"]["versions"]):
        _check_open(part.values())
    _check_loss(record["training"]["loss"] if record["training"] else ())
    trained = _check_scores(record["scores"])
    for key, each in (("diagnostics", _DIAGNOSTICS), ("files", _FILE)):
        if key in record:
            _check(record[key], dict.fromkeys(record[key] if type(record[key]) is dict else (), each), key)
    if "noise" in record:
        if type(record["noise"]) is not dict:
            raise NotARecord("noise is not an object")
        _check(record["noise"], _NOISE | dict.fromkeys(_WEIGHTS.intersection(record["noise"]), _SIZE | _NULL), "noise")
    if "picture" in record:
        _check(record["picture"], _PICTURE, "picture")
        for drawn in _WEIGHTS.intersection(record["picture"]):
            _check_bits(record["picture"][drawn], record["picture"]["cells"] * record["picture"]["rows"])
    if "submission" in record:
        _check(record["submission"], _SUBMISSION, "submission")
        claimed = record["submission"]["claimed"]
        _check(claimed, dict.fromkeys(claimed, _CLAIM), "submission.claimed")
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
        elif type(value[key]) not in part.types:
            raise NotARecord(f"{where}.{key} is of type {type(value[key]).__name__}")
        elif part.low > -inf and not part.holds(value[key]):
            raise _beyond(f"{where}.{key}", value[key], part)


def _beyond(where: str, value: Any, kind: Kind) -> NotARecord:
    said = f"has {len(value)} characters" if type(value) is str else f"is {value}"
    return NotARecord(f"{where} {said}; allowed: {kind.low:.16g} to {kind.high:.16g}")


def _check_open(values: Iterable[Any], deep: int = DEEP) -> None:
    """Of what the schema leaves open: whole numbers, and how deep objects and lists stand in one another."""
    for value in values:
        kind = type(value)
        if kind is int and not -WHOLE <= value <= WHOLE:
            raise NotARecord(f"record: the whole number {value} is not within 2^53")
        if kind is dict or kind is list:
            if not deep:
                raise NotARecord(f"record: nested more than {DEEP} deep")
            _check_open(value.values() if kind is dict else value, deep - 1)


def _check_loss(loss: Iterable[Any]) -> None:
    """A list of steps, each with the loss there."""
    for entry in loss:
        if type(entry) is not list or len(entry) != 2 or not _is(entry[0], _COUNT) or not _is(entry[1], _LOSS):
            raise NotARecord(f"training.loss is not a list of steps, each with a loss of at most {FINITE:g}")


def _check_bits(digits: Any, bits: int) -> None:
    if type(digits) is not str or len(digits) != -(-bits // 4) or set(digits) - set("0123456789abcdef"):
        raise NotARecord(f"picture is not one of {bits} bits in hexadecimal digits")


def _check_scores(scores: list[Any]) -> bool:
    """Whether trained weights were scored; it is where 10,000 records spend their time, so types are looked up at once."""
    rows: list[tuple[Any, ...]] = []
    with suppress(KeyError, TypeError):
        rows += map(_values, scores)
    if not _typed(tuple(map(type, chain.from_iterable(rows)))) or len(rows) < len(scores) or not _within(rows):
        for score in scores:
            _check(score, SCORE, "score")
    for words, symbols, *counts, correct in map(_counted, scores):
        if max(counts) > words or correct > symbols:
            raise NotARecord("score: more is correct, unchanged or distinct than there is")
    if wrong := _misplaced(tuple(map(_place, scores))):
        raise NotARecord(f"record.scores: {wrong}")
    kinds = {row[0] for row in rows}
    if not kinds <= _WEIGHTS:
        raise NotARecord("score.weights is neither trained nor reference")
    return "trained" in kinds


@lru_cache(maxsize=1024)
def _typed(types: tuple[type, ...]) -> bool:
    return all(found in allowed for found, allowed in zip(types, cycle(_TYPES)))


def _within(rows: list[tuple[Any, ...]]) -> bool:
    return all(
        value is None or low <= value <= high
        for (low, high), column in zip(_RANGES, zip(*rows, strict=True), strict=False)
        if low > -inf
        for value in column
    )


@lru_cache(maxsize=1024)
def _misplaced(places: tuple[tuple[str, int, float, int], ...]) -> str | None:
    """What is wrong with where the scores stand: to each length belongs one factor, and with each depth it stands once.

    Whatever has a score at other depths has one at that of its own length.
    """
    lengths, factors = {length for _, length, _, _ in places}, {factor for _, _, factor, _ in places}
    found = {(weights, length, depth_of) for weights, length, _, depth_of in places}
    if len(found) < len(places):
        return "one length was scored twice at one depth"
    if not len(lengths) == len(factors) == len({(length, factor) for _, length, factor, _ in places}):
        return "one length has two factors, or one factor two lengths"
    if any((weights, length, length) not in found for weights, length, _ in found):
        return "one length was not scored at its own depth"
    if long := [factor for factor in factors if float(f"{factor:.6g}") != factor]:
        return f"factor {long[0]} has more than six digits"
    return None


def _faults(record: dict[str, Any], done: bool, trained: bool) -> dict[str, bool]:
    diagnosed, files = record.get("diagnostics", {}), record.get("files", {})
    radius = (record["reference"] or {}).get("radius")  # records of before it was certified have none
    authors = record.get("submission", {}).get("authors", [])
    accuracies = [a for found in diagnosed.values() for a in (found["solvers"] or {}).values()]
    sums = [file["sha256"] for file in files.values()]
    return {
        "record.id is not 16 hex digits": not _id(record["id"]),
        "record.task.label or record.model.label is the name of another row or column": _taken(record["task"]["label"])
        or _taken(record["model"]["label"]),
        "record.status is neither done nor failed": record["status"] not in ("done", "failed"),
        "record.reason: a failed run has one": not done and not record["reason"],
        "record.scores: a done run has trained scores": done and not trained,
        "record.scores: a failed run has none": not done and bool(record["scores"]),
        "record.files: the file beside a done run is <id>.safetensors": bool(files)
        and (not done or list(files) != [f"{record['id']}.safetensors"]),
        "record.files: sha256 is not 64 hex digits": not all(map(_sha256, sums)),
        "record.reference: radius is no number": not _is(radius, _SIZE | _NULL),
        "diagnostics are of weights neither trained nor reference": not diagnosed.keys() <= {"trained", "reference"},
        "diagnostics.solvers: an accuracy is not a number from 0 to 1": not all(_is(a, _SHARE) for a in accuracies),
        "submission.authors: a name is no text": not all(_is(author, _TEXT) for author in authors),
    }


@lru_cache(maxsize=4096)
def _taken(label: str) -> bool:
    """Whether a label, as tables show it, is what they call something else."""
    return " ".join("".join(c if c.isprintable() else " " for c in label).split()) in _TAKEN


def _is(value: Any, kind: Kind) -> bool:
    return type(value) in kind.types and kind.holds(value)
