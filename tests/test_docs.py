"""README and docs are true: their code runs, their commands can be read, and what they name is there."""

import ast
import importlib.util
import re
import shlex
import sys
from dataclasses import fields
from inspect import ismodule
from pathlib import Path
from typing import NamedTuple

import matplotlib.image
import pytest
import torch
import typer
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from records import done
from typer.testing import CliRunner

import models
import tasks
import train
from leaderboard.cli import app
from leaderboard.cli.new import SKELETON
from leaderboard.running.config import Config, register
from leaderboard.running.settings import checked
from leaderboard.site import cards
from tasks import plugins

ROOT = Path(train.__file__).parent  # whose import also tells Hydra what choices there are
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
}
README, IDEA = PAGES["README.md"], PAGES["docs/idea.md"]
FOLDERS = ("tasks", "models", "conf", "leaderboard", "docs", "benchmarks", "tests", ".ci")
LONGEST = 150_000  # bytes of a picture
every_page = pytest.mark.parametrize("page", PAGES)


class Command(NamedTuple):
    """A command of a page; one that stands `inside` a sentence may lack what it acts on."""

    words: tuple[str, ...]
    inside: bool


def outside_of_fences(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def spans(text):
    """What stands in backticks in sentences and tables."""
    return [span for line in outside_of_fences(text).split("\n") if line[:4].strip() for span in re.findall(r"`([^`]+)`", line)]


def commands():
    found = {}
    for text in PAGES.values():
        lines = re.findall(r"^ {4,}(.*)$", outside_of_fences(text), re.M)
        for line, inside in [*((line, False) for line in lines), *((span, True) for span in spans(text))]:
            if re.match(r"([A-Z_]+=\S+ )?(python|realizable|make) ", line):
                words = [word for word in shlex.split(line, comments=True) if not re.match("[A-Z_]+=", word)]
                found[" ".join(words)] = Command(tuple(words), inside)
    return found


COMMANDS = commands()


def blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.S)


def files():
    """Blocks that are a whole file, by its path, which stands on their first line."""
    every = [block for text in PAGES.values() for block in blocks(text)]
    return {match[1]: block for block in every if (match := re.match(r"# ((?:tasks|models)/\w+\.py)\n", block))}


@pytest.fixture
def extended(tmp_path, monkeypatch):
    """The tasks and the models that the pages add, where one would put them."""
    repo = {group: dict(ConfigStore.instance().repo[group]) for group in ("task", "model")}
    for package in (tasks, models):
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / package.__name__)])
    for path, block in files().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(block, encoding="utf-8")
    register()
    yield
    for path in files():
        sys.modules.pop(path.removesuffix(".py").replace("/", "."), None)
        delattr({"tasks": tasks, "models": models}[path.split("/")[0]], Path(path).stem)
    for group, stored in repo.items():
        ConfigStore.instance().repo[group] = stored


@every_page
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)]+)\)|src(?:set)?=\"([^\"]+)\"", PAGES[page])
    local = [target for pair in targets for target in pair if target and not target.startswith("https://")]
    assert all((ROOT / page).parent.joinpath(target).is_file() for target in local), local
    if page.startswith("docs/"):
        assert f"({page})" in README


@every_page
def test_files_and_settings_that_are_named_are_there(page):
    known = {f.name: f.default_factory for f in fields(Config)}
    for span in spans(PAGES[page]):
        if span.split("/")[0] in FOLDERS and "/" in span and " " not in span:
            assert (ROOT / span).exists(), span
        if match := re.match(r"(net|training|scoring|store|logger|diagnostics)\.(\w+)", span):
            assert match[2] in [f.name for f in fields(known[match[1]])], span


@every_page
def test_python_runs_and_prints_what_it_says(page, capsys):
    for block in blocks(PAGES[page]):
        if block in files().values():
            continue
        exec(compile(block, page, "exec"), {})
        out = capsys.readouterr().out
        says = re.findall(r"^print\(.*\)  # (.*)$", block, re.M)
        assert says
        assert all(text in out for text in says), (says, out)


def test_the_task_and_the_model_that_the_pages_add_are_right(extended):
    assert set(files()) == {"tasks/seen.py", "models/double.py"}
    for path, block in files().items():
        assert block == f"# {path}\n{(SKELETON / path).read_text(encoding='utf-8')}", "the page shows another skeleton"
    task = tasks.get("seen")
    for n in range(1, 7):
        tokens = torch.tensor(list(task.words(n))).flip(0)
        target = task.target(tokens)
        assert target.tolist() == [task.solve(word) for word in tokens.tolist()]
        for name in ("resnet", "double"):
            net = models.build(name, task)
            net.realise(task.program())
            assert torch.equal(net(tokens, task.depth(n)).argmax(1), target)
    with pytest.raises(models.NotRealizable, match="must rest"):
        models.build("double", tasks.get("pushdown")).realise(tasks.get("pushdown").program())


def parts_of(name):
    """The command of `realizable` with a name of one or two words."""
    found = typer.main.get_command(app)
    for word in name:
        found = found.commands[word]
    return found


