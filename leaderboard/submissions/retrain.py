"""Train a submission again by its recipe, with train.py: what the badge `retrained` and its scores are of."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from leaderboard.protocol import SEEDS
from leaderboard.store.record import read
from leaderboard.submissions.check import Submission, Weights
from leaderboard.submissions.description import Description
from leaderboard.submissions.evaluate import Answer, Limits, accuracies, evaluate, python
from leaderboard.submissions.faults import Fault, Refused, quoted, refuse
from leaderboard.submissions.rescore import Seeds
from tasks import Task

SAME = 0.05  # mean scores may differ by that much after training again
ERRORS = 3  # and by that many standard errors of a mean over seeds: on another machine they may all fall out otherwise


def retrained(
    submission: Submission, task: Task, found: list[Answer], words: int, seeds: Seeds, limits: Limits
) -> list[Answer]:
    """Answers of nets that we train by the recipe, all seeds, on the same words as those `found` of the submitted ones.

    `Refused`, S502, if the mean scores differ by more than SAME and ERRORS, by the spread of our seeds. Submitted weights that
    agree may still be better than their recipe by that much, so not their scores but those of our nets are given.
    """
    where = f"{task.label}, trained again"
    with tempfile.TemporaryDirectory() as results:
        command = [_script(), *_overrides(submission.description, task, results)]
        code, _ = python(command, "", limits.training, limits.memory, submission.folder, where)
        nets = tuple(_nets(Path(results), task, where, code))
        _, *again = evaluate(replace(submission, folder=Path(results), weights=nets), task, words, seeds, limits)
    before, faults = accuracies(found), list[Fault]()
    for (length, unit), ours in accuracies(again).items():
        mean, submitted = fmean(ours), fmean(before[length, unit])
        if abs(mean - submitted) > SAME + ERRORS * stdev(ours) * sqrt(2 / len(ours)):
            faults.append(Fault("S502", f"{where}, length {length}, {unit}", f"{mean:.3f}, submitted {submitted:.3f}"))
    if faults:
        raise Refused(faults)
    return again


def _nets(results: Path, task: Task, where: str, code: int) -> Iterator[Weights]:
    """The weights that lie beside the records of all seeds; `Refused` if some have none."""
    records = {record["seed"]: record for record in read(results)}
    if records.keys() != set(SEEDS):
        raise refuse("S502", where, f"{len(records)} of {len(SEEDS)} runs ended, exit status {code}")
    for seed, record in sorted(records.items()):
        if record["status"] != "done":
            raise refuse("S502", where, f"the run of seed {seed} failed: {quoted(record['reason'], 200)}")
        ((path, file),) = record["files"].items()
        yield Weights(task.label, seed, path, file["sha256"], constructive=False)


def _script() -> str:
    """Where train.py is."""
    spec = find_spec("train")
    return str(spec.origin if spec else None)


def _overrides(said: Description, task: Task, results: str) -> list[str]:
    """The recipe as a command line of train.py."""
    groups: dict[str, dict[str, Any]] = {
        "++task": task.parameters,
        "++model": asdict(said.architecture),
        "net": dict(said.net),
        "training": dict(said.training),
        "store": {"weights": True},
        "scoring": {"words": 1, "factors": [1]},
    }
    values = [f"{group}.{name}={json.dumps(value)}" for group, some in groups.items() for name, value in some.items()]
    seeds = f"seed={','.join(map(str, SEEDS))}"
    return ["-m", f"task={task.name}", f"model={said.model}", *values, seeds, f"results={results}"]
