"""Several seeds of one net in training at once: their weights are stacked, and one step is that of all of them.

The loss of each is that of its `Learner`, mapped over the stack (`torch.func`); gradients are clipped seed by seed, and AdamW
is elementwise, so it steps a stack as it steps each. Batches must have one length, as those of a step have for every seed. What
differs from a run alone is the order of the sums in matrix products: rounding, which training amplifies. So a net that was
trained so is another sample of the same cell, and not the same bits: `leaderboard.running.block` gives it an id of its own.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from models.architecture import Architecture, ModelError
from models.net import Net, odd
from models.solving.continuous import Continuous
from models.solving.fixed import FIXED
from models.streaming.stream import Stream
from models.training.learner import Batch, Learner


class Together:
    """Nets that differ by their weights and random states only, in training; `recipe` is what a `Learner` takes.

    ModelError if what such a net does depends on what it has drawn or computed: then there is no step of all of them.
    """

    def __init__(self, nets: Sequence[Net], steps: int, rate: float, weight_decay: float, clip: float, **recipe: Any) -> None:
        first = nets[0]
        check(first.architecture, first.layers, first.memory, recipe.get("progressive", 0.0))
        self.nets, self.clip = list(nets), clip
        self.learner = Learner(deepcopy(nets[0]).train(), steps, rate, weight_decay, steps, lambda net: False, **recipe)
        generators = [net.generator for net in nets]
        self.learner.net.draw = lambda x, generator: _Odd.apply(x, generators)
        self.weights: dict[str, Tensor] = stack_module_state(self.nets)[0]
        self.optimiser, self.schedule = self.learner.optimised(self.weights.values())

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """One step of each net on its batch; the losses before it, `[seeds]`."""
        words, targets, depths = zip(*batches, strict=True)
        if len(set(depths)) > 1 or len({tokens.shape for tokens in words}) > 1:
            raise ModelError("the batches of a step are to have one length")

        def loss(weights: dict[str, Tensor], tokens: Tensor, target: Tensor) -> Tensor:
            found: Tensor = functional_call(
                self.learner, {f"net.{name}": weight for name, weight in weights.items()}, ((tokens, target, depths[0]),)
            )
            return found

        detached = {name: weight.detach() for name, weight in self.weights.items()}
        gradients, losses = vmap(grad_and_value(loss))(detached, torch.stack(words), torch.stack(targets))
        clip(gradients, self.clip)
        for name, weight in self.weights.items():
            weight.grad = gradients[name].contiguous()  # the fused step reads memory in order, whatever the strides say
        self.optimiser.step()
        self.schedule.step()
        self.learner.done += 1
        return losses

    @torch.no_grad()
    def give(self) -> None:
        """Write the weights into the nets."""
        for k, net in enumerate(self.nets):
            for name, parameter in net.named_parameters():
                parameter.copy_(self.weights[name][k])


def clip(gradients: dict[str, Tensor], most: float) -> None:
    """Scale the gradients of each seed, in place, so that their norm is `most` at most; as `clip_grad_norm_` does for one."""
    norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients.values()])
    factors = (most / (torch.linalg.vector_norm(norms, dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients.values():
        gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))


def check(made: Architecture, layers: int, memory: str, progressive: float) -> None:
    """ModelError if the seeds of nets like these are not trained together."""
    if reason := _why_alone(made, layers, memory, progressive):
        raise ModelError(f"{made.label}: seeds cannot be trained together, as {reason}; allowed: one by one, together=1")


def _why_alone(made: Architecture, layers: int, memory: str, progressive: float) -> str:
    if isinstance(made, Continuous) and (made.method not in FIXED or made.adjoint):
        return "its solver chooses the steps" if made.method not in FIXED else "the adjoint equation is solved backwards"
    if isinstance(made, Stream):
        return "torch has no stack of recurrent modules"
    if getattr(made, "drop", 0) or getattr(made, "global_drop", 0):
        return "drop-path leaves out other columns for each"
    if progressive:
        return "progressive training draws another number of layers for each"
    if layers:
        return "untied layers that a short word does not reach are not to move"
    if memory != "store":
        return f"memory={memory} runs layers again"
    return ""


class _Odd(torch.autograd.Function):
    """`odd`, each seed of a stack from its own generator."""

    @staticmethod
    def forward(x: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """Of one seed."""
        return odd(x, generators[0])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Noise has no gradient."""
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None]:
        """None."""
        return None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Tensor, generators: Sequence[torch.Generator]) -> tuple[Tensor, int]:
        """Of all seeds."""
        states = x.movedim(in_dims[0], 0)
        return torch.stack([odd(state, generator) for state, generator in zip(states, generators, strict=True)]), 0
