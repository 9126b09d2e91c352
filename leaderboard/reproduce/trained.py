"""Small real runs for claims: the product's own training and scoring, with settings that take seconds in place of minutes."""

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from omegaconf import OmegaConf

import models
import tasks
from leaderboard import protocol
from leaderboard.reproduce.claim import Row
from leaderboard.running.config import Config, NetConfig, TrainingConfig

if TYPE_CHECKING:
    from leaderboard.store.schema import Score

RECIPES = Path(__file__).parents[2] / "conf" / "recipe"
WORDS = 256  # scored words of each length


class Run(NamedTuple):
    """A trained net, its task, and the longest words that it was trained on."""

    net: models.Net
    task: tasks.Task
    length: int


def train(
    task: str,
    model: str,
    recipe: str = protocol.PLAIN,
    *,
    seed: int,
    length: int,
    steps: int,
    rate: float,
    options: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
) -> Run:
    """Train a fresh net as `realizable train` would: the recipe is that of conf/recipe, and what it does not set is as usual.

    `options` are those of the architecture, `parameters` those of the task.
    """
    from leaderboard.running.fit import fit
    from leaderboard.running.settings import checked

    said: Any = OmegaConf.to_container(OmegaConf.load(RECIPES / f"{recipe}.yaml"))
    cfg = Config(
        task={"name": task} | (parameters or {}),
        model={"name": model} | (options or {}),
        net=NetConfig(**said.get("net", {})),
        training=replace(TrainingConfig(**said.get("training", {})), length=length, steps=steps, rate=rate, check=steps),
        seed=seed,
    )
    made, _ = checked(cfg)
    net = models.build(model, made, **asdict(cfg.net), seed=seed, **(options or {}))
    fit(cfg, made, net)
    return Run(net.eval(), made, length)


def with_and_without(
    recipe: str, task: str, model: str, first: int, seeds: int, **settings: Any
) -> Iterator[tuple[str, int, Run]]:
    """The plain recipe and another beside it, for each of so many seeds: `without` or `with`, the number of the seed, the run.

    The seeds of nets begin at 1000 times `first`, the seed of a claim; `settings` are those of `train`.
    """
    for seed in range(seeds):
        for name, chosen in (("without", protocol.PLAIN), ("with", recipe)):
            yield name, seed, train(task, model, chosen, seed=1000 * first + seed, **settings)


def scored(run: Run) -> Row:
    """How the run does: right words and symbols at N and at FAR times N, and what stands of its answers at N in more layers."""
    from leaderboard.running.score import score, scores

    N, far = run.length, protocol.FAR * run.length
    half = score(run.net, run.task, N // 2, WORDS, N)
    here, *deeper = scores(run.net, run.task, N, WORDS, N, deeper=[2 * N, far])
    there = score(run.net, run.task, far, WORDS, N)
    row = {"words_N": here.words_correct / WORDS, "words_4N": there.words_correct / WORDS}
    row |= {"symbols_4N": there.symbols_correct / there.symbols}
    if deeper:  # nets that read from left to right have no further layers
        row |= {"stands": deeper[-1].unchanged / WORDS, "symbols_deep": deeper[-1].symbols_correct / deeper[-1].symbols}
        row |= settling(half.curve_length, here, deeper[0])
    return row


def settling(half: float | None, here: "Score", twice: "Score") -> Row:
    """`alpha` and `drift`, as leaderboard/tables/frame.py defines them: how the length L of the curve grows, and goes on."""
    if not half or not here.curve_length or twice.curve_length is None:
        return {"alpha": None, "drift": None}
    beyond = (twice.curve_length - here.curve_length) / (twice.depth - here.depth)
    return {"alpha": math.log2(here.curve_length / half), "drift": beyond / (here.curve_length / here.depth)}
