"""`realizable verify FOLDER`: score a submission from its weights alone, compare with what it claims, and give it a badge.

constructive: reference weights, also where they are passed off as trained, nearly the same or in disguise (`likeness`).
verified: the scores are those of the weights, however these were made. retrained:
the scores are those of nets that we trained by the recipe, and the submitted weights agree with them; no others are ranked. A
claim that does not hold is told (S501) and changes nothing in the scores.
"""

import hmac
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

from leaderboard import protocol
from leaderboard.protocol import DEPTHS, FACTORS, LENGTH, WORDS
from leaderboard.store.provenance import code
from leaderboard.store.record import SCHEMA, RecordError, read, write
from leaderboard.submissions.check import Submission, Weights, check, sized
from leaderboard.submissions.description import alike
from leaderboard.submissions.evaluate import LIMITS, Answer, Limits, accuracies, evaluate, terminable
from leaderboard.submissions.faults import Fault, Refused, quoted
from leaderboard.submissions.rescore import Seeds
from leaderboard.submissions.retrain import retrained
from leaderboard.waiting import counted
from tasks import Task

ROUNDING = 0.001  # a claim may differ by that much from what is found on the public words
ERRORS = 3  # and by that many standard errors more on others
CONSTRUCTIVE, VERIFIED, RETRAINED = "constructive", "verified", "retrained"


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
            mean = {of: fmean(nets) for of, nets in accuracies(records).items()}
            lengths = [length for length, unit in mean if unit == "word"]
            found = [f"{n}: {mean[n, 'symbol']:.3f} {mean[n, 'word']:.3f}" for n in lengths]
            which = f"{' and '.join(badges)}: {records[0]['model']['label']} on {task.label}"
            yield f"{which}; per symbol, whole words at length {', '.join(found)}"

    def write(self, folder: Path) -> None:
        """Commit the records to a folder; RecordError if another submission has this name there, or one that looks like it."""
        name, sha256 = self.submission.description.name, self.submission.sha256
        for other in _others(folder):
            if alike(str(other["name"]), name) and other.get("sha256") != sha256:
                raise RecordError(f"{folder} has another submission of the name {quoted(other['name'])}; give this one another")
        for record in self.records:
            write(folder, record)


@terminable()
def verify(
    folder: Path,
    *,
    hidden: Callable[[Task], Seeds] | None = None,
    drawn: str | None = None,
    retrain: bool = False,
    words: int = WORDS,
    limits: Limits = LIMITS,
) -> Verified:
    """Check a submission, then score it on the public test words, or on those of `hidden` seeds.

    `drawn` names what the hidden seeds come from: scores are compared with those on words of the same origin only.

    `Refused` with the faults of `check`, S401 to S406 where its weights cannot be evaluated, S006 where one net is handed in as
    several.
    """
    submission = check(folder)
    records, faults = list[dict[str, Any]](), list[Fault]()
    for task in counted(submission.description.tasks, "tasks scored", len(submission.description.tasks)):
        seeds = hidden(task) if hidden else None
        reference, *found = evaluate(submission, task, words, seeds, limits)
        _different(submission, task, found)
        faults += _claims(submission, task, found, ERRORS * sqrt(1 / WORDS + 1 / words) if seeds else 0)
        badge, shown = VERIFIED, found
        if retrain:
            try:
                badge, shown = RETRAINED, retrained(submission, task, found, words, seeds, limits)
            except Refused as refused:
                faults += refused.faults
        origin = code(task.name, submission.description.model)
        files = [file for file in submission.weights if file.task == task.label]
        for file, own, answer in zip(files, found, shown, strict=True):
            of, given = (own, CONSTRUCTIVE) if _constructive(file, own) else (answer, badge)
            records.append(_record(submission, task, file, of, reference, given, words, drawn, origin))
    return Verified(submission, tuple(records), tuple(faults))


def keyed(key: str, task: Task) -> Seeds:
    """Seeds of a key: HMAC-SHA256 of the task and the length."""
    lengths = [LENGTH * factor for factor in FACTORS]
    return {str(n): hmac.digest(key.encode(), f"{task.label}\0{n}".encode(), "sha256").hex() for n in lengths}


def fingerprint(key: str | None) -> str | None:
    """A name for the words of a key, which does not give it away; None without one."""
    return None if key is None else hmac.digest(key.encode(), b"fingerprint", "sha256").hex()


def _others(folder: Path) -> list[dict[str, Any]]:
    """What the records of a folder say of submissions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is no record: it is told where records are shown
        return [record["submission"] for record in (read(folder) if folder.is_dir() else []) if record.get("submission")]


def _constructive(file: Weights, answer: Answer) -> bool:
    """Whether these are reference weights, by their numbers or by what the net computes."""
    return file.constructive or answer["alike"] == "reference"


def _different(submission: Submission, task: Task, found: list[Answer]) -> None:
    """`Refused`, S006, with every file that holds the net of another; reference weights may be the same."""
    files = [file for file in submission.weights if file.task == task.label]
    copies = [
        Fault("S006", file.path, f"the same net as {answer['alike']}, its units permuted or scaled, or its logits shifted")
        for file, answer in zip(files, found, strict=True)
        if answer["alike"] and not _constructive(file, answer)
    ]
    if copies:
        raise Refused(copies)


def _claims(submission: Submission, task: Task, found: list[Answer], errors: float) -> Iterator[Fault]:
    """S501 for each claim that differs by more than ROUNDING and `errors`, in standard deviations of one word."""
    for (length, unit), nets in accuracies(found).items():
        claimed, accuracy = submission.description.claimed[task.label][str(length)][unit], fmean(nets)
        p = (claimed + accuracy) / 2
        if abs(claimed - accuracy) > ROUNDING + errors * sqrt(p * (1 - p)):
            yield Fault("S501", f"{task.label}, length {length}, {unit}", f"claimed {claimed:.3f}, found {accuracy:.3f}")


def _record(
    submission: Submission, task: Task, file: Weights, answer: Answer, reference: Answer, badge: str,
    words: int, drawn: str | None, origin: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The record of one file of weights, as a run of train.py leaves one."""
    said = submission.description
    scoring = {"factors": list(FACTORS), "depths": list(DEPTHS), "words": words} | ({"seeds": drawn} if drawn else {})
    settings = {"net": dict(said.net), "training": dict(said.training), "scoring": scoring, "seed": file.seed}
    given = {"submission": submission.sha256, "badge": badge}
    described = protocol.described("submission", task, said.architecture, settings | given)
    named = {of: {"name": described[of]["name"]} | described[of]["parameters"] for of in ("task", "model")}
    return {
        "schema": SCHEMA,
        "status": "done",
        "reason": None,
        **described,
        "seed": file.seed,
        "config": named | settings,
        "code": origin,
        "net": {"parameters": answer["parameters"]} | {key: sized(said, task)[key] for key in ("width", "hidden")},
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
            "training_cpu_seconds": None,
            "peak_memory": None,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }
