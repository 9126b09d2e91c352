"""Work that cannot be done is refused before it is begun: evaluations, and memory that a run will need."""

import pytest
import torch
from cases import kept
from runs import configured

import models
import tasks
from leaderboard.running import memory
from leaderboard.running.settings import checked
from models import ModelError
from models.solving.continuous import Continuous

CASES = [
    (name, options)
    for name in models.names()
    for options in (
        [{"method": "rk4", "step": 1 / 16}, {"method": "euler", "step": 1 / 16}]
        if issubclass(models.find(name), Continuous)
        else [{"kind": kind} for kind in ("poly-2", "poly-3", "3-way")]
        if name == "polynet"
        else [{}]
    )
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("inner", [False, True])
def test_what_is_needed_is_what_autograd_keeps(tmp_path, name, options, inner):
    task = tasks.get("parity")
    overrides = [f"model={name}", *(f"model.{key}={value}" for key, value in options.items()), "net.width=32", "net.hidden=64"]
    if inner and (name == "neural_gpu" or not models.find(name).layered):
        pytest.skip("there is no inner layer")
    cfg = configured(tmp_path, *overrides, f"net.inner={str(inner).lower()}", "training.length=8", "training.batch=16")
    net = models.build(name, task, width=32, hidden=64, inner=inner, **options)
    tokens = task.sample(16, 8, tasks.Bits(0))
    measured = kept(net, lambda: torch.nn.functional.cross_entropy(net(tokens, task.depth(8)), tokens))
    planned = memory.activations(cfg, task, net.architecture)
    assert 0.5 * measured < planned < 2.5 * measured, (measured, planned)


def test_attention_keeps_the_scores_of_every_pair_of_cells(tmp_path):
    task = tasks.get("parity")
    cfg = configured(tmp_path, "model=transformer", "net.width=32", "net.hidden=64", "training.length=100", "training.batch=2")
    net, tokens = models.build("transformer", task, width=32, hidden=64), task.sample(2, 100, tasks.Bits(0))
    measured = kept(net, lambda: torch.nn.functional.cross_entropy(net(tokens, task.depth(100)), tokens))
    planned = memory.activations(cfg, task, net.architecture)
    assert 0.5 * measured < planned < 2.5 * measured, (measured, planned)


def test_a_step_that_takes_more_evaluations_than_are_allowed_is_refused(tmp_path):
    with pytest.raises(
        ModelError, match=r"^model\.step=1e-0\d is not allowed; the longest words take .* evaluations of F: allowed:"
    ):
        checked(configured(tmp_path, "model=neural_ode", "model.method=euler", "model.step=1e-6", "training.length=12"))


def test_more_memory_than_is_free_is_refused_with_what_would_lower_it(tmp_path, monkeypatch):
    big = ["training.batch=100000", "training.length=100", "net.hidden=1000"]
    monkeypatch.setattr(memory, "available", lambda device: 8 * 10**9)
    with pytest.raises(ModelError) as refused:
        checked(configured(tmp_path, *big))
    line = str(refused.value)
    assert "GB of memory, 8 GB are free" in line
    assert "smaller training.batch" in line
    assert "net.memory=checkpoint" in line
    assert "\n" not in line
    checked(configured(tmp_path, "training.batch=64"))
    monkeypatch.setattr(memory, "available", lambda device: None)  # a system that does not say
    checked(configured(tmp_path, *big))


@pytest.mark.parametrize(("way", "model"), [("checkpoint", "resnet"), ("reverse", "revnet")])
def test_what_keeps_less_needs_less(tmp_path, way, model):
    long = [f"model={model}", "training.length=400"]
    stored, kept = (
        memory.needed(configured(tmp_path, *long, f"net.memory={how}"), tasks.get("parity"), models.get(model))
        for how in ("store", way)
    )
    assert kept < stored / 5
