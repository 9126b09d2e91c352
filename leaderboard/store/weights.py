"""Trained weights beside a record, in `<id>.safetensors`: the state of the module, so that a score can be had again."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard.store.schema import RecordError
from leaderboard.waiting import counted

if TYPE_CHECKING:
    from torch import Tensor, nn


def serialised(net: "nn.Module") -> bytes:
    """The state of a module as the bytes of a safetensors file; the same state gives the same bytes."""
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()})


def content(folder: Path, record: dict[str, Any]) -> bytes:
    """The file of a record's trained weights; RecordError, in one line, if there is none or it is not that of the run."""
    if not record.get("files"):
        raise RecordError(f"{folder}: run {record['id']} has no weights beside it")
    ((name, described),) = record["files"].items()
    return _whole(folder / name, described)


def load(folder: Path, record: dict[str, Any]) -> "dict[str, Tensor]":
    """The trained weights of a record, for `load_state_dict`; RecordError, in one line, if they are not those of the run."""
    from leaderboard.submissions import tensors
    from leaderboard.submissions.faults import Refused

    try:
        return tensors.load(content(folder, record), f"the weights of run {record['id']} in {folder}")
    except Refused as refused:
        raise RecordError(str(refused.faults[0])) from None


def damaged(folder: Path, records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the weights of these records, one line a file: missing, or not of the recorded size and SHA-256."""
    every = list(records)
    for record in counted(every, "files of weights read", len(every)):
        for name, described in record.get("files", {}).items():
            try:
                _whole(folder / name, described)
            except RecordError as error:
                yield str(error)


def _whole(path: Path, described: dict[str, Any]) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    if len(data) != described["bytes"]:
        raise RecordError(f"{path}: {len(data)} bytes, the record says {described['bytes']}")
    if hashlib.sha256(data).hexdigest() != described["sha256"]:
        raise RecordError(f"{path}: its SHA-256 is not that of the record")
    return data
