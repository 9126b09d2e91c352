"""V ReLU(U * x + b) with a backward of its own: less is kept, and what is used up at once stays in the cache.

Only x and the hidden units are kept for backward, which lays out the windows again. Windows and their gradients, the largest of
all, lie in memory that every call of a thread uses again. Gradients of gradients are those of the plain form.
"""

import functools
import threading
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear, pad

LARGEST = 2**16  # numbers of a state for which room is kept; the windows of more would not stay in the cache


def branch(
    x: Float[Tensor, "batch reads cells"],
    U: Float[Tensor, "units reads 3"],
    b: Float[Tensor, " units"],
    V: Float[Tensor, "writes units"],
) -> Float[Tensor, "batch writes cells"]:
    """V ReLU(U * x + b)."""
    same = x.dtype == U.dtype == b.dtype == V.dtype and x.device == U.device and x.device.type == "cpu"
    if not same or not x.numel() or transformed() or torch.is_autocast_enabled("cpu"):
        return plain(x, U, b, V)
    return _Branch.apply(x, U, b, V)


def transformed() -> bool:
    """Whether a transformation of `torch.func` is active: it cannot see into an autograd function that writes in place."""
    return torch._C._are_functorch_transforms_active()


def plain(x: Tensor, U: Tensor, b: Tensor, V: Tensor) -> Tensor:
    """The same, for autograd: one matrix product of windows, 1.4 times as fast as conv1d here."""
    return linear(torch.relu(linear(windows(x), U.mT.flatten(1), b)), V).mT


def windows(x: Float[Tensor, "batch reads cells"]) -> Float[Tensor, "batch cells window"]:
    """Every cell with its neighbours, 0 beyond the word."""
    x = pad(x.mT, (0, 0, 1, 1))  # [batch, 1 + cells + 1, reads]
    return torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], -1)


class Room:
    """Memory for what is used up within a call: words with a zero on either side, windows and their gradients, units."""

    def __init__(self, batch: int, reads: int, cells: int, units: int, dtype: torch.dtype) -> None:
        padded = torch.zeros(batch, cells + 2, reads, dtype=dtype)
        self.inside = padded[:, 1:-1]
        self.outside = padded.as_strided((batch, cells, 3 * reads), ((cells + 2) * reads, reads, 1))  # windows that overlap
        self.windows, self.slopes = (torch.empty(batch * cells, 3 * reads, dtype=dtype) for _ in range(2))
        self.units = torch.empty(batch * cells, units, dtype=dtype)
        self.apart = self.windows.view(batch, cells, 3 * reads)
        left, self.middle, right = self.slopes.view(batch, cells, 3, reads).unbind(2)
        self.left, self.right = left[:, 1:], right[:, :-1]

    def laid(self, x: Tensor) -> Tensor:
        """The windows of x, `[batch * cells, 3 reads]`."""
        self.inside.copy_(x.mT)
        self.apart.copy_(self.outside)
        return self.windows


@functools.lru_cache(maxsize=16)
def _kept(thread: int, batch: int, reads: int, cells: int, units: int, dtype: torch.dtype) -> Room:
    return Room(batch, reads, cells, units, dtype)


def room(x: Tensor, units: int) -> Room:
    """That of this thread; where it is large its own, as it would not stay in the cache anyway."""
    batch, reads, cells = x.shape
    if x.numel() > LARGEST:
        return Room(batch, reads, cells, units, x.dtype)
    return _kept(threading.get_ident(), batch, reads, cells, units, x.dtype)


class _Branch(torch.autograd.Function):
    """`branch`, and its backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, U: Tensor, b: Tensor, V: Tensor) -> Tensor:
        """Rows are cells of words."""
        w, flat = room(x, len(b)).laid(x), U.mT.flatten(1)
        h = torch.mm(w, flat.T).add_(b).relu_()
        ctx.save_for_backward(x, h, flat, U, b, V)
        return torch.mm(h, V.T).view(x.shape[0], x.shape[2], -1).mT

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Of those that are asked for; and where these are to be differentiated themselves, in plain operations."""
        x, h, flat, U, b, V = ctx.saved_tensors
        asked: tuple[bool, ...] = ctx.needs_input_grad
        if torch.is_grad_enabled():
            return _differentiable(gradient, x, h > 0, U, b, V, asked)
        used, g = room(x, len(b)), gradient.mT.flatten(0, 1)
        d = torch.mm(g, V, out=used.units)
        torch.ops.aten.threshold_backward.grad_input(d, h, 0, grad_input=d)
        dU = torch.mm(d.T, used.laid(x)).view(len(b), 3, -1).mT if asked[1] else None
        db, dV = d.sum(0) if asked[2] else None, torch.mm(g.T, h) if asked[3] else None
        if not asked[0]:
            return None, dU, db, dV
        torch.mm(d, flat, out=used.slopes)
        dx = used.middle.contiguous()
        dx[:, :-1] += used.left
        dx[:, 1:] += used.right
        return dx.mT, dU, db, dV


def _differentiable(
    gradient: Tensor, x: Tensor, alive: Tensor, U: Tensor, b: Tensor, V: Tensor, asked: tuple[bool, ...]
) -> tuple[Tensor | None, ...]:
    """The same gradients as functions of all that they depend on; autograd within a backward would walk all that led to x."""
    (batch, reads, cells), w, flat = x.shape, windows(x).flatten(0, 1), U.mT.flatten(1)
    g = gradient.mT.flatten(0, 1)
    d = (g @ V) * alive
    dU = (d.T @ w).view(len(b), 3, reads).mT if asked[1] else None
    db, dV = d.sum(0) if asked[2] else None, g.T @ (linear(w, flat, b) * alive) if asked[3] else None
    if not asked[0]:
        return None, dU, db, dV
    left, middle, right = (d @ flat).view(batch, cells, 3, reads).unbind(2)
    dx = middle + pad(left[:, 1:], (0, 0, 0, 1)) + pad(right[:, :-1], (0, 0, 1, 0))
    return dx.mT, dU, db, dV
