"""The record of a claim: what was measured, with which settings, seeds and versions, and what the rule said of it."""

import json
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from leaderboard import reproduce
from leaderboard.reproduce.claim import Check, Claim, Row
from leaderboard.store.atomic import put
from leaderboard.store.schema import RecordError

SCHEMA = 1
DIGITS = 6  # of a number in a record: rows are rounded before the rule sees them, so a record has its verdict for ever
KEYS = {"schema", "claim", "version", "settings", "rows", "checks", "verdict", "reason", "counterfeit", "cpu_seconds", "code"}


def rounded(row: Row) -> Row:
    """A row as JSON holds it: numbers of so many digits, None for what is no number."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def listed(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Checks as a record holds them."""
    return [
        {"what": c.what, "published": c.published, "measured": _plain(c.measured), "rule": str(c.rule), "holds": c.holds}
        for c in checks
    ]


def write(folder: Path, record: dict[str, Any]) -> Path:
    """Write `<claim>.json`: keys in order, a row a line, so that a change can be read."""
    text = json.dumps(record | {"rows": [], "counterfeit": None}, allow_nan=False, indent=1, ensure_ascii=False)
    rows = ",\n  ".join(json.dumps(row, allow_nan=False, ensure_ascii=False) for row in record["rows"])
    text = text.replace('"rows": []', f'"rows": [\n  {rows}\n ]', 1)
    other = json.dumps(record["counterfeit"], allow_nan=False, ensure_ascii=False)
    text = text.replace('"counterfeit": null', f'"counterfeit": {other}', 1)
    path = folder / f"{record['claim']}.json"
    put(path, (text + "\n").encode())
    return path


def read(path: Path) -> dict[str, Any]:
    """A record; RecordError, in one line, if the file is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: {' '.join(str(error).split())}") from None
    if type(record) is not dict or record.keys() != KEYS or record["schema"] != SCHEMA:
        raise RecordError(f"{path}: no record of a claim of schema {SCHEMA}; it has the keys {', '.join(sorted(KEYS))}")
    return record


def again(path: Path, claim: Claim, settings: dict[str, Any]) -> dict[str, Any] | None:
    """The record at `path` if it is one of this claim, of the same version and with the same settings; else None.

    Then it is used in place of another measurement, whatever processor and libraries it was made with: it names them.
    """
    try:
        record = read(path)
    except RecordError:
        return None
    same = (record["claim"], record["version"], record["settings"]) == (claim.name, claim.version, settings)
    return record if same and record["verdict"] and not record["reason"] else None


def committed() -> dict[str, dict[str, Any]]:
    """The records that come with the package, by claim, of the claims that there are."""
    folder = files("leaderboard.reproduce").joinpath("records")
    found = {name: folder.joinpath(f"{name}.json") for name in reproduce.names()}
    return {name: read(Path(str(path))) for name, path in found.items() if path.is_file()}
