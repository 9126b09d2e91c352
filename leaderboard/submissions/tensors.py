"""Files of weights in the safetensors format: a check of the header by ourselves, then the library, on the same bytes.

A file is the length of its header (8 bytes, little-endian), the header, a JSON object of
`name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`, and the data. The library alone accepts millions of empty
tensors, shapes of 2^62, a name that stands twice, and NaN.
"""

import re
from collections.abc import Mapping
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from leaderboard.submissions import strict
from leaderboard.submissions.faults import quoted, refuse

if TYPE_CHECKING:
    from torch import Tensor

HEADER = 2**20  # bytes
TENSORS = 10_000
RANK = 8
DTYPES = {"F32": 4}  # bytes of a number: nets of the benchmark are trained and scored in single precision
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}(\.[A-Za-z0-9_]{1,64}){0,7}")


class Entry(NamedTuple):
    """What a header says of a tensor; its data are bytes `start` to `end` of those after the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def header(data: bytes, where: str) -> dict[str, Entry]:
    """The header of a file, by the name of the tensor; `Refused` with a code S1.. or S2.. if anything in it is irregular."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(HEADER, len(data) - 8):
        raise refuse("S201", where, f"its header has no possible length; allowed: 2 to {HEADER} bytes, inside of the file")
    text = data[8 : 8 + length]
    if not (text.startswith(b"{") and text.rstrip(b" ").endswith(b"}")):
        raise refuse("S101", where, "the header is no JSON object, padded with spaces")
    described: dict[str, Any] = strict.parse(text, f"{where}, header", depth=3)
    if not 1 <= len(described) <= TENSORS:
        raise refuse("S203", where, f"{len(described)} tensors; allowed: 1 to {TENSORS}")
    found = {name: _entry(name, entry, where) for name, entry in described.items()}
    _cover(found, len(data) - 8 - length, where)
    return found


def _entry(name: str, entry: Any, where: str) -> Entry:
    of = f"{where}, tensor {quoted(name)}"
    if name == "__metadata__":
        raise refuse("S209", where)
    if not _NAME.fullmatch(name):
        raise refuse("S204", of, "names are letters, digits and _, in at most 8 parts with dots between them")
    if type(entry) is not dict or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise refuse("S205", of)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if type(dtype) is not str or dtype not in DTYPES:
        raise refuse("S206", of, f"dtype {quoted(dtype)} is not allowed; allowed: {', '.join(DTYPES)}, single precision")
    if type(shape) is not list or len(shape) > RANK or any(type(n) is not int or not 1 <= n < 2**31 for n in shape):
        raise refuse("S207", of, f"a shape has at most {RANK} axes, each of 1 to 2^31 - 1")
    if type(offsets) is not list or len(offsets) != 2 or any(type(n) is not int or n < 0 for n in offsets):
        raise refuse("S208", of, "data_offsets are two integers, not negative")
    spanned, needed = offsets[1] - offsets[0], DTYPES[dtype] * prod(shape)
    if spanned != needed:
        raise refuse("S208", of, f"data_offsets span {spanned} bytes, the shape needs {needed}")
    return Entry(dtype, tuple(shape), *offsets)


def _cover(entries: Mapping[str, Entry], size: int, where: str) -> None:
    """Tensors follow one another from byte 0 to the last, without gap or overlap."""
    spans = sorted((entry.start, entry.end, name) for name, entry in entries.items())
    ends = chain([0], (end for _, end, _ in spans))
    for (start, _, name), before in zip(spans, ends, strict=False):
        if start != before:
            kind = "overlaps the one before" if start < before else "leaves a gap"
            raise refuse("S208", f"{where}, tensor {quoted(name)}", f"begins at byte {start}, not {before}: {kind}")
    if spans[-1][1] != size:
        raise refuse("S208", where, f"the tensors take {spans[-1][1]} bytes of data, the file has {size}")


def load(data: bytes, where: str) -> dict[str, "Tensor"]:
    """The tensors of a file whose header is in order, all weights finite; else `Refused`."""
    from safetensors import SafetensorError
    from safetensors.torch import load as read

    header(data, where)
    try:
        tensors: dict[str, Tensor] = read(data)
    except SafetensorError as error:
        raise refuse("S307", where, quoted(str(error))) from None
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise refuse("S306", f"{where}, tensor {quoted(name)}")
    return tensors
