"""Is a configuration one that can be run? All of it is looked at here, before anything is trained or written."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

import models
import tasks
from leaderboard import protocol
from leaderboard.running import memory
from leaderboard.running.config import Config, reached
from tasks.discover import check


class SettingError(ValueError):
    """A setting that no run can have; one line that names it and what is allowed."""


def checked(cfg: Config) -> tuple[tasks.Task, models.Architecture]:
    """The task and the architecture of a configuration.

    SettingError, TaskError or ModelError, in one line that names the setting and what is allowed, if the configuration, or this
    machine, cannot run it. Nothing has been written then.
    """
    values: Config = OmegaConf.to_object(cfg) if OmegaConf.is_config(cfg) else cfg  # type: ignore[assignment]
    check(values, "", SettingError)
    for f in fields(values):
        if is_dataclass(part := getattr(values, f.name)):
            check(part, f"{f.name}.", SettingError)
    _multiples("factors", values.scoring.factors, 1)
    _multiples("depths", values.scoring.depths, 0)
    _device(values.device)
    task = _made("task", tasks, values.task)
    architecture = _made("model", models, values.model)
    suited = architecture.suited(task.program(), values.net.tableau)
    pace = values.net.pace or suited.pace
    if pace > 1 and not architecture.layered:
        raise SettingError(f"net.pace={pace} is not allowed; {architecture.label} has no layers: allowed: 0, 1")
    if values.net.recall and not architecture.layered:
        raise SettingError(f"net.recall=true is not allowed; {architecture.label} has no layers: allowed: false")
    deepest = pace * max(task.depth(factor * values.training.length) for factor in reached(values.scoring))
    if 0 < values.net.layers < deepest:
        raise SettingError(
            f"net.layers={values.net.layers} is not allowed; the longest words need {deepest}: allowed: 0 (tied weights), "
            f"at least {deepest}, or smaller scoring.factors and scoring.depths"
        )
    _recipe(values, architecture, 2 * pace * task.depth(values.training.length))
    if values.together > 1:
        _together(values, suited)
    memory.check(values, task, suited)
    return task, suited


def _together(cfg: Config, architecture: models.Architecture) -> None:
    """SettingError or ModelError unless seeds can be trained at once."""
    from models.training.together import check as trained_together  # which imports Lightning

    trained_together(architecture, cfg.net.layers, cfg.net.memory, cfg.training.progressive)
    if cfg.logger.name != "none":
        raise SettingError(
            f"logger.name={cfg.logger.name} is not allowed with together={cfg.together}, as a logger follows one training: "
            "allowed: none, or together=1"
        )


def _recipe(cfg: Config, architecture: models.Architecture, longest: int) -> None:
    """SettingError unless layers can be disturbed, and run on to the `longest` pass of training, where the recipe says so."""
    after = {"training.steady": cfg.training.steady, "training.progressive": cfg.training.progressive}
    for name, value in {"training.noise": cfg.training.noise, **after}.items():
        if value and not architecture.layered:
            raise SettingError(f"{name}={value:g} is not allowed; {architecture.label} has no layers: allowed: 0")
    if cfg.training.noise and cfg.net.memory == "reverse":
        raise SettingError(
            f"training.noise={cfg.training.noise:g} is not allowed with net.memory=reverse, as noise has no inverse: "
            "allowed: 0, or net.memory=checkpoint"
        )
    for name, value in after.items():
        if value and cfg.net.memory != "store":
            raise SettingError(
                f"{name}={value:g} is not allowed with net.memory={cfg.net.memory}, as layers after the last are kept: "
                "allowed: 0, or net.memory=store"
            )
        if value and 0 < cfg.net.layers < longest:
            raise SettingError(
                f"{name}={value:g} is not allowed with net.layers={cfg.net.layers}; it runs through {longest} layers: "
                "allowed: 0 (tied weights), or that many"
            )


def expanded(path: str) -> Path:
    """A folder as it is named on a command line: `~` is the home of the user."""
    return Path(path).expanduser()


def _made(group: str, package: Any, given: Any) -> Any:
    """The task or the architecture of its part of the configuration."""
    parameters = dict(given)
    return package.get(str(parameters.pop("name", "")), **{str(name): value for name, value in parameters.items()})


def _multiples(name: str, factors: list[int], least: int) -> None:
    """SettingError unless these multiples of the training length are distinct and positive, and at least so many."""
    allowed = all(1 <= factor <= protocol.LARGEST_FACTOR for factor in factors)
    if len(factors) < least or len(set(factors)) < len(factors) or not allowed:
        number = "one or more different" if least else "different"
        most = protocol.LARGEST_FACTOR
        raise SettingError(f"scoring.{name}={factors} is not allowed; allowed: {number} whole numbers, 1 to {most}, as [2,4]")


def _device(device: str) -> None:
    """SettingError unless this machine has the device."""
    here = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    if device not in here:
        raise SettingError(f"device={device} is not allowed; this machine has {', '.join(here)}")
