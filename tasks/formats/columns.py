"""Tables of the common web simulators: five columns `state read write move state`, on a two-way infinite tape.

`;` begins a comment, `_` is the blank. Read, as a state or a symbol, `*` stands for each one without a line of its own: a line
for state and symbol goes before one for the state, and that before one for the symbol. Written or gone to, it means no change.
Moves are l, r and * (stay). States that begin with `halt` halt: `halt-accept` and `halt-reject` say so. Where there is no line,
the machine halts as it is. It starts in state 0, or in `start` if there is no 0, or else in the first line's. A `!` behind a
line (a break point) means nothing here. See morphett.info/turing.
"""

from collections.abc import Iterator
from itertools import product

from tasks.formats import Fault, Found

BLANK = "_"
MOVES = {"l": "L", "r": "R", "*": "S", "s": "S"}
HALTS = {"halt-accept": "accept", "halt-reject": "reject", "accept": "accept", "reject": "reject"}
Entry = tuple[str, str, str, str, str]


def recognises(text: str) -> bool:
    """Whether some line has five columns, and a move in the fourth."""
    return any(len(parts) == 5 and parts[3].lower() in MOVES for _, parts in _lines(text))


def read(text: str) -> Found:
    """The machine of the table; `Fault` at the first line that is none."""
    table: dict[tuple[str, str], Entry] = {}
    for number, parts in _lines(text):
        entry = _entry(number, parts)
        if entry[:2] in table:
            raise Fault(number, f"a second line for state {entry[0]} on symbol {entry[1]}; one of them is needed")
        table[entry[0], entry[1]] = entry
    own = list(dict.fromkeys(state for state, _ in table if state != "*"))
    if not own:
        raise Fault(0, "no line is for a state")
    start = next((state for state in ("0", "start") if state in own), own[0])
    states = [start, *(state for state in own if state != start)]
    _check_targets(text, states, wild=any(state == "*" for state, _ in table))
    tape = "".join(sorted({symbol for entry in table.values() for symbol in entry[1:3]} - {"*", BLANK})) + BLANK
    lines = [line for state in states for line in _resolved(state, tape, table, states)]
    return Found("turing", {"table": lines, "tape": tape, "blank": BLANK})


def _resolved(state: str, tape: str, table: dict[tuple[str, str], Entry], states: list[str]) -> Iterator[str]:
    """The lines of a state for every symbol, without wildcards."""
    for symbol in tape:
        keys = product((state, "*"), (symbol, "*"))
        _, _, write, move, after = next((table[key] for key in keys if key in table), (state, symbol, "*", "S", "halt"))
        to = _named(state if after == "*" else after, states)
        yield f"{_named(state, states)} {symbol} -> {symbol if write == '*' else write} {move} {to}"


def _named(state: str, states: list[str]) -> str:
    """The name of a state in our lines: those that halt have three names, and a state that runs may not have one of them."""
    if state not in states:
        return HALTS.get(state, "halt")
    if state in ("accept", "reject") or (state.endswith("_") and state.rstrip("_") in ("accept", "reject")):
        return state + "_"
    return state


def _entry(number: int, parts: list[str]) -> Entry:
    """The columns of a line; `Fault` if they are not five, or a symbol or a move is none."""
    if len(parts) != 5:
        raise Fault(number, f"{len(parts)} columns; there are five, `state read write move state`")
    state, read, write, move, after = parts
    for symbol in (read, write):
        if len(symbol) != 1 or symbol == "=":
            raise Fault(number, f"symbol {symbol!r}; a symbol is one character, and not =")
    if move.lower() not in MOVES:
        raise Fault(number, f"move {move!r}; moves are l, r and *")
    if state.startswith("halt"):
        raise Fault(number, f"a line for {state!r}; states that begin with halt have none")
    return state, read, write, MOVES[move.lower()], after


def _check_targets(text: str, states: list[str], wild: bool) -> None:
    """`Fault` if a line goes to a state that has no line and is none that halts; unless lines for `*` serve it."""
    for number, (*_, after) in _lines(text):
        if after in states or after == "*" or after.startswith("halt") or after in HALTS:
            continue
        if not wild:
            raise Fault(number, f"goes to state {after!r}, for which there is no line; states that halt begin with halt")
        states.append(after)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and columns of the lines that are neither empty nor comments."""
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.partition(";")[0].split()
        if parts and parts[-1] == "!":
            parts.pop()
        if parts:
            yield number, parts
