"""Measure learning rates on development words.

    python -m leaderboard.running.development -m model=resnet,plain recipe=plain,robust

Each net that was trained leaves a file in `results/development`, so that what was cut off goes on; all of them together become
`leaderboard/rates.json`, from which `leaderboard.rates` chooses.
"""

import json
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import hydra
import torch
from omegaconf import OmegaConf

import models
import tasks
from leaderboard import protocol, rates
from leaderboard.running import config
from leaderboard.running.config import Config
from leaderboard.running.fit import fit
from leaderboard.running.settings import checked
from leaderboard.store.atomic import put
from tasks.words.split import draw, seeded

FOLDER = Path("results/development")


def words(task: tasks.Task, length: int) -> torch.Tensor:
    """Development words `[batch, cells]` of a task: their stream is neither that of training nor that of scoring."""
    return draw(task, rates.WORDS, length, seeded("development", task.label, length), testing=True)


def measured(cfg: Config, task: tasks.Task, architecture: models.Architecture) -> dict[str, Any]:
    """Train as configured, and the shares of whole words and of symbols that are right, mean over `rates.LENGTHS`."""
    torch.set_num_threads(1)
    started = time.process_time()
    settings: Any = OmegaConf.to_container(cfg.net, resolve=True)
    net = models.build(architecture.name, task, **settings, seed=cfg.seed, **asdict(architecture))
    right = {"words": 0.0, "symbols": 0.0}
    try:
        fit(cfg, task, net)
        right = {unit: fmean(shares) for unit, shares in zip(right, zip(*_shares(net, task), strict=True), strict=True)}
    except RuntimeError as error:  # a rate at which training diverges has nothing right
        print(f"{architecture.label} on {task.label}, rate {cfg.training.rate:g}: {error}")
    return right | {"cpu_seconds": time.process_time() - started}


@torch.no_grad()
def _shares(net: models.Net, task: tasks.Task) -> list[tuple[float, float]]:
    """At each development length n the share of whole words, and of scored symbols, that are right, and stay so.

    That is, both after depth(n) layers and after those of words FAR times as long.
    """
    net.eval()
    found = []
    for length in rates.LENGTHS:
        tokens = words(task, length)
        target = task.target(tokens)
        depths, scored = {task.depth(length), task.depth(protocol.FAR * length)}, target != tasks.IGNORE
        right = torch.stack([net(tokens, depth).argmax(1) == target for depth in depths]).all(0)
        found.append((float((right | ~scored).all(1).float().mean()), float(right[scored].float().mean())))
    return found


def choose(cfg: Config) -> None:
    """Measure every rate on every development task, as far as that was not done before; then write `rates.json`."""
    for rate in rates.RATES:
        for name, parameters in rates.TASKS.items():
            own: Any = OmegaConf.merge(cfg, {"training": {"rate": rate}, "seed": rates.SEED, "results": str(FOLDER)})
            OmegaConf.update(own, "task", {"name": name} | parameters, merge=False)
            task, architecture = checked(own)
            settings: Any = OmegaConf.to_container(own, resolve=True)
            settings = {of: settings[of] for of in ("net", "training", "seed")}
            said = protocol.described("development", task, architecture, settings)
            path = FOLDER / f"{said['id']}.json"
            if not path.exists():
                key = rates.key(architecture.label, protocol.besides_rate(settings))
                entry = {"key": key, "version": architecture.version, "rate": rate}
                entry |= {"task": task.label} | measured(own, task, architecture)
                FOLDER.mkdir(parents=True, exist_ok=True)
                put(path, (json.dumps(entry) + "\n").encode())
                print(json.dumps(entry), flush=True)
    collect()


def collect() -> None:
    """All that was measured, beside what `leaderboard/rates.json` has of others: means over the tasks, costs summed."""
    by: dict[str, dict[str, Any]] = defaultdict(lambda: {"version": 0, "rates": defaultdict(list)})
    for path in sorted(FOLDER.glob("*.json")):
        entry = json.loads(path.read_text())
        by[entry["key"]]["version"] = entry["version"]
        by[entry["key"]]["rates"][str(entry["rate"])].append(entry)
    entries = dict(rates.kept())
    for name, found in by.items():
        whole = {rate: some for rate, some in found["rates"].items() if len(some) == len(rates.TASKS)}
        shares = {
            rate: {unit: round(fmean(one[unit] for one in some), 4) for unit in ("words", "symbols")}
            | {"cpu_seconds": round(sum(one["cpu_seconds"] for one in some), 1)}
            for rate, some in sorted(whole.items(), key=lambda item: float(item[0]))
        }
        entries[name] = {"version": found["version"], "rates": shares}
    lines = [f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(entries.items())]
    put(Path(rates.__file__).with_name(rates.FILE), ("{\n" + ",\n".join(lines) + "\n}\n").encode())


if __name__ == "__main__":
    config.register()
    hydra.main(version_base="1.3", config_path="../../conf", config_name="config")(choose)()
