"""Limits of a process, before it touches what strangers have sent."""

import resource
from pathlib import Path


def limit(what: int, most: int, process: int = 0) -> None:
    """Lower a limit of a process, by default of this one."""
    hard = resource.prlimit(process, what)[1]
    resource.prlimit(process, what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def confine(cpu: int, memory: int) -> None:
    """Limit this process, in CPU seconds and in bytes beyond what it has now; from here on it can write no file."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit(resource.RLIMIT_CPU, cpu)
    limit(resource.RLIMIT_AS, held + memory)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_CORE, 0)
