"""Rules as weights, exactly: one hidden unit a rule, so that F(x) is the field of the program's discrete ODE."""

import torch

from models.block import Weights
from tasks.programs import Program


def lower(program: Program, implied: bool = True) -> Weights:
    """The rules of a program as a block with F the field of its discrete ODE: one hidden unit a rule.

    With `implied=False` the guards lack "what the rule writes is still empty", so that known registers count up.

    A unit is ReLU(sum of positive literals - sum of negative ones - (m - 1)), m the number of positive ones. Literals
    that no rule can change (alive, input) weigh M > the number of literals, so that one false static literal silences a
    unit whatever the registers hold; that this cell is alive is always one of them. Hence F(F(x)) = 0, as F(x) has no
    alive cell.
    """
    units, channels = len(program.rules), program.channels
    U, b, V = torch.zeros(units, channels, 3), torch.zeros(units), torch.zeros(channels, units)
    for k, rule in enumerate(program.rules):
        taps = program.taps(rule, implied)
        M = len(taps) + 2.0
        U[k, 0, 1], b[k] = M, 1 - M
        for tap in taps:
            weight = M if tap.static else 1.0
            U[k, tap.channel, tap.at + 1] += weight if tap.holds else -weight
            b[k] -= weight if tap.holds else 0.0
        for channel, change in program.changes(rule).items():
            V[channel, k] = change
    return Weights(U, b, V)


def idle() -> Weights:
    """Weights of F = 0."""
    return Weights(torch.zeros(0, 0, 3), torch.zeros(0), torch.zeros(0, 0))


def passing(program: Program, field: Weights | None) -> Weights:
    """x + F(x) on codes x >= 0 without a skip: units ReLU(x) = x for the program's channels, then those of F (None: 0)."""
    d = program.channels
    U, V = torch.zeros(d, d, 3), torch.eye(d)
    U[:, :, 1] = torch.eye(d)
    if field is None:
        return Weights(U, torch.zeros(d), V)
    return Weights(torch.cat([U, field.U]), torch.cat([torch.zeros(d), field.b]), torch.cat([V, field.V], 1))
