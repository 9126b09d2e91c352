"""Training with Lightning: AdamW, one length a batch, one-cycle schedule, clipped gradients. Imported only to train."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytorch_lightning as lightning
import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from models.architecture import Layered
from models.net import Net

Batch = tuple[Tensor, Tensor, int]  # words [batch, cells], targets [batch, cells], depth
State = dict[str, Any]  # as `torch.save` takes it and `torch.load` gives it back with weights_only


class TrainingError(RuntimeError):
    """The loss is no longer finite, or the weights are not; one line."""


@dataclass
class Progress:
    """What a run has shown so far: `loss` as pairs (step, loss), and the step at which it first solved, or None."""

    loss: list[tuple[int, float]] = field(default_factory=list)
    solved_at: int | None = None


class Batches(IterableDataset[Batch]):
    """Whole batches made on the fly by `make(step)`, for these steps."""

    def __init__(self, make: Callable[[int], Batch], steps: range) -> None:
        self.make, self.steps = make, steps

    def __iter__(self) -> Iterator[Batch]:
        return map(self.make, self.steps)

    def __len__(self) -> int:
        return len(self.steps)


class Learner(lightning.LightningModule):
    """A net, its loss and its optimiser.

    `noise`, growing from 0 over the first part `ramp` of the steps, is added to every state; `steady` weighs how far states
    still move in the layers after the last, and `progressive`, up to 1, the loss after more of them. `solved(net)` is asked
    every `check` steps and at the last; `progress` holds what was seen, `batch` what the net saw last, `done` how many steps
    were made. Every `every` steps (0: never), and where `leave()` is true, which ends the training, `keep(done, state)` gets a
    state; with it as `resumed` training goes on from there as if it had never stopped, to the bit. TrainingError if the loss is
    not finite.
    """

    def __init__(
        self,
        net: Net,
        steps: int,
        rate: float,
        weight_decay: float,
        check: int,
        solved: Callable[[Net], bool],
        every: int = 0,
        keep: Callable[[int, State], None] = lambda done, state: None,
        leave: Callable[[], bool] = lambda: False,
        resumed: State | None = None,
        noise: float = 0.0,
        ramp: float = 0.0,
        steady: float = 0.0,
        progressive: float = 0.0,
    ) -> None:
        super().__init__()
        self.noise, self.ramp, self.steady, self.progressive = noise, ramp, steady, progressive
        self.net, self.steps, self.rate, self.weight_decay = net, steps, rate, weight_decay
        self.check, self.solved, self.progress = check, solved, Progress()
        self.every, self.keep, self.leave, self.resumed, self.done = every, keep, leave, resumed, 0
        self.batch: Batch | None = None
        if resumed is not None:
            self.done = resumed["step"]
            self.progress = Progress([(step, loss) for step, loss in resumed["loss"]], resumed["solved_at"])
            net.load_state_dict(resumed["net"])
            net.generator.set_state(resumed["generator"])

    def state(self) -> State:
        """All that the steps to come depend on: weights, optimiser, schedule, random states; and what was seen."""
        return {
            "step": self.done,
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": self.net.generator.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
            "loss": [list(pair) for pair in self.progress.loss],
            "solved_at": self.progress.solved_at,
        }

    def on_train_start(self) -> None:
        """A logger begins anew with each process: it is shown the losses before a stop, too."""
        if self.logger is not None:
            for step, loss in self.progress.loss:
                self.logger.log_metrics({"loss": loss}, step=step)

    def on_train_batch_start(self, batch: Batch, step: int) -> None:
        """Before the first step after a stop: torch's own random states, from which Lightning has drawn since."""
        if self.resumed is not None:
            torch.set_rng_state(self.resumed["torch"])
            if self.resumed["cuda"] is not None:
                torch.cuda.set_rng_state(self.resumed["cuda"], self.device)
            self.resumed = None

    def training_step(self, batch: Batch, step: int) -> Tensor:
        """The loss; TrainingError if it is not finite."""
        self.batch = batch
        loss = self(batch)
        if not torch.isfinite(loss):  # now, while the weights are still those that did it
            raise TrainingError(f"training diverged at step {self.done + 1}: loss {float(loss.detach())}")
        return loss

    def forward(self, batch: Batch) -> Tensor:
        """Mean cross entropy over the scored cells, what the architecture adds to it, and the terms of the recipe."""
        tokens, target, depth = batch
        self.net.noise = self.noise * min(1.0, self.done / (self.ramp * self.steps)) if self.ramp else self.noise
        x, moved = self._through(tokens, depth)
        loss = nn.functional.cross_entropy(self.net.read(x), target)
        if self.progressive:
            after = nn.functional.cross_entropy(self.net.read(self._later(tokens, depth)), target)
            loss = (1 - self.progressive) * loss + self.progressive * after
        word = self.net.embedded(tokens) if self.net.recall else None
        return loss + self.net.architecture.penalty(x, self.net.stack(depth, word=word)) + self.steady * moved

    def _through(self, tokens: Tensor, depth: int) -> tuple[Tensor, Tensor | float]:
        """x(depth), and how far it still moves in as many layers more: the sum of |x(k+1) - x(k)|, mean over words and cells.

        The steady-state term of Yan, Du, Tan, Feng (TisODE, ICLR 2020), for layers: their integral of |F| from T to 2T.
        """
        if not self.steady:
            return self.net.final(tokens, depth), 0.0
        states, last = list(self.net.states(tokens, 2 * depth)), self.net.pace * depth
        after = zip(states[last:-1], states[last + 1 :], strict=True)
        moved = torch.stack([(x - before).abs().sum(1).mean() for before, x in after]).sum()
        return states[last], moved

    def _later(self, tokens: Tensor, depth: int) -> Tensor:
        """The state after t layers, of which the first n have no gradient; t uniform in T..2T, T those of `depth`, n in 0..t-1.

        Bansal, Schwarzschild, Borgnia, Emam, Huang, Goldblum, Goldstein (NeurIPS 2022), who weigh the losses after T layers
        and after t as here. They draw n from 0..T-1 and t from n+1..T; but here a layer carries a symbol one cell or so, so no
        answer that needs T layers can stand after fewer, and t goes on from T.
        """
        x, draws = self.net.embedded(tokens), self.net.generator
        most, made = self.net.stack(2 * depth, word=x), self.net.architecture
        assert isinstance(made, Layered)
        t = int(torch.randint(most.depth // 2, most.depth + 1, (), generator=draws))
        n = int(torch.randint(max(t, 1), (), generator=draws))
        layers, state = replace(most, depth=t), made.first(x, draws)
        if n:
            with torch.no_grad():
                state = made.through(state, layers, range(n))
            state = tuple(part.detach() for part in state)
        return made.through(state, layers, range(n, t))[0]

    def on_train_batch_end(  # type: ignore[override]  # Lightning's hook is for outputs of any kind; these are of `training_step`
        self, outputs: dict[str, Tensor], batch: Batch, step: int
    ) -> None:
        """Every `check` steps: note the loss, and whether it is solved; every `every` steps, or to leave: keep a state."""
        self.done += 1
        if self.done % self.check == 0 or self.done == self.steps:
            self._look(float(outputs["loss"]))
        leaves = self.done < self.steps and self.leave()
        if self.every and (leaves or self.done % self.every == 0):
            self.keep(self.done, self.state())
        if leaves:
            self.trainer.should_stop = True

    def _look(self, loss: float) -> None:
        self.progress.loss.append((self.done, loss))
        if self.logger is not None:
            self.logger.log_metrics({"loss": loss}, step=self.done)
        if self.progress.solved_at is None:
            self.net.eval()
            if self.solved(self.net):
                self.progress.solved_at = self.done
            self.net.train()

    def configure_optimizers(self) -> dict[str, object]:  # type: ignore[override]  # Lightning's own type has no such plain dict
        """See `optimised`."""
        self.optimiser, self.schedule = self.optimised(self.parameters())
        if self.resumed is not None:
            self.optimiser.load_state_dict(self.resumed["optimiser"])
            self.schedule.load_state_dict(self.resumed["schedule"])
        return {"optimizer": self.optimiser, "lr_scheduler": {"scheduler": self.schedule, "interval": "step"}}

    def optimised(self, weights: Iterable[Tensor]) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
        """AdamW of these weights, with the one-cycle schedule of Smith and Topin (2018)."""
        optimiser = torch.optim.AdamW(weights, self.rate, weight_decay=self.weight_decay, fused=True)
        return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, self.rate, total_steps=self.steps)
