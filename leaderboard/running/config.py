"""The configuration of a run: its fields with their types, defaults and ranges, as Hydra composes them."""

from dataclasses import asdict, dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

import models
import tasks
from leaderboard import protocol
from tasks.discover import chosen, ranged

LARGEST = 2**53 - 1  # the largest whole number that every reader of JSON holds exactly


@dataclass
class NetConfig:
    """The module, see `models.Net`; `robust`: its reference is one that corrects noise, where there is one.

    `pace`: layers a step of the program; 0: equal evaluations, about four of a block a step, whatever a layer calls.
    `recall`: blocks read the embedded word again at every layer.
    """

    width: int = ranged(32, 1, 2**14)
    hidden: int = ranged(64, 1, 2**16)
    layers: int = ranged(0, 0, 2**16)
    norm: bool = False
    tableau: int = ranged(0, 0, 1000)
    inner: bool = False
    robust: bool = False
    memory: str = chosen("store", "checkpoint", "reverse")
    box: float = ranged(0.0, 0, 1e6)
    pace: int = ranged(1, 0, 64)
    recall: bool = False


@dataclass
class TrainingConfig:
    """Steps of `batch` words of one length, drawn from 1..`length`; the task is looked at every `check` steps.

    `rate` 0 is that which was chosen for the architecture and the recipe (`leaderboard.rates`), or 0.003 if none was.
    `noise` is added to every state, growing from 0 over the first part `ramp` of the steps; `steady` weighs how far states
    still move in as many layers more, `progressive` the loss after up to as many layers more: see `models.training.learner`.
    """

    length: int = ranged(protocol.LENGTH, 1, 2**16)
    steps: int = ranged(1500, 1, 10**8)
    batch: int = ranged(64, 1, 2**20)
    rate: float = ranged(0.0, 0, 1e38)
    weight_decay: float = ranged(0.01, 0, 1e3)
    clip: float = ranged(1.0, 0, 1e9, open="low")
    check: int = ranged(50, 1, 10**8)
    noise: float = ranged(0.0, 0, 1e3)
    ramp: float = ranged(0.5, 0, 1)
    steady: float = ranged(0.0, 0, 1e6)
    progressive: float = ranged(0.0, 0, 1)


@dataclass
class ScoringConfig:
    """Test lengths, as multiples of the training length N, and words of each.

    `depths`: words of N are also scored at the depths of these multiples of N.
    """

    factors: list[int] = field(default_factory=lambda: list(protocol.FACTORS))
    depths: list[int] = field(default_factory=lambda: list(protocol.DEPTHS))
    words: int = ranged(protocol.WORDS, 1, 2**20)


def reached(scoring: ScoringConfig) -> set[int]:
    """The multiples of the training length whose depths are reached, in training too."""
    return {1, *scoring.factors, *scoring.depths}


@dataclass
class DiagnosticsConfig:
    """`enabled`: record what the dynamics do on `words` test words of the training length; see `analysis.diagnostics`."""

    enabled: bool = False
    words: int = ranged(64, 1, 2**16)


@dataclass
class LoggerConfig:
    """`name`: none, or wandb with its `mode` and `project`."""

    name: str = chosen("none", "wandb")
    mode: str = chosen("offline", "online")
    project: str = "realizable"


@dataclass
class StoreConfig:
    """What is kept beside the record; it changes no result, so it names no run.

    `weights`: the trained weights, as `<id>.safetensors`. `checkpoint`: every so many steps the state of the training, from
    which a killed run goes on; 0: never. The last two are kept until the run is done.
    """

    weights: bool = True
    checkpoint: int = ranged(1000, 0, 10**8)


@dataclass
class Config:
    """Everything that a run is made of; `task` and `model` hold a name and parameters of that class.

    `protocol` names the settings that its runs share, for people: a suite names its own. `recipe` is the recipe that was
    chosen, its `name` and what it sets; settings that are not as it has them stand beside its name in tables. `together`: so
    many seeds are trained at once, see `leaderboard.running.block`. `results` is the folder of records.
    """

    task: dict[str, Any] = MISSING
    model: dict[str, Any] = MISSING
    protocol: str = "custom"
    recipe: dict[str, Any] = field(default_factory=dict)
    net: NetConfig = field(default_factory=NetConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    diagnostics: DiagnosticsConfig = field(default_factory=DiagnosticsConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    seed: int = ranged(0, 0, LARGEST)
    device: str = "cpu"
    together: int = ranged(1, 1, 1024)
    results: str = "results/runs"


def register() -> None:
    """Tell Hydra the schema, and a choice `task=NAME`, `model=NAME` for every task and architecture that is found.

    So a task or an architecture is one file: its fields are its configuration. YAML files add to these groups what is a
    choice: presets. A file that does not import stands under its name alone, and says why when it is chosen.
    """
    from leaderboard.cluster.settings import Settings

    store = ConfigStore.instance()
    store.store("schema", Config)
    store.store("dask", Settings, group="hydra/launcher", provider="realizable")
    for group, package in (("task", tasks), ("model", models)):
        for name in package.names():
            try:
                defaults = asdict(package.find(name)())
            except Exception:  # whatever is wrong with somebody's file, the others can be run
                defaults = {}
            store.store(name, {"name": name} | defaults, group=group)
