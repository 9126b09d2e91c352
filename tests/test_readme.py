"""The README is true: its example runs, what its tree names is there, its commands name what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 150


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    exec(compile(example, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert said.startswith("tensor(True) ACC⁰\n")
    assert "input[i] = 1" in said


def test_the_tree_is_there():
    tree = TEXT.split("## The house")[1].split("##")[0]
    folder = ROOT
    for line in filter(str.strip, tree.splitlines()):
        names = [name.strip(",") for name in line.split() if re.fullmatch(r"[a-z_]+(\.py|/),?", name)]
        assert names or "make" in line, line
        folder = ROOT if not line.startswith("      ") else folder
        for name in names:
            assert (folder / name).exists(), name
        if names and names[0].endswith("/"):
            folder = ROOT / names[0]


@pytest.mark.parametrize("target", re.findall(r"(?:`|    )make ([a-z]+)", TEXT))
def test_make_targets_exist(target):
    assert f"\n{target}: " in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("option", sorted(set(re.findall(r"(?:suite|task|model|logger)=(?!glob)[a-z_]+", TEXT))))
def test_named_configurations_exist(option):
    group, name = option.split("=")
    assert (ROOT / "conf" / group / f"{name}.yaml").exists()
