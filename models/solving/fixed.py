"""Methods with fixed steps, written out here, as those of torchdiffeq write in place, which vmap does not allow."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

Time = float | Tensor
Field = Callable[[Time, Tensor], Tensor]  # f(t, x) of x' = f(t, x)


def euler(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """x + h f(t, x)."""
    return x + h * f(t, x)


def midpoint(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """x + h f(t + h/2, x + h/2 f(t, x))."""
    return x + h * f(t + h / 2, x + h / 2 * f(t, x))


def heun2(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """x + h/2 (k1 + f(t + h, x + h k1))."""
    k1 = f(t, x)
    return x + h / 2 * (k1 + f(t + h, x + h * k1))


def rk4(f: Field, t: float, x: Tensor, h: float) -> Tensor:
    """The classical method of order 4 (Kutta 1901)."""
    k1 = f(t, x)
    k2 = f(t + h / 2, x + h / 2 * k1)
    k3 = f(t + h / 2, x + h / 2 * k2)
    k4 = f(t + h, x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


class Method(NamedTuple):
    """A step of size h from x at time t, its evaluations of f, and its order: errors fall as h^order."""

    advance: Callable[[Field, float, Tensor, float], Tensor]
    stages: int
    order: int


FIXED = {
    "euler": Method(euler, 1, 1),
    "midpoint": Method(midpoint, 2, 2),
    "heun2": Method(heun2, 2, 2),
    "rk4": Method(rk4, 4, 4),
}
