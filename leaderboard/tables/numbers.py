"""Cells of tables as numbers, and how these numbers are written: the one place for both."""

from collections.abc import Callable
from math import ceil, floor, nan
from typing import Any, Literal, NamedTuple

import numpy as np

from leaderboard.tables.statistics import wilson

Kind = Literal["share", "place", "reach", "count", "whole", "size", "chance", "text"]
UNKNOWN = "–"
_SUPERSCRIPT = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")


class Cell(NamedTuple):
    """One place of a table, in numbers; NaN is what is not known, and is written as a dash.

    - `value`, with the interval from `low` to `high` where it has one; `kind` says what it is, and so how it is written.
    - `of`: of a "count" how many there are in all, of a "place" how many share it, of a "reach" the longest scored length.
    - `gap`: reference − value; None in a column that has no gaps. `solved`: how many runs solve, and of how many; `reached`:
      the frontier, and the longest scored length.
    - `state`: what became of the runs, where none of them has a score. `marks`: footnotes, counted from 1.
    """

    value: float | str = nan
    low: float = nan
    high: float = nan
    kind: Kind = "share"
    of: float = nan
    gap: float | None = None
    solved: tuple[float, float] | None = None
    reached: tuple[float, float] | None = None
    state: str = ""
    marks: tuple[int, ...] = ()


class Written(NamedTuple):
    """The numbers of a cell as text; "" for what the cell does not have."""

    value: str
    interval: str = ""
    gap: str = ""
    solved: str = ""
    reached: str = ""


def written(cell: Cell) -> Written:
    """What every renderer writes of a cell; how these parts are set, and the marks, is up to each."""
    gap = "" if cell.gap is None else fixed(cell.gap)
    solved = "" if cell.solved is None else _written(proportion(*cell.solved))[0]
    value, interval = _written(cell)
    if cell.state:
        return Written(cell.state if value == UNKNOWN else f"{cell.state} ({value})", "", gap, solved)
    reached = "" if cell.reached is None else _length(Cell(of=cell.reached[1]), cell.reached[0])
    return Written(value, interval, gap, solved, reached)


def inline(cell: Cell) -> str:
    """A cell on one line: `0.700 [0.60, 0.80] gap 0.300⁽¹⁾`, or `3/3 ≥96 0.998`: what runs solve stands first."""
    value, interval, gap, solved, reached = written(cell)
    return " ".join(filter(None, [solved, reached, value, interval, gap and f"gap {gap}"])) + marked(cell)


def marked(cell: Cell) -> str:
    """The marks of a cell."""
    return "".join(map(mark, cell.marks))


def mark(footnote: int) -> str:
    """The superscript ⁽ⁱ⁾ that points to footnote i, counted from 1."""
    return f"({footnote})".translate(_SUPERSCRIPT)


def reach(place: dict[str, Any], marks: tuple[int, ...] = ()) -> Cell:
    """A frontier, as median and range; it is written with ≥ where it ends at the longest length that was scored."""
    return Cell(place["frontier"], place["frontier_low"], place["frontier_high"], "reach", place["scored_to"], marks=marks)


def proportion(some: float, of: float) -> Cell:
    """k of n with its Wilson interval; not known where n is 0."""
    return Cell(some, *wilson(int(some), int(of)), "count", of) if of else Cell(kind="count")


def fixed(value: float) -> str:
    """Three digits after the point, never -0.000; a dash for NaN."""
    return UNKNOWN if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def _written(cell: Cell) -> tuple[str, str]:
    """The value and its interval."""
    if isinstance(cell.value, str):
        return cell.value, ""
    if np.isnan(cell.value):
        return UNKNOWN, ""
    return _VALUES[cell.kind](cell, cell.value), "" if np.isnan(cell.low) else _INTERVALS[cell.kind](cell)


def _length(cell: Cell, value: float) -> str:
    return f"{'≥' * (value == cell.of)}{value:g}"


def _outwards(cell: Cell) -> str:
    """Two digits, and the ends are rounded outwards, so that the interval holds the value."""
    return f"[{floor(round(100 * cell.low, 6)) / 100:.2f}, {ceil(round(100 * cell.high, 6)) / 100:.2f}]"


_VALUES: dict[Kind, Callable[[Cell, float], str]] = {
    "share": lambda _, value: fixed(value),
    "place": lambda cell, value: f"{value:.0f}{'=' * (cell.of > 1)}",
    "reach": _length,
    "count": lambda cell, value: f"{value:.0f}/{cell.of:.0f}",
    "whole": lambda _, value: f"{value:,.0f}",
    "size": lambda _, value: f"{value:,.3g}",
    "chance": lambda _, value: "< 0.001" if value < 0.001 else f"{value:.3f}",
}
_INTERVALS: dict[Kind, Callable[[Cell], str]] = {
    "share": _outwards,
    "count": _outwards,
    "place": lambda cell: f"[{cell.low:.0f}, {cell.high:.0f}]",
    "reach": lambda cell: f"[{_length(cell, cell.low)}, {_length(cell, cell.high)}]",
}
