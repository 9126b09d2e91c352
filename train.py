"""One run: compose the configuration, train, score trained and reference weights, write one record.

    python train.py task=parity model=resnet seed=0
    python train.py -m 'task=glob(*)' 'model=glob(*)' seed=0,1,2
    python train.py suite=quick

A run whose record exists is skipped. A run that fails leaves a `failed` record with its reason, and a sweep goes on.
"""

import copy
import logging
import os
import sys
import warnings
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hydra
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

import models
import tasks
from leaderboard.running.failure import locate
from leaderboard.running.score import score, solves
from leaderboard.store.checkpoint import Checkpoints
from leaderboard.store.mirror import mirror
from leaderboard.store.provenance import commit, peak_memory, reset_peak, version, versions
from leaderboard.store.record import SCHEMA, RecordError, describe, exists, identifier, prepare, write
from leaderboard.store.weights import pack
from tasks.discover import module_name
from tasks.words.split import draw, seeded


@dataclass
class NetConfig:
    """The module: see `models.Net`; `robust`: its reference is one that corrects noise, where there is one."""

    width: int = 32
    hidden: int = 64
    layers: int = 0
    norm: bool = False
    tableau: int = 0
    inner: bool = False
    robust: bool = False
    memory: str = "store"


@dataclass
class TrainingConfig:
    """Steps of `batch` words of one length, drawn from 1..`length`; the task is looked at every `check` steps."""

    length: int = 12
    steps: int = 1500
    batch: int = 64
    rate: float = 3e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    check: int = 50


@dataclass
class ScoringConfig:
    """Test lengths, as multiples of the training length, and words of each."""

    factors: list[int] = field(default_factory=lambda: [1, 2, 4])
    words: int = 512


@dataclass
class DiagnosticsConfig:
    """`enabled`: record what the dynamics do on `words` test words of the training length; see `analysis.diagnostics`."""

    enabled: bool = False
    words: int = 64


@dataclass
class LoggerConfig:
    """`name`: none, or wandb with its `mode` (offline, online) and `project`."""

    name: str = "none"
    mode: str = "offline"
    project: str = "realizable"


@dataclass
class StoreConfig:
    """What is kept beside the record; it changes no result, so it names no run.

    `weights`: the trained weights, as `<id>.safetensors`. `checkpoint`: every so many steps the state of the training, from
    which a killed run goes on; 0: never. The last two are kept until the run is done.
    """

    weights: bool = True
    checkpoint: int = 1000


