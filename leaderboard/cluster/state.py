"""What is known of a sweep while it runs, in a small file beside its records: for whoever looks from elsewhere."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from leaderboard.running.duration import duration, left
from leaderboard.store.atomic import put

EVERY = 2.0  # seconds between two signs of life
SILENT = 60.0  # seconds without one, after which a sweep is said to be silent


@dataclass
class State:
    """How far a sweep is: its `name`, runs by what became of them, and when its head was last `seen`, in seconds since 1970."""

    name: str
    total: int
    counts: dict[str, int]
    running: int
    workers: int
    started: float
    seen: float
    dashboard: str = ""
    ended: str = ""

    def write(self, folder: Path) -> None:
        """Let others see it; one that cannot be written stops nothing."""
        with suppress(OSError):
            (folder / ".sweeps").mkdir(parents=True, exist_ok=True)
            put(folder / ".sweeps" / f"{self.name}.state", json.dumps(asdict(self)).encode(), mark="")

    def __str__(self) -> str:
        """One line: `12 of 40 runs, 2 running on 2 workers, 1 failed, 3 min left; seen 2 s ago`."""
        ended, made = sum(self.counts.values()), self.counts.get("done", 0) + self.counts.get("failed", 0)
        parts = [f"{ended} of {self.total} runs"]
        parts += [f"{count} {status}" for status, count in self.counts.items() if count and status != "done"]
        if self.ended:
            return ", ".join(parts) + f"; {self.ended}"
        parts.append(f"{self.running} running on {self.workers} workers")
        if made and ended < self.total:
            parts.append(left(self.seen - self.started, made, self.total - ended))
        silence = time.time() - self.seen
        last = f"seen {duration(silence)} ago"
        last += ", so it may be gone: the same command goes on" if silence > SILENT else f"; dashboard {self.dashboard}"
        return ", ".join(parts) + f"; {last}"


def states(folder: Path) -> Iterator[State]:
    """Of all sweeps that were made into a folder, the latest last; what cannot be read is left out."""
    found = []
    for path in (folder / ".sweeps").glob("*.state"):
        with suppress(OSError, ValueError, TypeError):
            found.append(State(**json.loads(path.read_bytes())))
    yield from sorted(found, key=lambda state: state.seen)
