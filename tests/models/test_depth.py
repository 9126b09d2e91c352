"""Nets of many layers: what is kept for backward and found again must not change a gradient, a draw or a statistic."""

import math
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

import models
import tasks
from benchmarks.depth import Ledger, activations, fit, lost, scatter
from models.architecture import Layered, Reversible
from models.net import Net

OPTIONS = {
    **{name: [{}, {"drop": 0.5}] for name in ("lm_resnet", "fractalnet")},
    **{name: [{"method": "heun2"}] for name in ("neural_ode", "second_order_ode", "clock_ode")},
    "tis_ode": [{"method": "heun2", "weight": 0.0}],
}  # fmt: skip
KEPT = [
    (name, memory, options)
    for name in models.names()
    if issubclass(models.find(name), Layered)
    for memory in ("checkpoint", "reverse")
    for options in OPTIONS.get(name, [{}])
    if memory in models.get(name, **options).memories
]
REVERSED = [name for name, memory, _ in KEPT if memory == "reverse"]
tied = pytest.mark.parametrize("untied", [False, True], ids=["tied", "untied"])


def words(batch: int = 3, cells: int = 6) -> Tensor:
    return torch.randint(2, (batch, cells), generator=torch.Generator().manual_seed(0))


def net(name: str, memory: str, layers: int = 0, dtype: torch.dtype = torch.float64, norm: bool = True, **options) -> Net:
    """A net in training, with branches of about a tenth of a normalised state."""
    made = Net(models.get(name, **options), 2, 2, 8, 12, layers, norm, memory=memory).to(dtype).train()
    scatter(made, 0.1 if name not in ("plain", "fractalnet") else 1.0)
    return made


def wrap(made: Net, around: type[nn.Module]) -> Net:
    made.blocks = nn.ModuleList(around(block) for block in made.blocks)
    return made


def descent(made: Net, depth: int) -> list[Tensor]:
    """The loss, then the gradient of each parameter."""
    weight = torch.randn(3, 2, 6, generator=torch.Generator().manual_seed(5)).to(made.embed)
    x = made.final(words(), depth)
    loss = (made.read(x) * weight).sum() + made.architecture.penalty(x, made.stack(depth))
    loss.backward()
    return [loss.detach(), *(p.grad for p in made.parameters() if p.grad is not None)]


def same(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    assert len(found) == len(expected)
    assert sum(bool(other.any()) for other in expected) > len(expected) / 4  # dropped branches have none
    for one, other in zip(found, expected, strict=True):
        assert (one - other).abs().max() <= tolerance * other.abs().max()


# the gradients of ordinary autograd


@pytest.mark.parametrize(("name", "memory", "options", "untied"), [(*kept, k % 2 == 1) for k, kept in enumerate(KEPT)])
def test_gradients_are_those_of_autograd(name: str, memory: str, options: dict[str, float], untied: bool) -> None:
    depth = 64 if memory == "reverse" else 3 if name == "clock_ode" else 20
    kept, stored = (net(name, way, untied * depth, **options) for way in (memory, "store"))
    same(descent(kept, depth), descent(stored, depth), 1e-10 if memory == "reverse" else 0)
    assert torch.equal(kept.generator.get_state(), stored.generator.get_state())


@pytest.mark.parametrize("name", REVERSED)
@tied
def test_gradients_in_reverse_are_those_of_autograd_in_single_precision(name: str, untied: bool) -> None:
    """Each layer rounds three times (forward, back, its gradient), and one of branches of a tenth enlarges an error by 1.1.

    In float64 no unit comes nearer to the kink of its ReLU than 6e-5, fifty times what rounding moves it in float32.
    """
    found, expected = (descent(net(name, memory, untied * 64, torch.float32), 64) for memory in ("reverse", "store"))
    same(found, expected, 3 * 2**-24 * (1.1**64 - 1) / 0.1)  # 8e-4


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 30])
@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
@pytest.mark.parametrize("name", REVERSED)
def test_gradients_at_every_depth(name: str, memory: str, depth: int) -> None:
    same(descent(net(name, memory, 30), depth), descent(net(name, "store", 30), depth), 1e-10)


