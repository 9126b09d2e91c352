"""`realizable verify FOLDER`: score a submission from its weights alone, compare with what it claims, and give it a badge.

constructive: reference weights, also where they are passed off as trained. verified: the scores are those of the weights.
retrained: training again by the recipe gives these scores. Weights are evaluated in a process with limits, which is
`rescore`; a claim that does not hold is told (S501) and changes nothing in the scores.
"""

import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from leaderboard.store.provenance import commit, version, versions
from leaderboard.store.record import SCHEMA, identifier, read, write
from leaderboard.submissions import strict
from leaderboard.submissions.check import Submission, Weights, check
from leaderboard.submissions.description import FACTORS, LENGTH, UNITS, Description
from leaderboard.submissions.faults import Fault, refuse
from leaderboard.submissions.folder import SEEDS
from leaderboard.submissions.rescore import Seeds
from tasks import Task

WORDS = 512
ROUNDING = 0.001  # a claim may differ by that much from what is found on the public words
SAMPLING = 0.05  # and by that much on other words; so may scores after training again
CONSTRUCTIVE, VERIFIED, RETRAINED = "constructive", "verified", "retrained"


@dataclass(frozen=True)
class Limits:
    """Of the evaluation of one task: CPU seconds, wall-clock seconds, bytes of memory. `training`: seconds to train again."""

    cpu: int = 3600
    wall: int = 7200
    memory: int = 2**32
    training: int = 86_400


@dataclass(frozen=True)
class Verified:
    """Records of a submission, one a task and seed, and the faults S501 and S502 of its claims."""

    submission: Submission
    records: tuple[dict[str, Any], ...]
    faults: tuple[Fault, ...]

    def lines(self) -> Iterator[str]:
        """What was found, a line a task: its badge, and mean accuracies per symbol and of whole words at every length."""
        for task in self.submission.description.tasks:
            records = [record for record in self.records if record["task"]["label"] == task.label]
            badges = sorted({record["submission"]["badge"] for record in records})
            means = _means(records)
            lengths = [length for length, unit in means if unit == "word"]
            found = [f"{n}: {means[n, 'symbol']:.3f} {means[n, 'word']:.3f}" for n in lengths]
            which = f"{' and '.join(badges)}: {records[0]['model']['label']} on {task.label}"
            yield f"{which}; per symbol, whole words at length {', '.join(found)}"

    def write(self, folder: Path) -> None:
        """Commit the records to a folder."""
        for record in self.records:
            write(folder, record)


def verify(
    folder: Path,
    *,
    hidden: Callable[[Task], Seeds] | None = None,
    retrain: bool = False,
    words: int = WORDS,
    limits: Limits = Limits(),
) -> Verified:
    """Check a submission, then score it on the public test words, or on those of `hidden` seeds.

    `Refused` with the faults of `check`, or S401 to S406 where its weights cannot be evaluated.
    """
    submission = check(folder)
    records, faults = list[dict[str, Any]](), list[Fault]()
    for task in submission.description.tasks:
        seeds = hidden(task) if hidden else None
        reference, *found = evaluate(submission, task, words, seeds, limits)
        different = _retrained(submission, task, found, words, limits) if retrain else []
        badge = RETRAINED if retrain and not different else VERIFIED
        code: dict[str, Any] = {"task": version("task", task.name), "model": version("model", submission.description.model)}
        code |= {"commit": commit(), "versions": versions()}
        files = [file for file in submission.weights if file.task == task.label]
        records += [
            _record(submission, task, file, answer, reference, CONSTRUCTIVE if file.constructive else badge, words, seeds, code)
            for file, answer in zip(files, found, strict=True)
        ]
        faults += [*_claims(submission, task, found, ROUNDING if seeds is None else SAMPLING), *different]
    return Verified(submission, tuple(records), tuple(faults))


def keyed(key: str, task: Task) -> Seeds:
    """Seeds of a key: HMAC-SHA256 of the task and the length."""
    lengths = [LENGTH * factor for factor in FACTORS]
    return {str(n): hmac.digest(key.encode(), f"{task.label}\0{n}".encode(), "sha256").hex() for n in lengths}


def evaluate(submission: Submission, task: Task, words: int, seeds: Seeds, limits: Limits) -> list[dict[str, Any]]:
    """What `rescore` answers on a task: the reference, then every seed; `Refused` where it does not."""
    said = submission.description
    job = {
        "task": task.name, "parameters": task.parameters, "model": said.model, "options": said.options, "net": said.net,
        "length": LENGTH, "factors": FACTORS, "words": words, "seeds": seeds, "cpu": limits.cpu, "memory": limits.memory,
        "folder": str(submission.folder.absolute()),
        "files": [[file.seed, file.path, file.sha256] for file in submission.weights if file.task == task.label],
    }  # fmt: skip
    command, where = ["-m", "leaderboard.submissions.rescore"], task.label
    code, out = _python(command, json.dumps(job), limits.wall, submission.folder, where)
    answers = [strict.parse(line, f"{where}, answers") for line in out.splitlines()]
    if answers and "fault" in answers[-1]:
        raise refuse(answers[-1]["fault"][0], where, answers[-1]["fault"][1])
    if code == -signal.SIGXCPU:
        raise refuse("S401", where, f"{limits.cpu} CPU seconds are spent")
    if code or [answer.get("seed") for answer in answers] != [None, *SEEDS]:
        raise refuse("S406", where, f"exit status {code}")
    return answers


