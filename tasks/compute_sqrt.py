"""Integer square root of a binary number. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product, zip_longest
from math import isqrt
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, Rule, symbols, when
from tasks.programs.lattice import empty, lattice
from tasks.task import IGNORE, Task
from tasks.words.bits import Bits

REST, ROOT = Register("rest", 1), Register("root", 1)  # the remainder in the place of the number, the root in its cells
OTHER = Register("other", 1)  # the difference has another bit here than the remainder
LEFT_GOING, BORROW, EDGE = Register("left", 1), Register("borrow", 1), Register("edge", 1)  # EDGE: where it turns
RIGHT_GOING, FITS, PLACE = Register("right", 1), Register("fits", 1), Register("place", 1)  # PLACE: second bit of the pair
HALF, START = Register("half", 2), Register("start", 2)  # first or second bit of a pair; START: 1 where a subtraction starts
OUT = Register("out", 3)  # the answer, and 2 where its next bit goes


@dataclass(frozen=True)
class ComputeSqrt(Task):
    """The largest integer whose square is at most the word, a big-endian number; ceil(n / 2) bits, big-endian.

    They stand in the first cells; the cells behind them have no answer. Samples: uniform over 1 .. 2^n - 1.

    isqrt(10) = 3:

    >>> ComputeSqrt().solve([0, 1, 0, 1, 0])
    [0, 1, 1, -100, -100]

    The method taught for paper takes two bits of the number for each bit of the root: with the root r so far and the
    remainder x, the next bit is 1 if 4r + 1 can be subtracted from 4x plus the two bits. Here x replaces the first bits of
    the number, and r stands in the same cells. A wave to the left subtracts; where x ends, the sign is known, and a wave to
    the right puts the difference in the place of x if it is not negative, and the next bit in the first cell that has none.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    inputs: ClassVar[str] = "all words but those of zeros only"
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound(
            "TC⁰: a power series, its terms iterated products",
            "Reif, Tate, SIAM J. Comput. 21 (1992); Hesse, Allender, Barrington, JCSS 65 (2002)",
        ),
        lower=Bound(
            "hard for TC⁰ under AC⁰ reductions: isqrt(4^(2m+3) + 8^(m+2) x) = 2^(2m+3) + 2^(m+2) x - x^2 for x^3 < 2^m",
            "Alt, Theoret. Comput. Sci. 36 (1985), for many more functions",
        ),
        chomsky="context-sensitive",
        depth="ceiling(n/2)**2 + 6*ceiling(n/2) + 2",
        curve="n**2",
    )

    def _valid(self, tokens: Tensor) -> Tensor:
        return tokens.any(1)

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All but the first, which is zeros."""
        return islice(product((0, 1), repeat=length), 1, None)

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        words = generator.integers(0, 2, (count, length))
        while len(zeros := (~words.any(1)).nonzero()):
            words[zeros[:, 0]] = generator.integers(0, 2, (len(zeros), length))
        return words

    def space(self, length: int) -> int:
        """All numbers but 0."""
        return 2**length - 1

    def _solve(self, word: list[int]) -> list[int]:
        cells = (len(word) + 1) // 2
        root = isqrt(int("".join(map(str, word)), 2))
        return [int(bit) for bit in f"{root:0{cells}b}"] + [IGNORE] * (len(word) - cells)

    def _target(self, tokens: Tensor) -> Tensor:
        pairs = torch.nn.functional.pad(tokens, (tokens.shape[1] % 2, 0)).unflatten(1, (-1, 2))
        zero, one = torch.zeros_like(tokens[:, 0]), torch.ones_like(tokens[:, 0])
        root: list[Tensor] = []  # bits, lowest first
        rest: list[Tensor] = []
        for high, low in pairs.permute(1, 2, 0):  # the new rest is 4 rest + 2 high + low, less 4 root + 1 if that is possible
            rest, less, borrow = [low, high, *rest], [], zero
            for x, y in zip_longest(rest, [one, zero, *root], fillvalue=zero):
                less.append(x - y - borrow & 1)
                borrow = (x < y + borrow).long()
            rest = [torch.where(borrow == 1, x, d) for x, d in zip(rest, less, strict=True)][: len(root) + 2]
            root = [1 - borrow, *root]
        answer = torch.full_like(tokens, IGNORE)
        answer[:, : len(root)] = torch.stack(root[::-1], 1)
        return answer

    def _program(self) -> Program:
        w = symbols(2)
        registers = [REST, ROOT, OTHER, LEFT_GOING, BORROW, EDGE, RIGHT_GOING, FITS, PLACE, HALF, START, OUT]
        load = [when(w(0)), when(w(1)).write(REST(0))]
        return lattice(2, registers, load, _first_pair() + _subtract() + _decide() + _next_pair(), Register("out", 2), _steps)


def _steps(cells: int) -> int:
    """For the k-th of the pairs, a wave over k cells and back."""
    pairs = (cells + 1) // 2
    return pairs**2 + 6 * pairs + 2


def _first_pair() -> list[Rule]:
    """Pairs are counted from the right; the first subtraction starts at the second bit of the first pair."""
    rules = [when(LAST).write(HALF(1))]
    for v in (0, 1):
        rules += [when(HALF(v, at=1)).write(HALF(1 - v))]
        rules += [when(FIRST, HALF(v), *empty(OUT)).write(START(v), EDGE(0), OUT(2))]
    return rules


def _subtract() -> list[Rule]:
    """A wave to the left takes 4 root + 1 from the rest, and moves the root by one cell to the right."""
    start = when(START(1), ~LEFT_GOING(0, at=1)).write(PLACE(0), OTHER(0), LEFT_GOING(0)).clear(START)
    wave = when(LEFT_GOING(0, at=1), ~EDGE(0, at=1))
    rules = [
        start.where(REST(0)),
        start.where(~REST(0)).write(BORROW(0)),
        wave.where(ROOT(0), BORROW(0, at=1)).write(BORROW(0)),
        wave.where(ROOT(0), ~ROOT(0, at=-1)).clear(ROOT),
        wave.where(~ROOT(0), ROOT(0, at=-1)).write(ROOT(0)),
        wave.write(LEFT_GOING(0)),
        when(LEFT_GOING(0)).clear(LEFT_GOING),
        when(BORROW(0)).clear(BORROW),
    ]
    for root, borrow in ((ROOT(0), ~BORROW(0, at=1)), (~ROOT(0), BORROW(0, at=1))):
        rules += [wave.where(root, borrow).write(OTHER(0)), wave.where(root, borrow, ~REST(0)).write(BORROW(0))]
    return rules


def _decide() -> list[Rule]:
    """It fits if nothing is left to borrow, or if the rest has one more bit. The wave back makes the difference the rest."""
    turn = when(LEFT_GOING(0), EDGE(0)).write(RIGHT_GOING(0))
    rules = [
        turn.where(~BORROW(0)).write(FITS(0)),
        turn.where(BORROW(0), REST(0, at=-1)).write(FITS(0)),
        turn.where(BORROW(0), ~REST(0, at=-1)),
        when(FITS(0), OTHER(0), REST(0)).clear(OTHER, REST),
        when(FITS(0), OTHER(0), ~REST(0)).write(REST(0)).clear(OTHER),
        when(RIGHT_GOING(0), ~FITS(0), OTHER(0)).clear(OTHER),
        when(FITS(0), OUT(2)).write(OUT(1)),
        when(RIGHT_GOING(0), ~FITS(0), OUT(2)).write(OUT(0)),
        when(OUT(0, at=-1)).write(OUT(2)),
        when(OUT(1, at=-1)).write(OUT(2)),
    ]
    for track in (RIGHT_GOING, FITS):
        rules += [when(track(0, at=-1), ~PLACE(0, at=-1), ~LEFT_GOING(0)).write(track(0)), when(track(0)).clear(track)]
    return rules


def _next_pair() -> list[Rule]:
    """The new bit joins the root at PLACE; the next place is two cells on, the next edge one, but for half a first pair."""
    return [
        when(FITS(0), PLACE(0), ~LEFT_GOING(0, at=1)).write(ROOT(0)),
        when(RIGHT_GOING(0), PLACE(0)).clear(PLACE),
        when(RIGHT_GOING(0, at=-1), PLACE(0, at=-1)).write(START(0)),
        when(START(0)).clear(START),
        when(START(0, at=-1), ~PLACE(0, at=-1)).write(START(1)),
        when(LEFT_GOING(0), EDGE(0), ~PLACE(0)).clear(EDGE),
        when(LEFT_GOING(0, at=-1), EDGE(0, at=-1), ~PLACE(0, at=-1)).write(EDGE(0)),
    ]
