"""What can be wrong with a submission: a stable code for each fault, and one line that says where and what."""

from collections.abc import Iterable
from typing import NamedTuple

CODES = {
    # the folder, before anything in it is read
    "S001": "the folder cannot be read",
    "S002": "neither a regular file nor a folder: links, pipes, sockets and devices are refused",
    "S003": "no file of that name belongs here",
    "S004": "too large, or too many files",
    "S005": "a file that is required is missing",
    "S006": "the same weights twice; only reference weights may be the same for several seeds",
    # JSON: submission.json, and the header of safetensors
    "S101": "not JSON in UTF-8",
    "S102": "a key stands twice in one object",
    "S103": "a number is not finite, or too long",
    "S104": "nested too deeply",
    # what submission.json says
    "S110": "a key is missing",
    "S111": "a key is unknown",
    "S112": "a value has the wrong type",
    "S113": "a value is out of range",
    "S114": "a text has characters that are not allowed, or the wrong length",
    "S115": "the link is not a plain http or https address",
    "S116": "no such model, option, or value of an option",
    "S117": "no such task on the ladder",
    "S118": "a task stands twice",
    "S119": "the schema is newer than this program",
    # the header of a file of weights
    "S201": "no safetensors file: its header has no possible length",
    "S203": "too many tensors",
    "S204": "the name of a tensor is not allowed",
    "S205": "a tensor is not described by dtype, shape and data_offsets alone",
    "S206": "a dtype that is not allowed",
    "S207": "a shape that is not allowed",
    "S208": "data_offsets do not cover the data, each byte once",
    "S209": "it has metadata; a file of a submission has none: save it without",
    # weights against the module of the registry
    "S301": "too many blocks or parameters",
    "S302": "too many operations",
    "S303": "the names of the tensors are not those of the module",
    "S304": "a shape is not that of the module",
    "S306": "a weight is not finite",
    "S307": "the safetensors library refuses the file",
    # the evaluation, in a process of its own
    "S401": "the limit of CPU seconds is reached",
    "S402": "the limit of wall-clock seconds is reached",
    "S403": "the limit of memory is reached",
    "S404": "the limit of function evaluations is reached, or the solver gave up",
    "S405": "answers depend on the other words of the batch, or on their order",
    "S406": "the evaluation ended without a result",
    # what was claimed
    "S501": "a claim does not hold",
    "S502": "training again by the recipe does not give these scores",
}


class Fault(NamedTuple):
    """A code of CODES, the place (a file, a key), and what is wrong there."""

    code: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.what}"


class Refused(ValueError):
    """A submission that is not taken, with all faults that were found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(map(str, self.faults)))


def refuse(code: str, where: str, what: str | None = None) -> Refused:
    """The error of one fault; `what` is by default what CODES says."""
    return Refused([Fault(code, where, CODES[code] if what is None else what)])


def quoted(text: object, longest: int = 60) -> str:
    """A submitted text as ASCII on one line, cut: nothing in it can move a cursor or reverse the direction of reading."""
    shown = ascii(text if isinstance(text, str | int | float | bool | None) else type(text).__name__)
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."
