"""How a net of N layers keeps what backward needs: all of it (store), some states (checkpoint), or the last one (reverse).

Activations then take memory of order N, sqrt(N) (Chen, Xu, Zhang, Guestrin, arXiv 1604.06174, 2016), or 1 (Gomez, Ren,
Urtasun, Grosse, NeurIPS 2017; here `models.training.reverse`; N / span where the inverse is good for `span` layers only). The
gradients are the same; what is not kept is computed again.
"""

import math
from collections.abc import Callable

from torch import Tensor
from torch.utils.checkpoint import checkpoint

import models
from models.architecture import Architecture, Layered, Layers, Reversible, State
from models.training.again import aside


def refusal(architecture: Architecture, memory: str) -> str:
    """Why a net of this architecture cannot have that `memory`, in one line."""
    reason = ""
    if memory in ("checkpoint", "reverse") and not isinstance(architecture, Layered):
        reason = ", as it has no layers that could be run again"
    elif memory == "checkpoint":
        reason = ", as the adjoint equation finds the states again"
    elif memory == "reverse":
        having = [name for name in models.names() if issubclass(models.find(name), Reversible)]
        reason = f", as its layers have no inverse; those of {', '.join(having)} have one"
    return f"{architecture.label}: memory={memory!r} is not allowed; allowed: {', '.join(architecture.memories)}{reason}"


def checkpointing(architecture: Architecture, x: Tensor, layers: Layers) -> Tensor:
    """x(depth), `[batch, width, cells]`; every ceil(sqrt(depth))-th state is kept, backward computes the others again."""
    assert isinstance(architecture, Layered)
    state = architecture.first(x, layers.generator)
    size = math.ceil(math.sqrt(layers.depth)) or 1
    for first in range(0, layers.depth, size):
        segment = _segment(architecture, layers, range(first, min(first + size, layers.depth)))
        state = checkpoint(segment, *state, use_reentrant=False)
    return state[0]


def _segment(architecture: Layered, layers: Layers, numbers: range) -> Callable[..., State]:
    """The layers of these numbers; run again, they draw the same, and leave their generator and all statistics alone."""
    drawn: list[Tensor] = []
    generator = layers.generator
    assert generator is not None

    def segment(*state: Tensor) -> State:
        now = generator.get_state()
        if not drawn:
            drawn.append(now)
            return architecture.through(state, layers, numbers)
        generator.set_state(drawn[0])
        try:
            return aside(layers.modules(numbers), lambda: architecture.through(state, layers, numbers))
        finally:
            generator.set_state(now)

    return segment
