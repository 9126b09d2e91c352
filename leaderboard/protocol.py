"""The protocol: its numbers, in this one place, and what must agree for two runs to be compared.

A run is `net`, `training`, `scoring`, a seed, a task and an architecture. Of its settings those of AGREE are the protocol: two
runs are compared only if all of them agree. Those of RECIPE are what a recipe may choose: runs that differ in one of them are
different rows of one table. What is in neither changes nothing that is compared (`training.check`, `net.memory`, `device`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from math import ceil
from typing import TYPE_CHECKING, Any

from leaderboard import rates

if TYPE_CHECKING:
    import models
    import tasks

VERSION = 2  # of words, training and scoring: raised when the scores of a run change by a change of the code
LENGTH = 12  # N: words of 1..N symbols are trained
FACTORS = (1, 2, 4, 8)  # scored lengths, in multiples of N, each at the depth of its length
DEPTHS = (2, 4)  # words of N are also scored at the depths of these multiples of N: more layers, no more cells
LARGEST_FACTOR = 1024
WORDS = 512  # scored words of each length up to 4 N; see `words_at`
SOLVED = 0.99  # of whole words right: then a length is solved
FAR = 4  # a run solves a task if it solves 4 N, and settles if its answers at N stand at the depth of 4 N
CHECKED = 128  # words on which it is looked whether a net in training has solved its length
SEEDS = range(10)  # of a submission, and of every published cell

AGREE = (
    "training.length", "training.steps", "training.batch", "training.weight_decay", "training.clip",
    "net.width", "net.hidden", "net.layers", "net.pace", "scoring.factors", "scoring.depths", "scoring.words",
    "scoring.seeds",
)  # fmt: skip
RECIPE = {"training.rate": 0.0, "net.norm": False, "net.tableau": 0, "net.inner": False, "net.robust": False}
RECIPE |= {"net.box": 0.0, "net.recall": False, "training.noise": 0.0, "training.ramp": 0.5, "training.steady": 0.0}
RECIPE |= {"training.progressive": 0.0}

PLAIN = "plain"  # the recipe that adds nothing

REAL = ("training.weight_decay", "training.clip", *(key for key, usual in RECIPE.items() if type(usual) is float))


def words_at(words: int, factor: float) -> int:
    """How many words are scored at `factor` times N: `words`, and beyond 4 N fewer, so that cells times layers do not grow."""
    return ceil(words * min(1.0, FAR / factor) ** 2)


def described(
    name: str,
    task: "tasks.Task",
    architecture: "models.Architecture",
    settings: Mapping[str, Any],
    named: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a run is, for its record: `id`, `protocol`, `recipe`, `task` and `model`.

    The id is a hash of configuration, parameters and explicit versions, not of the source: these versions are raised when
    behaviour changes, and golden tests hold it. `settings` are those that determine the result; `named` is the recipe that was
    asked for, its `name` and what it sets.
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
        "recipe": recipe(architecture, settings, named),
        "task": parts["task"] | {"class": task.card.complexity},
        "model": parts["model"],
    }


def agreed(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol of a run: its name, a hash of what must agree, and that itself."""
    must = {"version": VERSION} | {key: value for key in AGREE if (value := _at(settings, key)) is not None}
    return {"name": name, "hash": digest(must, 8), "settings": must}


def recipe(
    architecture: "models.Architecture", settings: Mapping[str, Any], named: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the recipe of a run chose: all of it, and a label: the name of the recipe, and what is not as that has it.

    The label is empty for the plain recipe. A rate is as usual if it is that of `leaderboard.rates`; then `choice` says what it
    was chosen from, and what that cost.
    """
    usual = dict(RECIPE) | {key: value for key in RECIPE if (value := _at(named or {}, key)) is not None}
    found = choice(architecture, settings)
    usual["training.rate"] = found["rate"] if found else rates.USUAL
    chosen = {key: usual[key] if (value := _at(settings, key)) is None else value for key in usual}
    chosen["training.rate"] = chosen["training.rate"] or usual["training.rate"]  # 0: none was named
    name = str((named or {}).get("name", PLAIN))
    label = ", ".join(filter(None, [name if name != PLAIN else "", _differences(chosen, usual)]))
    asked = found if found and found["rate"] == chosen["training.rate"] else None
    return {"label": label, "settings": chosen, "choice": asked}


def choice(architecture: "models.Architecture", settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The learning rate that was chosen for an architecture under the recipe of these settings; None if none was."""
    return rates.choice(architecture.label, architecture.version, besides_rate(settings))


def besides_rate(settings: Mapping[str, Any]) -> str:
    """What a recipe sets that is not as usual, but for the learning rate."""
    chosen = {key: usual if (value := _at(settings, key)) is None else value for key, usual in RECIPE.items()}
    return _differences(chosen | {"training.rate": RECIPE["training.rate"]}, RECIPE)


def rate_of(architecture: "models.Architecture", settings: Mapping[str, Any]) -> float:
    """The learning rate of a run that names none: that which was chosen, or the usual one."""
    found = choice(architecture, settings)
    return float(found["rate"]) if found else rates.USUAL


def _differences(chosen: Mapping[str, Any], usual: Mapping[str, Any]) -> str:
    """The settings that are not as usual, as they are set on a command line: `box=1, noise=0.3`."""
    return ", ".join(f"{key.partition('.')[2]}={_text(value)}" for key, value in chosen.items() if value != usual[key])


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
