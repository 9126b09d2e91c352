"""In a box and under noise a net can only learn a finite machine, so it must extrapolate. A hypothesis of this project.

On a compact set and under noise, only what is held in separated regions that attract survives; such a net is a finite
automaton (Casey, Neural Computation 8, 1996; Maass, Orponen, Neural Computation 10, 1998; Bournez, Graça, Hainry 2013). The
recipe `robust` does that to any architecture: states are clipped to a box, and uniform noise is added after every layer. If
training then finds any solution, it should be one that holds for longer words: the gap should close.

Rows are the runs of the pilot under the plain and the robust recipe, of seven architectures with three seeds each, and a
few nets that are trained now. The rule: of the runs that do not solve their task under the plain recipe, robust training must
save half.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.settling_predicts_the_gap import pilot


@dataclass(frozen=True, kw_only=True)
class BoxAndNoise(Claim):
    """The `recipe` beside the plain one, in the pilot and on fresh ResNets."""

    recipe: str = "robust"
    seeds: int = 2
    length: int = 6
    steps: int = 500
    rate: float = 0.01

    claim = "Training in a box and under noise closes the learnability gap: nets that fit also solve words four times as long."
    source = "this project: docs/findings.md; after Casey 1996, Maass and Orponen 1998, Bournez, Graça, Hainry 2013"
    read = "our own"
    setting = (
        "84 runs of the pilot a recipe (7 architectures, 4 tasks, 3 seeds, chosen rates), and ResNets trained now on parity"
    )
    off = "the second recipe is the plain one, too"

    def measure(self) -> Iterator[Row]:
        """Whether each run of the pilot solves its task; then whole words of fresh nets at 4 N."""
        yield from self._pilot()
        from leaderboard.reproduce import trained

        settings = {"length": self.length, "steps": self.steps, "rate": self.rate}
        for name, _, run in trained.with_and_without(self.recipe, "parity", "resnet", self.seed, self.seeds, **settings):
            yield {"from": "fresh", "net": name, "task": "parity", "solves": trained.scored(run)["words_4N"]}

    def _pilot(self) -> Iterator[Row]:
        from leaderboard.tables import frame

        df = frame.scored(pilot(), "symbol", 4)
        for name, recipe in (("without", ""), ("with", "" if self.recipe == "plain" else self.recipe)):
            chosen = df[(df["recipe"] == recipe) & (df["status"] == "done")]
            for task, solved in zip(chosen["task"], chosen["solved"], strict=True):
                yield {"from": "pilot", "net": name, "task": str(task), "solves": float(solved)}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """The share of what the plain recipe leaves unsolved that the other one solves."""
        checks = []
        for of in ("pilot", "fresh"):
            without, with_ = (values(rows, "solves", net=net, **{"from": of}) for net in ("without", "with"))
            plain, robust = sum(without) / len(without), sum(with_) / len(with_)
            said = f"{of}: share of the gap that closes ({robust:.2f} of {len(with_)} solved against {plain:.2f})"
            checks.append(Check(said, "closes", (robust - plain) / max(1 - plain, 1e-9), at_least(0.5)))
        return checks

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The share of runs that solve, by task."""
        names = sorted({row["task"] for row in rows})
        series = {}
        for net in ("without", "with"):
            found = [values(rows, "solves", net=net, task=task, **{"from": "pilot"}) for task in names]
            series[f"{net} box and noise"] = [(k, sum(some) / len(some)) for k, some in enumerate(found, 1)]
        return Drawing("task", "share of runs that solve it", series, apart=True, key=names)

    def counterfeit(self) -> Claim:
        """The plain recipe twice."""
        return replace(self, recipe="plain", seeds=1, steps=100)

    def quick(self) -> Claim:
        """One step."""
        return replace(self, seeds=1, length=2, steps=1)
