"""PolyNet approximates the implicit Euler method: x + F(x) + F(F(x)) + ... Zhang et al., CVPR 2017; Lu et al., ICML 2018.

A step of the implicit (backward) method solves y = x + F(y). For a linear F that is (1 - F)^-1 x, whose Neumann series is x +
F x + F^2 x + ...; poly-2 keeps three terms of it and poly-3 four. So with F = h A one step of poly-k differs from the
implicit one by O(h^(k+1)).

What the series does not keep is what the implicit method is used for. That method is stable for every decaying mode, however
large the step. A polynomial is not: |1 + z + z^2| <= 1 on the negative axis holds for -1 <= z <= 0 only, and |1 + z| <= 1,
which is ResNet, for -2 <= z <= 0. So poly-2 is the less stable of the two, which is printed, and refutes that larger steps
could be taken. For a curved F the composition F(F(x)) is no power of a derivative, and the local order is 2, which is
printed, too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from leaderboard.reproduce.claim import ANY, Check, Claim, Row, near, pick, slope, values
from leaderboard.reproduce.drawing import Drawing
from models.polynet import PolyNet
from models.resnet import ResNet

KINDS = {"poly-2": 3.0, "poly-3": 4.0}  # and the order of the difference in one step


@dataclass(frozen=True, kw_only=True)
class BackwardEuler(Claim):
    """Differences from the implicit step for steps 2^-2 .. 2^-`halvings`, on a random linear and a curved field."""

    compose: bool = True  # the counterfeit adds the branches where PolyNet composes them
    width: int = 8
    halvings: int = 7

    claim = "A PolyNet block approximates a step of the implicit Euler method; poly-k to order k + 1 in the step."
    source = "Zhang, Li, Loy, Lin, PolyNet, CVPR 2017; Lu, Zhong, Li, Dong, Beyond Finite Layer Neural Networks, ICML 2018"
    read = "wording not checked"
    setting = "F = h A with a random matrix A of norm 1, and F = h tanh(A x), double precision; stability on F = z x, z < 0"
    missing = "accuracies on ImageNet: there is no image data here"
    off = "branches are added in place of composed: x + F + G with F = G"

    def measure(self) -> Iterator[Row]:
        """The difference for every step; then how far along the negative axis each method is stable."""
        generator = torch.Generator().manual_seed(self.seed)
        A = torch.randn(self.width, self.width, generator=generator, dtype=torch.float64)
        A, x = A / torch.linalg.matrix_norm(A, 2), torch.randn(1, self.width, 1, generator=generator, dtype=torch.float64)
        for kind in KINDS:
            for field, act in (("linear", _same), ("curved", torch.tanh)):
                for h in (2.0**-k for k in range(2, self.halvings + 1)):
                    F = partial(_field, A, h, act)
                    off = float((self._step(kind, F, x) - _implicit(F, x)).norm())
                    yield {"kind": kind, "field": field, "step": h, "difference": off}
        for kind in ("resnet", *KINDS):
            yield {"kind": kind, "field": "stability", "step": self._stable(kind), "difference": None}

    def _step(self, kind: str, F: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        if kind == "resnet":
            return ResNet().step(x, [F])
        made = PolyNet(kind=kind if self.compose else f"{kind[-1]}-way")
        return made.step(x, [F] * made.blocks)

    def _stable(self, kind: str) -> float:
        """The most negative z, in steps of 1/1000, down to which |R| <= 1 where the step is x -> R(z) x."""
        one = torch.ones(1, 1, 1, dtype=torch.float64)
        for k in range(1, 10_000):
            if float(self._step(kind, partial(torch.mul, -k / 1000 * one), one).abs()) > 1 + 1e-12:
                return -(k - 1) / 1000
        return -10.0

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Orders within .1; what is only reported decides nothing."""
        checks = [
            Check(f"{kind}: order on a linear field", f"{order:g}", _order(rows, kind, "linear"), near(order, 0.1))
            for kind, order in KINDS.items()
        ]
        checks += [Check(f"{kind}: order on a curved field", "", _order(rows, kind, "curved"), ANY) for kind in KINDS]
        stable = {row["kind"]: row["step"] for row in pick(rows, field="stability")}
        return checks + [Check(f"{kind}: stable on the negative axis down to", "", z, ANY) for kind, z in stable.items()]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The difference against the step."""
        kinds = [(kind, field) for kind in KINDS for field in ("linear", "curved")]
        series = {f"{k}, {f}": [(r["step"], r["difference"]) for r in pick(rows, kind=k, field=f)] for k, f in kinds}
        return Drawing("step h", "difference from the implicit step", series, log="xy")

    def counterfeit(self) -> Claim:
        """No composition."""
        return replace(self, compose=False)


def _order(rows: Sequence[Row], kind: str, field: str) -> float:
    return slope(values(rows, "step", kind=kind, field=field)[2:], values(rows, "difference", kind=kind, field=field)[2:])


def _same(x: Tensor) -> Tensor:
    return x


def _field(A: Tensor, h: float, act: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """F(x) = h act(A x)."""
    return h * act(A @ x)


def _implicit(F: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The y of y = x + F(y), by iteration: F shrinks distances to a quarter or less."""
    y = x
    for _ in range(100):
        y = x + F(y)
    return y
