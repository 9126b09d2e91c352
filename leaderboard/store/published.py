"""Published records in one compressed file, a record a line: what a table, a page or anybody else can be made from again."""

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leaderboard.store.atomic import put
from leaderboard.store.schema import RecordError, validated

SUFFIX = ".jsonl.gz"
LOCAL = ("results", "logger", "store")  # of a configuration: where a run was kept, on which no result depends


def publish(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write records to a file `*.jsonl.gz`, by id, without what is LOCAL; the same records give the same bytes."""
    text = ""
    for record in sorted(map(validated, records), key=lambda record: str(record["id"])):
        config = {key: value for key, value in record["config"].items() if key not in LOCAL}
        text += json.dumps(record | {"config": config}, allow_nan=False, sort_keys=True) + "\n"
    put(path, gzip.compress(text.encode(), mtime=0))


def published(path: Path) -> list[dict[str, Any]]:
    """The records of such a file; RecordError, in one line, if it holds anything else."""
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        records = [validated(json.loads(line)) for line in lines]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordError(f"{path}: {' '.join(str(error).split())}") from None
    if not records:
        raise RecordError(f"{path}: no records")
    return records