def hydra(words):
    """The first and the last run of a command line of train.py are such as can be run."""
    overrides = [word for word in words if "=" in word]
    assert {word for word in words if "=" not in word} <= {"-m", "--cfg", "job"}
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        (runs,) = BasicSweeper.split_arguments(parser.parse_overrides(overrides), None)
        for run in {tuple(runs[0]), tuple(runs[-1])}:
            cfg = compose("config", list(run))
            if cfg.device == "cpu":
                checked(cfg)


def realizable(words, inside):
    """The command, its options and its arguments are there; what is cheap is run, too."""
    depth = 2 if words[0] in ("round", "sweep", "new") else 1
    command = parts_of(words[:depth])
    _, words = plugins.taken(words)
    if inside and not words[depth:]:
        return  # a sentence that names the command
    command.make_context(words[0], list(words[depth:]))
    if words[0] == "show":
        shown = CliRunner().invoke(app, [word for word in words if not word.startswith("out=")])
        assert shown.exit_code == 0, shown.output
    if words[0] == "tasks" and len(words) > 1 and words[1].islower() and not words[1].startswith("-"):
        tasks.get(words[1])


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_read(command, request):
    if any(re.search(rf"\b{Path(path).stem}\b", command) for path in files()):
        request.getfixturevalue("extended")
    (program, *words), inside = COMMANDS[command]
    if program == "make":
        assert re.search(rf"^{re.escape(words[0])}:", (ROOT / "Makefile").read_text(), re.M)
    elif words[0] == "train.py" or (program, words[0]) == ("realizable", "train"):
        hydra(plugins.taken(words[1:])[1])
    elif program == "realizable":
        realizable(words, inside)
    elif words[0] == "-m":
        assert importlib.util.find_spec(words[1])
        assert all((ROOT / path).exists() for path in words[2:])
    else:
        script = (ROOT / words[0]).read_text(encoding="utf-8")
        assert all(word.isupper() or word in script for word in words[1:])
        if "# %%" not in script:  # a tutorial runs when it is loaded, which it does in a test of its own
            assert not lost(load(ROOT / words[0]), script)


def load(path):
    """A script as a module, which is not run."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    del sys.modules[path.stem]
    return module


def lost(module, script):
    """What a script asks of the modules that it imports, where they do not have it."""
    asked = {(node.value.id, node.attr) for node in ast.walk(ast.parse(script)) if _of_a_name(node)}
    return [f"{of}.{name}" for of, name in asked if ismodule(made := getattr(module, of, None)) and not hasattr(made, name)]


def _of_a_name(node):
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)


def test_the_tree_is_there():
    """And nothing else: every folder of the repository and of its packages is in it."""
    folder, named = ROOT, set()
    for line in README.split("## The house")[1].split("\n"):
        if match := re.match(r" {4}( *)([\w.]+/?)  +\S", line):
            folder = folder if match[1] else ROOT
            path = folder / match[2]
            assert path.exists(), line
            assert path.is_dir() == match[2].endswith("/"), line
            folder = folder if match[1] else path
            named.add(path)
    packages = [ROOT / name for name in ("tasks", "models", "leaderboard")]
    inside = [path for package in packages for path in package.iterdir() if (path / "__init__.py").exists()]
    assert named >= {*inside, *(ROOT / name for name in FOLDERS if not name.startswith("."))}


def test_what_is_counted_is_there():
    assert f"**{len(tasks.names())} tasks" in README
    assert f"**{len(models.names())} architectures" in README


def rungs(text):
    """Complexity class to the names in its three columns."""
    lines = [line for line in text.splitlines() if re.match(r"\| (N?C|AC|TC|ACC|N?L|P)\S* \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: [set(filter(None, cell.split(", "))) for cell in rest] for first, *rest in cells}


def test_the_ladder_is_the_one_that_is_printed():
    assert rungs(IDEA) == rungs(cards.overview())
    assert len(rungs(IDEA)) == 8


def test_every_architecture_has_its_row():
    table = IDEA.split("## From rules to weights")[1].split("A tableau serves")[0]
    assert {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])} == {*models.names()}


def test_every_entry_of_a_record_is_explained():
    table = PAGES["docs/first-run.md"].split("## What a run leaves")[1].split("A record is written")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    assert named - {"files", "noise", "picture"} == done().keys() - {"schema", "id", "files"}


def test_the_table_fits_a_terminal():
    (block,) = re.findall(r"<!-- table: make leaderboard -->\n(.*?)<!-- /table -->", README, re.S)
    assert max(len(line.removeprefix("    ")) for line in block.splitlines()) <= 80


def test_the_picture_is_the_one_that_is_drawn(tmp_path):
    """And it shows what the README says of it."""
    picture = load(ROOT / "docs" / "picture.py")
    (right, reference), (wrong, trained) = picture.panels().items()
    assert "24 of 24" in right
    assert "24 of 24" not in wrong
    target = reference.values[-1]
    assert (trained.values[12, :12] == target[:12]).all()
    assert (trained.values[-1, :12] != target[:12]).any()
    picture.main(tmp_path)
    for name in ("space-time.png", "space-time-dark.png"):
        stored = ROOT / "docs" / name
        assert stored.stat().st_size <= LONGEST
        now, before = matplotlib.image.imread(tmp_path / name), matplotlib.image.imread(stored)
        assert now.shape == before.shape
        assert abs(now - before).mean() < 0.02  # fonts may differ