@pytest.mark.parametrize("layers", [0, 3], ids=["tied", "untied"])
@pytest.mark.parametrize("name", REVERSED)
def test_gradients_in_reverse_by_finite_differences(name: str, layers: int) -> None:
    """With other parameters than its own, which are swapped in for the forward pass only."""
    made = net(name, "reverse", layers)
    parameters = {key: (0.7 * value.detach()).requires_grad_() for key, value in made.named_parameters()}

    def logits(*values: Tensor) -> Tensor:
        return functional_call(made, dict(zip(parameters, values, strict=True)), (words(2, 3), 3))

    assert torch.autograd.gradcheck(logits, tuple(parameters.values()), fast_mode=True)


@pytest.mark.parametrize("name", REVERSED)
def test_frozen_parameters_get_no_gradient_and_change_no_other(name: str) -> None:
    nets = [net(name, memory, 4) for memory in ("reverse", "store")]
    for made in nets:
        made.embed.requires_grad_(False)
        for block in made.blocks[::2]:
            block.U.requires_grad_(False)
    found, expected = (descent(made, 4) for made in nets)
    assert all(block.U.grad is None for block in nets[0].blocks[::2])
    same(found, expected, 1e-10)


@pytest.mark.parametrize("name", REVERSED)
def test_weights_changed_before_backward_are_noticed_and_second_derivatives_refused(name: str) -> None:
    made = net(name, "reverse")
    logits = made(words(), 3)
    (gradient,) = torch.autograd.grad(logits.sum(), made.embed, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
    logits = made(words(), 3)
    with torch.no_grad():
        made.blocks[0].V.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        logits.sum().backward()


@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
def test_in_evaluation_and_without_gradients_nothing_changes(memory: str) -> None:
    kept, stored = net("revnet", memory), net("revnet", "store")
    with torch.no_grad():
        assert torch.equal(kept(words(), 5), stored(words(), 5))
    calls = []
    kept.eval().blocks[0].register_forward_hook(lambda *_: calls.append(1))
    same(descent(kept, 5), descent(stored, 5), 0)
    assert len(calls) == 5  # none is computed again


# draws and statistics


class Dropping(nn.Module):
    """A block with dropout, which draws from torch's global generator."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(self.block(x), 0.3)


class Counting(nn.Module):
    """A block between two normalisations with running statistics; one counts batches, one is frozen."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        width = block.U.shape[1]
        self.block, self.batch = block, nn.BatchNorm1d(width).double()
        self.instance = nn.InstanceNorm1d(width, track_running_stats=True).double()
        self.frozen = nn.BatchNorm1d(width).double()
        self.frozen.running_mean += 0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.instance(self.block(self.frozen.eval()(self.batch(x))))


@pytest.mark.parametrize("layers", [0, 12], ids=["tied", "untied"])
@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
@pytest.mark.parametrize("name", REVERSED)
def test_dropout_in_a_block_drops_the_same_again(name: str, memory: str, layers: int) -> None:
    runs, after = [], []
    for way in (memory, "store"):
        torch.manual_seed(3)
        runs.append(descent(wrap(net(name, way, layers), Dropping), 12))
        after.append(torch.rand(5))
    same(*runs, 1e-10)
    assert torch.equal(*after)
    torch.manual_seed(4)
    assert not torch.equal(descent(wrap(net(name, memory, layers), Dropping), 12)[0], runs[0][0])


@pytest.mark.parametrize("layers", [0, 6], ids=["tied", "untied"])
@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
@pytest.mark.parametrize("name", REVERSED)
def test_running_statistics_are_updated_once_a_step(name: str, memory: str, layers: int) -> None:
    kept, stored = (wrap(net(name, way, layers), Counting) for way in (memory, "store"))
    for _ in range(2):
        same(descent(kept, 6), descent(stored, 6), 1e-9)
    assert kept.blocks[0].batch.num_batches_tracked == 2 * (1 if layers else 6)
    for (key, found), expected in zip(kept.named_buffers(), stored.buffers(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12, msg=key)
        assert "frozen" in key or "num" in key or found.abs().max() > 0


@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
def test_layers_are_run_again_in_the_precision_of_the_forward_pass(memory: str) -> None:
    made, seen = net("revnet", memory, dtype=torch.float32), []
    made.blocks[1].register_forward_hook(lambda block, given, result: seen.append(result.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        logits = made(words(), 4)
    logits.float().sum().backward()
    assert len(seen) > 4
    assert set(seen) == {torch.bfloat16}


# how exactly states come back


@pytest.mark.parametrize("name", REVERSED)
def test_no_warning_where_branches_are_bounded(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        descent(net(name, "reverse", dtype=torch.float32), 150)


@pytest.mark.parametrize("depth", [60, 200])  # at 200 the states overflow
def test_warning_where_branches_are_not_bounded(depth: int) -> None:
    made = net("revnet", "reverse", dtype=torch.float32, norm=False)
    scatter(made, 1.0)
    with pytest.warns(UserWarning, match=rf"^revnet: .* {depth} layers .*norm=true.*float64.*memory=checkpoint[^\n]*$") as seen:
        descent(made, depth)
    assert len(seen) == 1


def test_without_states_kept_on_the_way_momentum_would_lose_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error grows as gamma^-depth; its logarithm is known to a quarter, as it begins with a rounding error of any size."""
    monkeypatch.setattr(models.find("momentum_resnet"), "span", None)
    for gamma, depth in ((0.9, 300), (0.5, 48)):
        with pytest.warns(UserWarning, match="^momentum_resnet"):
            descent(net("momentum_resnet", "reverse", dtype=torch.float32, gamma=gamma), depth)
        made = net("momentum_resnet", "store", gamma=gamma)
        growth = math.log(lost(made, words(), depth) / lost(made, words(), depth // 2))
        assert growth == pytest.approx(-depth / 2 * math.log(gamma), rel=0.25)


@pytest.mark.parametrize(("gamma", "span"), [(0.01, 1), (0.5, 4), (0.9, 26), (0.99, 275)])
def test_momentum_loses_four_bits_before_a_state_is_kept(gamma: float, span: int) -> None:
    architecture = models.get("momentum_resnet", gamma=gamma)
    assert architecture.span == span
    assert gamma ** -(span + 1) > 16 - 1e-9


# memory


def test_ledger_counts_what_is_alive_at_a_time() -> None:
    given = torch.ones(1000)
    with Ledger([given]) as ledger:
        a = given + 1  # 4000 bytes
        b = a * 2  # 8000
        c = b.view(10, 100).mT  # the same storage
        del a
        d = torch.cat([c.flatten(), given])  # 4000 for b, 4000 to flatten, 8000
        del b, c
        given.mul_(2)
        e = d[:1].clone()  # 8000, 4
    assert ledger.peak() == 16000
    assert ledger.peak(without=[d]) == 8000
    assert ledger.peak(without=[d, e]) == 8000


def test_activations_of_a_chain_by_hand() -> None:
    """exp, exp, ..., exp keeps every result; backward holds two gradients at a time."""
    weight = nn.Linear(100, 1, bias=False)

    def step() -> None:
        x = weight.weight.exp()
        for _ in range(9):
            x = x.mul(0.1).exp()
        x.sum().backward()

    found = activations(step, weight)
    assert 400 * 10 <= found <= 400 * 10 + 3 * 400 + 100


def memory(name: str, way: str, depth: int, layers: int = 0, **options: object) -> int:
    made = net(name, way, layers, torch.float32, **options)
    return activations(lambda: made(words(), depth).square().mean().backward(), made)


@tied
def test_in_reverse_memory_does_not_grow_with_depth(untied: bool) -> None:
    deep, shallow = (memory("revnet", "reverse", depth, untied * depth) for depth in (64, 8))
    assert deep <= 1.1 * shallow
    assert memory("revnet", "store", 32, untied * 32) > 4 * shallow


def test_momentum_in_reverse_keeps_a_state_every_span() -> None:
    """x and v, `[3, 8, 6]` of 4 bytes each."""
    made = memory("momentum_resnet", "reverse", 6 * 4, gamma=0.5) - memory("momentum_resnet", "reverse", 2 * 4, gamma=0.5)
    assert made == 4 * 2 * 3 * 8 * 6 * 4


@pytest.mark.parametrize(("method", "depths"), [("euler", (64, 8)), ("dopri5", (12, 3))])
def test_with_the_adjoint_equation_memory_does_not_grow_with_depth(method: str, depths: tuple[int, int]) -> None:
    deep, shallow = (memory("neural_ode", "store", depth, method=method, adjoint=True) for depth in depths)
    assert deep <= 1.01 * shallow


@pytest.mark.parametrize(("name", "layers"), [("neural_ode", True), ("clock_ode", False)])
def test_with_the_adjoint_equation_untied_layers_and_ticks_keep_a_state_each(name: str, layers: bool) -> None:
    """Or two, the one before and the one after; `[3, 8, 6]` of 4 bytes each."""
    few, many = (memory(name, "store", depth, layers * depth, method="euler", adjoint=True) for depth in (2, 10))
    assert 1 <= (many - few) / 8 / (3 * 8 * 6 * 4) < 4


def test_with_checkpoints_memory_grows_as_the_root_of_depth() -> None:
    shallow, deep = (memory("resnet", "checkpoint", depth) for depth in (4, 64))
    assert deep < 5 * shallow
    assert memory("resnet", "store", 64) > 2 * memory("resnet", "checkpoint", 64)


# options


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("resnet", {"memory": "disk"}, "^resnet: memory='disk' is not allowed; allowed: store, checkpoint$"),
        ("resnet", {"memory": "reverse"}, f"^resnet: .* no inverse; those of {', '.join(sorted(set(REVERSED)))} have one$"),
        ("momentum_resnet", {"memory": "reverse", "gamma": 0.0}, "^momentum_resnet.*allowed: store, checkpoint,"),
        (
            "neural_ode",
            {"memory": "checkpoint", "adjoint": True},
            r"^neural_ode.*allowed: store, as the adjoint equation finds",
        ),
        ("neural_ode", {"memory": "reverse"}, "^neural_ode: .*allowed: store, checkpoint, as its layers have no inverse"),
        ("lstm", {"memory": "checkpoint"}, "^lstm: .*allowed: store, as it has no layers"),
    ],
)
def test_memory_that_is_not_to_be_had_is_refused(name: str, options: dict[str, object], told: str) -> None:
    with pytest.raises(models.ModelError, match=told):
        models.build(name, tasks.get("parity"), **options)


@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
def test_bad_depth_is_refused_whatever_is_kept(memory: str) -> None:
    made = models.build("revnet", tasks.get("parity"), layers=3, memory=memory)
    assert made.memory == memory
    with pytest.raises(models.ModelError, match=r"^depth 4 .*0\.\.3"):
        made(words(), 4)


def test_architectures_with_an_inverse_are_found() -> None:
    found = {name for name in models.names() if issubclass(models.find(name), Reversible)}
    assert found == set(REVERSED) >= {"revnet", "momentum_resnet"}


# training


@pytest.mark.parametrize(
    ("name", "memory", "depth", "steps", "options"),
    [
        ("resnet", "store", 1024, 2, {}),
        ("plain", "store", 100, 4, {"initial": "identity"}),
        ("momentum_resnet", "reverse", 100, 2, {}),
        ("revnet", "reverse", 64, 3, {}),
        ("clock_ode", "checkpoint", 16, 3, {"method": "euler"}),
    ],
)
def test_a_few_steps_lower_the_loss_of_a_deep_net(
    name: str, memory: str, depth: int, steps: int, options: dict[str, object]
) -> None:
    made = models.build(name, tasks.get("parity"), width=10, hidden=16, norm=name != "plain", memory=memory, **options)
    losses = fit(
        made,
        words(4, 5),
        tasks.get("parity").target(words(4, 5)),
        depth,
        steps,
        (0.002 if name == "clock_ode" else 0.01) / depth,
    )
    assert losses[-1] < losses[0] - 0.01, losses  # 1024 roundings come to 1e-4


@pytest.mark.parametrize("name", ["gru", "lstm", "rnn"])
def test_a_few_steps_lower_the_loss_of_a_net_that_reads_1024_cells(name: str) -> None:
    made, task = models.build(name, tasks.get("addition"), width=10), tasks.get("addition")
    tokens = task.sample(4, 1024, tasks.Bits(0))
    losses = fit(made, tokens, task.target(tokens), 1024, 4, 0.01)
    assert losses[-1] < losses[0] - 0.01, losses


def test_a_plain_net_has_a_gradient_at_depth_only_if_it_starts_as_the_identity() -> None:
    """ReLU(F(x)) of random weights forgets its input; ReLU(x) does not."""
    slopes = {}
    for initial in ("he", "identity"):
        made = models.build("plain", tasks.get("parity"), layers=100, initial=initial)
        assert [block.V.grad for block in made.blocks] == [None] * 100
        (made(words(), 100) * torch.arange(3.0).reshape(3, 1, 1)).sum().backward()
        slopes[initial] = float(made.embed.grad.norm())
    assert slopes["he"] < 1e-2 < 1 < slopes["identity"], slopes
