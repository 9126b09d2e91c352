"""Records with one or two values changed: what the reader accepts, everything must show.

`python tests/fuzz.py [BATCHES [SIZE [SEED]]]` shows them in batches, every other one beside good records. What breaks is
searched for by halving, and printed with the change that did it.
"""

import io
import json
import math
import sys
import traceback
import warnings
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import orjson
from records import done, failed, score
from rich.console import Console

from leaderboard.site.page import page
from leaderboard.store.mirror import scalars
from leaderboard.store.schema import FINITE, WHOLE, RecordError, validated
from leaderboard.tables import export, views
from leaderboard.tables import frame as runs
from leaderboard.tables import text as render
from leaderboard.tables.heatmap import heatmap
from leaderboard.tables.protocols import grouped

Record = dict[str, Any]
LONG = "x" * 200
WHOLES = [0, 1, -1, 2, 12, 13, 24, 10**6, WHOLE, WHOLE + 1, -WHOLE - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), 10**400]
REALS = [
    0.0,
    -0.0,
    0.5,
    1.0,
    -1e-9,
    1e-9,
    5e-324,
    1 + 2**-52,
    0.1 + 0.2,
    1e16,
    FINITE,
    1e101,
    1.7e308,
    math.nan,
    math.inf,
    -math.inf,
]
TEXTS = [
    "",
    " ",
    "\x00",
    "\n",
    "trained",
    "reference",
    "random",
    "done",
    "failed",
    "retrained",
    "<b>&\"'",
    "=1+1",
    "$x^",
    "a\\b|c",
]
TEXTS += [
    "\u202e",
    "\x1b[2J",
    "nan",
    "rank",
    "score",
    "solved",
    "model",
    "task",
    "parity",
    LONG,
    LONG * 10,
    LONG + "y",
    "é" * 150,
    "2026",
    "{}",
    "%s",
]
OTHERS: list[Any] = [None, True, False, [], {}, [1], [[1, 2]], [[0, 1e101]], ["x", None], {"a": {"b": [1, {}]}}, {"12": 1}]
OTHERS += [{"": 0}, {"12": {"symbol": 2, "word": 0}}, {"model": 1, "class": 2}]
DEEP = json.loads("[" * 100 + "]" * 100)


def good() -> list[Record]:
    """Records of two tasks, three architectures, and a submission; some failed, some without a reference."""
    lengths = [score(of, factor, accuracy) for of, accuracy in (("trained", 0.9), ("reference", 1.0)) for factor in (0.5, 1, 4)]
    lengths += [score(of, depth=48, depth_of=48, unchanged=7, saturated=0.5) for of in ("trained", "reference")]
    real = {"task": {"name": "parity_check", "label": "parity_check", "parameters": {}, "version": 1, "class": "ACC0"}}
    real["model"] = {"name": "polynet", "label": "polynet", "parameters": {"kind": "poly-2"}, "version": 1}
    claimed = {"12": {"symbol": 0.9, "word": 0.9}, "24": {"symbol": 0.5, "word": 0.0}}
    said = {"name": "x", "authors": ["a", "b"], "link": "https://x.org", "badge": "verified", "claimed": claimed}
    solved = {"euler-1": 1.0, "rk4-1": 0.5}
    diagnosed = {"accuracy": 0.9, "evaluations": 12, "curve_length": 3.5, "curve_ratio": 1.1, "precision": "float32"}
    diagnosed |= {"noise_radius": 0.1, "relative_noise_radius": 0.1, "solvers": solved, "largest_drop": 0.5, "lipschitz": 2.0}
    many = [
        done(model, task, seed, lengths) for model in ("resnet", "revnet") for task in ("parity", "dyck") for seed in (0, 1)
    ]
    many[1] = failed("resnet", "parity", 1)
    many[2] |= real | {"diagnostics": {"trained": diagnosed, "reference": diagnosed}}
    many[2]["config"] = {"training": {"steps": 5, "rate": 0.1}, "net": {"norm": False}, "seed": 0}
    many[3] |= {"files": {f"{many[3]['id']}.safetensors": {"sha256": "0" * 64, "bytes": 10}}}
    many[4] |= {"submission": said, "noise": {"certified": 0.1, "trained": 0.2, "reference": None}}
    many[5]["scores"] = lengths[:3]
    return deepcopy(many)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a record stand, objects and lists too."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(part, (*path, key))


def mutate(record: Record, random: Random) -> list[str]:
    """Change one or two values of a record; what was changed."""
    return [_change(record, random) for _ in range(random.randint(1, 2))]


