"""Turing machines that ship with the suite: tables, running times, typical words, and what is known of what they compute."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks.card import Bound

SIMPLE = "Vollmer, Introduction to Circuit Complexity (1999), section 1.1"
RUN = Bound("P: T(n) steps of a machine with one tape", "Cook, STOC 1971")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A table on the symbols of a tape (see `tasks.turing`), and `steps(n)`, its running time T on n cells.

    Typical words: one of the patterns `words(n)`, all equally likely, with a uniform letter of `letters` at every `*`;
    all patterns of one length have the same number of `*`. The bounds speak of the tape after a run on a typical word.
    """

    does: str
    symbols: str
    table: tuple[str, ...]
    steps: Callable[[Any], Any]  # of an int, or of a sympy symbol: then it is the formula on the card
    words: Callable[[int], list[str]] = lambda n: ["*" * n]
    letters: str = "01"
    blank: str = ""  # of a tape that is infinite both ways; without, the word is the tape
    complexity: str = "P"
    upper: Bound = RUN
    lower: Bound
    chomsky: str = "context-sensitive"
    curve: str = "n"


ALL_BITS = Bound("not in NC⁰: an answer depends on all symbols", SIMPLE)
CARRY = Bound("AC⁰: a bit changes if all bits before it are 1 (or 0, to subtract)", SIMPLE)
THRESHOLD = Bound("NC⁰: a cell changes if it is the first blank, or the last 1", SIMPLE)
LOCAL = Bound("not constant: the answer depends on the word", SIMPLE)
ONE_TAPE = "it takes one tape order n^2 steps"
BEAVERS = "uncomputable, over all tables, in their number of states; nothing is known of one table on n cells"


def bits(n: int) -> list[str]:
    """Any bits, and a blank behind them."""
    return ["*" * (n - 1) + "_"]


def unary(n: int) -> list[str]:
    """Every number of ones below n, and blanks behind them."""
    return ["1" * a + "_" * (n - a) for a in range(n)]


