"""Architectures in continuous time, x' = f(t, x) on [0, depth], one unit of time a layer, and the methods that solve them.

Fixed steps are written out here (torchdiffeq's write in place, which vmap does not allow); adaptive ones and the adjoint
equation are those of torchdiffeq (Chen, Rubanova, Bettencourt, Duvenaud, NeurIPS 2018).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torchdiffeq import odeint, odeint_adjoint

from models.architecture import Blocks, Layered, ModelError, NotRealizable, State, within
from tasks.discover import module_name

Branch = Callable[[Tensor], Tensor]
Time = float | Tensor
Field = Callable[[Time, Tensor], Tensor]  # f(t, x) of x' = f(t, x)


def euler(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """x + h f(t, x)."""
    return x + h * f(t, x)


def midpoint(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """x + h f(t + h/2, x + h/2 f(t, x))."""
    return x + h * f(t + h / 2, x + h / 2 * f(t, x))


def heun2(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """x + h/2 (k1 + f(t + h, x + h k1))."""
    k1 = f(t, x)
    return x + h / 2 * (k1 + f(t + h, x + h * k1))


def rk4(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """The classical method of order 4 (Kutta 1901)."""
    k1 = f(t, x)
    k2 = f(t + h / 2, x + h / 2 * k1)
    k3 = f(t + h / 2, x + h / 2 * k2)
    k4 = f(t + h, x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


FIXED = {"euler": euler, "midpoint": midpoint, "heun2": heun2, "rk4": rk4}
ADAPTIVE = ("dopri5", "dopri8", "bosh3", "adaptive_heun")


def largest(error: Tensor) -> Tensor:
    """The largest absolute value: tolerances hold for every channel of every cell, however many are at rest."""
    return error.abs().max()


class SolverError(RuntimeError):
    """The solver gave up; one line that names the method, the time reached, the reason, and what is allowed."""


class Watch:
    """Counts the evaluations of F in one solution and remembers the last, to stop a solver and to say how far it came."""

    def __init__(self, architecture: "Continuous", horizon: int) -> None:
        self.architecture, self.horizon, self.spent = architecture, horizon, 0
        self.t: Time = 0.0

    def over(self, field: Field) -> Field:
        """The field; SolverError beyond `max_evaluations` of all of them."""

        def watched(t: Time, x: Tensor) -> Tensor:
            self.t, self.spent = t, self.spent + 1
            if self.spent > self.architecture.max_evaluations:
                raise self.failure(f"max_evaluations={self.architecture.max_evaluations} evaluations of F are spent")
            self.last = field(t, x)
            return self.last

        return watched

    def failure(self, reason: str) -> SolverError:
        """The error to raise."""
        made = self.architecture
        reached = float(torch.as_tensor(self.t).detach())
        others = f"smaller weights, a larger max_evaluations, rtol or atol, or a method with fixed steps ({', '.join(FIXED)})"
        way = "a larger max_evaluations or step" if made.method in FIXED else others
        return SolverError(
            f"{module_name(made)}: {made.method} gave up at t = {reached:.4g} of {self.horizon}, {reason}; allowed: {way}"
        )


@dataclass(frozen=True)
class Continuous(Layered):
    """x' = field(F), F a block; with untied weights F is piecewise constant in time, another block in every unit.

    `method`: a fixed-step method (euler, midpoint, heun2, rk4; at most `step` units of time a step) or an adaptive one of
    torchdiffeq (dopri5, dopri8, bosh3, adaptive_heun; `rtol` and `atol` hold for each channel of each cell). `adjoint`:
    gradients by the adjoint equation, in memory that does not grow with depth, instead of through the solver: they are as good
    as the solution is stable backwards, and those of `memory=checkpoint` are exact. SolverError beyond `max_evaluations` of F,
    or if an adaptive method meets a state that is not finite or a step of 0; with fixed steps it overflows, for whoever
    reads it to tell (training and scoring do).
    """

    method: str = "dopri5"
    step: float = 1.0
    rtol: float = 1e-3
    atol: float = 1e-4
    adjoint: bool = False
    max_evaluations: int = 100_000

    blocks: ClassVar[int] = 1
    rewrites: ClassVar[bool] = False
    span: ClassVar[int | None] = None  # units through which the adjoint equation finds states again; None: all
    why_tableau: ClassVar[str] = "an autonomous ODE has no lockstep, so a rewriting program must be write-once"
    stiffness: ClassVar[int] = 1  # the fastest rate at which a reference's registers settle, in multiples of its speed

    def __post_init__(self) -> None:
        name = module_name(self)
        if self.method not in (*FIXED, *ADAPTIVE):
            allowed = ", ".join((*FIXED, *ADAPTIVE))
            raise ModelError(f"{name}: method={self.method!r} is not allowed; allowed: {allowed}")
        within(name, "step", self.step, 1e-6, 1)  # less is lost when it is added to a state in single precision
        for option, value in (("rtol", self.rtol), ("atol", self.atol)):
            within(name, option, value, 1e-15, 1)  # less is no error in any precision; channels at rest have no other scale
        within(name, "max_evaluations", self.max_evaluations, 1, 10**9)

    def field(self, F: Branch, depth: int) -> Field:
        """The right-hand side (t, x) -> x' that a block F gives up to the horizon `depth`; F(x) unless a subclass says so."""
        return lambda t, x: F(x)

    def fields(self, blocks: Blocks, depth: int) -> Field:
        """The same of a layer's blocks; of its one block unless a subclass has more."""
        (F,) = blocks
        return self.field(F, depth)

    @property
    def memories(self) -> tuple[str, ...]:
        """With the adjoint equation nothing is kept that could be made less."""
        return ("store",) if self.adjoint else ("store", "checkpoint")

    def states(
        self,
        x: Tensor,
        layer: Callable[[int], Blocks],
        depth: int,
        generator: torch.Generator | None = None,
        points: int = 1,
    ) -> Iterator[Tensor]:
        """The states at `points` times a unit, or with fixed steps after each unit (`points` < 2) or step."""
        return self._path(self.first(x)[0], layer, range(depth), depth, points)

    def through(
        self,
        state: State,
        layer: Callable[[int], Blocks],
        numbers: range,
        depth: int,
        generator: torch.Generator | None = None,
    ) -> State:
        """The solution after these units of time; an adaptive solver starts anew in the first, and counts from 0 again."""
        (x,) = state
        for after in self._path(x, layer, numbers, depth, points=0):
            x = after
        return (x,)

    def _path(self, x: Tensor, layer: Callable[[int], Blocks], numbers: range, depth: int, points: int) -> Iterator[Tensor]:
        watch, first, stop = Watch(self, depth), numbers.start, numbers.stop
        while first < stop:  # weights that repeat are integrated in one go
            blocks = layer(first)
            last = first + 1
            while last < stop and layer(last)[0] is blocks[0]:
                last += 1
            for x in self.solve(blocks, self.fields(blocks, depth), x, first, last, watch, points):  # noqa: B020
                yield x
            first = last

    def solve(
        self, blocks: Blocks, field: Field, x: Tensor, first: int, last: int, watch: Watch, points: int
    ) -> Iterator[Tensor]:
        """The solution from x at time `first`, at the times after it up to `last`; gradients reach the blocks."""
        watched = watch.over(field)
        if self.method in FIXED and not self.adjoint:
            advance, steps = FIXED[self.method], math.ceil(1 / self.step)
            for k in range(first * steps, last * steps):
                x = advance(watched, k / steps, x, 1 / steps)
                if points > 1 or (k + 1) % steps == 0:
                    yield x
            return
        asked = torch.linspace(first, last, (last - first) * points + 1) if points else self._ends(first, last)
        times = asked.to(x.device, torch.promote_types(x.dtype, torch.float32))
        options = {"step_size": 1 / math.ceil(1 / self.step)} if self.method in FIXED else {"norm": largest}
        try:
            if self.adjoint:
                path = odeint_adjoint(
                    watched, x, times, rtol=self.rtol, atol=self.atol, method=self.method, options=options,
                    adjoint_params=tuple(p for F in blocks if isinstance(F, torch.nn.Module) for p in F.parameters()),
                )  # fmt: skip
            else:
                path = odeint(watched, x, times, rtol=self.rtol, atol=self.atol, method=self.method, options=options)
        except AssertionError:  # of torchdiffeq: x is not finite, or its step has become 0
            finite = watch.last.isfinite().all()
            raise watch.failure("its step underflows" if finite else "the state is not finite") from None
        yield from path[1:]

    def _ends(self, first: int, last: int) -> Tensor:
        """The times at which a state is kept when only the last is asked for."""
        return torch.tensor([*range(first, last, self.span if self.adjoint and self.span else last - first), last])

    def speed(self, reads: int) -> float:
        """Factor on the field of a reference such that time depth(n) is enough, if its rules read at most `reads` registers.

        A register follows the `reads` ones that its rule waits for after a time of about 1, or ln(3 reads) where a guard
        is clipped with gain 3; the speed is twice that. A fixed step is not to overshoot: at most 1 / step. Euler's method
        with speed 1 / step is the discrete ODE, exactly. NotRealizable if the step is too large.
        """
        most, wanted = 1 / (self.stiffness * self.step), 2 * (math.log(3 * reads) if reads > 1 else 1.0)
        if self.method in ADAPTIVE:
            return wanted
        least = wanted if reads > 1 and self.method != "euler" else 1.0
        if most < least:
            raise NotRealizable(
                f"{self.method} with step={self.step} overshoots on rules that read {reads} registers; "
                f"allowed: step <= {1 / (self.stiffness * least):.2g}, euler with step <= {1 / self.stiffness:.2g}, "
                "or an adaptive method"
            )
        return most if self.method == "euler" else min(wanted, most)
