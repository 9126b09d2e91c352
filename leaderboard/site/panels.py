"""Panels of the page: a task with its card, program and picture; an architecture with its formula and options."""

import base64
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from matplotlib.image import imsave

import models
import tasks
from leaderboard.analysis import spacetime
from leaderboard.analysis.audit import audit
from leaderboard.site import cards
from leaderboard.tables.frame import line
from tasks.card import CHOMSKY, LADDER

LENGTH = 12  # symbols of the word in the picture
LAYERS = 60  # rows of the picture
RULES = 40  # lines of a program
UNKNOWN = "class unknown"


class Picture(NamedTuple):
    """A space-time diagram: a PNG of one pixel a cell and layer, the cells with a head as an SVG path, and all as text."""

    png: str
    head: str
    word: list[str]
    layers: list[int]
    title: str
    text: str


class TaskPanel(NamedTuple):
    """A task of the records; without facts if this version has no such task."""

    label: str
    complexity: str
    about: str
    facts: list[tuple[str, str]]
    shortcuts: dict[str, float]
    rules: str
    size: int
    picture: Picture | None


class ModelPanel(NamedTuple):
    """A row of the leaderboard. `options`: name, default, value; `nets`: what the records say of its nets."""

    model: str
    formula: str
    about: str
    options: list[tuple[str, str, str]]
    nets: list[tuple[str, str]]
    submission: dict[str, Any] | None


def ordered(records: Iterable[dict[str, Any]]) -> dict[str, tuple[str, tasks.Task | None]]:
    """Label to class and task, from the bottom of the ladder to its top; tasks that this version does not have stand last."""
    seen = {str(line(record["task"]["label"])): record["task"] for record in records}
    made = {label: _task(label, said) for label, said in seen.items()}

    def place(label: str) -> tuple[int, int, str]:
        task = made[label]
        stated = seen[label]["class"]
        if task is None:
            return (LADDER.index(stated) if stated in LADDER else len(LADDER), len(CHOMSKY), label)
        return (task.card.rung, CHOMSKY.index(task.card.chomsky), label)

    classes = {label: task.card.complexity if task else line(seen[label]["class"]) or UNKNOWN for label, task in made.items()}
    return {label: (classes[label], made[label]) for label in sorted(made, key=place)}


def _task(label: str, said: dict[str, Any]) -> tasks.Task | None:
    """The task that a record names; None if there is none such here, or if it is not the one that the label says."""
    try:
        task = tasks.get(said["name"], **{str(name): value for name, value in said["parameters"].items()})
        named = label in (task.label, f"{task.label} v{task.version}")
        return task if named and said["version"] == task.version else None
    except (TypeError, ValueError):
        return None


def task_panel(label: str, complexity: str, task: tasks.Task | None) -> TaskPanel:
    """All that is known of a task; the picture is of its program as a ResNet, hence the discrete ODE itself."""
    if task is None:
        return TaskPanel(label, complexity, "This version has no task of that name.", [], {}, "", 0, None)
    rules = list(map(str, task.program().rules))
    shown = rules if len(rules) <= RULES else [*rules[:RULES], f"… and {len(rules) - RULES} more"]
    facts = [fact for fact in cards.facts(task) if fact[0] != "class"]
    about = _first(type(task).__doc__)
    return TaskPanel(label, complexity, about, facts, audit(task).shortcuts, "\n".join(shown), len(rules), picture(task))


def picture(task: tasks.Task) -> Picture:
    """The reference of a task at work on one test word: colour is the value, nothing where nothing is decided."""
    free = {"task": task.name, "model": "resnet"}
    title, shown = spacetime.of_reference(free, dict(task.parameters), {}, LENGTH, 0)
    last = min(shown.settled + 1, shown.depth)
    layers = np.unique(np.linspace(0, last, min(LAYERS, last + 1)).round().astype(int))
    rgba = spacetime.colours_of(shown.classes)(shown.values[layers])
    rgba[..., 3] = np.where(shown.margin[layers] < spacetime.UNDECIDED, 0, 1)
    file = io.BytesIO()
    imsave(file, rgba, format="png", metadata={"Software": None})  # type: ignore[dict-item]
    png = base64.b64encode(file.getvalue()).decode()
    heads = [] if shown.head is None else np.argwhere(shown.head[layers]).tolist()
    head = "".join(f"M{cell} {row}h1v1h-1z" for row, cell in heads)
    word = [spacetime.character(token) for token in shown.word]
    return Picture(png, head, word, layers.tolist(), title, spacetime.diagram(shown))


def model_panel(model: str, records: Sequence[dict[str, Any]]) -> ModelPanel:
    """A row of the leaderboard from its records; formula and options from this version, if it has the architecture."""
    said = records[0]["model"]
    nets = [record["net"] for record in records if record["net"]]
    found = {name: sorted({net[name] for net in nets if net[name] is not None}) for name in ("width", "hidden")}
    told = [(name, _span(values)) for name, values in found.items() if values]
    formula, about, options = "", "This version has no architecture of that name.", []
    if said["name"] in models.names():
        architecture = models.find(said["name"])
        formula, about = _first(sys.modules[architecture.__module__].__doc__), _first(architecture.__doc__)
        options = [(f.name, _value(f.default), _value(said["parameters"].get(f.name, f.default))) for f in fields(architecture)]
    submissions = [record["submission"] for record in records if "submission" in record]
    return ModelPanel(model, formula, about, options, told, _submission(submissions[0]) if submissions else None)


def _submission(said: dict[str, Any]) -> dict[str, Any]:
    """Who submitted; the link only if it is one of http(s)."""
    link = line(said["link"]) or ""
    return {
        "name": line(said["name"]),
        "authors": ", ".join(str(line(str(author))) for author in said["authors"]),
        "link": link,
        "safe": link.startswith(("https://", "http://")),
        "badge": line(said["badge"]),
        "sha256": line(str(said.get("sha256", ""))),
    }


def _first(docstring: str | None) -> str:
    """The paragraphs of a docstring up to the first that ends a sentence, without its example."""
    said: list[str] = []
    for paragraph in (docstring or "").split(">>>")[0].split("\n\n"):
        said += paragraph.split()
        if paragraph.rstrip().endswith("."):
            break
    return " ".join(said)


def _value(value: object) -> str:
    return str(line(str(value)))


def _span(values: list[int]) -> str:
    return f"{values[0]:,}" if len(values) == 1 else f"{values[0]:,} to {values[-1]:,}"
