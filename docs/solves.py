"""The map and the table of the README: `python docs/solves.py` draws `solves.png` and, for dark pages, `solves-dark.png`.

It shows how many of the published runs solve each task, as the first screen of the page does. What is drawn stands in the file
as text, too, so that a test can tell whether the picture is that of the records.
"""

import json
import sys
from pathlib import Path

from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.site.overview import Overview, overview
from leaderboard.site.panels import ordered
from leaderboard.site.sheets import LEVELS
from leaderboard.store.published import standard
from leaderboard.tables.cells import cells
from leaderboard.tables.frame import far
from leaderboard.tables.picture import png
from leaderboard.tables.protocols import Group, grouped

HERE = Path(__file__).parent
SHADES = {"light": ("#fbfcfd", "#86bbe6", "#16191d", "#ffffff"), "dark": ("#191d21", "#1f5d92", "#e6e9ec", "#0d1117")}
GAP = 0.35  # between tasks, in squares
NAMES = 6.2  # squares that the names of the rows take


def shown(group: Group) -> tuple[Overview, dict[str, str]]:
    """The map, and the class of each task, in the order of its columns."""
    order = {task: complexity for task, (complexity, _) in ordered(group.records).items()}
    models = sorted(group.df["model"].unique())
    return overview(group.df, cells(group.df, "symbol", far(group.df)), models, list(order)), order


def said(found: Overview, order: dict[str, str]) -> str:
    """All that the picture shows, as text."""
    lines = {name: [[square and square.text for square in some] for some in line] for name, line in found.lines}
    return json.dumps({"tasks": list(order), "recipes": found.recipes, "reference": found.reference, "runs": lines})


def drawing(found: Overview, order: dict[str, str], style: str) -> Figure:
    """Squares as the page has them."""
    low, high, ink, paper = SHADES[style]
    shades = LinearSegmentedColormap.from_list("shades", [low, high])
    wide, rows = len(found.recipes), [("reference", None), *found.lines]
    across, down = len(order) * (wide + GAP), len(rows)
    figure = Figure(figsize=(0.235 * (across + NAMES), 0.235 * (down + 3.4)), facecolor=paper)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(-NAMES, across)
    ax.set_ylim(down + 0.2, -3.2)
    ax.axis("off")
    for column, (task, complexity) in enumerate(order.items()):
        left = column * (wide + GAP)
        name = task.replace("(group=", "(").replace("_", "\n", 1)
        ax.text(left + wide / 2, -1.75, name, ha="center", va="bottom", color=ink, fontsize=5.6, weight="bold", linespacing=0.9)
        ax.text(left + wide / 2, -1.05, complexity, ha="center", va="center", color=ink, fontsize=5.2)
        for place, recipe in enumerate(found.recipes):
            ax.text(left + place + 0.5, -0.35, recipe[0], ha="center", va="center", color=ink, fontsize=5)
        ax.add_patch(Rectangle((left, 0.04), wide - 0.05, 0.92, color=high, linewidth=0))
        ax.text(left + wide / 2, 0.5, found.reference[column], ha="center", va="center", color=ink, fontsize=5.4)
    for row, (name, line) in enumerate(rows):
        ax.text(-0.3, row + 0.5, name, ha="right", va="center", color=ink, fontsize=6.2)
        for column, squares in enumerate(line or []):
            for place, square in enumerate(squares):
                if square is None:
                    continue
                left = column * (wide + GAP) + place
                shade = shades((square.level or 0) / LEVELS)
                ax.add_patch(Rectangle((left, row + 0.04), 0.95, 0.92, color=shade, linewidth=0))
                ax.text(left + 0.47, row + 0.5, square.text, ha="center", va="center", color=ink, fontsize=5.8)
    return figure


def counted(readme: str) -> str:
    """The README with the table of what is published; text on a terminal of 80 columns."""
    made = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["table", "published", "--view", "recipes"]).stdout
    block = "\n".join(f"    {line.rstrip()}".rstrip() for line in made.strip("\n").splitlines())
    before, rest = readme.split("<!-- table: published -->\n")
    return f"{before}<!-- table: published -->\n{block}\n<!-- /table -->{rest.partition('<!-- /table -->')[2]}"


def main(folder: Path = HERE) -> None:
    """Draw both files; beside this one, also fill in the table."""
    group = grouped(standard())[0]
    found, order = shown(group)
    for name, style in (("solves", "light"), ("solves-dark", "dark")):
        with rc_context({"font.family": "DejaVu Sans"}):
            (folder / f"{name}.png").write_bytes(png(drawing(found, order, style), said(found, order)))
    if folder == HERE:
        readme = HERE.parent / "README.md"
        readme.write_text(counted(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
