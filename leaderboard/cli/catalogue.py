"""Of what can be run: `realizable names | tasks | show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaderboard.store.atomic import put

if TYPE_CHECKING:
    from tasks import Task

Values = dict[str, Any]  # by name
NAMES, FORMULA = 40, 22  # characters of a terminal in which names are folded, and of a column of formulas at least


def train(context: typer.Context) -> None:
    """Train and score as train.py does: `realizable train task=parity model=resnet seed=0`, or -m for a sweep."""
    import sys

    from train import command

    sys.argv = ["realizable train", *context.args]
    command()


def names() -> None:
    """List the tasks and the models that can be run."""
    import models
    import tasks

    typer.echo("tasks:  " + " ".join(tasks.names()))
    typer.echo("models: " + " ".join(models.names()))


def list_tasks(
    name: Annotated[str | None, typer.Argument(help="A task: print its card in full.")] = None,
    parameters: Annotated[list[str] | None, typer.Argument(help="Its parameters, as machine=palindrome.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page of all cards to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tasks' names by class, in Markdown.")] = False,
) -> None:
    """Print the ladder of tasks by complexity class; or one card in full, with its program and polynomial ODE."""
    from rich.console import Console
    from rich.table import Table

    import tasks
    from leaderboard.site import cards

    if name is not None:
        typer.echo(cards.full(_task(name, parameters or [])))
        return
    if markdown:
        typer.echo(cards.overview())
        return
    chosen = cards.ladder()
    if html is not None:
        put(html, cards.html(chosen).encode())
        typer.echo(f"wrote {html}")
        return
    rows, console = [dict(zip(cards.COLUMNS, cards.row(task), strict=True)) for task in chosen], Console()
    columns = _fitting(rows, console.width)
    shown = Table(title=f"{len(tasks.names())} tasks and families; n: symbols of a word", box=None, header_style="bold")
    for name in columns:
        shown.add_column(name, overflow="fold", no_wrap=name == "task" and console.width > NAMES)
    for row in rows:
        shown.add_row(*(row[name] for name in columns))
    console.print(shown)
    if len(columns) < len(cards.COLUMNS) - 1:
        typer.echo("A wider terminal shows more, and `realizable tasks NAME` all of one task.")


def _fitting(rows: list[dict[str, str]], width: int) -> list[str]:
    """The columns that fit, names whole: those that matter most are kept; formulas may be folded."""
    kept, room = list[str](), width
    for name in ("task", "class", "depth", "hidden", "channels", "cells", "program", "Chomsky"):
        wide = max(len(name), *(len(row[name]) for row in rows)) + 2
        room -= min(wide, FORMULA) if name in ("depth", "cells") else wide
        kept += [name] * (room >= 0 or not kept)
    return [name for name in rows[0] if name in kept]


def show(
    parameters: Annotated[list[str], typer.Argument(help="task=NAME model=NAME [length=24] [out=FILE.png], and theirs.")],
) -> None:
    """Draw reference weights at work on a test word: cells to the right, layers downward; with out= a picture, else text.

    Parameters of the task follow as machine=palindrome, those of the model as columns=3 (or task.scored=last, model.step=0.5,
    where that is not clear); tableau=n is for models that run rewriting programs for words of up to n cells only.
    """
    import shutil

    from leaderboard.analysis import spacetime
    from leaderboard.analysis.diagnostics import NoLayers
    from leaderboard.tables import picture
    from models import ModelError, NotRealizable
    from tasks import TaskError

    given, numbers, out = shown_of(parameters)
    try:
        title, shown = spacetime.of_reference(*given, numbers["length"], numbers["tableau"])
    except (ModelError, NoLayers, NotRealizable, TaskError) as error:
        raise typer.BadParameter(str(error)) from None
    if out is None:
        typer.echo(f"{title}\n{spacetime.diagram(shown, columns=shutil.get_terminal_size().columns)}")
        return
    put(Path(str(out)), picture.png(spacetime.figure({"reference": shown}, title)))
    typer.echo(f"wrote {out}")


def shown_of(parameters: list[str]) -> tuple[tuple[Values, Values, Values], dict[str, int], str | None]:
    """What `show` and `explain` are asked for: parameters (free, the task's, the model's), two numbers, and a file."""
    split = {of: [text.removeprefix(of) for text in parameters if text.startswith(of)] for of in ("task.", "model.")}
    free = _values([text for text in parameters if not text.startswith(tuple(split))])
    numbers = {name: _whole(name, free.pop(name, default)) for name, default in (("length", "24"), ("tableau", "0"))}
    out = free.pop("out", None)
    if missing := [f"{name}=NAME" for name in ("task", "model") if name not in free]:
        raise typer.BadParameter(f"{' and '.join(missing)} missing; `realizable names` lists them")
    if out is not None and not Path(str(out)).absolute().parent.is_dir():
        raise typer.BadParameter(f"out={out} is not allowed; its folder does not exist")
    return (free, _values(split["task."]), _values(split["model."])), numbers, out


def _task(name: str, parameters: list[str]) -> "Task":
    import tasks

    try:
        return tasks.get(name, **_values(parameters))
    except tasks.TaskError as error:
        raise typer.BadParameter(str(error)) from None


def _values(parameters: list[str]) -> dict[str, Any]:
    """Values by name, as texts or lists of texts: the task and the architecture know of what type theirs are."""
    if unnamed := [text for text in parameters if "=" not in text]:
        raise typer.BadParameter(f"{unnamed[0]!r} is no parameter; write name=value")
    named = (text.partition("=") for text in parameters)
    return {name: _listed(name, value) if value.startswith("[") else value for name, _, value in named}


def _listed(name: str, value: str) -> Any:
    """A list that is written as in YAML, all in it being text."""
    import yaml

    try:
        return yaml.load(value, yaml.BaseLoader)
    except yaml.YAMLError:
        raise typer.BadParameter(
            f'{name}={value} is no list; put each of its texts in quotes, as \'{name}=["A 0 -> 1 R B","B * -> = R A"]\''
        ) from None


def _whole(name: str, value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 6:
        raise typer.BadParameter(f"{name}={value} is not allowed; allowed: whole numbers, up to 999999")
    return int(value)
