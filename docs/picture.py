"""The picture of the README: `python docs/picture.py` draws `space-time.png` and, for dark pages, `space-time-dark.png`.

Two nets read one word that is twice as long as any that was trained: a ResNet with reference weights, and the same ResNet with
the trained weights of seed 0 from `leaderboard/example`. Nothing is trained here.
"""

import sys
from pathlib import Path

from matplotlib import rc_context
from matplotlib.style import context
from safetensors.torch import load_file

import models
import tasks
from leaderboard.analysis import spacetime
from leaderboard.tables.picture import png

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "leaderboard" / "example" / "weights" / "parity" / "0.safetensors"
LENGTH = 24  # the weights were trained on words of 1 to 12 cells
DARK = {"figure.facecolor": "#0d1117", "savefig.facecolor": "#0d1117"}


def panels() -> dict[str, spacetime.SpaceTime]:
    """What each net says after every layer, under a title that counts its right cells."""
    task = tasks.get("parity")
    word = spacetime.test_word(task, LENGTH)  # that of `realizable show`
    target, depth = task.target(word[None])[0].numpy(), task.depth(LENGTH)
    reference, trained = (models.build("resnet", task, width=16, hidden=16) for _ in range(2))
    reference.realise(task.program())
    trained.load_state_dict(load_file(WEIGHTS))
    found = {}
    for name, net in {"reference": reference, "trained": trained}.items():
        shown = spacetime.space_time(net.double(), word, depth)
        found[f"{name} weights: {(shown.values[-1] == target).sum()} of {LENGTH} cells right"] = shown
    return found


def main(folder: Path = HERE) -> None:
    """Draw both files."""
    for name, style, colours in [("space-time", "default", {}), ("space-time-dark", "dark_background", DARK)]:
        with context(style), rc_context(colours):
            title = f"One ResNet, parity of every prefix of a word of {LENGTH} cells"
            (folder / f"{name}.png").write_bytes(png(spacetime.figure(panels(), title)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
