"""Finite automata from what people write: lines with named states, regular expressions, nondeterministic automata."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

LARGEST = 256  # states


class Automaton(NamedTuple):
    """`table[state][symbol]` is the next state, `start` the first; `accepting` is empty where the states are the answers."""

    table: list[list[int]]
    start: int
    accepting: frozenset[int]


def of_lines(lines: Sequence[str], symbols: str) -> tuple[list[str], list[list[int]]]:
    """The names of the states, and the table, of lines `state symbol -> state`; ValueError at a bad one.

    The symbol `*` is any that the state's other lines leave open.
    """
    moves: dict[tuple[str, str], str] = {}
    for line in lines:
        match line.split():
            case [state, symbol, "->", after] if symbol == "*" or symbol in symbols:
                if (state, symbol) in moves:
                    raise ValueError(f"line {line!r}: two lines for state {state!r} on symbol {symbol!r}")
                moves[state, symbol] = after
            case _:
                raise ValueError(f"line {line!r} is not `state symbol -> state` with a symbol of {symbols!r}, or *")
    names = list(dict.fromkeys(state for state, _ in moves))
    for after in moves.values():
        if after not in names:
            raise ValueError(f"no line for state {after!r}; there are lines for {', '.join(names)}")
    table = []
    for state in names:
        for symbol in symbols:
            if not {(state, symbol), (state, "*")} & moves.keys():
                raise ValueError(f"missing transition: state {state!r} on symbol {symbol!r}")
        table.append([names.index(moves.get((state, symbol)) or moves[state, "*"]) for symbol in symbols])
    return names, table


def of_regex(regex: str, symbols: str) -> Automaton:
    """The minimal automaton of a regular expression over these symbols; ValueError if greenery cannot read it.

    Its states are numbered as a search by breadth meets them, so they depend on the language only. States from which no
    word is accepted are one state, too.
    """
    try:
        from greenery import parse
    except ImportError:
        raise ValueError("regex needs the package greenery: pip install greenery") from None
    try:
        read = parse(regex)
        foreign = {c for part in read.to_fsm().alphabet if not part.negated for c in part.get_chars()} - {*symbols}
        machine = read.to_fsm().intersection(parse(f"[{_quoted(symbols)}]*").to_fsm()).reduce()
    except Exception as error:  # of several kinds
        raise ValueError(f"regex={regex!r} cannot be read: {' '.join(str(error).split())}") from None
    if literal := sorted(c for c in foreign if c in regex):
        raise ValueError(f"regex={regex!r} speaks of {literal[0]!r}, which is not among the symbols {symbols!r}")

    def step(state: Any, symbol: str) -> Hashable:
        return next(after for letters, after in machine.map[state].items() if letters.accepts(symbol))

    return explored(machine.initial, symbols, step, machine.finals.__contains__)


def _quoted(symbols: str) -> str:
    return "".join(f"\\{c}" if c in "\\]-^[" else c for c in symbols)


def explored(
    start: Hashable, symbols: Iterable[str], step: Callable[[Hashable, str], Hashable], accepts: Callable[[Hashable], bool]
) -> Automaton:
    """The part of an automaton that can be reached, its states numbered by a search by breadth; ValueError if it is large."""
    number, table = {start: 0}, list[list[int]]()
    for state in (order := [start]):
        row = [step(state, symbol) for symbol in symbols]
        for after in row:
            if after not in number:
                number[after] = len(number)
                order.append(after)
        if len(number) > LARGEST:
            raise ValueError(f"more than {LARGEST} states")
        table.append([number[after] for after in row])
    return Automaton(table, 0, frozenset(number[state] for state in order if accepts(state)))


def determined(
    moves: Mapping[tuple[str, str], set[str]], start: str, accepting: set[str], symbols: str
) -> tuple[list[frozenset[str]], Automaton]:
    """Sets of states of a nondeterministic automaton, and the deterministic one on them; a move on "" reads nothing."""

    def closed(states: Iterable[str]) -> frozenset[str]:
        found = [*states]
        for state in found:
            found += [after for after in sorted(moves.get((state, ""), ())) if after not in found]
        return frozenset(found)

    sets = dict[Hashable, None]()

    def step(states: Hashable, symbol: str) -> frozenset[str]:
        assert isinstance(states, frozenset)
        return closed({after for state in states for after in moves.get((state, symbol), ())})

    def accepts(states: Hashable) -> bool:
        assert isinstance(states, frozenset)
        sets[states] = None
        return bool(states & accepting)

    found = explored(closed({start}), symbols, step, accepts)
    return [states for states in sets if isinstance(states, frozenset)], found
