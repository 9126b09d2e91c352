"""Limits of a process on itself, before it touches what strangers have sent."""

import resource
from pathlib import Path


def confine(cpu: int, memory: int) -> None:
    """Limit this process, in CPU seconds and in bytes beyond what it has now; from here on it can write no file."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, held + memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
