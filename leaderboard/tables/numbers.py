"""Numbers as the tables and the page show them."""

from math import ceil, floor
from typing import Any

import numpy as np

from leaderboard.tables.statistics import wilson


def ranged(value: float, low: float, high: float) -> str:
    """A value with its interval, whose ends are rounded outwards, so that it holds the value; a dash for NaN."""
    if np.isnan(value):
        return "–"
    return f"{fixed(value)} {_outwards(low, high)}"


def reach(place: dict[str, Any]) -> str:
    """A frontier as median [shortest, longest], with ≥ where it ends at the longest length that was scored."""
    if np.isnan(place["frontier"]):
        return "–"
    low, middle, high = (
        f"{'≥' * (place[name] == place['scored_to'])}{place[name]:g}" for name in ("frontier_low", "frontier", "frontier_high")
    )
    return f"{middle} [{low}, {high}]"


def fixed(value: float) -> str:
    """Three digits after the point, never -0.000; a dash for NaN."""
    return "–" if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def whole(value: float) -> str:
    """A count to the nearest whole, thousands apart; a dash for NaN."""
    return "–" if np.isnan(value) else f"{value:,.0f}"


def proportion(solved: float, total: float) -> str:
    """k/n with its Wilson interval; a dash where n is 0."""
    if total == 0:
        return "–"
    return f"{solved:.0f}/{total:.0f} {_outwards(*wilson(int(solved), int(total)))}"


def _outwards(low: float, high: float) -> str:
    return f"[{floor(round(100 * low, 6)) / 100:.2f}, {ceil(round(100 * high, 6)) / 100:.2f}]"
