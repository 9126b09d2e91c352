"""Whether two nets compute the same, whatever their weights are: what permuted, scaled or shifted weights cannot hide.

A `signature` is of the logits on fresh words, after up to STATES of the layers. From them it leaves out what can be changed
without another answer, and what nets that solve the task have in common: in each cell the mean over classes, which softmax
does not see; the mean over all cells with the same symbol and the same target, so a shifted output bias and the answer itself;
and the size. What is left is how one net goes about it. Hidden units in another order, units times a > 0 whose outputs are
divided by a, another basis of the state, a readout that is scaled or shifted: none of these changes it, but for rounding.

How far apart is that? Of the ten nets of `leaderboard/example` no two are less than 0.57 apart. Of 720 pairs of small nets of
eight architectures, trained on five tasks for 3 to 200 steps, the least was 0.43 where they have many states. Disguises of one
net are 1e-7 apart: their weights are rounded to 2^-24, which the layers may amplify. A streaming net shows no state but its
last, and one that has learnt little is nearly a sum over the last symbols: there the least was 0.025, so that only exact
disguises are recognised. Nor is a copy that was trained on until it differs.
"""

from itertools import islice

import torch
from torch import Tensor

from models import Net
from tasks import IGNORE, Task
from tasks.words.split import draw, seeded

WORDS = 64
STATES = 16
LEAST = 1e-4  # part of the logits of a state that must be left of them; a smaller one may be the rounding of the weights
MANY = 8  # states
SAME = {True: 0.1, False: 0.001}  # signatures that are less apart are of one net; by whether they have many states

Signature = list[Tensor | None]  # of each state a unit vector, None where nothing is left


@torch.no_grad()
def signature(net: Net, task: Task, length: int) -> Signature:
    """That of a net, in double precision, on words of `length`; the net is as it was."""
    depth, dtype = task.depth(length), net.embed.dtype
    tokens = draw(task, WORDS, length, seeded("likeness", task.label, length), testing=False)
    target = task.target(tokens)
    alike = tokens * (2 + int(target.max())) + torch.where(target == IGNORE, int(target.max()) + 1, target)
    chosen = {1, *torch.linspace(1, depth, min(STATES, depth)).round().int().tolist()}
    try:
        states = islice(net.double().eval().states(tokens, depth), 1, None)
        return [_left(net.read(x), alike) for k, x in enumerate(states, 1) if k in chosen]
    finally:
        net.to(dtype)


def _left(logits: Tensor, alike: Tensor) -> Tensor | None:
    """What is left of logits `[batch, classes, cells]`; `alike` `[batch, cells]`: cells of one number lose their mean."""
    logits = logits.nan_to_num(0.0, 0.0, 0.0)
    centred = logits - logits.mean(1, keepdim=True)
    size = centred.norm()
    by_cell = centred.mT.flatten(0, 1)  # [batch * cells, classes]
    for group in alike.unique():
        where = (alike == group).flatten()
        by_cell[where] -= by_cell[where].mean(0)
    return by_cell.flatten() / by_cell.norm() if by_cell.norm() > LEAST * size else None


def same(one: Signature, other: Signature) -> bool:
    """Whether two signatures are of one net; not if no state has something left in both."""
    cosines = _cosines(one, other)
    return bool(cosines) and apart(one, other) < SAME[len(cosines) >= MANY]


def apart(one: Signature, other: Signature) -> float:
    """The sine of the angle between two signatures, from 0 to 1, its cosine the mean over the states that both have."""
    cosines = _cosines(one, other)
    return max(0.0, 1 - max(0.0, sum(cosines) / max(len(cosines), 1)) ** 2) ** 0.5


def _cosines(one: Signature, other: Signature) -> list[float]:
    return [float(x @ y) for x, y in zip(one, other, strict=True) if x is not None and y is not None]
