"""`hydra/launcher=dask`, where Hydra looks for plug-ins: it takes classes of this package only. See `leaderboard.cluster`.

Hydra imports this file in every application of the environment, so nothing heavy is imported before it launches.
"""

from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class DaskLauncher(Launcher):
    """The runs of a sweep on the workers of a Dask cluster."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by the sweeper before it makes the list of runs."""
        from leaderboard.cluster.plan import Later

        self.config, self.loader = config, hydra_context.config_loader
        hydra_context.config_loader = Later(self.loader)  # type: ignore[assignment]

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Make all runs; what becomes of them is in the folder of results."""
        from leaderboard.cluster.launch import launch

        return launch(self.settings, self.loader, self.config, job_overrides)
