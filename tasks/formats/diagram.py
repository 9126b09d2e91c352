"""What JFLAP draws: states, one of them initial, some final, and transitions between them."""

from typing import NamedTuple

from tasks.formats import Fault
from tasks.formats.xml import Element


class Diagram(NamedTuple):
    """States by name, the first of them initial; those that are final; and for every transition its element, from and to."""

    states: list[str]
    final: set[str]
    transitions: list[tuple[Element, str, str]]


def diagram(automaton: Element) -> Diagram:
    """States and transitions; `Fault` where they do not fit together."""
    drawn, names = automaton.all("state", "block"), dict[str, str]()
    for state in drawn:
        number = state.attributes.get("id", "")
        if number in names or not number:
            raise Fault(state.line, f"a state with the id {number!r}; ids must be there, and differ")
        if inner := next((one for one in automaton.all(state.said("tag") or "") if one.all("state", "block")), None):
            raise Fault(inner.line, "a building block with a machine in it; states must be plain")
        name = "_".join(state.attributes.get("name", f"q{number}").split()) or f"q{number}"
        names[number] = name if name not in names.values() else f"{name}.{number}"
    initial = [state for state in drawn if state.all("initial")]
    if len(initial) != 1:
        raise Fault(automaton.line, f"{len(initial)} initial states; there must be one")
    first = names[initial[0].attributes["id"]]
    transitions = []
    for transition in automaton.all("transition"):
        ends = [transition.said(end) or "" for end in ("from", "to")]
        for end in ends:
            if end not in names:
                raise Fault(transition.line, f"a transition from or to the state {end!r}, which is not there")
        transitions.append((transition, names[ends[0]], names[ends[1]]))
    states = [first, *(name for name in names.values() if name != first)]
    return Diagram(states, {names[state.attributes["id"]] for state in drawn if state.all("final")}, transitions)


def symbol(transition: Element, tag: str, special: str = "") -> str:
    """What a transition says there: one character, or none."""
    said = transition.said(tag) or ""
    if len(said) > 1 or said in [*special]:
        raise Fault(transition.line, f"{tag} {said!r}; it must be one character, or none, and no shorthand")
    return said
