"""What a claim is: a sentence that somebody published, how it is measured here, and the rule by which it is accepted."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from leaderboard.reproduce.drawing import Drawing
from tasks.discover import module_name

Row = dict[str, Any]  # what one measurement gave: names to texts and numbers
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "could not be decided"


class ClaimError(ValueError):
    """An unknown claim or setting; one line that names what is allowed."""


class Bound(NamedTuple):
    """The numbers that a rule accepts."""

    low: float = -math.inf
    high: float = math.inf

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        if self == ANY:
            return "reported only"
        if self.low in (-math.inf, self.high):
            return f"{'=' if self.low == self.high else '≤'} {self.high:.3g}"
        return f"≥ {self.low:.3g}" if self.high == math.inf else f"{self.low:.3g} … {self.high:.3g}"


ANY = Bound()  # what is shown beside the claim, and decides nothing


def at_least(low: float) -> Bound:
    """That number or more."""
    return Bound(low=low)


def at_most(high: float) -> Bound:
    """That number or less."""
    return Bound(high=high)


def near(value: float, by: float) -> Bound:
    """At most `by` away from that value."""
    return Bound(value - by, value + by)


class Check(NamedTuple):
    """One line of a verdict: what was `published` (as a text; empty: no number) beside what was `measured`, and the rule."""

    what: str
    published: str
    measured: float | None
    rule: Bound

    @property
    def holds(self) -> bool | None:
        """Whether the rule accepts the number; None where there is no number, or no rule."""
        if self.rule == ANY or self.measured is None or not math.isfinite(self.measured):
            return None
        return self.measured in self.rule


def verdict(checks: Sequence[Check]) -> str:
    """A claim holds if all of its checks do; one that fails refutes it, whatever the others say."""
    found = [check.holds for check in checks if check.rule != ANY]
    if False in found:
        return FAILS
    return HOLDS if found and None not in found else UNDECIDED


@dataclass(frozen=True, kw_only=True)
class Claim(ABC):
    """A claim, whose fields are the settings of its measurement; its docstring explains the paper.

    `claim` is the sentence in our words, `source` where it stands. `read` says what of the source we have read; what was
    not read is not quoted. `setting` is what is measured here, and `missing` what of the paper is not, and why. `off` says
    which effect the `counterfeit` switches off. `version` is raised when rows or rules change their meaning.
    """

    seed: int = 0

    claim: ClassVar[str]
    source: ClassVar[str]
    read: ClassVar[str]
    setting: ClassVar[str]
    missing: ClassVar[str] = ""
    off: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def name(self) -> str:
        """The name of its file."""
        return module_name(self)

    @abstractmethod
    def measure(self) -> Iterator[Row]:
        """One row after the other, the same ones for the same settings."""

    @abstractmethod
    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """What is published, beside what these rows say, with the rule that decides."""

    @abstractmethod
    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The picture of these rows."""

    @abstractmethod
    def counterfeit(self) -> "Claim":
        """The same measurement with the effect switched off: an honest rule refuses its rows."""

    def quick(self) -> "Claim":
        """The same with so small settings that a test can run it, whatever comes out."""
        return self


def pick(rows: Sequence[Row], **named: object) -> list[Row]:
    """The rows that have these values."""
    return [row for row in rows if all(row.get(name) == value for name, value in named.items())]


def values(rows: Sequence[Row], of: str, **named: object) -> list[float]:
    """What the rows with these values have under the name `of`; NaN where a row has no number."""
    return [math.nan if row[of] is None else float(row[of]) for row in pick(rows, **named)]


def slope(x: Sequence[float], y: Sequence[float], log: str = "xy") -> float:
    """The slope of the line of least squares through these points; logarithms, to base 2, of the axes that `log` names."""
    if min([*(x if "x" in log else []), *(y if "y" in log else []), 1.0]) <= 0:
        return math.nan
    xs = np.log2(x) if "x" in log else np.asarray(x, float)
    ys = np.log2(y) if "y" in log else np.asarray(y, float)
    return float(np.polyfit(xs, ys, 1)[0])
