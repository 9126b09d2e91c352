"""Streaming nets: one pass over the word by a recurrent module of torch, and how they run a finite automaton.

A hidden unit for every edge (state q, symbol a) is high where the edge before led to q and the token is a (Minsky,
Computation: Finite and Infinite Machines, 1967, chapter 3):

    pre-activation = K (sum of levels of the edges into q + [token = a] - 3/2),      level = 1 where high, 0 where low.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Cells, Layers, NotRealizable, Reference
from models.lowering.automata import automaton, delay, delayed, minimal
from models.streaming.reader import Reader, Transitions
from tasks.programs import Program

K = 128.0  # tanh(K (1/2 - d)) is 1 in float32 and float64 for errors d < 1/3 of a level; a power of two, so exact


@dataclass(frozen=True)
class Stream(Architecture):
    """A net that reads the word from left to right, one symbol a step, by a recurrent `module` of hidden size width.

    max(depth, n) steps: blank ones (zero input) follow the word, and the answer at a cell is read from the hidden state
    max(depth - n, 0) steps after that of its symbol. One set of weights: `layers=0`. A program has reference weights if it
    is a finite automaton (models/lowering/automata.py) that answers a constant number of steps after each symbol.
    """

    rewrites: ClassVar[bool] = False
    why_fragile: ClassVar[str] = "saturated units do so already"
    module: ClassVar[type[nn.RNN] | type[nn.GRU] | type[nn.LSTM]]
    gates: ClassVar[tuple[int, ...]]
    high: ClassVar[float] = 1.0

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Reader:
        """The module with its initial state, every weight uniform on +-1 / sqrt(width) and h(0) = 0."""
        with torch.random.fork_rng([]):  # torch draws the weights of its modules from the global generator
            recurrent = self.module(width, width, batch_first=True)
        return Reader(recurrent, self.gates, self.high, norm, generator)

    def evaluations(self, x: Tensor) -> int:
        """One a step."""
        return x.shape[-1]

    def states(self, x: Cells, layers: Layers) -> Iterator[Tensor]:
        """One state, for depth > 0: at each cell the hidden state from which its answer is read."""
        if layers.depth:
            (read,), cells = layers[0], x.shape[-1]
            blanks = (0, max(layers.depth - cells, 0))
            if layers.symbols is None:
                yield read(nn.functional.pad(x, blanks))[..., -cells:]
            else:
                assert isinstance(read, Reader)
                tokens, embed = layers.symbols
                word = nn.functional.one_hot(tokens, len(embed)).mT.to(embed)  # [batch, alphabet, cells]
                yield read(nn.functional.pad(word, blanks), embed)[..., -cells:]

    def reference(self, program: Program, length: int) -> Reference:
        """Reference weights; NotRealizable, with the reason, if the program is no automaton, or too large a one."""
        if not program.write_once and not program.constant_depth:
            raise NotRealizable("a rewriting program takes T(n) steps back and forth, a streaming net reads n symbols once")
        return super().reference(program, length)

    def lower(self, program: Program) -> Reference:
        """Edge units, and one that is high at the start only; the logit of an output is the sum of levels of its edges."""
        edges = minimal(delayed(automaton(program), delay(program), program.alphabet))
        units, symbols = len(edges) + 1, program.alphabet
        W, R, h0 = torch.zeros(units, 1 + symbols), torch.zeros(units, units), torch.zeros(units)
        b, rows = torch.full((units,), -1.5), torch.zeros(program.output.size, units)
        source, symbol, target, output = torch.tensor(edges).T
        R[:-1, :-1] = (source[:, None] == target).float()
        R[:-1, -1] = (source == 0).float()
        real = (symbol < symbols).nonzero().flatten()
        W[real, 1 + symbol[real]] = 1.0
        blank = (symbol == symbols).nonzero().flatten()
        W[blank, 0], b[blank] = -1.0, -0.5  # no token: not even `alive`
        h0[-1] = 1.0
        rows[:, :-1] = (output == torch.arange(len(rows))[:, None]).float()
        readout = rows / (2 * self.high), rows.sum(1) / 2
        return Reference(program, [Transitions(W, R, b, h0)], scale=K, readout=readout)

    def width(self, reference: Reference) -> int:
        """A unit for every edge, and one; and channels for the symbols."""
        return max(reference.program.static_channels, reference.hidden)
