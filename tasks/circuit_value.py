"""Values of all gates of a layered Boolean circuit. Circuit value: Ladner, SIGACT News 7 (1975)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import isqrt
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import RIGHT, Program, Register, symbols, when
from tasks.programs.lattice import empty, lattice
from tasks.task import IGNORE, Task
from tasks.words.bits import Bits

SEPARATOR, SAME, FROM_LEFT, FROM_RIGHT, NAND = range(2, 7)


@dataclass(frozen=True)
class CircuitValue(Task):
    """The value of every gate; separators have no answer. With `scored: last`, the value of the last gate.

    A word is m input bits (0, 1), then layers, each a separator (2) and m gates. Gate j reads the layer before it at j - 1,
    j and j + 1, where wires outside carry 0: 3 takes the value of j, 4 that of j - 1, 5 that of j + 1, and 6 is the nand of
    j and j + 1. Wires that move and nands of neighbours lay out every planar circuit, so this is P-complete, as m may grow
    with the word; with m constant it would be a product of maps of {0, 1}^m, in NC¹.

    Words have a^2 - 1 or a (a + 1) - 1 cells, so that layers of about sqrt(n) wires fit; the word of one cell is a bit.
    Samples: m uniform among the widths that the length allows, then bits and gates uniform.

    Inputs 1 and 1; below them their nand, and the first of them moved to the right:

    >>> CircuitValue().solve([1, 1, 2, 6, 4])
    [1, 1, -100, 0, 1]

    A value moves to the right as a token. Cells of gates are open; a token parks in an open cell whose right neighbour is not
    open, and closes it. So layers fill from the right, and a gate whose left neighbour is closed knows all that it reads: it
    computes, and sends its own value.
    """

    uniform: ClassVar[bool] = False
    alphabet: ClassVar[int] = 7
    classes: ClassVar[int] = 2
    inputs: ClassVar[str] = "one bit; or m bits 0, 1, then layers of a 2 and m gates 3..6, with the same m throughout"
    card: ClassVar[Card] = Card(
        complexity="P",
        upper=Bound("P: evaluate gate after gate", "Ladner, SIGACT News 7 (1975)"),
        lower=Bound("P-complete, also for planar circuits", "Ladner (1975); Goldschlager, SIGACT News 9 (1977)"),
        chomsky="context-sensitive",
        depth="2*floor(floor(sqrt(4*n + 7))**2/4) - 3",
        cells="floor(floor(sqrt(4*n + 7))**2/4) - 1",
        curve="n**1.25",
    )

    def cells(self, length: int) -> int:
        """The largest a^2 - 1 or a (a + 1) - 1 up to `length`."""
        return isqrt(4 * length + 7) ** 2 // 4 - 1

    def _widths(self, cells: int) -> list[int]:
        """The numbers of wires that words of that many cells can have."""
        return [m for m in range(1, max(cells, 2)) if (cells + 1) % (m + 1) == 0]

    def _valid(self, tokens: Tensor) -> Tensor:
        separator, n = tokens == SEPARATOR, tokens.shape[1]
        m = torch.where(separator.any(1), separator.long().argmax(1), n)[:, None]
        cell = torch.arange(n, device=tokens.device)
        formed = ((tokens < SEPARATOR) == (cell < m)) & (separator == ((cell + 1) % (m + 1) == 0))
        return formed.all(1) & torch.isin(m[:, 0], torch.tensor(self._widths(n), device=tokens.device))

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        n = self.cells(length)
        for m in self._widths(n):
            layer = [(SEPARATOR,)] + [range(SAME, NAND + 1)] * m
            yield from product(*[(0, 1)] * m, *layer * ((n - m) // (m + 1)))

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        n = self.cells(length)
        widths = torch.tensor(self._widths(n))
        m = widths[generator.integers(0, len(widths), (count, 1))]
        gates, cell = generator.integers(SAME, NAND + 1, (count, n)), torch.arange(n)
        words = torch.where(cell < m, gates % 2, gates)
        return words.masked_fill_((cell + 1) % (m + 1) == 0, SEPARATOR)

    def space(self, length: int) -> int:
        """All circuits of that length: 2^m 4^(m d) with m wires and d layers of gates."""
        n = self.cells(length)
        return sum(2**m * 4 ** (m * ((n - m) // (m + 1))) for m in self._widths(n))

    def _solve(self, word: list[int]) -> list[int]:
        m = word.index(SEPARATOR) if SEPARATOR in word else len(word)
        value: dict[int, int] = {}
        for cell, token in enumerate(word):
            left, own, right = (value.get(cell - (m + 1) + j, 0) for j in (-1, 0, 1))
            if token != SEPARATOR:
                value[cell] = {SAME: own, FROM_LEFT: left, FROM_RIGHT: right, NAND: 1 - own * right}.get(token, token)
        return [value.get(cell, IGNORE) for cell in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        separator = tokens == SEPARATOR
        width = torch.where(separator.any(1), separator.long().argmax(1), tokens.shape[1])
        ended, target = torch.nn.functional.pad(tokens, (0, 1), value=SEPARATOR), torch.empty_like(tokens)
        for m in width.unique().tolist():
            layers = ended[width == m].unflatten(1, (-1, m + 1))  # [words, layers, wires and the separator]
            x, values = layers[:, 0, :m], []
            for gates in [None, *layers[:, 1:, :m].unbind(1)]:
                if gates is not None:
                    left, right = (torch.nn.functional.pad(x, shift) for shift in ((1, -1), (-1, 1)))
                    x = torch.stack([x, left, right, 1 - x * right]).gather(0, gates[None] - SAME)[0]
                values.append(torch.nn.functional.pad(x, (0, 1), value=IGNORE))
            target[width == m] = torch.cat(values, 1)[:, :-1]
        return target

    def _program(self) -> Program:
        w, track, opened = symbols(7), Register("track", 2), Register("open", 1)
        one, value = Register("one", 1), Register("value", 2)  # `one`: the value that is parked here is 1
        load = [when(w(a)).write(value(a), track(a)) for a in (0, 1)] + [when(w(SEPARATOR))]
        load += [when(*(~w(a) for a in (0, 1, SEPARATOR))).write(opened(0))]

        parks = [when(opened(0), ~opened(0, at=1), track(a)).clear(opened, track) for a in (0, 1)]
        rules = [parks[0], parks[1].write(one(0))]
        for a in (0, 1):
            ahead = (track(a), RIGHT, *empty(track, at=1))
            rules += [when(~opened(0), *ahead).clear(track), when(opened(0), opened(0, at=1), *ahead).clear(track)]
            arrives = when(track(a, at=-1)).write(track(a))
            rules += [arrives.where(~opened(0, at=-1)), arrives.where(opened(0, at=-1), opened(0))]

        knows = when(~opened(0), ~opened(0, at=-1), *empty(track, at=-1))
        left, own, right = (one(0, at=j) for j in (-1, 0, 1))
        gates = [(NAND, 0, (own, right)), (NAND, 1, (~own,)), (NAND, 1, (own, ~right))]
        for gate, read in ((SAME, own), (FROM_LEFT, left), (FROM_RIGHT, right)):
            gates += [(gate, 1, (read,)), (gate, 0, (~read,))]
        rules += [knows.where(w(gate), *reads).write(value(a), track(a)) for gate, a, reads in gates]
        return lattice(7, [track, opened, one, value], load, rules, value, depth=lambda n: 2 * n - 1)
