"""Tasks: functions of known complexity on words. `tasks.get("counter", modulus=5)`; `tasks.names()`.

Every module of this package but `task`, `card`, `discover` and `plugins` is a task under the module's name. The package's path
is extended by the folders of plug-ins (`tasks.plugins`), so a task can also live outside of this tree.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tasks import plugins

__path__ = plugins.path_of(__name__, __path__[0])

from tasks.discover import class_of, configured, names_in

if TYPE_CHECKING:
    from tasks.task import IGNORE as IGNORE
    from tasks.task import Task, TaskError
    from tasks.words.bits import Bits as Bits

_HOME = {"IGNORE": "tasks.task", "Task": "tasks.task", "TaskError": "tasks.task", "Bits": "tasks.words.bits"}
__all__ = ["IGNORE", "Bits", "Task", "TaskError", "every", "find", "get", "names"]


def __getattr__(name: str) -> object:
    """The interface of a task, imported when it is first asked for: to list names takes no torch, which needs a second."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def names() -> list[str]:
    """Names of all tasks."""
    return names_in(__name__, besides=("task", "card", "discover", "plugins"))


def find(name: str) -> "type[Task]":
    """The class of the task of that name; TaskError if there is none."""
    from tasks.task import Task, TaskError

    if name not in names():
        raise TaskError(plugins.refusal(__name__, name) or f"unknown task {name!r}; there are {', '.join(names())}")
    return class_of(f"{__name__}.{name}", Task, TaskError)


def get(name: str, /, **parameters: object) -> "Task":
    """The task of that name with these parameters; TaskError on an unknown name, parameter or value."""
    from tasks.task import TaskError

    return configured(find(name), name, parameters, TaskError)


def every() -> "list[Task]":
    """All tasks, of a family the members that it names in `variants`."""
    return [get(name, **parameters) for name in names() for parameters in find(name).variants]
