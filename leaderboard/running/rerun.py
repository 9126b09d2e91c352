"""Run a recorded run again, and say whether what comes out agrees with its record.

On the processor and with the libraries of the record a run is the same bit for bit: weights and all scores. Elsewhere training
amplifies rounding, and a run is at best like one with another seed. Then it agrees if at every scored length its accuracy per
symbol is no further from that of the record than those of any two seeds of the cell are from each other. Of k seeds, a
further one falls outside the range of these with probability 2 / (k + 1) at most, at each length, so the test is weak for few
seeds; with fewer than SEEDS nothing is decided.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from leaderboard.running.config import Config
from leaderboard.running.run import begun, run
from leaderboard.running.settings import checked
from leaderboard.store.schema import RecordError, at_own_depth

SEEDS = 3  # of a cell, the least from which a spread is taken
Record = dict[str, Any]


class Verdict(NamedTuple):
    """Does the run agree with its record? None if that cannot be decided; and why, a sentence a line."""

    agrees: bool | None
    why: list[str]


def configuration(record: Record, folder: Path) -> Config:
    """The configuration of a recorded run, to be kept in `folder`.

    RecordError if the code here makes another run of it, because a version of the task, the architecture or the protocol was
    raised since.
    """
    cfg: Any = OmegaConf.merge(OmegaConf.structured(Config), record["config"], {"results": str(folder)})
    here = begun(cfg, *checked(cfg))
    if here["id"] != record["id"]:
        versions = {"protocol": [one["protocol"]["settings"].get("version") for one in (record, here)]}
        versions |= {of: [one[of]["version"] for one in (record, here)] for of in ("task", "model")}
        said = ", ".join(f"{of} version {there}, here {now}" for of, (there, now) in versions.items() if there != now)
        raise RecordError(f"{record['id']}: this code makes another run of its configuration: {said or 'other parameters'}")
    return cfg


def rerun(record: Record, cell: Sequence[Record], folder: Path) -> tuple[Record, Verdict]:
    """Run again, with the new record in `folder`, and compare; `cell` are the records of all seeds of the same cell."""
    cfg = configuration(record, folder)
    (folder / f"{record['id']}.json").unlink(missing_ok=True)  # an earlier attempt
    again = run(cfg)
    return again, compared(record, again, cell)


def compared(record: Record, again: Record, cell: Sequence[Record]) -> Verdict:
    """Whether a run that was made again agrees with its record."""
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
    seeds = {one["seed"]: accuracies(one) for one in cell if one["status"] == "done"}
    if len(seeds) < SEEDS:
        return Verdict(None, [*why, f"the cell has {len(seeds)} seeds, and a spread is taken from {SEEDS} or more"])
    agrees = True
    before, now = accuracies(record), accuracies(again)
    for length, accuracy in before.items():
        every = [one[length] for one in seeds.values() if length in one]
        spread, moved = max(every) - min(every), abs(now[length] - accuracy)
        agrees &= moved <= spread
        why.append(f"{length} symbols: {accuracy:.3f}, here {now[length]:.3f}; moved {moved:.3f} of a spread of {spread:.3f}")
    return Verdict(agrees, why)


def accuracies(record: Record) -> dict[int, float]:
    """Accuracy per symbol of trained weights by the length of the words, each at the depth of its length."""
    return {
        score["length"]: score["symbols_correct"] / score["symbols"]
        for score in record["scores"]
        if score["weights"] == "trained" and at_own_depth(score)
    }
