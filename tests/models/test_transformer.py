"""The Transformer: attention by hand, what its positions can tell apart, and a reference by heads that look at neighbours."""

import math

import pytest
import torch
from torch import Tensor

import models
import tasks
from models.net import Net
from models.transformer import Attention, sinusoids

KINDS = ("relative", "alibi", "sinusoidal", "randomised", "none")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def attention(positions: str, heads: int = 3, width: int = 7, reach: int = 2) -> Attention:
    """With random weights, in float64."""
    made = Attention(width, heads, positions, reach, False, generator()).double()
    for parameter in made.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator(3), dtype=torch.float64))
    return made


def states(width: int = 7, cells: int = 6) -> Tensor:
    return torch.randn(2, width, cells, generator=generator(1), dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_attention_by_hand(kind: str) -> None:
    """Number by number; cells lie at places that are not next to each other."""
    made, x, places = attention(kind), states(), torch.tensor([0, 1, 2, 4, 7, 8])
    expected = torch.zeros_like(x)
    for word, i in [(word, i) for word in range(2) for i in range(6)]:
        y = x[word] + sinusoids(places, 7) if kind in ("sinusoidal", "randomised") else x[word]
        for head in range(3):
            scores = []
            for j in range(6):
                away = int(places[j] - places[i])
                score = float(made.Q[head] @ y[:, i] @ (made.K[head] @ y[:, j])) / math.sqrt(3)
                if kind == "relative":
                    score += float(made.near[head, 2 + max(-2, min(2, away))])
                if kind == "alibi":
                    score -= abs(away) * 2 ** (-8 * (head + 1) / 3)
                scores.append(math.exp(score))
            for j in range(6):  # one more key of score 0 and value 0
                expected[word, :, i] += made.O[:, head] @ (made.V[head] @ y[:, j]) * scores[j] / (1 + sum(scores))
    torch.testing.assert_close(made(x, places), expected)


@torch.no_grad()
def test_places_are_numbered_from_0_where_none_are_given() -> None:
    for kind in KINDS:
        made = attention(kind)
        torch.testing.assert_close(made(states()), made(states(), torch.arange(6)))


def test_sinusoids() -> None:
    e = sinusoids(torch.tensor([0, 3]), 4)
    torch.testing.assert_close(e, torch.tensor([[0, math.sin(3)], [1, math.cos(3)], [0, math.sin(0.03)], [1, math.cos(0.03)]]))


@torch.no_grad()
def test_what_positions_can_tell_apart() -> None:
    """Why there is a reference with one kind only: without, cells may change places; alibi, the word may be turned round."""
    x, order = states(), torch.tensor([3, 0, 5, 1, 4, 2])
    for kind in KINDS:
        made = attention(kind)
        exchanged = torch.allclose(made(x[:, :, order]), made(x)[:, :, order])
        turned = torch.allclose(made(x.flip(2)), made(x).flip(2))
        assert (exchanged, turned) == (kind == "none", kind in ("none", "alibi"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"positions": "none"}, "positions=none: .*cannot tell a left neighbour from a right one.*relative"),
        ({"positions": "alibi"}, "positions=alibi: .*the same to the left and to the right.*relative"),
        ({"positions": "sinusoidal"}, "positions=sinusoidal: .*every length.*relative"),
        ({"positions": "randomised"}, "positions=randomised: .*fixed distance.*relative"),
        ({"heads": 1}, "heads=1: .*reference from heads=2"),
    ],
)
def test_without_a_reference_the_reason_is_said(options: dict, reason: str) -> None:
    net = models.build("transformer", tasks.get("parity"), **options)
    for robust in (False, True):
        with pytest.raises(models.NotRealizable, match=f"^{reason}[^\n]*$"):
            net.realise(tasks.get("parity").program(), robust)


@pytest.mark.parametrize("heads", [2, 3, 4, 7])
@torch.no_grad()
def test_the_window_is_brought_into_the_cell_exactly(heads: int) -> None:
    task = tasks.get("addition")
    net = models.build("transformer", task, heads=heads).eval()
    d = task.program().channels
    net.realise(task.program())
    x = next(net.states(torch.tensor([[0, 3, 1, 2, 2]]), 0))
    y = x + net.blocks[0](x)
    assert torch.equal(y[:, :d], x[:, :d])
    assert torch.equal(y[:, d : 2 * d], torch.nn.functional.pad(x[:, :d, :-1], (1, 0)))  # nothing beyond the word
    assert torch.equal(y[:, 2 * d : 3 * d], torch.nn.functional.pad(x[:, :d, 1:], (0, 1)))
    assert not (y + net.blocks[1](y))[:, d:].any()


def test_a_net_of_two_hundred_layers_answers_a_word_of_two_hundred_cells() -> None:
    """And in a word of a thousand the places are told apart as well: the window of every cell is that cell's."""
    task = tasks.get("parity")
    net = models.build("transformer", task, heads=2).eval()
    d = task.program().channels
    net.realise(task.program())
    tokens = task.sample(1, 200, tasks.Bits(1))
    with torch.no_grad():
        assert torch.equal(net(tokens, 200).argmax(1), task.target(tokens))
        x = next(net.states(task.sample(1, 1000, tasks.Bits(1)), 0))
        y = x + net.blocks[0](x)
    assert torch.equal(y[:, d : 2 * d], torch.nn.functional.pad(x[:, :d, :-1], (1, 0)))
    assert torch.equal(y[:, 2 * d : 3 * d], torch.nn.functional.pad(x[:, :d, 1:], (0, 1)))


def randomised(**settings: object) -> Net:
    return models.build("transformer", tasks.get("parity"), positions="randomised", reach=2, **settings)


def test_places_are_drawn_in_order_and_without_repetition() -> None:
    net, x = randomised(), torch.zeros(1, 32, 40)
    drawn = [net.architecture.first(x, generator(seed))[1] for seed in range(200)]
    assert all((places.diff() > 0).all() and places[0] >= 0 and places[-1] < 256 for places in drawn)
    assert abs(torch.stack(drawn).double().mean() - 127.5) < 5 * 256 / math.sqrt(12 * 200 * 40)
    assert torch.equal(*(net.architecture.first(x, generator(7))[1] for _ in range(2)))


def test_places_are_evenly_spread_where_nothing_is_drawn() -> None:
    net = randomised().eval()
    assert net.architecture.first(torch.zeros(1, 32, 4))[1].tolist() == [0, 64, 128, 192]
    assert net.architecture.first(torch.zeros(1, 32, 300))[1].tolist() == list(range(300))  # more than there are: 0, 1, 2, ...


def test_backward_sees_the_places_that_forward_drew() -> None:
    """With checkpoints layers are run again; what was drawn is kept with the state."""
    found = []
    for memory in ("store", "checkpoint"):
        net = randomised(memory=memory).double().train()
        with torch.no_grad():
            for k, parameter in enumerate(net.parameters()):
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator(k), dtype=torch.float64))
        net(torch.tensor([[0, 1, 1, 0, 1]]), 9).square().sum().backward()
        found.append([parameter.grad for parameter in net.parameters()])
    for stored, kept in zip(*found, strict=True):
        assert torch.equal(stored, kept)
    assert found[0][2].abs().max() > 0
