"""Claims: each rule refuses its counterfeit, the records say what their rows say, and the page holds nothing but them."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import leaderboard.reproduce as claims
from leaderboard.cli import app
from leaderboard.reproduce import page, record, run
from leaderboard.reproduce.claim import (
    ANY,
    FAILS,
    HOLDS,
    UNDECIDED,
    Bound,
    Check,
    Claim,
    ClaimError,
    Row,
    at_least,
    at_most,
    near,
    pick,
    slope,
    verdict,
)  # fmt: skip
from leaderboard.reproduce.drawing import Drawing, svg
from leaderboard.store.schema import RecordError

ROOT = Path(__file__).parents[3]
RECORDS = record.committed()
every_claim = pytest.mark.parametrize("name", claims.names())
QUICK = ("gru_is_euler", "backward_euler")  # claims that take less than a second in full


# every claim


@every_claim
def test_a_rule_refuses_the_rows_of_its_counterfeit(name: str) -> None:
    false = RECORDS[name]["counterfeit"]
    assert verdict(claims.get(name).counterfeit().accept(false["rows"])) == FAILS == false["verdict"]
    assert false["settings"] == run.settings(claims.get(name).counterfeit())


@every_claim
def test_a_record_says_what_its_rows_say(name: str) -> None:
    said, claim = RECORDS[name], claims.get(name)
    checks = claim.accept(said["rows"])
    assert (record.listed(checks), verdict(checks)) == (said["checks"], said["verdict"])
    assert (said["settings"], said["version"], said["reason"]) == (run.settings(claim), claim.version, None)
    assert said["cpu_seconds"] <= run.LIMIT
    assert {"torch", "python"} <= said["code"]["versions"].keys()


@every_claim
def test_a_measurement_gives_rows_of_the_kind_that_are_recorded(name: str) -> None:
    rows = [record.rounded(row) for row in claims.get(name).quick().measure()] if name not in QUICK else RECORDS[name]["rows"]
    known = {frozenset(row) for row in RECORDS[name]["rows"]}
    assert rows
    assert {frozenset(row) for row in rows} <= known
    json.dumps(rows, allow_nan=False)


@every_claim
def test_a_claim_tells_its_source_and_draws_its_rows(name: str) -> None:
    claim = claims.get(name)
    assert all(text and text == text.strip() for text in (claim.claim, claim.source, claim.read, claim.setting, claim.off))
    assert claim.counterfeit() != claim
    drawn = svg(claim.draw(RECORDS[name]["rows"]), claim.claim, alone=True)
    tags = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawn).iter()]
    assert tags.count("path") > 10  # more than the grid and the legend
    assert "nan" not in drawn.lower().split("</style>")[1]


@pytest.mark.parametrize("name", QUICK)
def test_a_measurement_is_that_of_the_record_and_the_same_every_time(name: str) -> None:
    made = run.reproduce(claims.get(name), lambda text: None)
    again = run.reproduce(claims.get(name), lambda text: None)
    assert made["rows"] == again["rows"]
    assert made["verdict"] == RECORDS[name]["verdict"]
    assert [row.keys() for row in made["rows"]] == [row.keys() for row in RECORDS[name]["rows"]]
    other = run.reproduce(replace(claims.get(name), seed=1), lambda text: None)
    assert other["rows"] != made["rows"]


def test_modules_of_the_frame_are_no_claims_and_all_others_are() -> None:
    modules = {path.stem for path in (ROOT / "leaderboard" / "reproduce").glob("*.py")}
    assert modules == {"__init__", *claims.FRAME, *claims.names()}
    with pytest.raises(ClaimError, match="unknown claim 'record'; there are anode, "):
        claims.get("record")
    with pytest.raises(ClaimError, match="anode: unknown parameter 'x'"):
        claims.get("anode", x=1)


# the frame


@dataclass(frozen=True, kw_only=True)
class Toy(Claim):
    """Rows of a number, which the rule wants to be 1."""

    number: float = 1.0
    otherwise: float = 2.0

    claim = "<b>One</b> is one."
    source = "nobody & nothing"
    read = "our own"
    setting = "none"
    off = "another number"

    def measure(self) -> Iterator[Row]:
        for k in range(3):
            yield {"k": k, "number": self.number}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        largest = [row["number"] if row["number"] is not None else math.nan for row in rows]
        return [Check("number", "1", max(largest), near(1, 0.5)), Check("rows", "", float(len(rows)), ANY)]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        return Drawing("k", "number", {"<i>": [(row["k"], row["number"]) for row in rows]})

    def counterfeit(self) -> Claim:
        return replace(self, number=self.otherwise)


def reproduced(toy: Toy, **settings: float) -> dict:
    return run.reproduce(toy, lambda text: None, **settings)


def test_a_claim_holds_fails_or_is_not_decided() -> None:
    assert reproduced(Toy())["verdict"] == HOLDS
    assert reproduced(Toy(number=3.0))["verdict"] == FAILS
    assert reproduced(Toy(number=math.nan))["verdict"] == UNDECIDED
    assert reproduced(Toy(number=math.nan))["rows"][0]["number"] is None
    late = reproduced(Toy(), limit=-1.0)
    assert (late["verdict"], late["reason"], late["checks"]) == (UNDECIDED, "not done after -1 CPU-seconds", [])


def test_a_rule_that_also_accepts_the_counterfeit_decides_nothing() -> None:
    said = reproduced(Toy(otherwise=1.2))
    assert said["counterfeit"]["verdict"] == HOLDS
    assert (said["verdict"], said["reason"]) == (UNDECIDED, "the rule says of the counterfeit that it holds")


def test_bounds() -> None:
    assert [1.0 in at_least(1), 0.99 in at_least(1), 1.0 in at_most(1), 1.01 in at_most(1)] == [True, False, True, False]
    assert [0.9 in near(1, 0.1), 1.11 in near(1, 0.1), math.nan in ANY, 1e300 in ANY] == [True, False, False, True]
    assert [*map(str, (at_least(0.5), at_most(2), near(1, 0.1), near(1, 0), ANY))] == [
        "≥ 0.5", "≤ 2", "0.9 … 1.1", "= 1", "reported only",
    ]  # fmt: skip


def test_a_verdict_is_decided_by_rules_alone() -> None:
    yes, no, none = (Check("", "", value, at_least(1)) for value in (1.0, 0.0, math.nan))
    told = Check("", "", -1.0, Bound())
    assert [*map(verdict, ([yes], [yes, no], [yes, none], [no, none], [yes, told], [told], []))] == [
        HOLDS, FAILS, UNDECIDED, FAILS, HOLDS, UNDECIDED, UNDECIDED,
    ]  # fmt: skip


def test_slopes_and_picks_by_hand() -> None:
    assert slope([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
    assert slope([1, 2, 3], [8, 4, 2], log="y") == pytest.approx(-1)
    assert math.isnan(slope([1, 2], [0, 1]))
    assert pick([{"a": 1, "b": 2}, {"a": 1, "b": 3}], a=1, b=3) == [{"a": 1, "b": 3}]


def test_a_record_comes_back_and_is_used_again_for_the_same_claim_only(tmp_path: Path) -> None:
    said = reproduced(Toy())
    path = record.write(tmp_path, said)
    assert record.read(path) == said
    asked = run.settings(Toy())
    assert record.again(path, Toy(), asked) == said
    assert record.again(path, Toy(), asked | {"seed": 1}) is None
    assert record.again(tmp_path / "none.json", Toy(), asked) is None
    record.write(tmp_path, said | {"version": 2})
    assert record.again(path, Toy(), asked) is None
    record.write(tmp_path, reproduced(Toy(), limit=-1.0))
    assert record.again(path, Toy(), asked) is None  # it was not decided: it is measured again


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": 1}', b"\xff"])
def test_what_is_no_record_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(RecordError) as error:
        record.read(tmp_path / "x.json")
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_drawing_places_its_points_and_names_its_numbers() -> None:
    """The axes reach a little beyond the points; what has no place on a logarithmic axis is left out."""
    drawing = Drawing(
        "x", "y", {"<a>": [(1, 1.0), (2, 10.0), (3, 0.0), (4, math.nan)]}, log="y", key=["one", "two"], levels={"rule": 5.0}
    )
    found = ElementTree.fromstring(svg(drawing, "title"))
    texts = ["".join(element.itertext()) for element in found.iter("{http://www.w3.org/2000/svg}text")]
    assert {"x", "y", "<a>", "rule", "1 one, 2 two"} <= set(texts)
    marks = [element.get("transform") for element in found.iter("{http://www.w3.org/2000/svg}path") if element.get("transform")]
    assert len(marks) == 2 + 1  # two points with a place, and the sign of the legend
    (left, low), (right, high) = ([int(n) for n in re.findall(r"\d+", str(mark))] for mark in marks[:2])
    assert 62 < left < right < 506
    assert 12 < high < low < 256


# what is said of them


def test_the_table_of_the_docs_is_that_of_the_records() -> None:
    said = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
    assert said.split("<!-- table: reproduce -->\n")[1].split("<!-- /table -->")[0] == page.markdown(RECORDS)
    assert CliRunner().invoke(app, ["reproduce", "--markdown"]).stdout == page.markdown(RECORDS)


def test_refuted_claims_come_first() -> None:
    verdicts = [said["verdict"] for said in page.ordered(RECORDS)]
    assert verdicts == sorted(verdicts, key=page.ORDER.index)
    assert len(verdicts) == len(claims.names())


def test_the_page_is_one_file_that_asks_for_nothing(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["reproduce", "--all", "--recorded", "--out", str(tmp_path)])
    assert (said.exit_code, [path.name for path in tmp_path.iterdir()]) == (0, ["reproduce.html"])
    html = (tmp_path / "reproduce.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(|href=\"[^#]", html)
    assert "default-src 'none'; style-src 'sha256-" in unescape(html)
    for name in claims.names():
        assert html.count(f'<section id="{name}">') == 1
        assert claims.get(name).source.split(",")[0] in html
    assert len(html) < 700_000


def test_what_a_record_or_a_claim_says_is_text_not_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "get", lambda name: Toy())
    toy = reproduced(Toy())
    said = toy | {"reason": "<script>", "checks": [toy["checks"][0] | {"what": "<img>", "published": '"&'}]}
    html = page.page({"toy": said})
    assert not re.search(r"<script|<img|<b>One|<i>", html)
    assert "&lt;b&gt;One&lt;/b&gt; is one." in html
    assert "nobody &amp; nothing" in html


def test_a_claim_is_measured_told_and_kept(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["reproduce", "gru_is_euler", "--out", str(tmp_path)])
    assert said.exit_code == 0, said.output
    for text in (
        "published 0 (an identity) | measured",
        "rule ≤ 1e-12 | yes",
        "counterfeit: ",
        "verdict: holds",
        "source: Kidger",
    ):
        assert text in said.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"gru_is_euler.json", "gru_is_euler.svg"}
    assert record.read(tmp_path / "gru_is_euler.json")["verdict"] == HOLDS


def test_all_goes_on_from_records_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "names", lambda: ["gru_is_euler"])
    first = CliRunner().invoke(app, ["reproduce", "--all", "--out", str(tmp_path)]).stdout
    kept = (tmp_path / "gru_is_euler.json").read_bytes()
    second = CliRunner().invoke(app, ["reproduce", "--all", "--out", str(tmp_path)]).stdout
    assert "net 0" in first
    assert second.startswith("gru_is_euler: holds (its record is in ")
    assert (tmp_path / "gru_is_euler.json").read_bytes() == kept
    assert "net 0" in CliRunner().invoke(app, ["reproduce", "--all", "--seed", "1", "--out", str(tmp_path)]).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], "unknown claim 'nothing'; there are anode"),
        (["anode", "--all"], "anode and --all are not allowed together"),
        (["--all", "--recorded", "--seed", "2"], "--seed is not allowed with --recorded"),
    ],
)
def test_a_wrong_command_is_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["reproduce", *words, "--out", str(tmp_path)])
    assert (said.exit_code, says in said.stderr, said.stderr.count("\n")) == (2, True, 1)
    assert not list(tmp_path.iterdir())


def test_claims_are_listed() -> None:
    lines = CliRunner().invoke(app, ["reproduce"]).stdout.splitlines()
    assert [line.split()[0] for line in lines] == claims.names()
