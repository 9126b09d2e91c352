"""The standard text of busy beavers: `1RB1LB_1LA0LC_1RH1LD_1RD0RA`, a group for each state and in it a triple for each symbol.

States are A, B, ... in the order of the groups, symbols 0, 1, ..., of which 0 is the blank. A triple is what is written, the
move and the next state; `H` or `Z`, where it is no group, halts, and so does `---`, which stands for a
transition that was left open: it is read as `1RH`, the halt that loses no step and no mark. See wiki.bbchallenge.org.
Lines that begin with `#` or `;` are comments; one machine a file.
"""

import re

from tasks.formats import Fault, Found

TRIPLE = r"[0-9][LR][A-Z]|---"
OPEN = ("1", "R", "H")


def recognises(text: str) -> bool:
    """Whether the first line that is no comment begins with a triple and has no blank space in it."""
    said = _lines(text)
    return bool(said) and re.match(r"([0-9A-Za-z][LRlr][A-Za-z]|---)\S*$", said[0][1]) is not None


def read(text: str) -> Found:
    """The machine of the text, on a two-way infinite tape of zeros."""
    (line, said), *more = _lines(text)
    if more:
        raise Fault(more[0][0], "a second machine; one machine a file")
    return Found("turing", parameters(said, line))


def parameters(said: str, line: int = 1) -> dict[str, object]:
    """`table`, `tape` and `blank` of the machine of one line; `Fault` if there is none."""
    groups = said.split("_")
    states, wide = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(groups)], len(groups[0]) // 3
    if len(groups) > 26 or not 2 <= wide <= 10:
        raise Fault(line, f"{len(groups)} states and {wide} symbols; there are up to 26 states and 2 to 10 symbols")
    table = []
    for state, group in zip(states, groups, strict=True):
        triples = re.findall(TRIPLE, group)
        if "".join(triples) != group or len(triples) != wide:
            raise Fault(line, f"state {state}: {group!r} is not {wide} triples such as 1RB or ---")
        for symbol, triple in enumerate(triples):
            write, move, after = OPEN if triple == "---" else triple
            if int(write) >= wide:
                raise Fault(line, f"state {state}: {triple!r} writes a symbol without a column; there are 0..{wide - 1}")
            if after not in states and after not in "HZ":
                raise Fault(line, f"state {state}: {triple!r} goes to {after}; there are {states}, and H or Z to halt")
            table.append(f"{state} {symbol} -> {write} {move} {after if after in states else 'halt'}")
    return {"table": table, "tape": "0123456789"[:wide], "blank": "0"}


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that are neither empty nor comments, with their numbers."""
    every = enumerate((line.strip() for line in text.splitlines()), 1)
    return [(number, line) for number, line in every if line and line[0] not in "#;"]
