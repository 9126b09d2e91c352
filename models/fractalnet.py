"""FractalNet: f_1 = unit, f_{C+1} = join(f_C o f_C, unit), without residual connections. Larsson, Maire, Shakhnarovich,
ICLR 2017. A join is the mean of all columns that meet there.
"""

from dataclasses import dataclass

import torch

from models.architecture import NEAREST, Blocks, Cells, Discrete, Reference, State
from models.block import Block, Weights
from models.lowering.exact import lower, passing
from models.lowering.robust import radius, saturated
from tasks.discover import ranged
from tasks.programs import Program


@dataclass(frozen=True)
class FractalNet(Discrete):
    """A layer is f_C: `columns` C, column j a chain of 2^j units, 2^C - 1 units in all, none with a skip.

    A unit that passes d codes through spends d hidden units on ReLU(x) = x. The units of the last row make the step
    x + F(x), those before pass through, so every path through the fractal makes one step and drop-path changes nothing.

    `drop`: probability of local drop-path in training. Each input of a join is dropped with that probability; if all
    are, one is revived at random; the rest is averaged. With probability `global_drop` the net keeps one column only.
    """

    columns: int = ranged(2, 1, 8)
    drop: float = ranged(0.0, 0, NEAREST)
    global_drop: float = ranged(0.0, 0, NEAREST)

    @property
    def blocks(self) -> int:
        """2^C - 1 units, row by row, longest chain first."""
        return 2**self.columns - 1

    @property
    def plan(self) -> list[tuple[int, list[int]]]:
        """For each row 1 .. 2^(C-1), its number and the columns that end a unit there, the longest chain first."""
        C = self.columns
        rows = range(1, 2 ** (C - 1) + 1)
        return [(row, [j for j in range(C - 1, -1, -1) if row % 2 ** (C - 1 - j) == 0]) for row in rows]

    def first(self, x: Cells, generator: torch.Generator | None = None) -> State:
        """x, and the one column that the whole network keeps: none in particular (-1), but for global drop-path."""
        kept = -1
        if generator is not None and self.global_drop and float(torch.rand((), generator=generator)) < self.global_drop:
            kept = int(torch.randint(self.columns, (), generator=generator))
        return x, torch.tensor(kept)

    def advance(self, state: State, blocks: Blocks, progress: float, generator: torch.Generator | None) -> State:
        """f_C(x), row by row; drop-path chooses among the columns that meet at a join. A column may be cut as a whole."""
        x, kept = state
        inputs, units = [x] * self.columns, iter(blocks)
        for _, columns in self.plan:
            outputs = {j: (next(units), inputs[j]) for j in columns}
            alive = [unit(y) for unit, y in (outputs[j] for j in self._survivors(columns, int(kept), generator))]
            if alive:
                joined = sum(alive[1:], alive[0]) / len(alive)
                inputs = [joined if j in columns else y for j, y in enumerate(inputs)]
        return joined, kept

    def _survivors(self, columns: list[int], kept: int, generator: torch.Generator | None) -> list[int]:
        """Which columns stay: the one that the network keeps (global), or some (local), or all."""
        if kept >= 0:
            return [j for j in columns if j == kept]
        if generator is None or not self.drop:
            return columns
        some = [j for j in columns if float(torch.rand((), generator=generator)) >= self.drop]
        return some or [columns[int(torch.randint(len(columns), (), generator=generator))]]

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Block:
        """A unit begins near the identity on codes: without a skip, F = 0 would be dead."""
        block = Block(width, width, hidden, norm, generator)
        block.pass_codes()
        return block

    def lower(self, program: Program) -> Reference:
        """The units of the last row step, all others pass through."""
        return Reference(program, self._rows(passing(program, lower(program)), passing(program, None)))

    def robust(self, program: Program, inner: bool) -> Reference:
        """The same with units that restore every channel."""
        step, skip = (saturated(program, rules, inner, skip=False) for rules in (program.rules, []))
        return Reference(program, self._rows(step, skip), radius=radius(program, inner))

    def _rows(self, step: Weights, skip: Weights) -> list[Weights]:
        """`step` for the units of the last row, `skip` for all others."""
        last = 2 ** (self.columns - 1)
        return [step if row == last else skip for row, columns in self.plan for _ in columns]
