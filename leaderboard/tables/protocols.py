"""Records by protocol: runs are compared only where it is the same, so a table, a picture and a page are of one group."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from leaderboard.protocol import digest
from leaderboard.store.schema import RecordError
from leaderboard.tables.frame import frame, line

Record = dict[str, Any]
VERSIONED = ("task", "model")
LONGEST = 40  # characters of a setting in a title


class Group(NamedTuple):
    """The records of one protocol, their `frame`, and all names that they give the protocol.

    `title` says in what it differs from the other groups; "" where there is no other.
    """

    names: list[str]
    hash: str
    settings: dict[str, Any]
    records: list[Record]
    df: pd.DataFrame
    title: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return ", ".join(self.names)


def grouped(records: Iterable[Record]) -> list[Group]:
    """A group for each protocol, sorted by name; the hash is that of the settings, whatever a record states.

    Where the records have several versions of a task or an architecture, its label says which: `parity v1`.
    """
    parts = defaultdict[str, list[Record]](list)
    for record in _labelled(list(records)):
        parts[_hash(record)].append(record)
    found = [
        Group(_names(some), hash, some[0]["protocol"]["settings"], some, frame(some)) for hash, some in sorted(parts.items())
    ]
    if len(found) > 1:
        found = [group._replace(title=_title(group, found)) for group in found]
    return sorted(found, key=lambda group: group.names)


def chosen(groups: Sequence[Group], asked: str | None) -> list[Group]:
    """The one group of that name or hash, or all if none is asked for; RecordError if there is no such group, or several."""
    if asked is None:
        return list(groups)
    found = [group for group in groups if asked in (group.hash, *group.names)]
    listed = ", ".join(f"{group.hash} ({group.name})" for group in found or groups)
    if not found:
        raise RecordError(f"--protocol {asked}: the records have {listed}")
    if len(found) > 1:
        raise RecordError(f"--protocol {asked}: several have that name; allowed: one of {listed}")
    return found


def beside(own: Sequence[Record], others: Sequence[Record], name: str) -> list[Record]:
    """Records, and the others of their protocols: a run that both have is that of the others.

    RecordError if they have a protocol that none of the others has, as nothing of it could be compared: `name` is what the
    others are called, and the message says in what the nearest differs.
    """
    known = {_hash(record): record["protocol"]["settings"] for record in others}
    for record in own:
        if _hash(record) not in known:
            settings = record["protocol"]["settings"]
            near = min(known.values(), key=lambda other: len(_differing([settings, other])))
            names = _differing([settings, near])
            raise RecordError(
                f"--with {name}: the protocol {record['protocol']['name']} has {options(settings, names)}, and {name} has "
                f"{options(near, names)}: runs are compared only where the protocol is the same"
            )
    hashes, ids = {_hash(record) for record in own}, {record["id"] for record in others}
    return [record for record in own if record["id"] not in ids] + [record for record in others if _hash(record) in hashes]


def _hash(record: Record) -> str:
    """Of the settings of a record's protocol, whatever hash it states."""
    return digest(record["protocol"]["settings"], 8)


def _differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    every = sorted({name for one in settings for name in one})
    return [name for name in every if len({_value(one.get(name)) for one in settings}) > 1]


def options(settings: dict[str, Any], names: Iterable[str]) -> str:
    """Some settings as they are set on a command line; those that are not there are said to be so."""
    return ", ".join(
        f"{line(name)}={_cut(_value(settings[name]))}" if name in settings else f"no {line(name)}" for name in names
    )


def _title(group: Group, groups: Sequence[Group]) -> str:
    """`protocol quick: training.steps=400`, with the hash where another has that name."""
    hash = f" {group.hash}" * (sum(group.names == other.names for other in groups) > 1)
    differing = _differing([other.settings for other in groups])
    return ": ".join(filter(None, [f"protocol {group.name}{hash}", options(group.settings, differing)]))


def _value(value: Any) -> str:
    return str(line(value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _names(records: Iterable[Record]) -> list[str]:
    return sorted({str(line(record["protocol"]["name"])) for record in records})


def _labelled(records: Sequence[Record]) -> Iterator[Record]:
    versions = defaultdict[tuple[str, str], set[int]](set)
    for record in records:
        for of in VERSIONED:
            versions[of, record[of]["label"]].add(record[of]["version"])
    several = {key for key, some in versions.items() if len(some) > 1}
    for record in records:
        parts = {of: record[of] for of in VERSIONED if (of, record[of]["label"]) in several}
        yield record | {of: part | {"label": f"{part['label']} v{part['version']}"} for of, part in parts.items()}
