"""Every cell of task and architecture has reference weights that solve it, or a reason why not. The idea of this project.

A learnability gap is only one if the function is in the hypothesis class. So for every task and every architecture weights
are constructed, loaded into the very module that is trained, and asked for answers. Where there are none, the architecture
refuses with a reason in one line, as an injective map for a program that rewrites. What there must not be is a cell with
neither, or a cell whose weights are wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

import models
import tasks
from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, at_most
from leaderboard.reproduce.drawing import Drawing


@dataclass(frozen=True, kw_only=True)
class EveryCellRealizable(Claim):
    """`words` words of `length` symbols in every cell; `most`: tasks that are looked at (0: all of them)."""

    realised: bool = True
    length: int = 2
    words: int = 4
    most: int = 0

    claim = (
        "For every task and architecture there are weights that solve the task in the module that is trained, or a stated "
        "reason."
    )
    source = "this project: docs/idea.md"
    read = "our own"
    setting = (
        "every task with its usual parameters, every architecture as a run takes it, random words of 2 symbols, at the "
        "task's depth"
    )
    off = "weights are those of a fresh net in place of the constructed ones"

    def measure(self) -> Iterator[Row]:
        """One row a cell: whether it has weights, the share of words that they answer right, or the reason why it has none."""
        for name in tasks.names()[: self.most or None]:
            task = tasks.get(name)
            for model in models.names():
                yield {"task": name, "model": model} | self._cell(task, model)

    @torch.no_grad()
    def _cell(self, task: tasks.Task, model: str) -> Row:
        program = task.program()
        suited = models.get(model).suited(program, 0)
        try:
            width, hidden = models.sizes(suited, task, 1, 1)
            net = models.Net(suited, task.alphabet, task.classes, width, hidden).eval()
            if self.realised:
                net.realise(program)
        except models.NotRealizable as reason:
            return {"weights": False, "right": None, "reason": str(reason)[:80]}
        words = task.sample(self.words, self.length, tasks.Bits(self.seed))
        answer, target = net(words, task.depth(self.length)).argmax(1), task.target(words)
        return {
            "weights": True,
            "right": float(((answer == target) | (target == tasks.IGNORE)).all(1).float().mean()),
            "reason": "",
        }

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """No cell without both, and no wrong answer."""
        with_, without = [row for row in rows if row["weights"]], [row for row in rows if not row["weights"]]
        return [
            Check("cells with neither weights nor a reason", "0", float(sum(not row["reason"] for row in without)), at_most(0)),
            Check("smallest share of words right in a cell with weights", "1", min(row["right"] for row in with_), at_least(1)),
            Check("cells", "", float(len(rows)), ANY),
            Check("cells with weights", "", float(len(with_)), ANY),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Tasks with weights, by architecture."""
        names = sorted({row["model"] for row in rows})
        counts = [(k, float(sum(row["weights"] for row in rows if row["model"] == name))) for k, name in enumerate(names, 1)]
        return Drawing("architecture", "tasks with weights", {"tasks with weights": counts}, apart=True, key=names)

    def counterfeit(self) -> Claim:
        """Fresh nets."""
        return replace(self, realised=False, most=2)

    def quick(self) -> Claim:
        """One task."""
        return replace(self, most=1, words=2)
