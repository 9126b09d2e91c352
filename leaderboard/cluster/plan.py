"""What a sweep has to do: its cells, each with those of its runs that are not done.

Hydra composes the configuration of every run anew, twice, at some 80 milliseconds. Here the runs that differ by the seed only
are a cell, which is composed once, when its turn comes; and what identifies its runs is kept for the next time, under a hash of
all that it depends on.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

import models
import tasks
from leaderboard.running.run import identified
from leaderboard.running.settings import SettingError, checked
from leaderboard.store.atomic import put
from leaderboard.store.record import exists
from leaderboard.store.schema import RecordError

SEED = re.compile(r"seed=(\d{1,15})")
Runs = dict[str, int]  # identifiers and seeds


class Cell(NamedTuple):
    """Runs that differ by the seed only: their `settings`, those that are to be made, and how many others are `done`.

    Or `refused`, in one line, all of them.
    """

    settings: dict[str, Any]
    runs: Runs
    done: int = 0
    refused: str = ""
    of: int = 0


class Later:
    """Hydra's loader of configurations, but for the runs of a sweep: they are composed a cell at a time, when it is planned."""

    def __init__(self, loader: ConfigLoader) -> None:
        self.loader = loader

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Asked by the sweeper to see whether a run can be composed."""
        return master_config

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


def grouped(jobs: Sequence[Sequence[str]]) -> dict[tuple[str, ...], list[int | None]]:
    """The seeds of each cell, by the rest of what its runs override, in the order in which they first occur."""
    cells: dict[tuple[str, ...], list[int | None]] = {}
    for overrides in jobs:
        seeds = [int(match[1]) for text in overrides if (match := SEED.fullmatch(text))]
        rest = tuple(text for text in overrides if not SEED.fullmatch(text))
        cells.setdefault(rest, []).append(seeds[-1] if seeds else None)
    return cells


class Plan:
    """The cells of a sweep of these `jobs`, by their overrides; `known` are identifiers of runs from an earlier time."""

    def __init__(self, loader: ConfigLoader, master: DictConfig, jobs: Sequence[Sequence[str]], folder: Path) -> None:
        self.loader, self.master, self.folder = loader, master, folder
        self.groups, self.total = grouped(jobs), len(jobs)
        hydra: Any = OmegaConf.to_container(master.hydra.overrides.hydra)
        self.own = [text for text in hydra if not text.startswith("hydra")]
        names = [[*rest, *map(str, seeds)] for rest, seeds in self.groups.items()]
        self.name = hashlib.sha256(json.dumps([self.own, names]).encode()).hexdigest()[:12]
        self.path = folder / ".sweeps" / f"{self.name}.plan"
        self.of, self.new, self.ahead = sources(loader), 0, dict[tuple[str, ...], Any]()
        self.known: dict[str, Runs] = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            before = json.loads(self.path.read_bytes())
            self.known = before["runs"] if before["of"] == self.of else {}

    def check(self) -> None:
        """Compose a cell with each override that has not been composed before: HydraException if one cannot be."""
        rests = {rest: json.dumps([*rest, *seeds]) in self.known for rest, seeds in self.groups.items()}
        seen = {text for rest, known in rests.items() if known for text in rest}
        for rest in rests:
            if not seen.issuperset(rest):
                self.ahead[rest] = self._composed(rest)
                seen.update(rest)

    def __iter__(self) -> Iterator[Cell]:
        """All cells; those with nothing to do are not composed if they are known."""
        for rest, seeds in self.groups.items():
            yield self._cell(rest, seeds)
            if self.new >= 100:
                self.keep()
        self.keep()

    def keep(self) -> None:
        """Write down what is known; a plan that cannot be written is made again."""
        if self.new:
            self.new = 0
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                put(self.path, json.dumps({"of": self.of, "runs": self.known}).encode())

    def _cell(self, rest: tuple[str, ...], seeds: list[int | None]) -> Cell:
        known = self.known.get(key := json.dumps([*rest, *seeds]))
        if known is not None and not (left := self._left(known)):
            return Cell({}, {}, done=len(seeds), of=len(seeds))
        cfg = self.ahead.pop(rest, None) or self._composed(rest)
        try:
            runs = self._identified(cfg, seeds) if known is None else known
        except (tasks.TaskError, models.ModelError, SettingError, RecordError) as error:
            return Cell({}, {}, refused=f"train: {error}", of=len(seeds))
        if known is None:
            self.known[key], self.new = runs, self.new + 1
            left = self._left(runs)
        settings: Any = OmegaConf.to_container(cfg, resolve=True)
        return Cell(settings, left, done=len(seeds) - len(left), of=len(seeds))

    def _left(self, runs: Runs) -> Runs:
        return {id: seed for id, seed in runs.items() if not exists(self.folder, id)}

    def _composed(self, rest: tuple[str, ...]) -> Any:
        cfg = self.loader.load_sweep_config(self.master, list(rest))
        with read_write(cfg), open_dict(cfg):
            del cfg["hydra"]
        return cfg

    def _identified(self, cfg: Any, seeds: list[int | None]) -> Runs:
        parts, runs = checked(cfg), Runs()
        for seed in seeds:
            if seed is not None:
                cfg.seed = seed
            runs[identified(cfg, *parts)[1]["id"]] = cfg.seed
        return runs


def sources(loader: ConfigLoader) -> str:
    """A hash of all on which the identifier of a run may depend beside its overrides: sources and configurations."""
    import leaderboard

    roots = [*tasks.__path__, *models.__path__, *leaderboard.__path__]
    roots += [part.path.removeprefix("file://") for part in loader.get_search_path().get_path() if part.path]
    whole = hashlib.sha256(json.dumps([metadata.version(name) for name in ("hydra-core", "omegaconf")]).encode())
    for path in sorted({path for root in roots for path in Path(root).rglob("*") if path.suffix in (".py", ".yaml", ".json")}):
        whole.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return whole.hexdigest()
