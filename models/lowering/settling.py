"""A field that computes in the limit: its registers settle at the fixed point of a write-once program."""

import torch

from models.block import Weights
from models.lowering.exact import lower
from tasks.programs import Program


def settling(program: Program) -> Weights:
    """F(y) = (sum over rules of their clipped guards) - y on the registers.

    Two units clip a guard to [0, 1]. A rule that reads m > 1 registers clips with gain 3 around m - 1/2, so that
    registers within 1/(3m) of a bit give exactly a bit: without it, errors of the solver grow m-fold a row.
    """
    guards = lower(program, implied=False)
    gain = torch.tensor([3.0 if reads > 1 else 1.0 for reads in _reads(program)])
    U, b = gain[:, None, None] * guards.U, gain * guards.b - (gain - 1) / 2
    fixed, channels = program.static_channels, program.channels
    decay = torch.zeros(channels - fixed, channels, 3)
    decay[:, fixed:, 1] = torch.eye(channels - fixed)
    return Weights(
        torch.cat([U, U, decay]),
        torch.cat([b, b - 1, torch.zeros(channels - fixed)]),
        torch.cat([guards.V, -guards.V, -decay[:, :, 1].T], 1),
    )


def most_read(program: Program) -> int:
    """The most registers that a rule reads."""
    return max(_reads(program))


def _reads(program: Program) -> list[int]:
    """How many registers each rule reads."""
    return [sum(tap.holds and not tap.static for tap in program.taps(rule)) for rule in program.rules]
