"""What an architecture is: the formula of one layer over its blocks, and how a program becomes its weights."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.block import Block, Loadable, Part
from tasks.discover import check, label, module_name
from tasks.programs import Program, ProgramError
from tasks.programs.tableau import tableau

Blocks = Sequence[Callable[[Tensor], Tensor]]  # a layer's; in a Net they are modules
Cells = Float[Tensor, "batch width cells"]
State = tuple[Tensor, ...]  # x, and what the method remembers besides
EVALUATIONS = 4  # of blocks that a step of the program takes, at "equal evaluations"
NEAREST = 0.999  # to 1, of a part p where 1 - p counts too: single precision rounds p by 2^-25, and that is 2^-15 of 1 - p


class NotRealizable(ValueError):
    """The program has no reference weights in this module; the message says why, in one line."""


class ModelError(ValueError):
    """Bad option, width, depth or length; one line that names what is wrong and what is allowed."""


@dataclass(frozen=True)
class Layers:
    """The layers that a state passes: `layers[k]` are the blocks of layer k = 0 .. `depth` - 1.

    `generator` draws what a training step leaves to chance (None: nothing). In continuous time there are `points` states a
    layer; 0: the last is enough. `after` is what becomes of x after every layer (None: nothing), as of the noise and the box
    of robust training: what the method remembers besides x stays as it is. `symbols`: the word itself, tokens
    `[batch, cells]`, and the embedding `[alphabet, width]`, for a net that reads.
    """

    of: Callable[[int], Blocks]
    depth: int
    generator: torch.Generator | None = None
    points: int = 1
    after: Callable[[Tensor], Tensor] | None = None
    symbols: tuple[Tensor, Tensor] | None = None

    def __getitem__(self, k: int) -> Blocks:
        return self.of(k)

    def modules(self, numbers: Iterable[int]) -> list[nn.Module]:
        """The blocks of the layers of these numbers that are modules, so have parameters."""
        return [block for k in numbers for block in self[k] if isinstance(block, nn.Module)]


@dataclass(frozen=True)
class Reference:
    """Reference weights: the program that they run, their blocks (one layer's), and where answers are read.

    The answers stand in half `exit` of the channels (words always enter in the first); `longest` is the longest word that
    the weights serve (None: every length); `scale` multiplies V. `radius`: a perturbation of every channel by less than
    this, at every step, is corrected (None: not known). `readout`: matrix and bias, `[classes, channels]` and `[classes]`,
    where the answers are not the channels of the output register.
    """

    program: Program
    weights: Sequence[Loadable]
    longest: int | None = None
    exit: int = 0
    scale: float = 1.0
    radius: float | None = None
    readout: tuple[Tensor, Tensor] | None = None

    @property
    def hidden(self) -> int:
        """Hidden units that every block needs."""
        return max(weights.hidden for weights in self.weights)


@dataclass(frozen=True, kw_only=True)
class Architecture(ABC):
    """A discretised ODE; its options are the fields of the dataclass, `ranged` or `chosen` where not all values are allowed.

    Stateless: parameters live in the blocks of a Net. ModelError on an option that is not allowed.

    A concrete architecture defines `lower` and `states`; of a `Discrete` one only `advance`, of a `OneStep` one only `step`.
    Where a layer has more than one block it says how many.
    """

    halves: ClassVar[int] = 1  # a block acts on width / halves channels
    layered: ClassVar[bool] = False  # a state a layer, and layers may be untied; a streaming net has one state in all
    version: ClassVar[int] = 1  # raised when the numbers of its nets change: part of the identity of runs; golden tests hold it
    rewrites: ClassVar[bool] = True  # whether rewriting programs lower directly; else through their tableau

    def __post_init__(self) -> None:
        check(self, f"{self.name}: ", ModelError)

    @property
    def name(self) -> str:
        """The name under which `models.get` finds the architecture: that of its file."""
        return module_name(self)

    @property
    def label(self) -> str:
        """Name of its file with the options that differ from their defaults: `polynet(kind=poly-3)`."""
        return label(self)

    @property
    def blocks(self) -> int:
        """Blocks in one layer."""
        return 1

    @property
    def calls(self) -> int:
        """Calls of blocks in one layer; in one step of a solver that chooses its steps, of which a layer may take many."""
        return self.blocks

    @property
    def pace(self) -> int:
        """Layers a step of the program at equal evaluations: about EVALUATIONS of them, whatever a layer calls."""
        return max(1, EVALUATIONS // self.calls) if self.layered else 1

    @property
    def memories(self) -> tuple[str, ...]:
        """How a net can keep what backward needs, of store, checkpoint, reverse: see `models.training.memory`."""
        return ("store",)

    @abstractmethod
    def lower(self, program: Program) -> Reference:
        """Reference weights of a program (write-once, unless `rewrites`)."""

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Part[Any]:
        """A fresh block for a net of that width; architectures for which F = 0 is no good start, or that learn more, say so."""
        return Block(width // self.halves, width // self.halves, hidden, norm, generator)

    def layer(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> list[Part[Any]]:
        """The fresh blocks of a layer; architectures whose blocks are not all of one kind say which."""
        return [self.block(width, hidden, norm, generator) for _ in range(self.blocks)]

    def evaluations(self, x: Tensor) -> int:
        """How many evaluations a call of a block on x counts for."""
        return 1

    def keeps(self, width: int, hidden: int, cells: int) -> int:
        """Numbers a cell that autograd keeps of the calls of a layer: of a block its window and its hidden units."""
        return self.calls * (4 * (width // self.halves) + hidden)

    def penalty(self, x: Cells, layers: Layers) -> Float[Tensor, ""]:
        """What training adds to the loss, given the final state x; 0 for most."""
        return x.new_zeros(())

    @abstractmethod
    def states(self, x: Cells, layers: Layers) -> Iterator[Tensor]:
        """The states after 1, ..., `layers.depth` layers, `[batch, width, cells]`."""

    def reference(self, program: Program, length: int) -> Reference:
        """Reference weights; of a tableau for words of up to `length` cells where the program must become write-once.

        NotRealizable, with the reason, if a tableau is needed and `length` is 0, or its depth is not that of the program.
        """
        if program.write_once or self.rewrites:
            return self.lower(program)
        constant = program.constant_depth
        if not length and not constant:
            raise NotRealizable(f"{self.why_tableau}: width grows with T(n), {self._price(program)}")
        try:
            unrolled = tableau(program, 1 if constant else length)
        except ProgramError as error:
            raise NotRealizable(str(error)) from None
        late = [n for n in range(1, length + 1) if unrolled.depth(n) > program.depth(n)]
        if late:
            raise NotRealizable(f"its tableau needs {unrolled.depth(late[0])} steps at n = {late[0]}, the task gives fewer")
        return replace(self.lower(unrolled), longest=None if constant else length)

    def suited(self, program: Program, tableau: int) -> "Architecture":
        """What a run takes for this one: itself, unless another of its kind has a reference where it would have none."""
        return self

    why_tableau: ClassVar[str] = "needs a tableau"

    def _price(self, program: Program) -> str:
        """What a tableau for two cells would need."""
        try:
            wide = self.lower(tableau(program, 2))
        except ProgramError as error:
            return str(error)
        return f"n = 2 needs width {self.width(wide)} and hidden {wide.hidden}; build with tableau=n for a reference up to n"

    def robust(self, program: Program, inner: bool) -> Reference:
        """Reference weights that correct noise, with their radius; `inner`: for blocks with an inner layer. NotRealizable."""
        raise NotRealizable(f"{self.label} has no reference weights that correct noise: {self.why_fragile}")

    why_unboxed: ClassVar[str] = ""  # why its reference leaves a box of radius 1; "" where it does not

    why_fragile: ClassVar[str] = "they are known for the methods whose layer is a map of codes to codes"

    def width(self, reference: Reference) -> int:
        """Width that a reference needs."""
        return self.halves * reference.program.channels


@dataclass(frozen=True, kw_only=True)
class Layered(Architecture):
    """An architecture whose layers lead from state to state (x, and what the method remembers besides), so some can be run."""

    layered: ClassVar[bool] = True

    @property
    def memories(self) -> tuple[str, ...]:
        """A state is all that a layer needs to be run again."""
        return ("store", "checkpoint")

    def first(self, x: Cells, generator: torch.Generator | None = None) -> State:
        """The state before the first layer; x alone unless the method remembers more."""
        return (x,)

    @abstractmethod
    def through(self, state: State, layers: Layers, numbers: range) -> State:
        """The state after the layers of these numbers."""


@dataclass(frozen=True, kw_only=True)
class Discrete(Layered):
    """An architecture whose layers are steps: it defines `advance`."""

    def through(self, state: State, layers: Layers, numbers: range) -> State:
        """Step by step."""
        for k in numbers:
            x, *memory = self.advance(state, layers[k], (k + 1) / layers.depth, layers.generator)
            state = (layers.after(x) if layers.after else x, *memory)
        return state

    @abstractmethod
    def advance(self, state: State, blocks: Blocks, progress: float, generator: torch.Generator | None) -> State:
        """One layer. `progress`: n / N for layer n of N; `generator` draws what is left to chance (None: nothing)."""

    def states(self, x: Cells, layers: Layers) -> Iterator[Tensor]:
        """The x after every layer."""
        state = self.first(x, layers.generator)
        for k in range(layers.depth):
            state = self.through(state, layers, range(k, k + 1))
            yield state[0]


@dataclass(frozen=True, kw_only=True)
class Reversible(Discrete):
    """An architecture whose layers have an `inverse`. They call each block once, and leave nothing to chance themselves."""

    @property
    def memories(self) -> tuple[str, ...]:
        """States can also be found from the last one."""
        return ("store", "checkpoint", "reverse")

    @property
    def span(self) -> int | None:
        """Layers through which the inverse is good, so that every such number of layers a state is kept; None: all."""
        return None

    @abstractmethod
    def inverse(self, state: State, blocks: Blocks) -> State:
        """The state that one layer took to this one."""


@dataclass(frozen=True, kw_only=True)
class OneStep(Discrete):
    """A method that remembers nothing but x: it defines `step`."""

    @abstractmethod
    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """One layer."""

    def advance(self, state: State, blocks: Blocks, progress: float, generator: torch.Generator | None) -> State:
        """A step, in which nothing is left to chance."""
        return (self.step(state[0], blocks),)
