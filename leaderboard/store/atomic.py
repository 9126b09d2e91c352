"""A file is there whole or not at all: it is written under a hidden name beside its place, then moved there."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def put(path: Path, data: bytes, place: Callable[[Path, Path], object] | None = None, mark: str | None = None) -> None:
    """Write `data` to disk as `.<name><mark>.tmp`, then move it there, or `place(temporary, path)`.

    `mark` keeps apart writers who may be at work at once; without one it is something unique. OSError, which names `path`, if
    the disk is full or the folder takes no files; then what was there is as it was.
    """
    temporary = path.with_name(f".{path.name}{uuid4().hex if mark is None else mark}.tmp")
    with named(path):
        temporary.unlink(missing_ok=True)  # of a killed writer; it may be a second name of a placed file: never write over it
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            (place or os.replace)(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Let an OSError inside name `path`: a full disk names nothing, and a temporary file says nothing to a reader."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None
