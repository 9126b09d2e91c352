"""What binds a round of hidden words: hashes of its opening, its words and the benchmark's code, and the seeds of its words."""

import hashlib
import hmac
from functools import cache
from importlib import metadata

import torch

import models
import tasks
from leaderboard.protocol import LENGTH, words_at
from leaderboard.store.provenance import imported, source
from leaderboard.submissions.published import OPENING, Round, canonical
from tasks import plugins
from tasks.words.split import fingerprint, scoring_words

Hashes = dict[str, dict[str, str]]  # by label of the task and length


def commitment(round: Round, key: bytes) -> str:
    """C: of the key, and of all that is said when a round opens."""
    return hashlib.sha256(canonical("commitment", {name: round[name] for name in OPENING}, key.hex())).hexdigest()


def seeds(round: Round, key: bytes) -> Hashes:
    """The seeds of each task's words."""

    def seed(label: str, length: int) -> str:
        bound = canonical("seed", round["root"], round["value"], round["round"], round["benchmark"], label, length)
        return hmac.digest(key, bound, "sha256").hex()

    return {label: {str(n): seed(label, n) for n in round["lengths"]} for label in round["tasks"]}


def data(round: Round) -> Hashes:
    """Fingerprints of the words and targets, `[2, batch, cells]`, that the seeds give."""

    def of(task: tasks.Task, length: int, seed: str) -> str:
        tokens = scoring_words(task, words_at(round["words"], length / LENGTH), length, LENGTH, seed)
        return fingerprint(torch.stack([tokens, task.target(tokens)]))

    return {label: {n: of(by_label()[label], int(n), seed) for n, seed in by.items()} for label, by in round["seeds"].items()}


@cache
def by_label() -> dict[str, tasks.Task]:
    """All tasks of the benchmark, by their labels; none of a plug-in."""
    return {task.label: task for task in tasks.every() if plugins.file_of("tasks", task.name) is None}


@cache
def code() -> str:
    """SHA-256 of the source of all that draws words, makes nets and scores them."""
    named = [f"{kind}.{name}" for kind, of in (("tasks", tasks), ("models", models)) for name in plugins.ours(kind, of.names())]
    modules = imported(
        [*named, "leaderboard.submissions.rescore", "leaderboard.submissions.rounds", "leaderboard.submissions.verify"]
    )
    return hashlib.sha256(b"\0".join(source(module) for module in sorted(modules))).hexdigest()


def version() -> str:
    """Of the package, as it is installed."""
    try:
        return metadata.version("realizable")
    except metadata.PackageNotFoundError:
        return "not installed"
