"""Of what one adds oneself: `realizable new task | model`."""

import keyword
import re
from pathlib import Path
from typing import Annotated

import typer

from leaderboard.store.atomic import put
from tasks import plugins

SKELETON = Path(__file__).parents[1] / "skeleton"  # a folder of plug-ins, with one of each
NAMES = {"task": "seen", "model": "double"}  # of those
SUFFIX = {"task": "Task", "model": "Architecture"}  # of a class whose name the file needs for something else

app = typer.Typer(help="Begin a task or a model of your own: a file that works, and its test.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(help="Its name, as my_task: small letters, digits and _.")]
_Folder = Annotated[Path, typer.Option(help="A folder of yours, for all of your tasks and models; made if absent.")]


@app.command()
def task(name: _Name, folder: _Folder = Path("plugins")) -> None:
    """Write FOLDER/tasks/NAME.py, a task that works and is to be changed, and a test that passes."""
    _write("task", name, folder)
    typer.echo(f"train it:  realizable train --plugins {folder} task={name} model=resnet")


@app.command()
def model(name: _Name, folder: _Folder = Path("plugins")) -> None:
    """Write FOLDER/models/NAME.py, a model that works and is to be changed, and a test that passes."""
    _write("model", name, folder)
    typer.echo(f"train it:  realizable train --plugins {folder} task=parity model={name}")


def _write(kind: str, name: str, folder: Path) -> None:
    """The two files, neither over one that is there; typer.BadParameter."""
    package, test = f"{kind}s", f"test_{kind}_{name}.py"
    if not plugins.is_name(name) or keyword.iskeyword(name):
        raise typer.BadParameter(f"{name!r} is no name of a file; allowed: small letters, digits and _, as my_{kind}")
    places = {package: folder / package / f"{name}.py", "tests": folder / "tests" / test}
    if there := [path for path in places.values() if path.exists()]:
        raise typer.BadParameter(f"{there[0]} is there, and is not overwritten; give another name or --folder")
    if taken := _taken(package, name):
        raise typer.BadParameter(f"{name} is the name of {taken}; give another one")
    for of, path in places.items():
        example = SKELETON / of / (f"test_{kind}_{NAMES[kind]}.py" if of == "tests" else f"{NAMES[kind]}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, renamed(example.read_text(encoding="utf-8"), kind, name).encode())
        typer.echo(f"wrote {path}")
    typer.echo(f"test it:   pytest {folder}")


def _taken(package: str, name: str) -> Path | None:
    """A module of that name, a task or not, of ours or of a plug-in."""
    import models as models

    return next(iter(plugins.places(package, name)), None)


def renamed(text: str, kind: str, name: str) -> str:
    """The text of an example under another name: that of its file, and that of its class."""
    old, named = NAMES[kind], "".join(part.capitalize() for part in name.split("_"))
    if keyword.iskeyword(named) or not named.isidentifier() or re.search(rf"\b{named}\b", text):
        named += SUFFIX[kind]
    return re.sub(rf"\b{old.capitalize()}\b", named, re.sub(rf"\b{old}\b", name, text))
