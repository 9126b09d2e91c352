"""Measure a claim: its rows one after the other, those of its counterfeit, and the verdict."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch

from leaderboard.reproduce.claim import FAILS, UNDECIDED, Claim, Row, verdict
from leaderboard.reproduce.record import SCHEMA, listed, rounded
from leaderboard.store.provenance import commit, processor, versions

LIMIT = 600.0  # CPU-seconds of a claim; one that takes more could not be decided


class _Late(Exception):
    """The time is over."""


def reproduce(claim: Claim, say: Callable[[str], object], limit: float = LIMIT) -> dict[str, Any]:
    """The record of a claim, measured now by one thread; `say` is told of every row.

    The counterfeit is measured by the same code. If the rule accepts it too, or time runs out, the claim could not be decided.
    """
    threads, began = torch.get_num_threads(), time.process_time()
    torch.set_num_threads(1)
    rows, false, reason = list[Row](), list[Row](), None
    try:
        for row in _watched(claim, began, limit):
            say(f"  {said(row)}   ({time.process_time() - began:.0f} s)")
            rows.append(row)
        say(f"  and a counterfeit: {claim.off}")
        for row in _watched(claim.counterfeit(), began, limit):
            say(f"  {said(row)}   ({time.process_time() - began:.0f} s)")
            false.append(row)
    except _Late:
        reason = f"not done after {limit:g} CPU-seconds"
    finally:
        torch.set_num_threads(threads)
    checks = [] if reason else claim.accept(rows)
    refused = "" if reason else verdict(claim.counterfeit().accept(false))
    found = UNDECIDED if reason else verdict(checks)
    if not reason and refused != FAILS:
        reason, found = f"the rule says of the counterfeit that it {refused}", UNDECIDED
    return {
        "schema": SCHEMA,
        "claim": claim.name,
        "version": claim.version,
        "settings": settings(claim),
        "verdict": found,
        "reason": reason,
        "checks": listed(checks),
        "cpu_seconds": round(time.process_time() - began, 1),
        "code": {"commit": commit(), "versions": versions(), "processor": processor()},
        "rows": rows,
        "counterfeit": {"settings": settings(claim.counterfeit()), "rows": false, "verdict": refused},
    }


def settings(claim: Claim) -> dict[str, Any]:
    """The fields of a claim as JSON holds them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(claim).items()}


def _watched(claim: Claim, began: float, limit: float) -> Iterator[Row]:
    for row in claim.measure():
        yield rounded(row)
        if time.process_time() - began > limit:
            raise _Late


def said(row: Row) -> str:
    """A row on one line."""
    return "  ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items())
