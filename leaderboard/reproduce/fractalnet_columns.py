"""With drop-path every column of a FractalNet works alone. Larsson, Maire, Shakhnarovich, FractalNet, ICLR 2017.

A fractal f_1 = unit, f_{C+1} = mean(f_C o f_C, unit) holds C columns: chains of 1, 2, 4, ... units that meet in means.
Drop-path drops inputs of these means at random (*local*) or keeps a single column (*global*) in a training step, so units
learn not to rely on each other. The paper finds that columns which are cut out of a trained net then work on their own, the
deeper the better, and the deepest one nearly as well as the whole. A public attempt to reproduce it with local drop-path only
found single columns worse than hoped (github.com/gustavla/fractalnet, issue 7).

Here the layer is a fractal of three columns with tied weights. After training, a column is read alone by keeping only it at
every join.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

import tasks
from leaderboard.reproduce.claim import Check, Claim, Row, at_least, at_most, pick
from leaderboard.reproduce.drawing import Drawing

if TYPE_CHECKING:
    from leaderboard.reproduce.trained import Run


@dataclass(frozen=True, kw_only=True)
class FractalnetColumns(Claim):
    """Nets with drop-path and without; `paths`: whether the first one drops any."""

    paths: bool = True
    columns: int = 3
    seeds: int = 2
    length: int = 6
    steps: int = 600
    rate: float = 0.003

    claim = (
        "Trained with drop-path, each column of a FractalNet works alone, deeper ones better, the deepest nearly as well "
        "as the whole."
    )
    source = "Larsson, Maire, Shakhnarovich, FractalNet, ICLR 2017 (arXiv 1605.07648); gustavla/fractalnet issue 7"
    read = (
        "abstract (subnetworks can be extracted, deeper ones answer better) and the issue; the paper's numbers were not checked"
    )
    setting = "parity of words of 1 to 6 symbols, three columns, drop .15 and global .5, 600 steps at 3e-3; symbols right at N"
    missing = "CIFAR, SVHN and ImageNet: there is no image data here"
    off = "no path is dropped in either net"

    def measure(self) -> Iterator[Row]:
        """Per-symbol accuracy at N of the whole net (column -1) and of every column alone, 0 the shallowest."""
        from leaderboard.reproduce import trained

        for name, dropped in (("drop-path", self.paths), ("none", False)):
            options = {"columns": self.columns} | ({"drop": 0.15, "global_drop": 0.5} if dropped else {})
            for seed in range(self.seeds):
                run = trained.train(
                    "parity", "fractalnet", seed=1000 * self.seed + seed, length=self.length, steps=self.steps,
                    rate=self.rate, options=options,
                )  # fmt: skip
                for column in range(-1, self.columns):
                    yield {"net": name, "seed": seed, "column": column, "right": self._alone(run, column)}

    @torch.no_grad()
    def _alone(self, run: "Run", column: int) -> float:
        """The accuracy when every join keeps this column only (-1: all)."""
        from models.fractalnet import FractalNet

        net, depth = run.net, run.task.depth(run.length)
        words = run.task.sample(256, run.length, tasks.Bits(self.seed))
        made = net.architecture
        assert isinstance(made, FractalNet)
        x, _ = made.through((net.embedded(words), torch.tensor(column)), net.stack(depth), range(depth))
        return float((net.read(x).argmax(1) == run.task.target(words)).float().mean())

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """The deepest column within .02 of the whole, no shallower one above it by more than that; less without drop-path."""
        deepest = max(row["column"] for row in rows)

        def mean(net: str, column: int) -> float:
            found = [row["right"] for row in pick(rows, net=net, column=column)]
            return sum(found) / len(found)

        shallow = max(mean("drop-path", column) for column in range(deepest))
        return [
            Check(
                "deepest column - whole net, with drop-path",
                "nearly as well",
                mean("drop-path", deepest) - mean("drop-path", -1),
                at_least(-0.02),
            ),
            Check(
                "best shallower column - deepest, with drop-path",
                "deeper is better",
                shallow - mean("drop-path", deepest),
                at_most(0.02),
            ),
            Check(
                "deepest column, with drop-path - without",
                "more",
                mean("drop-path", deepest) - mean("none", deepest),
                at_least(0.02),
            ),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Accuracy against the units of a column."""
        series = {}
        for net in ("drop-path", "none"):
            series[f"{net}: a column alone"] = [
                (2.0 ** r["column"], r["right"]) for r in rows if r["net"] == net and r["column"] >= 0
            ]
            series[f"{net}: the whole net"] = [(2.0 ** (self.columns - 1), r["right"]) for r in pick(rows, net=net, column=-1)]
        return Drawing("units in the column", "symbols right at N", series, log="x", apart=True)

    def counterfeit(self) -> Claim:
        """No drop-path."""
        return replace(self, paths=False, seeds=1)

    def quick(self) -> Claim:
        """One step."""
        return replace(self, seeds=1, length=2, steps=1)
