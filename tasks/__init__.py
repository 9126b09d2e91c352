"""Tasks: functions of known complexity on words. `tasks.get("counter", modulus=5)`; `tasks.names()`.

Every module of this package that defines one concrete `Task` is a task under the module's name. The package's path is
extended by every folder `tasks` (with an `__init__.py`) on `sys.path`, so a task can also live outside of this tree.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from tasks.discover import class_of, configured, names_in
from tasks.task import IGNORE, Task, TaskError
from tasks.words.bits import Bits

__all__ = ["IGNORE", "Bits", "Task", "TaskError", "every", "get", "names"]


def names() -> list[str]:
    """Names of all tasks."""
    return names_in(__name__, Task)


def find(name: str) -> type[Task]:
    """The class of the task of that name; TaskError if there is none."""
    if name not in names():
        raise TaskError(f"unknown task {name!r}; there are {', '.join(names())}")
    return class_of(f"{__name__}.{name}", Task)


def get(name: str, /, **parameters: object) -> Task:
    """The task of that name with these parameters; TaskError on an unknown name, parameter or value."""
    return configured(find(name), name, parameters, TaskError)


def every() -> list[Task]:
    """All tasks, of a family the members that it names in `variants`."""
    return [get(name, **parameters) for name in names() for parameters in find(name).variants]
