"""The landscape around reference weights: from how far training finds back to them, and the loss on the way there."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from models import Net


@torch.no_grad()
def perturbed(net: Net, sigma: float, generator: torch.Generator) -> Net:
    """A copy with normal noise on every parameter tensor, of `sigma` times its root mean square (so none on zero tensors)."""
    moved = copy.deepcopy(net)
    for parameter in moved.parameters():
        noise = torch.randn(parameter.shape, generator=generator).to(parameter)
        parameter.add_(sigma * parameter.square().mean().sqrt() * noise)
    return moved


def recoveries(
    reference: Net,
    train: Callable[[Net], object],
    solves: Callable[[Net], bool],
    sigmas: Iterable[float],
    seed: int = 0,
) -> dict[float, bool]:
    """For every sigma: does `train`, in place, lead the `perturbed` reference weights back to a net that `solves`?

    All sigmas see the same noise but for its size. A net that `train` or `solves` gives up on (RuntimeError) does not.
    """
    return {
        sigma: _recovers(perturbed(reference, sigma, torch.Generator().manual_seed(seed)), train, solves) for sigma in sigmas
    }


def _recovers(net: Net, train: Callable[[Net], object], solves: Callable[[Net], bool]) -> bool:
    try:
        train(net)
        return solves(net)
    except RuntimeError:  # divergence
        return False


def basin_radius(recovered: dict[float, bool]) -> float:
    """The largest sigma up to which all recover; 0 if not even the smallest does."""
    radius = 0.0
    for sigma, found in sorted(recovered.items()):
        if not found:
            break
        radius = sigma
    return radius


@torch.no_grad()
def loss_along(start: Net, end: Net, words: Tensor, target: Tensor, depth: int, points: int = 11) -> list[float]:
    """The loss at (1 - a) start + a end for `points` values of a from 0 to 1; words and targets `[batch, cells]`.

    Goodfellow, Vinyals, Saxe, ICLR 2015. The two nets are of one shape; neither is changed. A loss that is not finite is inf.
    """
    between = copy.deepcopy(start).eval()
    losses = []
    for a in torch.linspace(0, 1, points):
        for parameter, first, last in zip(between.parameters(), start.parameters(), end.parameters(), strict=True):
            parameter.copy_(torch.lerp(first, last, a.to(first)))
        loss = nn.functional.cross_entropy(between(words, depth), target)
        losses.append(float(loss.nan_to_num(nan=torch.inf)))
    return losses
