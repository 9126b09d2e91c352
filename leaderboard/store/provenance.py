"""What a result depends on beside its configuration: the code that made it, and where and with what it ran."""

import ast
import hashlib
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from tasks import plugins

PACKAGES = ("tasks", "models", "leaderboard")
LIBRARIES = ("torch", "torchdiffeq", "pytorch-lightning", "hydra-core", "numpy")


def code(task: str, model: str) -> dict[str, Any]:
    """Where a result comes from: hashes of the sources of its task and its model, commit, versions of libraries, processor.

    None of it names a run, as a comment in a source changes it; it is there to find out why two runs differ. What is a
    plug-in's, and so none of ours, is in `plugins`, with the SHA-256 of its file.
    """
    hashes = {"task": version("task", task), "model": version("model", model)}
    files = {kind: plugins.file_of(f"{kind}s", name) for kind, name in (("task", task), ("model", model))}
    foreign = {kind: hashlib.sha256(file.read_bytes()).hexdigest() for kind, file in files.items() if file}
    told = {"plugins": foreign} if foreign else {}
    return hashes | told | {"commit": commit(), "versions": versions(), "processor": processor()}


@cache
def version(kind: str, name: str) -> str:
    """Hash of the source that task or model `name` (kind "task" or "model") runs: its module and all that these import.

    With a model goes what trains and scores it.
    """
    roots = ["models.training.learner", "leaderboard.running.fit", "leaderboard.running.measure"] if kind == "model" else []
    modules = imported([f"{kind}s.{name}", *roots])
    return hashlib.sha256(b"\0".join(source(module) for module in sorted(modules))).hexdigest()[:16]


def source(module: str) -> bytes:
    """Source of a module, which is found, not imported."""
    return Path(str(getattr(find_spec(module), "origin", module))).read_bytes()


def imported(modules: Iterable[str]) -> set[str]:
    """These modules and all modules of our packages that they import, directly or not; read from the sources."""
    found, queue = set[str](), list(modules)
    while queue:
        module = queue.pop()
        if module in found:
            continue
        found.add(module)
        if "." in module:
            queue.append(module.rpartition(".")[0])  # to import a module runs its package first
        for node in ast.walk(ast.parse(source(module))):
            match node:
                case ast.Import(names=names):
                    queue += [alias.name for alias in names if alias.name.partition(".")[0] in PACKAGES]
                case ast.ImportFrom(module=str(origin), names=names) if origin.partition(".")[0] in PACKAGES:
                    inside = [f"{origin}.{alias.name}" for alias in names if _package(origin)]
                    queue += [origin, *filter(find_spec, inside)]
    return found


def _package(module: str) -> bool:
    return bool(getattr(find_spec(module), "submodule_search_locations", None))


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a result may depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def commit() -> str | None:
    """The commit of this tree, with "+" if it was changed since; None outside a git checkout."""
    home = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=home, capture_output=True, text=True, check=True)
        changes = subprocess.run(
            ["git", "--no-optional-locks", "status", "--porcelain"], cwd=home, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changes.stdout.strip() else "")


@cache
def processor() -> str | None:
    """The processor by its name, and what torch uses of it: rounding differs between them. None where the system is silent."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


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
