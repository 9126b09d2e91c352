"""Numbers that a result depends on, kept, so that no change goes unseen: words, programs, nets and training.

`make golden` writes those of new tasks and architectures to tests/golden.json. Numbers that have changed it writes only where
the `version` of their task, their architecture or the protocol was raised, since versions are part of what names a run.

- words: of every choice `task=...`, at a few lengths, the first 16 hex digits of SHA-256 of the public test words and targets;
- programs: of every such task, the same of its rules;
- shortcuts: of every such task, the best accuracy of a shortcut on the public words of N and of 4 N symbols, and which it is;
- nets: of every architecture, on `counter`, sums of its reference weights, logits of random weights, and the losses of three
  steps of training, all in float64.
"""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

import models
import tasks
from leaderboard import protocol
from leaderboard.analysis.shortcuts import best
from leaderboard.running.config import Config, NetConfig, TrainingConfig
from leaderboard.running.fit import fit
from models.solving.continuous import Continuous
from tasks.words.split import fingerprint, scoring_words

ROOT = Path(__file__).parent.parent
FILE = Path(__file__).with_suffix(".json")
LENGTHS = (1, 7, 12, 24)

Golden = dict[str, dict[str, Any]]


def configured() -> dict[str, tasks.Task]:
    """Every choice `task=...` of a run: the tasks with their defaults, and the presets of conf/task."""
    found = {name: tasks.get(name) for name in tasks.names()}
    for path in sorted((ROOT / "conf" / "task").glob("*.yaml")):
        stated = {str(key): value for key, value in OmegaConf.load(path).items()}
        name, _ = stated.pop("defaults")
        found[path.stem] = tasks.get(name, **stated)
    return dict(sorted(found.items()))


def words(task: tasks.Task) -> dict[str, Any]:
    """Hashes of the words of each length, and of their targets."""
    return {str(n): pair(task, n) for n in LENGTHS}


def pair(task: tasks.Task, length: int) -> list[str]:
    """Of the words of one length, and of their targets."""
    drawn = scoring_words(task, protocol.WORDS, length, protocol.LENGTH)
    return [fingerprint(tokens)[:16] for tokens in (drawn, task.target(drawn))]


def program(task: tasks.Task) -> dict[str, Any]:
    """The hash of a program, with the version of its task."""
    built = task.program()
    rules = [str(rule) for rule in built.rules] + [str(built.depth(n)) for n in LENGTHS]
    return {"version": task.version, "rules": protocol.digest({"rules": rules}, 16)}


def shortcuts(task: tasks.Task) -> dict[str, Any]:
    """The best of symbols and of words, and whose they are, at each length, with the version of the task."""
    entry: dict[str, Any] = {"version": task.version}
    for length in (protocol.LENGTH, 4 * protocol.LENGTH):
        tokens = scoring_words(task, protocol.WORDS, length, protocol.LENGTH)
        entry[str(length)] = best(task, protocol.LENGTH, tokens, task.target(tokens))._asdict()
    return entry


def net(name: str) -> dict[str, Any]:
    """What an architecture computes, with its version: reference weights, a first forward pass, a few losses."""
    # adaptive solvers choose their steps by errors, which are rounding where a block is 0
    options = {"method": "rk4", "step": 1 / 16} if issubclass(models.find(name), Continuous) else {}
    task, architecture = tasks.get("counter"), models.get(name)
    made = models.build(name, task, width=16, hidden=24, seed=3, **options).double()
    tokens, generator, shaken = scoring_words(task, 4, 5, 3), torch.Generator().manual_seed(0), copy.deepcopy(made)
    with torch.no_grad():
        for parameter in shaken.parameters():  # a block begins as 0
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
        logits = shaken(tokens, task.depth(5))
    cfg = Config(
        task={"name": "counter"}, model={"name": name}, net=NetConfig(16, 24), training=TrainingConfig(5, 3, 8, 3e-3, check=1)
    )
    losses = [loss for _, loss in fit(cfg, task, made)["loss"]]
    made.realise(task.program())
    weights = torch.cat([parameter.detach().flatten() for parameter in made.parameters()])
    sums = [float(weights.sum()), float(weights.square().sum()), float((weights * torch.arange(len(weights))).sum())]
    return {"version": architecture.version, "reference": sums, "logits": logits[0, :, :3].flatten().tolist(), "losses": losses}


def found() -> Golden:
    """All of it, as it is now."""
    return {
        "protocol": {"version": {"version": protocol.VERSION}},
        "words": {name: words(task) for name, task in configured().items()},
        "programs": {name: program(task) for name, task in configured().items()},
        "shortcuts": {name: shortcuts(task) for name, task in configured().items()},
        "nets": {name: net(name) for name in models.names()},
    }


def text(golden: Golden) -> str:
    """As JSON, one line an entry."""
    parts = [
        f" {json.dumps(part)}: {{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in of.items()) + "\n }"
        for part, of in golden.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def differs(now: Any, before: Any) -> bool:
    """Whether two entries differ by more than rounding: weights are drawn in float32, whose last bit is the processor's.

    That is 6e-8 of a weight; layers and three steps of training amplify it less than a hundredfold.
    """
    if isinstance(now, dict):
        return now.keys() != before.keys() or any(differs(now[key], before[key]) for key in now)
    if isinstance(now, list):
        return len(now) != len(before) or any(map(differs, now, before))
    if isinstance(now, float):
        return not abs(now - before) <= 1e-5 * max(1.0, abs(before))
    return bool(now != before)


def unversioned(now: Golden, before: Golden) -> list[str]:
    """Entries that have changed though neither their version nor that of the protocol was raised."""
    raised = now["protocol"] != before.get("protocol")
    return [
        f"{part} of {name}"
        for part, of in now.items()
        for name, entry in of.items()
        if name in before.get(part, {})
        and differs(entry, before[part][name])
        and not raised
        and entry.get("version", 0) <= before[part][name].get("version", 0)
    ]


def steady(now: Golden, before: Golden) -> Golden:
    """Entries that differ by rounding only are as they were, so that another processor changes no line."""
    return {
        part: {
            name: old if (old := before.get(part, {}).get(name)) is not None and not differs(entry, old) else entry
            for name, entry in of.items()
        }
        for part, of in now.items()
    }


if __name__ == "__main__":
    now, before = found(), json.loads(FILE.read_text(encoding="utf-8"))
    if changed := unversioned(now, before):
        sys.exit(f"not written; these have changed, and no version was raised: {', '.join(changed)}")
    FILE.write_text(text(steady(now, before)), encoding="utf-8")
