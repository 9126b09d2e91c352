"""What a value of submission.json may be: an object with its keys, a number in bounds, a name, a link.

No character is taken that moves a cursor, turns the line round, means something to a terminal, a page or a sheet, or passes for
another. Each check gives the faults that it finds, at a place of that name.
"""

import re
from collections.abc import Iterator
from typing import Any

from leaderboard.submissions.faults import CODES, Fault, quoted

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")
# composed Latin letters (NFC: no combining mark is among them), without those that pass for another: capital eth, dotless i,
# long s, ij, eng, kra
_LETTERS = "A-Za-zÀ-ÏÑ-ÖØ-öø-İĴ-ķĹ-ľŁ-ňŌ-ž"
_AUTHOR = re.compile(rf"[{_LETTERS}]([{_LETTERS} .'-]{{0,62}}[{_LETTERS}.])?")
_LINK = re.compile(r"https?://(?!.*(?i:xn--))[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/?#=&+,;:-]*)?")
_OPTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

Bounds = tuple[float, float] | None  # None: true or false


def exactly(where: str, value: Any, keys: tuple[str, ...]) -> Iterator[Fault]:
    """An object with these keys, and no others: S110, S111, S112."""
    if type(value) is not dict:
        yield Fault("S112", where, "not an object")
        return
    for key in keys:
        if key not in value:
            yield Fault("S110", where, f"{key} is missing")
    for key in value:
        if key not in keys:
            yield Fault("S111", where, f"{quoted(key)} is unknown; there are {', '.join(keys)}")


def number(where: str, value: Any, kind: type, bounds: Bounds) -> Iterator[Fault]:
    """A number of that type (an integer is a float too, true is none), or true or false, within bounds: S112, S113."""
    if type(value) not in ((int, float) if kind is float else (kind,)):
        yield Fault("S112", where, f"{quoted(value)} is not of type {kind.__name__}")
    elif bounds is not None and not bounds[0] <= value <= bounds[1]:
        yield Fault("S113", where, f"{value} is not allowed; allowed: {bounds[0]:g} to {bounds[1]:g}")


def _text(where: str, value: Any, allowed: re.Pattern[str], says: str) -> Iterator[Fault]:
    if type(value) is not str:
        yield Fault("S112", where, f"{quoted(value)} is not a text")
    elif not allowed.fullmatch(value) or "  " in value:
        yield Fault("S114", where, f"{quoted(value)} is not allowed; allowed: {says}")


def name(value: Any) -> Iterator[Fault]:
    """Of a submission: S112, S114."""
    yield from _text("name", value, _NAME, "A-Z, a-z, 0-9, space, point, _ and -, 1 to 64, a letter or digit at the ends")


def option(where: str, value: Any) -> Iterator[Fault]:
    """Of an architecture, where it is a text: S112, S114."""
    yield from _text(where, value, _OPTION, "a-z, 0-9, _ and -, 1 to 32")


def authors(value: Any) -> Iterator[Fault]:
    """Names of people: S112, S114."""
    if type(value) is not list or not 1 <= len(value) <= 32:
        yield Fault("S112", "authors", "not a list of 1 to 32 names")
        return
    for k, author in enumerate(value):
        yield from _text(f"authors[{k}]", author, _AUTHOR, "Latin letters with accents (NFC), space, point, ' and -, 1 to 64")


def link(value: Any) -> Iterator[Fault]:
    """An address with a host of Latin letters, without a user: S112, S115."""
    if type(value) is not str:
        yield Fault("S112", "link", f"{quoted(value)} is not a text")
    elif not value.startswith(("http://", "https://")):
        yield Fault("S115", "link", "only http and https are allowed")
    elif len(value) > 200 or not _LINK.fullmatch(value):
        yield Fault(
            "S115", "link", f"{quoted(value)} is {CODES['S115'].removeprefix('the link is ')}, of at most 200 characters"
        )
