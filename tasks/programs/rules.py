"""The language of programs: registers, literals on a cell and its neighbours, and guarded rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

ALIVE, INPUT = "alive", "input"


class ProgramError(ValueError):
    """A program that cannot be what it claims; the message names the rule and the reason."""


@dataclass(frozen=True)
class Literal:
    """`register = value` at the neighbour `at` in {-1, 0, +1}; with `holds=False` its negation. `~` negates."""

    register: str
    value: int
    at: int = 0
    holds: bool = True

    def __invert__(self) -> "Literal":
        return replace(self, holds=not self.holds)

    def __str__(self) -> str:
        cell = {-1: "[i-1]", 0: "[i]", 1: "[i+1]"}.get(self.at, f"[i{self.at:+d}]")
        if self.register == ALIVE:
            return f"{'' if self.holds else 'no '}cell {cell[1:-1]}"
        return f"{self.register}{cell} {'=' if self.holds else '≠'} {self.value}"


@dataclass(frozen=True)
class Register:
    """A one-hot group of `size` channels; calling it gives a literal, `q(v, at=-1)`: "q is v at the left neighbour"."""

    name: str
    size: int

    def __call__(self, value: int, at: int = 0) -> Literal:
        """The literal "this register is `value` at neighbour `at`"."""
        return Literal(self.name, int(value), at)


def symbols(alphabet: int) -> Register:
    """The input symbol of a cell, to be read in guards; it is never written."""
    return Register(INPUT, alphabet)


LEFT, RIGHT = Literal(ALIVE, 0, -1), Literal(ALIVE, 0, +1)  # there is a left, a right neighbour
FIRST, LAST = ~LEFT, ~RIGHT


@dataclass(frozen=True)
class Rule:
    """Where every literal of `guard` holds: the registers of `writes` take their values, those of `clears` none."""

    guard: tuple[Literal, ...]
    writes: tuple[Literal, ...] = ()
    clears: tuple[str, ...] = ()

    def where(self, *literals: Literal) -> "Rule":
        """The rule whose guard also asks for these literals."""
        return replace(self, guard=self.guard + literals)

    def write(self, *values: Literal) -> "Rule":
        """The rule that also writes these values, `write(q(1))`."""
        return replace(self, writes=self.writes + values)

    def clear(self, *registers: Register) -> "Rule":
        """The rule that also empties these registers; the guard must say what they held."""
        return replace(self, clears=self.clears + tuple(register.name for register in registers))

    def changed(self) -> list[str]:
        """Names of the registers that the rule changes."""
        return [literal.register for literal in self.writes] + list(self.clears)

    def old(self, register: str) -> int | None:
        """The value of `register` in this cell that the guard names, or None."""
        values = [g.value for g in self.guard if (g.register, g.at, g.holds) == (register, 0, True)]
        return values[0] if values else None

    def complete(self, sizes: Mapping[str, int]) -> list[Literal]:
        """The guard with its implied literals: a register that is written without naming its old value is empty."""
        free = [name for name in self.changed() if self.old(name) is None]
        empty = [~Literal(name, value) for name in free for value in range(sizes[name])]
        return list(dict.fromkeys(self.guard + tuple(empty)))

    def __str__(self) -> str:
        action = [f"{w.register}[i] := {w.value}" for w in self.writes] + [f"clear {name}[i]" for name in self.clears]
        return f"{' ∧ '.join(map(str, self.guard)) or 'always'} → {', '.join(action) or 'nothing'}"


def when(*guard: Literal) -> Rule:
    """The rule with this guard and no action yet: `when(a, b).write(c)`."""
    return Rule(guard)


def channel_sizes(alphabet: int, registers: Sequence[Register]) -> dict[str, int]:
    """Size of every register by name, `alive` and `input` first: the channels of a cell in order."""
    return {ALIVE: 1, INPUT: alphabet} | {register.name: register.size for register in registers}
