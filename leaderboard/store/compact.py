"""Gather the files of done records into parts, of which a reader needs a hundredth of the files and a tenth of the bytes.

A file is deleted only after the part that has its record was read back from disk and compared. Whoever is killed on the way
leaves records that are there twice, and the next time they agree; so nothing can be lost, and two at once do no harm.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from leaderboard.store import parts
from leaderboard.store.lines import uncollected
from leaderboard.store.record import differing, load, turn
from leaderboard.store.schema import NotARecord, RecordError

MOST = 4096  # records of a part; some 40 megabytes, and while it is made some 400 of memory


class Compacted(NamedTuple):
    """How many files went, how many of their records were in parts before, and how many parts were made."""

    files: int = 0
    before: int = 0
    parts: int = 0


def compact(folder: Path, most: int = MOST) -> Compacted:
    """Gather the done records of a folder; failed ones, and files that are none, stay, each of the latter with a warning.

    RecordError if a part does not come back as it was written, or a record is in a part with another result: such a file stays.
    """
    if not folder.is_dir():
        raise RecordError(f"{folder}: no such folder")
    names = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    found = [path for path in names if not path.name.endswith(".failed.json")]
    total = Compacted()
    for start in range(0, len(found), most):
        with turn(folder) as mark, uncollected():
            made = _gathered(folder, dict(_read(found[start : start + most])), mark)
        total = Compacted(*(sum(pair) for pair in zip(total, made, strict=True)))
    return total


def _read(files: list[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in files:
        try:
            yield path, load(path)
        except NotARecord as error:
            if path.exists():  # else another has gathered it
                warnings.warn(f"left as it is: {error}", stacklevel=2)


def _gathered(folder: Path, found: dict[Path, dict[str, Any]], mark: str) -> Compacted:
    """Put these records into a part, but for those that one has; then delete their files."""
    held = {path: part for path, record in found.items() if (part := parts.holding(folder, record["id"]))}
    for part in sorted(set(held.values())):
        there = {record["id"]: record for record in parts.whole(part)}
        for path in [path for path in held if held[path] == part]:
            if others := differing(there[found[path]["id"]], found[path]):
                raise RecordError(f"{path}: it is in {part} with another {', '.join(sorted(others))}")
    new = [record for path, record in found.items() if path not in held]
    if new:
        part = parts.add(folder, new, mark)
        if _bytes(parts.whole(part)) != _bytes(new):
            raise RecordError(f"{part}: it did not come back as it was written; all files stay")
    for path in found:
        path.unlink(missing_ok=True)
    return Compacted(len(found), len(held), int(bool(new)))


def _bytes(records: list[dict[str, Any]]) -> list[bytes]:
    """What two records must share: `==` would call 1 and 1.0 the same."""
    return sorted(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) for record in records)
