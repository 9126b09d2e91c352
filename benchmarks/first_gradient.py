"""Can the first gradient tell a task from chance? `python benchmarks/first_gradient.py` for all rows of the published records.

For every task and architecture of them `gradients.target_signal` of three fresh nets, on words of the training length, goes
into `leaderboard/published/signal.json`, from which `benchmarks/findings.py` reads it. About two CPU-seconds a net.
"""

import json
from statistics import median
from typing import Any

import torch

import models
import tasks
from leaderboard.analysis.gradients import target_signal
from leaderboard.store.published import STANDARD, published
from tasks.words.bits import Bits

WORDS = 256
SEEDS = 3
FILE = STANDARD.with_name("signal.json")


def signal(record: dict[str, Any]) -> float:
    """That of the task and the architecture of a record, with plain settings: the median over SEEDS nets."""
    task = tasks.get(record["task"]["name"], **record["task"]["parameters"])
    settings, length = record["config"]["net"], record["config"]["training"]["length"]
    found = []
    for seed in range(SEEDS):
        sizes = {key: settings[key] for key in ("width", "hidden", "layers", "tableau")}
        net = models.build(record["model"]["name"], task, seed=seed, **sizes, **record["model"]["parameters"])
        found.append(target_signal(net, task, task.sample(WORDS, length, Bits(seed)), torch.Generator().manual_seed(seed)))
    return median(found)


if __name__ == "__main__":
    torch.set_num_threads(1)
    kept: dict[str, dict[str, float]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    for record in published(STANDARD):
        of = kept.setdefault(record["task"]["label"], {})
        if (name := record["model"]["label"]) not in of:
            of[name] = signal(record)
            print(record["task"]["label"], name, f"{of[name]:.3g}", flush=True)
            FILE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
