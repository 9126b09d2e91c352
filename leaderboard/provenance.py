"""What a result depends on beside its configuration: the code that made it, and where and with what it ran."""

import hashlib
import platform
import subprocess
from collections.abc import Iterable
from importlib import import_module, metadata
from pathlib import Path

SHARED = {
    "task": ("tasks.task", "tasks.rules", "tasks.program", "tasks.words"),
    "model": (
        "tasks.rules", "tasks.program", "tasks.tableau", "models.architecture", "models.block", "models.net", "models.learner",
        "leaderboard.score", "train",
    ),
}  # fmt: skip
LIBRARIES = ("torch", "torchdiffeq", "pytorch-lightning", "hydra-core", "numpy")


def version(kind: str, name: str) -> str:
    """Hash of the source that task or model `name` (kind "task" or "model") runs: the shared modules and its own."""
    return digest([*SHARED[kind], f"{kind}s.{name}"])


def digest(modules: Iterable[str]) -> str:
    """First 16 hex digits of the SHA-256 of these modules' source files."""
    files = [Path(str(import_module(module).__file__)) for module in modules]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a result may depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def commit() -> str | None:
    """The commit of this tree, with "+" if it was changed since; None outside a git checkout."""
    home = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=home, capture_output=True, text=True, check=True)
        changes = subprocess.run(["git", "status", "--porcelain"], cwd=home, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changes.stdout.strip() else "")


def reset_peak() -> None:
    """Start a new measurement of peak memory, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory() -> int | None:
    """Peak resident memory in bytes since `reset_peak`; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)
