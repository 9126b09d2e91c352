"""`realizable site FOLDER`: the records as one self-contained page that opens from disk and asks nothing of any network.

Every string of a record is escaped by the template; the page's policy allows its own style and script, by their hashes, and
nothing else. The page is a pure function of the records: the same bytes every time.
"""

import base64
import gzip
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leaderboard.site import curves, figures, overview, panels, sheets
from leaderboard.tables.cells import cells
from leaderboard.tables.frame import METRICS, factors, far, line, runs
from leaderboard.tables.numbers import mark
from leaderboard.tables.protocols import Group, options
from leaderboard.tables.table import table
from leaderboard.tables.text import CAPTION

LARGEST = 1_000_000  # bytes of a page
CLEAR = 50_000  # characters of plots, or of programs, that stand in the page as they are; more are packed for its script
PREFIX = 8  # hex digits that are shown of the sha256 of a file of weights


class Page(NamedTuple):
    """The page, and the bytes of its parts by name."""

    html: str
    parts: dict[str, int]

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.html.encode())

    @property
    def excess(self) -> str | None:
        """What to say of a page that is too large, naming its largest part."""
        if self.size <= LARGEST:
            return None
        name = max(self.parts, key=lambda part: self.parts[part])
        return (
            f"the page has {self.size / 1e6:.2f} MB, more than {LARGEST / 1e6:g} MB; its largest part: {name}, "
            f"{self.parts[name] / 1e6:.2f} MB; put fewer tasks, models or lengths into one folder"
        )


def page(group: Group) -> Page:
    """The page of the records of one protocol."""
    records = sorted(group.records, key=lambda record: record["id"])
    df = group.df
    order = panels.ordered(records)
    by_row = _rows_of(df, records)
    models = sorted(by_row)
    numbers = {model: number for number, model in enumerate(models)}
    rows_of = {record["id"]: model for model, some in by_row.items() for record in some}
    style, head, script = (_packaged(name) for name in ("page.css", "head.js", "page.js"))
    found = [cells(df, metric, factor) for metric in METRICS for factor in factors(df)]
    content: dict[str, Any] = {
        "style": style,
        "head": head,
        "script": script,
        "policy": _policy([style], [head, script]),
        "sheets": [_sheet(df, some, numbers, order) for some in found],
        "passed": sheets.passed(found[0], models, list(order)),
        "metrics": METRICS,
        "factors": factors(df),
        "models": models,
        "order": list(order),
        "classes": {label: complexity for label, (complexity, _) in order.items()},
        "panels": [panels.task_panel(label, *made) for label, made in order.items()],
        "nets": [panels.model_panel(model, some) for model, some in by_row.items()],
        "frontiers": figures.frontier_plots(df, numbers, list(order)),
        "curves": figures.learning_plots(records, rows_of, numbers, list(order)),
        "caption": CAPTION,
        "records": len(records),
        "protocol": f"{group.name} ({group.hash}): {options(group.settings, group.settings)}",
        "levels": sheets.LEVELS,
        "clear": CLEAR,
        "steps": figures.STEPS,
        "mark": mark,
        "lead": 3,  # sums that stand before the tasks: solves, frontier and score
    }
    content["map"] = overview.overview(df, found[content["factors"].index(far(df))], models, list(order))
    letters = [recipe[:1] for recipe in content["map"].recipes]
    content["initials"] = letters if len(set(letters)) == len(letters) else [str(n) for n in range(1, len(letters) + 1)]
    content["findings"] = overview.findings(df)
    content["first"] = content["sheets"][content["factors"].index(far(df))]  # per symbol, where a run solves a task
    content["data"] = _data(content)
    content["facts"] = _facts(content, by_row) | {"tests": curves.tests(df, far(df), models)}
    text = _environment().get_template("page.html.j2").render(content)
    html = text.encode(errors="replace").decode()  # a lone surrogate, which JSON can hold, has no bytes
    _, *parts = re.split(r"<!-- part: (\w+) -->", html)
    return Page(html, {name: len(part.encode()) for name, part in zip(parts[::2], parts[1::2], strict=True)})


def _sheet(df: pd.DataFrame, found: pd.DataFrame, numbers: figures.Numbers, order: dict[str, Any]) -> sheets.Sheet:
    metric, factor = found["metric"].iloc[0], float(found["factor"].iloc[0])
    shown = table(df, metric, factor, found)
    lines, sums = sheets.heat(shown, found, list(order))
    ranked = runs(df)[runs(df)["ranked"]]["model"].unique().tolist()
    key = f"{metric}-{factor:g}".replace(".", "_")
    classes = {label: complexity for label, (complexity, _) in order.items()}
    return sheets.Sheet(
        key,
        shown.title,
        sheets.usual(found),
        sums,
        lines,
        shown.footnotes,
        sheets.rungs(found, ranked, classes),
        figures.profile_plot(df, metric, factor, numbers, f"profile-{key}"),
        figures.gap_plot(df, found, factor, numbers, f"gap-{key}") if metric == "symbol" else None,
        sheets.asked(found, shown.footnotes, sorted(numbers), list(order)),
    )


