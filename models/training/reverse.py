"""Backward through the inverse of the layers, in memory that does not grow with depth where the inverse is good for all.

Gomez, Ren, Urtasun, Grosse, NeurIPS 2017 (RevNet); Sander, Ablin, Blondel, Peyré, ICML 2021 (Momentum ResNet).
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.architecture import Architecture, Layers, ModelError, Reversible, State
from models.training.again import Roof, aside, reached

LIMIT = 1e-2  # relative error of a reconstructed x(0) beyond which gradients are not to be trusted


def reversing(architecture: Architecture, x: Tensor, layers: Layers) -> Tensor:
    """x(depth), `[batch, width, cells]`; only the last state is kept, backward finds the others by inverting the layers.

    Where the inverse is good for a `span` of layers only, a state is kept every so often. What blocks draw from torch's
    global generators is drawn again the same. Backward warns if a state that was kept, x(0) say, does not come back within
    `LIMIT`. Gradients of gradients raise torch's RuntimeError.
    """
    assert isinstance(architecture, Reversible)
    if layers.after is not None:
        raise ModelError(
            f"{architecture.label}: memory=reverse is not allowed with noise, which has no inverse; allowed: noise=0"
        )
    start = architecture.first(x)
    parameters = dict.fromkeys(p for block in layers.modules(range(layers.depth)) for p in reached(block).values())
    return _Reverse.apply(architecture, layers, len(start), *start, *parameters)


class _Reverse(torch.autograd.Function):
    """The last x, a function of the first state and the parameters."""

    @staticmethod
    def forward(ctx: Any, architecture: Reversible, layers: Layers, size: int, *given: Tensor) -> Tensor:
        """Run the layers; keep what is given, the last state, and what will be drawn again."""
        device, state = given[0].device, given[:size]
        place = {id(parameter): n for n, parameter in enumerate(given[size:])}
        ctx.run, ctx.size, ctx.draws = (architecture, layers), size, Draws(device)
        ctx.precision = torch.get_autocast_dtype(device.type), torch.is_autocast_enabled(device.type)
        ctx.places, ctx.span = [], architecture.span or layers.depth
        anchors: list[Tensor] = []
        for k in range(layers.depth):
            if k % ctx.span == 0:
                anchors += state
            blocks = layers.modules([k])
            ctx.places.append({name: place[id(parameter)] for name, parameter in reached(Roof(blocks)).items()})
            with called(blocks, k, ctx.draws.record):
                state = architecture.advance(state, blocks, (k + 1) / layers.depth, None)
        ctx.save_for_backward(*given[size:], *anchors, *state)
        return state[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """From the last layer to the first: the state before it, the layer once more, its gradients."""
        (architecture, layers), size, asked = ctx.run, ctx.size, ctx.needs_input_grad[3 + ctx.size :]
        parameters, states = ctx.saved_tensors[: len(asked)], ctx.saved_tensors[len(asked) :]
        *anchors, state = [states[n : n + size] for n in range(0, len(states), size)]
        leaves = [p.detach().requires_grad_(needed) for p, needed in zip(parameters, asked, strict=True)]
        flow: list[Tensor | None] = [gradient, *[None] * (size - 1)]
        total: list[Tensor | None] = [None] * len(leaves)
        device, errors = gradient.device, []
        with (
            torch.random.fork_rng([device] if device.type == "cuda" else []),
            torch.autocast(device.type, *ctx.precision),
        ):
            for k in reversed(range(layers.depth)):
                blocks, places = layers.modules([k]), ctx.places[k]
                with called(blocks, k, ctx.draws.replay):
                    used = {name: leaves[n] for name, n in places.items()}
                    state, flow, found = _undo(architecture, state, flow, blocks, (k + 1) / layers.depth, used)
                for name, part in found.items():
                    sofar = total[places[name]]
                    total[places[name]] = part.contiguous() if sofar is None else sofar + part
                if k % ctx.span == 0:
                    found_again, state = state[0], anchors[k // ctx.span]
                    errors.append(float((found_again - state[0]).abs().max() / state[0].abs().max()))
        _judge(architecture.label, layers.depth, errors)
        return None, None, None, *flow, *total


def _undo(
    architecture: Reversible,
    state: State,
    flow: Sequence[Tensor | None],
    blocks: Sequence[nn.Module],
    progress: float,
    parameters: dict[str, Tensor],
) -> tuple[State, list[Tensor | None], dict[str, Tensor]]:
    """From the state after a layer and the gradient `flow` there to both before it, and gradients of the parameters."""
    before = aside(blocks, lambda: architecture.inverse(state, blocks), parameters)
    leaves = tuple(part.detach().requires_grad_() for part in before)
    with torch.enable_grad():
        after = aside(blocks, lambda: architecture.advance(leaves, blocks, progress, None), parameters)
    ends, flowing = zip(*[(part, g) for part, g in zip(after, flow, strict=True) if g is not None], strict=True)
    learnt = {name: leaf for name, leaf in parameters.items() if leaf.requires_grad}
    found = torch.autograd.grad(ends, [*leaves, *learnt.values()], flowing, allow_unused=True)
    by_name = zip(learnt, found[len(leaves) :], strict=True)
    return before, list(found[: len(leaves)]), {name: part for name, part in by_name if part is not None}


def _judge(label: str, depth: int, errors: list[float]) -> None:
    """Warn if a state did not come back."""
    bad = [error for error in errors if not error <= LIMIT]  # also those that are no number
    if bad:
        warnings.warn(
            f"{label}: in reverse through {depth} layers a state came back with relative error {bad[0]:.1e}, so gradients are "
            "wrong; bounded branches (norm=true, smaller V), float64 or fewer layers help, memory=checkpoint always does",
            stacklevel=2,
        )


class Draws:
    """States of torch's global generators before each branch call; one for as long as nothing is drawn."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.states: list[list[Tensor]] = []
        self.before: dict[tuple[int, int], int] = {}  # layer, block: which state

    def record(self, k: int, branch: int) -> None:
        """Block `branch` of layer k is about to be called."""
        now = [torch.get_rng_state()]
        if self.device.type == "cuda":
            now.append(torch.cuda.get_rng_state(self.device))
        if not self.states or not all(map(torch.equal, now, self.states[-1])):
            self.states.append(now)
        self.before[k, branch] = len(self.states) - 1

    def replay(self, k: int, branch: int) -> None:
        """Let it draw what it drew then."""
        host, *device = self.states[self.before[k, branch]]
        torch.set_rng_state(host)
        for state in device:
            torch.cuda.set_rng_state(state, self.device)


@contextmanager
def called(blocks: Sequence[nn.Module], k: int, act: Callable[[int, int], None]) -> Iterator[None]:
    """`act(k, branch)` before every call of a block of layer k."""
    hooks = [block.register_forward_pre_hook(lambda *_, n=n: act(k, n)) for n, block in enumerate(blocks)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
