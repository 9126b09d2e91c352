"""A run from its configuration to its record; what has been done is skipped, and a failure leaves its reason."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import torch
from omegaconf import OmegaConf

import models
import tasks
from leaderboard import protocol
from leaderboard.running import block
from leaderboard.running.config import Config
from leaderboard.running.fit import fit, wandb_logger
from leaderboard.running.measure import measure
from leaderboard.running.settings import checked, expanded
from leaderboard.store.checkpoint import Checkpoints
from leaderboard.store.mirror import mirror
from leaderboard.store.provenance import code, peak_memory, reset_peak
from leaderboard.store.record import SCHEMA, describe, finished, prepare, write
from leaderboard.store.schema import at_own_depth
from leaderboard.store.weights import serialised

SKIPPED = "skipped"  # the status of a run whose record exists: it is not written again


def _never() -> bool:
    return False


def run(cfg: Config, leave: Callable[[], bool] = _never) -> dict[str, Any]:
    """Train and score as configured; the record, which has been written. A run that fails gives a `failed` record.

    The status is `skipped`, and nothing is written, where the record exists. SettingError, TaskError or ModelError if the
    configuration itself is no good: nothing is written then, either. `leave()` is asked after every step: where it is true the
    state is kept as a checkpoint, and KeyboardInterrupt ends the run.
    """
    task, architecture = checked(cfg)
    record = begun(cfg, task, architecture)
    folder = expanded(cfg.results)
    saved = Checkpoints(folder / "checkpoints" / record["id"], cfg.store.checkpoint)
    if before := finished(folder, record["id"]):
        saved.remove()
        return record | {"status": SKIPPED, "reason": _edited(record, before)}
    prepare(folder)
    torch.set_num_threads(1)
    reset_peak()
    if cfg.together > 1:
        return _block(cfg, task, architecture, leave)
    started, weights, logger, spent = datetime.now(UTC), None, None, list[float]()
    try:
        logger = wandb_logger(cfg, task)
        weights = _trained(cfg, task, record, saved, logger, spent, leave)
    except Exception as error:  # whatever it is, the sweep goes on and the record says why
        record |= _raised(error)
    record["cost"] = _cost(saved.spent(), spent[0] if spent else None, started)
    write(folder, record, weights)
    if record["status"] == "done":
        saved.remove()
    if logger:
        try:
            mirror(logger.experiment, record)
        except Exception as error:  # whatever wandb has against it, the record is there
            print(f"train: wandb: {' '.join(str(error).split())}", file=sys.stderr)
    return record


def give_up(cfg: Config, reason: str) -> dict[str, Any]:
    """Write, and give, the `failed` record of a run that has no end of its own: it takes the process with it, say."""
    record = begun(cfg, *checked(cfg)) | _failure(reason)
    folder = expanded(cfg.results)
    record["cost"] = _cost(Checkpoints(folder, 0).spent(), None, datetime.now(UTC))
    write(folder, record)
    return record


def _edited(record: dict[str, Any], before: dict[str, Any]) -> str | None:
    """What to say if the file of a plug-in is another one than before: no golden numbers hold it to its version."""
    now, then = (one["code"].get("plugins", {}) for one in (record, before))
    changed = [record[kind]["name"] for kind in now if now[kind] != then.get(kind)]
    return f"the file of {' and '.join(changed)} was changed since: raise its version to run it anew" if changed else None


def _failure(reason: str) -> dict[str, Any]:
    return {"status": "failed", "reason": reason, "scores": []}


def _raised(error: Exception) -> dict[str, Any]:
    return _failure(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _cost(spent: tuple[float, float], training: float | None, started: datetime) -> dict[str, Any]:
    seconds, cpu = spent
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "training_cpu_seconds": training,
        "peak_memory": peak_memory(),
        "started": started.isoformat(timespec="seconds"),
    }


def identified(cfg: Config, task: tasks.Task, architecture: models.Architecture) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a run as they are recorded, and its `id`, `protocol`, `recipe`, `task` and `model`."""
    resolved: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    resolved["task"] |= task.parameters  # what a file said, too: then the record needs the file no more
    resolved["training"]["rate"] = resolved["training"]["rate"] or protocol.rate_of(architecture, resolved)
    if resolved["together"] == 1:
        del resolved["together"]  # as before there was a choice: the id and the record stay what they were
    of = ("net", "training", "scoring", "seed", "device", "together")
    determined = {key: resolved[key] for key in of if key in resolved}
    if cfg.diagnostics.enabled:
        determined["diagnostics"] = resolved["diagnostics"]
    return resolved, protocol.described(cfg.protocol, task, architecture, determined, resolved["recipe"])


