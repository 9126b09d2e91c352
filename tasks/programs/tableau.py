"""The tableau of a rewriting program: the same computation with registers indexed by time (Cook-Levin), write-once.

Register r becomes r@1, ..., r@T, and r@(t+1) is written from the window of r@t around it. "Empty" becomes a value of its
own, since a write-once program may only read what is set. What a rule leaves alone must be copied, so the rules of a
register are spread into a decision tree over the window whose branches exclude each other: each leaf is one rule.
Width grows with T = depth(n), and one set of weights serves the words of at most `length` cells. Where depth depends on
n, every cell learns n first (a position counter sweeps right, its last value sweeps back) and reads row T(n).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tasks.programs.program import Program
from tasks.programs.rules import ALIVE, FIRST, INPUT, LAST, Literal, ProgramError, Register, Rule, when

Outcome = int | None  # the value of a register, None: empty
LARGEST = 10_000  # rules of a tableau that is still built: beyond, it is no use to a net, and takes minutes
Window = dict[tuple[str, int], Outcome]  # what is known of (register, neighbour); ("alive", +-1) is 1 or None


@dataclass(frozen=True)
class Leaf:
    """A branch of a decision tree: what it has seen of the window, and the value that follows."""

    seen: tuple[tuple[str, int, Outcome], ...]
    outcome: Outcome


def tableau(program: Program, length: int) -> Program:
    """Write-once program with the answers of `program` on all words of 1 to `length` cells.

    `depth` is that of `program`, or 2n where that is longer (n must be known before row T(n) is read). ProgramError if
    `program` is write-once already, if `length` < 1, or if the tableau has more than LARGEST rules.
    """
    if program.write_once:
        raise ProgramError("a write-once program needs no tableau")
    if length < 1:
        raise ProgramError(f"a tableau serves words of 1 to `length` cells; length is {length}, at least 1 is needed")
    depths = {n: program.depth(n) for n in range(1, length + 1)}
    rows = _rows(program, max(depths.values()))
    if sum(len(leaves) for row in rows for leaves in row.leaves.values()) > LARGEST:
        raise ProgramError(f"its tableau for words of {length} cells has more than {LARGEST} rules")
    registers = [register for row in rows for register in row.registers.values()]
    rules = [rule for row in rows for rule in row.rules()]
    if len(set(depths.values())) == 1:
        output, more, extra = Register(rows[-1].registers[program.output.name].name, program.output.size), [], 0
    else:
        lengths = [Register("position", length), Register("length", length)]
        output = Register("answer", program.output.size)
        more, extra = [*lengths, output], 2
        rules += _measure(*lengths)
        for n, depth in depths.items():
            rules += rows[depth - 1].rules(program.output.name, output, also=(lengths[1](n - 1),))
    return Program(program.alphabet, registers + more, rules, output, depth=lambda n: max(program.depth(n), extra * n))


@dataclass(frozen=True)
class _Row:
    """Time t of the tableau: its registers, and the leaves that lead to each of them from the row before."""

    registers: dict[str, Register]
    before: dict[str, Register]
    leaves: dict[str, list[Leaf]]
    sizes: dict[str, int]

    def rules(self, name: str | None = None, into: Register | None = None, also: tuple[Literal, ...] = ()) -> Iterator[Rule]:
        """The rules that fill this row; or only register `name`, written to `into`, where `also` holds."""
        for register in self.leaves if name is None else [name]:
            target = into or self.registers[register]
            for leaf in self.leaves[register]:
                if leaf.outcome is None and into is not None:
                    continue
                value = self.sizes[register] if leaf.outcome is None else leaf.outcome
                yield when(*map(self._literal, leaf.seen), *also).write(target(value))

    def _literal(self, seen: tuple[str, int, Outcome]) -> Literal:
        name, at, value = seen
        if name == ALIVE:
            return Literal(ALIVE, 0, at, holds=value is not None)
        if name == INPUT:
            return Literal(INPUT, value or 0, at)
        return self.before[name](self.sizes[name] if value is None else value, at)


def _rows(program: Program, count: int) -> list[_Row]:
    """Rows 1..count; a value that no leaf of the row before can leave behind is not branched over."""
    sizes = program.sizes
    names = [register.name for register in program.registers]
    domains: dict[str, tuple[Outcome, ...]] = dict.fromkeys(names, (None,))
    before: dict[str, Register] = {}
    seen: dict[tuple[tuple[Outcome, ...], ...], dict[str, list[Leaf]]] = {}
    rows = []
    for t in range(1, count + 1):
        key = tuple(domains.values())
        if key not in seen:
            seen[key] = {name: list(islice(_leaves(program, name, domains), LARGEST + 1)) for name in names}
        registers = {name: Register(f"{name}@{t}", sizes[name] + 1) for name in names}
        rows.append(_Row(registers, before, seen[key], sizes))
        domains = {name: _ordered({leaf.outcome for leaf in leaves}) for name, leaves in seen[key].items()}
        before = registers
    return rows


def _ordered(values: set[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(values, key=lambda value: -1 if value is None else value))


def _leaves(program: Program, name: str, domains: dict[str, tuple[Outcome, ...]]) -> Iterator[Leaf]:
    """Decision tree for the next value of register `name`, over windows whose registers lie in `domains`."""
    full = domains | {INPUT: tuple(range(program.alphabet)), ALIVE: (None, 1)}
    rules = [(program.guard(rule), _outcome(rule, name)) for rule in program.rules if name in rule.changed()]

    def grow(window: Window, rules: list[tuple[list[Literal], Outcome]]) -> Iterator[Leaf]:
        rules = [(guard, outcome) for guard, outcome in rules if _possible(guard, window, full)]
        unknown = Counter((g.register, g.at) for guard, _ in rules for g in guard if (g.register, g.at) not in window)
        if not rules and (name, 0) not in window:
            unknown[name, 0] = 1
        if not unknown:  # the one rule that fires, or none: then the register keeps its value
            yield Leaf(_evidence(window, domains), rules[0][1] if rules else window[name, 0])
            return
        register, at = max(unknown, key=lambda variable: (unknown[variable], variable[1] == 0))
        if at and (ALIVE, at) not in window:
            register = ALIVE
        for value in full[register]:
            known = window | {(register, at): value}
            if register == ALIVE and value is None:
                known |= {(other, at): None for other in full if other != ALIVE}
            yield from grow(known, rules)

    fixed: Window = {
        (register, at): values[0]
        for register, values in domains.items()
        for at in (-1, 0, 1)
        if len(values) == 1 and (at == 0 or values[0] is None)
    }
    yield from grow(fixed | {(ALIVE, 0): 1}, rules)


def _outcome(rule: Rule, name: str) -> Outcome:
    return next((w.value for w in rule.writes if w.register == name), None)


def _possible(guard: Sequence[Literal], window: Window, domains: dict[str, tuple[Outcome, ...]]) -> bool:
    """Whether a guard can hold in what is known of the window, every register keeping to its domain."""
    variables: dict[tuple[str, int], list[Literal]] = {}
    for literal in guard:
        variables.setdefault((literal.register, literal.at), []).append(literal)
    for (register, at), literals in variables.items():
        known = (register, at) in window
        values = (window[register, at],) if known else domains[register] + ((None,) if at else ())
        if not any(all(_holds(literal, value) for literal in literals) for value in values):
            return False
    return True


def _holds(literal: Literal, value: Outcome) -> bool:
    truth = value is not None if literal.register == ALIVE else value == literal.value
    return truth == literal.holds


def _evidence(window: Window, domains: dict[str, tuple[Outcome, ...]]) -> tuple[tuple[str, int, Outcome], ...]:
    """What a branch has seen and a rule must read: not what is always so, nor the registers of a dead neighbour."""
    dead = {at for (register, at), value in window.items() if register == ALIVE and value is None}
    return tuple(
        (register, at, value)
        for (register, at), value in window.items()
        if not (register == ALIVE and at == 0)
        and not (register != ALIVE and at in dead)
        and not (register in domains and domains[register] == (None,))
    )


def _measure(position: Register, length: Register) -> Iterator[Rule]:
    """Every cell learns the number of cells, minus one: `position` sweeps right, `length` back from the last cell."""
    top = position.size
    yield when(FIRST).write(position(0))
    yield when(FIRST, LAST).write(length(0))
    for k in range(top - 1):
        yield when(position(k, at=-1)).write(position(k + 1))
        yield when(position(k, at=-1), LAST).write(length(k + 1))
    yield from (when(length(k, at=1)).write(length(k)) for k in range(top))
