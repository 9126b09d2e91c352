"""Published records in one compressed file, a record a line: what a table, a page or anybody else can be made from again."""

from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median_low
from typing import Any

from leaderboard.store.atomic import put
from leaderboard.store.lines import SUFFIX, packed, uncollected
from leaderboard.store.lines import unpacked as published

NAME = "published"  # what stands for the records of the standard leaderboard where a folder of records is asked for
MOST = 3 / 4  # of the rows of a task
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


@uncollected()
def whole(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A fair part of the records while a suite runs on: rows of a task have the same seeds, and tasks nearly the same rows.

    A row is an architecture under a recipe. Of each task of a protocol those seeds stay that MOST of its rows have, and those
    rows that have all of these seeds. Failed runs count: they have been tried. A task without MOST of the rows that half of the
    tasks have is left out, as its turn has just come.
    """
    rows = defaultdict[tuple[str, str], dict[int, set[tuple[str, str]]]](lambda: defaultdict(set))
    for record in records:
        rows[_task(record)][record["seed"]].add(_row(record))
    most = {task: max(map(len, seeds.values())) for task, seeds in rows.items()}
    usual = {of: median_low(n for (hash, _), n in most.items() if hash == of) for of, _ in most}
    kept: dict[tuple[str, str], tuple[set[int], set[tuple[str, str]]]] = {}
    for task, seeds in rows.items():
        if most[task] >= MOST * usual[task[0]]:
            common = {seed for seed, found in seeds.items() if len(found) >= MOST * most[task]}
            kept[task] = common, set.intersection(*(seeds[seed] for seed in common))
    some = [(record, *kept[_task(record)]) for record in records if _task(record) in kept]
    return [record for record, seeds, shown in some if record["seed"] in seeds and _row(record) in shown]


def _row(record: dict[str, Any]) -> tuple[str, str]:
    return record["model"]["label"], record["recipe"]["label"]


def _task(record: dict[str, Any]) -> tuple[str, str]:
    return record["protocol"]["hash"], record["task"]["label"]
