"""The command `realizable`: show what a folder of records says, and list what can be run.

Everything heavy is imported inside its command, so that `realizable --help` answers at once.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from uuid import uuid4

import typer
from typer.core import TyperGroup

from leaderboard.record import RecordError, read

if TYPE_CHECKING:
    import pandas as pd

    from leaderboard.faults import Fault
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

    from leaderboard import render, runs, views

    df, how = runs.frame(_records(folder)), views.VIEWS[view]
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
        _put(folder / name, partial(Path.write_text, data=text, encoding="utf-8"))
    if drawn:
        from leaderboard import picture

        _put(folder / "heatmap.png", partial(picture.heatmap, df))
    typer.echo("wrote " + ", ".join(str(folder / name) for name in [*views.FILES, *["heatmap.png"] * drawn]))


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


@app.command()
def show(
    parameters: Annotated[list[str], typer.Argument(help="task=NAME model=NAME [length=24] [out=FILE.png], and theirs.")],
) -> None:
    """Draw reference weights at work on a test word: cells to the right, layers downward; with out= a picture, else text.

    Parameters of the task follow as machine=palindrome, those of the model as columns=3 (or task.scored=last, model.step=0.5,
    where that is not clear); tableau=n is for models that run rewriting programs for words of up to n cells only.
    """
    import shutil

    from leaderboard import picture, spacetime
    from leaderboard.diagnostics import NoLayers
    from models import ModelError, NotRealizable
    from tasks import TaskError

    split = {of: [text.removeprefix(of) for text in parameters if text.startswith(of)] for of in ("task.", "model.")}
    free = _values([text for text in parameters if not text.startswith(tuple(split))])
    numbers = {name: _whole(name, free.pop(name, default)) for name, default in (("length", 24), ("tableau", 0))}
    out = free.pop("out", None)
    if missing := [f"{name}=NAME" for name in ("task", "model") if name not in free]:
        raise typer.BadParameter(f"{' and '.join(missing)} missing; `realizable names` lists them")
    if out is not None and not Path(str(out)).absolute().parent.is_dir():
        raise typer.BadParameter(f"out={out} is not allowed; its folder does not exist")
    try:
        title, shown = spacetime.of_reference(free, _values(split["task."]), _values(split["model."]), **numbers)
    except (ModelError, NoLayers, NotRealizable, TaskError) as error:
        raise typer.BadParameter(str(error)) from None
    if out is None:
        typer.echo(f"{title}\n{spacetime.text(shown, columns=shutil.get_terminal_size().columns)}")
        return
    _put(Path(str(out)), partial(picture.save, spacetime.figure({"reference": shown}, title)))
    typer.echo(f"wrote {out}")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A submission: submission.json, weights/<task>/<seed>.safetensors.")],
) -> None:
    """Say what is wrong with a submission, one line a fault with a stable code; exit code 1 if anything is.

    Nothing submitted is executed, and no format but JSON and safetensors is read.
    """
    from leaderboard.faults import Refused
    from leaderboard.submission import check

    try:
        checked = check(folder)
    except Refused as refused:
        _refuse(refused.faults)
    typer.echo(f"ok: {checked.description.name}, {len(checked.weights)} files of weights, sha256 {checked.sha256}")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A submission.")],
    out: Annotated[Path | None, typer.Option(help="Write its records to this folder.")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Also train again by its recipe.")] = False,
    seed_key: Annotated[str | None, typer.Option(help="Draw other test words, by this key.")] = None,
) -> None:
    """Score a submission from its weights alone, in a process with limits, and compare with what it claims.

    Exit code 1 if it has a fault or claims what does not hold; the records hold what was found.
    """
    from leaderboard.faults import Refused
    from leaderboard.verify import verify

    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter("--out is a folder outside of the submission")
    try:
        verified = verify(folder, key=seed_key, retrain=retrain)
    except Refused as refused:
        _refuse(refused.faults)
    for line in verified.lines():
        typer.echo(line)
    if out is not None:
        verified.write(out)
        typer.echo(f"wrote {len(verified.records)} records to {out}")
    _refuse(verified.faults)


def _refuse(faults: "Sequence[Fault]") -> None:
    """Print faults, one a line, and exit with code 1 if there are any."""
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        raise typer.Exit(1)


def _task(name: str, parameters: list[str]) -> "Task":
    import tasks

    try:
        return tasks.get(name, **_values(parameters))
    except tasks.TaskError as error:
        raise typer.BadParameter(str(error)) from None


def _values(parameters: list[str]) -> dict[str, Any]:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if unnamed := [text for text in parameters if "=" not in text]:
        raise typer.BadParameter(f"{unnamed[0]!r} is no parameter; write name=value")
    try:
        return {str(key): value for key, value in OmegaConf.from_dotlist(parameters).items()}
    except (OmegaConfBaseException, YAMLError) as error:
        raise typer.BadParameter(f"{' '.join(parameters)}: {str(error).splitlines()[0]}") from None


def _whole(name: str, value: object) -> int:
    if type(value) is not int:
        raise typer.BadParameter(f"{name}={value} is not allowed; allowed: whole numbers")
    return value


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
