"""Shapes in types are checked while tests run: every function of `models` that is annotated with one, by beartype.

Not by the import hook of jaxtyping, which checks everything else too: that makes the tests of `models` 1.6 times as slow.
What has passed once is not checked again, as shapes repeat from layer to layer.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import Any

from beartype import beartype
from jaxtyping import jaxtyped
from torch import Tensor

import models


def check_shapes() -> list[str]:
    """Put a checking function in the place of each that is annotated with shapes; their names."""
    found = []
    for owner, name, function in list(annotated()):
        setattr(owner, name, checked(function))
        found.append(f"{function.__module__}.{function.__qualname__}")
    return found


def annotated() -> Iterator[tuple[type, str, FunctionType]]:
    """The methods of classes of `models` with shapes in their annotations, and `__init__` of such dataclasses."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if module.name in ("models.training.learner", "models.training.together"):  # Lightning takes seconds to import
            continue
        members = vars(import_module(module.name)).values()
        for owner in {m for m in members if inspect.isclass(m) and m.__module__ == module.name}:
            for name, function in list(vars(owner).items()):
                if inspect.isfunction(function) and any(map(shaped, function.__annotations__.values())):
                    yield owner, name, function


def shaped(annotation: object) -> bool:
    """Whether it is a shape of jaxtyping, or one of several types of which one is."""
    return hasattr(annotation, "dim_str") or any(map(shaped, getattr(annotation, "__args__", ())))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with arguments and result checked, but for shapes that it has been seen to take and to give."""
    box: list[Any] = []

    @wraps(function)
    def again(*args: Any, **kwargs: Any) -> Any:
        return box[0]

    first, later = jaxtyped(typechecker=beartype)(function), jaxtyped(typechecker=beartype)(again)
    seen: dict[Any, set[Any]] = {}

    @wraps(function)
    def checking(*args: Any, **kwargs: Any) -> Any:
        taken = tuple(map(shape, args))
        if kwargs or taken not in seen:
            result = first(*args, **kwargs)
        else:
            result = function(*args)
            if shape(result) not in seen[taken]:
                box[:] = [result]
                later(*args)
        seen.setdefault(taken, set()).add(shape(result))
        return result

    return checking


def shape(value: object) -> object:
    """What is checked of a value."""
    return (value.shape, value.dtype) if isinstance(value, Tensor) else type(value)
