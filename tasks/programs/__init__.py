"""Programs: the language of guarded rules, and what a program means: a discrete ODE, a polynomial ODE, a tableau.

`rules` is the language and `program` a program in it; `dynamics` is its discrete ODE, `validation` says what is refused and
why; `tableau` makes a rewriting program write-once, `polynomial` gives the polynomial ODE of a write-once one; `lattice` and
`machines` are building blocks of rewriting programs, `zoo` holds the Turing machines that ship with the suite, and `rotation`
counts by an analytic ODE.
"""

from tasks.programs.dynamics import Tap, decode
from tasks.programs.program import Program
from tasks.programs.rules import (
    ALIVE,
    FIRST,
    INPUT,
    LAST,
    LEFT,
    RIGHT,
    Literal,
    ProgramError,
    Register,
    Rule,
    symbols,
    when,
)

__all__ = [
    "ALIVE", "FIRST", "INPUT", "LAST", "LEFT", "RIGHT", "Literal", "Program", "ProgramError", "Register", "Rule", "Tap",
    "decode", "symbols", "when",
]  # fmt: skip
