"""Gradients at initialisation: do they shatter with depth, and do they tell one target from another?

Shattered gradients: as a function of the input, gradients of deep plain nets look like white noise, those of residual nets
do not (Balduzzi, Frean, Leary, Lewis, Ma, McWilliams, ICML 2017). Signal: where gradients hardly depend on the target, no
gradient method learns it (Shalev-Shwartz, Shamir, Shammah, ICML 2017).
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from leaderboard.analysis.diagnostics import NoLayers
from models import Net
from models.block import Block
from tasks import Task


def autocorrelation(series: Tensor, lags: int) -> Tensor:
    """r(k) = sum of (g(i) - m) (g(i+k) - m) / sum of (g(i) - m)^2 for k = 0..lags, m the mean, averaged over all rows.

    `series` `[rows, points]`, `lags` < points; a constant row is left out. NaN if all are constant.
    """
    centred = series.double() - series.double().mean(-1, keepdim=True)
    squares = centred.square().sum(-1)
    points, moving = series.shape[-1], squares > 1e-20 * series.double().square().sum(-1)
    centred, squares = centred[moving], squares[moving]
    products = [(centred[..., : points - k] * centred[..., k:]).sum(-1) for k in range(lags + 1)]
    return torch.stack([(product / squares).mean() for product in products])


# the experiment of the paper: a scalar input


def scalar_gradients(
    depth: int, residual: bool, generator: torch.Generator, units: int = 200, points: int = 256, beta: float = 1.0
) -> Tensor:
    """The gradient, at `points` inputs x in [-2, 2], of the sum of the outputs of one random net, `[points]`.

    h(0) = v x + c with v, c standard normal; `depth` layers h := W ReLU(N(h)), or h := h + beta W ReLU(N(h)) if `residual`. N
    is batch normalisation over the inputs, its statistics held fixed, so that a unit is open for about half of them, which is
    what the theory assumes; W is normal with variance 2 / units (He et al., ICCV 2015).
    """
    x = torch.linspace(-2, 2, points)[:, None].requires_grad_()
    v, c = torch.randn(2, units, generator=generator)
    h = x * v + c
    for _ in range(depth):
        W = torch.randn(units, units, generator=generator) * (2 / units) ** 0.5
        branch = torch.relu((h - h.detach().mean(0)) / (h.detach().std(0) + 1e-5)) @ W.T
        h = h + beta * branch if residual else branch
    return torch.autograd.grad(h.sum(), x)[0][:, 0]


# the same on the lattice


@torch.no_grad()
def randomise(net: Net, scale: float, generator: torch.Generator) -> Net:
    """The net with fresh blocks: U normal with variance 2 / (3 width), V with `scale`^2 2 / hidden (He et al.), biases and R 0.

    Nets start with V = 0, so with F = 0, whose gradients are constant; `scale` = 1 / sqrt(depth) keeps a residual net's
    states of order 1. NoLayers for nets of other modules.
    """
    for block in net.blocks:
        if not isinstance(block, Block):
            raise NoLayers(f"{net.architecture.label} has no blocks V ReLU(U * x + b)")
        U, b, V = block.U, block.b, block.V
        U.copy_(torch.randn(U.shape, generator=generator) * (2 / (3 * U.shape[1])) ** 0.5)
        V.copy_(torch.randn(V.shape, generator=generator) * scale * (2 / V.shape[1]) ** 0.5)
        b.zero_()
        if block.R is not None:
            block.R.zero_()
    return net


def line_gradients(net: Net, words: Tensor, depth: int, generator: torch.Generator, points: int = 256) -> Tensor:
    """d/ds <c, x(depth)> at `points` values of s in [0, 1], started at x(0) = (1 - s) a + s b; `[points]`.

    a and b are the two embedded `words` `[2, cells]`, c is a standard normal functional of the final state.
    """
    net.eval()
    a, b = nn.functional.embedding(words, net.embed).mT.detach()
    x = (a + torch.linspace(0, 1, points)[:, None, None] * (b - a)).requires_grad_()
    for last in net.architecture.states(x, net.stack(depth, word=x)):
        end = last
    c = torch.randn(end.shape[1:], generator=generator).to(end)
    gradient = torch.autograd.grad((c * end).sum(), x)[0]
    return (gradient * (b - a)).sum((1, 2))


def shattering(make: Callable[[int], Net], depth: int, cells: int, lags: int, nets: int = 10, points: int = 256) -> Tensor:
    """Mean `autocorrelation` of `line_gradients` over the nets make(0), make(1), ..., between random words, `[lags + 1]`."""
    series = []
    for seed in range(nets):
        net, generator = make(seed), torch.Generator().manual_seed(seed)
        words = torch.randint(net.embed.shape[0], (2, cells), generator=generator)
        words[1, 0] = (words[0, 0] + 1) % net.embed.shape[0]  # two different words
        series.append(line_gradients(net, words, depth, generator, points))
    return autocorrelation(torch.stack(series), lags)


# signal


def gradient_signal(parameters: Sequence[Tensor], losses: Iterable[Tensor]) -> dict[str, float]:
    """`variance`: E |g - E g|^2 of the gradients g of the losses, one a target, all at the same parameters.

    `mean`: |E g|^2, what they have in common. Parameters on which no loss depends count as gradient 0.
    """
    rows = torch.stack([_gradient(parameters, loss) for loss in losses])
    mean = rows.mean(0)
    return {"variance": float((rows - mean).square().sum(1).mean()), "mean": float(mean.square().sum())}


def _gradient(parameters: Sequence[Tensor], loss: Tensor, again: bool = False) -> Tensor:
    """The gradient of a loss as one vector; `again`: another loss is to go back through the same states."""
    parts = torch.autograd.grad(loss, parameters, retain_graph=again, allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts]).double()


def task_signal(net: Net, family: Sequence[Task], tokens: Tensor) -> dict[str, float]:
    """`gradient_signal` of the training loss over the tasks of a family, on words `[batch, cells]`, at the depth of each.

    The net has at least as many classes as every task.
    """
    net.eval()
    length = tokens.shape[1]
    losses = (nn.functional.cross_entropy(net(tokens, task.depth(length)), task.target(tokens)) for task in family)
    return gradient_signal(list(net.parameters()), losses)


def target_signal(net: Net, task: Task, tokens: Tensor, generator: torch.Generator, others: int = 16) -> float:
    """How far the gradient of the task is from those of `others` meaningless targets, over how far these are from each other.

    These are the answers of the task to the same words `[batch, cells]`, dealt out to other words at each cell: all that is
    left is how often an answer is right there. |g - m|^2 over the mean of |g(k) - m|^2, m the mean of the g(k): about 1 if
    a step of gradient descent cannot tell the task from chance.
    """
    net.eval()
    target, logits = task.target(tokens), net(tokens, task.depth(tokens.shape[1]))
    dealt = [torch.rand(target.shape, generator=generator).argsort(0) for _ in range(others)]
    losses = [nn.functional.cross_entropy(logits, answers) for answers in (target, *(target.gather(0, to) for to in dealt))]
    own, *rest = (_gradient(list(net.parameters()), loss, again=True) for loss in losses)
    chance = torch.stack(rest)
    mean = chance.mean(0)
    return float((own - mean).square().sum() / (chance - mean).square().sum(1).mean())
