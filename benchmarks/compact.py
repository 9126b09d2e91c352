"""What `realizable compact` saves: `python benchmarks/compact.py [RECORDS]`, 10,000 unless said.

It writes the published records again and again, as other runs, into a folder, and measures that and its parts: megabytes as
`du` counts them, and CPU-seconds to read all records and to ask whether a run is done, the first time and then.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from leaderboard.store.compact import compact
from leaderboard.store.published import STANDARD, published
from leaderboard.store.record import exists, identifier, read, write


def timed(work: Callable[[], object]) -> str:
    """CPU-seconds of a piece of work."""
    started = time.process_time()
    work()
    return f"{time.process_time() - started:.4g}"


def measured(folder: Path, id: str) -> str:
    """Its size, and what it costs to read."""
    size = subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True).stdout.split()[0]
    reading, first, then = timed(lambda: read(folder)), timed(lambda: exists(folder, id)), timed(lambda: exists(folder, id))
    return f"{size} MB, {reading} CPU-s to read; is a run done: {first} CPU-s, then {then}"


def main() -> None:
    """Print all of it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with TemporaryDirectory() as name:
        folder = Path(name)
        for k, record in enumerate(islice(cycle(published(STANDARD)), count)):
            bare = {key: value for key, value in record.items() if key != "files"}
            made = bare | {"id": identifier({"k": k}), "cost": record["cost"] | {"seconds": record["cost"]["seconds"] + k}}
            write(folder, made)
        print(f"{count} files: {measured(folder, made['id'])}", flush=True)
        print(f"compact: {timed(lambda: compact(folder))} CPU-s", flush=True)
        print(f"{len(list((folder / 'parts').iterdir()))} parts: {measured(folder, made['id'])}", flush=True)


if __name__ == "__main__":
    main()
