"""The discrete ODE of a program as arithmetic on tensors: literals on channels, their products, and what they decode to.

Everything here is polynomial in x, so it serves integers (the discrete ODE) and real numbers (the polynomial ODE) alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tap:
    """A literal on a channel: x[channel] of the neighbour `at`, or its complement. Static: no rule writes the channel."""

    at: int
    channel: int
    holds: bool
    static: bool


def decode(output: Tensor) -> Tensor:
    """Value of a one-hot register `[batch, size, cells]` at each cell, -1 where it is empty."""
    return torch.where(output.amax(1) > 0, output.argmax(1), -1)


def literal_planes(x: Tensor) -> Tensor:
    """All literals on x, `[batch, 6 * channels + 1, cells]`: left, own, right channels, their complements, and 1."""
    padded = torch.nn.functional.pad(x, (1, 1))
    planes = torch.cat([padded[..., :-2], x, padded[..., 2:]], 1)
    return torch.cat([planes, 1 - planes, torch.ones_like(x[:, :1])], 1)


def guard_index(guards: Sequence[Iterable[Tap]], channels: int) -> Tensor:
    """Rows of `literal_planes` that each guard multiplies, `[rules, literals]`, filled up with the constant 1."""
    rows = [[(tap.at + 1 + (0 if tap.holds else 3)) * channels + tap.channel for tap in guard] for guard in guards]
    longest = max(map(len, rows), default=0) or 1
    return torch.tensor([row + [6 * channels] * (longest - len(row)) for row in rows]).reshape(len(rows), longest)


def products(planes: Tensor, index: Tensor) -> Tensor:
    """Product of the literals of every guard, `[batch, rules, cells]`."""
    result = planes.index_select(1, index[:, 0])  # four times as fast as planes[:, index[:, 0]]
    for column in index.T[1:]:
        result = result * planes.index_select(1, column)
    return result
