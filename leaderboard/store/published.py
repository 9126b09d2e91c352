"""Published records in one compressed file, a record a line: what a table, a page or anybody else can be made from again."""

from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median_low
from typing import Any

from leaderboard.store.atomic import put
from leaderboard.store.lines import SUFFIX, packed
from leaderboard.store.lines import unpacked as published

NAME = "published"  # what stands for the records of the standard leaderboard where a folder of records is asked for
LOCAL = ("results", "logger", "store")  # of a configuration: where a run was kept, on which no result depends
STANDARD = Path(str(files("leaderboard"))) / "published" / f"standard{SUFFIX}"


def publish(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write records to a file `*.jsonl.gz`, by id, without what is LOCAL; the same records give the same bytes."""
    bare = [{key: value for key, value in record["config"].items() if key not in LOCAL} for record in records]
    put(path, packed(record | {"config": config} for record, config in zip(records, bare, strict=True)))


def asked(folder: Path) -> bool:
    """Whether a folder that is asked for is not one, but NAME: the standard leaderboard."""
    return str(folder) == NAME and not folder.exists()


def standard() -> list[dict[str, Any]]:
    """The records of the standard leaderboard, which come with this package; those of seeds that are not whole are left out."""
    return whole(published(STANDARD))


def whole(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each task of a protocol the records of those seeds that all of its rows have: a fair table while a suite runs on.

    A row is an architecture under a recipe. Failed runs count: they have been tried. A task that has fewer rows than half of
    the tasks, as its turn has just come, is left out.
    """
    rows = defaultdict[tuple[str, str], dict[int, set[tuple[str, str]]]](lambda: defaultdict(set))
    for record in records:
        rows[_task(record)][record["seed"]].add((record["model"]["label"], record["recipe"]["label"]))
    most = {task: max(map(len, seeds.values())) for task, seeds in rows.items()}
    usual = {of: median_low(n for (hash, _), n in most.items() if hash == of) for of, _ in most}
    full = {task: n for task, n in most.items() if n >= usual[task[0]]}
    return [record for record in records if len(rows[_task(record)][record["seed"]]) == full.get(_task(record))]


def _task(record: dict[str, Any]) -> tuple[str, str]:
    return record["protocol"]["hash"], record["task"]["label"]
