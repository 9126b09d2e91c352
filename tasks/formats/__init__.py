"""Machines in the formats that people have. A file is recognised and read, and becomes the parameters of a task.

A format is one module of this package: `recognises(text)`, and `read(text)`, the name of a task and the parameters that the
file stands for, or `Fault(line, reason)`. What is read is kept in the parameters, so a record of a run holds the whole machine,
and the file is not needed again.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tasks.task import Task

LARGEST = 2**20  # bytes of a file
HASH = re.compile(r"(.+)#([0-9a-f]{8})")


class Fault(ValueError):
    """What is wrong with a file, and on which line; 0: with all of it."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Found(NamedTuple):
    """The task that a machine is one of, and its parameters."""

    task: str
    parameters: dict[str, Any]


def filled(task: "Task") -> dict[str, Any]:
    """The parameters of a task that its `file` fills in, and `file` itself: its name and a hash of the machine.

    A file that already has a hash is not read again: the machine stands in the other parameters, as in a record.
    """
    from tasks.task import TaskError

    given = {name: value for name in task.filed if (value := getattr(task, name)) != getattr(type(task)(), name)}
    now = {name: getattr(task, name) for name in task.filed}
    if (named := HASH.fullmatch(task.file)) and given:
        if named[2] != digest(now):
            raise TaskError(f"{task.name}: file={task.file} is not allowed; the machine in {', '.join(given)} has another hash")
        return {}
    if given:
        raise TaskError(f"{task.name}: file and {', '.join(given)} are not allowed together; a file says all of it")
    path = Path(task.file).expanduser()
    try:
        found = opened(path)
        if found.task != task.name:
            raise Fault(0, f"it is a machine for task={found.task}, not for task={task.name}")
    except Fault as fault:
        where = f"line {fault.line}: " if fault.line else ""
        raise TaskError(f"{task.name}: {path.name}: {where}{fault}") from None
    read = now | found.parameters
    name = re.sub(r"[^\w.+-]", "_", path.name)[:60]
    return found.parameters | {"file": f"{name}#{digest(read)}"}


def opened(path: Path) -> Found:
    """What a file holds; `Fault` if it cannot be read."""
    from tasks.formats import beaver, columns, jflap

    try:
        if path.stat().st_size > LARGEST:
            raise Fault(0, f"a file has at most {LARGEST} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Fault(0, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Fault(0, "it is not text in UTF-8") from None
    for format in (jflap, beaver, columns):
        if format.recognises(text):
            return format.read(text)
    raise Fault(
        0, "no format is recognised; there are the text of busy beavers (1RB1LB_1LA1RH), tables of `state read write move "
        "state`, and JFLAP's .jff"
    )  # fmt: skip


def digest(parameters: Mapping[str, Any]) -> str:
    """The first digits of SHA-256 over canonical JSON."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
