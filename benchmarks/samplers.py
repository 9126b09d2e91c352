"""Words a second that each task's sampler and target make: `python benchmarks/samplers.py [task ...]`.

CPU-seconds of one thread, words of `LENGTH` symbols, the best of three batches.
"""

import sys
import time
from collections.abc import Callable

import torch

import tasks

LENGTH, BATCH = 40, 20_000


def rate(make: Callable[[], object]) -> float:
    """Words a CPU-second."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        make()
        best = min(best, time.process_time() - started)
    return BATCH / best


def main() -> None:
    """Print a line a task, the slowest sampler first."""
    torch.set_num_threads(1)
    found = []
    for name in sys.argv[1:] or tasks.names():
        task, generator = tasks.get(name), tasks.Bits(0)
        words = task.sample(BATCH, LENGTH, generator)
        sampled, answered = (
            rate(make)
            for make in (
                lambda task=task, generator=generator: task.sample(BATCH, LENGTH, generator),
                lambda task=task, words=words: task.target(words),
            )
        )
        found.append((sampled, answered, name))
    print(f"{'task':28}{'sample/s':>12}{'target/s':>12}   at length {LENGTH}")
    for sampled, answered, name in sorted(found):
        print(f"{name:28}{sampled:12,.0f}{answered:12,.0f}")


if __name__ == "__main__":
    main()
