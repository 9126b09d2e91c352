"""What stops a solver that comes to no end: evaluations are counted, and now and then it is looked how much memory is free."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.solving import room
from models.solving.fixed import FIXED, Field, Time

EVERY = 64  # evaluations between two looks, each of which reads a file
LEAST, SHARE = 512 * 2**20, 20  # bytes to be left free; on a small machine a 20th of what was free at first


class SolverError(RuntimeError):
    """The solver gave up; one line that names the method, the time reached, the reason, and what is allowed."""


@dataclass
class Watch:
    """Counts the evaluations of F in one solution and remembers the last, to stop a solver and to say how far it came."""

    name: str
    method: str
    horizon: int
    most: int  # evaluations
    spent: int = 0
    t: Time = 0.0
    last: Tensor = field(default_factory=lambda: torch.zeros(()))
    least: int | None = None  # bytes to be left free; None before the first look

    def over(self, f: Field) -> Field:
        """The field; SolverError beyond so many evaluations of all of them, or if autograd leaves too little memory free."""

        def watched(t: Time, x: Tensor) -> Tensor:
            self.t, self.spent = t, self.spent + 1
            if self.spent > self.most:
                raise self.failure(f"max_evaluations={self.most} evaluations of F are spent")
            self.last = f(t, x)
            if self.spent % EVERY == 0 and self.last.requires_grad:
                self._look()
            return self.last

        return watched

    def _look(self) -> None:
        """SolverError if too little memory is free."""
        free = room.available(self.last.device.type)
        if free is None:
            return
        self.least = min(LEAST, free // SHARE) if self.least is None else self.least
        if free < self.least:
            sparing = "memory=checkpoint, adjoint=true, fewer words at a time"
            raise self.failure(f"what backward needs of {self.spent} evaluations leaves {free / 2**20:.0f} MB free", sparing)

    def failure(self, reason: str, instead: str = "") -> SolverError:
        """The error to raise; `instead` is allowed, too."""
        ways = f"smaller weights, a larger max_evaluations, rtol or atol, or a method with fixed steps ({', '.join(FIXED)})"
        if self.method in FIXED:
            ways = "a larger max_evaluations or step"
        reached = float(torch.as_tensor(self.t).detach())
        return SolverError(
            f"{self.name}: {self.method} gave up at t = {reached:.4g} of {self.horizon}, {reason}; "
            f"allowed: {f'{instead}, ' if instead else ''}{ways}"
        )
