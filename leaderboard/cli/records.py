"""Of a folder of records: `realizable table | site | export | weights`."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from leaderboard.store.atomic import put
from leaderboard.store.record import RecordError, read

if TYPE_CHECKING:
    import pandas as pd

    from leaderboard.tables.frame import Metric


def table(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    metric: Annotated[str | None, typer.Option(help="Show only this accuracy: symbol or word.")] = None,
    factor: Annotated[float | None, typer.Option(help="Show only this multiple of the training length.")] = None,
    view: Annotated[
        Literal["scores", "profile", "pairs", "efficiency", "frontier"], typer.Option(help="What to show of the runs.")
    ] = "scores",
    form: Annotated[
        Literal["terminal", "markdown", "latex", "csv"], typer.Option("--format", help="Print as this.")
    ] = "terminal",
    drawn: Annotated[
        bool, typer.Option("--picture/--no-picture", help="Write heatmap.png, which takes most of the time.")
    ] = True,
) -> None:
    """Print the tables of FOLDER and write table.md, table.csv, table.tex and heatmap.png there.

    Unless asked otherwise it prints per-symbol accuracy at the training length and at the longest, and whole-word
    accuracy at the longest; the files hold all. With another view or format it prints only that, and writes nothing.
    """
    from rich.console import Console

    from leaderboard.tables import frame as runs
    from leaderboard.tables import text as render
    from leaderboard.tables import views

    df, how = runs.frame(read_records(folder)), views.VIEWS[view]
    chosen = _chosen(df, metric, factor)
    if view != "scores":
        chosen = chosen[:1] if view == "frontier" else chosen if metric or factor else [("symbol", runs.factors(df)[-1])]
    written = view == "scores" and form == "terminal"
    every = [(m, f) for m in runs.METRICS for f in runs.factors(df)] if written else chosen
    sections = {key: how.make(df, *key) for key in every}
    if form == "terminal":
        console = Console()
        for key in chosen:
            console.print(render.to_terminal(sections[key].table, console.width))
        console.print(how.caption, style="dim", markup=False, highlight=False)
    else:
        typer.echo(views.text([sections[key] for key in chosen], how.caption, form), nl=False)
    if not written:
        return
    for name, kind in views.FILES.items():
        text = views.text(list(sections.values()), how.caption, kind)
        put(folder / name, text.encode())
    if drawn:
        from leaderboard.tables import picture

        put(folder / "heatmap.png", picture.heatmap(df))
    typer.echo("wrote " + ", ".join(str(folder / name) for name in [*views.FILES, *["heatmap.png"] * drawn]))


def export(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    out: Annotated[Path, typer.Argument(help="The file to write: .parquet or .csv.")],
) -> None:
    """Write all records of FOLDER to one file, a row a run, its weights and the length that was scored."""
    from leaderboard.tables import export

    content = export.kind(out)
    df = export.flat(read_records(folder))
    put(out, content(df))
    typer.echo(f"wrote {len(df)} rows to {out}")


def site(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    out: Annotated[Path | None, typer.Argument(help="Write the page to this file; otherwise to index.html in FOLDER.")] = None,
) -> None:
    """Write one page, which needs no network, of all that the records of FOLDER say: scores, ladder, plots, tasks, models."""
    from leaderboard.site.page import page

    path = folder / "index.html" if out is None else out / "index.html" if out.is_dir() else out
    made = page(read_records(folder))
    put(path, made.html.encode())
    if made.excess:
        typer.echo(f"warning: {made.excess}", err=True)
    typer.echo(f"wrote {path}, {made.size / 1000:,.0f} kB")


def weights(folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")]) -> None:
    """Say whether the trained weights beside the records of FOLDER are those of their runs; exit code 1 if not.

    A line a file that is missing, cut or of another SHA-256. The scores of its record hold; to have its weights again, delete
    the record and run it again.
    """
    from leaderboard.store import weights

    records = read_records(folder)
    damaged = list(weights.damaged(folder, records))
    for line in damaged:
        typer.echo(line)
    if damaged:
        raise typer.Exit(1)
    typer.echo(f"ok: {sum(len(record.get('files', {})) for record in records)} files of weights")


def read_records(folder: Path) -> list[dict[str, Any]]:
    """All records of a folder, with a line on stderr for each file that is none; RecordError if there are no records."""
    with warnings.catch_warnings(record=True) as caught, _kept():
        warnings.simplefilter("always")
        records = read(folder)
    for warning in caught:
        typer.echo(f"warning: {warning.message}", err=True)
    if not records:
        raise RecordError(f"{folder}: no records")
    return records


@contextmanager
def _kept() -> Iterator[None]:
    """What is made inside stays to the end: do not look through it for garbage, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _chosen(df: "pd.DataFrame", metric: str | None, factor: float | None) -> list[tuple["Metric", float]]:
    from leaderboard.tables.frame import METRICS, factors

    known = factors(df)
    if metric is not None and metric not in METRICS:
        raise typer.BadParameter(f"--metric is {' or '.join(METRICS)}, not {metric}")
    if factor is not None and factor not in known:
        raise typer.BadParameter(f"--factor: the records have {', '.join(f'{f:g}' for f in known)}, not {factor:g}")
    if metric is None and factor is None:
        return list(dict.fromkeys([("symbol", known[0]), ("symbol", known[-1]), ("word", known[-1])]))
    return [(m, f) for m in METRICS for f in known if metric in (None, m) and factor in (None, f)]