def word_to_copy(n: int) -> list[str]:
    """A word, its end, and as many blanks as there are symbols, or one more."""
    end = ("#" + "_" * (n // 2))[: n - 1]
    return [end.rjust(n, "*")]


def products(n: int) -> list[str]:
    """Both factors and enough blanks for their product, 1^a x 1^b # with (a + 1)(b + 1) < n; one cell only has a blank."""
    pairs = [(a, b) for a in range(n) for b in range((n - 1) // (a + 1))]
    return [("1" * a + "x" + "1" * b + "#").ljust(n, "_") for a, b in pairs] or ["_"]


MACHINES = {
    "increment": Machine(
        does="adds 1 to a binary number, least significant bit first, with one blank cell for the overflow",
        symbols="01_",
        table=("carry 0 -> 1 S halt", "carry 1 -> 0 R carry", "carry _ -> 1 S halt"),
        steps=lambda n: 2 * n,
        words=bits,
        complexity="AC⁰", upper=CARRY, lower=ALL_BITS, chomsky="regular",
    ),
    "palindrome": Machine(
        does="eats a word from both ends and writes Y and accepts if it is a palindrome; else it writes N and rejects",
        symbols="01_YN",
        table=(
            "start 0 -> _ R end0", "start 1 -> _ R end1", "start _ -> Y S accept", "start * -> = S reject",
            "end0 0 -> 0 R end0", "end0 1 -> 1 R end0", "end0 _ -> _ L is0", "end0 * -> = S reject",
            "end1 0 -> 0 R end1", "end1 1 -> 1 R end1", "end1 _ -> _ L is1", "end1 * -> = S reject",
            "is0 0 -> _ L back", "is0 _ -> Y S accept", "is0 * -> N S reject",
            "is1 1 -> _ L back", "is1 _ -> Y S accept", "is1 * -> N S reject",
            "back 0 -> 0 L back", "back 1 -> 1 L back", "back _ -> _ R start", "back * -> = S reject",
        ),
        steps=lambda n: n * (n + 1) // 2 + n + 1,
        words=bits,
        complexity="AC⁰",
        upper=Bound("AC⁰: an OR over the first pair of symbols that differ", SIMPLE),
        lower=Bound(f"not in NC⁰, and {ONE_TAPE}", "Hennie, Information and Control 8 (1965)"),
        chomsky="deterministic context-free",
        curve="n**2",
    ),
    "copier": Machine(
        does="turns w# and blanks into w#w",
        symbols="01#_ab",
        table=(
            "start 0 -> a R carry0", "start 1 -> b R carry1", "start # -> # L restore", "start * -> = S halt",
            "carry0 0 -> 0 R carry0", "carry0 1 -> 1 R carry0", "carry0 # -> # R carry0", "carry0 _ -> 0 L return",
            "carry0 * -> = S halt",
            "carry1 0 -> 0 R carry1", "carry1 1 -> 1 R carry1", "carry1 # -> # R carry1", "carry1 _ -> 1 L return",
            "carry1 * -> = S halt",
            "return 0 -> 0 L return", "return 1 -> 1 L return", "return # -> # L return", "return a -> a R start",
            "return b -> b R start", "return * -> = S halt",
            "restore a -> 0 L restore", "restore b -> 1 L restore", "restore * -> = S halt",
        ),
        steps=lambda n: n * (n + 1) // 2 + 2 * n,
        words=word_to_copy,
        complexity="NC⁰",
        upper=Bound("NC⁰: each symbol of the answer is one of the word", "Delétang et al., ICLR 2023"),
        lower=Bound(f"{ONE_TAPE}: n/2 symbols cross n/2 cells", "Hennie, Information and Control 8 (1965)"),
        curve="n**2",
    ),
    "beaver": Machine(
        does="the busy beaver with 3 states and most ones, on a random bounded tape",
        symbols="01",
        table=("A 0 -> 1 R B", "A 1 -> 1 R halt", "B 0 -> 0 R C", "B 1 -> 1 R B", "C 0 -> 1 L C", "C 1 -> 1 L A"),
        steps=lambda n: 3 * n,
        lower=Bound(BEAVERS, "Lin and Rado, J. ACM 12 (1965)"),
    ),
    "beaver2": Machine(
        does="the busy beaver with 2 states, on a random bounded tape, where it soon halts",
        symbols="01",
        table=("A 0 -> 1 R B", "A 1 -> 1 L B", "B 0 -> 1 L A", "B 1 -> 1 R halt"),
        steps=lambda n: 2 * n,
        complexity="NC⁰",
        upper=Bound("NC⁰: from the end of a tape it halts in 4 steps", "the machine: Rado, Bell System Tech. J. 41 (1962)"),
        lower=LOCAL,
        chomsky="regular",
    ),
    "beaver4": Machine(
        does="the busy beaver with 4 states, on a random bounded tape",
        symbols="01",
        table=(
            "A 0 -> 1 R B", "A 1 -> 1 L B", "B 0 -> 1 L A", "B 1 -> 0 L C",
            "C 0 -> 1 R halt", "C 1 -> 1 L D", "D 0 -> 1 R D", "D 1 -> 0 R A",
        ),
        steps=lambda n: 3 * n,
        lower=Bound(BEAVERS, "Brady, Mathematics of Computation 40 (1983)"),
    ),
    "beaver5": Machine(
        does="the busy beaver with 5 states, which takes 47,176,870 steps on a blank tape, on a random bounded tape",
        symbols="01",
        table=(
            "A 0 -> 1 R B", "A 1 -> 1 L C", "B 0 -> 1 R C", "B 1 -> 1 R B", "C 0 -> 1 R D", "C 1 -> 0 L E",
            "D 0 -> 1 L A", "D 1 -> 1 L D", "E 0 -> 1 R halt", "E 1 -> 0 L A",
        ),
        steps=lambda n: 3 * n,
        lower=Bound(BEAVERS, "Marxen and Buntrock, Bulletin of the EATCS 40 (1990)"),
    ),
    "universal": Machine(
        does="Wolfram's universal machine with 2 states and 3 symbols, which never halts, on a random bounded tape",
        symbols="012",
        table=("A 0 -> 1 R B", "A 1 -> 2 L A", "A 2 -> 1 L A", "B 0 -> 2 L A", "B 1 -> 2 R B", "B 2 -> 0 R A"),
        steps=lambda n: 3 * n,
        letters="012",
        lower=Bound("universal on an infinite tape, suitably filled", "Smith, Complex Systems 29 (2020), written in 2007"),
    ),
    "unary_increment": Machine(
        does="writes a 1 on the first blank",
        symbols="1_",
        table=("walk 1 -> 1 R walk", "walk _ -> 1 S halt"),
        steps=lambda n: n,
        words=unary,
        letters="",
        complexity="NC⁰", upper=THRESHOLD, lower=LOCAL, chomsky="regular",
    ),
    "unary_decrement": Machine(
        does="erases the last 1 before the first blank; 0 - 1 is 0",
        symbols="1_",
        table=("walk 1 -> 1 R walk", "walk _ -> _ L erase", "erase * -> _ S halt"),
        steps=lambda n: n + 1,
        words=unary,
        letters="",
        complexity="NC⁰", upper=THRESHOLD, lower=LOCAL, chomsky="regular",
    ),
    "decrement": Machine(
        does="subtracts 1 from a binary number, least significant bit first, before a blank; 0 - 1 is all ones",
        symbols="01_",
        table=("borrow 0 -> 1 R borrow", "borrow 1 -> 0 S halt", "borrow _ -> _ S halt"),
        steps=lambda n: n,
        words=bits,
        complexity="AC⁰", upper=CARRY, lower=ALL_BITS, chomsky="regular",
    ),
    "multiplication": Machine(
        does="turns 1^a x 1^b # and blanks into 1^a x 1^b # 1^ab",
        symbols="1x#_y",
        table=(
            "start 1 -> y R over", "start x -> x L restore", "start * -> = S halt",
            "over 1 -> 1 R over", "over x -> x R next", "over * -> = S halt",
            "next 1 -> y R put", "next # -> # L clean", "next * -> = S halt",
            "put 1 -> 1 R put", "put # -> # R put", "put _ -> 1 L return", "put * -> = S halt",
            "return 1 -> 1 L return", "return # -> # L return", "return y -> y R next", "return * -> = S halt",
            "clean y -> 1 L clean", "clean x -> x L back", "clean * -> = S halt",
            "back 1 -> 1 L back", "back y -> y R start", "back * -> = S halt",
            "restore y -> 1 L restore", "restore * -> = S halt",
        ),
        steps=lambda n: n * (n + 1),
        words=products,
        letters="",
        complexity="AC⁰",
        upper=Bound("AC⁰: an OR over the places of x and #", SIMPLE),
        lower=ALL_BITS,
        curve="n**2",
    ),
}  # fmt: skip
