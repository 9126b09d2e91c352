"""The command `realizable`: show what a folder of records says, and list what can be run.

Everything heavy is imported inside its command, so that `realizable --help` answers at once.
"""

import gc
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

from leaderboard.atomic import named
from leaderboard.record import RecordError, read

if TYPE_CHECKING:
    import pandas as pd

    from leaderboard.faults import Fault
    from leaderboard.table import Metric
    from leaderboard.verify import Verified
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
def export(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    out: Annotated[Path, typer.Argument(help="The file to write: .parquet or .csv.")],
) -> None:
    """Write all records of FOLDER to one file, a row a run, its weights and the length that was scored."""
    from leaderboard import export

    write = export.kind(out)
    df = export.flat(_records(folder))
    _put(out, partial(write, df))
    typer.echo(f"wrote {len(df)} rows to {out}")


@app.command()
def site(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    out: Annotated[Path | None, typer.Argument(help="Write the page to this file; otherwise to index.html in FOLDER.")] = None,
) -> None:
    """Write one page, which needs no network, of all that the records of FOLDER say: scores, ladder, plots, tasks, models."""
    from leaderboard.atomic import put
    from leaderboard.site import page

    path = folder / "index.html" if out is None else out / "index.html" if out.is_dir() else out
    made = page(_records(folder))
    put(path, made.html.encode())
    if made.excess:
        typer.echo(f"warning: {made.excess}", err=True)
    typer.echo(f"wrote {path}, {made.size / 1000:,.0f} kB")


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
    file: Annotated[Path | None, typer.Option("--round", help="Score on the words of this revealed round's file.")] = None,
) -> None:
    """Score a submission from its weights alone, in a process with limits, and compare with what it claims.

    Exit code 1 if it has a fault or claims what does not hold; the records hold what was found.
    """
    from leaderboard import rounds
    from leaderboard.faults import Refused
    from leaderboard.verify import keyed, verify

    if file is not None and seed_key is not None:
        raise typer.BadParameter("--round and --seed-key exclude each other")
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter("--out is a folder outside of the submission")
    try:
        if file is not None:
            verified = _on_round(folder, rounds.member(file, folder), retrain)
        else:
            verified = verify(folder, hidden=partial(keyed, seed_key) if seed_key else None, retrain=retrain)
    except Refused as refused:
        _refuse(refused.faults)
    for line in verified.lines():
        typer.echo(line)
    if out is not None:
        verified.write(out)
        typer.echo(f"wrote {len(verified.records)} records to {out}")
    _refuse(verified.faults)


round_app = typer.Typer(
    help="Hidden test words by commit and reveal: open, close, reveal and replay a round.", no_args_is_help=True
)
app.add_typer(round_app, name="round")
_Name = Annotated[str, typer.Argument(metavar="ROUND", help="Name of the round; its file is FOLDER/ROUND.json.")]
_Folder = Annotated[Path, typer.Option(help="Where the files of rounds are published.")]
_Submissions = Annotated[Path, typer.Option(help="A folder of submissions, each a folder in it.")]


@round_app.command("open")
def round_open(
    name: _Name,
    folder: _Folder = Path("rounds"),
    key: Annotated[Path | None, typer.Option(help="Write the secret key to this file; otherwise to ROUND.key.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="A task of the round, again for more; otherwise the ladder.")] = None,
    words: Annotated[int, typer.Option(help="Words of each task and length.")] = 512,
) -> None:
    """Make a secret key, and publish a commitment to it."""
    from leaderboard import published, rounds

    secret = Path(f"{name}.key") if key is None else key
    if key is None and secret.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter(f"{folder} is published, so the key would be; name another file with --key")
    path = published.place(folder, name)
    said = rounds.begin(path, secret, task or [], words)
    typer.echo(f"opened {path}: {len(said['tasks'])} tasks, commitment {said['commitment']}; keep {secret} secret")


@round_app.command("close")
def round_close(name: _Name, submissions: _Submissions, folder: _Folder = Path("rounds")) -> None:
    """Freeze the submissions of a round."""
    from leaderboard import published, rounds

    path = published.place(folder, name)
    said = rounds.close(path, submissions)
    typer.echo(f"closed {path}: {len(said['submissions'])} submissions, root {said['root']}")


@round_app.command("reveal")
def round_reveal(
    name: _Name, key: Annotated[Path, typer.Option(help="The file with the secret key.")], folder: _Folder = Path("rounds")
) -> None:
    """Publish the key of a closed round, and the seeds of its words."""
    from leaderboard import published, rounds

    path = published.place(folder, name)
    said = rounds.reveal(path, key)
    typer.echo(f"revealed {path}: key {said['key']}")


@round_app.command("replay")
def round_replay(
    name: _Name,
    submissions: _Submissions,
    folder: _Folder = Path("rounds"),
    score: Annotated[bool, typer.Option("--score", help="Also score every submission on the words.")] = False,
) -> None:
    """Compute again all that a revealed round says; say what differs, if anything does."""
    from leaderboard import published, rounds

    path = published.place(folder, name)
    said = rounds.replay(path, submissions)
    typer.echo(f"ok: {path}, commitment {said['commitment']}, root {said['root']}, {len(said['submissions'])} submissions")
    faults = list["Fault"]()
    for one in sorted(submissions.iterdir()) if score else ():
        verified = _on_round(one, said)
        for line in verified.lines():
            typer.echo(f"{verified.submission.description.name}: {line}")
        faults += verified.faults
    _refuse(faults)


def _on_round(folder: Path, said: dict[str, Any], retrain: bool = False) -> "Verified":
    from leaderboard.verify import verify

    return verify(folder, hidden=lambda task: said["seeds"][task.label], retrain=retrain, words=said["words"])


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
    with named(path):
        try:
            write(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