@dataclass
class Config:
    """Everything that a run is made of; `task` and `model` hold a name and parameters of that class."""

    task: dict[str, Any] = MISSING
    model: dict[str, Any] = MISSING
    net: NetConfig = field(default_factory=NetConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    diagnostics: DiagnosticsConfig = field(default_factory=DiagnosticsConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    seed: int = 0
    device: str = "cpu"
    results: str = "results/runs"


ConfigStore.instance().store("schema", Config)


def settings(cfg: Config) -> tuple[tasks.Task, models.Architecture]:
    """The task and the architecture of a configuration; TaskError or ModelError, in one line, if it is no good."""
    named = [dict(OmegaConf.to_container(node)) for node in (cfg.task, cfg.model)]  # type: ignore[arg-type]
    task, architecture = (
        make(str(part.pop("name", "")), **part) for make, part in zip((tasks.get, models.get), named, strict=True)
    )
    sizes = {f"training.{name}": getattr(cfg.training, name) for name in ("length", "steps", "batch")}
    for name, value in (sizes | {"diagnostics.words": cfg.diagnostics.words}).items():
        if value < 1:
            raise models.ModelError(f"{name}={value} is not allowed; it must be at least 1")
    if cfg.store.checkpoint < 0:
        raise models.ModelError(f"store.checkpoint={cfg.store.checkpoint} is not allowed; allowed: steps, or 0: never")
    deepest = max(map(task.depth, (factor * cfg.training.length for factor in [1, *cfg.scoring.factors])))
    if 0 < cfg.net.layers < deepest:
        raise models.ModelError(
            f"net.layers={cfg.net.layers} is not allowed; the longest words need {deepest}: allowed: 0 (tied weights), "
            f"at least {deepest}, or smaller scoring.factors"
        )
    return task, architecture.suited(task.program(), cfg.net.tableau)  # type: ignore[return-value]


def fit(
    cfg: Config, task: tasks.Task, net: models.Net, saved: Checkpoints | None = None, logger: Any = False
) -> dict[str, Any]:
    """Train a net in place, from the newest checkpoint if one was `saved`; the record's entry on training."""
    import pytorch_lightning as lightning

    from models.training.learner import Batches, Learner, TrainingError

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric|torch.optim")
    t = cfg.training

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        stream = seeded("train", task.label, cfg.seed, step)  # a step can be drawn without those before it
        length = int(stream.integers(1, t.length + 1))
        tokens = draw(task, t.batch, length, stream, testing=False)
        return tokens, task.target(tokens), task.depth(length)

    def solved(net: models.Net) -> bool:
        return solves(net, task, t.length, 128, cfg.seed)

    keeping = {} if saved is None else {"every": saved.every, "keep": saved.keep, "resumed": saved.newest()}
    learner = Learner(net, t.steps, t.rate, t.weight_decay, t.check, solved, **keeping)
    left = range(learner.done, t.steps)
    if saved is not None and learner.done:
        print(f"goes on from step {learner.done}: {saved.folder}")
    trainer = lightning.Trainer(
        max_steps=len(left),
        accelerator=cfg.device,
        devices=1,
        gradient_clip_val=t.clip,
        logger=logger,
        enable_progress_bar=sys.stderr.isatty(),
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


def _logger(cfg: Config, task: tasks.Task) -> Any:
    if cfg.logger.name == "none":
        return False
    from pytorch_lightning.loggers import WandbLogger

    Path(cfg.results).mkdir(parents=True, exist_ok=True)
    name = f"{task.label} {cfg.model['name']} {cfg.seed}"
    return WandbLogger(name=name, project=cfg.logger.project, save_dir=cfg.results, offline=cfg.logger.mode == "offline")


def measure(cfg: Config, task: tasks.Task, net: models.Net) -> dict[str, Any]:
    """Score trained and, in a copy of the module, reference weights; the record's entries on reference, scores, diagnostics."""
    realised = copy.deepcopy(net)
    entry: dict[str, Any] = {"reason": None, "longest": None, "width": None, "hidden": None}
    scored = {"trained": net}
    try:
        reference = realised.realise(task.program(), cfg.net.robust)
    except models.NotRealizable as reason:
        entry["reason"] = str(reason)
    else:
        entry |= {
            "longest": reference.longest,
            "width": net.architecture.width(reference),
            "hidden": reference.hidden,
            "radius": reference.radius,
        }
        scored["reference"] = realised

    def reaching(length: int) -> dict[str, models.Net]:
        short = entry["longest"] is not None and task.cells(length) > entry["longest"]
        return {"trained": net} if short else scored

    scores = []
    for weights in scored:
        for factor in cfg.scoring.factors:
            length = factor * cfg.training.length
            if weights in reaching(length):
                result = score(scored[weights], task, length, cfg.scoring.words, cfg.training.length)
                scores.append({"weights": weights, "factor": factor} | asdict(result))
    found: dict[str, Any] = {"reference": entry, "scores": scores}
    if cfg.diagnostics.enabled:
        from leaderboard.analysis import diagnostics

        words = diagnostics.batch(task, cfg.training.length, cfg.diagnostics.words)
        found["diagnostics"] = diagnostics.compare(reaching(cfg.training.length), words, cfg.seed)
    return found


def run(cfg: Config) -> dict[str, Any]:
    """Train and score as configured; the record, which has been written. A run that fails gives a `failed` record.

    TaskError or ModelError if the configuration itself is no good: nothing is written then.
    """
    task, architecture = settings(cfg)
    resolved: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    model = module_name(architecture)
    code = {"task": version("task", task.name), "model": version("model", model)}
    parts = {"task": task.parameters, "model": asdict(architecture)}
    determined = {key: resolved[key] for key in ("net", "training", "scoring", "seed", "device")}
    if cfg.diagnostics.enabled:
        determined["diagnostics"] = resolved["diagnostics"]
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "id": identifier({"task": task.name, "model": model, "parts": parts, "code": code} | determined),
        "status": "done",
        "reason": None,
        "task": {
            "name": task.name,
            "label": task.label,
            "parameters": parts["task"],
            "class": task.card.complexity,
        },
        "model": {"name": model, "label": architecture.label, "parameters": parts["model"]},
        "seed": cfg.seed,
        "config": resolved,
        "code": code | {"commit": commit(), "versions": versions()},
        "net": None,
        "reference": None,
        "training": None,
        "scores": [],
    }
    title = f"{task.label} {architecture.label} seed={cfg.seed}"
    folder = Path(cfg.results)
    saved = Checkpoints(folder / "checkpoints" / record["id"], cfg.store.checkpoint)
    if exists(folder, record["id"]):
        saved.remove()
        print(f"skipped, its record exists: {title} {record['id']}")
        return record
    prepare(folder)
    torch.set_num_threads(1)
    reset_peak()
    started, weights, logger = datetime.now(UTC), None, None
    try:
        logger = _logger(cfg, task)
        net = models.build(model, task, **resolved["net"], seed=cfg.seed, **parts["model"])
        record["net"] = {
            "parameters": sum(p.numel() for p in net.parameters()),
            "width": net.width,
            "hidden": net.hidden,
        }
        record["training"] = fit(cfg, task, net, saved, logger)
        record |= measure(cfg, task, net)
        if cfg.store.weights:
            weights = pack(net)
            record["files"] = describe(record["id"], weights)
    except Exception as error:  # whatever it is, the sweep goes on and the record says why
        record |= {
            "status": "failed",
            "reason": f"{type(error).__name__}: {' '.join(str(error).split())}",
            "scores": [],
        }
    seconds, cpu = saved.spent()
    record["cost"] = {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_memory": peak_memory(),
        "started": started.isoformat(timespec="seconds"),
    }
    write(folder, record, weights)
    if record["status"] == "done":
        saved.remove()
    print(f"{record['status']}: {title} {record['id']} {_summary(record)}")
    if logger:
        try:
            mirror(logger.experiment, record)
        except Exception as error:  # whatever wandb has against it, the record is there
            print(f"train: wandb: {' '.join(str(error).split())}", file=sys.stderr)
    return record


def _summary(record: dict[str, Any]) -> str:
    if record["reason"]:
        return str(record["reason"])
    shown = [f"{s['symbols_correct'] / s['symbols']:.3f}" for s in record["scores"] if s["weights"] == "trained"]
    return f"per symbol {' '.join(shown)}, {record['cost']['cpu_seconds']:.1f} CPU-seconds"


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: Config) -> None:
    """Entry of Hydra: a run that fails, or is configured wrongly, ends in one line; exit code 1 if it is the only one.

    So does a disk that is full or a folder that takes no files, and with it a sweep: exit code 1.
    """
    single = HydraConfig.get().mode == RunMode.RUN
    try:
        record = run(cfg)
    except (tasks.TaskError, models.ModelError, RecordError) as error:
        print(f"train: {error}", file=sys.stderr)
        if single:
            sys.exit(1)
        return
    except OSError as error:  # a full disk, a folder that takes no files: the rest of a sweep would end there too
        print(f"train: {error}", file=sys.stderr)
        sys.exit(1)
    if single and record["status"] == "failed":
        sys.exit(1)


def command() -> None:
    """`main`, with a mistake in the command line told in one line."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let errors through; Hydra would print several lines of each
    try:
        main()
    except (HydraException, OmegaConfBaseException, OSError) as error:  # an OSError of the folder that Hydra makes for a sweep
        print(f"train: {_told(error)}", file=sys.stderr)
        sys.exit(1)


def _told(error: BaseException) -> str:
    """What is wrong and what is allowed."""
    text = str(error).split("Config search path")[0].split("\n    full_key")[0].split("To append to")[0]
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and isinstance(cause.parent_node, DictConfig):
        text += f" There are: {', '.join(map(str, cause.parent_node))}"
    elif cause is not None:
        text += f" {str(cause).splitlines()[0]}"
    return " ".join(text.split())


if __name__ == "__main__":
    command()
