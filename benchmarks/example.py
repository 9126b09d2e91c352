"""Train the example submission: `python benchmarks/example.py FOLDER`, parity on ResNet, ten seeds, a minute or two.

What it claims are the scores of the nets that it trained; its recipe is that of train.py, so `realizable verify --retrain`
finds the same.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

import models
import tasks
import train
from leaderboard.score import score
from leaderboard.submissions.description import FACTORS, LENGTH, UNITS
from leaderboard.submissions.folder import SEEDS, weights

NET = {"width": 16, "hidden": 16, "layers": 0, "norm": False, "inner": False}
TRAINING = {"steps": 600, "batch": 32, "length": LENGTH, "rate": 0.01, "weight_decay": 0.01, "clip": 1.0}


def main(folder: Path) -> None:
    """Train, save and describe."""
    torch.set_num_threads(1)
    task, found = tasks.get("parity"), []
    for seed in SEEDS:
        recipe = train.TrainingConfig(**TRAINING)
        net = models.build("resnet", task, seed=seed, **NET)
        train.fit(train.Config(task={"name": "parity"}, model={"name": "resnet"}, training=recipe, seed=seed), task, net)
        path = folder / weights(task.label, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(net.state_dict(), path)
        found.append([asdict(score(net, task, LENGTH * factor, 512, LENGTH)) for factor in FACTORS])
        print(seed, [f"{one['symbols_correct'] / one['symbols']:.3f}" for one in found[-1]])
    claimed = {
        str(some[0]["length"]): {
            unit: round(sum(one[f"{unit}s_correct"] for one in some) / sum(one[f"{unit}s"] for one in some), 4)
            for unit in UNITS
        }
        for some in zip(*found, strict=True)
    }
    described = {
        "schema": 1,
        "name": "example",
        "authors": ["The authors of Realizable"],
        "link": "https://example.org/realizable",
        "architecture": {"name": "resnet", "options": {}},
        "net": NET,
        "tasks": [{"name": "parity", "parameters": {}, "claimed": claimed}],
        "training": TRAINING,
    }
    (folder / "submission.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
