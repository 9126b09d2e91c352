"""Point sets `[batch, D, 1 cell]`, and the small dense branch that moves them: papers on neural ODEs begin with these.

They are no tasks: there is no word, no length and no program, and only claims use them. So they stand here, and tasks/ does
not find them. Any architecture runs on them, as its formula takes any callable for a block.
"""

import math
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.architecture import Architecture, Layers

Points = Float[Tensor, "batch width 1"]
Labels = Float[Tensor, " batch"]


def annulus(count: int, low: float, high: float, dimensions: int, generator: torch.Generator) -> Points:
    """Points of a ball's shell low <= |x| <= high, uniform in their radius and in their direction."""
    direction = nn.functional.normalize(torch.randn(count, dimensions, generator=generator))
    return (direction * (low + (high - low) * torch.rand(count, 1, generator=generator)))[:, :, None]


def annuli(count: int, generator: torch.Generator, dimensions: int = 2, inside: float = 0.5) -> tuple[Points, Labels]:
    """`count` points, a share `inside` of them with |x| <= 1/2 and the label -1, the others with 1 <= |x| <= 3/2 and 1."""
    few = int(inside * count)
    inner, outer = annulus(few, 0, 0.5, dimensions, generator), annulus(count - few, 1, 1.5, dimensions, generator)
    return torch.cat([inner, outer]), torch.cat([-torch.ones(len(inner)), torch.ones(len(outer))])


def rings(count: int, rings: int, generator: torch.Generator) -> tuple[Points, Labels]:
    """`count` points on so many nested rings of radii 3/2, 3, 9/2, ... and of thickness .6; labels -1, 1, -1, ..."""
    ring = torch.arange(count) % rings
    angle = 2 * math.pi * torch.rand(count, generator=generator)
    radius = 1.5 * (ring + 1) + 0.6 * torch.rand(count, generator=generator)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return points[:, :, None], 2.0 * (ring % 2) - 1


def augmented(x: Points, channels: int) -> Points:
    """The points with so many channels more, which start at 0 (Dupont, Doucet, Teh, NeurIPS 2019)."""
    return torch.cat([x, x.new_zeros(len(x), channels, 1)], 1)


class Dense(nn.Module):
    """F(x) = C s(B s(A x + a) + b) + c on points, s = tanh unless it is given; `calls` counts how often it was evaluated."""

    def __init__(
        self,
        reads: int,
        writes: int,
        hidden: int,
        generator: torch.Generator,
        layers: int = 2,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        sizes = [reads, *[hidden] * layers, writes]
        shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
        self.weights = nn.ParameterList([torch.randn(shape, generator=generator) * shape[1] ** -0.5 for shape in shapes])
        self.biases = nn.ParameterList([torch.zeros(size) for size in sizes[1:]])
        self.activation, self.calls = activation, 0

    def forward(self, x: Points) -> Points:
        """F(x)."""
        self.calls += 1
        y = x[:, :, 0]
        for k, (A, a) in enumerate(zip(self.weights, self.biases, strict=True)):
            y = nn.functional.linear(self.activation(y) if k else y, A, a)
        return y[:, :, None]


def end(architecture: Architecture, x: Points, blocks: Iterable[nn.Module], depth: int) -> Points:
    """The state after `depth` layers of the same blocks; in continuous time only the last is asked for."""
    tied = list(blocks)
    for state in architecture.states(x, Layers(lambda k: tied, depth, points=0)):
        last = state
    return last


def descend(
    parameters: Iterable[nn.Parameter],
    loss: Callable[[], Tensor],
    steps: int,
    rate: float,
    seen: Callable[[int], object] | None = None,
) -> float:
    """Adam for so many steps, the rate falling to 0 by a half cosine; the last loss. `seen(step)` is called after each."""
    optimiser = torch.optim.Adam(list(parameters), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
        schedule.step()
        if seen is not None:
            seen(step)
    with torch.no_grad():
        return float(loss())
