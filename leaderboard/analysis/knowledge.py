"""Which cells of one word a net has right after which of its layers: a space-time picture in bits, which every record keeps.

The word is a test word of twice the training length, so half of what is seen was never trained. A row is a layer, from the
embedded word, row 0, to the last; of many layers ROWS are kept, evenly spaced. A bit is 1 where the cell's answer is right;
cells that are not scored have 0. Bits stand row by row as one hexadecimal number, padded with zeros at its end.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

import models
import tasks
from leaderboard.analysis.diagnostics import NoLayers
from leaderboard.analysis.spacetime import space_time, test_word

ROWS = 49  # of a picture at most
LONGEST = 48  # symbols of its word at most


def length_of(trained: int) -> int:
    """The length of the word, of a training length."""
    return min(2 * trained, LONGEST)


def pictured(nets: Mapping[str, models.Net], task: tasks.Task, length: int) -> dict[str, Any] | None:
    """The picture of each net on one test word of `length` symbols, by its weights; None where a net has no layers.

    `cells` and `layers` of the word, and the `rows` that are kept.
    """
    word = test_word(task, length)
    target = task.target(word[None])[0].numpy()
    found: dict[str, Any] = {}
    for weights, net in nets.items():
        try:
            shown = space_time(net, word, task.depth(length))
        except NoLayers:
            return None
        right = (shown.values == target) & (target != tasks.IGNORE)
        kept = right[np.unique(np.linspace(0, shown.depth, min(ROWS, shown.depth + 1)).round().astype(int))]
        found |= {"cells": kept.shape[1], "layers": shown.depth, "rows": len(kept), weights: digits(kept)}
    return found


def digits(bits: np.ndarray[Any, np.dtype[np.bool_]]) -> str:
    """Bits `[rows, cells]` as hexadecimal digits."""
    packed = np.packbits(bits.ravel()).tobytes().hex()
    return packed[: -(-bits.size // 4)]
