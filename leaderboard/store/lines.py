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
_COMMON = ("protocol", "recipe", "task", "model", "code", "reference")  # parts that runs of a suite have in common


def packed(records: Iterable[dict[str, Any]]) -> bytes:
    """A record a line, by id."""
    ordered = sorted(map(validated, records), key=lambda record: str(record["id"]))
    lines = [json.dumps(record, allow_nan=False, sort_keys=True) + "\n" for record in ordered]
    return gzip.compress("".join(lines).encode(), mtime=0)


def unpacked(path: Path) -> list[dict[str, Any]]:
    """The records of such a file; RecordError, in one line, if it holds anything else, or nothing.

    What is equal in many of them is held once, so none of it may be changed in place.
    """
    try:
        parts: dict[bytes, Any] = {}
        with gzip.open(path) as lines, uncollected():
            records = [_shared(validated(orjson.loads(line)), parts) for line in lines]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordError(f"{path}: {' '.join(str(error).split())}") from None
    if not records:
        raise RecordError(f"{path}: no records")
    return records


def _shared(record: dict[str, Any], parts: dict[bytes, Any]) -> dict[str, Any]:
    """The record with those `parts` that were met before; it takes a third off the memory of many runs of a suite."""
    common = {key: record[key] for key in _COMMON}
    common["config"] = {key: value for key, value in record["config"].items() if key != "seed"}
    common = parts.setdefault(orjson.dumps(common), common)
    seed = {"seed": record["config"]["seed"]} if "seed" in record["config"] else {}
    measured = [score for score in record["scores"] if score["weights"] == "reference"]
    measured = iter(parts.setdefault(orjson.dumps(measured), measured))
    scores = [next(measured) if score["weights"] == "reference" else score for score in record["scores"]]
    return record | common | {"config": common["config"] | seed, "scores": scores}


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
