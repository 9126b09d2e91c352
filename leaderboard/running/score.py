"""Scoring: what a net answers on test words, in integer counts, with the dynamics it needed for them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from leaderboard import protocol
from leaderboard.running.failure import located
from leaderboard.store.schema import Score
from models import Net
from models.solving.continuous import Continuous
from models.solving.watch import SolverError
from tasks import IGNORE, Task
from tasks.words.split import draw, scoring_words, seeded, splits

CHUNK = 128  # words at a time
POINTS = 4  # states a unit of time along which the curve of a neural ODE is measured


@torch.no_grad()
def score(net: Net, task: Task, length: int, words: int, trained_to: int, seed: str | None = None) -> Score:
    """Score a net on `words` test words of `length` cells, at the depth of the task.

    The words depend on the task, the length and nothing else, so all nets answer the same, unless a hidden `seed` gives others.
    They are not training words if the length was not trained (it exceeds `trained_to`), or if there are enough words to keep
    a part (see `tasks.words.split`). A state that is not finite counts as a wrong answer; of an ODE it is
    a solution that does not exist, whatever the solver, so a SolverError that says where.
    """
    net.eval()
    drawn = scoring_words(task, words, length, trained_to, seed)
    tokens, target = (part.to(net.embed.device) for part in (drawn, task.target(drawn)))
    depth = task.depth(length)
    correct, curves, evaluations = [], [], 0
    for chunk, answer in zip(tokens.split(CHUNK), target.split(CHUNK), strict=True):
        with counted(net) as calls, located(net, task, length, chunk, depth):
            logits, curve = follow(net, chunk, depth)
            if isinstance(net.architecture, Continuous) and not logits.isfinite().all():
                raise SolverError("the solution is not finite; allowed: smaller weights, a smaller step")
        evaluations = max(evaluations, calls[0])
        guess = torch.where(logits.isfinite().all(1), logits.argmax(1), -1)
        correct.append(guess == answer)
        curves.append(curve)
    right, counts = torch.cat(correct), target != IGNORE
    length_of_curve = float(torch.cat(curves).mean())
    return Score(
        length=length,
        depth=depth,
        words=words,
        words_correct=int((right | ~counts).all(1).sum()),
        symbols=int(counts.sum()),
        symbols_correct=int((right & counts).sum()),
        symbol_chance=float(target[counts].bincount().max() / counts.sum()),
        word_chance=float(target.unique(dim=0, return_counts=True)[1].max() / words),
        curve_length=length_of_curve if torch.isfinite(torch.tensor(length_of_curve)) else None,
        evaluations=evaluations,
        held_out=length > trained_to or splits(task, length),
    )


def follow(net: Net, tokens: Tensor, depth: int) -> tuple[Tensor, Tensor]:
    """Logits `[batch, classes, cells]`, and the length of each word's solution curve `[batch]`, NaN where layers have none."""
    states = net.states(tokens, depth, POINTS)
    x = next(states)
    curve = torch.full((len(tokens),), 0.0 if net.architecture.layered else torch.nan, device=x.device)
    for after in states:
        curve += (after - x).flatten(1).norm(dim=1)
        x = after
    return net.read(x), curve


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
