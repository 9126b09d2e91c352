"""Records as compressed lines of JSON: the same records give the same bytes, which gzip and any reader of JSON understand."""

import gc
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from leaderboard.store.schema import RecordError, validated

SUFFIX = ".jsonl.gz"


def packed(records: Iterable[dict[str, Any]]) -> bytes:
    """A record a line, by id."""
    ordered = sorted(map(validated, records), key=lambda record: str(record["id"]))
    lines = [json.dumps(record, allow_nan=False, sort_keys=True) + "\n" for record in ordered]
    return gzip.compress("".join(lines).encode(), mtime=0)


def unpacked(path: Path) -> list[dict[str, Any]]:
    """The records of such a file; RecordError, in one line, if it holds anything else, or nothing."""
    try:
        with gzip.open(path) as lines, uncollected():
            records = [validated(orjson.loads(line)) for line in lines]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordError(f"{path}: {' '.join(str(error).split())}") from None
    if not records:
        raise RecordError(f"{path}: no records")
    return records


@contextmanager
def uncollected() -> Iterator[None]:
    """Without cyclic garbage collection: it would walk over all records read so far again and again; they have no cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
