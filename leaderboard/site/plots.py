"""Plots as data that a few lines of SVG draw (`plots.html.j2`): text stays text, colours follow the page's theme.

Not matplotlib's SVG: it is twenty times as large, and has a style attribute on every element, which the page forbids.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log10
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

Point = tuple[float, float]
WIDTH, HEIGHT = 480, 300  # units of the drawing: whole numbers, since a page may have thousands
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 44


class Scale(NamedTuple):
    """Values `low` to `high`, drawn from `start` to `end`; values beyond stand at the edge."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> int:
        """Where a value is drawn."""
        low, high, at = self.low, self.high, max(self.low, min(self.high, value))
        if self.log:
            low, high, at = log10(low), log10(high), log10(at)
        return round(self.start + (self.end - self.start) * (at - low) / (high - low))

    def ticks(self, most: int = 6) -> list[tuple[int, str]]:
        """Round values with the places where they are drawn."""
        locator = LogLocator(numticks=most) if self.log else MaxNLocator(most)
        within = [
            value for value in np.asarray(locator.tick_values(self.low, self.high)).tolist() if self.low <= value <= self.high
        ]
        return [(self(value), _power(value) if self.log else f"{value:g}") for value in within]


class Mark(NamedTuple):
    """A sign of series `number` at (x, y) that says something; `low` to `high`: a bar through it, in x."""

    number: int
    x: int
    y: int
    says: str = ""
    low: int | None = None
    high: int | None = None


class Data(NamedTuple):
    """What plots show, as a table whose first column names the rows."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Plot(NamedTuple):
    """A drawing in units, and the same as a table, unless several plots share one."""

    name: str
    title: str
    about: str
    x_label: str
    y_label: str
    x_ticks: list[tuple[int, str]]
    y_ticks: list[tuple[int, str]]
    lines: list[tuple[int, str]]
    marks: list[Mark]
    data: Data | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT

    @property
    def floor(self) -> int:
        """Where the x axis is drawn."""
        return self.height - BOTTOM

    @property
    def right(self) -> int:
        """Where the x axis ends."""
        return self.width - RIGHT


def across(low: float, high: float, width: int = WIDTH, left: int = LEFT, log: bool = False) -> Scale:
    """The scale of an x axis; a range of one value is widened."""
    return Scale(*_widened(low, high, log), left, width - RIGHT, log)


def upward(low: float, high: float, height: int = HEIGHT, log: bool = False) -> Scale:
    """The scale of a y axis."""
    return Scale(*_widened(low, high, log), height - BOTTOM, TOP, log)


def path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    """A line through points, as SVG; points on a straight line between others are left out."""
    drawn = [(x(a), y(b)) for a, b in points]
    kept = [at for i, at in enumerate(drawn) if i in (0, len(drawn) - 1) or not _straight(drawn[i - 1], at, drawn[i + 1])]
    (a, b), steps = kept[0], [(c - a, d - b) for (a, b), (c, d) in pairwise(kept)]
    return f"M{a} {b}" + "".join(f"l{c} {d}" for c, d in steps)  # relative: alike steps pack well


def _straight(before: Point, at: Point, after: Point) -> bool:
    (a, b), (c, d), (e, f) = before, at, after
    return (c - a) * (f - d) == (e - c) * (d - b)


def _widened(low: float, high: float, log: bool) -> tuple[float, float]:
    if high > low:
        return low, high
    return (low / 2, low * 2) if log else (low - 0.5, high + 0.5)


def _power(value: float) -> str:
    """Powers of ten as such, where they are long: 10⁻⁵."""
    exponent = round(np.log10(value))
    if -2 <= exponent <= 3:
        return f"{value:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
