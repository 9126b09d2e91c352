"""Of sweeps on a cluster: `realizable sweep state`."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard.store import parts
from leaderboard.store.schema import RecordError

app = typer.Typer(help="Sweeps on a cluster, from anywhere that sees their results.", no_args_is_help=True)


@app.callback()
def sweep() -> None:
    """Sweeps on a cluster, from anywhere that sees their results."""


@app.command("state")
def state(folder: Annotated[Path, typer.Argument(help="A folder of results.")]) -> None:
    """Say how far the sweeps into FOLDER are, a line each, the latest last; and how many records there are.

    It reads what the sweep itself writes down every few seconds, and the names of the records.
    """
    from leaderboard.cluster.state import states

    if not folder.is_dir():
        raise RecordError(f"{folder}: no such folder")
    for one in states(folder):
        typer.echo(str(one))
    names = [path.name for path in folder.glob("*.json") if not path.name.startswith(".")]
    failed = sum(name.endswith(".failed.json") for name in names)
    gathered = sum(1 for _ in parts.stored(folder))
    typer.echo(f"records: {len(names) - failed + gathered} done, {failed} failed")
