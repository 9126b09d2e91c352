"""What is refused as a program, and why: the reason names the rule."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from tasks.programs.rules import ALIVE, INPUT, Literal, ProgramError, Register, Rule

Sizes = Mapping[str, int]  # of every register by name, `alive` and `input` too


def validate(sizes: Sizes, registers: Sequence[Register], rules: Sequence[Rule], output: Register, write_once: bool) -> None:
    """Refuse, with a ProgramError that names the rule, what is not a deterministic program of its kind."""
    names = [register.name for register in registers]
    for name in names:
        if names.count(name) > 1 or name in (ALIVE, INPUT):
            raise ProgramError(f"register {name!r} is declared twice; alive and input are always there")
    if sizes.get(output.name, 0) < output.size:
        raise ProgramError(f"output register {output.name!r} is not declared; declared: {', '.join(names)}")
    for number, rule in enumerate(rules):
        reason = _fault(sizes, rule) or (_not_write_once(rule) if write_once else None)
        if reason:
            raise ProgramError(f"rule {number} ({rule}): {reason}")
    for one, other in _conflicts(sizes, rules, write_once):
        raise ProgramError(
            f"non-deterministic: rule {one} ({rules[one]}) and rule {other} ({rules[other]}) "
            "can fire together and change the same register"
        )


def _fault(sizes: Sizes, rule: Rule) -> str | None:
    """Why a single rule is refused, or None."""
    for literal in rule.guard + rule.writes:
        if literal.register not in sizes:
            return f"register {literal.register!r} does not exist; there are {', '.join(sizes)}"
        if not 0 <= literal.value < sizes[literal.register]:
            return f"{literal.register} has values 0..{sizes[literal.register] - 1}, not {literal.value}"
        if literal.at not in (-1, 0, 1):
            return f"reads the neighbour {literal.at:+d}; only -1, 0, +1 are local"
    changed = rule.changed()
    if not changed:
        return "it writes nothing"
    for name in changed:
        if name in (ALIVE, INPUT) or name not in sizes:
            return f"{name!r} cannot be written; registers are {', '.join(list(sizes)[2:])}"
        if changed.count(name) > 1:
            return f"it writes register {name!r} twice"
    if any(not w.holds or w.at for w in rule.writes):
        return "a rule writes values of its own cell only"
    for name in rule.clears:
        if rule.old(name) is None:
            return f"it clears {name!r} without naming the value that it held"
    if not _Guard(rule.guard).consistent:
        return "its guard contradicts itself, so it can never fire"
    return None


def _not_write_once(rule: Rule) -> str | None:
    """Why a rule does not belong in a write-once program, or None."""
    for name in rule.changed():
        if rule.old(name) is not None:
            return f"it writes register {name!r} a second time, in a write-once program"
    for literal in rule.guard:
        if not literal.holds and literal.register not in (ALIVE, INPUT):
            return f"it reads where {literal.register!r} is not {literal.value}, which depends on the schedule"
    return None


def _conflicts(sizes: Sizes, rules: Sequence[Rule], write_once: bool) -> Iterator[tuple[int, int]]:
    """Pairs of rules that change the same register and whose guards can hold together.

    That a register is still empty excludes nothing in a write-once program: there the first rule would win by schedule.
    """
    writers: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for name in rule.changed():
            writers.setdefault(name, []).append(number)
    guards = [_Guard(rule.guard if write_once else rule.complete(sizes)) for rule in rules]
    for some in writers.values():
        yield from ((a, b) for a, b in combinations(some, 2) if not guards[a].excludes(guards[b]))


class _Guard:
    """A conjunction, sorted for the question whether it can hold together with another.

    Registers are one-hot, and what is set is set in a live cell.
    """

    def __init__(self, literals: Iterable[Literal]) -> None:
        literals = list(literals)
        self.values = {(g.register, g.at): g.value for g in literals if g.holds}
        self.refused = {(g.register, g.at, g.value) for g in literals if not g.holds}
        self.dead = {g.at for g in literals if g.register == ALIVE and not g.holds}
        single = all(self.values[g.register, g.at] == g.value for g in literals if g.holds)
        self.consistent = single and not self.refuses(self)

    def refuses(self, other: "_Guard") -> bool:
        """Whether a negative literal here contradicts a positive one there."""
        return any((*key, value) in self.refused or key[1] in self.dead for key, value in other.values.items())

    def excludes(self, other: "_Guard") -> bool:
        """Whether the two can never hold together."""
        differ = any(other.values.get(key, value) != value for key, value in self.values.items())
        return differ or self.refuses(other) or other.refuses(self)
