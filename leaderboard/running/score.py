"""Scoring: what a net answers on test words, in integer counts, with the dynamics it needed for them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from leaderboard import protocol
from leaderboard.analysis import shortcuts
from leaderboard.running.failure import located
from leaderboard.store.schema import Score
from models import Net
from models.solving.continuous import Continuous
from models.solving.watch import SolverError
from tasks import IGNORE, Task
from tasks.words.split import draw, scoring_words, seeded, splits

CHUNK = 128  # words at a time
CELLS = 1024  # whose codes are counted
ROUNDED = 0.3  # two codes are one if they round to the same multiples of this
POINTS = 4  # states a unit of time along which the curve of a neural ODE is measured


def score(net: Net, task: Task, length: int, words: int, trained_to: int, seed: str | None = None) -> Score:
    """The first of `scores`: at the depth of the task."""
    return scores(net, task, length, words, trained_to, seed=seed)[0]


@torch.no_grad()
def scores(
    net: Net, task: Task, length: int, words: int, trained_to: int, deeper: Sequence[int] = (), seed: str | None = None
) -> list[Score]:
    """Score a net on `words` test words of `length` cells: at the depth of the task, then at those of `deeper` lengths.

    The words depend on the task, the length and nothing else, so all nets answer the same, unless a hidden `seed` gives others.
    They are not training words if the length was not trained (it exceeds `trained_to`), or if there are enough words to keep
    a part (see `tasks.words.split`). A state that is not finite counts as a wrong answer; of an ODE it is
    a solution that does not exist, whatever the solver, so a SolverError that says where. A depth that a length before had is
    left out, and so are all others for a net without layers, which reads from left to right.
    """
    net.eval()
    drawn = scoring_words(task, words, length, trained_to, seed)
    tokens, target = (part.to(net.embed.device) for part in (drawn, task.target(drawn)))
    counts = target != IGNORE
    shortcut = shortcuts.best(task, trained_to, drawn, target.cpu())
    asked: dict[str, Any] = {
        "length": length,
        "words": words,
        "distinct": len(drawn.unique(dim=0)),
        "symbols": int(counts.sum()),
        "symbol_chance": float(target[counts].bincount().max() / counts.sum()),
        "word_chance": float(target.unique(dim=0, return_counts=True)[1].max() / words),
        "symbol_shortcut": shortcut.symbol,
        "word_shortcut": shortcut.word,
        "held_out": length > trained_to or splits(task, length),
    }
    found, first = list[Score](), torch.empty(0)
    for depth_of in (length, *(deeper if net.architecture.layered else ())):
        depth = task.depth(depth_of)
        if depth in {score.depth for score in found}:
            continue
        answers, measured = _answers(net, task, length, tokens, depth)
        first = first if found else answers
        right = answers == target
        found.append(
            Score(
                **asked,
                depth=depth,
                depth_of=depth_of,
                words_correct=int((right | ~counts).all(1).sum()),
                symbols_correct=int((right & counts).sum()),
                unchanged=int(((answers == first) | ~counts).all(1).sum()),
                **measured,
            )
        )
    return found


def _answers(net: Net, task: Task, length: int, tokens: Tensor, depth: int) -> tuple[Tensor, dict[str, Any]]:
    """The answers `[batch, cells]` after so many layers, -1 where the state is not finite; what the dynamics did for them."""
    guesses, curves, ended, evaluations = [], [], dict[str, Any](), 0
    for chunk in tokens.split(CHUNK):
        with counted(net) as calls, located(net, task, length, chunk, depth):
            x, curve, projective = follow(net, chunk, depth)
            logits = net.read(x)
            if isinstance(net.architecture, Continuous) and not logits.isfinite().all():
                raise SolverError("the solution is not finite; allowed: smaller weights, a smaller step")
        evaluations = max(evaluations, calls[0])
        guesses.append(torch.where(logits.isfinite().all(1), logits.argmax(1), -1))
        curves.append(torch.stack([curve, projective]))
        ended = ended or {"codes": _codes(x), "saturated": _saturated(net, x)}
    lengths = torch.cat(curves, 1).mean(1)
    curve_length, projective_length = (float(mean) if mean.isfinite() else None for mean in lengths)
    dynamics = {"curve_length": curve_length, "projective_length": projective_length, "evaluations": evaluations}
    return torch.cat(guesses), dynamics | ended


def _codes(x: Tensor) -> int | None:
    """How many different codes CELLS cells of states `[batch, width, cells]` have, rounded to multiples of ROUNDED."""
    cells = x.mT.flatten(0, 1)
    some = cells[torch.linspace(0, len(cells) - 1, min(len(cells), CELLS)).round().long()]
    return len((some / ROUNDED).round().unique(dim=0)) if x.isfinite().all() else None


def _saturated(net: Net, x: Tensor) -> float | None:
    """The share of channels of states that lie on the faces of the box; None without a box."""
    return float((x.abs() >= net.box).double().mean()) if net.box else None


def follow(net: Net, tokens: Tensor, depth: int) -> tuple[Tensor, Tensor, Tensor]:
    """x(depth) `[batch, width, cells]`, and the length of each word's curve, and of the curve of x / |x|, `[batch]` each.

    NaN where layers have none. The second does not change if a net scales its states up, in which layers count for less.
    """
    states = net.states(tokens, depth, POINTS)
    x = next(states)
    unit, start = _unit(x), 0.0 if net.architecture.layered else torch.nan
    curve, projective = (torch.full((len(tokens),), start, device=x.device) for _ in range(2))
    for after in states:
        curve += (after - x).flatten(1).norm(dim=1)
        x, before, unit = after, unit, _unit(after)
        projective += (unit - before).norm(dim=1)
    return x, curve, projective


def _unit(x: Tensor) -> Tensor:
    """x / |x| of each word `[batch, width * cells]`."""
    return nn.functional.normalize(x.flatten(1))


@contextmanager
def counted(net: Net) -> Iterator[list[int]]:
    """Count the block evaluations inside, in the one entry of the list."""
    calls = [0]

    def count(block: object, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls[0] += net.architecture.evaluations(inputs[0])

    hooks = [block.register_forward_hook(count) for block in net.blocks]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def solves(net: Net, task: Task, length: int, words: int, seed: int, threshold: float = protocol.SOLVED) -> bool:
    """Whether at least `threshold` of `words` fresh training words are answered without a fault."""
    drawn = draw(task, words, length, seeded("validation", task.label, length, seed), testing=False)
    tokens, target = (part.to(net.embed.device) for part in (drawn, task.target(drawn)))
    depth = task.depth(length)
    with torch.no_grad(), located(net, task, length, tokens, depth):
        answer = net(tokens, depth).argmax(1)
    return float(((answer == target) | (target == IGNORE)).all(1).float().mean()) >= threshold
