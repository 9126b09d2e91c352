"""The Neural GPU: its gated unit in closed form, gates that saturate, and guards as thresholds."""

import pytest
import torch
from torch import Tensor

import models
import tasks
from models.architecture import Layers
from models.neural_gpu import FLAT, GAIN, Convolution, Kernel


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("cutoff", [1.0, 1.2, 2.0])
@pytest.mark.parametrize("units", [1, 2, 3])
def test_a_unit_by_its_formula(units: int, cutoff: float) -> None:
    """s' = u s + (1 - u) tanh(C (r s)) with linear maps for the convolutions; u and r first cut at 0 and 1."""
    made, x = models.get("neural_gpu", units=units, cutoff=cutoff), normal(2, 4, 3, seed=1)
    maps = [3 * normal(4, 4, seed=k) for k in range(3 * units)]
    (found,) = made.states(x, Layers(lambda _: [lambda s, A=A: A @ s for A in maps], 1))
    for U, R, C in zip(maps[::3], maps[1::3], maps[2::3], strict=True):
        u, r = (1 / (1 + torch.exp(-(A @ x))) for A in (U, R))
        if cutoff > 1:
            u, r = (torch.clamp(cutoff * gate - (cutoff - 1) / 2, 0, 1) for gate in (u, r))
            assert ((u == 0) | (u == 1)).any()
        x = u * x + (1 - u) * torch.tanh(C @ (r * x))
    torch.testing.assert_close(found, x)


@torch.no_grad()
def test_a_convolution_by_hand() -> None:
    made, x = Convolution(4, 1.0, False, torch.Generator().manual_seed(0)).double(), normal(2, 4, 5)
    expected = torch.nn.functional.conv1d(x, made.U, made.B, padding=1)
    torch.testing.assert_close(made(x), expected)
    assert torch.equal(made.B, torch.ones(4).double())


def test_gates_begin_open() -> None:
    net = models.build("neural_gpu", tasks.get("parity"))
    assert [float(block.B.mean()) for block in net.blocks] == [1, 1, 0, 1, 1, 0]


def test_one_unit_has_no_reference() -> None:
    net = models.build("neural_gpu", tasks.get("parity"), units=1)
    with pytest.raises(models.NotRealizable, match=r"^one unit is a threshold .* allowed: units=2 or more$"):
        net.realise(tasks.get("parity").program())


def test_there_is_no_inner_layer() -> None:
    with pytest.raises(models.ModelError, match=r"^a gated unit has no hidden layer; allowed: inner=false$"):
        models.build("neural_gpu", tasks.get("parity"), inner=True)


@pytest.mark.parametrize("options", [{}, {"cutoff": 1.0}, {"units": 3}], ids=str)
@pytest.mark.parametrize("name", ["parity", "turing", "bucket_sort"])
@torch.no_grad()
def test_states_are_those_of_the_discrete_ode(name: str, options: dict) -> None:
    """Exactly: thresholds are saturated. Guards are 1 or -1 in channels of their own; nothing else is touched."""
    task = tasks.get(name)
    program, net = task.program(), models.build("neural_gpu", task, width=50, **options).eval()
    net.realise(program)
    d, rules = program.channels, len(program.rules)
    tokens = task.sample(8, 5, tasks.Bits(2))
    pairs = list(zip(net.states(tokens, task.depth(5)), program.run(tokens), strict=True))
    for x, expected in pairs:
        assert torch.equal(x[:, :d], expected.float())
        assert not x[:, d + rules :].any()
    assert all((x[:, d : d + rules].abs() == 1).all() for x, _ in pairs[1:])


@torch.no_grad()
def test_two_hundred_cells() -> None:
    task = tasks.get("parity")
    net = models.build("neural_gpu", task).eval()
    net.realise(task.program())
    tokens = task.sample(2, 200, tasks.Bits(1))
    assert torch.equal(net(tokens, 200).argmax(1), task.target(tokens))


def test_the_radius_is_what_a_threshold_leaves() -> None:
    """A guard of m literals that are off by r is off by m r, and must stay FLAT / GAIN away from one half."""
    assert torch.tanh(torch.tensor(FLAT, dtype=torch.float64)) == 1
    assert torch.sigmoid(torch.tensor(-GAIN / 2)) * 1 + 1 == 1
    made = models.get("neural_gpu")
    assert made.robust(tasks.get("addition").program(), False).radius == pytest.approx((0.5 - 20 / 256) / 6)


@torch.no_grad()
def test_spare_channels_stay_empty_and_a_kernel_is_loaded_where_it_belongs() -> None:
    made = Convolution(4, 1.0, True, torch.Generator().manual_seed(0))
    made.load(Kernel(torch.ones(2, 2, 3), torch.ones(2)), 0.5)
    assert made.U[:2, :2].eq(0.5).all()
    assert made.B.tolist() == [0.5, 0.5, 0, 0]
    assert made.U.sum() == 6
