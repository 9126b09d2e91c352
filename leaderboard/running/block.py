"""The seeds of a block, trained at once: with `together=10` seed 23 is one of 20 to 29, whatever other runs are asked for.

So a run is still determined by its configuration, of which `together` is a part; the price is that whoever makes one run of a
block trains all of it. Sweeps make all its records then.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

import models
import tasks
from leaderboard import protocol
from leaderboard.running.config import Config
from leaderboard.running.fit import batch, entry, rate, terms
from leaderboard.running.score import solves
from leaderboard.store.checkpoint import Checkpoints

Ended = dict[str, Any] | RuntimeError


def seeds(cfg: Config) -> range:
    """Those of the block in which the seed of a run is."""
    first = cfg.seed - cfg.seed % cfg.together
    return range(first, first + cfg.together)


def fit(
    cfg: Config, task: tasks.Task, nets: Sequence[models.Net], saved: Checkpoints, leave: Callable[[], bool]
) -> list[Ended]:
    """Train the nets of a block in place, on the device, from the newest checkpoint if there is one.

    Of each the record's entry on training, or the error that ended it; the others go on. KeyboardInterrupt where `leave()` is
    true after a step: its state is kept.
    """
    block = _Block(cfg, task, [net.to(cfg.device) for net in nets])
    if (state := saved.newest()) is not None:
        block.resume(state)
        print(f"goes on from step {block.done}: {saved.folder}")
    while block.done < cfg.training.steps and not all(block.ended):
        block.step()
        leaves = block.done < cfg.training.steps and leave()
        if saved.every and (leaves or block.done % saved.every == 0):
            saved.keep(block.done, block.state())
        if leaves:
            raise KeyboardInterrupt
    return block.entries()


class _Block:
    """Nets in training, and what was seen of each: losses, the step at which it first solved, why it ended."""

    def __init__(self, cfg: Config, task: tasks.Task, nets: Sequence[models.Net]) -> None:
        from models.training.learner import Progress
        from models.training.together import Together

        t = cfg.training
        self.cfg, self.task, self.nets, self.seeds = cfg, task, nets, seeds(cfg)
        self.made = Together(nets, t.steps, rate(cfg, nets[0]), t.weight_decay, t.clip, **terms(cfg))
        self.seen = [Progress() for _ in nets]
        self.ended = [""] * len(nets)

    @property
    def done(self) -> int:
        """How many steps were made."""
        return self.made.learner.done

    def step(self) -> None:
        """One step of all; every `check` steps it is looked how far they are."""
        batches = [batch(self.cfg, self.task, seed, self.done) for seed in self.seeds]
        device = self.cfg.device
        losses = self.made.step([(words.to(device), target.to(device), depth) for words, target, depth in batches]).tolist()
        for k, loss in enumerate(losses):
            if not self.ended[k] and not abs(loss) < float("inf"):
                self.ended[k] = f"training diverged at step {self.done}: loss {loss}"
        if self.done % self.cfg.training.check == 0 or self.done == self.cfg.training.steps:
            self._look(losses)

    def _look(self, losses: Sequence[float]) -> None:
        self.made.give()
        for k, (net, seed) in enumerate(zip(self.nets, self.seeds, strict=True)):
            if self.ended[k]:
                continue
            seen = self.seen[k]
            seen.loss.append((self.done, losses[k]))
            net.eval()
            if seen.solved_at is None and solves(net, self.task, self.cfg.training.length, protocol.CHECKED, seed):
                seen.solved_at = self.done
            net.train()

    def entries(self) -> list[Ended]:
        """How each ended."""
        for k, net in enumerate(self.nets):
            if not self.ended[k] and not all(p.isfinite().all() for p in net.parameters()):
                self.ended[k] = "the weights are not finite after the last step"
        named = f"{self.nets[0].architecture.label} on {self.task.label}"
        return [
            RuntimeError(f"{named}: {why}") if why else entry(self.cfg, seen)
            for why, seen in zip(self.ended, self.seen, strict=True)
        ]

    def state(self) -> dict[str, Any]:
        """All that the steps to come depend on, and what was seen."""
        return {
            "step": self.done,
            "weights": {name: weight.detach() for name, weight in self.made.weights.items()},
            "optimiser": self.made.optimiser.state_dict(),
            "schedule": self.made.schedule.state_dict(),
            "generators": [net.generator.get_state() for net in self.nets],
            "loss": [[list(pair) for pair in seen.loss] for seen in self.seen],
            "solved_at": [seen.solved_at for seen in self.seen],
            "ended": self.ended,
        }

    @torch.no_grad()
    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.made.learner.done = state["step"]
        for name, weight in self.made.weights.items():
            weight.copy_(state["weights"][name])
        self.made.optimiser.load_state_dict(state["optimiser"])
        self.made.schedule.load_state_dict(state["schedule"])
        for net, generator in zip(self.nets, state["generators"], strict=True):
            net.generator.set_state(generator)
        for seen, losses, solved_at in zip(self.seen, state["loss"], state["solved_at"], strict=True):
            seen.loss, seen.solved_at = [(step, loss) for step, loss in losses], solved_at
        self.ended = list(state["ended"])
