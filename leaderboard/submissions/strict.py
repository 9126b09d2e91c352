"""JSON of strangers: what the format leaves open is refused, before any of it is built."""

import json
import math
import re
from typing import Any, Never

from leaderboard.submissions.faults import quoted, refuse

DIGITS = 15  # of an integer: less than 2^53 and exact everywhere
_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # it never fails: linear time, also where a quote is missing


def parse(data: bytes, where: str, depth: int = 8) -> Any:
    """The value of a JSON text in UTF-8, nested at most `depth` deep.

    `Refused`: S101 not JSON, S102 the same key twice, S103 NaN, Infinity, overflow or more than DIGITS digits, S104 deeper.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise refuse("S101", where, "not UTF-8") from None
    if _nested(text) > depth:
        raise refuse("S104", where, f"nested more than {depth} deep")

    def number(literal: str) -> int:
        if len(literal.lstrip("-")) > DIGITS:
            raise refuse("S103", where, f"an integer of {len(literal)} digits; allowed: {DIGITS}")
        return int(literal)

    def real(literal: str) -> float:
        if len(literal) > 2 * DIGITS or not math.isfinite(float(literal)):
            raise refuse("S103", where, f"{quoted(literal)} is too long or too large")
        return float(literal)

    def constant(literal: str) -> Never:
        raise refuse("S103", where, f"{literal} is no number of JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen = set[str]()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise refuse("S102", where, f"key {quoted(twice)} stands twice")
        return found

    try:
        return json.loads(text, parse_int=number, parse_float=real, parse_constant=constant, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise refuse("S101", where, f"not JSON: {error.msg}, line {error.lineno} column {error.colno}") from None


def _nested(text: str) -> int:
    """How deep brackets stand in one another, outside of texts."""
    now = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _TEXTS.sub("", text)):
        now += 1 if bracket in "[{" else -1
        deepest = max(deepest, now)
    return deepest
