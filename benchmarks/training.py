"""What training costs beside the least it could: `python benchmarks/training.py [part ...] [--rounds N]`.

step        a step of ResNet 32/64 (64 words of 12, depth 12) by autograd's plain form of the block, over the block's own
recipe      a step in a box with noise, over one without
streams     a step of LSTM and RNN of width 256 (128 words of 40), over torch's module alone on one-hot symbols
lightning   `fit` as runs have it, over the same steps in a bare loop

CPU-seconds of one thread; each ratio is the median over rounds, in which both forms take turns. About a minute in all.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

import models
import tasks
from leaderboard.running.config import Config, NetConfig, TrainingConfig
from leaderboard.running.fit import fit
from models import block, branch
from tasks.words.split import draw, seeded

STEPS, LENGTH, BATCH, RATE = 10, 12, 64, 3e-3
Work = Callable[[], object]


def compare(name: str, first: Work, second: Work, rounds: int, each: int = STEPS) -> None:
    """Print milliseconds of both a step, and the ratio."""
    pairs = []
    for _ in range(rounds + 1):  # the first warms up
        spent = []
        for work in (first, second):
            started = time.process_time()
            work()
            spent.append(1e3 * (time.process_time() - started) / each)
        pairs.append(spent)
    a, b = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    ratio = statistics.median(x / y for x, y in pairs[1:])
    print(f"{name:44}{a:8.2f} ms {b:8.2f} ms   ratio {ratio:.2f}", flush=True)


def trainer(net: nn.Module, forward: Callable[[Tensor], Tensor], tokens: Tensor, target: Tensor, steps: int = STEPS) -> Work:
    """A bare loop: forward, backward, clipping, AdamW, schedule."""
    parameters = list(net.train().parameters())
    optimiser = torch.optim.AdamW(parameters, RATE, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=10**6)

    def work() -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            nn.functional.cross_entropy(forward(tokens), target).backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()

    return work


def resnet(**settings: float) -> Work:
    """Steps of the net that most runs train."""
    task, noise = tasks.get("parity"), settings.pop("noise", 0.0)
    net = models.build("resnet", task, width=32, hidden=64, **settings)
    net.noise = noise
    tokens = task.sample(BATCH, LENGTH, tasks.Bits(0))
    return trainer(net, lambda words: net(words, LENGTH), tokens, task.target(tokens))


def plainly(work: Work) -> Work:
    """The same with the plain form of the block."""

    def run() -> None:
        block.branch = branch.plain
        try:
            work()
        finally:
            block.branch = branch.branch

    return run


def streams(rounds: int) -> None:
    """Both streaming nets that the issue names."""
    task = tasks.get("parity")
    tokens = task.sample(128, 40, tasks.Bits(0))
    target, symbols = task.target(tokens), torch.eye(2)
    for name, kind in (("lstm", nn.LSTM), ("rnn", nn.RNN)):
        net = models.build(name, task, width=256)
        least = nn.ModuleList([kind(2, 256, batch_first=True), nn.Linear(256, 2)])

        def bare(words: Tensor, least: nn.ModuleList = least) -> Tensor:
            return least[1](least[0](symbols[words])[0]).mT

        ours = trainer(net, lambda words, net=net: net(words, 40), tokens, target, steps=1)
        compare(f"{name} 256, over torch's on one-hot symbols", ours, trainer(least, bare, tokens, target, 1), rounds, 1)


def lightning(rounds: int, steps: int = 200) -> None:
    """A whole `fit` without a look at the task before its end, and the steps that it makes."""
    task = tasks.get("parity")
    setting = TrainingConfig(length=LENGTH, steps=steps, batch=BATCH, check=steps)
    cfg = Config(task={"name": "parity"}, model={"name": "resnet"}, net=NetConfig(32, 64), training=setting)

    def batch(step: int) -> tuple[Tensor, Tensor, int]:
        length = int(seeded("length", task.label, step).integers(1, LENGTH + 1))
        words = draw(task, BATCH, length, seeded("train", task.label, cfg.seed, step), testing=False)
        return words, task.target(words), task.depth(length)

    def bare() -> None:
        net = models.build("resnet", task, width=32, hidden=64).train()
        optimiser = torch.optim.AdamW(net.parameters(), setting.rate, weight_decay=setting.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, setting.rate, total_steps=steps)
        for step in range(steps):
            tokens, target, depth = batch(step)
            loss = nn.functional.cross_entropy(net(tokens, depth), target)
            if not torch.isfinite(loss):
                raise SystemExit("the loss is not finite")
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), setting.clip)
            optimiser.step()
            schedule.step()

    compare(
        "fit, over a bare loop", lambda: fit(cfg, task, models.build("resnet", task, width=32, hidden=64)), bare, rounds, steps
    )


def main() -> None:
    """Print a line a ratio."""
    parser = argparse.ArgumentParser(description="CPU-seconds of training, as ratios in one run.")
    parser.add_argument("parts", nargs="*", help="step, recipe, streams, lightning; all unless named")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rounds: int = asked.rounds
    parts: dict[str, Work] = {
        "step": lambda: compare("plain block, over the block's own backward", plainly(resnet()), resnet(), 4 * rounds),
        "recipe": lambda: compare("box and noise, over none", resnet(box=1.0, noise=0.3), resnet(), 4 * rounds),
        "streams": lambda: streams(rounds),
        "lightning": lambda: lightning(rounds),
    }
    if unknown := [part for part in asked.parts if part not in parts]:
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(parts)}")
    for part in asked.parts or parts:
        parts[part]()


if __name__ == "__main__":
    main()
