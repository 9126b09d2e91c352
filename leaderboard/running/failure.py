"""Where a computation broke: an error gets the model, the task, the length and the layer in front of what it says."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from models import Net
from tasks import Task


@contextmanager
def located(net: Net, task: Task, length: int, tokens: Tensor, depth: int) -> Iterator[None]:
    """`locate` every RuntimeError inside: divergence, a solver that gives up."""
    try:
        yield
    except RuntimeError as error:
        locate(error, net, task, length, tokens, depth)
        raise


def locate(error: RuntimeError, net: Net, task: Task, length: int, tokens: Tensor, depth: int) -> None:
    """Put before what an error says: `resnet on parity, length 12, layer 3 of 12`, unless it says so already.

    `tokens` `[batch, cells]` are the words, of `length`, on which it broke; the layer is found with the weights as they are.
    """
    told = f"{net.architecture.label} on {task.label}, length "
    if not str(error).startswith(told):
        layer = broken_at(net, tokens, depth)
        where = _behind(net, tokens, depth) if layer is None else f"layer {layer} of {net.pace * depth}"
        error.args = (f"{told}{length}, {where}: {error}",)


@torch.no_grad()
def _behind(net: Net, tokens: Tensor, depth: int) -> str:
    """What broke where all layers are fine: the logits, or else the way back."""
    fine = bool(net(tokens, depth).isfinite().all())
    layers = net.pace * depth
    return f"the gradient through {layers} layers" if fine else f"the logits after {layers} layers"


def broken_at(net: Net, tokens: Tensor, depth: int) -> int | None:
    """The layer whose state is not finite or cannot be had at all, while the one before it is fine; 0: the embedding.

    None if words `[batch, cells]` pass all layers of `depth` steps. By bisection; it puts the net in evaluation mode.
    """
    net.eval()
    layers, net = net.pace * depth, copy.copy(net)
    net.pace = 1  # a layer a step
    if not _breaks(net, tokens, layers):
        return None
    fine, broken = -1, layers
    while broken - fine > 1:
        middle = (fine + broken) // 2
        fine, broken = (fine, middle) if _breaks(net, tokens, middle) else (middle, broken)
    return broken


@torch.no_grad()
def _breaks(net: Net, tokens: Tensor, depth: int) -> bool:
    try:
        return not bool(net.final(tokens, depth).isfinite().all())
    except RuntimeError:
        return True
