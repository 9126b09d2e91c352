"""Where a folder of records has become too many files: `parts/<SHA-256 of the file>.jsonl.gz`, thousands of done records each.

A part is immutable, as its records are. What has another name, as what a killed writer left, is no part. Weights stay beside.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from leaderboard.store.atomic import put
from leaderboard.store.lines import SUFFIX, packed, unpacked
from leaderboard.store.schema import RecordError

FOLDER = "parts"
NAME = re.compile(rf"[0-9a-f]{{64}}{re.escape(SUFFIX)}")


def paths(folder: Path) -> list[Path]:
    """The parts of a folder of records; none in most."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return [folder / FOLDER / name for name in sorted(os.listdir(folder / FOLDER)) if NAME.fullmatch(name)]
    return []


def stored(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of all parts of a folder; RecordError if one is not what it was."""
    for path in paths(folder):
        yield from whole(path)


def whole(path: Path) -> list[dict[str, Any]]:
    """The records of a part; RecordError unless its content is that which named it."""
    if hashlib.sha256(path.read_bytes()).hexdigest() != path.name.removesuffix(SUFFIX):
        raise RecordError(f"{path}: damaged: its SHA-256 is not its name")
    return unpacked(path)


def holding(folder: Path, id: str) -> Path | None:
    """The part that has run `id`."""
    return next((path for path in paths(folder) if id in _ids(path)), None)


def find(folder: Path, id: str) -> dict[str, Any] | None:
    """The record of run `id`, if a part has it."""
    path = holding(folder, id)
    return None if path is None else next(record for record in whole(path) if record["id"] == id)


def add(folder: Path, records: Iterable[dict[str, Any]], mark: str) -> Path:
    """Make a part of these records; it is on disk, under its name, when this returns. `mark` is that of the writer's turn."""
    content = packed(records)
    path = folder / FOLDER / f"{hashlib.sha256(content).hexdigest()}{SUFFIX}"
    path.parent.mkdir(exist_ok=True)
    put(path, content, mark=mark)
    for made in (path.parent, folder):  # a name is on disk when its folder is
        descriptor = os.open(made, os.O_RDONLY)
        try:
            with suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return path


@cache
def _ids(path: Path) -> frozenset[str]:
    """The runs of a part, which never change."""
    return frozenset(record["id"] for record in whole(path))
