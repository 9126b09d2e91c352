"""The polynomial ODE of a write-once program: a polynomial initial value problem (a GPAC) with the same answers.

Every channel c of a register follows

    y_c' = (sum over the rules that write c of the product of their literals) - y_c,        y_c(0) = 0,

a polynomial system with integer coefficients whose degree is the largest number of literals. Since the rules read
registers only where they are set, y_c rises monotonically to the bit that the discrete ODE computes, and a channel that
stays 0 there is 0 here for all time. Along a sweep y_k' = y_{k-1} - y_k, so y_k(t) = P(Gamma(k, 1) <= t).
Polynomial ODEs compute exactly the functions of P in polynomial length: Bournez, Graca and Pouly, JACM 64 (2017).
"""

import sympy
import torch
from torch import Tensor
from torchdiffeq import odeint

from tasks.programs.dynamics import guard_index, literal_planes, products
from tasks.programs.program import Program
from tasks.programs.rules import ALIVE, ProgramError


class PolynomialODE:
    """Right-hand side `f(t, y)` for torchdiffeq, y: `[batch, channels, cells]`; raises ProgramError if rewriting."""

    def __init__(self, program: Program) -> None:
        if not program.write_once:
            raise ProgramError("a rewriting program has no polynomial ODE of its own; take that of its tableau")
        self.program = program
        self.guards = guard_index([program.taps(rule, implied=False) for rule in program.rules], program.channels)
        entries = [(k, c) for k, rule in enumerate(program.rules) for c in program.changes(rule)]
        self.rules, self.targets = torch.tensor(entries).T

    def __call__(self, t: Tensor | float, y: Tensor) -> Tensor:
        """y' of the system at y; the input channels stand still."""
        monomials = products(literal_planes(y), self.guards)
        decay = torch.zeros_like(y)
        decay[:, self.program.static_channels :] = -y[:, self.program.static_channels :]
        return decay.index_add_(1, self.targets, monomials[:, self.rules])

    def solve(self, tokens: Tensor, time: float, rtol: float = 1e-6, atol: float = 1e-9) -> Tensor:
        """y(time), float64 `[batch, channels, cells]`, by Dormand-Prince 5(4)."""
        start = self.program.encode(tokens).double()
        return odeint(self, start, torch.tensor([0.0, time]).double(), rtol=rtol, atol=atol)[-1]

    def answer(self, tokens: Tensor, time: float | None = None) -> Tensor:
        """Value of the output register that is largest at `time` (default 4 depth(n)), -1 where none has begun."""
        y = self.solve(tokens, 4.0 * self.program.depth(tokens.shape[1]) if time is None else time)
        output = y[:, self.program.outputs()]
        return torch.where(output.amax(1) > 1e-4, output.argmax(1), -1)


def equations(program: Program) -> dict[sympy.Indexed, sympy.Expr]:
    """The same system in sympy, `{y[i]: y[i]'}` for the channels of a cell i; `print_equations` shows it.

    y_v stands for "register y has value v"; alive and input_a are constants of the word, 0 outside of it.
    """
    if not program.write_once:
        raise ProgramError("a rewriting program has no polynomial ODE of its own; take that of its tableau")
    i = sympy.Symbol("i", integer=True)

    def variable(register: str, value: int, at: int = 0) -> sympy.Indexed:
        return sympy.IndexedBase(register if register == ALIVE else f"{register}_{value}")[i + at]

    registers = [(register.name, value) for register in program.registers for value in range(register.size)]
    system = {variable(name, value): -variable(name, value) for name, value in registers}
    for rule in program.rules:
        factors = [(variable(g.register, g.value, g.at), g.holds) for g in rule.guard]
        monomial = sympy.Mul(*(x if holds else 1 - x for x, holds in factors))
        for written in rule.writes:
            system[variable(written.register, written.value)] += monomial
    return system


def print_equations(program: Program) -> str:
    """The polynomial ODE as text, one equation a line."""
    return "\n".join(f"{y}' = {rhs}" for y, rhs in equations(program).items())
