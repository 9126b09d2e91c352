"""Where a trained net first departs from its reference, on one word: after which layer, in which cell, by which value.

The channels of a trained net mean nothing that one could name, so both are compared by what they answer, which is what the
readout makes of a state. A cell departs where the reference has decided its answer and the net says another value; it may come
to the same answer later, or never, or lose it again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.analysis.spacetime import UNDECIDED, SpaceTime

Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Departure:
    """After this layer, the first one, this cell, the first one there, says `says` where the reference says `due`.

    `agrees`: the layers, by their number, after which the cell has the value that the reference has in the end.
    """

    layer: int
    cell: int
    says: int
    due: int
    agrees: tuple[int, ...]
    layers: int

    def told(self, register: str) -> list[str]:
        """In sentences."""
        lines = [
            f"first departs from the reference after layer {self.layer}, in cell {self.cell + 1}: "
            f"{register} = {self.says}, where the reference has {register} = {self.due}"
        ]
        if not self.agrees:
            return [*lines, f"that cell never has what the reference has there in the end, up to layer {self.layers}"]
        last = self.agrees[-1]
        if last == self.layers:
            return [*lines, f"that cell comes to the reference's answer after layer {_since(self.agrees)}, and keeps it"]
        return [*lines, f"that cell has the reference's answer last after layer {last} of {self.layers}, and loses it"]


def _since(layers: tuple[int, ...]) -> int:
    """The first layer of the last run of layers that follow each other."""
    since = layers[-1]
    for layer in reversed(layers):
        if since - layer > 1:
            break
        since = layer
    return since


def departures(reference: SpaceTime, trained: SpaceTime, scored: Cells) -> list[Departure]:
    """The first departure in the cells that are `scored`, and the first one in a cell that is wrong in the end, if another."""
    if reference.values.shape != trained.values.shape:
        raise ValueError("they must read the same word through as many layers")
    apart = scored & (reference.margin >= UNDECIDED) & (trained.values != reference.values)
    wrong = apart & (trained.values[-1] != reference.values[-1])
    found = [_first(mask, reference, trained) for mask in (apart, wrong) if mask.any()]
    return list(dict.fromkeys(found))


def _first(mask: Cells, reference: SpaceTime, trained: SpaceTime) -> Departure:
    layer, cell = map(int, np.argwhere(mask)[0])
    agrees = (trained.values[:, cell] == reference.values[-1, cell]).nonzero()[0]
    says, due = int(trained.values[layer, cell]), int(reference.values[layer, cell])
    return Departure(layer, cell, says, due, tuple(map(int, agrees)), reference.depth)
