"""The protocol: its numbers, in this one place, and what must agree for two runs to be compared.

A run is `net`, `training`, `scoring`, a seed, a task and an architecture. Of its settings those of AGREE are the protocol: two
runs are compared only if all of them agree. Those of RECIPE are what a recipe may choose: runs that differ in one of them are
different rows of one table. What is in neither changes nothing that is compared (`training.check`, `net.memory`, `device`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import models
    import tasks

VERSION = 1  # of words, training and scoring: raised when the scores of a run change by a change of the code
LENGTH = 12  # N: words of 1..N symbols are trained
FACTORS = (1, 2, 4)  # scored lengths, in multiples of N
LARGEST_FACTOR = 1024
WORDS = 512  # scored words of each length
SOLVED = 0.99  # of whole words right: then a length is solved
CHECKED = 128  # words on which it is looked whether a net in training has solved its length
SEEDS = range(10)  # of a submission, and of every published cell
RATE = 3e-3  # the learning rate of a run whose recipe names none

AGREE = (
    "training.length", "training.steps", "training.batch", "training.weight_decay", "training.clip",
    "net.width", "net.hidden", "net.layers", "net.pace", "scoring.factors", "scoring.words", "scoring.seeds",
)  # fmt: skip
RECIPE = {"training.rate": RATE, "net.norm": False, "net.tableau": 0, "net.inner": False, "net.robust": False}
RECIPE |= {"net.box": 0.0, "net.recall": False, "training.noise": 0.0, "training.ramp": 0.5, "training.steady": 0.0}
RECIPE |= {"training.progressive": 0.0}

REAL = ("training.weight_decay", "training.clip", *(key for key, usual in RECIPE.items() if type(usual) is float))


def described(
    name: str, task: "tasks.Task", architecture: "models.Architecture", settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What a run is, for its record: `id`, `protocol`, `recipe`, `task` and `model`.

    The id is a hash of configuration, parameters and explicit versions, not of the source: these versions are raised when
    behaviour changes, and golden tests hold it. `settings` are those that determine the result.
    """
    parts = {
        "task": {"name": task.name, "label": task.label, "parameters": task.parameters, "version": task.version},
        "model": {
            "name": architecture.name,
            "label": architecture.label,
            "parameters": asdict(architecture),
            "version": architecture.version,
        },
    }
    identity = {of: {key: part[key] for key in ("name", "parameters", "version")} for of, part in parts.items()}
    return {
        "id": digest({"protocol": VERSION, "settings": settings} | identity, 16),
        "protocol": agreed(name, settings),
        "recipe": recipe(settings),
        "task": parts["task"] | {"class": task.card.complexity},
        "model": parts["model"],
    }


def agreed(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol of a run: its name, a hash of what must agree, and that itself."""
    must = {"version": VERSION} | {key: value for key in AGREE if (value := _at(settings, key)) is not None}
    return {"name": name, "hash": digest(must, 8), "settings": must}


def recipe(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the recipe of a run chose: all of it, and a label of what is not as usual, empty if nothing is."""
    chosen = {key: usual if (value := _at(settings, key)) is None else value for key, usual in RECIPE.items()}
    unusual = [f"{key.partition('.')[2]}={_text(value)}" for key, value in chosen.items() if value != RECIPE[key]]
    return {"label": ", ".join(unusual), "settings": chosen}


def digest(value: Mapping[str, Any], digits: int) -> str:
    """The first hex digits of SHA-256 over canonical JSON."""
    text = json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def _at(settings: Mapping[str, Any], key: str) -> Any:
    part, _, name = key.partition(".")
    value = settings.get(part, {}).get(name)
    return float(value) if key in REAL and value is not None else value  # JSON may say 1 for 1.0


def _text(value: object) -> str:
    """As it is written on a command line."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
