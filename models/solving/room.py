"""How much memory is free on a device."""

from contextlib import suppress
from pathlib import Path

import torch


def available(device: str = "cpu") -> int | None:
    """Bytes that can still be had on a device; None where the system does not say.

    On Linux what /proc/meminfo calls available, and no more than what is left of the limit of a control group.
    """
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info()[0])
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        return min(free, *_left())
    return None


def _left() -> list[int]:
    """What is left of the limit of the control group that this process is in, where it has one (version 2)."""
    group = Path("/sys/fs/cgroup")
    try:
        return [int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())]
    except (OSError, ValueError):  # no such group, or no limit: "max"
        return [2**62]