def _change(record: Record, random: Random) -> str:
    path = random.choice(list(places(record)))
    at: Any = record
    for key in path[:-1]:
        at = at[key]
    what, last = random.random(), path[-1]
    if what < 0.1:
        del at[last]
    elif what < 0.2 and isinstance(at, list):
        at.append(deepcopy(at[last]))
    elif what < 0.25 and isinstance(at, dict):
        at[random.choice(TEXTS)] = at.pop(last)
    elif what < 0.3:
        at[last] = deepcopy(random.choice([DEEP, {"a": DEEP}]))
    else:
        at[last] = deepcopy(random.choice([*_like(at[last]), *_like(at[last]), *WHOLES, *REALS, *TEXTS, *OTHERS]))
    return f"{'.'.join(map(str, path))} = {'gone' if what < 0.1 else repr(at.get(last) if isinstance(at, dict) else at)[:80]}"


def _like(value: Any) -> list[Any]:
    """Values that may pass for this one."""
    if isinstance(value, str):
        return TEXTS
    return [*WHOLES, *REALS] if type(value) in (int, float) else OTHERS


def accepted(record: Record) -> Record | None:
    """What the reader makes of a record; None if it refuses it, in one line."""
    text = json.dumps(record)
    try:
        return validated(orjson.loads(text))
    except RecordError as error:
        if not str(error).isprintable():
            raise ValueError(f"no line: {str(error)!r}") from None
        return None
    except orjson.JSONDecodeError:
        return None


def show(records: list[Record], drawn: bool = False) -> None:
    """Every view of every protocol in every form, the export, the pages and the summaries."""
    for group in grouped(records):
        keys = [(metric, factor) for metric in runs.METRICS for factor in runs.factors(group.df)]
        for name, view in views.VIEWS.items():
            sections = views.sections(group, name, keys)
            for form in views.FILES.values():
                assert views.joined(sections, view.caption, form).encode()
            for section in sections:
                Console(file=io.StringIO(), width=100).print(render.to_terminal(section.table, 100, section.heading))
        assert page(group).html
        assert not drawn or heatmap(group.df, group.title)
    flat = export.flat(records)
    for suffix in (".csv", ".parquet"):
        assert export.kind(Path(f"x{suffix}"))(flat)
    for record in records:
        json.dumps(scalars(record), allow_nan=False)


def batch(random: Random, size: int) -> tuple[list[tuple[list[str], Record]], int]:
    """So many mutated records that are accepted, no two of one id, each with its changes; and how many were refused."""
    some, refused = dict[str, tuple[list[str], Record]](), 0
    while len(some) < size:
        record = random.choice(good())
        record |= {"id": f"{random.getrandbits(64):016x}", "seed": random.randrange(4)}
        if "files" in record:
            record["files"] = {f"{record['id']}.safetensors": {"sha256": "0" * 64, "bytes": 10}}
        if random.random() < 0.7:  # alone in its cell
            record["task"]["label"] = f"task {len(some) % 20}"
        changes = mutate(record, random)
        found = accepted(record)
        refused += found is None
        if found is not None:
            some[found["id"]] = (changes, found)
    return list(some.values()), refused


def broken(some: list[tuple[list[str], Record]], company: list[Record], drawn: bool = False) -> Iterator[str]:
    """The changes of the records that break something in this company, and how; of several that only do together, all."""
    try:
        show([*company, *(record for _, record in some)], drawn)
        return
    except Exception:  # whatever it is, it is told
        told = traceback.format_exc(limit=-4)
    halves = [some[: len(some) // 2], some[len(some) // 2 :]] if len(some) > 1 else []
    found = [fault for half in halves for fault in broken(half, company, drawn)]
    yield from found or [f"{[changes for changes, _ in some]}\n{told}"]


def main(count: int, size: int, seed: int) -> None:
    """Print what breaks, of `count` batches of `size` accepted records."""
    random, faults, lost = Random(seed), 0, 0
    for number in range(count):
        some, refused = batch(random, size)
        lost += refused
        for fault in broken(some, good() if number % 2 else [], drawn=number % 5 == 0):
            faults += 1
            print(fault, flush=True)
    print(f"{count * size + lost} records, {lost} refused, {faults} faults")


if __name__ == "__main__":
    warnings.simplefilter("error")
    numbers = [int(text) for text in sys.argv[1:]]
    main(*numbers, *[10, 40, 0][len(numbers) :])
