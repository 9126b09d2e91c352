"""Neural ODE: x' = F(x) on [0, depth]. Chen, Rubanova, Bettencourt, Duvenaud, NeurIPS 2018; solvers of torchdiffeq."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import torch
from torch import Tensor
from torchdiffeq import odeint, odeint_adjoint

from models.architecture import Architecture, Blocks, ModelError, NotRealizable, Reference
from models.block import Weights, lower
from tasks.program import Program

Field = Callable[[Tensor], Tensor]


def euler(f: Field, x: Tensor, h: float) -> Tensor:
    """x + h f(x)."""
    return x + h * f(x)


def midpoint(f: Field, x: Tensor, h: float) -> Tensor:
    """x + h f(x + h/2 f(x))."""
    return x + h * f(x + h / 2 * f(x))


def heun2(f: Field, x: Tensor, h: float) -> Tensor:
    """x + h/2 (k1 + f(x + h k1))."""
    k1 = f(x)
    return x + h / 2 * (k1 + f(x + h * k1))


def rk4(f: Field, x: Tensor, h: float) -> Tensor:
    """The classical method of order 4 (Kutta 1901)."""
    k1 = f(x)
    k2 = f(x + h / 2 * k1)
    k3 = f(x + h / 2 * k2)
    k4 = f(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


FIXED = {"euler": euler, "midpoint": midpoint, "heun2": heun2, "rk4": rk4}  # torchdiffeq's write in place: no vmap
ADAPTIVE = ("dopri5", "dopri8", "bosh3", "adaptive_heun")


class SolverError(RuntimeError):
    """The solver gave up: its evaluation cap is spent, or its step underflows; one line."""


@dataclass(frozen=True)
class NeuralODE(Architecture):
    """One unit of time a layer; with untied weights F is piecewise constant in time.

    `method`: a fixed-step method (euler, midpoint, heun2, rk4; at most `step` units of time a step) or an adaptive one of
    torchdiffeq (dopri5, dopri8, bosh3, adaptive_heun; `rtol`, `atol`). `adjoint`: gradients by the adjoint equation instead
    of through the solver. `max_evaluations`: SolverError beyond.

    The field of a write-once program computes in the limit; along a sweep the k-th register is P(Gamma(k, 1) <= s) at
    time s; channels that stay 0 in the program stay 0. V is scaled so that time `depth` is enough.
    """

    method: str = "dopri5"
    step: float = 1.0
    rtol: float = 1e-3
    atol: float = 1e-4
    adjoint: bool = False
    max_evaluations: int = 100_000

    blocks: ClassVar[int] = 1
    rewrites: ClassVar[bool] = False
    why_tableau: ClassVar[str] = "an autonomous ODE has no lockstep, so a rewriting program must be write-once"

    def __post_init__(self) -> None:
        if self.method not in (*FIXED, *ADAPTIVE):
            allowed = ", ".join((*FIXED, *ADAPTIVE))
            raise ModelError(f"neural_ode: method={self.method!r} is not allowed; allowed: {allowed}")
        if not 0 < self.step <= 1:
            raise ModelError(f"neural_ode: step={self.step} is not allowed; allowed: 0 < step <= 1")

    def states(
        self,
        x: Tensor,
        layer: Callable[[int], Blocks],
        depth: int,
        generator: torch.Generator | None = None,
        points: int = 1,
    ) -> Iterator[Tensor]:
        """The states at `points` times a unit, or with fixed steps after each unit (`points` = 1) or step."""
        spent = count(1)

        def limited(F: Field) -> Field:
            def field(x: Tensor) -> Tensor:
                if next(spent) > self.max_evaluations:
                    raise SolverError(
                        f"neural_ode: {self.method} needs more than max_evaluations={self.max_evaluations} evaluations of F"
                    )
                return F(x)

            return field

        if self.method in FIXED and not self.adjoint:
            advance, steps = FIXED[self.method], math.ceil(1 / self.step)
            for k in range(depth):
                field = limited(layer(k)[0])
                for number in range(1, steps + 1):
                    x = advance(field, x, 1 / steps)
                    if points > 1 or number == steps:
                        yield x
            return
        first = 0
        while first < depth:  # weights that repeat are integrated in one go
            (F,) = layer(first)
            last = first + 1
            while last < depth and layer(last)[0] is F:
                last += 1
            path = self._integrate(F, limited(F), x, torch.linspace(first, last, (last - first) * points + 1))
            yield from path[1:]
            x, first = path[-1], last

    def _integrate(self, F: Field, field: Field, x: Tensor, times: Tensor) -> Tensor:
        """States at `times` by torchdiffeq, `[times, batch, width, cells]`; gradients reach the parameters of F."""
        times = times.to(x.device, torch.promote_types(x.dtype, torch.float32))
        options = {"step_size": 1 / math.ceil(1 / self.step)} if self.method in FIXED else None
        try:
            if not self.adjoint:
                return odeint(lambda t, x: field(x), x, times, rtol=self.rtol, atol=self.atol, method=self.method)
            return odeint_adjoint(
                lambda t, x: field(x), x, times, rtol=self.rtol, atol=self.atol, method=self.method, options=options,
                adjoint_params=tuple(F.parameters()) if isinstance(F, torch.nn.Module) else (),
            )  # fmt: skip
        except AssertionError as error:
            raise SolverError(f"neural_ode: {self.method} failed: {error}") from None

    def lower(self, program: Program) -> Reference:
        """F(y) = (sum over rules of their clipped guards) - y on the registers, times a speed.

        Two units clip a guard to [0, 1]. A rule that reads m > 1 registers clips with gain 3 around m - 1/2, so that
        registers within 1/(3m) of a bit give exactly a bit: without it, errors of the solver grow m-fold a row.
        """
        guards = lower(program, implied=False)
        registers_read = self._reads(program)
        gain = torch.tensor([3.0 if reads > 1 else 1.0 for reads in registers_read])
        U, b = gain[:, None, None] * guards.U, gain * guards.b - (gain - 1) / 2
        fixed, channels = program.static_channels, program.channels
        decay = torch.zeros(channels - fixed, channels, 3)
        decay[:, fixed:, 1] = torch.eye(channels - fixed)
        field = Weights(
            torch.cat([U, U, decay]),
            torch.cat([b, b - 1, torch.zeros(channels - fixed)]),
            torch.cat([guards.V, -guards.V, -decay[:, :, 1].T], 1),
        )
        return Reference(program, [field], scale=self._speed(max(registers_read)))

    def _reads(self, program: Program) -> list[int]:
        """How many registers each rule reads."""
        return [sum(tap.holds and not tap.static for tap in program.taps(rule)) for rule in program.rules]

    def _speed(self, reads: int) -> float:
        """Factor on V such that time depth(n) is enough.

        A register follows the `reads` ones that its rule waits for after a time of about 1, or ln(3 reads) where a guard
        is clipped with gain 3; the speed is twice that. A fixed step is not to overshoot: at most 1 / step. Euler's method
        with speed 1 / step is the discrete ODE, exactly.
        """
        if self.method == "euler":
            return 1 / self.step
        speed = 2 * (math.log(3 * reads) if reads > 1 else 1.0)
        if self.method in ADAPTIVE or speed * self.step <= 1:
            return speed
        if reads > 1:
            raise NotRealizable(
                f"{self.method} with step={self.step} overshoots on rules that read {reads} registers; "
                f"allowed: step <= {1 / speed:.2g}, euler, or an adaptive method"
            )
        return 1 / self.step
