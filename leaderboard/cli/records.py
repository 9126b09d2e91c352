"""Of a folder of records: `realizable table | site | export | weights | publish | restore | compact | rerun`."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from leaderboard.store import published as store
from leaderboard.store.atomic import put
from leaderboard.store.published import NAME, SUFFIX, published
from leaderboard.store.record import RecordError, exists, read, write
from leaderboard.waiting import counted

if TYPE_CHECKING:
    from leaderboard.tables.frame import Metric
    from leaderboard.tables.protocols import Group


BESIDE = {"Published claims": "reproduce.html"}  # pages that a page links to if they lie in its folder

_Folder = Annotated[
    Path,
    typer.Argument(
        help=f"A folder of run records (*.json), a file of published ones (*{SUFFIX}), or `{NAME}`: the standard leaderboard."
    ),
]
_With = Annotated[
    Path | None, typer.Option("--with", help=f"Show the runs of this folder or file beside them, as `--with {NAME}`.")
]
_Protocol = Annotated[str | None, typer.Option(help="Show only the runs of this protocol, by its name or its hash.")]


def table(
    folder: _Folder,
    protocol: _Protocol = None,
    metric: Annotated[str | None, typer.Option(help="Show only this accuracy: symbol or word.")] = None,
    factor: Annotated[float | None, typer.Option(help="Show only this multiple of the training length.")] = None,
    view: Annotated[
        Literal["short", "recipes", "scores", "dynamics", "profile", "pairs", "efficiency", "frontier"],
        typer.Option(help="What to show of the runs."),
    ] = "short",
    form: Annotated[
        Literal["terminal", "markdown", "latex", "csv"], typer.Option("--format", help="Print as this.")
    ] = "terminal",
    drawn: Annotated[
        bool, typer.Option("--picture/--no-picture", help="Write heatmap.png, which takes most of the time.")
    ] = True,
    beside: _With = None,
) -> None:
    """Print a short table of FOLDER, and write table.md, table.csv, table.tex and heatmap.png there.

    It shows how many runs solve each task, and per-symbol accuracy at that length; the files hold all scores. Runs are
    compared within a protocol only, so a folder with several gives a table for each. With another view or format it prints
    that, and writes nothing.
    """
    from rich.console import Console

    from leaderboard.tables import protocols, views
    from leaderboard.tables import text as render

    every = protocols.grouped(_records(folder, beside))
    groups = protocols.chosen(every, protocol)
    _allowed(groups, metric, factor)
    how = views.VIEWS[view]
    sections = [part for group in groups for part in views.sections(group, view, _keys(group, view, metric, factor))]
    if form != "terminal":
        typer.echo(views.joined(sections, how.caption, form), nl=False)
        return
    console = Console()
    for section in sections:
        console.print(render.to_terminal(section.table, console.width, section.heading))
    console.print(how.caption, style="dim", markup=False, highlight=False)
    if view == "short" and folder.is_dir():
        typer.echo(f"wrote {', '.join(_write(folder, every, drawn))} to {folder}")


def _write(folder: Path, groups: "list[Group]", drawn: bool) -> Iterator[str]:
    """Write the scores of all groups, at all lengths, in every form, and a picture of each group; the names of the files."""
    from leaderboard.tables import views
    from leaderboard.tables.frame import METRICS, factors

    sections = []
    for group in groups:
        sections += views.sections(group, "scores", [(metric, factor) for metric in METRICS for factor in factors(group.df)])
    for name, form in views.FILES.items():
        put(folder / name, views.joined(sections, views.VIEWS["scores"].caption, form).encode())
        yield name
    if drawn:
        from leaderboard.tables import heatmap

        for group in counted(groups, "pictures drawn", len(groups)):
            path = _own(folder / "heatmap.png", group, groups)
            put(path, heatmap.heatmap(group.df, group.title))
            yield path.name


def export(
    folder: _Folder,
    out: Annotated[Path, typer.Argument(help="The file to write: .parquet or .csv.")],
) -> None:
    """Write all records of FOLDER to one file, a row a run, its weights and the length that was scored."""
    from leaderboard.tables import export

    content = export.kind(out)
    df = export.flat(read_records(folder))
    put(out, content(df))
    typer.echo(f"wrote {len(df)} rows to {out}")


def site(
    folder: _Folder,
    out: Annotated[Path | None, typer.Argument(help="Write the page to this file; otherwise to index.html in FOLDER.")] = None,
    protocol: _Protocol = None,
    beside: _With = None,
) -> None:
    """Write one page, which needs no network, of all that the records of FOLDER say: scores, ladder, plots, tasks, models.

    Runs are compared within a protocol only, so a folder with several gives a page for each, with its hash in the name. Pages
    of one folder link to each other, and to that of the published claims if it lies there.
    """
    from leaderboard.site.page import page
    from leaderboard.tables import protocols

    if out is None and (folder.is_file() or store.asked(folder)):
        raise typer.BadParameter(f"{folder} is no folder: name the file to write, as page.html, after it")
    path = folder / "index.html" if out is None else out / "index.html" if out.is_dir() else out
    groups = protocols.chosen(protocols.grouped(_records(folder, beside)), protocol)
    links = [(name, file) for name, file in BESIDE.items() if path.with_name(file).exists()]
    links += [(f"Protocol {group.name}", _own(path, group, groups).name) for group in groups if len(groups) > 1]
    pages = [page(group, links) for group in counted(groups, "pages made", len(groups))]
    for group, made in zip(groups, pages, strict=True):
        own = _own(path, group, groups)
        put(own, made.html.encode())
        if made.excess:
            typer.echo(f"warning: {made.excess}", err=True)
        typer.echo(f"wrote {own}, {made.size / 1000:,.0f} kB" + f", of {group.title}" * bool(group.title))


def _own(path: Path, group: "Group", groups: "list[Group]") -> Path:
    """The file of a group: with its hash in the name where there are several."""
    return path if len(groups) == 1 else path.with_name(f"{path.stem}-{group.hash}{path.suffix}")


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


def publish(
    folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")],
    path: Annotated[Path, typer.Argument(help=f"The file to write, *{SUFFIX}.")],
) -> None:
    """Write all records of FOLDER, whole, to one compressed file; those of other runs that the file has already stay in it."""
    if not path.name.endswith(SUFFIX):
        raise typer.BadParameter(f"{path} is not allowed; allowed: a file *{SUFFIX}")
    kept = {record["id"]: record for record in published(path)} if path.exists() else {}
    found = {record["id"]: record for record in read_records(folder)}
    store.publish(path, list((kept | found).values()))
    typer.echo(f"wrote {path}: {len(kept | found)} records, {len(found.keys() - kept.keys())} of them new")


def restore(
    path: Annotated[Path, typer.Argument(help=f"A file of published records, *{SUFFIX}.")],
    folder: Annotated[Path, typer.Argument(help="The folder to write to, as results/standard.")],
) -> None:
    """Write the records of a published file to FOLDER, one file each, so that a sweep leaves out what they hold.

    Runs that are done in FOLDER are left out: their own records stay.
    """
    found = published(path)
    missing = [record for record in found if not exists(folder, record["id"])]
    for record in counted(missing, "records written", len(missing)):
        write(folder, record)
    there = len(found) - len(missing)
    typer.echo(f"wrote {len(missing)} records to {folder}" + f"; {there} were there" * bool(there))


def compact(folder: Annotated[Path, typer.Argument(help="A folder of run records (*.json).")]) -> None:
    """Gather the files of done records in FOLDER into few compressed ones, in FOLDER/parts; every command reads both.

    It is meant for folders of many thousands of files. A file is deleted only after its record was read back from its part.
    Weights, and records of failed runs, stay where they are.
    """
    from leaderboard.store import compact as store

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = store.compact(folder)
    for warning in caught:
        typer.echo(f"warning: {warning.message}", err=True)
    typer.echo(f"gathered {made.files} files into {made.parts} parts" + f"; {made.before} were there" * bool(made.before))


def rerun(
    id: Annotated[str, typer.Argument(help="The id of a run, or its first digits.")],
    of: Annotated[Path, typer.Option(help=f"A folder of run records, or a file of published ones; `{NAME}`: ours.")] = Path(
        NAME
    ),
    results: Annotated[Path, typer.Option(help="The folder that the new record is written to.")] = Path("results/rerun"),
) -> None:
    """Run a published run again, and say whether it agrees with its record; exit code 1 if it does not.

    On the same processor with the same libraries it agrees if weights and scores are the same, bit for bit. Elsewhere it agrees
    if its accuracy, mean over lengths, differs by no more than that of two seeds of the same cell does.
    """
    from leaderboard.running import rerun as again

    every = published(store.STANDARD) if store.asked(of) else read_records(of)
    found = [record for record in every if record["id"].startswith(id)]
    if len(found) != 1:
        raise RecordError(f"{id}: {len(found)} of {len(every)} records of {of} have an id that begins so; allowed: one")
    (record,) = found
    cfg = again.configuration(record, results)
    names = [record[part]["label"] for part in ("task", "model", "recipe")]
    took = f"took {record['cost']['cpu_seconds']:.0f} CPU-seconds"
    typer.echo(f"{record['id']}: {', '.join(filter(None, names))}, seed {record['seed']}; {took}")
    made = again.rerun(record, cfg)
    verdict = again.compared(record, made, again.cell_of(record, every))
    for line in verdict.why:
        typer.echo(f"  {line}")
    said = {True: "agrees", False: "does not agree", None: "cannot be decided"}[verdict.agrees]
    typer.echo(f"{said}: {' '.join(f'{share:.3f}' for share in again.accuracies(made).values())} per symbol")
    if verdict.agrees is False:
        raise typer.Exit(1)


def _records(folder: Path, beside: Path | None) -> list[dict[str, Any]]:
    """The records of a folder, among those of another one if that is named."""
    from leaderboard.tables import protocols

    own = read_records(folder)
    return own if beside is None else protocols.beside(own, read_records(beside), str(beside))


def read_records(folder: Path) -> list[dict[str, Any]]:
    """All records of a folder, of one file of published ones, or of the standard leaderboard; RecordError if there are none.

    There is a line on stderr for each file of the folder that is no record.
    """
    if store.asked(folder):
        return store.standard()
    if folder.name.endswith(SUFFIX):
        return published(folder)
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


def _allowed(groups: "list[Group]", metric: str | None, factor: float | None) -> None:
    from leaderboard.tables.frame import METRICS, factors

    known = sorted({scored for group in groups for scored in factors(group.df)})
    if metric is not None and metric not in METRICS:
        raise typer.BadParameter(f"--metric is {' or '.join(METRICS)}, not {metric}")
    if factor is not None and factor not in known:
        raise typer.BadParameter(f"--factor: the records have {', '.join(f'{f:g}' for f in known)}, not {factor:g}")


def _keys(group: "Group", view: str, metric: str | None, factor: float | None) -> list[tuple["Metric", float]]:
    """The accuracies and lengths that are shown: those asked for; or per symbol where a run solves, and of scores some more."""
    from leaderboard.tables.frame import METRICS, factors, far

    known = factors(group.df)
    if metric is None and factor is None:
        usual: list[tuple[Metric, float]] = [("symbol", known[0]), ("symbol", far(group.df)), ("word", far(group.df))]
        return list(dict.fromkeys(usual)) if view == "scores" else usual[1:2]
    asked = [(m, f) for m in METRICS for f in known if metric in (None, m) and factor in (None, f)]
    return asked[:1] if view in ("frontier", "dynamics") else asked
