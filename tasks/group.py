"""Word problem of a finite group: the product of every prefix. Barrington, J. Comput. Syst. Sci. 38 (1989)."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations, product
from math import prod

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task, TaskError

GROUPS = (*[f"Z{m}" for m in range(2, 13)], "S3", "A5", "S5", "A4", "S4")
LARGEST = 120  # elements of a direct product
SMALL = 12  # up to this order the multiplication table has fewer rules than the images of the points


@cache
def elements(group: str) -> list[tuple[int, ...]]:
    """The elements as permutations p, p[k] the image of k: S and A in lexicographic order, Z as rotations by 0, 1, ...

    Those of a direct product GxH move the points of G, then those of H behind them; they are numbered g |H| + h.
    """
    if len(factors := group.split("x")) > 1:
        first, rest = elements(factors[0]), elements("x".join(factors[1:]))
        return [(*p, *(len(p) + k for k in q)) for p, q in product(first, rest)]
    kind, points = group[0], range(int(group[1:]))
    if kind == "Z":
        return [tuple((k + a) % len(points) for k in points) for a in points]
    found = list(permutations(points))
    return [p for p in found if kind == "S" or sum(x > y for x, y in combinations(p, 2)) % 2 == 0]


@cache
def table(group: str) -> Tensor:
    """`table[x, y]` is the index of x∘y, `[order, order]`."""
    if len(factors := group.split("x")) > 1:
        first, rest = table(factors[0]), table("x".join(factors[1:]))
        return torch.kron(first, torch.ones_like(rest)) * len(rest) + torch.kron(torch.ones_like(first), rest)
    images = torch.tensor(elements(group))  # [order, points]
    place = images.shape[1] ** torch.arange(images.shape[1])  # permutations as numbers
    numbers, order = (images * place).sum(1).sort()
    return order[torch.searchsorted(numbers, (images[:, images] * place).sum(2))]


def orbits(group: str) -> list[tuple[range, int]]:
    """The points that each factor moves, and how many of their images determine its element."""
    found, first = list[tuple[range, int]](), 0
    for factor in group.split("x"):
        points = range(first, first + int(factor[1:]))
        found.append((points, {"Z": 1, "S": len(points) - 1, "A": len(points) - 2}[factor[0]]))
        first = points.stop
    return found


def rung(group: str) -> tuple[str, Bound, Bound]:
    """The class of the word problem, and what proves it."""
    factors = {*group.split("x")}
    if factors & {"A5", "S5"}:
        upper = Bound("NC¹: products by a balanced tree", "Barrington, J. Comput. Syst. Sci. 38 (1989)")
        return "NC¹", upper, Bound("NC¹-complete: the group is not solvable", "Barrington, J. Comput. Syst. Sci. 38 (1989)")
    if factors <= {"Z2", "Z4", "Z8"}:
        upper = Bound("AC⁰[2]: gates modulo 2 also count modulo 4 and 8", "Smolensky, STOC 1987")
        return "AC⁰[2]", upper, Bound("not in AC⁰", "Furst, Saxe, Sipser, Math. Systems Theory 17 (1984); Håstad, STOC 1986")
    primes = [p for p in (2, 3, 5, 7, 11) if len(elements(group)) % p == 0]
    outside = f"a prime p other than {primes[0]}" if len(primes) == 1 else "any prime p"
    lower = Bound(f"not in AC⁰[p] for {outside}", "Razborov, Math. Notes 41 (1987); Smolensky, STOC 1987")
    return "ACC⁰", Bound("ACC⁰: the group is solvable", "Barrington and Thérien, J. ACM 35 (1988)"), lower


@dataclass(frozen=True)
class Group(Task):
    """Products x1∘x2∘...∘xi of the elements up to each cell in `group`, where (x∘y)(k) = x(y(k)). Samples: uniform words.

    Groups: Z2 to Z12 (residue a is token a), S3, S4, S5, A4, A5. Tokens of permutations number their tuples of images in
    lexicographic order; A4 and A5 have the even ones. Token 0 is the identity. Direct products of up to 120 elements are
    written as Z2xZ2 or S3xZ2; of GxH the pair (g, h) is token g |H| + h.

    In S3, 1 is (0 2 1), 2 is (1 0 2), and 1∘2 is (2 0 1), as 0 goes to 1 and on to 2; but 2∘1 is (1 2 0):

    >>> Group(group="S3").solve([1, 2]), Group(group="S3").solve([2, 1])
    ([1, 4], [2, 3])

    A sweep. In a small group it carries the product, by the multiplication table. In a larger one it carries the product's
    image of every point: with (P∘x)(k) = P(x(k)) five points need 5^3 rules where the table of S5 has 120^2. Tokens are
    taken apart into images at the start; the images of the first points name the product at the end.
    """

    group: str = "A5"

    variants = ({"group": "Z5"}, {"group": "S3"}, {}, {"group": "S5"})

    def __post_init__(self) -> None:
        super().__post_init__()
        factors = self.group.split("x")
        if {*factors} - {*GROUPS} or prod(len(elements(factor)) for factor in factors) > LARGEST:
            raise TaskError(
                f"group: group={self.group!r} is not allowed; allowed: {', '.join(GROUPS)}, and direct products of these "
                f"of up to {LARGEST} elements, as Z2xZ2"
            )

    @property
    def alphabet(self) -> int:
        """The order of the group."""
        return len(elements(self.group))

    @property
    def classes(self) -> int:
        """The order of the group."""
        return self.alphabet

    @property
    def card(self) -> Card:
        """Where the group stands: non-solvable groups are NC¹-complete, solvable ones in ACC⁰."""
        complexity, upper, lower = rung(self.group)
        return Card(
            complexity=complexity,
            upper=upper,
            lower=lower,
            chomsky="regular",
            depth="n" if self.alphabet <= SMALL else "n + 2",
            curve="n",
            learning="given any n - 1 of the n symbols the last answer is uniform: fewer never correlate with it",
        )

    def _solve(self, word: list[int]) -> list[int]:
        group = elements(self.group)
        total, answer = group[0], []
        for token in word:
            total = tuple(total[image] for image in group[token])
            answer.append(group.index(total))
        return answer

    def _target(self, tokens: Tensor) -> Tensor:
        total, answer = torch.zeros_like(tokens[:, 0]), []
        for column in tokens.unbind(1):
            total = table(self.group)[total, column]
            answer.append(total)
        return torch.stack(answer, 1)

    def _program(self) -> Program:
        return self._by_table() if self.alphabet <= SMALL else self._by_points()

    def _by_table(self) -> Program:
        order = range(self.alphabet)
        w, total = symbols(self.alphabet), Register("product", self.alphabet)
        start = [when(FIRST, w(x)).write(total(x)) for x in order]
        sweep = [
            when(total(p, at=-1), w(x)).write(total(px)) for p in order for x, px in enumerate(table(self.group)[p].tolist())
        ]
        return Program(self.alphabet, [total], start + sweep, output=total, depth=lambda n: n)

    def _by_points(self) -> Program:
        group, parts = list(enumerate(elements(self.group))), orbits(self.group)
        moved = {k: points for points, _ in parts for k in points}
        base = [k for points, enough in parts for k in points[:enough]]
        w, total = symbols(self.alphabet), Register("product", self.alphabet)
        factor, image = ([Register(f"{name}{k}", len(moved[k])) for k in moved] for name in ("factor", "image"))
        rules = [when(w(x)).write(*[factor[k](p[k] - moved[k].start) for k in moved]) for x, p in group]
        for points, _ in parts:
            values = range(len(points))
            rules += [when(FIRST, factor[k](v)).write(image[k](v)) for k, v in product(points, values)]
            rules += [
                when(factor[k](j), image[points[j]](v, at=-1)).write(image[k](v)) for k, j, v in product(points, values, values)
            ]
        rules += [when(*[image[k](p[k] - moved[k].start) for k in base]).write(total(x)) for x, p in group]
        return Program(self.alphabet, [*factor, *image, total], rules, output=total, depth=lambda n: n + 2)
