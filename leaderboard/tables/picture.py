"""Pictures of lines, and any picture as a PNG."""

from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def curves(series: dict[str, list[tuple[float, float]]], x: str, y: str, title: str, log: bool = False) -> Figure:
    """A line with markers for each named list of points; both axes logarithmic with `log`. Points that are NaN leave a gap."""
    drawing = Figure(figsize=(5.5, 3.6), layout="constrained")
    ax = drawing.subplots()
    for number, (name, points) in enumerate(series.items()):
        style = "osv^D*Px"[number % 8] + ("-", "--", ":")[number // 10 % 3]
        ax.plot(*np.array(points, float).reshape(-1, 2).T, style, label=name, color=f"C{number}", markersize=3.5, linewidth=1.2)
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
        ticks = sorted({x for points in series.values() for x, _ in points})
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
    ax.set_xlabel(x, fontsize=9)
    ax.set_ylabel(y, fontsize=9)
    ax.set_title(title, fontsize=10, parse_math=False)
    ax.tick_params(labelsize=8)
    ax.grid(color="#dddddd", linewidth=0.6)
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return drawing


def png(drawing: Figure, about: str = "") -> bytes:
    """A figure as a PNG of 200 dots per inch, which keeps a text `about` what it shows; the same bytes every time."""
    FigureCanvasAgg(drawing)
    drawing.savefig(buffer := BytesIO(), format="png", dpi=200, metadata={"Description": about} if about else None)
    return buffer.getvalue()
