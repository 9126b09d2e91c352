"""Run a recorded run again: bit for bit here, by the spread of its seeds elsewhere, and refused where the code is another."""

import copy
from pathlib import Path

import pytest
from runs import configured
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.running.rerun import cell_of, compared, configuration, rerun
from leaderboard.running.run import run
from leaderboard.store.published import publish, published
from leaderboard.store.schema import RecordError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list]:
    """A published file of three seeds of one cell, and its records."""
    folder = tmp_path_factory.mktemp("made")
    records = [run(configured(folder / "runs", f"seed={seed}", "task=parity", "model=resnet")) for seed in range(3)]
    publish(folder / "some.jsonl.gz", records)
    return folder / "some.jsonl.gz", published(folder / "some.jsonl.gz")


def elsewhere(record: dict) -> dict:
    other = copy.deepcopy(record)
    other["code"]["processor"] = "another"
    return other


def moved(record: dict, by: int) -> dict:
    """As if `by` symbols more had been right at every length."""
    other = copy.deepcopy(record)
    for score in other["scores"]:
        score["symbols_correct"] += by
    return other


def test_here_it_is_the_same_bit_for_bit(made: tuple[Path, list], tmp_path: Path) -> None:
    _, records = made
    for _ in range(2):  # an earlier attempt does not stand in the way
        again = rerun(records[1], configuration(records[1], tmp_path))
        assert compared(records[1], again, records).agrees is True
        assert again["files"] == records[1]["files"]
        assert (tmp_path / f"{again['id']}.safetensors").exists()


@pytest.mark.parametrize("part", ["scores", "files"])
def test_one_bit_more_here_does_not_agree(part: str, made: tuple[Path, list]) -> None:
    _, (record, *_) = made
    other = copy.deepcopy(record)
    if part == "scores":
        other["scores"][0]["symbols_correct"] += 1
    else:
        next(iter(other["files"].values()))["sha256"] = "0" * 64
    assert compared(record, record, []).agrees is True
    assert compared(record, other, []) == (False, [f"{part} differ"])


def test_elsewhere_the_spread_of_its_seeds_decides(made: tuple[Path, list]) -> None:
    _, (record, *_) = made
    cell = [moved(record, by) | {"seed": seed} for seed, by in enumerate((0, 10, 4))]
    assert compared(record, elsewhere(moved(record, 10)), cell).agrees is True
    assert compared(record, elsewhere(moved(record, 11)), cell).agrees is False
    assert compared(record, elsewhere(moved(record, -10)), cell).agrees is True
    assert compared(record, elsewhere(record), cell[:2]).agrees is None
    other = copy.deepcopy(record)
    other["code"]["versions"]["torch"] = "9.9"
    assert "torch" in compared(record, other, cell).why[0]


def test_a_cell_is_all_seeds_of_one_task_architecture_recipe_and_protocol(made: tuple[Path, list]) -> None:
    _, records = made
    others = [copy.deepcopy(records[0]) for _ in range(2)]
    others[0]["recipe"]["label"], others[1]["protocol"]["hash"] = "steady", "0" * 8
    assert cell_of(records[0], [*others, *records]) == records


def test_a_failure_agrees_with_the_same_failure(made: tuple[Path, list]) -> None:
    _, (record, *_) = made
    failed = record | {"status": "failed", "reason": "it grew"}
    assert compared(failed, failed, []).agrees is True
    assert compared(failed, failed | {"reason": "it stopped"}, []).agrees is False
    assert compared(record, failed, []).agrees is False


def test_another_version_is_refused_before_anything_runs(made: tuple[Path, list], tmp_path: Path) -> None:
    _, (record, *_) = made
    older = copy.deepcopy(record) | {"id": "0" * 16}
    older["task"]["version"] = 99
    with pytest.raises(RecordError, match="task version 99, here 1"):
        configuration(older, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_command(made: tuple[Path, list], tmp_path: Path) -> None:
    path, records = made
    id, results = records[0]["id"], ["--results", str(tmp_path)]
    said = CliRunner().invoke(app, ["rerun", id[:8], "--of", str(path), *results])
    assert (said.exit_code, said.stdout.splitlines()[1]) == (0, "  weights and scores are the same, bit for bit")
    assert said.stdout.splitlines()[-1].startswith("agrees: ")
    publish(tmp_path / "other.jsonl.gz", [moved(records[0], -1)])
    said = CliRunner().invoke(app, ["rerun", id, "--of", str(tmp_path / "other.jsonl.gz"), *results])
    assert (said.exit_code, "does not agree" in said.stdout) == (1, True)
    wrong = CliRunner().invoke(app, ["rerun", "zz", "--of", str(path)])
    assert (wrong.exit_code, len(wrong.stderr.splitlines())) == (2, 1)
