"""What a submission says of itself: the schema of submission.json. Every key is required, no other is allowed.

    {"schema": 1, "name": "...", "authors": ["..."], "link": "https://...",
     "architecture": {"name": "resnet", "options": {}},
     "net": {"width": 16, "hidden": 16, "layers": 0, "norm": false, "inner": false},
     "tasks": [{"name": "parity", "parameters": {}, "claimed": {"12": {"symbol": 1.0, "word": 1.0}, "24": ..., ...}}],
     "training": {"steps": 600, "batch": 32, "length": 12, "rate": 0.01, "weight_decay": 0.01, "clip": 1.0}}

`tasks` are members of the ladder (`realizable tasks`); `claimed` are accuracies at each test length, the mean over the seeds.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache, partial
from typing import Any

import models
import tasks
from leaderboard.protocol import FACTORS, LENGTH
from leaderboard.submissions import strict, values
from leaderboard.submissions.faults import Fault, Refused, quoted
from leaderboard.submissions.values import Bounds
from tasks import plugins

SCHEMA = 1
UNITS = ("symbol", "word")

_NET: dict[str, tuple[type, Bounds]] = {
    "width": (int, (1, 512)),
    "hidden": (int, (1, 2048)),
    "layers": (int, (0, 1024)),
    "norm": (bool, None),
    "inner": (bool, None),
}
_TRAINING: dict[str, tuple[type, Bounds]] = {
    "steps": (int, (1, 1_000_000)),
    "batch": (int, (1, 4096)),
    "length": (int, (LENGTH, LENGTH)),
    "rate": (float, (1e-6, 1)),
    "weight_decay": (float, (0, 1)),
    "clip": (float, (1e-3, 1000)),
}
_OPTIONS: dict[type, Bounds] = {int: (0, 100_000), float: (0, 1), bool: None}


@dataclass(frozen=True)
class Description:
    """A valid submission.json. `claimed[label][length][unit]`: mean accuracy over the seeds; `sha256` of its bytes."""

    name: str
    authors: tuple[str, ...]
    link: str
    model: str
    architecture: models.Architecture
    net: Mapping[str, Any]
    tasks: tuple[tasks.Task, ...]
    claimed: Mapping[str, Mapping[str, Mapping[str, float]]]
    training: Mapping[str, Any]
    options: Mapping[str, Any]
    sha256: str


def described(data: bytes) -> Description:
    """The description in the bytes of submission.json; `Refused` with all faults S101 to S119 that were found."""
    said = strict.parse(data, "submission.json")
    faults = list(_faults(said))
    if faults:
        raise Refused(faults)
    chosen = [_member(task["name"], task["parameters"]) for task in said["tasks"]]
    labels = [task.label for task in chosen if task is not None]
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise Refused([Fault("S118", "tasks", f"{twice} stands twice")])
    return Description(
        said["name"], tuple(said["authors"]), said["link"],
        said["architecture"]["name"],
        models.get(said["architecture"]["name"], **said["architecture"]["options"]),
        said["net"],
        tuple(task for task in chosen if task is not None),
        {label: task["claimed"] for label, task in zip(labels, said["tasks"], strict=True)},
        said["training"],
        said["architecture"]["options"],
        hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def alike(one: str, other: str) -> bool:
    """Whether two names differ in nothing but case and separators."""
    plain, like = (re.sub("[^a-z0-9]", "", name.lower()) for name in (one, other))
    return plain == like


def _faults(said: Any) -> Iterator[Fault]:
    if type(said) is dict and type(said.get("schema")) is int and said["schema"] > SCHEMA:
        yield Fault("S119", "schema", f"{said['schema']} is newer than {SCHEMA}, the newest that this program reads")
        return
    yield from values.exactly("submission", said, tuple(_CHECKS))
    if type(said) is dict:
        for key, check in _CHECKS.items():
            if key in said:
                yield from check(said[key])


def _numbers(where: str, shape: Mapping[str, tuple[type, Bounds]], value: Any) -> Iterator[Fault]:
    yield from values.exactly(where, value, tuple(shape))
    if type(value) is dict:
        for name in [name for name in shape if name in value]:
            yield from values.number(f"{where}.{name}", value[name], *shape[name])


def _architecture(value: Any) -> Iterator[Fault]:
    wrong = list(values.exactly("architecture", value, ("name", "options")))
    yield from wrong
    if wrong:
        return
    name, options, known = value["name"], value["options"], plugins.ours("models", models.names())
    if type(name) is not str or name not in known:
        yield Fault("S116", "architecture.name", f"{quoted(name)} is unknown; there are {', '.join(known)}")
    elif type(options) is not dict:
        yield Fault("S112", "architecture.options", "not an object")
    else:
        wrong = list(_options(models.find(name), options))
        yield from wrong or _made(name, options)


def _options(cls: type[models.Architecture], options: Mapping[str, Any]) -> Iterator[Fault]:
    """Names, types and bounds, before anything is made of them."""
    known = {f.name: type(f.default) for f in fields(cls) if f.default is not MISSING}
    for option, value in options.items():
        where = f"architecture.options.{option}" if option in known else "architecture.options"
        if option not in known:
            yield Fault("S116", where, f"{quoted(option)} is unknown; there are {', '.join(known) or 'none'}")
        elif known[option] is str:
            yield from values.option(where, value)
        else:
            yield from values.number(where, value, known[option], _OPTIONS[known[option]])


def _made(name: str, options: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        models.get(name, **options)
    except models.ModelError as error:
        yield Fault("S116", "architecture.options", str(error))


def _tasks(value: Any) -> Iterator[Fault]:
    if type(value) is not list or not 1 <= len(value) <= 100:
        yield Fault("S112", "tasks", "not a list of 1 to 100 tasks")
        return
    for k, task in enumerate(value):
        where = f"tasks[{k}]"
        wrong = list(values.exactly(where, task, ("name", "parameters", "claimed")))
        yield from wrong
        if not wrong:
            if _member(task["name"], task["parameters"]) is None:
                yield Fault("S117", where, f"{quoted(task['name'])} with these parameters is not on the ladder")
            yield from _claimed(f"{where}.claimed", task["claimed"])


def _claimed(where: str, value: Any) -> Iterator[Fault]:
    lengths = tuple(str(LENGTH * factor) for factor in FACTORS)
    yield from values.exactly(where, value, lengths)
    for length in lengths:
        if type(value) is dict and length in value:
            claim = value[length]
            yield from values.exactly(f"{where}.{length}", claim, UNITS)
            for unit in UNITS:
                if type(claim) is dict and unit in claim:
                    yield from values.number(f"{where}.{length}.{unit}", claim[unit], float, (0, 1))


_CHECKS: dict[str, Callable[[Any], Iterator[Fault]]] = {
    "schema": lambda value: values.number("schema", value, int, (SCHEMA, SCHEMA)),
    "name": values.name,
    "authors": values.authors,
    "link": values.link,
    "architecture": _architecture,
    "net": partial(_numbers, "net", _NET),
    "tasks": _tasks,
    "training": partial(_numbers, "training", _TRAINING),
}


def _member(name: Any, parameters: Any) -> tasks.Task | None:
    """The member of the ladder with that name and these parameters, None if there is none; no task is made of them."""
    if type(name) is not str or type(parameters) is not dict or (known := _members(name)) is None:
        return None
    usual, members = known
    return next((member for member in members if _same(member.parameters, usual | parameters)), None)


@lru_cache(maxsize=256)
def _members(name: str) -> tuple[dict[str, Any], list[tasks.Task]] | None:
    """The usual parameters of a task, and its members of the ladder; None if there is no such task, or it is a plug-in's."""
    if name not in plugins.ours("tasks", tasks.names()):
        return None
    return tasks.get(name).parameters, [tasks.get(name, **variant) for variant in tasks.find(name).variants]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Equal, and of equal types: 1 is neither true nor 1.0."""
    return one == other and all(type(one[key]) is type(other[key]) for key in one)
