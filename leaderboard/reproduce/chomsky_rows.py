"""Recurrent nets generalise on regular tasks, and not on reversal. Delétang et al., ICLR 2023.

"Neural Networks and the Chomsky Hierarchy" trains recurrent nets and others on short words of tasks of growing class and
scores them on longer ones. A recurrent net has a state of a fixed number of units, hence what it can do for words of any
length is what a finite automaton does: parity of the ones, whether pairs of unlike neighbours are even in number, where on a
cycle of five a walk ends. These it learns so that they hold for longer words. To reverse a word takes a memory that grows
with it; a fixed state may hold the words of training and says nothing of longer ones.

Trained here are an RNN and an LSTM on words of up to N symbols. The better of the two counts, as what is asked is whether any
recurrent net does it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, at_most, values
from leaderboard.reproduce.drawing import Drawing

REGULAR, BEYOND = ("parity_check", "even_pairs", "cycle_navigation"), "reverse_string"


@dataclass(frozen=True, kw_only=True)
class ChomskyRows(Claim):
    """`train`: whether the nets are trained; per-symbol accuracy at four times the training length N = `length`."""

    train: bool = True
    length: int = 12
    steps: int = 2500
    seeds: int = 1
    rate: float = 0.003

    claim = "Recurrent networks generalise to longer words on regular tasks, and not on the reversal of a word."
    source = "Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023"
    read = "abstract (RNNs fail on non-regular tasks, LSTMs can solve regular and counter-language tasks)"
    setting = (
        "RNN and LSTM of width 32, words of 1 to 12 symbols, 2500 steps at the usual rate of 3e-3; words of 48 symbols, the "
        "better of the two nets"
    )
    missing = "the other tasks and architectures of the paper, such as transformers and nets with a stack or a tape"
    off = "nets are not trained"

    def measure(self) -> Iterator[Row]:
        """The scores of every net."""
        from leaderboard.reproduce import trained

        for task in (*REGULAR, BEYOND):
            for model in ("rnn", "lstm"):
                for seed in range(self.seeds):
                    run = trained.train(
                        task, model, seed=1000 * self.seed + seed, length=self.length,
                        steps=self.steps if self.train else 1, rate=self.rate,
                    )  # fmt: skip
                    yield {"task": task, "model": model, "seed": seed} | trained.scored(run)

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Each task's best net."""
        best = {task: max(values(rows, "symbols_4N", task=task)) for task in (*REGULAR, BEYOND)}
        checks = [
            Check(f"{task}: symbols right at 4 N, best net", "generalises", best[task], at_least(0.99)) for task in REGULAR
        ]
        return [*checks, Check(f"{BEYOND}: symbols right at 4 N, best net", "does not", best[BEYOND], at_most(0.65))]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Accuracy of every net, tasks from left to right."""
        place = {task: float(k) for k, task in enumerate((*REGULAR, BEYOND), 1)}
        series = {m: [(place[r["task"]], r["symbols_4N"]) for r in rows if r["model"] == m] for m in ("rnn", "lstm")}
        return Drawing("task", "symbols right at 4 N", series, apart=True, key=list(place))

    def counterfeit(self) -> Claim:
        """No training."""
        return replace(self, train=False, seeds=1)

    def quick(self) -> Claim:
        """One step on short words."""
        return replace(self, length=2, steps=1, seeds=1)
