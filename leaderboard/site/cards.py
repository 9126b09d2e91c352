"""The complexity ladder: all tasks in order, one card in full, and a page of all cards."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from jinja2 import Environment, PackageLoader

import models
import tasks
from leaderboard.analysis.audit import LONGEST, Overlap, audit
from models.lowering.robust import radius
from tasks.card import CHOMSKY
from tasks.programs import Program
from tasks.programs.polynomial import print_equations
from tasks.programs.tableau import tableau
from tasks.task import Task

COLUMNS = ("class", "task", "Chomsky", "program", "depth", "cells", "channels", "hidden", "learning")
LARGEST_ODE = 400  # rules; the equations of more are not printed


def ladder() -> list[Task]:
    """All tasks, of families the members that they name, from the bottom of the ladder to its top."""
    return sorted(tasks.every(), key=lambda task: (task.card.rung, CHOMSKY.index(task.card.chomsky), task.label))


def overview() -> str:
    """Names of tasks by complexity class and by Chomsky class, as Markdown; a family stands wherever a member does."""
    lines = [("class", *CHOMSKY), ("---",) * (1 + len(CHOMSKY))]
    for complexity, group in groupby(ladder(), key=lambda task: task.card.complexity):
        members = list(group)
        names = [dict.fromkeys(task.name for task in members if task.card.chomsky == kind) for kind in CHOMSKY]
        lines.append((complexity, *map(", ".join, names)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def row(task: Task) -> tuple[str, ...]:
    """A task's line of the ladder, in the order of COLUMNS."""
    card, program = task.card, task.program()
    sizes = (str(program.channels), str(len(program.rules)))
    return (card.complexity, task.label, card.chomsky, program.kind, card.depth, card.cells, *sizes, card.learning)


def facts(task: Task) -> list[tuple[str, str]]:
    """What a card says, by name: bounds with their sources, and the cost of the reference in n."""
    card, program = task.card, task.program()
    return [
        ("class", card.complexity),
        ("upper bound", f"{card.upper.says} [{card.upper.source}]"),
        ("lower bound", f"{card.lower.says} [{card.lower.source}]"),
        ("Chomsky", card.chomsky),
        ("inputs", task.inputs),
        ("scored", f"{task.scored} (allowed: {', '.join(task.scorings)})"),
        ("program", f"{program.kind}, uniform: channels and hidden units do not depend on n"),
        ("depth(n)", card.depth),
        ("cells(n)", card.cells),
        ("channels(n)", str(program.channels)),
        ("hidden(n)", f"{len(program.rules)} (one a rule)"),
        ("curve length", f"grows as {card.curve}"),
        ("noise radius", _radius(program)),
        *_rotation(task),
        ("learning", card.learning),
        ("realised in", ", ".join(_realised(program)) or "none"),
    ]


def _radius(program: Program) -> str:
    """Noise on every channel, at every step, below which references with net.robust=true correct it."""
    clock = models.get("clock_ode").reference(program, 0).radius
    single, double = radius(program, inner=False), radius(program, inner=True)
    return (
        f"{single:.3g} a channel at every step with net.robust=true, {double:g} with net.inner=true, {clock:.3g} in clock_ode"
    )


def _rotation(task: Task) -> list[tuple[str, str]]:
    """The analytic ODE of a task that counts."""
    if task.rotation is None:
        return []
    m, turns = task.rotation.modulus, ", ".join(map(str, task.rotation.turns))
    said = f"x' = (2πi/{m}) u(t) x, a rotation with u = {turns} while token 0, 1, ... is read; length at most 2π n/{m}"
    return [("analytic ODE", said)]


def _realised(program: Program) -> Iterator[str]:
    """Architectures that have reference weights for every length, or by a tableau; a streaming net for automata only."""
    for name in models.names():
        architecture = models.get(name)
        if architecture.layered and not (program.write_once or architecture.rewrites or program.constant_depth):
            yield f"{name} by tableau only"
            continue
        try:
            yield f"{name} (width {architecture.width(architecture.reference(program, 0))})"
        except models.NotRealizable:
            if architecture.layered:
                raise


def rules(task: Task) -> str:
    """The rules of the program, one a line."""
    return "\n".join(map(str, task.program().rules))


def ode(task: Task) -> str:
    """The polynomial ODE of the program, or of its tableau for words of one cell; or its size where it is too large."""
    program, of = task.program(), "the program"
    if not program.write_once:
        program, of = tableau(program, 1), "its tableau for words of 1 cell"
    equations = sum(register.size for register in program.registers)
    said = f"of {of}: {equations} equations, {len(program.rules)} monomials, and a decay in each"
    return said if len(program.rules) > LARGEST_ODE else f"{said}\n{print_equations(program)}"


def duplicates(found: Sequence[Overlap]) -> str:
    """Duplicates in one line; lengths that have the same are told together."""
    parts = []
    for (count, held_out), group in groupby(found, key=lambda o: (o.duplicates, o.held_out)):
        lengths = [o.length for o in group]
        span = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        parts.append(f"length {span}: {count}" + ("" if held_out else " (too few words to hold any out)"))
    return f"of {found[0].testing} test words among {found[0].training} training words: " + "; ".join(parts)


def full(task: Task) -> str:
    """One card in full: facts, shortcuts, duplicates, the program as rules, and its polynomial ODE."""
    scores = ", ".join(f"{name} {score:.3f}" for name, score in audit(task).shortcuts.items())
    lines = [task.label, _about(task), ""]
    lines += [f"{name:14}{value}" for name, value in facts(task)]
    lines += [f"{'shortcuts':14}accuracy per symbol at lengths 1 to {LONGEST}: {scores}"]
    lines += [f"{'duplicates':14}{duplicates(audit(task).overlaps)}"]
    return "\n".join([*lines, "", "program", rules(task), "", f"polynomial ODE {ode(task)}"])


def html(chosen: Sequence[Task]) -> str:
    """One self-contained HTML page: the ladder, then every card with its shortcuts, duplicates and rules."""
    environment = Environment(loader=PackageLoader("leaderboard.site", "."), autoescape=True)  # never by file name
    return environment.get_template("cards.html.j2").render(
        columns=COLUMNS, longest=LONGEST,
        rows=[(_anchor(task), row(task)) for task in chosen],
        cards=[_section(task) for task in chosen],
    )  # fmt: skip


def _anchor(task: Task) -> str:
    """A task's name in links."""
    return re.sub(r"\W+", "-", task.label).strip("-")


def _about(task: Task) -> str:
    """What the task's docstring says before its example."""
    return " ".join((type(task).__doc__ or "").split(">>>")[0].split())


def _section(task: Task) -> dict[str, object]:
    """What the page shows of one task."""
    return {
        "name": _anchor(task),
        "label": task.label,
        "about": _about(task),
        "facts": facts(task),
        "shortcuts": audit(task).shortcuts,
        "duplicates": duplicates(audit(task).overlaps),
        "rules": rules(task),
        "count": len(task.program().rules),
    }
