"""Records as runs leave them, made up: what tests of the leaderboard read."""

from typing import Any

from leaderboard.protocol import digest
from leaderboard.store.record import identifier

SETTINGS = {"version": 2, "training.length": 12, "training.steps": 600, "scoring.factors": [1, 2, 4], "scoring.words": 100}


def score(
    weights: str = "trained", factor: float = 1, accuracy: float = 1.0, word: float = 1.0, **change: Any
) -> dict[str, Any]:
    """One score of 1000 symbols and 100 words, at its own depth; the shortcut is 0.5 a symbol and 0.1 a word."""
    length = change.get("length", int(12 * factor))
    return {
        "weights": weights,
        "length": length,
        "factor": factor,
        "depth": int(12 * factor),
        "depth_of": length,
        "words": 100,
        "words_correct": round(100 * word),
        "symbols": 1000,
        "symbols_correct": round(1000 * accuracy),
        "distinct": 100,
        "symbol_chance": 0.4,
        "word_chance": 0.05,
        "symbol_shortcut": 0.5,
        "word_shortcut": 0.1,
        "unchanged": 100,
        "curve_length": 12.5,
        "projective_length": 2.5,
        "evaluations": int(12 * factor),
        "codes": 40,
        "saturated": None,
        "held_out": True,
    } | change


def done(
    model: str = "resnet",
    task: str = "parity",
    seed: int = 0,
    scores: list[dict[str, Any]] | None = None,
    reference: dict[str, Any] | None = None,
    id: str | None = None,
) -> dict[str, Any]:
    return {
        "schema": 3,
        "id": id or identifier({"model": model, "task": task, "seed": seed}),
        "status": "done",
        "reason": None,
        "protocol": {"name": "quick", "hash": digest(SETTINGS, 8), "settings": SETTINGS},
        "recipe": {"label": "", "settings": {"training.rate": 0.003}, "choice": None},
        "task": {"name": "t", "label": task, "parameters": {}, "version": 1, "class": "ACC0"},
        "model": {"name": "m", "label": model, "parameters": {}, "version": 1},
        "seed": seed,
        "config": {"steps": 600},
        "code": {"task": "aa", "model": "bb", "commit": None, "versions": {"torch": "2"}, "processor": None},
        "net": {"parameters": 1234, "width": 32, "hidden": 64},
        "reference": {"reason": None, "longest": None, "width": 13, "hidden": 9} | (reference or {}),
        "training": {"steps": 600, "examples": 38400, "examples_to_solve": None, "loss": [[100, 0.31]]},
        "scores": [score(), score("reference")] if scores is None else scores,
        "cost": {
            "seconds": 9.1,
            "cpu_seconds": 9.0,
            "training_cpu_seconds": 7.0,
            "peak_memory": 400,
            "started": "2026-01-01T00:00:00",
        },
    }


def failed(model: str = "resnet", task: str = "parity", seed: int = 0, reason: str = "diverged") -> dict[str, Any]:
    empty = {"status": "failed", "reason": reason, "net": None, "reference": None, "training": None, "scores": []}
    return done(model, task, seed) | empty


def under(record: dict[str, Any], change: dict[str, Any], name: str = "quick") -> dict[str, Any]:
    """A record of the same run under another protocol, whose settings differ by these; None: it has no such setting."""
    settings = {key: value for key, value in (record["protocol"]["settings"] | change).items() if value is not None}
    protocol = {"name": name, "hash": digest(settings, 8), "settings": settings}
    return record | {"protocol": protocol, "id": identifier({"of": record["id"], "protocol": protocol})}


def using(record: dict[str, Any], **change: Any) -> dict[str, Any]:
    """A record of the same run by another recipe."""
    recipe = {"label": ", ".join(f"{key}={value}" for key, value in change.items()), "settings": change, "choice": None}
    return record | {"recipe": recipe, "id": identifier({"of": record["id"], "recipe": recipe})}
