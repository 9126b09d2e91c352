"""Does training keep reference weights, and from how far does it find back? `python benchmarks/basin.py [task ...]`.

A ResNet of the standard protocol starts at reference weights, moved by normal noise of sigma times the root mean square of each
tensor, and is trained as any run is, at its chosen rate. What it then has right of words four times as long goes into
`leaderboard/published/basin.json`, beside what other tasks have there. Some 20 CPU-seconds a start.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

import models
from leaderboard.analysis.basin import perturbed
from leaderboard.protocol import FAR
from leaderboard.running import config
from leaderboard.running.fit import fit
from leaderboard.running.score import scores
from leaderboard.running.settings import checked
from leaderboard.store.published import STANDARD

SIGMAS = (0.0, 0.03, 0.1, 0.3, 1.0)
WORDS = 256
FILE = STANDARD.with_name("basin.json")


def shares(name: str, recipe: str = "plain") -> dict[str, dict[str, float]]:
    """For each sigma the share of whole words right at N and FAR N, before and after training."""
    with initialize_config_dir(str(Path(__file__).parent.parent.resolve() / "conf"), version_base="1.3"):
        cfg: Any = compose("config", [f"task={name}", "model=resnet", f"recipe={recipe}"])
    task, _ = checked(cfg)
    settings: Any = OmegaConf.to_container(cfg.net, resolve=True)
    reference = models.build("resnet", task, **settings, seed=0)
    reference.realise(task.program())
    found = {}
    for sigma in SIGMAS:
        net = perturbed(reference, sigma, torch.Generator().manual_seed(0))
        found[f"{sigma:g}"] = {f"{of}_before": value for of, value in right(cfg, task, net).items()}
        try:
            fit(cfg, task, net)
            found[f"{sigma:g}"] |= right(cfg, task, net)
        except RuntimeError as error:  # it diverges
            print(f"{name}, sigma {sigma:g}: {error}")
        print(name, sigma, found[f"{sigma:g}"], flush=True)
    return found


def right(cfg: Any, task: Any, net: models.Net) -> dict[str, float]:
    """The share of whole words right at N and at FAR N."""
    out = {}
    for key, factor in (("one", 1), ("far", FAR)):
        (score, *_) = scores(net, task, factor * cfg.training.length, WORDS, cfg.training.length, [])
        out[key] = score.words_correct / score.words
    return out


if __name__ == "__main__":
    config.register()
    torch.set_num_threads(1)
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    for task in sys.argv[1:]:
        kept[task] = shares(task)
        FILE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
