"""Train a net, with Lightning, from the newest checkpoint if there is one."""

import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

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

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        # a step can be drawn without those before it; its length is that of every seed, so that seeds can be trained at once
        length = int(seeded("length", task.label, step).integers(1, t.length + 1))
        tokens = draw(task, t.batch, length, seeded("train", task.label, cfg.seed, step), testing=False)
        return tokens, task.target(tokens), task.depth(length)

    def solved(net: models.Net) -> bool:
        return solves(net, task, t.length, protocol.CHECKED, cfg.seed)

    keeping: dict[str, Any] = {"noise": t.noise, "ramp": t.ramp, "steady": t.steady, "progressive": t.progressive}
    if saved is not None:
        keeping |= {"every": saved.every, "keep": saved.keep, "leave": leave, "resumed": saved.newest()}
    settings: Any = OmegaConf.to_container(cfg if OmegaConf.is_config(cfg) else OmegaConf.structured(cfg))
    rate = t.rate or protocol.rate_of(net.architecture, settings)
    learner = Learner(net, t.steps, rate, t.weight_decay, t.check, solved, **keeping)
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
            trainer.fit(learner, torch.utils.data.DataLoader(Batches(batch, left), batch_size=None))
        if not all(p.isfinite().all() for p in net.parameters()):
            raise TrainingError("the weights are not finite after the last step")
    except RuntimeError as error:
        if learner.batch is not None:
            tokens, _, depth = learner.batch
            length = next(n for n in range(1, t.length + 1) if task.cells(n) == tokens.shape[1])
            locate(error, net, task, length, tokens, depth)
        raise
    if learner.done < t.steps:
        raise KeyboardInterrupt  # Lightning swallows it; a run cut short is no result
    seen = learner.progress
    return {
        "steps": t.steps,
        "examples": t.steps * t.batch,
        "examples_to_solve": None if seen.solved_at is None else seen.solved_at * t.batch,
        "loss": [[step, loss] for step, loss in seen.loss],
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
