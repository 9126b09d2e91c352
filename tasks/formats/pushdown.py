"""JFLAP's pushdown automata as ours, which are deterministic, read a letter in every move, and push or pop one symbol.

JFLAP's bottom symbol Z is our empty stack, so a move must leave it where it is. A word is accepted in a final state behind its
last letter; there a move that reads nothing may lead to a final state, if that is where it ends.
"""

from tasks.formats import Fault, Found
from tasks.formats.diagram import Diagram, symbol
from tasks.formats.xml import Element

BOTTOM = "Z"
Case = tuple[str, str, str]


def read(drawn: Diagram) -> Found:
    """The automaton; `Fault` at the first transition that is none of ours."""
    lines, ends, said = list[str](), dict[tuple[str, str], str](), dict[Case, Element]()
    busy = {before for _, before, _ in drawn.transitions}
    letters, stack = set[str](), set[str]()
    for transition, before, after in drawn.transitions:
        letter, top = symbol(transition, "read", "*"), symbol(transition, "pop", "*")
        _once(said, (before, letter, top), transition)
        shown = {"": "*", BOTTOM: "empty"}.get(top, top)
        if not letter:
            if after not in drawn.final or after in busy:
                raise Fault(transition.line, "a move that reads nothing; only one that ends in a final state can be read")
            ends[before, shown] = "accept keep"
            stack |= {top} - {"", BOTTOM}
            continue
        does = _action(transition, top)
        letters.add(letter)
        stack |= {*does.split()[1:], top} - {"", BOTTOM}
        lines.append(f"{before} {letter} {shown} -> {after} {does}")
    if not letters:
        raise Fault(0, "no transition reads a letter")
    ends |= {(state, "*"): "accept keep" for state in drawn.final}
    ends = {(q, top): action for (q, top), action in ends.items() if top == "*" or (q, "*") not in ends}
    lines += [f"{state} end {top} -> {action}" for (state, top), action in ends.items()]
    lines.sort(key=lambda line: line.split()[0] != drawn.states[0])  # our first state is that of the first line
    if lines[0].split()[0] != drawn.states[0]:
        raise Fault(0, "no transition leaves the initial state")
    for line in [*lines]:  # a state that only stops has a line of ours, too
        after = line.split()[4]
        if after not in ("accept", "reject", *(one.split()[0] for one in lines)):
            lines.append(f"{after} end * -> reject keep")
    if {"accept", "reject", "end"} & {line.split()[0] for line in lines}:
        raise Fault(0, "a state is called accept, reject or end; these names have another meaning here")
    return Found("pushdown", {"table": lines, "letters": "".join(sorted(letters)), "stack": "".join(sorted(stack)) or "A"})


def _once(said: dict[Case, Element], case: Case, transition: Element) -> None:
    """`Fault` if another transition can be made in the same case."""
    state, letter, top = case
    for other, read, popped in said:
        if other == state and read == letter and (popped == top or "" in (popped, top)):
            raise Fault(
                transition.line,
                f"two transitions from {state} on {letter or 'nothing'} and {top or 'any top'}, also that of "
                f"line {said[other, read, popped].line}; it must be deterministic",
            )
    said[case] = transition


def _action(transition: Element, top: str) -> str:
    """What is done to the stack, in our words: pop `top`, then push a text whose first symbol ends on top."""
    pushed = "".join((transition.said("push") or "").split())
    if pushed == top:
        return "keep"
    if top == "":
        return _one(transition, pushed, f"push {pushed}")
    if top == BOTTOM or pushed.endswith(top):
        if not pushed.endswith(top):
            raise Fault(transition.line, f"it takes the bottom symbol {BOTTOM} away; that must stay")
        return _one(transition, pushed[:-1], f"push {pushed[:-1]}")
    return _one(transition, pushed, f"swap {pushed}") if pushed else "pop"


def _one(transition: Element, pushed: str, action: str) -> str:
    if len(pushed) != 1 or pushed in (BOTTOM, "*"):
        raise Fault(transition.line, f"it pushes {pushed!r} at once; one symbol can be pushed, and not {BOTTOM}")
    return action
