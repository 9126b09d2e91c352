"""How a net of N layers keeps what backward needs: all of it (store), some states (checkpoint), or the last one (reverse).

Activations then take memory of order N, sqrt(N) (Chen, Xu, Zhang, Guestrin, arXiv 1604.06174, 2016), or 1 (Gomez, Ren,
Urtasun, Grosse, NeurIPS 2017; here `models.training.reverse`). The gradients are the same; what is not kept is computed again.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

import models
from models.architecture import Architecture, Layered, Reversible, State

Layer = Callable[[int], Sequence[nn.Module]]
Result = TypeVar("Result")


def refusal(architecture: Architecture, memory: str) -> str:
    """Why a net of this architecture cannot have that `memory`, in one line."""
    reason = ""
    if memory in ("checkpoint", "reverse") and not isinstance(architecture, Layered):
        reason = ", as it has no layers that could be run again"
    elif memory == "checkpoint":
        reason = ", as the adjoint equation finds the states again"
    elif memory == "reverse":
        reason = f", as its layers have no inverse; those of {', '.join(_reversible())} have one"
    return f"{architecture.label}: memory={memory!r} is not allowed; allowed: {', '.join(architecture.memories)}{reason}"


def _reversible() -> list[str]:
    """Names of the architectures whose layers have an inverse."""
    return [name for name in models.names() if issubclass(models.find(name), Reversible)]


def checkpointing(architecture: Architecture, x: Tensor, layer: Layer, depth: int, generator: torch.Generator) -> Tensor:
    """x(depth), `[batch, width, cells]`; every ceil(sqrt(depth))-th state is kept, backward computes the others again."""
    assert isinstance(architecture, Layered)
    state = architecture.first(x, generator)
    size = math.ceil(math.sqrt(depth)) or 1
    for first in range(0, depth, size):
        segment = _segment(architecture, layer, range(first, min(first + size, depth)), depth, generator)
        state = checkpoint(segment, *state, use_reentrant=False)
    return state[0]


def _segment(
    architecture: Layered, layer: Layer, numbers: range, depth: int, generator: torch.Generator
) -> Callable[..., State]:
    """The layers of these numbers; run again, they draw the same from `generator`, and leave it and all statistics alone."""
    drawn: list[Tensor] = []

    def layers(state: State) -> State:
        return architecture.through(state, layer, numbers, depth, generator)

    def segment(*state: Tensor) -> State:
        now = generator.get_state()
        if not drawn:
            drawn.append(now)
            return layers(state)
        generator.set_state(drawn[0])
        try:
            return aside([block for k in numbers for block in layer(k)], lambda: layers(state))
        finally:
            generator.set_state(now)

    return segment


class Roof(nn.Module):
    """Blocks under one roof, so that `functional_call` reaches them all."""

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(dict.fromkeys(blocks))

    def forward(self, run: Callable[[], Result]) -> Result:
        """What `run` gives."""
        return run()


def aside(blocks: Iterable[nn.Module], run: Callable[[], Result], parameters: Mapping[str, Tensor] | None = None) -> Result:
    """What `run` gives, while `blocks` have copies of their buffers, and these `parameters` (by their names under a `Roof`).

    So running statistics, of a batch norm say, are not updated a second time.
    """
    roof = Roof(blocks)
    copies = {name: buffer.clone() for name, buffer in roof.named_buffers()}
    return functional_call(roof, {**copies, **(parameters or {})}, (run,))
