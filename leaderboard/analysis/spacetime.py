"""Space-time diagrams of a net at work: cells to the right, layers downward, as a picture or as text."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from torch import Tensor

import models
import tasks
from leaderboard.analysis.diagnostics import NoLayers
from models import Net, Reference
from tasks.words.split import draw, seeded, splits

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
UNDECIDED = 0.5  # a smaller margin is shown as a dot


@dataclass(frozen=True)
class SpaceTime:
    """What the cells say after every layer, arrays `[depth + 1, cells]`.

    `values`: the best class, or value of a register; `margin`: how far its channel leads the second best, within [0, 1], so 0
    where a register is empty; `head`: whether a head is there (of programs that have a register of that name), or None.
    """

    word: list[int]
    values: NDArray[np.int64]
    margin: NDArray[np.float64]
    classes: int
    head: NDArray[np.bool_] | None = None

    @property
    def depth(self) -> int:
        """Layers."""
        return len(self.values) - 1

    @property
    def settled(self) -> int:
        """The layer after which no cell changes what it says, and no head moves."""
        said = np.where(self.margin < UNDECIDED, -1, self.values)
        said = said if self.head is None else np.concatenate([said, self.head], 1)
        changes = (said[1:] != said[:-1]).any(1).nonzero()[0]
        return int(changes[-1]) + 1 if len(changes) else 0


@torch.no_grad()
def space_time(net: Net, word: Tensor, depth: int, reference: Reference | None = None) -> SpaceTime:
    """A net on one word `[cells]`, read out after every layer; with the `reference` that it holds, also where the head is.

    NoLayers if the net has no state after each layer of `depth` steps.
    """
    net.eval()
    register = slice(0)
    if reference and "head" in (sizes := reference.program.sizes):
        first = reference.exit * net.width // net.architecture.halves + reference.program.first_channel["head"]
        register = slice(first, first + sizes["head"])
    values, margins, heads = [], [], []
    for x in net.states(word[None], depth):
        logits = net.read(x)[0].float()
        logits = torch.cat([logits, torch.zeros_like(logits[:1])]) if len(logits) == 1 else logits
        best, second = logits.topk(2, 0).values
        values.append(logits.argmax(0))
        margins.append((best - second).clamp(0, 1))
        if register.stop:
            heads.append(x[0, register].amax(0) > 0.5)
    if len(values) != (layers := net.pace * depth) + 1:
        raise NoLayers(f"{net.architecture.label} has no state after each of {layers} layers, so there is nothing to show")
    head = torch.stack(heads).numpy() if heads else None
    return SpaceTime(word.tolist(), torch.stack(values).numpy(), torch.stack(margins).double().numpy(), len(net.readout), head)


def test_word(task: tasks.Task, length: int) -> Tensor:
    """The first test word of that length, `[cells]`."""
    return draw(task, 1, length, seeded("test", task.label, length), testing=splits(task, length))[0]


def asked(free: dict[str, Any], for_task: dict[str, Any], for_model: dict[str, Any]) -> tuple[tasks.Task, str, dict[str, Any]]:
    """The task, and the model's name and options, of a command line.

    `free` names a `task` and a `model`, and parameters of either, which go to the task where both have one of that name.
    TaskError or ModelError, in one line.
    """
    names = [str(free.pop(kind, "")) for kind in ("task", "model")]
    fields_of = [{f.name for f in fields(find(name))} for find, name in zip((tasks.find, models.find), names, strict=True)]  # type: ignore[arg-type]
    for parameter, value in free.items():
        owners = [given for given, known in zip((for_task, for_model), fields_of, strict=True) if parameter in known]
        if not owners:
            raise models.ModelError(
                f"unknown parameter {parameter!r}; there are task, model, length, tableau, out, of {names[0]} "
                f"{', '.join(sorted(fields_of[0]))}, and of {names[1]} {', '.join(sorted(fields_of[1])) or 'none'}"
            )
        owners[0][parameter] = value
    return tasks.get(names[0], **for_task), names[1], for_model


def of_reference(
    free: dict[str, Any], for_task: dict[str, Any], for_model: dict[str, Any], length: int, tableau: int
) -> tuple[str, SpaceTime]:
    """A title and the diagram of reference weights on a test word of that length, of what is `asked`.

    TaskError, ModelError, NotRealizable or NoLayers, in one line.
    """
    task, model, options = asked(free, for_task, for_model)
    net = models.build(model, task, width=1, hidden=1, tableau=tableau, **options)
    return f"{net.architecture.label} on {task.label}", at_work(net, task, net.realise(task.program()), length)


def at_work(net: Net, task: tasks.Task, reference: Reference, length: int) -> SpaceTime:
    """A net that holds a reference, on a test word of that length; NotRealizable if it serves shorter ones only, NoLayers."""
    word = test_word(task, length)
    if reference.longest is not None and len(word) > reference.longest:
        raise models.NotRealizable(f"the reference serves {reference.longest} cells, this word has {len(word)}: raise tableau")
    return space_time(net, word, task.depth(length), reference)


def diagram(shown: SpaceTime, rows: int = 40, columns: int = 80) -> str:
    """The diagram in characters: a symbol a cell, [.] around the head, a dot where nothing is decided.

    At most `rows` layers, evenly spaced up to the last that changes anything, and as many cells as `columns` characters hold.
    """
    layers = np.unique(np.linspace(0, shown.settled, min(rows, shown.settled + 1)).round().astype(int))
    label = max(5, len(str(shown.depth)))
    wide = 3 if shown.head is not None else 1 if 2 * len(shown.word) + label > columns else 2
    fit = max(1, (columns - label - 3) // wide)
    more = " …" if fit < len(shown.word) else ""

    def line(name: object, cells: list[str]) -> str:
        return f"{name:>{label}} {''.join(cells[:fit])}{more}".rstrip()

    lines = [line("input", [_padded(character(token), wide) for token in shown.word])]
    for layer in layers:
        cells = []
        for cell, value in enumerate(shown.values[layer]):
            symbol = "." if shown.margin[layer, cell] < UNDECIDED else character(int(value))
            here = shown.head is not None and shown.head[layer, cell]
            cells.append(f"[{symbol}]" if here else _padded(symbol, wide))
        lines.append(line(layer, cells))
    if shown.settled < shown.depth:
        lines.append(f"the same up to layer {shown.depth}")
    return "\n".join(lines)


def character(value: int) -> str:
    """One character for a token or a value."""
    return SYMBOLS[value] if value < len(SYMBOLS) else "#"


def _padded(symbol: str, wide: int) -> str:
    return symbol if wide == 1 else f" {symbol}{' ' * (wide - 2)}"


def figure(panels: dict[str, SpaceTime], title: str) -> Figure:
    """The diagrams side by side, by name: colour is the value, paler the smaller the margin, a ring the head.

    They end a few layers after the last that changes anything in any of them.
    """
    classes = max(shown.classes for shown in panels.values())
    colours = colours_of(classes)
    cells = max(len(shown.word) for shown in panels.values())
    rows = max(min(shown.settled + 3, shown.depth + 1) for shown in panels.values())
    size = min(0.22, 8 / rows, 6 / cells)
    width, height = max(2.2, size * cells) * len(panels) + 1.6, max(2.0, size * rows) + 1.3
    drawing = Figure(figsize=(width, height), layout="constrained")
    axes = drawing.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (name, shown) in zip(axes, panels.items(), strict=True):
        _panel(ax, shown, colours, ring=72 * size)
        ax.set_title(name, fontsize=9, parse_math=False)
    axes[0].set_ylim(rows - 0.5, -0.5)
    deepest = max(shown.depth for shown in panels.values())
    axes[0].set_ylabel("layer" if rows > deepest else f"layer, of {deepest}", fontsize=8)
    image = ScalarMappable(Normalize(-0.5, classes - 0.5), colours)
    ticks = np.unique(np.linspace(0, classes - 1, min(classes, 12)).round().astype(int))
    bar = drawing.colorbar(image, ax=axes.tolist(), ticks=ticks, pad=0.02, fraction=0.05, aspect=25)
    bar.set_label("value of the answer; white: undecided", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    drawing.suptitle(title, fontsize=10)
    return drawing


def colours_of(classes: int) -> ListedColormap:
    """The colours of values 0 .. classes - 1."""
    if classes <= 10:
        return ListedColormap(colormaps["tab10"](np.arange(10))[:classes])
    return ListedColormap(colormaps["turbo"](np.linspace(0.05, 0.95, classes)))


def _panel(ax: Axes, shown: SpaceTime, colours: ListedColormap, ring: float) -> None:
    rgb = colours(shown.values)[..., :3]
    faded = 1 - shown.margin[..., None] * (1 - rgb)
    ax.imshow(faded, aspect="auto", interpolation="nearest")
    if shown.head is not None:
        layers, cells = np.nonzero(shown.head)
        ax.scatter(cells, layers, s=(0.5 * ring) ** 2, facecolors="none", edgecolors="black", linewidths=max(0.5, ring / 14))
    if len(shown.word) <= 40:
        ax.set_xticks(range(len(shown.word)), [character(token) for token in shown.word], fontsize=6)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.tick_top()
    ax.set_xlabel("cell; above it, its input", fontsize=8)
    ax.tick_params(length=0, labelsize=6)
    ax.spines[:].set_color("#888888")
