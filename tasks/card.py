"""The complexity card of a task: where it stands on the ladder, what proves it, and what its program costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import sympy

LADDER = ("NC⁰", "AC⁰", "AC⁰[2]", "ACC⁰", "TC⁰", "NC¹", "L", "NL", "P")  # each inside the next, as far as is known
CHOMSKY = ("regular", "deterministic context-free", "context-sensitive")  # each strictly inside the next


class Bound(NamedTuple):
    """A bound on the complexity of a task, and where it is proved."""

    says: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """Complexity card. ValueError if `complexity` is not in LADDER, `chomsky` not in CHOMSKY, or a formula is no formula.

    `complexity`: the smallest class of LADDER known to hold the function; `upper` and `lower` prove it. `chomsky`: the
    smallest class of CHOMSKY that holds the language (for a function: of its words with their answers).
    `depth`: steps of the program on a word of n symbols, and layers of every network, a formula in n and the task's
    parameters; `cells`: how many cells that word takes; `curve`: growth of the length of the program's solution curve,
    a power of n. `learning`: what is known on the hardness of learning the task.
    """

    complexity: str
    upper: Bound
    lower: Bound
    chomsky: str
    depth: str
    curve: str
    cells: str = "n"
    learning: str = "not known"

    def __post_init__(self) -> None:
        for name, value, allowed in (("complexity", self.complexity, LADDER), ("chomsky", self.chomsky, CHOMSKY)):
            if value not in allowed:
                raise ValueError(f"card: {name}={value!r} is not allowed; allowed: {', '.join(allowed)}")
        for formula in (self.depth, self.cells, self.curve):
            _parsed(formula)

    @property
    def rung(self) -> int:
        """Place on the ladder, 0 at the bottom."""
        return LADDER.index(self.complexity)

    def value(self, formula: str, n: int, parameters: Mapping[str, object]) -> float:
        """One of the card's formulas at n, the task's parameters put in."""
        numbers = {name: value for name, value in parameters.items() if isinstance(value, int)}
        return float(_parsed(formula).subs(numbers | {"n": n}))


def _parsed(formula: str) -> sympy.Expr:
    """The formula in sympy; ValueError if it is none."""
    try:
        return sympy.sympify(formula, convert_xor=False)
    except (sympy.SympifyError, TypeError, SyntaxError):
        raise ValueError(f"card: {formula!r} is no formula in n; write `3*n + 2`, `n**2`, `ceiling(n/2)`") from None
