"""The README is true: its example runs, what its tree names is there, its commands name what exists."""

import re
from pathlib import Path

import pytest

from leaderboard.site import cards

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 185


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    exec(compile(example, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert said.startswith("tensor(True) ACC⁰\n")
    assert "input[i] = 1" in said


def rows(text):
    """Complexity class to the names in its three columns."""
    lines = [line for line in text.splitlines() if re.match(r"\| (N?C|AC|TC|ACC|N?L|P)\S* \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: [set(filter(None, cell.split(", "))) for cell in rest] for first, *rest in cells}


def test_the_ladder_is_the_one_that_is_printed():
    """A task that has been added since need not be told."""
    told, printed = rows(TEXT.split("## The ladder")[1].split("## Runs")[0]), rows(cards.overview())
    assert len(told) == 8
    for complexity, columns in told.items():
        assert all(names <= found for names, found in zip(columns, printed[complexity], strict=True)), complexity


def test_the_tree_is_there():
    tree = TEXT.split("## The house")[1].split("##")[0]
    folder = ROOT
    for line in filter(str.strip, tree.splitlines()):
        names = [name.strip(",") for name in line.split() if re.fullmatch(r"[a-z_]+(\.py|/),?", name)]
        assert names or "make" in line, line
        folder = ROOT if not line.startswith("      ") else folder
        for name in names:
            assert (folder / name).exists(), name
        if names and names[0].endswith("/") and not line.startswith("      "):
            folder = ROOT / names[0]


@pytest.mark.parametrize("target", re.findall(r"(?:`|    )make ([a-z]+)", TEXT))
def test_make_targets_exist(target):
    assert f"\n{target}: " in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("option", sorted(set(re.findall(r"(?:suite|task|model|logger)=(?!glob)[a-z_]+", TEXT))))
def test_named_configurations_exist(option):
    group, name = option.split("=")
    assert (ROOT / "conf" / group / f"{name}.yaml").exists()
