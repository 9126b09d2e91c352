"""What a worker does: the runs of a piece, one after the other, in a warm process with one thread.

A worker that is killed says nothing: its piece is made anew by another one, without the runs that are done. A run leaves a mark
when it begins, which its end takes away. So a run that takes every worker with it is known by its marks, and gets a `failed`
record in the end.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

LEAVING = threading.Event()  # this process is about to end: its run keeps a checkpoint, and stops


class Piece(NamedTuple):
    """Runs of one cell: its `settings`, identifiers and seeds; made in the folder `home`, `tries` times at most."""

    settings: dict[str, Any]
    runs: dict[str, int]
    home: str
    tries: int


class Outcome(NamedTuple):
    """What became of one run: done, failed, skipped or refused; or `broken` by a disk that takes no files.

    Or, of none, that the worker has `left`.
    """

    id: str
    status: str
    line: str = ""
    seconds: float = 0.0
    worker: str = ""  # its address, if it goes


def work(piece: Piece) -> list[Outcome]:
    """Make the runs of a piece, as far as this worker gets."""
    os.chdir(piece.home)
    return list(_outcomes(piece))


def _outcomes(piece: Piece) -> Iterator[Outcome]:
    lost = False
    for id, seed in piece.runs.items():
        if LEAVING.is_set():
            yield Outcome("", "left", worker=_address())
            return
        started = time.perf_counter()
        try:
            status, line, lost = _made(piece, id, seed, lost)
        except KeyboardInterrupt:  # the run was told to leave; its state is kept
            yield Outcome("", "left", worker=_address())
            return
        except OSError as error:
            yield Outcome(id, "broken", str(error), worker=_address())
            return
        yield Outcome(id, status, line, time.perf_counter() - started)


def _made(piece: Piece, id: str, seed: int, lost: bool) -> tuple[str, str, bool]:
    """The status of a run that has ended, the line that is said of it, and whether the rest of its block is `lost` with it."""
    from omegaconf import OmegaConf

    import models
    import tasks
    from leaderboard.running import command
    from leaderboard.running.config import Config
    from leaderboard.running.run import give_up, run
    from leaderboard.running.settings import SettingError, expanded
    from leaderboard.store.schema import RecordError

    cfg: Any = OmegaConf.merge(OmegaConf.structured(Config), piece.settings, {"seed": seed})
    marks = expanded(cfg.results) / ".sweeps" / "tries" / id
    try:
        if lost or _marked(marks) > piece.tries:
            lost = cfg.together > 1  # the others of a block are trained with it
            record = give_up(cfg, f"gone with its worker {piece.tries} times, killed or lost")
        else:
            record = run(cfg, LEAVING.is_set)
    except (tasks.TaskError, models.ModelError, SettingError, RecordError) as error:
        return "refused", f"train: {error}", lost
    finally:  # which a process that is killed does not reach
        with suppress(OSError):
            marks.unlink(missing_ok=True)
    return record["status"], command.line(record), lost


def _marked(marks: Path) -> int:
    """Leave one more mark; how many there are."""
    with suppress(OSError):  # the record will say whether the disk is full
        marks.parent.mkdir(parents=True, exist_ok=True)
        with marks.open("ab", buffering=0) as file:
            file.write(b"x")
            return file.tell()
    return 1


def _address() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:  # in no worker
        return ""
