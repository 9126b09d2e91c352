"""What chance really is: what shortcuts score on a task, and how many test words occur in training.

An audit is a constant of a task, so those of the ladder are kept in audits.json: `python -m leaderboard.analysis.audit` writes
them anew, where a task has changed and its version with it.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from leaderboard.waiting import counted
from tasks import plugins
from tasks.task import IGNORE, Task
from tasks.words.bits import Bits
from tasks.words.split import draw, scoring_words, seeded, splits

FILE = "audits.json"
LONGEST = 12  # symbols of the words on which shortcuts and duplicates are counted
TRAINING, TESTING = 4096, 512  # words of each length among which duplicates are counted
SHORTCUTS = ("majority", "length", "last token", "bag of the prefix", "bag of the word")


@dataclass(frozen=True)
class Overlap:
    """At one length: how many of `testing` test words occur among `training` training words.

    `held_out` is False where there are too few words of that length to keep a part of them for testing.
    """

    length: int
    testing: int
    training: int
    duplicates: int
    held_out: bool


@dataclass(frozen=True)
class Audit:
    """What shortcuts score on words of up to LONGEST symbols, and the duplicates at each of these lengths."""

    shortcuts: dict[str, float]
    overlaps: tuple[Overlap, ...]


def audit(task: Task) -> Audit:
    """The audit that is kept of this version of a task, or else is made now, which takes a second."""
    kept = _kept().get(task.label)
    if kept is None or kept["version"] != task.version:
        return audited(task)
    found = enumerate(zip(kept["duplicates"], kept["held_out"], strict=True), 1)
    return Audit(kept["shortcuts"], tuple(Overlap(length, TESTING, TRAINING, *one) for length, one in found))


def audited(task: Task) -> Audit:
    """An audit that is made now."""
    return Audit(shortcuts(task), tuple(overlap(task, length) for length in range(1, LONGEST + 1)))


@cache
def _kept() -> dict[str, dict[str, Any]]:
    return dict(json.loads(files("leaderboard.analysis").joinpath(FILE).read_text(encoding="utf-8")))


def shortcuts(task: Task, longest: int = LONGEST, words: int = 2000) -> dict[str, float]:
    """Accuracy per scored symbol, on fresh words of 1 .. `longest` symbols, of answers that know only

    - majority: nothing (the most frequent answer);
    - length: the length of the word and the place of the cell;
    - last token: that, and the token in the cell (so the last one of the prefix);
    - bag of the prefix: that, and how often each token occurs up to the cell;
    - bag of the word: the length, the place, and how often each token occurs in the word.

    Each is a table, learnt from `words` words of each length; what a table has not seen is answered by "length".
    """
    seen = [_cells(task, n, words, seeded("audit", task.label, n)) for n in range(1, longest + 1)]
    fresh = [_cells(task, n, words // 2, seeded("audit of", task.label, n)) for n in range(1, longest + 1)]
    right = dict.fromkeys(SHORTCUTS, 0)
    most = torch.cat([answers for _, answers in seen]).bincount().argmax()
    for (keys, answers), (others, wanted) in zip(seen, fresh, strict=True):
        right["majority"] += int((wanted == most).sum())
        known = _table(keys["length"], answers, others["length"], most.expand(len(wanted)), task.classes)
        right["length"] += int((known == wanted).sum())
        for name in SHORTCUTS[2:]:
            right[name] += int((_table(keys[name], answers, others[name], known, task.classes) == wanted).sum())
    total = sum(len(wanted) for _, wanted in fresh)
    return {name: count / total for name, count in right.items()}


def _cells(task: Task, length: int, words: int, generator: Bits) -> tuple[dict[str, Tensor], Tensor]:
    """What each shortcut knows of every scored cell, `[cells in all, ...]`, and the answers there."""
    tokens = task.sample(words, length, generator)
    target = task.target(tokens)
    scored = target != IGNORE
    counts = torch.nn.functional.one_hot(tokens, task.alphabet).cumsum(1)  # [batch, cells, alphabet]
    place = torch.arange(tokens.shape[1]).expand_as(tokens)[scored][:, None]
    keys = {
        "length": place,
        "last token": torch.cat([place, tokens[scored][:, None]], 1),
        "bag of the prefix": torch.cat([place, tokens[scored][:, None], counts[scored]], 1),
        "bag of the word": torch.cat([place, counts[:, -1:].expand_as(counts)[scored]], 1),
    }
    return keys, target[scored]


def _table(keys: Tensor, answers: Tensor, asked: Tensor, otherwise: Tensor, classes: int) -> Tensor:
    """The most frequent answer that `keys` had, for each of `asked`; `otherwise` for what they never were."""
    weights = seeded("hash").integers(0, 2**62, keys.shape[1:])  # a row becomes a number, modulo 2^64
    rows, index = torch.unique((torch.cat([keys, asked]) * weights).sum(1), return_inverse=True)
    votes = torch.bincount(index[: len(keys)] * classes + answers, minlength=len(rows) * classes).reshape(-1, classes)
    votes = votes[index[len(keys) :]]
    return torch.where(votes.sum(1) > 0, votes.argmax(1), otherwise)


def overlap(task: Task, length: int, trained_to: int = LONGEST, training: int = TRAINING, testing: int = TESTING) -> Overlap:
    """Duplicates between test words and training words of one length, drawn as they are in a run."""
    tests = scoring_words(task, testing, length, trained_to)
    trained = draw(task, training, length, seeded("train", task.label, length), testing=False)
    known = {*map(tuple, trained.tolist())}
    twice = sum(tuple(word) in known for word in tests.tolist())
    return Overlap(length, testing, training, twice, length > trained_to or splits(task, length))


def write(path: Path) -> None:
    """Audit all tasks of the ladder."""
    import tasks

    lines = []
    every = [task for task in tasks.every() if plugins.file_of("tasks", task.name) is None]
    for task in counted(sorted(every, key=lambda task: task.label), "tasks audited", len(every)):
        found = audited(task)
        columns = {name: [getattr(one, name) for one in found.overlaps] for name in ("duplicates", "held_out")}
        entry = {"version": task.version, "shortcuts": found.shortcuts} | columns
        lines.append(f"{json.dumps(task.label)}: {json.dumps(entry)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).with_name(FILE))
