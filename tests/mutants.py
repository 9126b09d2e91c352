"""Do the tests bite? Plant one bug at a time in a copy of the repository and run the tests that should see it.

`python tests/mutants.py`, or `make mutants`. Exit status 1 if a mutant survives, does not apply, or is no mutant because
its tests fail on the clean copy or cannot run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from bugs import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
SECONDS = 600  # a mutant that runs longer is killed by the clock


def copy(target: Path) -> Path:
    """The tracked and the untracked, not ignored files of the repository, in `target`."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def python(tree: Path, *arguments: str, seconds: int | None = SECONDS) -> subprocess.CompletedProcess[str]:
    """Run the interpreter on the modules of `tree` and no others; no bytecode, which could outlive a mutant."""
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment = os.environ | threads | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=seconds)


def pytest(tree: Path, *options: str, seconds: int | None = SECONDS) -> subprocess.CompletedProcess[str]:
    return python(tree, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *options, seconds=seconds)


@contextmanager
def planted(tree: Path, mutant: Mutant) -> Iterator[None]:
    """The mutant in place, and gone afterwards. ValueError unless it applies at exactly one place."""
    path = tree / mutant.file
    clean = path.read_text()
    if (times := clean.count(mutant.old)) != 1:
        raise ValueError(f"occurs {times} times, not once")
    path.write_text(clean.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        path.write_text(clean)


def verdict(tree: Path, mutant: Mutant) -> str:
    """`killed by ...`, `SURVIVED`, or `ERROR: ...`."""
    try:
        with planted(tree, mutant):
            done = pytest(tree, *mutant.tests.split())
    except ValueError as error:
        return f"ERROR: {error}"
    except subprocess.TimeoutExpired:
        return "killed by the clock"
    failed = re.search(r"^FAILED (\S+)", done.stdout, re.M)
    if done.returncode == 1 and failed:
        return f"killed by {failed[1]}"
    return "SURVIVED" if done.returncode == 0 else f"ERROR: the tests did not run\n{done.stdout[-2000:]}{done.stderr[-500:]}"


def check_clean(tree: Path) -> None:
    """Exit unless the copy's own modules are imported and every test named in the table passes on it."""
    packages = ("models", "tasks", "leaderboard")
    lines = [f"import {name}; print({name}.__file__)" for name in packages]
    found = python(tree, "-c", "; ".join(lines)).stdout.split()
    expected = [str(tree / name / "__init__.py") for name in packages]
    if found != expected:
        sys.exit(f"the copy does not import its own modules: {found}, not {expected}")
    tests = sorted({test for mutant in MUTANTS for test in mutant.tests.split()})
    done = pytest(tree, "-n", str(WORKERS), *tests, seconds=None)
    if done.returncode:
        sys.exit(f"the tests fail without any mutant:\n{done.stdout[-4000:]}{done.stderr[-1000:]}")


def main() -> None:
    trees: SimpleQueue[Path] = SimpleQueue()

    def run(mutant: Mutant) -> str:
        tree = trees.get()
        try:
            return verdict(tree, mutant)
        finally:
            trees.put(tree)

    with TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        for k in range(WORKERS):
            trees.put(copy(Path(folder).resolve() / str(k)))
        check_clean(Path(folder).resolve() / "0")
        bad = 0
        for mutant, found in zip(MUTANTS, pool.map(run, MUTANTS), strict=True):
            bad += not found.startswith("killed")
            print(f"{mutant.file}: {mutant.old.strip()!r} -> {mutant.new.strip()!r}: {found}", flush=True)
    print(f"{len(MUTANTS) - bad} of {len(MUTANTS)} mutants killed")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
