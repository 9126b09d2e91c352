"""What is said of claims: in a terminal, in a table of docs/reproduce.md, and on one page that needs no network."""

import base64
import hashlib
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

from leaderboard import reproduce
from leaderboard.reproduce.claim import FAILS, HOLDS, UNDECIDED, Claim
from leaderboard.reproduce.drawing import environment, style, svg

ORDER = (FAILS, UNDECIDED, HOLDS)  # what is refuted comes first
NOT_STATED = "no number"

Record = Mapping[str, Any]


def told(record: Record) -> str:
    """A claim in a terminal: source, setting, published beside measured, rule and verdict."""
    claim = reproduce.get(record["claim"])
    facts = {"claim": claim.claim, "source": f"{claim.source}; {read(claim.read)}", "setting": claim.setting}
    facts |= {"not measured here": claim.missing} if claim.missing else {}
    lines = [line for name, text in facts.items() for line in _folded(name, text)]
    for check in record["checks"]:
        lines += [f"  {check['what']}"]
        lines += [f"      published {check['published'] or NOT_STATED} | measured {number(check['measured'])}"]
        lines[-1] += f" | rule {check['rule']} | {holds(check['holds'])}"
    counterfeit = record["counterfeit"]["verdict"]
    lines += _folded("counterfeit", f"{claim.off}: {counterfeit or 'not measured'}") if counterfeit else []
    lines += [f"verdict: {record['verdict']}" + (f" ({record['reason']})" if record["reason"] else "")]
    return "\n".join([*lines, f"{record['cpu_seconds']:g} CPU-seconds, seed {record['settings']['seed']}"])


def _folded(name: str, text: str) -> list[str]:
    return textwrap.wrap(f"{name}: {text}", 110, subsequent_indent="    ")


def read(what: str) -> str:
    """What of a source we have read."""
    return what if what.startswith(("wording", "our own")) else f"read: {what}"


def holds(value: bool | None) -> str:
    """What the rule says of one number."""
    return {True: "yes", False: "NO", None: "–"}[value]


def number(value: float | None) -> str:
    """A measured number."""
    return "none" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def ordered(records: Mapping[str, Record]) -> list[Record]:
    """Refuted claims first, then those that could not be decided."""
    return sorted(records.values(), key=lambda record: (ORDER.index(record["verdict"]), record["claim"]))


def markdown(records: Mapping[str, Record]) -> str:
    """The table of docs/reproduce.md: a line a check."""
    lines = ["| claim | what | published | measured | rule | verdict |", "| --- | --- | --- | --- | --- | --- |"]
    for record in ordered(records):
        for place, check in enumerate(record["checks"]):
            name = f"`{record['claim']}`" if place == 0 else ""
            said = f"**{record['verdict']}**" if place == 0 else ""
            mark = f" ({holds(False)})" if check["holds"] is False else ""
            cells = [name, check["what"], check["published"] or "–", number(check["measured"]), check["rule"] + mark, said]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def paper(claim: Claim) -> list[str]:
    """The page of the paper that a claim's file begins with, paragraph by paragraph; formulas are indented."""
    text = sys.modules[type(claim).__module__].__doc__ or ""
    return [part if part.startswith("    ") else " ".join(part.split()) for part in text.strip("\n").split("\n\n")]


def page(records: Mapping[str, Record]) -> str:
    """All claims on one self-contained page; it follows the theme of the reader's system, and has no script."""
    shown = []
    for record in ordered(records):
        claim = reproduce.get(record["claim"])
        shown.append((claim, record, svg(claim.draw(record["rows"]), f"{claim.name}: {claim.claim}"), paper(claim)))
    look = style()
    allowed = base64.b64encode(hashlib.sha256(look.encode()).digest()).decode()
    counts = {verdict: sum(record["verdict"] == verdict for record in records.values()) for verdict in ORDER}
    environment_ = environment()
    environment_.globals |= {"number": number, "read": read, "holds": holds, "not_stated": NOT_STATED}
    return environment_.get_template("page.html.j2").render(
        shown=shown, style=look, counts=counts, failed=FAILS,
        policy=f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'",
    )  # fmt: skip
