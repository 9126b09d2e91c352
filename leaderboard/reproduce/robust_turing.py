"""An ODE simulates a Turing machine under bounded noise. Branicky, 1995; Graça, Campagnolo, Buescu, 2008.

Two copies of the configuration take turns: while a clock lets one move to the next configuration, computed from the other,
that other one rests. As the map that is followed cleans whatever is off by less than a quarter, an error is forgotten every
tick, and a perturbation that is bounded can go on for ever without changing a single answer.

The product's `clock_ode` is that equation, with reference weights of any Turing machine, and states the radius of the noise
which it stands. The discrete nets with two inner layers state a quarter. Both are disturbed after every tick by +r or -r on
every channel, the corners of the box, as random noise inside the box is kinder. At the stated radius no answer may change; a
little beyond it answers must fall, otherwise the radius says nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

import models
import tasks
from leaderboard.reproduce.claim import Check, Claim, Row, at_least, at_most, pick, values
from leaderboard.reproduce.drawing import Drawing

RADII = (0.05, 0.1, 0.15, 0.2, 0.24, 0.26, 0.28, 0.3, 0.35)


@dataclass(frozen=True, kw_only=True)
class RobustTuring(Claim):
    """`words` words of `length` symbols, of the machine that the task `turing` runs; `clean`: weights that correct noise."""

    clean: bool = True
    length: int = 6
    words: int = 64

    claim = "An ODE simulates a Turing machine exactly although its state is disturbed for ever, by any noise below a bound."
    source = "Branicky, TCS 138 (1995); Graça, Campagnolo, Buescu, Advances in Applied Mathematics 40 (2008)"
    read = "abstract of Graça, Campagnolo, Buescu (polynomial equations, bounded noise); Branicky: wording not checked"
    setting = (
        "the task turing, words of 6 symbols; clock_ode by rk4, and a ResNet of blocks with an inner layer; +r or -r on "
        "every channel after every tick"
    )
    off = "reference weights that are exact, but do not correct noise"

    def measure(self) -> Iterator[Row]:
        """The share of words answered right, for every size of the noise; the first row of each net is its stated radius."""
        task = tasks.get("turing")
        words = task.sample(self.words, self.length, tasks.Bits(self.seed))
        for name in ("clock_ode", "resnet"):
            net, stated = self._net(name, task)
            for radius in (stated * 0.999, *RADII):
                share = self._right(net, task, words, radius)
                yield {"net": name, "stated": stated, "radius": radius, "right": share}

    def _net(self, name: str, task: tasks.Task) -> tuple[models.Net, float]:
        options: dict[str, Any] = {"method": "rk4"} if name == "clock_ode" and self.clean else {}
        name = name if self.clean else "resnet"
        net = models.build(name, task, inner=True, robust=self.clean, hidden=1, width=1, **options).eval()
        radius = net.realise(task.program(), robust=self.clean).radius
        return net, radius if radius is not None else 0.25

    @torch.no_grad()
    def _right(self, net: models.Net, task: tasks.Task, words: Tensor, radius: float) -> float:
        generator = torch.Generator().manual_seed(self.seed)

        def disturbed(x: Tensor) -> Tensor:
            return x + radius * (2.0 * torch.randint(2, x.shape, generator=generator) - 1)

        layers = replace(net.stack(task.depth(self.length)), after=disturbed, points=0)
        for state in net.architecture.states(disturbed(net.embedded(words)), layers):
            last = state
        answer, target = net.read(last).argmax(1), task.target(words)
        return float(((answer == target) | (target == tasks.IGNORE)).all(1).float().mean())

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """All words at the stated radius, fewer than nine in ten at .3."""
        checks = []
        for net in ("clock_ode", "resnet"):
            stated = pick(rows, net=net)[0]
            checks.append(
                Check(
                    f"{net}: words right at the stated radius {stated['stated']:.3g}",
                    "1 (bounded noise)",
                    stated["right"],
                    at_least(1),
                )
            )
            checks.append(Check(f"{net}: words right at .3", "", values(rows, "right", net=net, radius=0.3)[0], at_most(0.9)))
        return checks

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The share of words right against the size of the noise."""
        nets = ("clock_ode", "resnet")
        return Drawing(
            "noise on every channel, every tick",
            "share of words right",
            {n: sorted((r["radius"], r["right"]) for r in pick(rows, net=n)) for n in nets},
        )

    def counterfeit(self) -> Claim:
        """Exact weights."""
        return replace(self, clean=False)

    def quick(self) -> Claim:
        """Two words of two symbols."""
        return replace(self, length=2, words=2)
