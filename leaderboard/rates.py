"""The learning rate of each architecture under each recipe: chosen once, on development words; see `rates.json`.

Rule: of RATES the one whose nets, trained on each task of TASKS, have the largest share of whole development words right, mean
over these tasks and LENGTHS; among equals the one with more symbols right, then the smaller. A word of n symbols is right if
its answer is, both after depth(n) layers and after depth(4 n): nearly all nets that fit are right after depth(n), and differ
in whether their answers stand. Nothing else is chosen for a row. The words are of lengths that are neither trained
nor scored at N = 12, of a stream and of instances of their own, and the seed SEED is none of a table.
`leaderboard.running.development` measures; what it cost stands beside the choice.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

RATES = (1e-3, 3e-3, 1e-2, 3e-2)
TASKS: dict[str, dict[str, Any]] = {"automaton": {"seed": 1000}, "counter": {"modulus": 5}}
LENGTHS = range(13, 17)
WORDS = 256  # of each length
SEED = 1000
USUAL = 3e-3  # where none was chosen
FILE = "rates.json"
_MEASURES = ("words", "symbols", "cpu_seconds")  # of each rate


def key(model: str, recipe: str) -> str:
    """Under which a choice stands: the label of an architecture, and what its recipe sets besides the rate."""
    return f"{model} | {recipe or 'plain'}"


@cache
def kept() -> dict[str, dict[str, Any]]:
    """What was measured, by key: the `version` of the architecture, and by rate `words`, `symbols` and `cpu_seconds`."""
    return dict(json.loads(files("leaderboard").joinpath(FILE).read_text(encoding="utf-8")))


def choice(model: str, version: int, recipe: str) -> dict[str, Any] | None:
    """The rate of an architecture under a recipe, what each rate gave, and what that cost; None if it was not chosen."""
    entry = kept().get(key(model, recipe))
    if entry is None or entry["version"] != version or set(entry["rates"]) != set(map(str, RATES)):
        return None
    return {"rate": best(entry["rates"])} | {of: {rate: one[of] for rate, one in entry["rates"].items()} for of in _MEASURES}


def best(measured: Mapping[str, Mapping[str, float]]) -> float:
    """The rule: `measured` are the shares of `words` and `symbols` that are right, by rate."""
    return float(max(measured, key=lambda rate: (measured[rate]["words"], measured[rate]["symbols"], -float(rate))))