def begun(cfg: Config, task: tasks.Task, architecture: models.Architecture) -> dict[str, Any]:
    """The record of a run before it has begun: what it is, and so its id."""
    resolved, identity = identified(cfg, task, architecture)
    return {
        "schema": SCHEMA,
        "status": "done",
        "reason": None,
        **identity,
        "seed": cfg.seed,
        "config": resolved,
        "code": code(task.name, architecture.name),
        "net": None,
        "reference": None,
        "training": None,
        "scores": [],
    }


def _trained(
    cfg: Config,
    task: tasks.Task,
    record: dict[str, Any],
    saved: Checkpoints,
    logger: Any,
    spent: list[float],
    leave: Callable[[], bool],
) -> bytes | None:
    """Build, train and measure; fills in the record, and the CPU seconds of training; gives the weights that are kept."""
    net = _built(task, record)
    record["training"] = fit(cfg, task, net, saved, logger, leave)
    spent.append(saved.spent()[1])
    return _measured(cfg, task, net, record)


def _built(task: tasks.Task, record: dict[str, Any]) -> models.Net:
    """The net of a record, which says how large it is."""
    model = record["model"]
    net = models.build(model["name"], task, **record["config"]["net"], seed=record["seed"], **model["parameters"])
    record["net"] = {"parameters": sum(p.numel() for p in net.parameters()), "width": net.width, "hidden": net.hidden}
    return net


def _measured(cfg: Config, task: tasks.Task, net: models.Net, record: dict[str, Any]) -> bytes | None:
    """Measure a trained net; fills in the record, and gives the weights that are kept."""
    record |= measure(cfg, task, net)
    if not cfg.store.weights:
        return None
    weights = serialised(net)
    record["files"] = describe(record["id"], weights)
    return weights


def _block(cfg: Config, task: tasks.Task, architecture: models.Architecture, leave: Callable[[], bool]) -> dict[str, Any]:
    """Train all seeds of the block of a run at once, and write those of their records that are missing; that of the run.

    The cost of training is shared out.
    """
    made: list[Any] = [OmegaConf.merge(cfg, {"seed": seed}) for seed in block.seeds(cfg)]
    records = [begun(one, task, architecture) for one in made]
    folder, started = expanded(cfg.results), datetime.now(UTC)
    saved = Checkpoints(folder / "checkpoints" / records[0]["id"], cfg.store.checkpoint)
    nets = [_built(task, record) for record in records]
    try:
        ends: Sequence[dict[str, Any] | Exception] = block.fit(cfg, task, nets, saved, leave)
    except Exception as error:  # as one of a run
        ends = [error] * len(made)
    seconds, training = (spent / len(made) for spent in saved.spent())
    for one, record, net, end in zip(made, records, nets, ends, strict=True):
        if finished(folder, record["id"]):
            continue
        clock, weights = Checkpoints(folder, 0), None
        try:
            if isinstance(end, Exception):
                raise end
            record["training"] = end
            weights = _measured(one, task, net.cpu(), record)
        except Exception as error:
            record |= _raised(error)
        measuring = clock.spent()
        record["cost"] = _cost((seconds + measuring[0], training + measuring[1]), training, started)
        write(folder, record, weights)
    saved.remove()
    return records[cfg.seed % cfg.together]


def summary(record: dict[str, Any]) -> str:
    """What is said of a run on one line."""
    if record["reason"]:
        return str(record["reason"])
    trained = [s for s in record["scores"] if s["weights"] == "trained" and at_own_depth(s) and s["factor"] >= 1]
    shown = " ".join(f"{s['symbols_correct'] / s['symbols']:.3f}" for s in trained)
    lengths = "/".join(str(s["length"]) for s in trained)
    return f"per symbol {shown} at {lengths}, {record['cost']['cpu_seconds']:.1f} CPU-seconds"
