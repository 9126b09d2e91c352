"""Measure a trained net, and beside it reference weights in a copy of the same module."""

import copy
from dataclasses import asdict
from typing import Any

import models
import tasks
from leaderboard import protocol
from leaderboard.analysis import diagnostics, knowledge
from leaderboard.running.config import Config
from leaderboard.running.score import scores
from models.lowering.robust import radius

NOISY = 64  # words on which it is looked how much noise a net bears; no setting, as it would not name the run


def measure(cfg: Config, task: tasks.Task, net: models.Net) -> dict[str, Any]:
    """Score trained and, in a copy of the module, reference weights: the record's reference, scores, noise and picture.

    If they are asked for, also its diagnostics.

    `noise`: the radius of the noise, after every layer, that the weights bear at the training length, and that for which
    reference weights are certified with `net.robust=true`.
    """
    realised = copy.deepcopy(net)
    entry, reason = reference_entry(realised, task, cfg.net.robust)
    scored = {"trained": net} | ({} if reason else {"reference": realised})

    def reaching(length: int) -> dict[str, models.Net]:
        short = entry["longest"] is not None and task.cells(length) > entry["longest"]
        return {"trained": net} if short else scored

    own, measured = cfg.training.length, list[dict[str, Any]]()
    halves = [0.5] * (own % 2 == 0)  # beside N it tells how the length of the curve grows, at lengths that are trained
    for weights in scored:
        for factor in (*halves, *cfg.scoring.factors):
            length, count = int(factor * own), protocol.words_at(cfg.scoring.words, factor)
            if weights in reaching(length):
                deeper = [own * depth for depth in cfg.scoring.depths if factor == 1]
                found = scores(scored[weights], task, length, count, own, deeper)
                measured += [{"weights": weights, "factor": factor} | asdict(score) for score in found]
    words = diagnostics.batch(task, own, NOISY)
    record: dict[str, Any] = {"reference": entry, "scores": measured}
    record["noise"] = {"certified": radius(task.program(), inner=cfg.net.inner)} | {
        weights: diagnostics.radius_of(one, words, cfg.seed) for weights, one in reaching(own).items()
    }
    shown = knowledge.length_of(own)
    if picture := knowledge.pictured(reaching(shown), task, shown):
        record["picture"] = picture
    if cfg.diagnostics.enabled:
        words = diagnostics.batch(task, own, cfg.diagnostics.words)
        record["diagnostics"] = diagnostics.compare(reaching(own), words, cfg.seed)
    return record


def reference_entry(net: models.Net, task: tasks.Task, robust: bool = False) -> tuple[dict[str, Any], str | None]:
    """Load reference weights into a net: the record's entry on them, and the reason where there are none."""
    entry: dict[str, Any] = dict.fromkeys(("reason", "longest", "width", "hidden", "radius"))
    try:
        reference = net.realise(task.program(), robust)
    except models.NotRealizable as reason:
        return entry | {"reason": str(reason)}, str(reason)
    sizes = {"width": net.architecture.width(reference), "hidden": reference.hidden}
    return entry | sizes | {"longest": reference.longest, "radius": reference.radius}, None
