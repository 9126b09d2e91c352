"""Hashes of the words that nets are scored on, so that no change goes unseen: `python tests/golden.py` writes them anew.

For every task and every preset of conf/task, at a few lengths: the first 16 hex digits of SHA-256 of the public test words and
of their targets.
"""

import json
from pathlib import Path

from omegaconf import OmegaConf

import tasks
from tasks.words.split import fingerprint, scoring_words

ROOT = Path(__file__).parent.parent
FILE = Path(__file__).with_suffix(".json")
LENGTHS = (1, 7, 12, 24)
WORDS, TRAINED_TO = 512, 12  # as `leaderboard.submissions.verify` scores

Hashes = dict[str, dict[str, list[str]]]


def configured() -> dict[str, tasks.Task]:
    """Every choice `task=...` of a run: the tasks with their defaults, and the presets of conf/task."""
    found = {name: tasks.get(name) for name in tasks.names()}
    for path in sorted((ROOT / "conf" / "task").glob("*.yaml")):
        stated = {str(key): value for key, value in OmegaConf.load(path).items()}
        name, _ = stated.pop("defaults")
        found[path.stem] = tasks.get(name, **stated)
    return dict(sorted(found.items()))


def hashes() -> Hashes:
    """`{"parity": {"12": [of the words, of their targets], ...}, ...}`, as they are now."""
    return {name: {str(n): pair(task, n) for n in LENGTHS} for name, task in configured().items()}


def pair(task: tasks.Task, length: int) -> list[str]:
    """Of the words of one length, and of their targets."""
    words = scoring_words(task, WORDS, length, TRAINED_TO)
    return [fingerprint(tokens)[:16] for tokens in (words, task.target(words))]


def text(found: Hashes) -> str:
    """As JSON, one line a task."""
    return "{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(by)}" for name, by in found.items()) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(hashes()), encoding="utf-8")