def _python(arguments: list[str], given: str, seconds: int, submitted: Path, where: str) -> tuple[int, bytes]:
    """Run our own Python, away from what was submitted: exit status and stdout. `Refused` after so many seconds."""
    root, home = Path(__file__).parents[2], submitted.resolve()
    ours = [root, *(Path(part).resolve() for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)]
    path = [str(part) for part in ours if part != home and home not in part.parents]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with (
        tempfile.TemporaryDirectory() as empty,
        subprocess.Popen(
            [sys.executable, "-P", *arguments], env=environment, cwd=empty, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process,
    ):  # fmt: skip
        try:
            out, _ = process.communicate(given.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            raise refuse("S402", where, f"{seconds} seconds are over") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out


def _means(found: list[dict[str, Any]]) -> dict[tuple[int, str], float]:
    """Accuracy by length and unit: the mean over the trained nets, all on the same words."""
    scores = [score for one in found for score in one["scores"] if score.get("weights", "trained") == "trained"]
    lengths = sorted({score["length"] for score in scores})
    at = {length: [score for score in scores if score["length"] == length] for length in lengths}
    return {
        (length, unit): sum(score[f"{unit}s_correct"] for score in some) / sum(score[f"{unit}s"] for score in some)
        for length, some in at.items()
        for unit in UNITS
    }


def _claims(submission: Submission, task: Task, found: list[dict[str, Any]], tolerance: float) -> Iterator[Fault]:
    for (length, unit), accuracy in _means(found).items():
        claimed = submission.description.claimed[task.label][str(length)][unit]
        if abs(claimed - accuracy) > tolerance:
            yield Fault("S501", f"{task.label}, length {length}, {unit}", f"claimed {claimed:.3f}, found {accuracy:.3f}")


def _retrained(submission: Submission, task: Task, found: list[dict[str, Any]], words: int, limits: Limits) -> list[Fault]:
    """Train again by the recipe, all seeds, with train.py; where the mean scores differ by more than SAMPLING."""
    said, where = submission.description, f"{task.label}, trained again"
    if said.net["inner"]:
        return [Fault("S502", where, "train.py makes no nets with an inner layer")]
    with tempfile.TemporaryDirectory() as results:
        code, _ = _python([_script(), *_overrides(said, task, words, results)], "", limits.training, submission.folder, where)
        records = read(Path(results))
    if [record["seed"] for record in sorted(records, key=lambda record: record["seed"])] != list(SEEDS):
        return [Fault("S502", where, f"{len(records)} of {len(SEEDS)} runs ended, exit status {code}")]
    if failed := [record for record in records if record["status"] != "done"]:
        return [Fault("S502", where, f"{len(failed)} of {len(SEEDS)} runs failed")]
    before, after = _means(found), _means(records)
    return [
        Fault("S502", f"{where}, length {length}, {unit}", f"{after[length, unit]:.3f}, submitted {before[length, unit]:.3f}")
        for length, unit in before
        if abs(after[length, unit] - before[length, unit]) > SAMPLING
    ]


def _script() -> str:
    """Where train.py is."""
    spec = find_spec("train")
    return str(spec.origin if spec else None)


def _overrides(said: Description, task: Task, words: int, results: str) -> list[str]:
    """The recipe as a command line of train.py."""
    groups: dict[str, dict[str, Any]] = {
        "++task": task.parameters,
        "++model": asdict(said.architecture),
        "net": {name: value for name, value in said.net.items() if name != "inner"},
        "training": dict(said.training),
    }
    values = [f"{group}.{name}={json.dumps(value)}" for group, some in groups.items() for name, value in some.items()]
    scoring = [f"scoring.words={words}", f"scoring.factors={list(FACTORS)}", f"seed={','.join(map(str, SEEDS))}"]
    return ["-m", f"task={task.name}", f"model={said.model}", *values, *scoring, f"results={results}"]


def _record(
    submission: Submission, task: Task, file: Weights, answer: dict[str, Any], reference: dict[str, Any], badge: str,
    words: int, seeds: Seeds, code: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The record of one file of weights, as a run of train.py leaves one."""
    said = submission.description
    named = {"task": {"name": task.name} | task.parameters, "model": {"name": said.model} | asdict(said.architecture)}
    scoring = {"factors": list(FACTORS), "words": words} | ({"seeds": identifier(dict(seeds))} if seeds else {})
    config = named | {"net": said.net, "training": said.training, "scoring": scoring, "seed": file.seed}
    return {
        "schema": SCHEMA,
        "id": identifier({"submission": submission.sha256, "config": config, "code": [code["task"], code["model"]]}),
        "status": "done",
        "reason": None,
        "task": {"name": task.name, "label": task.label, "parameters": task.parameters, "class": task.card.complexity},
        "model": {"name": said.model, "label": said.architecture.label, "parameters": named["model"]},
        "seed": file.seed,
        "config": config,
        "code": code,
        "net": {"parameters": answer["parameters"], "width": said.net["width"], "hidden": said.net["hidden"]},
        "reference": reference["reference"],
        "training": {
            "steps": said.training["steps"],
            "examples": said.training["steps"] * said.training["batch"],
            "examples_to_solve": None,
            "loss": [],
        },
        "scores": [
            {"weights": weights} | score
            for weights, some in (("trained", answer), ("reference", reference))
            for score in some["scores"]
        ],
        "submission": {
            "name": said.name,
            "authors": list(said.authors),
            "link": said.link,
            "badge": badge,
            "claimed": said.claimed[task.label],
            "sha256": submission.sha256,
        },
        "cost": {
            "seconds": answer["seconds"],
            "cpu_seconds": answer["cpu_seconds"],
            "peak_memory": None,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }
