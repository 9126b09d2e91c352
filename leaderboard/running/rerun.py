"""Run a recorded run again, and say whether what comes out agrees with its record.

On the processor and with the libraries of the record a run is the same bit for bit: weights and all scores. Elsewhere training
amplifies rounding, and a run is at best like one with another seed. Then it agrees if its accuracy per symbol, mean over the
scored lengths, is no further from that of the record than those of any two seeds of the cell are from each other. Of k seeds, a
further one falls outside the range of these with probability 2 / (k + 1) at most, so the test is weak for few seeds; with fewer
than SEEDS nothing is decided.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from leaderboard.running.config import Config
from leaderboard.running.run import begun, run
from leaderboard.running.settings import checked, expanded
from leaderboard.store.record import exists
from leaderboard.store.schema import RecordError, at_own_depth

SEEDS = 3  # of a cell, the least from which a spread is taken
Record = dict[str, Any]


class Verdict(NamedTuple):
    """Does the run agree with its record? None if that cannot be decided; and why, a sentence a line."""

    agrees: bool | None
    why: list[str]


def configuration(record: Record, folder: Path) -> Config:
    """The configuration of a recorded run, to be kept in `folder`.

    RecordError if it cannot be run here, or if the code here makes another run of it, because a version of the task, the
    architecture or the protocol was raised since.
    """
    try:
        cfg: Any = OmegaConf.merge(OmegaConf.structured(Config), record["config"], {"results": str(folder)})
        here = begun(cfg, *checked(cfg))
    except ValueError as error:  # of a setting, a task or an architecture
        raise RecordError(f"{record['id']}: {error}") from None
    if here["id"] != record["id"]:
        versions = {"protocol": [one["protocol"]["settings"].get("version") for one in (record, here)]}
        versions |= {of: [one[of]["version"] for one in (record, here)] for of in ("task", "model")}
        said = ", ".join(f"{of} version {there}, here {now}" for of, (there, now) in versions.items() if there != now)
        raise RecordError(f"{record['id']}: this code makes another run of its configuration: {said or 'other parameters'}")
    return cfg


def rerun(record: Record, cfg: Config) -> Record:
    """Run again, with its `configuration`; the new record."""
    folder = expanded(cfg.results)
    (folder / f"{record['id']}.json").unlink(missing_ok=True)  # an earlier attempt
    if exists(folder, record["id"]):
        raise RecordError(
            f"{folder}: run {record['id']} is in a part, which stays; allowed: another folder for what is made again"
        )
    return run(cfg)


def cell_of(record: Record, every: Sequence[Record]) -> list[Record]:
    """The records of all seeds of its cell: the same task, architecture, recipe and protocol."""
    return [one for one in every if _cell(one) == _cell(record)]


def _cell(record: Record) -> list[str]:
    return [record["protocol"]["hash"], *(record[part]["label"] for part in ("task", "model", "recipe"))]


def compared(record: Record, again: Record, cell: Sequence[Record]) -> Verdict:
    """Whether a run that was made again agrees with its record; `cell` are the records of all seeds of the same cell."""
    if record["status"] != again["status"]:
        return Verdict(
            False, [f"the record is {record['status']}, the run is {again['status']}: {again['reason'] or 'no reason'}"]
        )
    if record["status"] == "failed":
        same = record["reason"] == again["reason"]
        return Verdict(same, [f"both failed: {record['reason']}" + f"; here: {again['reason']}" * (not same)])
    other = _elsewhere(record, again)
    if not other:
        lines = [f"{part} differ" for part in ("scores", "files") if record.get(part) != again.get(part)]
        return Verdict(not lines, [*lines] or ["weights and scores are the same, bit for bit"])
    return _within(record, again, cell, other)


def _elsewhere(record: Record, again: Record) -> list[str]:
    """What differs of processor and libraries."""
    there, here = record["code"], again["code"]
    found = [f"processor {there['processor']}, here {here['processor']}"] * (there["processor"] != here["processor"])
    both = there["versions"].keys() & here["versions"].keys()
    return found + [
        f"{name} {v}, here {here['versions'][name]}"
        for name, v in there["versions"].items()
        if name in both and v != here["versions"][name]
    ]


def _within(record: Record, again: Record, cell: Sequence[Record], other: Sequence[str]) -> Verdict:
    why = [f"made elsewhere ({'; '.join(other)}), so compared by the spread of its seeds"]
    seeds = {one["seed"]: fmean(accuracies(one).values()) for one in cell if one["status"] == "done"}
    if len(seeds) < SEEDS:
        return Verdict(None, [*why, f"the cell has {len(seeds)} seeds, and a spread is taken from {SEEDS} or more"])
    before, now = fmean(accuracies(record).values()), fmean(accuracies(again).values())
    spread, moved = max(seeds.values()) - min(seeds.values()), abs(now - before)
    why.append(
        f"mean over lengths {before:.4f}, here {now:.4f}: moved {moved:.4f}; {len(seeds)} seeds spread over {spread:.4f}"
    )
    return Verdict(moved <= spread, why)


def accuracies(record: Record) -> dict[int, float]:
    """Accuracy per symbol of trained weights by the length of the words, each at the depth of its length."""
    return {
        score["length"]: score["symbols_correct"] / score["symbols"]
        for score in record["scores"]
        if score["weights"] == "trained" and at_own_depth(score)
    }
