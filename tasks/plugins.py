"""Tasks and models of somebody else's: folders with `tasks/*.py` and `models/*.py`, which lie anywhere.

The environment variable REALIZABLE_PLUGINS names them, as PATH names folders; so processes that a command starts find them,
too. An installed package names itself by an entry point of the group `realizable`, whose value is the package. A plug-in never
takes the place of a task or a model of ours.
"""

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib import invalidate_caches
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "REALIZABLE_PLUGINS"
GROUP = "realizable"
OPTION = "--plugins"
KINDS = ("tasks", "models")


def folders() -> list[Path]:
    """All folders that are named, each once, absolute; whether they are there or not."""
    named = [Path(path).expanduser().resolve() for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    return list(dict.fromkeys([*named, *_installed()]))


@cache
def _installed() -> tuple[Path, ...]:
    """Of installed packages: looked for once a process, as it reads the description of every one."""
    found = list[Path]()
    for point in entry_points(group=GROUP):
        spec = find_spec(point.value.partition(".")[0])  # of a package that is found, not imported
        for location in (spec and spec.submodule_search_locations) or ():
            found.append(Path(location, *point.value.split(".")[1:]))
    return tuple(found)


def path_of(package: str, own: str) -> list[str]:
    """The `__path__` of `package`: its own folder, and those of the plug-ins."""
    found = [folder / package for folder in folders() if (folder / package).is_dir()]
    return [own, *(str(folder) for folder in found if not folder.samefile(own))]


def plug_in(*more: Path | str) -> None:
    """Add folders for this process and those that it starts."""
    named = [*(str(Path(folder).expanduser().resolve()) for folder in more), os.environ.get(VARIABLE, "")]
    os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys(filter(None, named)))
    for package in KINDS:
        if loaded := sys.modules.get(package):
            loaded.__path__ = path_of(package, loaded.__path__[0])
    invalidate_caches()


def faults() -> str:
    """What is wrong with the folders that are named, in one line; "" if nothing is."""
    empty = [folder for folder in folders() if not any((folder / kind).is_dir() for kind in KINDS)]
    return f"{empty[0]} is no folder of plug-ins; allowed: one with a folder tasks or models" if empty else ""


def taken(arguments: Iterable[str]) -> tuple[list[str], list[str]]:
    """The folders that `--plugins FOLDER` names on a command line, at any place, and the arguments without them.

    >>> taken(["show", "--plugins", "mine", "task=seen", "--plugins=other"])
    (['mine', 'other'], ['show', 'task=seen'])
    """
    named, others, left = list[str](), list[str](), iter(arguments)
    for argument in left:
        if argument == OPTION:
            named.append(next(left, ""))
        elif argument.startswith(f"{OPTION}="):
            named.append(argument.partition("=")[2])
        else:
            others.append(argument)
    return named, others


def file_of(package: str, name: str) -> Path | None:
    """The file of the task or the model of that name if it is a plug-in's; None if it is ours."""
    found = places(package, name)
    return found[-1] if found and found[-1].parent != Path(sys.modules[package].__path__[0]) else None


def ours(package: str, names: Iterable[str]) -> list[str]:
    """Those of the names that are no plug-in's."""
    return [name for name in names if file_of(package, name) is None]


def refusal(package: str, name: str) -> str:
    """Why a module of this name can be no task or model, in one line; "" if it can."""
    found = places(package, name)
    if len(found) > 1:
        return f"{found[1]} has the name of {found[0]}; give it another one"
    if found and not is_name(name):
        return f"{found[0]} is named by no name; allowed: small letters, digits and _, a letter first, as my_task.py"
    return ""


def is_name(name: str) -> bool:
    """Whether a file may be named so: `snake_case`."""
    return name.isascii() and name.isidentifier() and name == name.lower() and not name.startswith("_")


def places(package: str, name: str) -> list[Path]:
    """All files and packages of that name, ours first."""
    every = [Path(folder, name) for folder in sys.modules[package].__path__]
    found = [place if place.is_dir() else place.with_name(f"{name}.py") for place in every]
    return [place for place in found if place.exists()]
