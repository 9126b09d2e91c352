"""V ReLU(U * x + b) with a backward of its own is that of autograd: values, gradients, and gradients of gradients."""

import threading

import pytest
import torch

from models import branch
from models.branch import plain


def given(batch=3, reads=4, cells=5, units=6, writes=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    shapes = (batch, cells, reads), (units, reads, 3), (units,), (writes, units)
    x, *parameters = (torch.randn(shape, generator=random, dtype=torch.float64).requires_grad_() for shape in shapes)
    return [x.detach().mT.requires_grad_(), *parameters]


def gradients(form, parts, asked=(0, 1, 2, 3)):
    leaves = [part.detach().requires_grad_(k in asked) for k, part in enumerate(parts)]
    out = form(*leaves)
    out.backward(torch.cos(torch.arange(out.numel(), dtype=out.dtype)).view(out.shape))
    return [out.detach(), *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize("cells", [1, 2, 5])
@pytest.mark.parametrize("asked", [(0, 1, 2, 3), (0,), (1,), (2, 3)], ids=str)
def test_values_and_gradients_are_those_of_autograd(cells, asked):
    parts = given(cells=cells)
    for mine, theirs in zip(gradients(branch.branch, parts, asked), gradients(plain, parts, asked), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            torch.testing.assert_close(mine, theirs, rtol=1e-13, atol=1e-13)


def test_what_a_call_leaves_in_its_memory_does_not_matter():
    """The memory is used again by every call of the same shape, so its calls are mixed here before backward."""
    one, two = given(seed=1), given(seed=2)
    alone = gradients(branch.branch, one)
    kept = [part.detach().requires_grad_() for part in one]
    out = branch.branch(*kept)
    gradients(branch.branch, two)
    out.backward(torch.cos(torch.arange(out.numel(), dtype=out.dtype)).view(out.shape))
    for mine, theirs in zip([out.detach(), *(leaf.grad for leaf in kept)], alone, strict=True):
        assert torch.equal(mine, theirs)


def test_gradients_of_gradients():
    parts = given(batch=2, reads=2, cells=3, units=3)
    assert torch.autograd.gradcheck(branch.branch, parts)
    assert torch.autograd.gradgradcheck(branch.branch, parts)
    weights = [torch.cos(torch.arange(part.numel(), dtype=part.dtype)).view(part.shape) for part in parts]
    found = []
    for form in (branch.branch, plain):
        first = torch.autograd.grad(form(*parts).square().sum(), parts, create_graph=True)
        second = torch.autograd.grad(sum((g * w).sum() for g, w in zip(first, weights, strict=True)), parts)
        found.append([*first, *second])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


def test_threads_have_memory_of_their_own():
    x = given()[0]
    rooms = [branch.room(x, 6), branch.room(x, 6)]
    thread = threading.Thread(target=lambda: rooms.append(branch.room(x, 6)))
    thread.start()
    thread.join()
    assert rooms[0] is rooms[1]
    assert rooms[0] is not rooms[2]


def test_of_large_states_no_memory_is_kept(monkeypatch):
    monkeypatch.setattr(branch, "LARGEST", 10)
    assert branch.room(given()[0], 6) is not branch.room(given()[0], 6)
