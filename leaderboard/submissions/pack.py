"""`realizable pack`: make a submission of runs and of the weights that lie beside their records."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import models
from leaderboard.protocol import FACTORS, LENGTH, SEEDS, WORDS, words_at
from leaderboard.store.record import RecordError
from leaderboard.store.schema import at_own_depth
from leaderboard.store.weights import content
from leaderboard.submissions.check import Submission, check
from leaderboard.submissions.description import SCHEMA, UNITS
from leaderboard.submissions.folder import DESCRIPTION, weights

NET = ("width", "hidden", "layers", "norm", "inner")
# a submitted net is as wide as its plain reference needs, and its recipe is that of the schema of submissions
WITHOUT = ("net.tableau", "net.robust", "net.box", "net.recall", "training.noise", "training.steady", "training.progressive")
TRAINING = ("steps", "batch", "length", "rate", "weight_decay", "clip")

Record = dict[str, Any]


def pack(
    folder: Path,
    records: Sequence[Record],
    out: Path,
    *,
    name: str,
    authors: Sequence[str],
    link: str,
    model: str | None = None,
) -> Submission:
    """Write the runs of one architecture, and their weights in `folder`, as a submission to `out`, which must not exist.

    `model`: the label of the architecture, if there are several. It claims the scores of the records. RecordError if these
    runs make no submission: one recipe, every seed of each task, the benchmark's lengths and words. `Refused` with the
    faults that `check` finds. Then nothing is written.
    """
    if out.exists():
        raise RecordError(f"{out}: exists; name a folder that does not")
    by_task = _by_task(folder, _of_one(folder, records, model))
    one, *_ = by_task[min(by_task)]
    said = {
        "schema": SCHEMA,
        "name": name,
        "authors": list(authors),
        "link": link,
        "architecture": {"name": one["model"]["name"], "options": _options(one)},
        "net": {key: one["config"]["net"][key] for key in NET},
        "tasks": [
            {"name": runs[0]["task"]["name"], "parameters": runs[0]["task"]["parameters"], "claimed": _claimed(runs)}
            for _, runs in sorted(by_task.items())
        ],
        "training": {key: one["config"]["training"][key] for key in TRAINING},
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent) as made:
        inside = Path(made) / out.name
        for label, runs in by_task.items():
            for run in runs:
                path = inside / weights(label, run["seed"])
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content(folder, run))
        (inside / DESCRIPTION).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        checked = check(inside)
        inside.rename(out)
    return replace(checked, folder=out)


def _of_one(folder: Path, records: Sequence[Record], model: str | None) -> list[Record]:
    labels = {record["model"]["label"] for record in records}
    if len(asked := labels if model is None else labels & {model}) != 1:
        raise RecordError(f"{folder}: name one of its architectures with --model: {', '.join(sorted(labels))}")
    return [record for record in records if record["model"]["label"] in asked]


def _by_task(folder: Path, records: Sequence[Record]) -> dict[str, list[Record]]:
    """The runs of each task by its label, one a seed, in order; RecordError unless they are those of a submission."""
    for record in records:
        if record["status"] != "done":
            raise RecordError(f"{folder}: {record['task']['label']}, seed {record['seed']}: the run failed: {record['reason']}")
        if foreign := record["code"].get("plugins"):
            of = " and ".join(record[kind]["name"] for kind in foreign)
            raise RecordError(
                f"{folder}: {of} came from a plug-in, so nobody else can score it; allowed: what is in the package"
            )
    found: dict[str, dict[int, Record]] = {}
    recipe = _recipe(records[0])
    if unknown := [key for key in WITHOUT if recipe[key]]:
        raise RecordError(f"{folder}: runs with {unknown[0]}={recipe[unknown[0]]} cannot be handed in")
    if recipe["net.pace"] != 1:
        raise RecordError(f"{folder}: runs with net.pace={recipe['net.pace']} cannot be handed in; allowed: 1")
    for record in records:
        label, seed = record["task"]["label"], record["seed"]
        where = f"{folder}: {label}, seed {seed}"
        if different := [key for key, value in _recipe(record).items() if value != recipe[key]]:
            raise RecordError(f"{where}: another {', '.join(different)} than in the other runs; a submission has one recipe")
        if seed in found.setdefault(label, {}):
            raise RecordError(f"{where}: two runs of one seed")
        found[label][seed] = record
    for label, runs in found.items():
        if runs.keys() != set(SEEDS):
            raise RecordError(
                f"{folder}: {label} has seeds {', '.join(map(str, sorted(runs)))}; a submission has all of 0 to 9"
            )
    return {label: [runs[seed] for seed in SEEDS] for label, runs in found.items()}


def _recipe(record: Record) -> Mapping[str, Any]:
    """What all runs of a submission share, by the names of the configuration."""
    parts = {"net": NET, "training": TRAINING, "scoring": ("words",)}
    names = [f"{part}.{key}" for part, keys in parts.items() for key in keys]
    try:
        return {
            name: record["config"][name.partition(".")[0]][name.partition(".")[2]] for name in (*names, *WITHOUT, "net.pace")
        }
    except (KeyError, TypeError):
        raise RecordError(f"{record['id']}: not a run of train.py of this version: its configuration lacks something") from None


def _options(record: Record) -> dict[str, Any]:
    """The options of the architecture that are not left to their defaults."""
    plain = models.get(record["model"]["name"])
    return {key: value for key, value in record["model"]["parameters"].items() if value != getattr(plain, key)}


def _claimed(runs: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Accuracies at each test length, the mean over the seeds."""
    claimed = {}
    for factor in FACTORS:
        length = factor * LENGTH
        every = [s for run in runs for s in run["scores"] if (s["weights"], s["length"]) == ("trained", length)]
        scores, words = list(filter(at_own_depth, every)), words_at(WORDS, factor)
        if {score["words"] for score in scores} != {words}:
            raise RecordError(
                f"{runs[0]['task']['label']}: not scored on {words} words of {length} symbols; a submission takes "
                f"training.length={LENGTH} scoring.factors={list(FACTORS)} scoring.words={WORDS}".replace(", ", ",")
            )
        claimed[str(length)] = {
            unit: round(sum(s[f"{unit}s_correct"] for s in scores) / sum(s[f"{unit}s"] for s in scores), 4) for unit in UNITS
        }
    return claimed
