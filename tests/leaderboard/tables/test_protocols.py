"""Runs are compared within one protocol only: groups, their titles, what is a row of its own and what is a footnote."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from records import SETTINGS, done, failed, score, under, using
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.protocol import digest
from leaderboard.store.record import RecordError, identifier, read, write
from leaderboard.tables import export
from leaderboard.tables.cells import cells
from leaderboard.tables.frame import frame
from leaderboard.tables.protocols import chosen, grouped
from leaderboard.tables.table import table

SHORT = {"training.steps": 400}


def run(*args: object) -> Any:
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, [str(arg) for arg in args])


def titles(*records: dict[str, Any]) -> list[str]:
    return [group.title for group in grouped(records)]


# groups


def test_a_protocol_is_a_group_and_its_title_says_what_differs() -> None:
    records = [done(), under(done(seed=1), SHORT), failed("gru", seed=1), under(done("gru"), SHORT)]
    groups = {group.title: group for group in grouped(records)}
    assert set(groups) == {
        f"protocol quick {digest(SETTINGS, 8)}: training.steps=600",
        f"protocol quick {digest(SETTINGS | SHORT, 8)}: training.steps=400",
    }
    for group in groups.values():
        assert len(group.records) == 2
        assert group.hash == digest(group.settings, 8)
        assert set(group.df["id"].dropna()) == {record["id"] for record in group.records}
    assert titles(done(), failed("gru")) == [""]


def test_the_hash_is_in_a_title_only_where_the_name_does_not_tell() -> None:
    other = under(done(), SHORT | {"scoring.factors": [2, 4]}, "long")
    assert titles(done(), other) == [
        "protocol long: scoring.factors=[2,4], training.steps=400",
        "protocol quick: scoring.factors=[1,2,4], training.steps=600",
    ]
    assert titles(done(), under(done(), {"scoring.words": None, "net.layers": 24}, "deep")) == [
        "protocol deep: net.layers=24, no scoring.words",
        "protocol quick: no net.layers, scoring.words=100",
    ]
    assert titles(done(), under(done(), {}, "again"))[0] == ""  # names are for people


def test_a_group_is_of_equal_settings_whatever_hash_a_record_states() -> None:
    false = done(seed=1)
    false["protocol"] = false["protocol"] | {"settings": SETTINGS | SHORT}
    assert len(grouped([done(), false])) == 2
    other = done(seed=1)
    other["protocol"] = other["protocol"] | {"hash": "00000000"}
    assert len(grouped([done(), other])) == 1


def test_a_title_is_one_short_line() -> None:
    title, _ = titles(under(done(), {"scoring.seeds": "ab\n\x1b[31m" * 40}, "x"), under(done(), {}, "y"))
    assert title.isprintable()
    assert len(title) < 80


def test_one_protocol_is_asked_for_by_name_or_by_hash() -> None:
    groups = grouped([done(), under(done(), SHORT), under(done(), {"training.steps": 9}, "mini")])
    (mini,) = chosen(groups, "mini")
    assert mini.settings["training.steps"] == 9
    assert chosen(groups, mini.hash) == [mini]
    assert len(chosen(groups, None)) == 3
    with pytest.raises(RecordError, match=rf"^--protocol standard: the records have {mini.hash} \(mini\), \w{{8}} \(quick\), "):
        chosen(groups, "standard")
    with pytest.raises(
        RecordError, match=r"^--protocol quick: several have that name; allowed: one of \w{8} \(quick\), \w{8} "
    ):
        chosen(groups, "quick")


# rows and columns


def test_a_recipe_is_a_row_of_its_own() -> None:
    df = frame([done(), using(done(), rate=0.01), using(done(), rate=0.01, norm="true")])
    assert sorted(df["model"].unique()) == ["resnet", "resnet, rate=0.01", "resnet, rate=0.01, norm=true"]
    assert df.groupby("model", observed=True)["recipe"].first().tolist() == ["", "rate=0.01", "rate=0.01, norm=true"]
    said = {"name": "deep", "authors": ["a"], "link": "", "badge": "verified", "claimed": {}}
    assert frame([using(done(), rate=0.01) | {"submission": said}])["model"][0] == "resnet, rate=0.01 · deep [verified]"


def version(record: dict[str, Any], of: str, number: int) -> dict[str, Any]:
    return record | {of: record[of] | {"version": number}, "id": identifier({"of": record["id"], "version": number})}


def test_versions_are_rows_and_columns_where_the_folder_holds_several() -> None:
    records = [done(), version(done(), "model", 2), version(done("gru"), "model", 2), version(done(task="x"), "task", 2)]
    (group,) = grouped(records)
    assert sorted(group.df["model"].unique()) == ["gru", "resnet v1", "resnet v2"]
    assert sorted(group.df["task"].unique()) == ["parity", "x"]
    apart = grouped([done(), under(version(done(), "task", 3), SHORT)])
    assert sorted(group.df["task"].unique().tolist() for group in apart) == [["parity v1"], ["parity v3"]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"code": {"task": "cc"}}, "code"),
        ({"code": {"model": "cc"}}, "code"),
        ({"code": {"commit": "2" * 40}}, "commit"),
        ({"code": {"processor": "other"}}, "processor"),
        ({"code": {"versions": {"torch": "3"}}}, "libraries"),
        ({"net": {"parameters": 99}}, "parameters"),
        ({"code": {"processor": "other"}, "net": {"parameters": 99}}, "processor, parameters"),
    ],
)
def test_runs_of_a_cell_that_differ_have_a_footnote(change: dict[str, Any], told: str) -> None:
    first, second, elsewhere = done(), done(seed=1), done(task="x", seed=0)
    for run in (first, elsewhere):
        run["code"] = run["code"] | {"commit": "1" * 40, "processor": "this"}
    second["code"] = first["code"]
    for part, values in change.items():
        second[part] = second[part] | values
    df = frame([first, second, elsewhere])
    notes = {cell["task"]: cell["notes"] for _, cell in cells(df, "symbol", 1).iterrows()}
    assert notes["parity"] == [f"its runs differ in {told}"]
    assert not any("differ" in note for note in notes["x"])
    assert f"its runs differ in {told}" in table(df, "symbol", 1).footnotes


def test_what_is_not_known_is_no_difference() -> None:
    known = done(seed=1)
    known["code"] = known["code"] | {"commit": "1" * 40, "processor": "this"}
    assert cells(frame([done(), known, failed(seed=2)]), "symbol", 1)["notes"][0] == [
        "failed, counted as the shortcut: diverged"
    ]


# commands


def folder(path: Path) -> Path:
    """Seed 0 of width 32 and seed 1 of width 64, and another net of width 32."""
    for record in (done(scores=at(0.7)), done("gru", scores=at(0.6))):
        write(path, under(record, {"net.width": 32}, "narrow"))
    write(path, under(done(seed=1, scores=at(0.9)), {"net.width": 64}, "wide"))
    return path


def at(accuracy: float) -> list[dict[str, Any]]:
    return [score(accuracy=accuracy), score("reference")]


def test_a_table_is_of_one_protocol(tmp_path: Path) -> None:
    result = run("table", folder(tmp_path), "--no-picture")
    assert (result.exit_code, result.stderr) == (0, "")
    narrow, wide = result.stdout.split("protocol narrow: net.width=32")[1].split("protocol wide: net.width=64")
    assert re.findall(r"(\w+) +– (0\.[67]\d\d)", narrow) == [("resnet", "0.700"), ("gru", "0.600")]
    assert re.findall(r"(\w+) +– (0\.9\d\d)", wide) == [("resnet", "0.900")]
    alone = run("table", tmp_path, "--protocol", "wide", "--no-picture").stdout
    assert "– 0.900" in alone
    assert "0.700" not in alone


def test_files_hold_all_protocols(tmp_path: Path) -> None:
    assert run("table", folder(tmp_path), "--protocol", "wide").exit_code == 0
    markdown, latex = ((tmp_path / name).read_text() for name in ("table.md", "table.tex"))
    assert re.findall(r"^#+ .*", markdown, re.M) == [
        *("# protocol narrow: net.width=32", "## Per-symbol accuracy at the training length"),
        *("## Whole-word accuracy at the training length", "# protocol wide: net.width=64"),
        *("## Per-symbol accuracy at the training length", "## Whole-word accuracy at the training length"),
    ]
    captions = re.findall(r"\\caption{.*; protocol (\w+): net.width=(\d+).}", latex)
    assert captions == [("narrow", "32")] * 2 + [("wide", "64")] * 2
    tidy = pd.read_csv(tmp_path / "table.csv", dtype={"protocol_hash": str})
    assert tidy.groupby("protocol")["model"].unique().map(list).to_dict() == {"narrow": ["gru", "resnet"], "wide": ["resnet"]}
    hashes = {group.hash for group in grouped(read(tmp_path))}
    assert set(tidy["protocol_hash"]) == hashes
    assert {path.name for path in tmp_path.glob("*.png")} == {f"heatmap-{hash}.png" for hash in hashes}


def test_a_length_that_one_protocol_does_not_have_is_shown_of_the_others(tmp_path: Path) -> None:
    write(tmp_path, done())
    write(tmp_path, under(done(scores=[score(factor=2)]), {"scoring.factors": [2]}, "far"))
    result = run("table", tmp_path, "--view", "scores", "--factor", "2")
    assert "protocol far" in result.stdout
    assert "protocol quick" not in result.stdout
    assert "the records have 1, 2, not 3" in run("table", tmp_path, "--factor", "3").stderr


@pytest.mark.parametrize("command", ["table", "site"])
def test_a_protocol_that_is_not_there_is_one_line(command: str, tmp_path: Path) -> None:
    before = sorted(folder(tmp_path).iterdir())
    result = run(command, tmp_path, "--protocol", "standard")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert re.match(
        r"realizable: --protocol standard: the records have \w{8} \(narrow\), \w{8} \(wide\)$", result.stderr.strip()
    )
    assert sorted(tmp_path.iterdir()) == before


def test_a_page_is_of_one_protocol(tmp_path: Path) -> None:
    result = run("site", folder(tmp_path))
    narrow, wide = grouped(read(tmp_path))
    assert result.exit_code == 0
    paths = [tmp_path / f"index-{group.hash}.html" for group in (narrow, wide)]
    assert [re.match(r"wrote (.*), \d+ kB, of (.*)", line).groups() for line in result.stdout.splitlines()] == [  # type: ignore[union-attr]
        (str(path), group.title) for path, group in zip(paths, (narrow, wide), strict=True)
    ]
    assert "net.width=32" in paths[0].read_text()
    assert "net.width=64" not in paths[0].read_text()
    assert not (tmp_path / "index.html").exists()
    assert run("site", tmp_path, "--protocol", wide.hash).stdout.startswith(f"wrote {tmp_path / 'index.html'}, ")
    links = "".join(
        f'<li><a href="{path.name}">Protocol {name}</a></li>' for path, name in zip(paths, ("narrow", "wide"), strict=True)
    )
    assert (tmp_path / "index.html").read_text() == paths[1].read_text().replace(links, "")


def test_the_export_says_of_which_protocol_and_recipe_a_run_is() -> None:
    records = [done(), done("gru", seed=1), using(under(done(), SHORT, "mini"), rate=0.01)]
    df = export.flat(records)
    runs = df.drop_duplicates(["protocol", "model", "seed"])[["protocol", "protocol_hash", "model", "recipe", "status"]]
    assert runs.fillna("").values.tolist() == [
        ["mini", digest(SETTINGS | SHORT, 8), "resnet, rate=0.01", "rate=0.01", "done"],
        *(["quick", digest(SETTINGS, 8), "gru", "", status] for status in ("missing", "done")),
        *(["quick", digest(SETTINGS, 8), "resnet", "", status] for status in ("done", "missing")),
    ]
