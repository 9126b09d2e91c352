"""Of rounds on hidden words: `realizable round open | close | reveal | replay`."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard.cli.submissions import on_round

app = typer.Typer(help="Hidden test words by commit and reveal: open, close, reveal and replay a round.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(metavar="ROUND", help="Name of the round; its file is FOLDER/ROUND.json.")]
_Folder = Annotated[Path, typer.Option(help="Where the files of rounds are published.")]
_Submissions = Annotated[Path, typer.Option(help="A folder of submissions, each a folder in it.")]


@app.command("open")
def begin(
    name: _Name,
    folder: _Folder = Path("rounds"),
    key: Annotated[Path | None, typer.Option(help="Write the secret key to this file; otherwise to ROUND.key.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="A task of the round, again for more; otherwise the ladder.")] = None,
    words: Annotated[int, typer.Option(help="Words of each task and length.")] = 512,
    beacon: Annotated[str, typer.Option(help="A public value that nobody knows before the round is closed, by its name.")] = "",
) -> None:
    """Make a secret key, and publish a commitment to it."""
    from leaderboard.submissions import published, rounds

    secret = Path(f"{name}.key") if key is None else key
    if secret.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter(f"{folder} is published, so the key would be; name a file elsewhere with --key")
    path = published.place(folder, name)
    said = rounds.begin(path, secret, task or [], words, beacon)
    typer.echo(f"opened {path}: {len(said['tasks'])} tasks, commitment {said['commitment']}; keep {secret} secret")


@app.command("close")
def close(name: _Name, submissions: _Submissions, folder: _Folder = Path("rounds")) -> None:
    """Freeze the submissions of a round."""
    from leaderboard.submissions import published, rounds

    path = published.place(folder, name)
    said = rounds.close(path, submissions)
    typer.echo(f"closed {path}: {len(said['submissions'])} submissions, root {said['root']}")


@app.command("reveal")
def reveal(
    name: _Name,
    key: Annotated[Path, typer.Option(help="The file with the secret key.")],
    folder: _Folder = Path("rounds"),
    value: Annotated[str, typer.Option(help="The value of the round's beacon, if it has one.")] = "",
) -> None:
    """Publish the key of a closed round, and the seeds of its words."""
    from leaderboard.submissions import published, rounds

    path = published.place(folder, name)
    said = rounds.reveal(path, key, value)
    typer.echo(f"revealed {path}: key {said['key']}")


@app.command("replay")
def replay(
    name: _Name,
    submissions: _Submissions,
    folder: _Folder = Path("rounds"),
    score: Annotated[bool, typer.Option("--score", help="Also score every submission on the words.")] = False,
) -> None:
    """Compute again all that a revealed round says; say what differs, if anything does."""
    from leaderboard.submissions import published, rounds
    from leaderboard.submissions.faults import Refused, quoted

    path = published.place(folder, name)
    said = rounds.replay(path, submissions)
    typer.echo(f"ok: {path}, commitment {said['commitment']}, root {said['root']}, {len(said['submissions'])} submissions")
    if said["beacon"]:
        typer.echo(f"look up that {said['beacon']} is {said['value']}")
    fair = True
    for one in sorted(submissions.iterdir()) if score else ():
        try:
            verified = on_round(one, said)
            lines, faults = list(verified.lines()), list(verified.faults)
        except Refused as refused:
            lines, faults = [], refused.faults
        for line in (*lines, *faults):
            typer.echo(f"{quoted(one.name)}: {line}")
        fair &= not faults
    if not fair:
        raise typer.Exit(1)
