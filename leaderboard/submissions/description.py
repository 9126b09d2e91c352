"""What a submission says of itself: the schema of submission.json. Every key is required, no other is allowed.

    {"schema": 1, "name": "...", "authors": ["..."], "link": "https://...",
     "architecture": {"name": "resnet", "options": {}},
     "net": {"width": 16, "hidden": 16, "layers": 0, "norm": false, "inner": false},
     "tasks": [{"name": "parity", "parameters": {}, "claimed": {"12": {"symbol": 1.0, "word": 1.0}, "24": ..., "48": ...}}],
     "training": {"steps": 600, "batch": 32, "length": 12, "rate": 0.01, "weight_decay": 0.01, "clip": 1.0}}

`tasks` are members of the ladder (`realizable tasks`); `claimed` are accuracies at each test length, the mean over the seeds.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

import models
import tasks
from leaderboard.submissions import strict
from leaderboard.submissions.faults import CODES, Fault, Refused, quoted

SCHEMA = 1
LENGTH = 12  # the training length of the benchmark
FACTORS = (1, 2, 4)  # its test lengths, as multiples of that
UNITS = ("symbol", "word")

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")
# composed Latin letters (NFC: no combining mark is among them), without those that pass for another: dotless i, long s,
# ij, eng, kra
_AUTHOR = re.compile(r"[A-Za-zÀ-ÖØ-öø-İĴ-ķĹ-ľŁ-ňŌ-ž]([A-Za-zÀ-ÖØ-öø-İĴ-ķĹ-ľŁ-ňŌ-ž .'-]{0,62}[A-Za-zÀ-ÖØ-öø-İĴ-ķĹ-ľŁ-ňŌ-ž.])?")
_LINK = re.compile(r"https?://(?!.*xn--)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/?#=&+,;:-]*)?")
_OPTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

Bounds = tuple[float, float] | None  # None: true or false
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
        models.architecture(said["architecture"]["name"], **said["architecture"]["options"]),
        said["net"],
        tuple(task for task in chosen if task is not None),
        {label: task["claimed"] for label, task in zip(labels, said["tasks"], strict=True)},
        said["training"],
        said["architecture"]["options"],
        hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def _faults(said: Any) -> Iterator[Fault]:
    if type(said) is dict and type(said.get("schema")) is int and said["schema"] > SCHEMA:
        yield Fault("S119", "schema", f"{said['schema']} is newer than {SCHEMA}, the newest that this program reads")
        return
    keys = ("schema", "name", "authors", "link", "architecture", "net", "tasks", "training")
    wrong = list(_object("submission", said, keys))
    yield from wrong
    if wrong and type(said) is not dict:
        return
    has = {key: value for key, value in said.items() if key in keys}
    checks = {"architecture": _architecture, "tasks": _tasks, "authors": _authors}
    for key, value in has.items():
        if key in checks:
            yield from checks[key](value)
    if "schema" in has:
        yield from _value("schema", has["schema"], int, (SCHEMA, SCHEMA))
    if "name" in has:
        yield from _text(
            "name", has["name"], _NAME, "A-Z, a-z, 0-9, space, point, _ and -, 1 to 64, a letter or digit at the ends"
        )
    if "link" in has:
        yield from _link(has["link"])
    for key, shape in (("net", _NET), ("training", _TRAINING)):
        if key in has:
            yield from _object(key, has[key], tuple(shape))
            if type(has[key]) is dict:
                for name in shape.keys() & has[key].keys():
                    yield from _value(f"{key}.{name}", has[key][name], *shape[name])


def _object(where: str, value: Any, keys: tuple[str, ...]) -> Iterator[Fault]:
    """Exactly these keys."""
    if type(value) is not dict:
        yield Fault("S112", where, "not an object")
        return
    for key in keys:
        if key not in value:
            yield Fault("S110", where, f"{key} is missing")
    for key in value:
        if key not in keys:
            yield Fault("S111", where, f"{quoted(key)} is unknown; there are {', '.join(keys)}")


def _value(where: str, value: Any, kind: type, bounds: Bounds) -> Iterator[Fault]:
    if type(value) not in ((int, float) if kind is float else (kind,)):
        yield Fault("S112", where, f"{quoted(value)} is not of type {kind.__name__}")
    elif bounds is not None and not bounds[0] <= value <= bounds[1]:
        yield Fault("S113", where, f"{value} is not allowed; allowed: {bounds[0]:g} to {bounds[1]:g}")


def _text(where: str, value: Any, allowed: re.Pattern[str], says: str) -> Iterator[Fault]:
    if type(value) is not str:
        yield Fault("S112", where, f"{quoted(value)} is not a text")
    elif not allowed.fullmatch(value) or "  " in value:
        yield Fault("S114", where, f"{quoted(value)} is not allowed; allowed: {says}")


def _authors(value: Any) -> Iterator[Fault]:
    if type(value) is not list or not 1 <= len(value) <= 32:
        yield Fault("S112", "authors", "not a list of 1 to 32 names")
        return
    for k, author in enumerate(value):
        yield from _text(f"authors[{k}]", author, _AUTHOR, "Latin letters with accents (NFC), space, point, ' and -, 1 to 64")


def _link(value: Any) -> Iterator[Fault]:
    if type(value) is not str:
        yield Fault("S112", "link", f"{quoted(value)} is not a text")
    elif not value.startswith(("http://", "https://")):
        yield Fault("S115", "link", "only http and https are allowed")
    elif len(value) > 200 or not _LINK.fullmatch(value):
        yield Fault(
            "S115", "link", f"{quoted(value)} is {CODES['S115'].removeprefix('the link is ')}, of at most 200 characters"
        )


def _architecture(value: Any) -> Iterator[Fault]:
    wrong = list(_object("architecture", value, ("name", "options")))
    yield from wrong
    if wrong:
        return
    name, options = value["name"], value["options"]
    if type(name) is not str or name not in models.names():
        yield Fault("S116", "architecture.name", f"{quoted(name)} is unknown; there are {', '.join(models.names())}")
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
            yield from _text(where, value, _OPTION, "a-z, 0-9, _ and -, 1 to 32")
        else:
            yield from _value(where, value, known[option], _OPTIONS[known[option]])


def _made(name: str, options: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        models.architecture(name, **options)
    except models.ModelError as error:
        yield Fault("S116", "architecture.options", str(error))


def _tasks(value: Any) -> Iterator[Fault]:
    if type(value) is not list or not 1 <= len(value) <= 100:
        yield Fault("S112", "tasks", "not a list of 1 to 100 tasks")
        return
    for k, task in enumerate(value):
        where = f"tasks[{k}]"
        wrong = list(_object(where, task, ("name", "parameters", "claimed")))
        yield from wrong
        if not wrong:
            if _member(task["name"], task["parameters"]) is None:
                yield Fault("S117", where, f"{quoted(task['name'])} with these parameters is not on the ladder")
            yield from _claimed(f"{where}.claimed", task["claimed"])


def _claimed(where: str, value: Any) -> Iterator[Fault]:
    lengths = tuple(str(LENGTH * factor) for factor in FACTORS)
    yield from _object(where, value, lengths)
    for length in lengths:
        if type(value) is dict and length in value:
            claim = value[length]
            yield from _object(f"{where}.{length}", claim, UNITS)
            for unit in UNITS:
                if type(claim) is dict and unit in claim:
                    yield from _value(f"{where}.{length}.{unit}", claim[unit], float, (0, 1))


def _member(name: Any, parameters: Any) -> tasks.Task | None:
    """The member of the ladder with that name and these parameters, None if there is none; no task is made of them."""
    if type(name) is not str or type(parameters) is not dict or name not in tasks.names():
        return None
    cls = tasks.find(name)
    asked = tasks.get(name).parameters | parameters
    members = [tasks.get(name, **variant) for variant in cls.variants]
    return next((member for member in members if _same(member.parameters, asked)), None)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Equal, and of equal types: 1 is neither true nor 1.0."""
    return one == other and all(type(one[key]) is type(other[key]) for key in one)
