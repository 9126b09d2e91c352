"""What somebody who waits is told: how many of how many are done, and how long the rest may take. On a terminal only."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from leaderboard.running.duration import left

Item = TypeVar("Item")
EVERY = 0.5  # seconds between two lines
CLEARED = "\r\x1b[K"  # back to the beginning of the line, which is emptied


def counted(items: Iterable[Item], what: str, total: int, lasting: bool = False) -> Iterator[Item]:
    """The items, of which there are `total`; a line on stderr says how many are done, as `records: 3 of 40, 2 min left`.

    It is written over, and gone in the end; with `lasting` each is a line of its own, for items that print themselves. Where
    stderr is no terminal nothing is written.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    started, shown = time.monotonic(), float("-inf")
    try:
        for done, item in enumerate(items):
            if lasting or time.monotonic() - shown >= EVERY:
                shown = time.monotonic()
                rest = f", {left(shown - started, done, total - done)}" if done else ""
                _write(f"{what}: {done} of {total}{rest}\n" if lasting else f"{CLEARED}{what}: {done} of {total}{rest}")
            yield item
    finally:
        if not lasting:
            _write(CLEARED)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
