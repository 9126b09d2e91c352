"""The files of a submission: which may stand in its folder, and their bytes. Nothing is parsed here.

A hard link is a regular file as any other: what counts are the bytes that are read, and they are read once for the check.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from leaderboard.protocol import SEEDS
from leaderboard.submissions.faults import CODES, Fault, Refused, quoted, refuse

DESCRIPTION = "submission.json"
LARGEST = {DESCRIPTION: 2**18}  # bytes
WEIGHTS = 2**25  # bytes of a file of weights
TOTAL = 2**29  # bytes
FILES = 1024
_ALLOWED = re.compile(rf"{re.escape(DESCRIPTION)}|weights/[a-z0-9_.-]{{1,80}}/[0-9]\.safetensors")
_FOLDERS = re.compile(r"weights(/[a-z0-9_][a-z0-9_.-]{0,79})?")


def place(label: str) -> str:
    """The folder of a task's weights: its label, in lower case, with `-` for every run of other than a-z, 0-9, _ and point."""
    return re.sub(r"[^a-z0-9_.]+", "-", label.lower()).strip("-.")


def weights(label: str, seed: int) -> str:
    """Path of one file of weights inside the folder."""
    return f"weights/{place(label)}/{seed}.safetensors"


def listed(folder: Path) -> dict[str, int]:
    """Size in bytes of every file, by its path inside the folder with `/`; all found by lstat, nothing opened.

    `Refused` with all faults S001 to S005: what is not a regular file or a folder, what does not belong there, sizes.
    """
    try:
        found = dict(islice(_walk(folder, ""), FILES + 1))
    except OSError as error:
        raise refuse("S001", quoted(error.filename or str(folder)), str(error.strerror)) from None
    if len(found) > FILES:
        raise refuse("S004", "the folder", f"more than {FILES} files")
    faults = [fault for path, (_, fault) in found.items() if fault]
    sizes = {path: size for path, (size, fault) in found.items() if size is not None and fault is None}
    if sum(sizes.values()) > TOTAL:
        faults.append(Fault("S004", "the folder", f"{sum(sizes.values())} bytes; allowed: {TOTAL}"))
    if DESCRIPTION not in found:
        faults.append(Fault("S005", DESCRIPTION, CODES["S005"]))
    if faults:
        raise Refused(faults)
    return sizes


def _walk(folder: Path, inside: str) -> Iterator[tuple[str, tuple[int | None, Fault | None]]]:
    """Path, size (None for a folder) and fault of everything in a folder; into allowed folders only."""
    with os.scandir(folder / inside) as entries:
        names = sorted(entry.name for entry in islice(entries, FILES + 1))
    for name in names:
        path = f"{inside}/{name}" if inside else name
        status = os.lstat(folder / path)
        if stat.S_ISDIR(status.st_mode) and _FOLDERS.fullmatch(path):
            yield path, (None, None)
            yield from _walk(folder, path)
        else:
            yield path, (status.st_size, _fault(path, status))


def _fault(path: str, status: os.stat_result) -> Fault | None:
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        return Fault("S002", quoted(path), CODES["S002"])
    if stat.S_ISDIR(status.st_mode) or not _ALLOWED.fullmatch(path):
        return Fault("S003", quoted(path), f"{CODES['S003']}; allowed: {DESCRIPTION}, weights/<task>/<seed>.safetensors")
    largest = LARGEST.get(path, WEIGHTS)
    if status.st_size > largest:
        return Fault("S004", path, f"{status.st_size} bytes; allowed: {largest}")
    return None


def complete(found: Mapping[str, int], labels: Iterable[str]) -> None:
    """`Refused`, S003 and S005, unless there are weights for all SEEDS of these tasks, and no others."""
    wanted = {DESCRIPTION} | {weights(label, seed) for label in labels for seed in SEEDS}
    missing = [Fault("S005", path, CODES["S005"]) for path in sorted(wanted - found.keys())]
    others = [Fault("S003", path, f"{DESCRIPTION} names no such task") for path in sorted(found.keys() - wanted)]
    if missing or others:
        raise Refused(missing + others)


def contents(folder: Path, path: str) -> bytes:
    """The bytes of a file that `listed` has found: still regular, still of an allowed size; no link is followed on the way."""
    largest = LARGEST.get(path, WEIGHTS)
    try:
        descriptor = _opened(folder, path)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise refuse("S002", path)
            with open(descriptor, "rb", closefd=False) as file:
                data = file.read(largest + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refuse("S001", path, str(error.strerror)) from None
    if len(data) > largest:
        raise refuse("S004", path, f"more than {largest} bytes")
    return data


def _opened(folder: Path, path: str) -> int:
    """A descriptor of a file, part by part: a folder may have become a link since it was listed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    for part in path.split("/"):
        inside = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=inside)
        finally:
            os.close(inside)
    return descriptor
