"""The last two states of a run in training, so that a killed one goes on where it was: `<results>/checkpoints/<id>/`.

A file `<step>.checkpoint` is the SHA-256 of the rest, 32 bytes, and what torch saved, which is read as data, never as code
(`weights_only`).
"""

import hashlib
import io
import shutil
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from leaderboard.store.atomic import put

KEPT = 2


class Checkpoints:
    """States of one run, every `every` steps (0: none), and the time that it has spent."""

    def __init__(self, folder: Path, every: int) -> None:
        self.folder, self.every = folder, every
        self._before, self._started = (0.0, 0.0), (time.perf_counter(), time.process_time())

    def spent(self) -> tuple[float, float]:
        """Seconds and CPU-seconds since this object was made, and before that those up to the state that was resumed."""
        now = (time.perf_counter(), time.process_time())
        seconds, cpu = (past + end - start for past, end, start in zip(self._before, now, self._started, strict=True))
        return seconds, cpu

    def keep(self, step: int, state: dict[str, Any]) -> None:
        """Save a state and leave only the last two; if it cannot be written, warn: training goes on without."""
        buffer = io.BytesIO()
        torch.save(state | {"spent": self.spent()}, buffer)
        data = buffer.getvalue()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            put(self.folder / f"{step}.checkpoint", hashlib.sha256(data).digest() + data)
            for path in self._paths()[KEPT:]:
                path.unlink(missing_ok=True)
        except OSError as error:
            warnings.warn(f"no checkpoint at step {step}: {error}", stacklevel=2)

    def newest(self) -> dict[str, Any] | None:
        """The newest state that is whole, each damaged one before it named in a warning; None if there is none."""
        for path in self._paths():
            try:
                content = path.read_bytes()
                digest, data = content[:32], content[32:]
                if hashlib.sha256(data).digest() != digest:
                    raise ValueError("its SHA-256 is not that it begins with")
                state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
                self._before = state["spent"]
            except Exception as error:  # torch raises anything at all on a file that is not its own
                warnings.warn(f"skipped a damaged checkpoint, {path}: {str(error).partition(chr(10))[0]}", stacklevel=2)
                continue
            return state
        return None

    def remove(self) -> None:
        """Delete them all; the run is committed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # other runs have theirs
            self.folder.parent.rmdir()

    def _paths(self) -> list[Path]:
        """The files, newest first."""
        found = [path for path in self.folder.glob("*.checkpoint") if path.stem.isdigit()]
        return sorted(found, key=lambda path: int(path.stem), reverse=True)
