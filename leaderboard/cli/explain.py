"""Of one net: `realizable explain`, what its weights compute, and where trained ones depart from that."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaderboard.cli.catalogue import shown_of
from leaderboard.store.atomic import put
from leaderboard.store.schema import RecordError

if TYPE_CHECKING:
    from leaderboard.analysis.spacetime import SpaceTime
    from models import Net, Reference
    from tasks import Task

MOST = 40  # lines of rules, and of units


def explain(
    parameters: Annotated[list[str], typer.Argument(help="task=NAME model=NAME [length=24] [out=FILE.png], and theirs.")],
    of: Annotated[Path | None, typer.Option(help="A folder of runs: explain trained weights of such a run, too.")] = None,
    run: Annotated[str, typer.Option(help="The id of the run, or its first digits; otherwise the lowest seed.")] = "",
) -> None:
    """Say what a net computes: the program's rules, its weights read back as rules, and its answers layer by layer.

    With --of FOLDER also what a trained net of that task and model answers on the same word, and where it first departs from
    its reference: after which layer, in which cell, by which value. out= draws both side by side.
    """
    from leaderboard.analysis import spacetime
    from leaderboard.analysis.diagnostics import NoLayers
    from leaderboard.tables import picture
    from models import ModelError, NotRealizable
    from tasks import TaskError

    given, numbers, out = shown_of(parameters)
    if run and of is None:
        raise typer.BadParameter("--run is of a folder; name it with --of")
    try:
        task, model, options = spacetime.asked(*given)
        net, trained = _nets(task, model, options, numbers["tableau"], of, run)
        reference = net.realise(task.program())
        typer.echo("\n".join([*_program(task, net), *_units(net, reference), ""]))
        panels = {"reference": spacetime.at_work(net, task, reference, numbers["length"])}
        word, depth = spacetime.test_word(task, numbers["length"]), task.depth(numbers["length"])
        panels |= {name: spacetime.space_time(one, word, depth) for name, one in trained.items()}
    except NoLayers as error:
        typer.echo(str(error))
        return
    except (ModelError, NotRealizable, TaskError) as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo("\n".join(_answers(task, panels)))
    if out is not None:
        put(Path(out), picture.png(spacetime.figure(panels, f"{net.architecture.label} on {task.label}")))
        typer.echo(f"wrote {out}")


def _nets(
    task: "Task", model: str, options: dict[str, Any], tableau: int, of: Path | None, run: str
) -> "tuple[Net, dict[str, Net]]":
    """The module for reference weights, and the trained one by the name of its run, if a folder of runs is given."""
    import models
    from leaderboard.store import weights

    architecture = models.get(model, **options)
    if of is None:
        return models.build(model, task, width=1, hidden=1, tableau=tableau, **options), {}
    record = _record(of, run, task.label, architecture.label)
    made = [models.build(model, task, **record["config"]["net"], seed=record["seed"], **options) for _ in range(2)]
    made[1].load_state_dict(weights.load(of, record))
    return made[0], {f"trained, {record['id']}, seed {record['seed']}": made[1]}


def _record(folder: Path, run: str, task: str, model: str) -> dict[str, Any]:
    """The run of that task and model in a folder: that of the id, or the lowest seed; RecordError if there is none."""
    from leaderboard.cli.records import read_records

    every = [record for record in read_records(folder) if record["status"] == "done"]
    found = [r for r in every if (r["task"]["label"], r["model"]["label"]) == (task, model) and r["id"].startswith(run)]
    if not found:
        there = sorted({f"{r['task']['label']} {r['model']['label']}" for r in every})
        asked = f"run {run} of {task} {model}" if run else f"run of {task} {model}"
        raise RecordError(f"{folder}: no {asked}; there are {', '.join(there) or 'none that are done'}")
    return min(found, key=lambda record: (record["seed"], record["id"]))


def _program(task: "Task", net: "Net") -> Iterator[str]:
    """The program of a task, in words and rules."""
    from leaderboard.analysis.units import layout

    program = task.program()
    yield f"{task.label}, in {net.architecture.label}"
    yield ""
    yield f"The program: {program.kind}, {len(program.rules)} rules that act at once in every cell i; depth {task.card.depth}."
    yield f"Channels of a cell: {layout(program)}; the answer is {program.output.name}."
    yield from _some([f"  {rule}" for rule in program.rules])


def _units(net: "Net", reference: "Reference") -> Iterator[str]:
    """The weights of a layer's blocks, read back."""
    from leaderboard.analysis.units import channels, of_program, read_back
    from models.block import Block

    known = {*map(str, of_program(reference.program))}
    for name, block in zip("FGHIJKLMNO", net.layer(0), strict=False):
        yield ""
        if not isinstance(block, Block) or block.W is not None:
            kind = type(block).__name__
            yield f"{name}, of kind {kind}, is no V ReLU(U * x + b) on channels of a cell: its units cannot be read as rules."
            continue
        units = read_back(block, channels(reference.program))
        same = sum(str(unit) in known for unit in units)
        scaled = f", scaled by {reference.scale:g}" if reference.scale != 1 else ""
        yield f"{name}(x) = V ReLU(U * x + b), {len(units)} units read back{scaled}; {same} of them are rules of the program."
        yield from _some([f"  {number:3}  {unit}" for number, unit in enumerate(units, 1)])


def _some(lines: list[str]) -> list[str]:
    return lines if len(lines) <= MOST else [*lines[: MOST - 1], f"  and {len(lines) - MOST + 1} more"]


def _answers(task: "Task", panels: "dict[str, SpaceTime]") -> Iterator[str]:
    """The diagrams, and what is right of them; of a trained net where it departs."""
    import torch

    from leaderboard.analysis.departure import departures
    from leaderboard.analysis.spacetime import diagram
    from tasks import IGNORE

    reference = panels["reference"]
    target = task.target(torch.tensor([reference.word]))[0].numpy()
    scored = target != IGNORE
    for name, shown in panels.items():
        right = int((shown.values[-1] == target)[scored].sum())
        yield f"{name[0].upper()}{name[1:]}: {right} of {int(scored.sum())} answers right after {shown.depth} layers."
        yield diagram(shown, columns=shutil.get_terminal_size().columns)
        if shown is not reference:
            found = departures(reference, shown, scored)
            yield from [line for one in found for line in one.told(task.program().output.name)] or ["it departs nowhere"]
