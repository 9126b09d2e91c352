"""Published records: one file, the same bytes every time, and nothing in it of the machine that made them."""

import gzip
import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from matplotlib.image import imread
from PIL import Image
from records import done, failed, score
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.store.published import publish, published, standard, whole
from leaderboard.store.record import read, write
from leaderboard.store.schema import RecordError
from leaderboard.tables.protocols import grouped

ROOT = Path(__file__).parents[3]
PUBLISHED = sorted((ROOT / "leaderboard" / "published").glob("*.jsonl.gz"))


def script(name: str) -> ModuleType:
    """A file of the project that is no part of its package, imported."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_records_come_back_without_where_they_were_kept(tmp_path: Path) -> None:
    records = [done(seed=seed) | {"config": {"steps": 600, "results": "/home/somebody"}} for seed in range(3)] + [failed("gru")]
    path = tmp_path / "some.jsonl.gz"
    publish(path, records)
    first = path.read_bytes()
    publish(path, records[::-1])
    assert path.read_bytes() == first
    assert b"somebody" not in gzip.decompress(first)
    found = {record["id"]: record for record in published(path)}
    assert found == {record["id"]: record | {"config": {"steps": 600}} for record in records[:3]} | {
        records[3]["id"]: records[3] | {"config": {"steps": 600}}
    }


def test_what_is_equal_is_held_once_and_what_is_not_is_not(tmp_path: Path) -> None:
    trained = [score(accuracy=0.5 + seed / 4) for seed in range(2)]
    measured = score("reference")
    records = [done(seed=seed, scores=[trained[seed], measured]) | {"config": {"seed": seed, "net": {}}} for seed in range(2)]
    publish(tmp_path / "some.jsonl.gz", [*records, done("gru", scores=[measured, trained[0]]), failed("lstm")])
    found = {(record["model"]["label"], record["seed"]): record for record in published(tmp_path / "some.jsonl.gz")}
    first, second = found["resnet", 0], found["resnet", 1]
    assert [first, second] == records
    assert all(first[part] is second[part] for part in ("protocol", "recipe", "task", "model", "code", "reference"))
    assert first["config"]["net"] is second["config"]["net"]
    assert [one is other for one, other in zip(first["scores"], second["scores"], strict=True)] == [False, True]
    assert [one["weights"] for one in found["gru", 0]["scores"]] == ["reference", "trained"]
    assert found["lstm", 0]["scores"] == []


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"{", mtime=0), gzip.compress(b'{"schema": 3}', mtime=0)])
def test_what_is_no_such_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(RecordError) as error:
        published(path)
    assert str(path) in str(error.value)
    assert str(error.value).isprintable()


def test_a_table_and_a_page_are_made_of_it(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.gz"
    publish(path, [done(), done("gru")])
    shown = CliRunner().invoke(app, ["table", str(path)])
    assert (shown.exit_code, "gru" in shown.stdout, "wrote" in shown.stdout) == (0, True, False)
    assert CliRunner().invoke(app, ["site", str(path)]).exit_code == 2  # beside it nothing is written unasked
    assert CliRunner().invoke(app, ["site", str(path), str(tmp_path / "p.html")]).exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.html", "some.jsonl.gz"]


def test_publish_adds_to_what_is_there_and_restore_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.gz"
    for seed in range(3):
        write(tmp_path / f"runs{seed}", done(seed=seed))
        said = CliRunner().invoke(app, ["publish", str(tmp_path / f"runs{seed}"), str(path)])
        assert said.stdout.endswith(f"{seed + 1} records, 1 of them new\n")
    assert CliRunner().invoke(app, ["restore", str(path), str(tmp_path / "back")]).exit_code == 0
    assert read(tmp_path / "back") == published(path)
    wrong = CliRunner().invoke(app, ["publish", str(tmp_path / "back"), str(tmp_path / "some.json")])
    assert (wrong.exit_code, len(wrong.stderr.splitlines())) == (2, 1)


def test_only_whole_seeds_stand_in_the_table_of_what_is_published() -> None:
    every = [
        done(model, seed=seed, task=task) for seed in (0, 1) for model in ("gru", "resnet") for task in ("parity", "count")
    ]
    assert whole(every) == every
    assert whole([*every, done("gru", seed=2, task="parity")]) == every
    found = whole([*every, failed("lstm", seed=1) | {"seed": 1}])  # a failure was tried, and seed 0 of parity lacks that row
    assert {(record["task"]["label"], record["seed"]) for record in found} == {("parity", 1), ("count", 0), ("count", 1)}
    assert whole([*every, done("gru", task="begun")]) == every  # a task whose turn has just come


def test_a_row_that_lacks_a_seed_of_most_is_left_out_and_does_not_cost_the_others_theirs() -> None:
    most = [done(model, seed=seed) for seed in (0, 1) for model in ("gru", "lstm", "resnet")]
    assert whole([*most, done("plain")]) == most
    assert whole([*most, done("plain"), done("rnn")]) == [
        record for record in [*most, done("plain"), done("rnn")] if record["seed"] == 0
    ]  # 3 of 5 rows are too few for seed 1
    one = [done(model, seed=seed, task="count") for seed in (0, 1) for model in ("gru", "lstm", "resnet", "plain")]
    assert whole([*most, *one]) == [*most, *one]  # 3 of 4 rows are nearly all


def test_own_runs_stand_among_those_of_another_file(tmp_path: Path) -> None:
    path, own = tmp_path / "some.jsonl.gz", tmp_path / "own"
    publish(path, [done("gru", seed=0), done("gru", seed=1)])
    for record in (done("gru", seed=0), done("mine", seed=0), done("mine", seed=1)):
        write(own, record)
    said = CliRunner().invoke(app, ["table", str(own), "--with", str(path), "--view", "scores", "--format", "csv"])
    assert said.exit_code == 0
    found = pd.read_csv(io.StringIO(said.stdout))
    assert sorted(found["model"].unique()) == ["gru", "mine"]
    alone = CliRunner().invoke(app, ["table", str(own), "--view", "scores", "--format", "csv"])
    assert "gru" in alone.stdout
    other = done("mine", seed=2)
    other["protocol"] = other["protocol"] | {"settings": other["protocol"]["settings"] | {"training.steps": 77}}
    write(own, other)
    refused = CliRunner().invoke(app, ["table", str(own), "--with", str(path)])
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (2, 1)
    assert "training.steps=77" in refused.stderr
    assert "the same" in refused.stderr


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_what_is_published_can_be_read_and_names_no_machine(path: Path) -> None:
    records = published(path)
    assert len(records) == len({record["id"] for record in records}) >= (30 if path.name == "groups.jsonl.gz" else 41)
    assert not any({"results", "store"} & record["config"].keys() for record in records)
    assert path.stat().st_size < 3_000_000


def test_the_table_of_the_readme_is_that_of_the_records() -> None:
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    block = said.split("<!-- table: published -->\n")[1].split("<!-- /table -->")[0]
    made = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["table", "published", "--view", "recipes"]).stdout
    assert [line.strip() for line in block.splitlines() if line.strip()] == [
        line.strip() for line in made.splitlines() if line.strip()
    ]


def test_the_map_of_the_readme_is_that_of_the_records(tmp_path: Path) -> None:
    solves = script("docs/solves.py")
    (group, *_) = grouped(standard())
    said = solves.said(*solves.shown(group))
    for name in ("solves.png", "solves-dark.png"):
        with Image.open(ROOT / "docs" / name) as picture:
            assert picture.info["Description"] == said
    solves.main(tmp_path)
    now, before = (imread(folder / "solves.png") for folder in (tmp_path, ROOT / "docs"))
    assert now.shape == before.shape
    assert abs(now - before).mean() < 0.02  # fonts may differ


def test_the_findings_are_those_of_the_records(tmp_path: Path) -> None:
    findings = script("benchmarks/findings.py")
    findings.main(tmp_path)
    assert (tmp_path / "findings.md").read_text() == (ROOT / "docs" / "findings.md").read_text()
    now, before = (imread(folder / "findings.png") for folder in (tmp_path, ROOT / "docs"))
    assert now.shape == before.shape
    assert abs(now - before).mean() < 0.02
