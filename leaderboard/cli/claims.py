"""Of claims: `realizable reproduce`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaderboard.store.atomic import put
from leaderboard.store.schema import RecordError
from leaderboard.waiting import counted

if TYPE_CHECKING:
    from leaderboard.reproduce.claim import Claim


def reproduce(
    name: Annotated[str | None, typer.Argument(help="A claim: measure it. Without a name the claims are listed.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Measure all claims that have no record there, and write one page.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where records, pictures and the page are written.")] = Path("results/reproduce"),
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The seed of all that is drawn.")] = 0,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Measure nothing: take the records that come with the package.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of the recorded claims, in Markdown.")] = False,
) -> None:
    """Measure published claims: what was published beside what is measured here, the rule, and the verdict.

    A claim takes from a second to ten minutes of one core. It leaves a record and a picture in OUT, where --all goes on from
    records of the same version and settings; and --all writes a page of all of them, reproduce.html.
    """
    from leaderboard import reproduce as claims
    from leaderboard.reproduce import page, record
    from leaderboard.reproduce.claim import ClaimError

    if every and name:
        raise typer.BadParameter(f"{name} and --all are not allowed together; give one of them")
    if recorded and seed:
        raise typer.BadParameter("--seed is not allowed with --recorded, whose records have theirs")
    found = record.committed()
    if markdown:
        typer.echo(page.markdown(found), nl=False)
        return
    if not every and not name:
        for one in claims.names():
            verdict = found[one]["verdict"] if one in found else "not recorded"
            typer.echo(f"{one:26} {verdict:22} {claims.get(one).claim}")
        return
    try:
        chosen = [claims.get(one, seed=seed) for one in ([name] if name else claims.names())]
    except ClaimError as error:
        raise typer.BadParameter(str(error)) from None
    out.mkdir(parents=True, exist_ok=True)
    records = {}
    for claim in counted(chosen, "claims", len(chosen), lasting=True) if every else chosen:
        records[claim.name] = _recorded(claim, found) if recorded else _measured(claim, out, every)
    if every:
        put(out / "reproduce.html", page.page(records).encode())
        typer.echo(f"wrote {out / 'reproduce.html'}")


def _recorded(claim: "Claim", found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    from leaderboard.reproduce import page

    if claim.name not in found:
        raise RecordError(f"{claim.name}: no record of it comes with the package; measure it without --recorded")
    typer.echo(page.told(found[claim.name]))
    return found[claim.name]


def _measured(claim: "Claim", out: Path, resume: bool) -> dict[str, Any]:
    """The record of a claim, measured now, or found in OUT; the picture is written beside it."""
    from leaderboard.reproduce import drawing, page, record, run

    before = record.again(out / f"{claim.name}.json", claim, run.settings(claim)) if resume else None
    if before is None:
        typer.echo(f"{claim.name}: {claim.claim}")
    made = before or run.reproduce(claim, typer.echo)
    if before is None:
        record.write(out, made)
    put(out / f"{claim.name}.svg", drawing.svg(claim.draw(made["rows"]), claim.claim, alone=True).encode())
    typer.echo(page.told(made) if before is None else f"{claim.name}: {made['verdict']} (its record is in {out})")
    return made
