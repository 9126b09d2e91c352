"""The command `realizable`: show what a folder of records says, judge submissions, and list what can be run.

Everything heavy is imported inside its command, so that `realizable --help` answers at once.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from leaderboard.cli import catalogue, claims, explain, new, records, rounds, submissions, sweeps
from leaderboard.store.schema import RecordError
from tasks import plugins

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
        """Parse the options before the command; `--plugins` may also stand behind it."""
        named, others = plugins.taken(args)
        with _one_line():
            return super().parse_args(ctx, [*(f"{plugins.OPTION}={folder}" for folder in named), *others])

    def invoke(self, ctx: Any) -> Any:
        """Parse the options of the command and run it, with one thread: where others work, two wait for each other."""
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch reads it when it is imported, which no command has done yet
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # an accuracy counts more than a dash that the terminal does not have
        with _one_line():
            return super().invoke(ctx)


app = typer.Typer(
    cls=OneLineErrors,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    folders: Annotated[
        list[str] | None, typer.Option(plugins.OPTION, help="A folder with tasks/ or models/ of your own, at any place.")
    ] = None,
) -> None:
    """Realizable: trained nets beside constructive reference weights."""
    if folders:
        plugins.plug_in(*folders)
    if wrong := plugins.faults():
        raise typer.BadParameter(wrong)


app.command()(records.table)
app.command()(records.site)
app.command()(records.export)
app.command()(records.weights)
app.command()(records.publish)
app.command()(records.restore)
app.command()(records.compact)
app.command()(records.rerun)
# the options that follow are Hydra's, `--help` too
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})(
    catalogue.train
)
app.command()(catalogue.names)
app.command("tasks")(catalogue.list_tasks)
app.command()(catalogue.show)
app.command()(explain.explain)
app.command()(claims.reproduce)
app.command()(submissions.pack)
app.command()(submissions.check)
app.command()(submissions.verify)
app.add_typer(new.app, name="new")
app.add_typer(rounds.app, name="round")
app.add_typer(sweeps.app, name="sweep")
