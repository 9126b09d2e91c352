"""`realizable show`, space-time diagrams and curves: against the program's own run, character by character, pixel by pixel."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from typer.testing import CliRunner

import models
import tasks
from leaderboard.analysis import spacetime
from leaderboard.analysis.diagnostics import NoLayers
from leaderboard.cli import app
from leaderboard.tables import picture
from tasks.programs import decode

ROOT = Path(__file__).parents[3]


def shown(*arguments, columns=120):
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["show", *arguments])


def run(model, task, word, **options):
    net = models.build(model, task, width=1, hidden=1, **options)
    reference = net.realise(task.program())
    tokens = torch.tensor(word)
    return spacetime.space_time(net, tokens, task.program().depth(len(word)), reference)


def rows(text):
    """Symbols of each layer by its number, and where the head is."""
    found = {}
    for line in text.splitlines():
        if match := re.fullmatch(r" *(\d+) (.*)", line):
            found[int(match[1])] = re.findall(r"\[.\]|[^ \[\]]", match[2])
    return found


def test_parity_as_text():
    assert shown("task=parity", "model=resnet", "length=3").output.splitlines()[0] == "resnet on parity"
    diagram = spacetime.diagram(run("resnet", tasks.get("parity"), [1, 0, 1]))
    assert diagram.splitlines() == ["input  1 0 1", "    0  . . .", "    1  1 . .", "    2  1 1 .", "    3  1 1 0"]


@pytest.mark.parametrize("model", ["resnet", "plain", "polynet"])
def test_a_machine_shows_tape_and_head_as_its_program_runs(model):
    task = tasks.get("turing", machine="palindrome")
    word, program = [0, 1, 1, 0, 2], task.program()
    states = list(program.run(torch.tensor([word])))
    found = rows(spacetime.diagram(run(model, task, word), rows=1000))
    size = program.sizes["head"]
    first = program.first_channel["head"]
    for layer, cells in found.items():
        tape = decode(states[layer][:, program.outputs()])[0].tolist()
        head = states[layer][0, first : first + size].amax(0).tolist()
        assert cells == [f"[{s}]" if h else s for s, h in zip([str(v) if v >= 0 else "." for v in tape], head, strict=True)]
    last = max(found)
    assert list(found) == list(range(last + 1))
    assert all(torch.equal(a[:, program.outputs()], states[-1][:, program.outputs()]) for a in states[last:])
    assert f"the same up to layer {len(states) - 1}" in spacetime.diagram(run(model, task, word))


def test_the_head_of_a_net_with_halves_is_found_where_it_is_read():
    program = tasks.get("turing").program()
    net = models.Net(models.get("revnet"), program.alphabet, 3, 2 * program.channels, 1)
    for parameter in net.parameters():
        parameter.data.zero_()
    net.embed.data[1, program.channels + program.first_channel["head"] + 1] = 1
    net.embed.data[2, program.first_channel["head"]] = 1
    shown = spacetime.space_time(net, torch.tensor([0, 1, 2]), 1, models.Reference(program, [], exit=1))
    assert shown.head.tolist() == [[False, True, False]] * 2
    task = tasks.get("parity")
    assert run("revnet", task, [1, 1, 0]).values[-1].tolist() == [1, 0, 0]
    assert run("revnet", task, [1, 1, 0]).head is None


def test_a_diagram_settles_when_nothing_changes():
    values, margin = np.array([[0, 0], [0, 1], [0, 1], [0, 1], [0, 1]]), np.ones((5, 2))
    still = spacetime.SpaceTime([0, 0], values, margin, 2)
    assert still.settled == 1
    assert replace(still, head=np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], bool)).settled == 2
    assert replace(still, margin=np.array([[0, 0], [1, 1], [1, 1], [0, 1], [0.1, 1]])).settled == 3
    assert replace(still, values=np.zeros((5, 2), int)).settled == 0


def test_the_text_keeps_to_its_size():
    found = run("resnet", tasks.get("parity"), [1] * 90)
    text = spacetime.diagram(found, rows=12, columns=60)
    assert len(text.splitlines()) == 13
    assert max(map(len, text.splitlines())) <= 60
    assert "…" in text
    assert {0, 90} <= set(rows(text))
    assert "…" not in spacetime.diagram(found, columns=120)


def test_the_picture_has_the_colour_of_every_value(tmp_path):
    """White before an answer stands, then its colour: of the cells of parity, in the middle of each."""
    found = run("resnet", tasks.get("parity"), [1, 0, 1, 1])
    drawing = spacetime.figure({"reference": found, "again": found}, "parity")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(picture.png(drawing))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    pixels = imread(tmp_path / "a.png")[..., :3]
    ax = drawing.axes[1]
    for layer in range(5):
        for cell, value in enumerate([1, 1, 0, 1]):
            x, y = ax.transData.transform((cell, layer)) * 200 / drawing.dpi
            colour = pixels[pixels.shape[0] - int(y), int(x)]
            expected = (31, 119, 180) if value == 0 else (255, 127, 14)
            np.testing.assert_allclose(255 * colour, expected if layer > cell else (255, 255, 255), atol=1)


def test_layers_are_numbered_by_whole_numbers():
    found = run("resnet", tasks.get("turing", machine="palindrome"), [1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 2])
    ticks = spacetime.figure({"reference": found}, "palindrome").axes[0].get_yticks()
    assert len(ticks) > 5
    assert not (ticks % 1).any()


def test_confidence_fades_and_a_thin_margin_is_a_dot():
    net = models.build("neural_ode", tasks.get("parity"), method="rk4", step=0.25)
    net.realise(tasks.get("parity").program())
    found = spacetime.space_time(net, torch.tensor([1, 1, 1]), 3)
    assert (np.diff(found.margin, axis=0) >= -1e-6).all()
    assert 0 < found.margin[1, 1] < found.margin[2, 1] < 1
    for layer, cells in rows(spacetime.diagram(found)).items():
        assert [cell == "." for cell in cells] == (found.margin[layer] < 0.5).tolist()


def test_more_classes_than_colours_or_digits():
    found = run("resnet", tasks.get("counter", modulus=70), [1] * 66)
    assert rows(spacetime.diagram(found, rows=100, columns=200))[66][8:12] == ["9", "a", "b", "c"]
    assert rows(spacetime.diagram(found, rows=100, columns=200))[66][-4:] == ["#"] * 4
    spacetime.figure({"reference": found}, "").canvas.draw()


def test_no_layers_no_diagram():
    net = models.build("rnn", tasks.get("parity"))
    with pytest.raises(NoLayers, match="rnn"):
        spacetime.space_time(net, torch.tensor([1, 0, 1]), 3)


def test_show_writes_a_picture(tmp_path):
    path = tmp_path / "a.png"
    result = shown("task=turing", "machine=increment", "model=resnet", "length=6", f"out={path}")
    assert (result.exit_code, result.output) == (0, f"wrote {path}\n")
    assert imread(path).shape[0] > 300
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_parameters_go_to_their_owner():
    result = shown("task=counter", "model=polynet", "kind=3-way", "modulus=4", "task.scored=last", "length=5")
    assert result.output.startswith("polynet(kind=3-way) on counter(scored=last, modulus=4)\n"), result.output
    result = shown("task=parity", "model=neural_ode", "model.method=euler", "length=2")
    assert result.output.startswith("neural_ode(method=euler) on parity\n")
    result = shown("task=turing", "model=revnet", "tableau=2", "length=2")
    assert result.exit_code == 0, result.output


MISTAKES = [
    ("task=parity", "model=NAME missing"),
    ("model=resnet", "task=NAME missing"),
    ("task=tetris model=resnet", "unknown task 'tetris'"),
    ("task=parity model=tetris", "unknown model 'tetris'"),
    ("task=parity model=resnet machine=palindrome", "unknown parameter 'machine'"),
    ("task=turing model=resnet machine=chess", "machine='chess'"),
    ("task=parity model=polynet model.kind=poly-9", "poly-9"),
    ("task=parity model=resnet model.kind=poly-2", "unknown parameter 'kind'"),
    ("task=parity model=resnet length=many", "length=many"),
    ("task=parity model=resnet length=0", "length 0"),
    ("task=parity model=resnet tableau=-1", "tableau=-1"),
    ("task=parity model=resnet long", "'long' is no parameter"),
    ("task=parity model=resnet length=[", "length=["),
    ("task=parity model=resnet length=${x}", "whole numbers"),
    ("task=parity model=resnet out=/no/such/a.png", "folder does not exist"),
    ("task=turing model=revnet", "Bennett"),
    ("task=turing model=revnet tableau=2 length=5", "serves 2 cells"),
    ("task=parity model=gru length=9", "gru"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_line(arguments, message):
    result = shown(*arguments.split())
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert message in line
    assert not result.stdout


def test_models_are_found_and_drawn_without_lightning():
    code = (
        "import sys, models; models.names(); from leaderboard.analysis import spacetime; from leaderboard.site import cards; "
        "print({'pytorch_lightning', 'lightning_fabric', 'wandb', 'hydra'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "set()\n"


def test_curves_draw_every_point(tmp_path):
    series = {"reference": [(3.0, 3.0), (6.0, 6.0), (12.0, 12.0)], "trained": [(3.0, 9.0), (6.0, float("nan"))]}
    drawing = picture.curves(series, "n", "curve length", "parity", log=True)
    (ax,) = drawing.axes
    assert [line.get_label() for line in ax.lines] == list(series)
    for line, points in zip(ax.lines, series.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), points)
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel(), ax.get_ylabel()) == ("log", "log", "n", "curve length")
    assert picture.curves(series, "", "", "").axes[0].get_xscale() == "linear"
    (tmp_path / "a.png").write_bytes(picture.png(drawing))
    (tmp_path / "b.png").write_bytes(picture.png(picture.curves(series, "n", "curve length", "parity", log=True)))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
