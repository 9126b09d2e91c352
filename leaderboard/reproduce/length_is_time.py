"""Time is the length of the solution curve. Bournez, Graça, Pouly, Journal of the ACM 64 (2017).

A polynomial ODE can be run faster by scaling its field, so the time at which it answers says nothing. What cannot be made
smaller by such scaling is the length of its curve, the integral of |x'|. The theorem: with a fixed number of variables,
polynomial time is exactly polynomial length (in the size of the word and the precision asked). So for an analytic equation of
a fixed dimension, whose state moves at a steady speed, length and time must be proportional.

That is measured on the product's `rotation`, which counts modulo m with two variables: its length over the time T = n must be
the same for all n. References on the lattice have a cell for each symbol, so their dimension grows with n and the theorem
does not speak of them. There each task's card states the power of n with which the curve of its program grows; the powers are
measured on the longest curve among random words, all ones and all zeros.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

import tasks
from leaderboard.reproduce.claim import Check, Claim, Row, at_most, near, pick, slope, values
from leaderboard.reproduce.drawing import Drawing
from tasks.programs.rotation import Rotation

TASKS = ("parity", "comparison", "majority", "reverse_string")  # whose cards say n, sqrt(n), n^1.5 and n^1.5
POWER = 0.25  # how far a measured power may be from that of the card: the tolerance of tests/tasks/test_cards.py


@dataclass(frozen=True, kw_only=True)
class LengthIsTime(Claim):
    """Curves of words of `lengths` symbols; `speed`: how the counterfeit's field grows along the word."""

    steady: bool = True
    lengths: tuple[int, ...] = (16, 32, 64, 128)
    words: int = 16

    claim = (
        "Time is the length of the curve: proportional for an analytic equation of fixed dimension that moves at a steady "
        "speed; on lattices it grows with the power that each card states."
    )
    source = (
        "Bournez, Graça, Pouly, Polynomial Time corresponds to Solutions of Polynomial ODEs of Polynomial Length, JACM 64 "
        "(2017)"
    )
    read = "title and abstracts of related papers of the authors; the wording of the theorem was not checked"
    setting = (
        "x' = (2 pi i / 3) x by rk4 on words of ones, length of its chords; discrete ODEs of four tasks, longest curve of "
        "a length"
    )
    missing = "the theorem is about classes of functions, and cannot be measured; what is measured are its two quantities"
    off = "the field of the rotation grows along the word, and curves are those of a random walk of the whole state"

    def measure(self) -> Iterator[Row]:
        """The length of the curve for every length of words."""
        spin = Rotation(3, [0, 1])
        for n in self.lengths:
            ones = torch.ones(1, n, dtype=torch.long)
            path = spin.solve(ones) if self.steady else spin.solve(ones).cumsum(0)
            fine = path[1:] - path[:-1]
            yield {"curve": "rotation", "n": n, "length": float(fine.norm(dim=-1).sum()), "power": 1.0}
        for name in TASKS:
            task = tasks.get(name)
            power = slope([1000.0, 4000.0], [task.card.value(task.card.curve, n, task.parameters) for n in (1000, 4000)])
            for n in self.lengths:
                yield {"curve": name, "n": n, "length": self._longest(name, n), "power": power}

    def _longest(self, name: str, n: int) -> float:
        task = tasks.get(name)
        words = task.sample(self.words, n, tasks.Bits(self.seed))
        if task.alphabet == 2:
            words = torch.cat([words, torch.ones_like(words[:1]), torch.zeros_like(words[:1])])
        states = [x.float() for x in task.program().run(words)]
        if not self.steady:
            generator = torch.Generator().manual_seed(self.seed)
            states = [x + k * torch.randn(x.shape, generator=generator) for k, x in enumerate(states)]
        return float(sum((b - a).flatten(1).norm(dim=1) for a, b in pairwise(states)).max())

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """The ratio to 1%, the powers to the tolerance of the cards' tests."""
        ratios = [row["length"] / row["n"] for row in pick(rows, curve="rotation")]
        checks = [Check("rotation: largest / smallest length a unit of time", "1", max(ratios) / min(ratios), at_most(1.01))]
        for name in TASKS:
            power = values(rows, "power", curve=name)[0]
            found = slope(values(rows, "n", curve=name), values(rows, "length", curve=name))
            checks.append(Check(f"{name}: power of n", f"{power:.3g} (our card)", found, near(power, POWER)))
        return checks

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Length of the curve against length of the word."""
        series = {name: [(r["n"], r["length"]) for r in pick(rows, curve=name)] for name in ("rotation", *TASKS)}
        return Drawing("length of the word n", "length of the curve", series, log="xy")

    def counterfeit(self) -> Claim:
        """Curves that speed up."""
        return replace(self, steady=False)

    def quick(self) -> Claim:
        """Short words."""
        return replace(self, lengths=(4, 8), words=2)
