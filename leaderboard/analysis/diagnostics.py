"""What the dynamics of a net do on a batch of words: how long, how precise, how robust, how much of an ODE.

Time is the length of the solution curve (Bournez, Graça, Pouly, J. ACM 64 (2017)), space its precision (Blanc, Bournez,
ICALP 2024); whether a net is a discretised ODE shows under other solvers (Ott, Katiyar, Hennig, Tiemann, ICLR 2021).
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from leaderboard.running.score import counted, follow
from models import Architecture, Net
from models.architecture import Layered, Layers, State
from models.neural_ode import NeuralODE
from models.resnet import ResNet
from models.solving.continuous import FINEST, Continuous
from models.solving.fixed import FIXED
from models.solving.watch import SolverError
from tasks import IGNORE, Task
from tasks.words.split import draw, seeded, splits, torch_generator

PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32, "float64": torch.float64}
RADII = [2.0 ** (k / 2) for k in range(-40, 9)]  # 2^-20 .. 2^4
STAYS = 0.99  # of the accuracy: then the answers count as kept
SOLVERS = [("euler", 1), ("euler", 2), ("euler", 4), ("midpoint", 1), ("rk4", 1), ("rk4", 4)]  # and steps a layer
TIGHTER = 0.1  # in multiples of a net's own rtol and atol


class Batch(NamedTuple):
    """Words and targets `[batch, cells]`, and the layers that they pass."""

    tokens: Tensor
    target: Tensor
    depth: int


class NoLayers(ValueError):
    """The net has no layers that could be looked at one by one; one line."""


def batch(task: Task, length: int, words: int) -> Batch:
    """`words` fixed test words of a task, at its depth."""
    tokens = draw(task, words, length, seeded("diagnostics", task.label, length), testing=splits(task, length))
    return Batch(tokens, task.target(tokens), task.depth(length))


@torch.no_grad()
def accuracy(net: Net, words: Batch, final: Callable[[Net, Batch], Tensor] | None = None) -> float:
    """Share of right symbols; `final` gives the state to read, the net's own x(depth) by default.

    What is not finite is wrong, and so is everything where the solver gives up.
    """
    try:
        logits = net.read(final(net, words) if final else net.final(words.tokens, words.depth))
    except SolverError:
        return 0.0
    right = torch.where(logits.isfinite().all(1), logits.argmax(1), -1) == words.target
    return float(right[words.target != IGNORE].double().mean())


def precision_floor(net: Net, words: Batch) -> str | None:
    """The lowest precision, weights and states alike, in which the accuracy stays; None if there is none, or nothing right."""
    own = accuracy(net, words)
    for name, dtype in PRECISIONS.items():
        if accuracy(copy.deepcopy(net).to(dtype), words) >= STAYS * own > 0:
            return name
    return None


# layers, one by one


def layers(net: Net, depth: int, tokens: Tensor | None = None) -> list[Callable[[State], State]]:
    """Every layer of `depth` steps as a map of states, `(x, and what the method remembers)`; NoLayers for nets without.

    They are those of evaluation, in the box where there is one; the net is put in evaluation mode. With recall they read the
    words `tokens`. In continuous time a layer is the flow of one unit; adaptive solvers start anew in each.
    """
    made = net.architecture
    if not isinstance(made, Layered):
        raise NoLayers(f"{made.label} has no layers that could be looked at one by one")
    direct, every = replace(made, adjoint=False) if isinstance(made, Continuous) else made, _stack(net.eval(), depth, tokens)
    return [partial(direct.through, layers=every, numbers=range(k, k + 1)) for k in range(every.depth)]


def _stack(net: Net, depth: int, tokens: Tensor | None) -> Layers:
    """The layers, which with recall read the words `tokens`."""
    return net.stack(depth) if tokens is None else net.stack(depth, word=net.embedded(tokens))


def start(net: Net, tokens: Tensor) -> State:
    """The state before the first layer."""
    x, made = net.embedded(tokens), net.architecture
    return made.first(x) if isinstance(made, Layered) else (x,)


def noise_radius(net: Net, words: Batch, generator: torch.Generator, relative: bool = False) -> float:
    """The largest r of `RADII` for which noise, uniform in [-r, r] on every channel after every layer, leaves the accuracy.

    By bisection; every r sees the same noise but for its size. 0 if already the smallest is too much, or if nothing is
    right. `relative`: r is a multiple of the root mean square of the state, each word's own. NoLayers as in `layers`.
    """
    own, state = accuracy(net, words), generator.get_state()

    def stays(radius: float) -> bool:
        generator.set_state(state)
        return accuracy(net, words, lambda net, words: _shaken(net, words, radius, generator, relative)) >= STAYS * own > 0

    low, high = -1, len(RADII)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stays(RADII[middle]) else (low, middle)
    return RADII[low] if low >= 0 else 0.0


def _shaken(net: Net, words: Batch, radius: float, generator: torch.Generator, relative: bool) -> Tensor:
    state = start(net, words.tokens)
    for layer in layers(net, words.depth, words.tokens):
        x, *memory = layer(state)
        noise = 2 * torch.rand(x.shape, generator=generator).to(x) - 1
        size = x.square().mean((1, 2), keepdim=True).sqrt() if relative else 1.0
        state = (x + radius * size * noise, *memory)
    return state[0]


def lipschitz(net: Net, words: Batch, generator: torch.Generator, iterations: int = 12, at: int = 4) -> float:
    """The largest spectral norm of the Jacobian of a layer, x to the next x, along the trajectories of the words.

    Power iteration on J^T J, from random vectors, for every word at `at` layers or fewer, evenly spaced; a lower bound that
    grows with `iterations`. What the method remembers besides x is held fixed. NoLayers as in `layers`.
    """
    state, largest = start(net, words.tokens), 0.0
    every = layers(net, words.depth, words.tokens)
    chosen = set(torch.linspace(0, len(every) - 1, min(at, len(every))).round().long().tolist())
    for k, layer in enumerate(every):
        if k in chosen:
            x = state[0].detach().requires_grad_()
            largest = max(largest, _norm(x, layer((x, *state[1:]))[0], generator, iterations))
        with torch.no_grad():
            state = layer(state)
    return largest


def _norm(x: Tensor, y: Tensor, generator: torch.Generator, iterations: int) -> float:
    """The largest spectral norm of J = dy/dx at any word, of y `[batch, width, cells]` made of x; words do not mix."""
    v, u = torch.randn(x.shape, generator=generator).to(x), torch.zeros_like(y, requires_grad=True)
    (pulled,) = torch.autograd.grad(y, x, u, create_graph=True)  # J^T u, linear in u: its derivative gives J v
    for _ in range(iterations):
        v = v / v.flatten(1).norm(dim=1)[:, None, None].clamp_min(torch.finfo(x.dtype).tiny)
        (pushed,) = torch.autograd.grad(pulled, u, v, retain_graph=True)
        (v,) = torch.autograd.grad(y, x, pushed, retain_graph=True)
    return float(pushed.flatten(1).norm(dim=1).max())


# other solvers


def others(made: Architecture) -> dict[str, Continuous]:
    """Other solvers of the same equation, `{"euler 1/2": ..., ...}`; none for what is neither continuous nor a ResNet.

    A ResNet is read as Euler's method with step 1, to the horizon depth. For a method that chooses its steps there is one of
    `TIGHTER` tolerances.
    """
    own = NeuralODE(method="euler") if isinstance(made, ResNet) else made
    if not isinstance(own, Continuous):
        return {}
    found = {
        f"{method} {f'1/{steps}' if steps > 1 else 1}": replace(own, method=method, step=1 / steps, adjoint=False)
        for method, steps in SOLVERS
    }
    if own.method not in FIXED:
        rtol, atol = (max(TIGHTER * tolerance, FINEST) for tolerance in (own.rtol, own.atol))
        found[f"{own.method} tighter"] = replace(own, rtol=rtol, atol=atol, adjoint=False)
    return found


def no_worse(made: Architecture) -> list[str]:
    """Names of those `others` whose error is equal or smaller: of no lower order with no larger step, or of tighter tolerances.

    Only they can show that a net is no ODE (Ott et al.): a coarser solver may well fail on one that is.
    """
    own = made if isinstance(made, Continuous) else NeuralODE(method="euler")
    if own.method not in FIXED:
        return [name for name, other in others(made).items() if other.method == own.method]
    order = FIXED[own.method].order
    known = {name: other for name, other in others(made).items() if other.method in FIXED}
    return [name for name, other in known.items() if FIXED[other.method].order >= order and other.steps >= own.steps]


def solver_consistency(net: Net, words: Batch) -> dict[str, float] | None:
    """Accuracy of the same weights under `others`; None if there are none."""
    found = {name: accuracy(_under(net, other), words) for name, other in others(net.architecture).items()}
    return found or None


def _under(net: Net, architecture: Continuous) -> Net:
    """The same parameters under another architecture; in double precision where tolerances are to be met."""
    other = copy.copy(net) if architecture.method in FIXED else copy.deepcopy(net).double()
    other.architecture = architecture
    return other


# all of them, for a record


def radius_of(net: Net, words: Batch, seed: int = 0) -> float | None:
    """`noise_radius` of a net on its own device; None for a net that has no layers, or whose solver gives up."""
    return _finite(lambda: noise_radius(net.eval(), _beside(net, words), torch_generator("noise", seed)))


def _beside(net: Net, words: Batch) -> Batch:
    """The words on the device of a net."""
    return Batch(words.tokens.to(net.embed.device), words.target.to(net.embed.device), words.depth)


def diagnose(net: Net, words: Batch, seed: int = 0) -> dict[str, Any]:
    """All of the above of one net, with null for what it does not have or what is not finite."""
    net.eval()
    words = _beside(net, words)
    few = words._replace(tokens=words.tokens[:16], target=words.target[:16])
    with counted(net) as calls, torch.no_grad():
        _, curve, _ = follow(net, words.tokens, words.depth)
    solvers = solver_consistency(net, words)
    comparable = [solvers[name] for name in no_worse(net.architecture)] if solvers else []
    found: dict[str, Any] = {
        "accuracy": (own := accuracy(net, words)),
        "evaluations": calls[0],
        "precision": precision_floor(net, words),
        "solvers": solvers,
        "largest_drop": own - min(comparable) if comparable else None,
        "noise_radius": radius_of(net, words, seed),
    }
    measures: dict[str, Callable[[], float]] = {
        "curve_length": lambda: float(curve.mean()),
        "relative_noise_radius": lambda: noise_radius(net, words, torch_generator("noise", seed), relative=True),
        "lipschitz": lambda: lipschitz(net, few, torch_generator("lipschitz", seed)),
    }
    return found | {name: _finite(measure) for name, measure in measures.items()}


def compare(nets: dict[str, Net], words: Batch, seed: int = 0) -> dict[str, dict[str, Any]]:
    """`diagnose` of every net, and its curve length over that of the net called "reference", where there is one."""
    found = {name: diagnose(net, words, seed) for name, net in nets.items()}
    unit = found.get("reference", {}).get("curve_length")
    for entry in found.values():
        known = unit and entry["curve_length"] is not None
        entry["curve_ratio"] = entry["curve_length"] / unit if known else None
    return found


def _finite(measure: Callable[[], float]) -> float | None:
    try:
        value = measure()
    except (NoLayers, SolverError):
        return None
    return value if torch.isfinite(torch.tensor(value)) else None
