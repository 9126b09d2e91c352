"""The public file of a round: one JSON object, written whole, that gains keys from state to state and loses none."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaderboard.protocol import FACTORS, LENGTH
from leaderboard.store.atomic import put
from leaderboard.store.record import RecordError
from leaderboard.submissions import strict
from leaderboard.submissions.faults import Refused, quoted

SCHEMA = 1
LENGTHS = [LENGTH * factor for factor in FACTORS]
MOST_WORDS = 2**16  # of a task and length
LARGEST = 2**24  # bytes of a file
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")

Round = dict[str, Any]


class RoundError(RecordError):
    """What cannot be done with a round, or what is wrong with its file or key; the message is one line."""


def place(folder: Path, name: str) -> Path:
    """Where a round of that name is published; RoundError if a round cannot have that name."""
    if not NAME.fullmatch(name):
        raise RoundError(f"round {quoted(name)}: allowed are 1 to 32 of a-z, 0-9, point, _ and -; a letter or digit first")
    return folder / f"{name}.json"


def canonical(*values: object) -> bytes:
    """Values as the one JSON text that stands for them, to be hashed; the first one says what for."""
    return json.dumps(["realizable", *values], sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def checksum(round: Round) -> str:
    """SHA-256 of all other keys of a round."""
    return hashlib.sha256(canonical("round", round)).hexdigest()


def publish(path: Path, round: Round, how: Callable[[Path, Path], object] = os.replace) -> Round:
    """Write a round, whole or not at all, and return it; `how` moves or links the file to its path."""
    put(path, (json.dumps(round | {"sha256": checksum(round)}, indent=1) + "\n").encode(), how)
    return round


def read(path: Path, state: str) -> Round:
    """A round in that state; RoundError if it is in another, or if its file is not as it was written."""
    with path.open("rb") as file:
        data = file.read(LARGEST)
    try:
        round = strict.parse(data, str(path))
    except Refused as refused:
        raise RoundError(str(refused.faults[0])) from None
    if type(round) is not dict or type(round.get("schema")) is not int:
        raise RoundError(f"{path}: no schema number, so this is no round")
    if round["schema"] > SCHEMA:
        raise RoundError(f"{path}: schema {round['schema']} is newer than {SCHEMA}, the newest this program reads: update it")
    _shaped(path, round)
    if round.pop("sha256") != checksum(round) or round["round"] != path.stem:
        raise RoundError(f"{path}: changed since it was written")
    if round["state"] != state:
        raise RoundError(f"{path}: this round is {round['state']}, not {state}")
    return round


def _shaped(path: Path, round: Round) -> None:
    """RoundError unless there are exactly the keys of its state, with values that a round can have."""
    state = round.get("state")
    if state not in STATES:
        raise RoundError(f"{path}: state is not one of {', '.join(STATES)}")
    shape = {"sha256": _hex} | {name: fits for part in STATES[: STATES.index(state) + 1] for name, fits in _SHAPE[part].items()}
    if keys := sorted(round.keys() ^ shape.keys()):
        raise RoundError(f"{path}: a round that is {state} {'lacks' if keys[0] in shape else 'has no'} {keys[0]!r}")
    for name, fits in shape.items():
        if not fits(round[name]):
            raise RoundError(f"{path}: {name} is not what it can be in a round")


def _text(value: object) -> bool:
    return type(value) is str and len(value) <= 200


def plain(value: object) -> bool:
    """Whether it is a text that can stand in a line."""
    return type(value) is str and re.fullmatch("[ -~]{0,200}", value) is not None


def _time(value: object) -> bool:
    return type(value) is str and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", value) is not None


def _hex(value: object) -> bool:
    return type(value) is str and re.fullmatch("[0-9a-f]{64}", value) is not None


def _submissions(value: object) -> bool:
    return type(value) is list and value != [] and all(_has(one, name=_text, sha256=_hex) for one in value)


def _table(value: object) -> bool:
    """Of a hash for each task and length."""
    lengths = dict.fromkeys(map(str, LENGTHS), _hex)
    return type(value) is dict and all(_has(by, **lengths) for by in value.values())


def _has(value: object, **shape: Callable[[object], bool]) -> bool:
    return type(value) is dict and value.keys() == shape.keys() and all(fits(value[name]) for name, fits in shape.items())


_SHAPE: dict[str, dict[str, Callable[[Any], bool]]] = {
    "open": {
        "schema": lambda value: value == SCHEMA,
        "round": lambda value: _text(value) and NAME.fullmatch(value) is not None,
        "state": _text,
        "opened": _time,
        "benchmark": lambda value: _has(value, version=_text, code=_hex),
        "tasks": lambda value: type(value) is list and all(map(_text, value)),
        "lengths": lambda value: value == LENGTHS,
        "words": lambda value: type(value) is int and 1 <= value <= MOST_WORDS,
        "beacon": plain,
        "commitment": _hex,
    },
    "closed": {"closed": _time, "submissions": _submissions, "root": _hex},
    "revealed": {"revealed": _time, "key": _hex, "value": plain, "seeds": _table, "data": _table},
}
STATES = tuple(_SHAPE)
OPENING = tuple(name for name in _SHAPE["open"] if name not in ("state", "commitment"))  # what a commitment binds
