"""The command `realizable`: show what a folder of records says, and list what can be run.

Everything heavy is imported inside its command, so that `realizable --help` answers at once.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import uuid4

import typer
from typer.core import TyperGroup

from leaderboard.record import RecordError, read

if TYPE_CHECKING:
    import pandas as pd

    from leaderboard.table import Metric
    from tasks import Task

# what every wrong command line raises, in whichever click this typer carries
_UsageError = cast(type[Exception], typer.BadParameter.__base__)


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        message = cast(typer.BadParameter, error).format_message()
    except BrokenPipeError:
        raise
    except (RecordError, OSError) as error:
        message = str(error)
    else:
        return
    typer.echo(f"realizable: {' '.join(message.split())}", err=True)
    raise typer.Exit(2)


class OneLineErrors(TyperGroup):
    """Commands whose mistakes and bad files end in one line on stderr and exit code 2."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options before the command."""
        with _one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's options and run it."""
        with _one_line():
            return super().invoke(ctx)


app = typer.Typer(
    cls=OneLineErrors,
    help="Realizable: trained nets beside constructive reference weights.",
    pretty_exceptions_enable=False,
)


@app.command()
def table(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    metric: Annotated[str | None, typer.Option(help="Show only this accuracy: symbol or word.")] = None,
    factor: Annotated[float | None, typer.Option(help="Show only this multiple of the training length.")] = None,
) -> None:
    """Print the tables of FOLDER and write table.md, table.csv, table.tex and heatmap.png there.

    Unless asked otherwise it prints per-symbol accuracy at the training length and at the longest, and whole-word
    accuracy at the longest; the files hold all.
    """
    from rich.console import Console

    from leaderboard import picture, render
    from leaderboard import table as tables

    df = tables.frame(_records(folder))
    chosen = _chosen(df, metric, factor)
    sections = {(m, f): tables.table(df, m, f) for m in tables.METRICS for f in tables.factors(df)}
    console = Console()
    for key in chosen:
        console.print(render.to_terminal(sections[key], console.width))
    console.print(render.CAPTION, style="dim", markup=False, highlight=False)
    texts = {
        "table.md": "\n".join([*map(render.to_markdown, sections.values()), render.CAPTION + "\n"]),
        "table.csv": tables.to_csv(df),
        "table.tex": "\n".join(map(render.to_latex, sections.values())),
    }
    for name, text in texts.items():
        _put(folder / name, partial(Path.write_text, data=text, encoding="utf-8"))
    _put(folder / "heatmap.png", partial(picture.heatmap, df))
    typer.echo("wrote " + ", ".join(str(folder / name) for name in [*texts, "heatmap.png"]))


@app.command()
def names() -> None:
    """List the tasks and the models that can be run."""
    import models
    import tasks

    typer.echo("tasks:  " + " ".join(tasks.names()))
    typer.echo("models: " + " ".join(models.names()))


@app.command(name="tasks")
def ladder(
    name: Annotated[str | None, typer.Argument(help="A task: print its card in full.")] = None,
    parameters: Annotated[list[str] | None, typer.Argument(help="Its parameters, as machine=palindrome.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page of all cards to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tasks' names by class, in Markdown.")] = False,
) -> None:
    """Print the ladder of tasks by complexity class; or one card in full, with its program and polynomial ODE."""
    from rich.console import Console
    from rich.table import Table

    import tasks
    from leaderboard import cards

    if name is not None:
        typer.echo(cards.text(_task(name, parameters or [])))
        return
    if markdown:
        typer.echo(cards.overview())
        return
    chosen = cards.ladder()
    if html is not None:
        _put(html, partial(Path.write_text, data=cards.page(chosen), encoding="utf-8"))
        typer.echo(f"wrote {html}")
        return
    title = f"{len(tasks.names())} tasks and families; n: symbols of a word"
    shown = Table(*cards.COLUMNS[:-1], title=title, box=None, header_style="bold")
    for task in chosen:
        shown.add_row(*cards.row(task)[:-1])
    Console().print(shown)


def _task(name: str, parameters: list[str]) -> "Task":
    from omegaconf import OmegaConf

    import tasks

    if unnamed := [text for text in parameters if "=" not in text]:
        raise typer.BadParameter(f"{unnamed[0]!r} is no parameter; write name=value")
    try:
        return tasks.get(name, **{str(key): value for key, value in OmegaConf.from_dotlist(parameters).items()})
    except tasks.TaskError as error:
        raise typer.BadParameter(str(error)) from None


def _records(folder: Path) -> list[dict[str, Any]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        records = read(folder)
    for warning in caught:
        typer.echo(f"warning: {warning.message}", err=True)
    if not records:
        raise RecordError(f"{folder}: no records")
    return records


def _chosen(df: "pd.DataFrame", metric: str | None, factor: float | None) -> list[tuple["Metric", float]]:
    from leaderboard.table import METRICS, factors

    known = factors(df)
    if metric is not None and metric not in METRICS:
        raise typer.BadParameter(f"--metric is {' or '.join(METRICS)}, not {metric}")
    if factor is not None and factor not in known:
        raise typer.BadParameter(f"--factor: the records have {', '.join(f'{f:g}' for f in known)}, not {factor:g}")
    if metric is None and factor is None:
        return list(dict.fromkeys([("symbol", known[0]), ("symbol", known[-1]), ("word", known[-1])]))
    return [(m, f) for m in METRICS for f in known if metric in (None, m) and factor in (None, f)]


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside `path`, then move it there: a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