def _rows_of(df: pd.DataFrame, records: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The records of each row of the leaderboard, rows sorted by name."""
    known = df[df["id"].notna()]
    row = dict(zip(known["id"].tolist(), known["model"].tolist(), strict=True))
    out = defaultdict[str, list[dict[str, Any]]](list)
    for record in records:
        out[row[record["id"]]].append(record)
    return dict(sorted(out.items()))


def _data(content: dict[str, Any]) -> dict[str, Any]:
    """What the script filters by."""
    return {
        "models": content["models"],
        "tasks": content["order"],
        "classes": list(content["classes"].values()),
        "badges": [net.submission["badge"] if net.submission else "" for net in content["nets"]],
        "sheets": [sheet.key for sheet in content["sheets"]],
        "factors": content["factors"],
        "recipes": content["map"].recipes,
        "rows": content["map"].rows,
        "lead": 1 + content["lead"],
        "first": content["sheets"].index(content["first"]),
    }


def _facts(content: dict[str, Any], by_row: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What the script shows when a cell is asked: of each model and task the provenance of its `runs`, and what they did."""
    origins: dict[str, int] = {}
    numbers = {record["id"]: number for number, some in enumerate(by_row.values()) for record in some}
    runs_of = {(model, task): list[dict[str, Any]]() for model in by_row for task in content["order"]}
    for model, some in by_row.items():
        for record in sorted(some, key=lambda record: (record["seed"], record["id"])):
            runs_of[model, str(line(record["task"]["label"]))].append(record)
    of_task = {task: [record for model in by_row for record in runs_of[model, task]] for task in content["order"]}
    return {
        "passed": content["passed"],
        "sheets": {sheet.key: {"cells": sheet.asked, "notes": sheet.footnotes} for sheet in content["sheets"]},
        "runs": [[_provenance(runs_of[model, task], origins) for task in content["order"]] for model in by_row],
        "origins": [origin.split("\n") for origin in origins],
        "pictures": [[curves.picture(runs_of[row, task]) for task in content["order"]] for row in by_row],
        "curves": [[curves.of_runs(runs_of[row, task], content["factors"]) for task in content["order"]] for row in by_row],
        "scales": [curves.scales(of_task[task], content["factors"], numbers) for task in content["order"]],
    }


def _provenance(some: Sequence[dict[str, Any]], origins: dict[str, int]) -> list[list[Any]]:
    """For each origin of these runs its number, their seeds, ids, sha256 of files and reasons of failures, each in one text."""
    by_origin = defaultdict[int, list[dict[str, Any]]](list)
    for record in some:
        by_origin[origins.setdefault("\n".join(_origin(record)), len(origins))].append(record)
    return [
        [
            origin,
            ", ".join(str(record["seed"]) for record in of),
            ", ".join(record["id"] for record in of),
            ", ".join(file["sha256"][:PREFIX] + "…" for record in of for file in record.get("files", {}).values()),
            "; ".join(f"seed {record['seed']}: {line(record['reason'])}" for record in of if record["reason"]),
        ]
        for origin, of in by_origin.items()
    ]


def _origin(record: dict[str, Any]) -> list[str]:
    """Code, commit, versions and recipe of a run, each in one line."""
    code, recipe = record["code"], record["config"].get("training")
    versions = ", ".join(f"{name} {value}" for name, value in code["versions"].items())
    told = ", ".join(f"{name} {value}" for name, value in recipe.items()) if type(recipe) is dict else ""
    parts = [f"task {code['task']}, model {code['model']}", code["commit"] or "none", versions, told]
    return [str(line(part)) for part in parts]


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A Content-Security-Policy of the page's own style and scripts, and pictures within it; nothing is ever fetched."""
    allowed = {f"{kind}-src": " ".join(map(_hash, texts)) for kind, texts in (("style", styles), ("script", scripts))}
    said = {"default-src": "'none'"} | allowed | {"img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in said.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packaged(name: str) -> Markup:
    """A file of this package, as it is."""
    return Markup(files("leaderboard.site").joinpath(name).read_text(encoding="utf-8"))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("leaderboard.site", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )  # autoescape: never by file name
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    environment.filters["packed"] = _packed
    return environment


def _packed(text: str) -> str:
    """What the script unpacks: a tenth as large."""
    return base64.b64encode(gzip.compress(text.encode(errors="replace"), mtime=0)).decode()
