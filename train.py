"""Train and score nets, one record a run, as Hydra composes them. `realizable train …` is the same command.

    python train.py task=parity model=resnet seed=0
    python train.py -m 'task=glob(*)' 'model=glob(*)' seed=0,1,2
    python train.py suite=quick

A run whose record exists is skipped. A run that fails leaves a `failed` record with its reason, and a sweep goes on. What a run
is stands in `leaderboard/running`: its settings in `config.py`, what it does in `run.py`.
"""

import hydra

from leaderboard.running import command as running
from leaderboard.running.config import Config, register

register()


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: Config) -> None:
    """One run as configured."""
    running.job(cfg)


def command() -> None:
    """`main`, with mistakes in one line."""
    running.command(main)


if __name__ == "__main__":
    command()
