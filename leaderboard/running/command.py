"""`train.py` and `realizable train` as commands: each run tells its line, a sweep how far it is, and a mistake is one line.

The runs of a sweep may be made by several processes. They add a letter each to one small file, which says how many there are.
"""

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

import models
import tasks
from leaderboard.running.config import Config, register
from leaderboard.running.duration import left
from leaderboard.running.run import run, summary
from leaderboard.running.settings import SettingError
from leaderboard.store.record import RecordError
from tasks import plugins

TERMINATED = 128 + signal.SIGTERM  # the exit code that a shell gives a process that this signal ended
SWEEP = "REALIZABLE_SWEEP"  # the environment variable by which the processes of a sweep find its tally
STATUSES = ("done", "skipped", "failed", "refused")  # of a run; each by its first letter in the file


class Tally(NamedTuple):
    """How many runs of a sweep have ended, and how: a letter each in `path`; `total` may be unknown: 0."""

    path: Path
    total: int
    started: float

    @classmethod
    def here(cls) -> "Tally | None":
        """The tally of the sweep that this process works for; None outside of one."""
        path, _, rest = os.environ.get(SWEEP, "").partition("|")
        if not rest:
            return None
        total, started = rest.split("|")
        return cls(Path(path), int(total), float(started))

    def publish(self) -> None:
        """Let this process and those that it starts find it."""
        os.environ[SWEEP] = f"{self.path}|{self.total}|{self.started}"

    def add(self, status: str, runs: int = 1) -> None:
        """So many more runs have ended so; writers may do this at once."""
        with self.path.open("ab", buffering=0) as file:
            file.write(status[0].encode() * runs)

    def counts(self) -> Counter[str]:
        """How many runs have ended with each status."""
        letters = self.path.read_text()
        return Counter({status: letters.count(status[0]) for status in STATUSES})

    def __str__(self) -> str:
        """`[3 of 40, 1 failed, 2 min left]`."""
        return self.told()

    def told(self, running: int = 0) -> str:
        """The same, with how many runs are `running` where that is known: `[3 of 40, 2 running, 1 failed, 2 min left]`."""
        counts = self.counts()
        ended, worked = counts.total(), counts.total() - counts["skipped"] - counts["refused"]
        parts = [f"{ended} of {self.total}" if self.total else f"{ended} runs"]
        parts += [f"{running} running"] * bool(running)
        parts += [f"{counts[status]} {status}" for status in ("failed", "refused") if counts[status]]
        if worked and ended < self.total:
            parts.append(left(time.time() - self.started, worked, self.total - ended))
        return f"[{', '.join(parts)}]"


def line(record: dict[str, Any]) -> str:
    """What is said of a run that has ended."""
    said = f"{record['status']}: {record['task']['label']} {record['model']['label']} seed={record['seed']} {record['id']}"
    if record["status"] == "skipped":
        return f"{said}, its record exists" + (f", but {record['reason']}" if record["reason"] else "")
    return f"{said} {summary(record)}"


class Progress(Callback):
    """Hydra's callback: a sweep that begins gets its tally."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Count the runs to come, before the first."""
        descriptor, path = tempfile.mkstemp(prefix="realizable-")
        os.close(descriptor)
        Tally(Path(path), _total(config), time.time()).publish()


def _total(config: DictConfig) -> int:
    """How many runs the sweep has; 0 if its sweeper is another than Hydra's own, which alone makes all combinations."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    if not str(config.hydra.sweeper.get("_target_", "")).endswith("BasicSweeper"):
        return 0
    swept = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    batches = BasicSweeper.split_arguments(parser.parse_overrides([*swept, *config.hydra.overrides.task]), None)
    return sum(map(len, batches))


def job(cfg: Config) -> None:
    """One run of Hydra's: a run that fails, or is configured wrongly, ends in one line; exit code 1 if it is the only one.

    So does a disk that is full or a folder that takes no files, and with it a sweep: exit code 1.
    """
    tally = Tally.here()
    single = HydraConfig.get().mode == RunMode.RUN
    try:
        record = run(cfg)
    except (tasks.TaskError, models.ModelError, SettingError, RecordError) as error:
        status, said = "refused", f"train: {error}"
    except OSError as error:  # a full disk, a folder that takes no files: the rest of a sweep would end there too
        sys.exit(_said(f"train: {error}"))
    else:
        status, said = record["status"], line(record)
    if tally:
        tally.add(status)
    print(f"{tally} {said}" if tally else said, file=sys.stderr if status == "refused" else sys.stdout, flush=True)
    if single and status in ("failed", "refused"):
        sys.exit(1)


def command(main: Callable[[], object]) -> None:
    """Run Hydra's entry `main`: a mistake in the command line is one line and exit code 1, and so is a sweep of failures only.

    SIGTERM ends with one line and code 143, as a shell expects it; Ctrl-C stays Python's own.
    """
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let errors through; Hydra would print several lines of each
    os.environ.pop(SWEEP, None)
    _plug_in()
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        main()
        _end()
    except (HydraException, OmegaConfBaseException, OSError) as error:  # an OSError of the folder that Hydra makes for a sweep
        sys.exit(_said(f"train: {_explained(error)}"))
    except ValueError as error:
        if "--cfg" not in str(error):  # Hydra's answer to flags that exclude each other
            raise
        sys.exit(_said(f"train: {error}"))
    finally:
        signal.signal(signal.SIGTERM, before)
        if tally := Tally.here():
            tally.path.unlink(missing_ok=True)
            del os.environ[SWEEP]


def _plug_in() -> None:
    """Take `--plugins FOLDER` from the command line, which is Hydra's otherwise, and tell Hydra of what is there."""
    folders, sys.argv[1:] = plugins.taken(sys.argv[1:])
    if folders:
        plugins.plug_in(*folders)
        register()
    if wrong := plugins.faults():
        sys.exit(_said(f"train: {wrong}"))


def _end() -> None:
    """The last line of a sweep; exit code 1 if none of its runs has a record of a result."""
    if not (tally := Tally.here()):
        return
    counts = tally.counts()
    print(f"sweep: {', '.join(f'{counts[status]} {status}' for status in STATUSES if counts[status]) or 'no runs'}")
    if counts["done"] + counts["skipped"] == 0:
        sys.exit(1)


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(_said("train: terminated; the same command goes on from the last checkpoint", TERMINATED))


def _said(line: str, code: int = 1) -> int:
    print(line, file=sys.stderr, flush=True)
    return code


def _explained(error: BaseException) -> str:
    """What is wrong and what is allowed, without the lines that Hydra and OmegaConf add."""
    if isinstance(error, OverrideParseException):  # of a parser, whose own words point at a place that one line does not show
        return (
            f"{error.override} cannot be read; put each text with spaces or signs in quotes, and the whole in others: "
            '\'task.table=["A 0 -> 1 R B","B * -> = R A"]\''
        )
    text = str(error).split("Config search path")[0].split("\n    full_key")[0].split("To append to")[0]
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and isinstance(cause.parent_node, DictConfig):
        text += f" There are: {', '.join(map(str, cause.parent_node))}"
    elif cause is not None:
        text += f" {str(cause).splitlines()[0]}"
    return " ".join(text.split())


OmegaConf.register_new_resolver("home", os.path.expanduser, replace=True)  # `~` in a folder's name, before Hydra makes it
