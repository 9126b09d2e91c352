"""Seeds trained at once over seeds trained one by one: `python benchmarks/seeds.py [--device D] [--seeds 2 10] [--rounds N]`.

A line an architecture, recipe and number of seeds: milliseconds of a step of all seeds, one by one and together, and the
ratio; more than 1 says that together is faster. Words are those of a run, 64 of 12, drawn beforehand; both forms make the same
steps in a bare loop, without scoring. On a processor these are CPU-seconds of one thread, elsewhere seconds; the ratio is the
median over rounds, in which both forms take turns. Some minutes in all.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch

import models
import tasks
from models.net import Net
from models.training.learner import Batch, Learner
from models.training.together import Together
from tasks.words.split import draw, seeded

LENGTH, BATCH, RATE, STEPS = 12, 64, 3e-3, 5
NETS = {"resnet": {}, "revnet": {}, "neural_ode": {"method": "rk4"}}
RECIPES = {"plain": ({}, {}), "robust": ({"box": 1.0}, {"noise": 0.3}), "steady": ({}, {"steady": 0.01})}
Work = Callable[[], object]


def one_by_one(nets: list[Net], batches: list[Batch], recipe: dict[str, float]) -> Work:
    """STEPS of each net, as Lightning makes them."""
    learners = [Learner(net.train(), 10**6, RATE, 0.01, 10**6, lambda net: False, **recipe) for net in nets]
    steps = [learner.optimised(learner.parameters()) for learner in learners]

    def work() -> None:
        for learner, (optimiser, schedule), batch in zip(learners, steps, batches, strict=True):
            for _ in range(STEPS):
                optimiser.zero_grad()
                learner.training_step(batch, 0).backward()
                torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
                optimiser.step()
                schedule.step()

    return work


def together(nets: list[Net], batches: list[Batch], recipe: dict[str, float]) -> Work:
    """STEPS of all nets at once."""
    made = Together(nets, 10**6, RATE, 0.01, 1.0, **recipe)
    return lambda: [made.step(batches) for _ in range(STEPS)]


def compare(name: str, device: str, first: Work, second: Work, rounds: int) -> None:
    """Print milliseconds of both a step, and the ratio."""
    pairs = []
    for _ in range(rounds + 1):  # the first warms up
        spent = []
        for work in (first, second):
            started = now(device)
            work()
            spent.append(1e3 * (now(device) - started) / STEPS)
        pairs.append(spent)
    a, b = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    ratio = statistics.median(x / y for x, y in pairs[1:])
    print(f"{name:32}{a:9.2f} ms {b:9.2f} ms   ratio {ratio:.2f}", flush=True)


def now(device: str) -> float:
    """The clock that counts there."""
    if device == "cpu":
        return time.process_time()
    torch.get_device_module(device).synchronize()
    return time.perf_counter()


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 10])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    task = tasks.get("parity")
    print(f"{asked.device}: one by one, together, one by one / together")
    for name, options in NETS.items():
        for recipe, (settings, terms) in RECIPES.items():
            for seeds in asked.seeds:
                nets = [
                    models.build(name, task, width=32, hidden=64, seed=s, **settings, **options).to(asked.device)
                    for s in range(seeds)
                ]
                words = [draw(task, BATCH, LENGTH, seeded("seeds", s), testing=False) for s in range(seeds)]
                batches = [(w.to(asked.device), task.target(w).to(asked.device), task.depth(LENGTH)) for w in words]
                works = (form(copy.deepcopy(nets), batches, terms) for form in (one_by_one, together))
                compare(f"{name}, {recipe}, {seeds} seeds", asked.device, *works, asked.rounds)


if __name__ == "__main__":
    main()
