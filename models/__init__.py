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

__all__ = ["Architecture", "ModelError", "Net", "NotRealizable", "Reference", "architecture", "build", "find", "names"]


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
    """A fresh net for a task; `width` and `hidden` are raised to what its reference needs, if it has one. See `Net`.

    `robust`: to what its reference that corrects noise needs. Further options are those of the architecture. ModelError
    on a bad one.
    """
    chosen = architecture(name, **options)
    if min(width, hidden) < 1:
        raise ModelError(f"{name}: width={width}, hidden={hidden}; allowed: at least 1 each")
    try:
        reference = chosen.robust(task.program(), inner) if robust else chosen.reference(task.program(), tableau)
    except NotRealizable:
        pass
    else:
        width, hidden = max(width, chosen.width(reference)), max(hidden, reference.hidden)
    width += -width % chosen.halves
    return Net(chosen, task.alphabet, task.classes, width, hidden, layers, norm, tableau, inner, seed, memory)
