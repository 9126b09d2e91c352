"""Methods that choose their steps, and the adjoint equation, both by torchdiffeq.

Chen, Rubanova, Bettencourt, Duvenaud, NeurIPS 2018.
"""

from typing import Any

from torch import Tensor, nn
from torchdiffeq import odeint, odeint_adjoint

from models.architecture import Blocks
from models.solving.fixed import Field
from models.solving.watch import Watch
from models.training.again import reached

ADAPTIVE = {"dopri5": 6, "dopri8": 13, "bosh3": 3, "adaptive_heun": 1}  # and the evaluations of a step


def largest(error: Tensor) -> Tensor:
    """The largest absolute value: tolerances hold for every channel of every cell, however many are at rest."""
    return error.abs().max()


def integrate(
    watch: Watch, watched: Field, x: Tensor, times: Tensor, adjoint: Blocks | None, settings: dict[str, Any]
) -> Tensor:
    """The solution at the times after the first, which is that of x, `[times - 1, batch, width, cells]`.

    Gradients reach the parameters of the blocks `adjoint` by the adjoint equation; None: those of all, through the solver.
    `settings` are those of torchdiffeq. SolverError if it gives up.
    """
    try:
        if adjoint is None:
            return odeint(watched, x, times, **settings)[1:]
        parameters = tuple(p for F in adjoint if isinstance(F, nn.Module) for p in reached(F).values())
        return odeint_adjoint(watched, x, times, adjoint_params=parameters, **settings)[1:]
    except AssertionError:  # of torchdiffeq: x is not finite, or its step has become 0
        finite = watch.last.isfinite().all()
        raise watch.failure("its step underflows" if finite else "the state is not finite") from None
