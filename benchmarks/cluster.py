"""What a sweep on a cluster costs beside its runs: `python benchmarks/cluster.py`.

Time that is lost a run, over two local workers; the time to find what is missing of 3,400 runs; and memory of the head, which
holds the scheduler, and of a worker.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

import tasks
import train
from leaderboard.cluster import worker
from leaderboard.cluster.plan import Plan
from leaderboard.cluster.sweep import Sweep
from leaderboard.running.command import Tally

RUNS, SECONDS, WORKERS = 200, 1.0, 2
MODELS = ("resnet", "plain", "revnet", "polynet", "lm_resnet")
RECIPES = ("plain", "progressive", "steady", "robust")


def nap(piece: worker.Piece) -> list[worker.Outcome]:
    """Runs that only take time."""
    import models.training.learner  # noqa: F401  # what a worker holds

    outcomes = []
    for id in piece.runs:
        started = time.perf_counter()
        time.sleep(SECONDS)
        outcomes.append(worker.Outcome(id, "done", "", time.perf_counter() - started))
    return outcomes


def overhead(master: Any, loader: Any, folder: Path, piece: float) -> None:
    """Print the time lost a run, from the first piece that was sent to the last that came back, and memory."""
    jobs = [[f"seed={seed}", f"results={folder}"] for seed in range(RUNS)]
    plan = Plan(loader, master, jobs, folder)
    times, memory = [], {}

    class Watched(Sweep):
        def _receive(self, workers: Any, future: Any) -> None:
            if not times:
                times.append(time.perf_counter())  # the first came back: both workers are warm
                self.warm = sum(self.tally.counts().values())
            super()._receive(workers, future)
            times[1:] = [time.perf_counter()]
            head = psutil.Process()
            memory["head and scheduler"] = head.memory_info().rss
            memory["worker"] = max(child.memory_info().rss for child in head.children())

        def _told(self, line: str, to: Any = None) -> None:
            return None

    tally = Tally(folder / "tally", RUNS, time.time())
    tally.path.touch()
    from leaderboard.cluster.settings import Settings

    sweep = Watched(plan, Settings(workers=WORKERS, piece=piece), tally)
    started = time.perf_counter()
    sweep.make()
    whole = time.perf_counter() - started
    took = times[1] - times[0]
    lost = (took * WORKERS - (RUNS - WORKERS) * SECONDS) / (RUNS - WORKERS)
    print(f"pieces of {piece:g} s: {1000 * lost:.1f} ms lost a run; {whole - took:.1f} s to begin and to end")
    print(", ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in memory.items()))


def resume(master: Any, loader: Any, folder: Path) -> None:
    """Print how long it takes to find three missing runs of 3,400, at first and again."""
    import sys

    sys.path.insert(0, str(Path(train.__file__).parent / "tests"))
    from records import done

    from leaderboard.store.record import write

    some = [name for name in tasks.names() if name not in ("circuit_value", "reachability")][:17]
    jobs = [
        [f"task={task}", f"model={model}", f"recipe={recipe}", f"seed={seed}", f"results={folder}"]
        for seed in range(10)
        for task in some
        for model in MODELS
        for recipe in RECIPES
    ]
    for name in ("first", "again"):
        wall, cpu = time.perf_counter(), time.process_time()
        plan = Plan(loader, master, jobs, folder)
        plan.check()
        cells = list(plan)
        missing = sum(len(cell.runs) for cell in cells)
        seconds = f"{time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} CPU-seconds"
        refused = sum(cell.of for cell in cells if cell.refused)
        print(f"{len(jobs)} runs in {len(cells)} cells, {missing} missing, {refused} refused, {name}: {seconds}", flush=True)
        ids = [id for cell in cells for id in cell.runs]
        for id in ids[:-3]:
            write(folder, done(id=id))


def main() -> None:
    """All of it."""
    worker.work = nap
    conf = str(Path(train.__file__).parent / "conf")
    with TemporaryDirectory() as name, initialize_config_dir(conf, version_base="1.3"):
        master = compose("config", ["hydra/launcher=dask"], return_hydra_config=True)
        loader = GlobalHydra.instance().config_loader()
        for piece in (60.0, 0.0):
            (Path(name) / f"{piece:g}").mkdir()
            overhead(master, loader, Path(name) / f"{piece:g}", piece)
        resume(master, loader, Path(name) / "many")


if __name__ == "__main__":
    main()
