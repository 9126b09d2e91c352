"""Recall and progressive training extrapolate where plain nets overthink. Bansal et al., NeurIPS 2022.

"End-to-end Algorithm Synthesis with Recurrent Networks: Logical Extrapolation Without Overthinking" trains one block that is
applied many times, and then applies it more often on larger problems. A plain net loses its answer when it goes on for too
long. Two changes cure that: the block reads the problem itself again every time (*recall*), and half of the loss asks for the
answer after a random number of further applications of which only the last ones have a gradient (*progressive* training), so
that no block can count how often it was applied.

The product has both as the recipe `progressive`. Measured are whole words of 4 N symbols, and whether the answers at N stand
at the depth of 4 N.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, values
from leaderboard.reproduce.drawing import Drawing


@dataclass(frozen=True, kw_only=True)
class ThinkingDeep(Claim):
    """A ResNet under the `recipe` and under the plain one, on parity."""

    recipe: str = "progressive"
    seeds: int = 3
    length: int = 8
    steps: int = 500
    rate: float = 0.003

    claim = (
        "With recall and progressive training a deep net solves longer words by more layers, and its answers stay; "
        "without, it overthinks."
    )
    source = "Bansal, Schwarzschild, Borgnia, Emam, Huang, Goldblum, Goldstein, NeurIPS 2022"
    read = "abstract; the paper's numbers were not checked"
    setting = "ResNet on parity, words of 1 to 8 symbols, 500 steps at 3e-3; words of 32 symbols"
    missing = "mazes and chess of the paper, whose data are not here; its prefix sums are the task parity"
    off = "the recipe is the plain one"

    def measure(self) -> Iterator[Row]:
        """Scores of both nets for every seed."""
        from leaderboard.reproduce import trained

        settings = {"length": self.length, "steps": self.steps, "rate": self.rate}
        for name, seed, run in trained.with_and_without(self.recipe, "parity", "resnet", self.seed, self.seeds, **settings):
            yield {"net": name, "seed": seed} | trained.scored(run)

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Half of the words more at 4 N, means over seeds; and .99 of the answers at N stand."""
        gain = _mean(values(rows, "words_4N", net="with")) - _mean(values(rows, "words_4N", net="without"))
        stands = _mean(values(rows, "stands", net="with"))
        return [
            Check("words right at 4 N: with - without", "extrapolates", gain, at_least(0.5)),
            Check("answers at N that stand at the depth of 4 N, with", "no overthinking", stands, at_least(0.99)),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Right words against standing answers."""
        series = {
            f"{net} recall and progressive loss": [(r["stands"], r["words_4N"]) for r in rows if r["net"] == net]
            for net in ("without", "with")
        }
        return Drawing("answers at N that stand at 4 N", "words right at 4 N", series, apart=True)

    def counterfeit(self) -> Claim:
        """Plain twice."""
        return replace(self, recipe="plain", seeds=1)

    def quick(self) -> Claim:
        """One step."""
        return replace(self, seeds=1, length=2, steps=1)


def _mean(found: Sequence[float]) -> float:
    return sum(found) / len(found)
