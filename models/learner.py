"""Training with Lightning: AdamW, one length a batch, one-cycle schedule, clipped gradients. Imported only to train."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytorch_lightning as lightning
import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from models.net import Net

Batch = tuple[Tensor, Tensor, int]  # words [batch, cells], targets [batch, cells], depth


class TrainingError(RuntimeError):
    """The loss is no longer finite, or the weights are not; one line."""


@dataclass
class Progress:
    """What a run has shown so far: `loss` as pairs (step, loss), and the step at which it first solved, or None."""

    loss: list[tuple[int, float]] = field(default_factory=list)
    solved_at: int | None = None


class Batches(IterableDataset[Batch]):
    """Whole batches made on the fly by `make(step)`."""

    def __init__(self, make: Callable[[int], Batch], steps: int) -> None:
        self.make, self.steps = make, steps

    def __iter__(self) -> Iterator[Batch]:
        return map(self.make, range(self.steps))

    def __len__(self) -> int:
        return self.steps


class Learner(lightning.LightningModule):
    """A net, its loss and its optimiser.

    `solved(net)` is asked every `check` steps and at the last; `progress` holds what was seen, `batch` what the net saw last.
    TrainingError if the loss is not finite.
    """

    def __init__(
        self, net: Net, steps: int, rate: float, weight_decay: float, check: int, solved: Callable[[Net], bool]
    ) -> None:
        super().__init__()
        self.net, self.steps, self.rate, self.weight_decay = net, steps, rate, weight_decay
        self.check, self.solved, self.progress = check, solved, Progress()
        self.batch: Batch | None = None

    def training_step(self, batch: Batch, step: int) -> Tensor:
        """Mean cross entropy over the scored cells, and what the architecture adds to it."""
        self.batch = tokens, target, depth = batch
        x = self.net.final(tokens, depth)
        loss = nn.functional.cross_entropy(self.net.read(x), target)
        loss = loss + self.net.architecture.penalty(x, self.net.layer, depth)
        if not torch.isfinite(loss):  # now, while the weights are still those that did it
            raise TrainingError(f"training diverged at step {step + 1}: loss {float(loss.detach())}")
        return loss

    def on_train_batch_end(self, outputs: dict[str, Tensor], batch: Batch, step: int) -> None:  # type: ignore[override]
        """Every `check` steps: note the loss, and whether the task is solved."""
        done = step + 1
        if done % self.check and done != self.steps:
            return
        loss = float(outputs["loss"])
        self.progress.loss.append((done, loss))
        if self.logger is not None:
            self.logger.log_metrics({"loss": loss}, step=done)
        if self.progress.solved_at is None:
            self.net.eval()
            if self.solved(self.net):
                self.progress.solved_at = done
            self.net.train()

    def configure_optimizers(self) -> dict[str, object]:  # type: ignore[override]
        """AdamW, with the one-cycle schedule of Smith and Topin (2018)."""
        optimiser = torch.optim.AdamW(self.parameters(), self.rate, weight_decay=self.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.rate, total_steps=self.steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
