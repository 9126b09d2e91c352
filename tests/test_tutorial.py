"""docs/tutorial.py is run as it stands, but for the number of steps and of seeds."""

from pathlib import Path

import matplotlib.image

import train
from leaderboard.store.record import read

SCRIPT = Path(train.__file__).parent / "docs" / "tutorial.py"


def test_the_tutorial_runs_and_says_what_it_promises(tmp_path, monkeypatch, capsys):
    text = SCRIPT.read_text(encoding="utf-8")
    usual = "STEPS, SEEDS = 600, (0, 1)"
    assert text.count(usual) == 1
    monkeypatch.chdir(tmp_path)
    exec(compile(text.replace(usual, "STEPS, SEEDS = 4, (0,)"), str(SCRIPT), "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "510 of 510 words agree with (b|ab*ab*a)*"
    assert said[9] == "write-once, 8 rules, 8 channels, 1000 steps for 1000 cells"
    references = said[10:13]
    assert [line.split()[0] for line in references] == ["resnet", "revnet", "gru"]
    assert all(": 1.000 of the answers right" in line for line in references)
    assert said[13:15] == ["plain, seed 0: done", "steady, seed 0: done"]
    records = {record["config"]["recipe"]["name"]: record for record in read(tmp_path / "results" / "tutorial")}
    for line, recipe in zip(said[15:17], ("plain", "steady"), strict=True):
        (score,) = (s for s in records[recipe]["scores"] if s["weights"] == "trained" and s["length"] == 64)
        assert line.startswith(f"{recipe:6} seed 0, gap: ")
        assert line.endswith(f", {1 - score['symbols_correct'] / score['symbols']:.3f} at 64")
    assert said[17:] == ["wrote results/tutorial/gap.png"]
    height, width, _ = matplotlib.image.imread(tmp_path / "results" / "tutorial" / "gap.png").shape
    assert width > height


def test_it_is_a_script_in_percent_format():
    """Cells begin with `# %%`, and what stands in a cell of words is words alone."""
    cells = SCRIPT.read_text(encoding="utf-8").split("# %%")[1:]
    words = [cell for cell in cells if cell.startswith(" [markdown]")]
    assert len(words) >= 6
    assert all(line.startswith("#") for cell in words for line in cell.splitlines()[1:] if line)
