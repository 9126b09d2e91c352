"""Which nodes of a directed acyclic graph can be reached from the first. Jones, J. Comput. Syst. Sci. 11 (1975)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import isqrt, log2
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, symbols, when
from tasks.programs.lattice import AWAKE, lattice
from tasks.task import IGNORE, Task
from tasks.words.bits import Bits

NODE = 2


def node_cells(cells: int) -> list[int]:
    """The cells of the nodes 0 .. N - 1 in a word of N (N + 1) / 2 cells; the edge from u to v stands v - u cells behind u."""
    nodes = (isqrt(8 * cells + 1) - 1) // 2
    return [u * nodes - u * (u - 1) // 2 for u in range(nodes)]


@dataclass(frozen=True)
class Reachability(Task):
    """At each node 1 if it can be reached from node 0, else 0; no answer at edges. With `scored: last`, at node N - 1.

    The nodes 0 .. N - 1 are in topological order. A word holds for each node u the token 2, then for each v = u + 1 .. N - 1
    a bit, 1 for an edge from u to v: N (N + 1) / 2 cells. Samples: every edge with probability (1 + log2 N) / (2 N),
    independently. Then the last node is reached in about half of the graphs; of all nodes about half are reached if N is
    small, fewer if it is large (a third at N = 24).

    The path 0, 2, 3 beside a lone node 1:

    >>> Reachability().solve([2, 0, 1, 0, 2, 0, 0, 2, 1, 2])
    [1, -100, -100, -100, 0, -100, -100, 1, -100, 1]

    Node u sends its answer along its row, whose cells hold, as tokens, what is known of the nodes v > u; there it becomes 1
    where node u is reached and has an edge. The tokens then move on into the row of u + 1, as far right as they can, and stop
    before the next node; the last of them finds room in the cell of node u + 1 only, and is its answer.
    """

    uniform: ClassVar[bool] = False
    alphabet: ClassVar[int] = 3
    classes: ClassVar[int] = 2
    inputs: ClassVar[str] = "graphs: for each node u = 0..N-1 a 2 and N-1-u bits, together N (N+1) / 2 cells"
    card: ClassVar[Card] = Card(
        complexity="NL",
        upper=Bound("NL: guess the path node by node", "Jones, J. Comput. Syst. Sci. 11 (1975)"),
        lower=Bound("NL-complete, also for acyclic graphs", "Jones (1975); Immerman, Descriptive Complexity (1999), chapter 3"),
        chomsky="context-sensitive",
        depth="floor((sqrt(8*n + 1) - 1)/2)*(3*floor((sqrt(8*n + 1) - 1)/2) - 1)/2 + 1",
        cells="floor((sqrt(8*n + 1) - 1)/2)*(floor((sqrt(8*n + 1) - 1)/2) + 1)/2",
        curve="n**1.25",
    )

    def cells(self, length: int) -> int:
        """The largest N (N + 1) / 2 up to `length`."""
        nodes = (isqrt(8 * length + 1) - 1) // 2
        return nodes * (nodes + 1) // 2

    def _valid(self, tokens: Tensor) -> Tensor:
        n = tokens.shape[1]
        node = torch.zeros(n, dtype=torch.bool, device=tokens.device)
        node[node_cells(n)] = True
        return ((tokens == NODE) == node).all(1) & (self.cells(n) == n)

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        n = self.cells(length)
        nodes = node_cells(n)
        return product(*((NODE,) if cell in nodes else (0, 1) for cell in range(n)))

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        n = self.cells(length)
        nodes = node_cells(n)
        edge = (1 + log2(len(nodes))) / (2 * len(nodes))
        words = (generator.uniform((count, n)) < edge).long()
        words[:, nodes] = NODE
        return words

    def space(self, length: int) -> int:
        """All graphs: 2^(N (N - 1) / 2)."""
        n = self.cells(length)
        return 2 ** (n - len(node_cells(n)))

    def _solve(self, word: list[int]) -> list[int]:
        nodes = node_cells(len(word))
        reached, open_ends = {0}, [0]
        while open_ends:
            u = open_ends.pop()
            found = {v for v in range(u + 1, len(nodes)) if word[nodes[u] + v - u]} - reached
            reached |= found
            open_ends += found
        answer = {cell: int(u in reached) for u, cell in enumerate(nodes)}
        return [answer.get(cell, IGNORE) for cell in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        nodes = node_cells(tokens.shape[1])
        reached = torch.zeros(len(tokens), len(nodes), dtype=torch.long)
        reached[:, 0] = 1
        for u, cell in enumerate(nodes):
            reached[:, u + 1 :] |= reached[:, u, None] & tokens[:, cell + 1 : cell + len(nodes) - u]
        target = torch.full_like(tokens, IGNORE)
        target[:, nodes] = reached
        return target

    def _program(self) -> Program:
        w, token, one = symbols(3), Register("token", 1), Register("one", 1)  # `one`: the token here is a 1
        reached, wall = Register("reached", 2), Register("wall", 1)  # the answer of the row's node; no way into this node yet

        row = when(reached(1, at=-1)).write(token(0), reached(1))  # of node 0: what it has edges to is reached
        load = [when(FIRST).write(reached(1)), row.where(w(0)), row.where(w(1)).write(one(0))]
        load += [when(w(NODE), AWAKE(0, at=-1)).write(wall(0)), when(~w(NODE), AWAKE(0, at=-1), ~reached(1, at=-1))]

        arrive = when(token(0, at=-1), ~wall(0)).write(token(0))
        rules = [arrive.where(~one(0, at=-1)), arrive.where(one(0, at=-1)).write(one(0))]
        leave = when(token(0), AWAKE(0, at=1), ~token(0, at=1), ~wall(0, at=1)).clear(token)
        rules += [leave.where(~one(0)), leave.where(one(0)).clear(one)]

        for full in (token(0, at=1), LAST):  # so this token is the row's last, and node u's own
            own = when(w(NODE), token(0), full).clear(token)
            rules += [own.where(~one(0)).write(reached(0)), own.where(one(0)).clear(one).write(reached(1))]
        for a in (0, 1):
            rules += [when(~w(NODE), reached(a, at=-1)).write(reached(a)), when(wall(0), reached(a, at=-1)).clear(wall)]
        rules += [when(w(1), token(0), reached(1, at=-1), ~reached(1)).write(one(0))]
        return lattice(3, [token, one, reached, wall], load, rules, reached, depth=lambda n: 3 * n - 2 * len(node_cells(n)) + 1)
