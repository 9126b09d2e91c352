"""Of what strangers hand in: `realizable pack | check | verify`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from leaderboard.submissions.faults import Fault
    from leaderboard.submissions.verify import Verified


def check(
    folder: Annotated[Path, typer.Argument(help="A submission: submission.json, weights/<task>/<seed>.safetensors.")],
) -> None:
    """Say what is wrong with a submission, one line a fault with a stable code; exit code 1 if anything is.

    Nothing submitted is executed, and no format but JSON and safetensors is read.
    """
    from leaderboard.submissions.check import check
    from leaderboard.submissions.faults import Refused

    try:
        checked = check(folder)
    except Refused as refused:
        refuse(refused.faults)
    typer.echo(f"ok: {checked.description.name}, {len(checked.weights)} files of weights, sha256 {checked.sha256}")


def verify(
    folder: Annotated[Path, typer.Argument(help="A submission.")],
    out: Annotated[Path | None, typer.Option(help="Write its records to this folder.")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Also train again by its recipe.")] = False,
    seed_key: Annotated[
        str | None, typer.Option(help="Draw other test words, by this text; no secret from who sees your command lines.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--round", help="Score on the words of this revealed round's file.")] = None,
) -> None:
    """Score a submission from its weights alone, in a process with limits, and compare with what it claims.

    Exit code 1 if it has a fault or claims what does not hold; the records hold what was found.
    """
    from leaderboard.store.record import prepare
    from leaderboard.submissions import rounds
    from leaderboard.submissions.faults import Refused
    from leaderboard.submissions.verify import fingerprint, keyed, verify

    if file is not None and seed_key is not None:
        raise typer.BadParameter("--round and --seed-key exclude each other")
    if out is not None:
        if out.resolve().is_relative_to(folder.resolve()):
            raise typer.BadParameter("--out is a folder outside of the submission")
        prepare(out)
    try:
        if file is not None:
            verified = on_round(folder, rounds.member(file, folder), retrain)
        else:
            verified = verify(
                folder, hidden=partial(keyed, seed_key) if seed_key else None, drawn=fingerprint(seed_key), retrain=retrain
            )
    except Refused as refused:
        refuse(refused.faults)
    for line in verified.lines():
        typer.echo(line)
    if out is not None:
        verified.write(out)
        typer.echo(f"wrote {len(verified.records)} records to {out}")
    refuse(verified.faults)


def on_round(folder: Path, said: dict[str, Any], retrain: bool = False) -> "Verified":
    """Verify a submission on the words of a revealed round."""
    from leaderboard.submissions.verify import verify

    return verify(
        folder,
        hidden=lambda task: said["seeds"][task.label],
        drawn=said["root"],
        retrain=retrain,
        words=said["words"],
    )


def refuse(faults: "Sequence[Fault]") -> None:
    """Print faults, one a line, and exit with code 1 if there are any."""
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        raise typer.Exit(1)


def pack(
    folder: Annotated[Path, typer.Argument(help="A folder of runs, with their weights beside the records.")],
    out: Annotated[Path, typer.Argument(help="The submission, a folder that does not exist.")],
    name: Annotated[str, typer.Option(help="Its name on the leaderboard.")],
    author: Annotated[list[str], typer.Option(help="An author, again for more.")],
    link: Annotated[str, typer.Option(help="Where to read of it, http or https.")],
    model: Annotated[str | None, typer.Option(help="The architecture, if FOLDER has several.")] = None,
) -> None:
    """Make a submission of the runs of one architecture: seeds 0 to 9 of each task, trained by one recipe."""
    from leaderboard.cli.records import read_records
    from leaderboard.submissions.faults import Refused
    from leaderboard.submissions.pack import pack

    try:
        packed = pack(folder, read_records(folder), out, name=name, authors=author, link=link, model=model)
    except Refused as refused:
        refuse(refused.faults)
    tasks = [task.label for task in packed.description.tasks]
    typer.echo(f"packed {out}: {packed.description.name}, {len(packed.weights)} files of weights, {', '.join(tasks)}")
