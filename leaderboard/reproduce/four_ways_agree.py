"""Four independent answers agree on every word: Python, discrete ODE, polynomial ODE, network. The check of this project.

A task is defined twice, once in plain Python for one word and once vectorised. Its program is a third definition, which is
run in exact integers as the discrete ODE x(t+1) - x(t) = F(x(t)). If it writes each register once it is a polynomial ODE as
well, solved as any other by Dormand and Prince's method, with no common code beyond the rules; a program that rewrites
becomes such a one by its tableau, which is left out where it is large. And its weights run in a ResNet. One of them may be
wrong; that all are wrong in the same way on every word is hard to believe.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

import models
import tasks
from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least
from leaderboard.reproduce.drawing import Drawing
from tasks.programs import ProgramError
from tasks.programs.polynomial import PolynomialODE
from tasks.programs.tableau import tableau

LARGE = 200  # channels of a polynomial ODE that is still solved here


@dataclass(frozen=True, kw_only=True)
class FourWaysAgree(Claim):
    """`words` words of `length` symbols of every task; `early`: steps that the discrete ODE is stopped too soon."""

    early: int = 0
    length: int = 3
    words: int = 8
    most: int = 0

    claim = (
        "The plain definition, the discrete ODE, the polynomial ODE and the network give the same answer to every word of "
        "every task."
    )
    source = "this project: docs/idea.md"
    read = "our own"
    setting = "every task with its usual parameters, random words of 3 symbols; polynomial ODEs of up to 200 channels"
    off = "the discrete ODE is stopped one step too soon"

    def measure(self) -> Iterator[Row]:
        """One row a task: the share of scored symbols in which each way agrees with plain Python (None: not asked)."""
        for name in tasks.names()[: self.most or None]:
            task = tasks.get(name)
            words = task.sample(self.words, self.length, tasks.Bits(self.seed))
            plain = torch.tensor([task.solve(word) for word in words.tolist()])
            yield {"task": name} | {way: _agreement(found, plain, task.target(words)) for way, found in self._ways(task, words)}

    @torch.no_grad()
    def _ways(self, task: tasks.Task, words: Tensor) -> Iterator[tuple[str, Tensor | None]]:
        program, depth = task.program(), task.depth(self.length)
        yield "vectorised", task.target(words)
        yield "discrete", program.answer(words, depth - self.early)
        try:
            once = program if program.write_once else tableau(program, words.shape[1])
            small = once.channels <= LARGE
        except ProgramError:
            small = False
        yield "polynomial", PolynomialODE(once).answer(words) if small else None
        net = models.build("resnet", task, width=1, hidden=1).eval()
        net.realise(program)
        yield "network", net(words, depth).argmax(1)

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Every symbol, of every task that was asked."""
        checks = []
        for way in ("vectorised", "discrete", "polynomial", "network"):
            asked = [row[way] for row in rows if row[way] is not None]
            checks.append(
                Check(f"{way}: smallest agreement, {len(asked)} tasks", "1", min(asked, default=float("nan")), at_least(1))
            )
        return [*checks, Check("tasks", "", float(len(rows)), ANY)]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The share of symbols that agree, tasks in the order of their names."""
        series = {
            way: [(k, row[way]) for k, row in enumerate(rows, 1) if row[way] is not None]
            for way in ("discrete", "polynomial", "network")
        }
        return Drawing("task, by name", "symbols that agree with plain Python", series, apart=True)

    def counterfeit(self) -> Claim:
        """One step too few."""
        return replace(self, early=1, most=4)

    def quick(self) -> Claim:
        """One task."""
        return replace(self, most=1, words=2)


def _agreement(found: Tensor | None, plain: Tensor, target: Tensor) -> float | None:
    scored = target != tasks.IGNORE
    return None if found is None else float((found == plain)[scored].float().mean())
