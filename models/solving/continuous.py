"""Architectures in continuous time, x' = f(t, x) on [0, depth], one unit of time a layer."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.architecture import Blocks, Cells, Layered, Layers, NotRealizable, Reference, State
from models.lowering.settling import most_read, settling
from models.solving.adaptive import ADAPTIVE, integrate, largest
from models.solving.fixed import FIXED, Field
from models.solving.watch import Watch
from tasks.discover import chosen, ranged
from tasks.programs import Program

FINEST = 1e-15  # tolerance: less is no error in any precision


@dataclass(frozen=True)
class Continuous(Layered):
    """x' = field(F), F a block; with untied weights F is piecewise constant in time, another block in every unit.

    `method`: a fixed-step method (euler, midpoint, heun2, rk4; at most `step` units of time a step) or an adaptive one of
    torchdiffeq (dopri5, dopri8, bosh3, adaptive_heun; `rtol` and `atol` hold for each channel of each cell). `adjoint`:
    gradients by the adjoint equation instead of through the solver. Its memory does not grow with depth where weights are tied;
    of untied layers, and every `span` units, a state is kept. These gradients are as good as the solution is stable backwards,
    and those of `memory=checkpoint` are exact. SolverError beyond `max_evaluations` of F, before memory is spent, or if an
    adaptive method meets a state that is not finite or a step of 0; with fixed steps it overflows, for whoever reads it to tell
    (training and scoring do).
    """

    method: str = chosen("dopri5", *FIXED, *list(ADAPTIVE)[1:])
    step: float = ranged(1.0, 1e-6, 1)  # less is lost when it is added to a state in single precision
    rtol: float = ranged(1e-3, FINEST, 1)
    atol: float = ranged(1e-4, FINEST, 1)
    adjoint: bool = False
    max_evaluations: int = ranged(100_000, 1, 10**9)

    rewrites: ClassVar[bool] = False
    span: ClassVar[int | None] = None  # units through which the adjoint equation finds states again; None: all
    why_tableau: ClassVar[str] = "an autonomous ODE has no lockstep, so a rewriting program must be write-once"
    stiffness: ClassVar[int] = 1  # the fastest rate at which a reference's registers settle, in multiples of its speed

    def field(self, blocks: Blocks, depth: int) -> Field:
        """(t, x) -> x', which a layer's blocks give up to the horizon `depth`; F(x) unless a subclass says so."""
        (F,) = blocks
        return lambda t, x: F(x)

    @property
    def memories(self) -> tuple[str, ...]:
        """With the adjoint equation nothing is kept that could be made less."""
        return ("store",) if self.adjoint else ("store", "checkpoint")

    @property
    def steps(self) -> int:
        """Steps a unit of a method with fixed steps."""
        return math.ceil(1 / self.step)

    @property
    def calls(self) -> int:
        """Evaluations a unit, one call of a block each; with an adaptive method those of a step."""
        return self.steps * FIXED[self.method].stages if self.method in FIXED else ADAPTIVE[self.method]

    def states(self, x: Cells, layers: Layers) -> Iterator[Tensor]:
        """The states at `layers.points` times a unit, or with fixed steps after each unit (fewer than 2 points) or step."""
        return self._path(self.first(x)[0], layers, range(layers.depth), layers.points)

    def through(self, state: State, layers: Layers, numbers: range) -> State:
        """The solution after these units of time; an adaptive solver starts anew in the first, and counts from 0 again."""
        (x,) = state
        for after in self._path(x, layers, numbers, points=0):
            x = after
        return (x,)

    def watch(self, horizon: int) -> Watch:
        """What stops the solver of one solution up to that time."""
        return Watch(self.name, self.method, horizon, self.max_evaluations)

    def _path(self, x: Tensor, layers: Layers, numbers: range, points: int) -> Iterator[Tensor]:
        watch, first, stop = self.watch(layers.depth), numbers.start, numbers.stop
        while first < stop:  # weights that repeat are integrated in one go, if nothing else happens to x
            blocks = layers[first]
            last = first + 1
            while last < stop and layers[last][0] is blocks[0] and layers.after is None:
                last += 1
            path = self.solve(blocks, self.field(blocks, layers.depth), x, first, last, watch, points)
            if layers.after:
                *between, x = path
                path = iter([*between, layers.after(x)])
            for x in path:  # state by state: a path of many points takes much memory
                yield x
            first = last

    def solve(
        self, blocks: Blocks, field: Field, x: Tensor, first: int, last: int, watch: Watch, points: int
    ) -> Iterator[Tensor]:
        """The solution from x at time `first`, at the times after it up to `last`; gradients reach the blocks."""
        watched, fixed = watch.over(field), FIXED.get(self.method)
        if fixed and not self.adjoint:
            for k in range(first * self.steps, last * self.steps):
                x = fixed.advance(watched, k / self.steps, x, 1 / self.steps)
                if points > 1 or (k + 1) % self.steps == 0:
                    yield x
            return
        asked = torch.linspace(first, last, (last - first) * points + 1) if points else self._ends(first, last)
        times = asked.to(x.device, torch.promote_types(x.dtype, torch.float32))
        settings = {"rtol": self.rtol, "atol": self.atol, "method": self.method}
        options = {"step_size": 1 / self.steps} if fixed else {"norm": largest}
        yield from integrate(watch, watched, x, times, blocks if self.adjoint else None, settings | {"options": options})

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

    def lower(self, program: Program) -> Reference:
        """The field that settles at the fixed point of a write-once program, times a speed."""
        return Reference(program, [settling(program)], scale=self.speed(most_read(program)))
