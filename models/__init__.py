"""Models: very deep architectures as discretised ODEs. `models.build("revnet", task, width=64)`; `models.names()`.

Every module of this package that defines one concrete `Architecture` is a model under the module's name; like `tasks`,
the package is extended by folders `models` (with an `__init__.py`) on `sys.path`.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from models.architecture import Architecture, ModelError, NotRealizable, Reference
from models.net import Net
from tasks.discover import class_of, configured, names_in
from tasks.task import Task

__all__ = ["Architecture", "ModelError", "Net", "NotRealizable", "Reference", "architecture", "build", "find", "names", "sizes"]


def names() -> list[str]:
    """Names of all architectures."""
    return names_in(__name__, Architecture)


def find(name: str) -> type[Architecture]:
    """The class of the architecture of that name; ModelError if there is none."""
    if name not in names():
        raise ModelError(f"unknown model {name!r}; there are {', '.join(names())}")
    return class_of(f"{__name__}.{name}", Architecture)


def architecture(name: str, /, **options: object) -> Architecture:
    """The architecture of that name with these options; ModelError on an unknown name, option or value."""
    return configured(find(name), name, options, ModelError)


def sizes(
    made: Architecture, task: Task, width: int, hidden: int, tableau: int = 0, inner: bool = False, robust: bool = False
) -> tuple[int, int]:
    """Width and hidden units of a net in which the reference fits, if there is one: those given, or what it needs."""
    try:
        reference = made.robust(task.program(), inner) if robust else made.reference(task.program(), tableau)
    except NotRealizable:
        pass
    else:
        width, hidden = max(width, made.width(reference)), max(hidden, reference.hidden)
    return width + -width % made.halves, hidden


def build(
    name: str,
    task: Task,
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
    **options: object,
) -> Net:
    """A fresh net for a task, of the `sizes` that its reference needs at least, if it has one. See `Net`.

    `robust`: its reference that corrects noise. Further options are those of the architecture. ModelError on a bad one.
    """
    chosen = architecture(name, **options)
    if min(width, hidden) < 1:
        raise ModelError(f"{name}: width={width}, hidden={hidden}; allowed: at least 1 each")
    width, hidden = sizes(chosen, task, width, hidden, tableau, inner, robust)
    return Net(chosen, task.alphabet, task.classes, width, hidden, layers, norm, tableau, inner, seed, memory)
