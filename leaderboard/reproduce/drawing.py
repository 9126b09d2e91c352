"""The picture of a claim: a few named series in one pair of axes, drawn as SVG that follows the theme of the page."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leaderboard.site.plots import BOTTOM, Point, Scale, across, path, upward

WIDTH, HEIGHT, LEFT, LINE = 520, 300, 62, 17  # units; of a line of the legend
WIDE = 80  # characters of a line below the legend
MOST = 14  # ticks of an axis
SIGNS = ("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.6-3.6h7.2v7.2h-7.2z", "M0-4.6L4.4 3.6H-4.4z", "M0-5L4.6 0L0 5L-4.6 0z")


class Drawing(NamedTuple):
    """Points of every series by its name; `log`: which axes are logarithmic ("x", "y", "xy"); `apart`: signs without a line.

    `levels` are horizontal lines with a name, for what the paper or the rule says. `key` tells what the numbers of x stand for.
    """

    x: str
    y: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    log: str = ""
    apart: bool = False
    levels: Mapping[str, float] = {}
    key: Sequence[str] = ()


class _Series(NamedTuple):
    name: str
    line: str
    marks: list[tuple[int, int]]


def svg(drawing: Drawing, title: str, alone: bool = False) -> Markup:
    """The drawing; `alone`: as a file of its own, with the style that the page would give it."""
    shown = {name: _drawable(points, drawing.log) for name, points in drawing.series.items()}
    every = [point for points in shown.values() for point in points]
    if not every:
        every = [(1.0, 1.0)]
    low, high = min(y for _, y in every), max(y for _, y in every)
    levels = {name: y for name, y in drawing.levels.items() if y > 0 or "y" not in drawing.log}
    x = across(*_wider([x for x, _ in every], "x" in drawing.log), WIDTH, LEFT, log="x" in drawing.log)
    y = upward(*_wider([low, high, *levels.values()], "y" in drawing.log), HEIGHT, log="y" in drawing.log)
    series = [
        _Series(name, "" if drawing.apart or len(points) < 2 else path(points, x, y), [(x(a), y(b)) for a, b in points])
        for name, points in shown.items()
    ]
    key = textwrap.wrap(", ".join(f"{k} {name}" for k, name in enumerate(drawing.key, 1)), WIDE)
    return Markup(
        environment()
        .get_template("drawing.svg.j2")
        .render(
            title=title, drawing=drawing, series=series, levels=[(name, y(at)) for name, at in levels.items()],
            x_ticks=_ticks(x, [x for x, _ in every]), y_ticks=y.ticks(), width=WIDTH, floor=HEIGHT - BOTTOM, left=LEFT,
            signs=SIGNS, line=LINE, base=HEIGHT + 4, height=HEIGHT + LINE * (len(series) + len(levels) + len(key)), key=key,
            style=style() if alone else "",
        )
    )  # fmt: skip


def _drawable(points: Sequence[Point], log: str) -> list[Point]:
    """The points that have a place: finite, and positive where an axis is logarithmic."""
    finite = [(x, y) for x, y in points if x is not None and y is not None and math.isfinite(x) and math.isfinite(y)]
    return [(x, y) for x, y in finite if (x > 0 or "x" not in log) and (y > 0 or "y" not in log)]


def _wider(values: Sequence[float], log: bool) -> tuple[float, float]:
    """Their range, and a little more, so that no sign stands on the frame."""
    low, high = min(values), max(values)
    if log:
        return low / 1.15, high * 1.15
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _ticks(x: Scale, values: Sequence[float]) -> list[tuple[int, str]]:
    """Where few whole numbers are all that there is, as seeds are, they are the ticks."""
    own = sorted(set(values))
    return [(x(at), f"{at:g}") for at in own] if len(own) <= MOST and all(at == int(at) for at in own) else x.ticks()


def style() -> Markup:
    """That of the leaderboard's page, so that colours and themes stand in one place."""
    return Markup(files("leaderboard.site").joinpath("page.css").read_text(encoding="utf-8"))


def environment() -> Environment:
    """The templates of this package; every text is escaped."""
    return Environment(
        loader=PackageLoader("leaderboard.reproduce", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
