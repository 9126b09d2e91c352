"""How the runs of a sweep are cut into pieces.

The first run of every cell goes first, alone: it tells how long the others take, and all of the table is seen early. Then so
many runs of a cell are a piece that it takes about the time wished for, yet never so many that workers would idle at the end.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from leaderboard.cluster.plan import Cell, Runs
from leaderboard.cluster.worker import Piece


@dataclass(eq=False)
class Open:
    """A cell in work: its runs that have not been sent, and what one took."""

    settings: dict[str, Any]
    left: Runs
    seconds: float | None = None


@dataclass(eq=False)
class Sent:
    """A piece under way."""

    cell: Open
    piece: Piece
    future: Any = None  # which Dask forgets if nobody holds it


@dataclass
class Pieces:
    """Pieces of `seconds` from the cells of a plan; `seen(cell)` is called of each as its turn comes."""

    cells: Iterator[Cell]
    seen: Callable[[Cell], None]
    home: str
    tries: int
    seconds: float
    open: deque[Open] = field(default_factory=deque)
    back: deque[Sent] = field(default_factory=deque)

    def next(self, workers: int) -> Sent | None:
        """The next piece for one of so many workers; None if all has been sent."""
        if self.back:
            return self.back.popleft()
        if (new := self._opened()) is not None:
            return self._cut(new, 1)
        if not self.open:
            return None
        known = next((one for one in self.open if one.seconds is not None), self.open[0])
        fair = -(-sum(len(one.left) for one in self.open) // (2 * max(workers, 1)))
        fitting = 1 if known.seconds is None else int(self.seconds / max(known.seconds, 1e-3))
        return self._cut(known, max(1, min(fitting, fair)))

    def left(self) -> bool:
        """Whether there is a next piece."""
        if not self.back and not self.open and (new := self._opened()) is not None:
            self.back.append(self._cut(new, 1))
        return bool(self.back or self.open)

    def _opened(self) -> Open | None:
        """The next cell that has something to do."""
        for cell in self.cells:
            self.seen(cell)
            if cell.runs:
                self.open.append(Open(cell.settings, dict(cell.runs)))
                return self.open[-1]
        return None

    def _cut(self, cell: Open, most: int) -> Sent:
        size = cell.settings.get("together", 1)
        if size > 1:  # the first run of a block makes all of it
            first = next(iter(cell.left.values())) // size
            taken = {id: seed for id, seed in cell.left.items() if seed // size == first}
        else:
            taken = dict(list(cell.left.items())[:most])
        cell.left = {id: seed for id, seed in cell.left.items() if id not in taken}
        if not cell.left:
            self.open.remove(cell)
        return Sent(cell, Piece(cell.settings, taken, self.home, self.tries))

    def again(self, sent: Sent, ended: set[str]) -> None:
        """What is left of a piece, of which these runs have ended, is the next to be sent."""
        left = {id: seed for id, seed in sent.piece.runs.items() if id not in ended}
        if left:
            self.back.append(Sent(sent.cell, sent.piece._replace(runs=left)))
