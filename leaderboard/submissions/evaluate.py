"""Accuracies of checked weights: by `rescore`, in a process of its own, with limits and away from what was submitted."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from leaderboard.protocol import FACTORS, LENGTH, SEEDS
from leaderboard.store.schema import at_own_depth
from leaderboard.submissions import strict
from leaderboard.submissions.check import Submission, sized
from leaderboard.submissions.confine import limit
from leaderboard.submissions.description import UNITS
from leaderboard.submissions.faults import refuse
from leaderboard.submissions.rescore import Seeds
from tasks import Task

OURS = 2**30  # bytes of data, more than Python takes with torch and Lightning

Answer = dict[str, Any]  # of `rescore`: a seed and its scores


@dataclass(frozen=True)
class Limits:
    """Of one task: CPU and wall-clock seconds of its evaluation, bytes of memory, wall-clock seconds to train again."""

    cpu: int = 3600
    wall: int = 7200
    memory: int = 2**32
    training: int = 86_400


LIMITS = Limits()


def evaluate(submission: Submission, task: Task, words: int, seeds: Seeds, limits: Limits) -> list[Answer]:
    """What `rescore` answers on a task: the reference, then every seed; `Refused` where it does not."""
    said = submission.description
    job = {
        "task": task.name, "parameters": task.parameters, "model": said.model, "options": said.options,
        "net": sized(said, task),
        "length": LENGTH, "factors": FACTORS, "words": words, "seeds": seeds, "cpu": limits.cpu, "memory": limits.memory,
        "folder": str(submission.folder.absolute()),
        "files": [[file.seed, file.path, file.sha256] for file in submission.weights if file.task == task.label],
    }  # fmt: skip
    command, where = ["-m", "leaderboard.submissions.rescore"], task.label
    code, out = python(command, json.dumps(job), limits.wall, limits.memory, submission.folder, where)
    answers = [strict.parse(line, f"{where}, answers") for line in out.splitlines()]
    if answers and "fault" in answers[-1]:
        raise refuse(answers[-1]["fault"][0], where, answers[-1]["fault"][1])
    if code == -signal.SIGXCPU:
        raise refuse("S401", where, f"{limits.cpu} CPU seconds are spent")
    if code or [answer.get("seed") for answer in answers] != [None, *SEEDS]:
        raise refuse("S406", where, f"exit status {code}")
    return answers


def python(arguments: list[str], given: str, seconds: int, memory: int, submitted: Path, where: str) -> tuple[int, bytes]:
    """Run our own Python, away from what was submitted: exit status and stdout. `Refused` after so many seconds.

    It has `memory` bytes for data beyond OURS. Nothing submitted is code, so nothing can start processes or threads of its own.
    Whatever exception ends this, the process is killed and its empty folder removed; inside of `terminable` SIGTERM is one.
    Where we are killed by SIGKILL, the folder stays, and the process until it next writes to us or comes to its limits.
    """
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
            limit(resource.RLIMIT_DATA, OURS + memory, process.pid)
            out, _ = process.communicate(given.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            raise refuse("S402", where, f"{seconds} seconds are over") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return process.returncode, out


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM inside ends as an exception, SystemExit with code 143, so that nothing is left; in the main thread only."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def stop(number: int, frame: object) -> NoReturn:
        print("stopped by SIGTERM", file=sys.stderr)
        raise SystemExit(128 + number)

    if ours:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def accuracies(found: list[Answer]) -> dict[tuple[int, str], list[float]]:
    """Of each trained net, by length and unit."""
    by = defaultdict[tuple[int, str], list[float]](list)
    for one in found:
        for score in one["scores"]:
            if score.get("weights", "trained") == "trained" and at_own_depth(score):
                for unit in UNITS:
                    by[score["length"], unit].append(score[f"{unit}s_correct"] / score[f"{unit}s"])
    return by
