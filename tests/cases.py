"""The tasks and the models that tests are tried on: one table of each; and words for them."""

from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Any

import pytest
import torch

import models
import tasks
from tasks.task import Task

FLIPPER = ["A 0 -> 1 R B", "A 1 -> 0 L A", "A _ -> = S halt", "B * -> = R A"]
NAMED: dict[str, Task] = {name: tasks.get(name) for name in tasks.names()} | {
    "counter 2": tasks.get("counter", modulus=2),
    "counter 5": tasks.get("counter", modulus=5),
    "automaton 10": tasks.get("automaton", table=[[0, 1], [2, 1], [2, 2]]),
    "rule 30": tasks.get("cellular", rule=30),
    "rule 90": tasks.get("cellular", rule=90),
    "rule 184": tasks.get("cellular", rule=184, steps=3),
    "palindrome": tasks.get("turing", machine="palindrome"),
    "copier": tasks.get("turing", machine="copier"),
    "beaver": tasks.get("turing", machine="beaver"),
    "flipper": tasks.get("turing", table=FLIPPER),
    "subtract": tasks.get("minsky", machine="subtract"),
    "double": tasks.get("minsky", machine="double"),
    "halve": tasks.get("minsky", machine="halve"),
    "last parity": tasks.get("parity", scored="last"),
}
TASKS = NAMED | {task.label: task for task in tasks.every() if task not in NAMED.values()}
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)

MODELS: dict[str, tuple[str, dict]] = {name: (name, {}) for name in models.names()} | {
    **{kind: ("polynet", {"kind": kind}) for kind in ("poly-3", "mpoly-2", "mpoly-3", "2-way", "3-way")},
    **{f"fractalnet {columns}": ("fractalnet", {"columns": columns}) for columns in (1, 3)},
    "euler": ("neural_ode", {"method": "euler"}),
    "rk4": ("neural_ode", {"method": "rk4", "step": 0.2}),
}
AUTOMATA = {  # edges of the minimal automaton, and 1
    "addition": 9, "automaton": 7, "automaton 10": 7, "automaton(machine=tomita3)": 11,
    "comparison": 13, "counter": 7, "counter 2": 5, "counter 5": 11,
    "cycle_navigation": 16, "even_pairs": 7, "group(group=Z5)": 26, "group(group=S3)": 37, "hidden_automaton": 7,
    "last parity": 5, "missing_duplicate_string": 13, "modular_arithmetic": 559, "parity": 5, "parity_check": 5,
    "sparse_parity": 51, "threshold": 9,
}  # fmt: skip


def some_words(task: Task, length: int, limit: int) -> torch.Tensor:
    """All words of that length; random ones where there are more than `limit`."""
    words = list(islice(task.words(length), limit + 1))
    return torch.tensor(words) if len(words) <= limit else random_words(task, min(limit // 2, 150), length)


def random_words(task: Task, count: int, length: int) -> torch.Tensor:
    """Samples of the task, and uniform words too where every word over the alphabet is an input."""
    generator = tasks.Bits(length)
    words = task.sample(count, length, generator)
    if type(task)._words is Task._words:
        more = generator.integers(0, task.alphabet - task.blanks, (count, length))
        words = torch.cat([words, torch.nn.functional.pad(more, (0, words.shape[1] - length), value=task.alphabet - 1)])
    return words


def diagonals(rows: Sequence[str], columns: Sequence[str], part: int = 3, also: Collection[str] = ()) -> list[tuple[str, str]]:
    """Every `part`-th pair along diagonals, so that rows and columns keep their share; all pairs with the columns of `also`.

    All pairs: `make exhaustive`.
    """
    return [(row, column) for i, row in enumerate(rows) for j, column in enumerate(columns)
            if (i + j) % part == 0 or column in also]  # fmt: skip


LAYERED = [name for name, (model, _) in MODELS.items() if models.find(model).layered]
RECALLING = [name for name in LAYERED if name != "neural_gpu"]  # they can read the word at every layer


def small(name: str, task: str = "parity", **settings: Any) -> models.Net:
    """A small net of a model for a task."""
    model, options = MODELS[name]
    return models.build(model, TASKS[task], **({"width": 8, "hidden": 12} | settings | options))


@torch.no_grad()
def shaken(made: models.Net, scale: float = 0.3) -> models.Net:
    """The net with random weights everywhere: blocks begin as 0."""
    generator = torch.Generator().manual_seed(1)
    for parameter in made.parameters():
        parameter += scale * torch.randn(parameter.shape, generator=generator).to(parameter)
    return made


def kept(net: models.Net, loss: Callable[[], torch.Tensor]) -> int:
    """Bytes of the tensors that autograd keeps for the backward pass of a loss, each storage once; weights aside."""
    weights, seen = {p.data_ptr() for p in net.parameters()}, dict[int, int]()

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in weights:
            seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    net.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        found = loss()  # holds on to all of it while it is counted
    assert found.isfinite()
    return sum(seen.values())
