"""`realizable check FOLDER`: is a submission what it must be? None of it is ever executed; only JSON and safetensors are read.

In this order, and each step only if the one before found no fault: the files (`folder`), submission.json
(`description`), caps on what its nets cost, the headers of the weights (`tensors`), their names and shapes against the module
of the registry on the meta device, and last the numbers. No net is run: whether two compute the same is found by `verify`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import models
from leaderboard.protocol import FACTORS, LENGTH, SEEDS
from leaderboard.submissions import tensors
from leaderboard.submissions.description import Description, described
from leaderboard.submissions.faults import Fault, Refused, refuse
from leaderboard.submissions.folder import DESCRIPTION, complete, contents, listed, weights
from leaderboard.submissions.rescore import EVALUATIONS
from models.solving.continuous import Continuous
from models.solving.fixed import FIXED
from tasks import Task

BLOCKS = 2048
PARAMETERS = 2**22
OPERATIONS = 4 * 10**9  # parameters of a layer x cells x layers, on a word of the longest test length
NEAR = 0.01  # weights that differ nowhere by more from others are those others: of the reference, or of another seed

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Weights:
    """One checked file: its task, seed and path inside the folder, SHA-256 of its bytes, and whether it is a reference's."""

    task: str
    seed: int
    path: str
    sha256: str
    constructive: bool


@dataclass(frozen=True)
class Submission:
    """A submission without a fault; `sha256` is that of all its files."""

    folder: Path
    description: Description
    weights: tuple[Weights, ...]

    @property
    def sha256(self) -> str:
        """One hash for all: of path and SHA-256 of every file, in order."""
        files = [(DESCRIPTION, self.description.sha256), *((w.path, w.sha256) for w in self.weights)]
        return hashlib.sha256("".join(f"{path}\0{sha}\n" for path, sha in sorted(files)).encode()).hexdigest()


def check(folder: Path) -> Submission:
    """The submission in a folder; `Refused` with the faults of the first step that finds any."""
    files = listed(folder)
    description = described(contents(folder, DESCRIPTION))
    complete(files, [task.label for task in description.tasks])
    modules = {task.label: _module(description, task) for task in description.tasks}
    faults, found, trained = list[Fault](), list[Weights](), dict[str, State]()
    for task in description.tasks:
        references = _references(description, task)
        for seed in SEEDS:
            path = weights(task.label, seed)
            try:
                sha256, state = _file(folder, path, modules[task.label])
                constructive = any(_near(state, reference) for reference in references)
                found.append(Weights(task.label, seed, path, sha256, constructive))
                if not constructive:
                    _once(path, state, trained)
                    trained[path] = state
            except Refused as refused:
                faults += refused.faults
    if faults:
        raise Refused(faults)
    return Submission(folder, description, tuple(found))


def sized(description: Description, task: Task) -> dict[str, Any]:
    """`net` for a task, as train.py makes it: as wide as the reference needs, where that is more than was asked for."""
    net = description.net
    width, hidden = models.sizes(description.architecture, task, net["width"], net["hidden"])
    return {**net, "width": width, "hidden": hidden}


def _module(description: Description, task: Task) -> models.Net:
    """The net of a task on the meta device, where it takes no memory; `Refused` if it would cost too much."""
    made, net, where = description.architecture, sized(description, task), f"net, for {task.label}"
    if made.blocks * max(net["layers"], 1) > BLOCKS:
        raise refuse("S301", where, f"{made.blocks * max(net['layers'], 1)} blocks; allowed: {BLOCKS}")
    if isinstance(made, Continuous) and made.method in FIXED and made.step * EVALUATIONS < 1:
        raise refuse("S302", where, f"step={made.step:g}; allowed: at least 1/{EVALUATIONS} of a layer")
    deepest = max(task.depth(LENGTH * factor) for factor in FACTORS)
    if 0 < net["layers"] < deepest:
        raise refuse("S113", where, f"layers={net['layers']}; the longest test words need {deepest}: allowed: 0, or that many")
    try:
        with torch.device("meta"):
            module = models.Net(made, task.alphabet, task.classes, **net)
    except models.ModelError as error:
        raise refuse("S113", where, str(error)) from None
    parameters = sum(p.numel() for p in module.parameters())
    if parameters > PARAMETERS:
        raise refuse("S301", where, f"{parameters} parameters; allowed: {PARAMETERS}")
    operations = parameters * task.cells(LENGTH * max(FACTORS)) * deepest // max(net["layers"], 1)
    if operations > OPERATIONS:
        raise refuse("S302", where, f"{operations} parameters x cells x layers a word; allowed: {OPERATIONS}")
    return module


def _references(description: Description, task: Task) -> list[State]:
    """All reference weights that there are in this module: as they are, and correcting noise."""
    net = models.Net(description.architecture, task.alphabet, task.classes, **sized(description, task))
    found = list[State]()
    for robust in (False, True):
        try:
            net.realise(task.program(), robust)
        except models.NotRealizable:
            continue
        found.append({name: tensor.clone() for name, tensor in net.state_dict().items()})
    return found


def _file(folder: Path, path: str, module: models.Net) -> tuple[str, State]:
    """SHA-256 and tensors of one file of weights; what it says of itself is checked before any number is read."""
    data = contents(folder, path)
    faults = list(_differences(tensors.header(data, path), module.state_dict(), path))
    if faults:
        raise Refused(faults)
    return hashlib.sha256(data).hexdigest(), tensors.load(data, path)


def _differences(entries: Mapping[str, tensors.Entry], state: State, path: str) -> Iterator[Fault]:
    """Names, then shapes, that are not exactly those of the module."""
    if entries.keys() != state.keys():
        more, less = sorted(entries.keys() - state.keys()), sorted(state.keys() - entries.keys())
        said = [f"{word}: {', '.join(some[:3])}" for word, some in (("unknown", more), ("missing", less)) if some]
        yield Fault("S303", path, "; ".join(said))
        return
    for name, tensor in state.items():
        if entries[name].shape != tuple(tensor.shape):
            yield Fault("S304", f"{path}, tensor {name}", f"{entries[name].shape}, the module has {tuple(tensor.shape)}")


def _near(one: State, other: State) -> bool:
    """The same names and shapes, and no two numbers further apart than NEAR."""
    alike = one.keys() == other.keys() and all(one[name].shape == other[name].shape for name in one)
    return alike and all(bool((one[name] - other[name]).abs().max() <= NEAR) for name in one)


def _once(path: str, state: State, trained: Mapping[str, State]) -> None:
    """`Refused`, S006, if these are trained weights that stand in another file too, in whatever order, exactly or nearly."""
    for before, other in trained.items():
        if _near(state, other):
            raise refuse("S006", path, f"the same weights as {before}")
