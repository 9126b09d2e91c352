"""JFLAP's .jff files: Turing machines, finite and pushdown automata. See jflap.org.

Turing machines have one tape without ends; they accept in a final state, where they stop, and reject where no transition is.
The blank, an empty `read` or `write`, becomes `_`. Finite automata may be nondeterministic; they are determined here, and
answer whether each prefix is accepted. Pushdown automata are in `formats.pushdown`.
"""

from tasks.formats import Fault, Found, pushdown
from tasks.formats.diagram import Diagram, diagram, symbol
from tasks.formats.xml import parsed
from tasks.programs.automata import determined

BLANK = "_"
SPECIAL = "~!,{}=*_"  # shorthands of JFLAP for several symbols, and what means something else in our tables


def recognises(text: str) -> bool:
    """Whether it is XML."""
    return text.lstrip().startswith("<")


def read(text: str) -> Found:
    """The machine of the file; `Fault`, with the line, if it is none that we have."""
    root = parsed(text)
    if root.tag != "structure":
        raise Fault(root.line, f"the root is <{root.tag}>; a file of JFLAP has <structure>")
    kind = root.said("type")
    readers = {"turing": turing, "turingbb": turing, "fa": finite, "pda": pushdown.read}
    if kind not in readers:
        raise Fault(root.line, f"type {kind!r}; there are {', '.join(readers)}")
    if (root.said("tapes") or "1") != "1":
        raise Fault(root.all("tapes")[0].line, "several tapes; there is one")
    return readers[kind](diagram(next(iter(root.all("automaton")), root)))


def turing(drawn: Diagram) -> Found:
    """A Turing machine: its final states accept, and where nothing is said it rejects."""
    moves, symbols = dict[tuple[str, str], str](), {BLANK}
    for transition, before, after in drawn.transitions:
        seen, written = (symbol(transition, tag, SPECIAL) or BLANK for tag in ("read", "write"))
        move = transition.said("move") or ""
        if move not in ("L", "R", "S"):
            raise Fault(transition.line, f"move {move!r}; moves are L, R and S")
        if (before, seen) in moves:
            raise Fault(transition.line, f"a second transition from {before} on {seen!r}; the machine must be deterministic")
        symbols |= {seen, written}
        moves[before, seen] = f"{written} {move} {'accept' if after in drawn.final else _named(after)}"
    tape = "".join(sorted(symbols - {BLANK})) + BLANK
    running = [state for state in drawn.states if state not in drawn.final] or [drawn.states[0]]
    if drawn.states[0] in drawn.final:
        raise Fault(0, "the initial state is final; the machine would accept everything, without a step")
    table = [f"{_named(state)} {seen} -> {moves.get((state, seen), f'{seen} S reject')}" for state in running for seen in tape]
    return Found("turing", {"table": table, "tape": tape, "blank": BLANK})


def _named(state: str) -> str:
    """The states of ours that halt have names that no other may have."""
    return f"{state}." if state.rstrip(".") in ("halt", "accept", "reject") else state


def finite(drawn: Diagram) -> Found:
    """A finite automaton, determined: its states are sets of states, those that accept have one that does."""
    moves = dict[tuple[str, str], set[str]]()
    for transition, before, after in drawn.transitions:
        moves.setdefault((before, symbol(transition, "read", "*")), set()).add(after)
    letters = "".join(sorted({seen for _, seen in moves} - {""}))
    if not letters:
        raise Fault(0, "no transition reads a symbol")
    if not drawn.final:
        raise Fault(0, "no state is final")
    try:
        sets, found = determined(moves, drawn.states[0], drawn.final, letters)
    except ValueError as error:
        raise Fault(0, str(error)) from None
    names = ["{" + ",".join(sorted(states)) + "}" if len(states) != 1 else next(iter(states)) for states in sets]
    lines = [
        f"{names[state]} {letter} -> {names[after]}"
        for state, row in enumerate(found.table)
        for letter, after in zip(letters, row, strict=True)
    ]
    accepting = [names[state] for state in sorted(found.accepting)]
    if not accepting:
        raise Fault(0, "no final state can be reached")
    return Found("automaton", {"moves": lines, "symbols": letters, "start": names[0], "accepting": accepting})
