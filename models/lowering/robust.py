"""Reference weights that forget noise: every layer sets every channel to 0 or 1 again, inputs included.

With r(u) = ReLU(2u - 1/2) - ReLU(2u - 3/2), which is 0 up to 1/4 and 1 from 3/4 on, a layer maps codes by

    x + F(x) = r(x) + sum over rules of (guard, 0 or 1) * (what it writes),

so a perturbation of every channel by less than the *radius*, at every step, is corrected at once and for ever.

One hidden layer: a guard of m literals whose sum is s becomes c(s) = ReLU(k (s - t)) - ReLU(k (s - t) - 1) with
t = m - 1/2 - 1/(2k): 0 up to t, 1 from t + 1/k on. Where the guard holds s = m, else s <= m - 1. Literals that are off by
less than d change s by less than m d, so c is exact for m d <= (1 - 1/k) / 2: the radius is min(1/4, (1 - 1/k) / (2m)). No
k reaches 1/(2m): there, the sums of guards that hold and of others can meet.

Two hidden layers: the first takes r of every literal, which is exact up to 1/4, the second the guards of exact literals. So
the radius is 1/4 whatever m is; no more is possible for r, as 1/4 is where it starts to rise.
"""

from collections.abc import Sequence

import torch

from models.architecture import Reference
from models.block import Weights
from tasks.programs import Program, Rule, Tap

GAIN = 8  # k: a power of two, so that all weights are exact in bfloat16


def certified(program: Program, inner: bool, skip: bool) -> Reference:
    """The weights of one block and their radius; `skip`: the layer is x + F(x), else F(x)."""
    return Reference(program, [saturated(program, program.rules, inner, skip)], radius=radius(program, inner))


def radius(program: Program, inner: bool, beside: float = 1.0) -> float:
    """Perturbations of every channel that are smaller than this are corrected at every step.

    `beside`: how many of them add up where a guard reads a neighbour.
    """
    longest = max(sum(beside if tap.at else 1.0 for tap in literals(program, rule)) for rule in program.rules)
    return 0.25 / beside if inner else min(0.25, (1 - 1 / GAIN) / (2 * longest))


def saturated(program: Program, rules: Sequence[Rule], inner: bool, skip: bool) -> Weights:
    """F(x) = r(x) + what the rules write (- x with `skip`), with one hidden layer, or two if `inner`."""
    channels, guards = program.channels, [literals(program, rule) for rule in rules]
    writes = torch.zeros(channels, len(rules))
    for k, rule in enumerate(rules):
        for channel, change in program.changes(rule).items():
            writes[channel, k] = change
    eye, one = torch.eye(channels), torch.ones(channels, 1)
    minus_x = [-eye, one] if skip else []  # -x = 1 - ReLU(x + 1) where x > -1
    if inner:
        U, b, W, c = _two_layers(guards, channels, skip)
        return Weights(U, b, torch.cat([writes, eye, *minus_x], 1), W, c)
    U, b = _one_layer(guards, channels, skip)
    return Weights(U, b, torch.cat([writes, -writes, eye, -eye, *minus_x], 1))


def _one_layer(guards: Sequence[Sequence[Tap]], channels: int, skip: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Units k (s - t), the same - 1, 2x - 1/2, 2x - 3/2, and with `skip` x + 1 and 1."""
    U, b = torch.zeros(len(guards), channels, 3), torch.zeros(len(guards))
    for k, guard in enumerate(guards):
        b[k] = GAIN * (sum(not tap.holds for tap in guard) - len(guard)) + (GAIN + 1) / 2
        for tap in guard:
            U[k, tap.channel, tap.at + 1] = GAIN if tap.holds else -GAIN
    own, half = _own(channels), torch.full((channels,), 0.5)
    parts = [(U, b), (U, b - 1), (2 * own, -half), (2 * own, -3 * half)]
    if skip:
        parts += [(own, 2 * half), (torch.zeros(1, channels, 3), torch.ones(1))]
    return torch.cat([part for part, _ in parts]), torch.cat([part for _, part in parts])


def _two_layers(
    guards: Sequence[Sequence[Tap]], channels: int, skip: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """First 2u - 1/2 and 2u - 3/2 of every channel u that is read (and with `skip` x + 1), then guards, r(x), x + 1 and 1."""
    read = [(0, channel) for channel in range(channels)] + [(tap.at, tap.channel) for guard in guards for tap in guard]
    number = {place: k for k, place in enumerate(dict.fromkeys(read))}
    taps = torch.zeros(len(number), channels, 3)
    for (at, channel), k in number.items():
        taps[k, channel, at + 1] = 1
    half = torch.full((len(number),), 0.5)
    U, b = torch.cat([2 * taps, 2 * taps]), torch.cat([-half, -3 * half])
    literal = torch.cat([torch.eye(len(number)), -torch.eye(len(number))], 1)  # r(u) = first - second unit
    W, c = torch.zeros(len(guards), len(U)), torch.zeros(len(guards))
    for k, guard in enumerate(guards):
        c[k] = 1 - sum(tap.holds for tap in guard)
        for tap in guard:
            row = literal[number[tap.at, tap.channel]]
            W[k] += row if tap.holds else -row
    W, c = torch.cat([W, literal[:channels]]), torch.cat([c, torch.zeros(channels)])
    if skip:
        U, b = torch.cat([U, _own(channels)]), torch.cat([b, torch.ones(channels)])
        W = torch.block_diag(W, torch.cat([torch.eye(channels), torch.zeros(1, channels)]))
        c = torch.cat([c, torch.zeros(channels), torch.ones(1)])
    return U, b, W, c


def _own(channels: int) -> torch.Tensor:
    """Units that read each channel of their own cell, `[channels, channels, 3]`."""
    return torch.nn.functional.pad(torch.eye(channels)[..., None], (1, 1))


def literals(program: Program, rule: Rule) -> list[Tap]:
    """The guard of a rule but for "this cell is alive", which always holds."""
    return [tap for tap in program.taps(rule) if (tap.at, tap.channel, tap.holds) != (0, 0, True)]
