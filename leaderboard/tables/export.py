"""Records as one flat table for other programs: Parquet or CSV."""

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from leaderboard.store.record import RecordError
from leaderboard.store.schema import SCORE
from leaderboard.tables.protocols import grouped
from leaderboard.tables.text import inert

_WHOLE = ["parameters", "longest", "examples", "examples_to_solve", "peak_memory"]
_WHOLE += [name for name, kind in SCORE.items() if kind.types == {int}]
_ELSEWHERE = {
    "seed",
    "results",
    "logger",
    "store",
    "protocol",
}  # of a configuration: a column already, or nothing that a result depends on


def flat(records: list[dict[str, Any]]) -> pd.DataFrame:
    """`leaderboard.tables.frame.frame` of every protocol, a row a run × weights × length, with what was configured beside it.

    Columns `protocol` (its name) and `protocol_hash`, `class`, `started`, `sha256` (of the weights), and one a setting, as
    `training.steps` or `task.modulus`. A failed run is one row without scores, and so is a missing one. Lists, and settings of
    several types, are JSON text. The type of a column does not depend on what is missing in it.
    """
    groups = grouped(records)
    parts = [group.df.assign(protocol=group.name, protocol_hash=group.hash) for group in groups]
    scores = pd.concat([part.astype(dict.fromkeys(part.select_dtypes("category"), object)) for part in parts])
    scores = scores.drop(columns="run").reset_index(drop=True)
    texts = {str(name): _typed(scores[name].tolist()) for name in scores if scores[name].dtype.kind == "O"}
    scores = scores.assign(**texts).astype(dict.fromkeys(_WHOLE, "Int64") | {"held_out": "boolean"})
    of_run = {record["id"]: _settings(record) for record in records}
    rows = [of_run.get(id, {}) for id in scores["id"]]
    names = [name for name in dict.fromkeys(chain.from_iterable(of_run.values())) if name not in scores]
    settings = {name: _typed([row.get(name) for row in rows]) for name in names}
    return pd.concat([scores, pd.DataFrame(settings, index=scores.index)], axis=1)


def _typed(values: list[Any]) -> pd.Series:
    """A column of the one type that these have, None aside; text if they have several."""
    kinds = {type(value) for value in values if value is not None and value == value}
    for allowed, dtype in (({str}, "string"), ({bool}, "boolean"), ({int}, "Int64"), ({int, float}, "Float64")):
        if kinds <= allowed:
            return pd.Series(values, dtype=dtype)
    return pd.Series([None if value is None else json.dumps(value) for value in values], dtype="string")


def kind(path: Path) -> Callable[[pd.DataFrame], bytes]:
    """What makes of a frame the content of a file of this name; RecordError if there is nothing that does."""
    if path.suffix == ".csv":
        return _csv
    if path.suffix != ".parquet":
        raise RecordError(f"{path}: {path.suffix or 'no suffix'} is not allowed; allowed: .parquet, .csv")
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise RecordError(f"{path}: Parquet needs pyarrow, which is not installed; allowed without it: .csv") from None
    return _parquet


def _csv(df: pd.DataFrame) -> bytes:
    return inert(df).encode()


def _parquet(df: pd.DataFrame) -> bytes:
    df.to_parquet(buffer := BytesIO(), engine="pyarrow", index=False)
    return buffer.getvalue()


def _settings(record: dict[str, Any]) -> dict[str, Any]:
    weights = [file["sha256"] for file in record.get("files", {}).values()]
    columns = {"class": record["task"]["class"], "started": record["cost"]["started"]}
    configured = {name: value for name, value in record["config"].items() if name not in _ELSEWHERE}
    # every parameter has its value, also where the configuration left it to its default
    configured |= {of: {"name": record[of]["name"]} | record[of]["parameters"] for of in ("task", "model")}
    return columns | {"sha256": weights[0] if weights else None} | dict(_leaves(configured, ""))


def _leaves(tree: dict[str, Any], path: str) -> Iterable[tuple[str, Any]]:
    for name, value in tree.items():
        if type(value) is dict:
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
