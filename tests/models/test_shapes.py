"""Shapes in types are checked in tests; each boundary is seen to refuse a wrong one."""

import pytest
import torch
from jaxtyping import Float, TypeCheckError
from shapes import annotated, checked
from torch import Tensor

import models
import tasks
from models.architecture import Layers
from models.block import Weights
from models.streaming.reader import Transitions

PARITY = tasks.get("parity")
BOUNDARIES = ["Block.forward", "Net.forward", "Net.read", "Norm.forward", "OneStep.step", "Reader.forward", "ResNet.step"]


def zeros(*shape):
    return torch.zeros(shape)


def wrong(name):
    """A call with one shape that is wrong, of a net that is right otherwise."""
    net, stream = models.build("resnet", PARITY, width=8), models.build("gru", PARITY, width=8)
    state, layers = net(torch.zeros(2, 3, dtype=torch.long), 0), Layers(net.layer, 1)
    calls = {
        "block": lambda: net.blocks[0](zeros(8, 3)),
        "reader": lambda: stream.blocks[0](zeros(2, 3, 8, 1)),
        "words": lambda: net(torch.zeros(3, dtype=torch.long), 1),
        "whole numbers": lambda: net(zeros(2, 3), 1),
        "state": lambda: net.read(zeros(8, 3)),
        "states": lambda: net.architecture.states(zeros(8, 3), layers),
        "first": lambda: models.get("momentum_resnet").first(state[0]),
        "step": lambda: net.architecture.step(zeros(8, 3), net.layer(0)),
        "penalty": lambda: models.get("tis_ode").penalty(zeros(8, 3), layers),
        "guards": lambda: Weights(zeros(4, 8, 3), zeros(5), zeros(8, 4)),
        "taps": lambda: Weights(zeros(4, 8, 2), zeros(4), zeros(8, 4)),
        "inner": lambda: Weights(zeros(4, 8, 3), zeros(4), zeros(8, 6), zeros(6, 5), zeros(6)),
        "edges": lambda: Transitions(zeros(4, 3), zeros(4, 5), zeros(4), zeros(4)),
    }
    return calls if name is None else calls[name]


@pytest.mark.parametrize("name", wrong(None))
def test_a_wrong_shape_is_refused(name):
    with pytest.raises(TypeCheckError):
        wrong(name)()


def test_a_step_that_changes_the_number_of_cells_is_refused():
    net = models.build("resnet", PARITY, width=8)
    with pytest.raises(TypeCheckError, match="return"):
        net.architecture.step(zeros(2, 8, 1), [lambda x: zeros(2, 8, 5)])


def test_every_boundary_is_checked():
    names = {f"{function.__qualname__}" for _, _, function in annotated()}
    assert names >= {*BOUNDARIES, "Weights.__init__", "Transitions.__init__"}


def test_what_was_right_once_is_looked_at_again_where_shapes_differ():
    calls = []

    def double(x: Float[Tensor, "batch cells"], writes: bool = True) -> Float[Tensor, "batch cells"]:
        calls.append(writes)
        return 2 * x if len(calls) < 3 else x.T

    function = checked(double)
    for _ in range(2):
        assert function(zeros(2, 3)).shape == (2, 3)
    with pytest.raises(TypeCheckError):  # the same arguments, another result
        function(zeros(2, 3))
    assert len(calls) == 3
    with pytest.raises(TypeCheckError):
        function(zeros(3))
    with pytest.raises(TypeCheckError):
        function(zeros(2, 3).long())
    with pytest.raises(TypeCheckError):
        function(zeros(2, 3), writes=1)
