"""Train a net, with Lightning, from the newest checkpoint if there is one."""

import logging
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import OmegaConf

import models
import tasks
from leaderboard import protocol
from leaderboard.running.config import Config
from leaderboard.running.failure import locate
from leaderboard.running.score import solves
from leaderboard.running.settings import expanded
from leaderboard.store.checkpoint import Checkpoints
from tasks.words.split import draw, seeded

if TYPE_CHECKING:
    from models.training.learner import Batch, Progress


def fit(
    cfg: Config,
    task: tasks.Task,
    net: models.Net,
    saved: Checkpoints | None = None,
    logger: Any = False,
    leave: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train a net in place, from the newest checkpoint if one was `saved`; the record's entry on training.

    KeyboardInterrupt if it ends before the last step, by Ctrl-C or as `leave()` says so after a step.
    """
    import pytorch_lightning as lightning

    from models.training.learner import Batches, Learner, TrainingError

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric|torch.optim")
    t = cfg.training

    def solved(net: models.Net) -> bool:
        return solves(net, task, t.length, protocol.CHECKED, cfg.seed)

    keeping = terms(cfg)
    if saved is not None:
        keeping |= {"every": saved.every, "keep": saved.keep, "leave": leave, "resumed": saved.newest()}
    learner = Learner(net, t.steps, rate(cfg, net), t.weight_decay, t.check, solved, **keeping)
    left = range(learner.done, t.steps)
    if saved is not None and learner.done:
        print(f"goes on from step {learner.done}: {saved.folder}")
    trainer = lightning.Trainer(
        max_steps=len(left),
        accelerator=cfg.device,
        devices=1,
        gradient_clip_val=t.clip,
        logger=logger,
        enable_progress_bar=sys.stderr.isatty() and not os.environ.get("REALIZABLE_SWEEP"),  # a sweep says how far it is
        enable_checkpointing=False,
        enable_model_summary=False,
        log_every_n_steps=t.steps + 1,
    )
    try:
        if left:
            make = partial(batch, cfg, task, cfg.seed)
            trainer.fit(learner, torch.utils.data.DataLoader(Batches(make, left), batch_size=None))
        if not all(p.isfinite().all() for p in net.parameters()):
            raise TrainingError("the weights are not finite after the last step")
    except RuntimeError as error:
        if learner.batch is not None:
            broken(error, cfg, task, net, learner.batch)
        raise
    if learner.done < t.steps:
        raise KeyboardInterrupt  # Lightning swallows it; a run cut short is no result
    return entry(cfg, learner.progress)


def batch(cfg: Config, task: tasks.Task, seed: int, step: int) -> "Batch":
    """What a step of a seed trains on, drawn without the steps before it; its length is that of every seed."""
    length = int(seeded("length", task.label, step).integers(1, cfg.training.length + 1))
    tokens = draw(task, cfg.training.batch, length, seeded("train", task.label, seed, step), testing=False)
    return tokens, task.target(tokens), task.depth(length)


def terms(cfg: Config) -> dict[str, Any]:
    """What the recipe adds to the loss and the states, as a `Learner` takes it."""
    t = cfg.training
    return {"noise": t.noise, "ramp": t.ramp, "steady": t.steady, "progressive": t.progressive}


def rate(cfg: Config, net: models.Net) -> float:
    """The learning rate: that which is set, or chosen for the architecture under the recipe."""
    settings: Any = OmegaConf.to_container(cfg if OmegaConf.is_config(cfg) else OmegaConf.structured(cfg))
    return cfg.training.rate or protocol.rate_of(net.architecture, settings)


def broken(error: RuntimeError, cfg: Config, task: tasks.Task, net: models.Net, batch: "Batch") -> None:
    """Say in the error where the computation of this batch broke."""
    tokens, _, depth = batch
    length = next(n for n in range(1, cfg.training.length + 1) if task.cells(n) == tokens.shape[1])
    locate(error, net, task, length, tokens, depth)


def entry(cfg: Config, seen: "Progress") -> dict[str, Any]:
    """The record's entry on a training that was finished."""
    t = cfg.training
    return {
        "steps": t.steps,
        "examples": t.steps * t.batch,
        "examples_to_solve": None if seen.solved_at is None else seen.solved_at * t.batch,
        "loss": [list(pair) for pair in seen.loss],
    }


def wandb_logger(cfg: Config, task: tasks.Task) -> Any:
    """Lightning's logger for Weights & Biases where one is asked for, else False."""
    if cfg.logger.name == "none":
        return False
    from pytorch_lightning.loggers import WandbLogger

    folder = expanded(cfg.results)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{task.label} {cfg.model['name']} {cfg.seed}"
    return WandbLogger(name=name, project=cfg.logger.project, save_dir=folder, offline=cfg.logger.mode == "offline")
