"""Models: very deep architectures as discretised ODEs. `models.build("revnet", task, width=64)`; `models.names()`.

Every module of this package but `architecture`, `block`, `branch` and `net` is an architecture under the module's name; like
`tasks`, the package is extended by the folders of plug-ins.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tasks import plugins

__path__ = plugins.path_of(__name__, __path__[0])

from tasks.discover import class_of, configured, names_in

if TYPE_CHECKING:
    from models.architecture import Architecture, ModelError
    from models.architecture import NotRealizable as NotRealizable
    from models.architecture import Reference as Reference
    from models.net import Net
    from tasks.task import Task

_HOME = dict.fromkeys(("Architecture", "ModelError", "NotRealizable", "Reference"), "models.architecture") | {
    "Net": "models.net"
}
__all__ = ["Architecture", "ModelError", "Net", "NotRealizable", "Reference", "build", "find", "get", "names", "sizes"]


def __getattr__(name: str) -> object:
    """The interface of a model, imported when it is first asked for: to list names takes no torch, which needs a second."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def names() -> list[str]:
    """Names of all architectures."""
    return names_in(__name__, besides=("architecture", "block", "branch", "net"))


def find(name: str) -> "type[Architecture]":
    """The class of the architecture of that name; ModelError if there is none."""
    from models.architecture import Architecture, ModelError

    if name not in names():
        raise ModelError(plugins.refusal(__name__, name) or f"unknown model {name!r}; there are {', '.join(names())}")
    return class_of(f"{__name__}.{name}", Architecture, ModelError)


def get(name: str, /, **options: object) -> "Architecture":
    """The architecture of that name with these options; ModelError on an unknown name, option or value."""
    from models.architecture import ModelError

    return configured(find(name), name, options, ModelError)


def sizes(
    made: "Architecture", task: "Task", width: int, hidden: int, tableau: int = 0, inner: bool = False, robust: bool = False
) -> tuple[int, int]:
    """Width and hidden units of a net in which the reference fits, if there is one: those given, or what it needs."""
    from models.architecture import NotRealizable

    try:
        reference = made.robust(task.program(), inner) if robust else made.reference(task.program(), tableau)
    except NotRealizable:
        pass
    else:
        width, hidden = max(width, made.width(reference)), max(hidden, reference.hidden)
    return width + -width % made.halves, hidden


def build(
    name: str,
    task: "Task",
    *,
    width: int = 32,
    hidden: int = 64,
    layers: int = 0,
    norm: bool = False,
    tableau: int = 0,
    inner: bool = False,
    robust: bool = False,
    seed: int = 0,
    memory: str = "store",
    box: float = 0.0,
    pace: int = 1,
    recall: bool = False,
    **options: object,
) -> "Net":
    """A fresh net for a task, of the `sizes` that its reference needs at least, if it has one. See `Net`.

    `robust`: its reference that corrects noise. `pace`: layers a step; 0: those of equal evaluations. Further options are
    those of the architecture. ModelError on a bad one.
    """
    from models.architecture import ModelError
    from models.net import Net

    chosen = get(name, **options)
    if min(width, hidden) < 1:
        raise ModelError(f"{name}: width={width}, hidden={hidden}; allowed: at least 1 each")
    width, hidden = sizes(chosen, task, width, hidden, tableau, inner, robust)
    return Net(
        chosen,
        task.alphabet,
        task.classes,
        width,
        hidden,
        layers,
        norm,
        tableau,
        inner,
        seed,
        memory,
        box,
        pace or chosen.pace,
        recall,
    )
