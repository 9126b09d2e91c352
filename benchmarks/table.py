"""CPU-seconds that the table of 10,000 records takes: `python benchmarks/table.py [models tasks seeds] [--profile]`.

The records are synthetic: scores fall with the length, a run in fifty failed, one in fifty is missing; the weights beside them
are empty files. They are written to a folder that is removed afterwards. Imports are not counted.
"""

import cProfile
import json
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from leaderboard.store.schema import SCHEMA

FACTORS, LENGTH, WORDS = (0.5, 1, 2, 4, 8), 12, 512


def scores(random: np.random.Generator, skill: float) -> list[dict[str, Any]]:
    """Scores of trained and reference weights on the grid; `skill` is what remains of the accuracy as lengths double."""
    found = []
    for weights in ("trained", "reference"):
        for factor, deep in [*((factor, factor) for factor in FACTORS), (1, 2), (1, 4)]:
            right = 1.0 if weights == "reference" else 0.5 + 0.5 * skill ** max(0, deep - 1 + random.exponential(0.2))
            length, depth = int(factor * LENGTH), int(deep * LENGTH)
            symbols, words = length * WORDS, round(WORDS * right ** (length / 4))
            found.append(
                {"weights": weights, "factor": factor, "length": length, "depth": depth, "depth_of": depth, "words": WORDS}
                | {"words_correct": words, "symbols": symbols, "symbols_correct": round(symbols * right), "distinct": WORDS}
                | {"symbol_chance": 0.5, "word_chance": 0.01, "symbol_shortcut": 0.55, "word_shortcut": 0.01}
                | {"unchanged": words, "curve_length": 3.7 * depth, "projective_length": 2.0, "evaluations": depth}
                | {"codes": 40, "saturated": None, "held_out": True}
            )
    return found


def records(random: np.random.Generator, models: int, tasks: int, seeds: int) -> Iterator[dict[str, Any]]:
    """A record a model, task and seed, shaped as those that train.py writes."""
    skills = random.beta(4, 1, (models, tasks))
    for run in range(models * tasks * seeds):
        model, task, seed = np.unravel_index(run, (models, tasks, seeds))
        fate = random.random()
        if fate < 0.02:
            continue
        failed, id = fate > 0.98, f"{run:016x}"
        yield {
            "schema": SCHEMA,
            "id": id,
            "status": "failed" if failed else "done",
            "reason": "TrainingError: the loss is not finite" if failed else None,
            "protocol": {"name": "synthetic", "hash": "0" * 8, "settings": {"version": 1, "training.length": LENGTH}},
            "recipe": {"label": "", "settings": {"training.rate": 0.003}, "choice": None},
            "task": {"name": f"t{task}", "label": f"task(kind={task})", "parameters": {"kind": int(task)}}
            | {"version": 1, "class": "P"},
            "model": {"name": f"m{model}", "label": f"model{model:02}", "parameters": {}, "version": 1},
            "seed": int(seed),
            "config": {
                "training": {"length": LENGTH, "steps": 400, "batch": 64, "rate": 0.003, "weight_decay": 0.01, "clip": 1.0},
                "scoring": {"factors": FACTORS, "words": WORDS},
                "net": {"width": 32, "hidden": 64, "layers": 0, "norm": False, "tableau": 0, "memory": "store"},
            },
            "code": {"task": "0" * 16, "model": "1" * 16, "commit": "2" * 40, "versions": {"python": "3.13", "torch": "2.9"}}
            | {"processor": "x86_64"},
            "net": None if failed else {"parameters": 6000 + 100 * int(model), "width": 32, "hidden": 64},
            "reference": None if failed else {"reason": None, "longest": None, "width": 13, "hidden": 9},
            "training": None
            if failed
            else {
                "steps": 400,
                "examples": 25600,
                "examples_to_solve": None,
                "loss": [[step, 0.7 * 0.99 ** (step / 4)] for step in range(0, 401, 50)],
            },
            "scores": [] if failed else scores(random, float(skills[model, task])),
            "cost": {"seconds": 9.1, "cpu_seconds": 9.0, "training_cpu_seconds": 8.0, "peak_memory": 400_000_000}
            | {"started": "2026-01-01T00:00:00+00:00"},
            "files": {} if failed else {f"{id}.safetensors": {"sha256": "0" * 64, "bytes": 0}},
        }


def timed(name: str, make: Callable[[], Any]) -> Any:
    """What `make` makes; its CPU-seconds are printed."""
    started = time.process_time()
    made = make()
    print(f"{name:34}{time.process_time() - started:8.2f} s")
    return made


def main() -> None:
    """Print a line a stage."""
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()] or [40, 25, 10]
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        for record in records(np.random.default_rng(0), *sizes):
            name = f"{record['id']}{'.failed' * (record['status'] == 'failed')}.json"
            Path(folder, name).write_text(json.dumps(record, indent=1), encoding="utf-8")
            for weights in record["files"]:
                Path(folder, weights).touch()
            number += 1
        print(f"{number} records of {sizes[0]} models, {sizes[1]} tasks, {sizes[2]} seeds")
        measure(Path(folder))


def measure(folder: Path) -> None:
    """Time what the command does, stage by stage; with --profile, what takes longest in it."""
    from leaderboard.cli import records
    from leaderboard.tables import frame as runs
    from leaderboard.tables import views
    from leaderboard.tables.protocols import grouped

    profile = cProfile.Profile()
    started = time.process_time()
    if "--profile" in sys.argv:
        profile.enable()
    read = timed("read", lambda: records.read_records(folder))
    (group,) = timed("protocols, frame", lambda: grouped(read))
    df = group.df
    timed("one table", lambda: views.sections(group, "scores", [("symbol", FACTORS[-1])]))
    print(f"{'reading, and one table':34}{time.process_time() - started:8.2f} s")
    keys = [(metric, factor) for metric in runs.METRICS for factor in runs.factors(df)]
    every = timed("all tables", lambda: views.sections(group, "scores", keys))
    for form in views.FILES.values():
        timed(form, lambda form=form: views.joined(every, "", form))
    for name in ("short", "dynamics", "profile", "pairs", "efficiency", "frontier"):
        timed(f"view {name}", lambda name=name: views.VIEWS[name].make(df, "symbol", FACTORS[-1]))
    if "--profile" in sys.argv:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
