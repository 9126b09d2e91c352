"""Tomita's seven grammars, on which the learning of regular languages is tried since his paper, by their minimal automata.

M. Tomita, Dynamic construction of finite automata from examples using hill-climbing, Proc. 4th Conf. Cognitive Science Society
(1982). State 0 is the first; `table[state][symbol]` is the next.
"""

from typing import NamedTuple

from tasks.card import Bound

VOLLMER = "Vollmer, Introduction to Circuit Complexity (1999), section 1.1"
ALL = Bound("not in NC⁰: an answer depends on all symbols", VOLLMER)
PARITY = "Furst, Saxe, Sipser, Math. Systems Theory 17 (1984); Håstad, STOC 1986"
SMOLENSKY = "Razborov, Math. Notes 41 (1987); Smolensky, STOC 1987"


class Grammar(NamedTuple):
    """Which words it has, its automaton, its accepting states, the class of its word problem, and what bounds that."""

    says: str
    table: list[list[int]]
    accepting: set[int]
    complexity: str
    upper: Bound
    lower: Bound


def _simple(says: str, table: list[list[int]], accepting: set[int], why: str) -> Grammar:
    return Grammar(says, table, accepting, "AC⁰", Bound(f"AC⁰: {why}", VOLLMER), ALL)


GRAMMARS = {
    "tomita1": _simple("1*", [[1, 0], [1, 1]], {0}, "an AND"),
    "tomita2": _simple("(10)*", [[1, 2], [1, 1], [0, 1]], {0}, "neighbours differ, the first is 1 and the last 0"),
    "tomita3": _simple(
        "no odd number of ones in a row that an odd number of zeros follows",
        [[0, 1], [2, 0], [3, 4], [2, 1], [4, 4]],
        {0, 1, 3},
        "an OR over the places where two such blocks begin and end, whose parities say how long they are",
    ),
    "tomita4": _simple("no 000", [[1, 0], [2, 0], [3, 0], [3, 3]], {0, 1, 2}, "an OR over places"),
    "tomita5": Grammar(
        "an even number of zeros, and of ones", [[1, 2], [0, 3], [3, 0], [2, 1]], {0},
        "AC⁰[2]", Bound("AC⁰[2]: two parities", "Smolensky, STOC 1987"), Bound("not in AC⁰: it holds parity", PARITY),
    ),
    "tomita6": Grammar(
        "as many zeros as ones, modulo 3", [[1, 2], [2, 0], [0, 1]], {0},
        "ACC⁰", Bound("ACC⁰: a gate modulo 3", SMOLENSKY), Bound("not in AC⁰[p] for a prime p other than 3", SMOLENSKY),
    ),
    "tomita7": _simple("0*1*0*1*", [[0, 1], [2, 1], [2, 3], [4, 3], [4, 4]], {0, 1, 2, 3}, "an OR over four places"),
}  # fmt: skip
