"""What a run will need, from its configuration alone: work that cannot be done is refused before it is begun."""

from math import ceil, sqrt
from typing import TYPE_CHECKING

import models
import tasks
from leaderboard.running.config import reached
from models.solving.continuous import ADAPTIVE, Continuous
from models.solving.room import available
from models.streaming.stream import Stream

if TYPE_CHECKING:
    from leaderboard.running.config import Config

NUMBER = 4  # bytes of a float32
STATES = 4  # weights, their gradients, and two moments of AdamW
SPARE = 0.9  # of the free memory that a run may plan for


def check(cfg: "Config", task: tasks.Task, architecture: models.Architecture) -> None:
    """ModelError, in one line, if the run takes more evaluations or more memory than there are.

    An adaptive solver chooses its own steps, so of it only one step a layer is counted: while it runs it stops at
    `max_evaluations`, or before memory ends (`models.solving`).
    """
    if isinstance(architecture, Continuous) and architecture.method not in ADAPTIVE:
        pace = cfg.net.pace or architecture.pace
        deepest = max(task.depth(factor * cfg.training.length) for factor in reached(cfg.scoring))
        if cfg.training.steady or cfg.training.progressive:
            deepest = max(deepest, 2 * task.depth(cfg.training.length))
        calls = pace * deepest * architecture.calls
        if calls > architecture.max_evaluations:
            raise models.ModelError(
                f"model.step={architecture.step:g} is not allowed; the longest words take {calls:.3g} evaluations of F: "
                f"allowed: a larger step, or model.max_evaluations at least that, now {architecture.max_evaluations}"
            )
    need, free = cfg.together * needed(cfg, task, architecture), available(cfg.device)
    if free is not None and need > SPARE * free:
        raise models.ModelError(
            f"this run needs about {_size(need)} of memory, {_size(free)} are free: allowed: a smaller training.batch, "
            f"training.length, net.width or net.hidden{_sparing(cfg, architecture)}"
        )


def needed(cfg: "Config", task: tasks.Task, architecture: models.Architecture) -> float:
    """Bytes that training keeps at once for a batch of the longest words: what backward needs, weights and optimiser."""
    width, hidden = _sizes(cfg, task, architecture)
    part = width // architecture.halves
    block = hidden * (4 * part + hidden * cfg.net.inner + width * cfg.net.recall)
    return activations(cfg, task, architecture) + NUMBER * STATES * max(cfg.net.layers, 1) * architecture.blocks * block


def activations(cfg: "Config", task: tasks.Task, architecture: models.Architecture) -> float:
    """Bytes that autograd keeps of a step of training on a batch of the longest words.

    A forward pass; with a steady term one of twice the depth, with a progressive one another of up to twice the depth.
    """
    width, hidden = _sizes(cfg, task, architecture)
    cells, depth = task.cells(cfg.training.length), task.depth(cfg.training.length) * (cfg.net.pace or architecture.pace)
    places = cells * cfg.training.batch
    state = width * places
    layer = state + (architecture.keeps(width, hidden, cells) + architecture.calls * hidden * cfg.net.inner) * places
    steady, progressive = bool(cfg.training.steady), bool(cfg.training.progressive)
    kept: float = (1 + steady + 2 * progressive) * depth * layer
    if isinstance(architecture, Stream):
        kept = (
            4.5 * len(architecture.gates) * state * max(depth / cells, 1)
        )  # gates of every step, and what torch keeps of each
    elif cfg.net.memory == "checkpoint":
        kept = ceil(sqrt(depth)) * (state + layer)
    elif cfg.net.memory == "reverse" or getattr(architecture, "adjoint", False):
        kept = (1 + progressive) * (2 * state + layer) + 2 * steady * depth * state
    kept += steady * depth * state  # how far each has moved
    if cfg.net.recall:  # what every block has read of the word
        kept += max(cfg.net.layers, 1) * architecture.blocks * hidden * places
    return NUMBER * (kept + (1 + 2 * task.classes) * places)


def _sizes(cfg: "Config", task: tasks.Task, architecture: models.Architecture) -> tuple[int, int]:
    """Width and hidden units of the net, as wide as its reference needs."""
    net = cfg.net
    return models.sizes(architecture, task, net.width, net.hidden, net.tableau, net.inner, net.robust)


def _sparing(cfg: "Config", architecture: models.Architecture) -> str:
    """Which setting keeps less, if there is one that is not used."""
    ways = [f"net.memory={way}" for way in architecture.memories if way not in ("store", cfg.net.memory)]
    if isinstance(architecture, Continuous) and not architecture.adjoint:
        ways.append("model.adjoint=true")
    return f", or {' or '.join(ways)}" if ways else ""


def _size(number: float) -> str:
    """A number of bytes, for people."""
    return f"{number / 1e9:,.3g} GB"
