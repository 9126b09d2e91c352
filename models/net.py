"""The one module that is trained and that reference weights are loaded into: embed, layers of an architecture, read out."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from models.architecture import Architecture, Layers, ModelError, NotRealizable, Reference
from models.block import Part
from models.training.memory import checkpointing, refusal
from models.training.reverse import reversing
from tasks.programs import Program


class Net(nn.Module):
    """Words `[batch, cells]` to logits `[batch, classes, cells]` through any number of layers.

    `layers = 0`: tied weights, one layer applied `depth` times. Otherwise untied: `layers` layers of their own weights,
    and `depth` is at most that. `norm`: blocks normalise their input. `tableau`: the longest word that a reference must
    serve where the architecture needs a tableau. `inner`: blocks have a second hidden layer, with which references can
    correct more noise. Initial weights are drawn from `seed`. `memory`: how `final`, in training, keeps what backward
    needs: store, checkpoint, or where layers have an inverse reverse (see `models.training.memory`).
    """

    def __init__(
        self,
        architecture: Architecture,
        alphabet: int,
        classes: int,
        width: int,
        hidden: int,
        layers: int = 0,
        norm: bool = False,
        tableau: int = 0,
        inner: bool = False,
        seed: int = 0,
        memory: str = "store",
    ) -> None:
        super().__init__()
        if min(width, hidden) < 1 or width % architecture.halves:
            raise ModelError(f"width={width}, hidden={hidden}; at least 1 each, width a multiple of {architecture.halves}")
        if min(layers, tableau) < 0:
            raise ModelError(f"layers={layers}, tableau={tableau}; neither may be negative (0: tied weights, no tableau)")
        if layers and not architecture.layered:
            raise ModelError(
                f"{architecture.label}: layers={layers} is not allowed, one set of weights reads; allowed: layers=0"
            )
        if memory not in architecture.memories:
            raise ModelError(refusal(architecture, memory))
        self.architecture, self.layers, self.tableau, self.inner = architecture, layers, tableau, inner
        self.memory = memory
        self.generator = torch.Generator().manual_seed(seed)
        self.embed = nn.Parameter(torch.randn(alphabet, width, generator=self.generator))
        parts = [architecture.block(width, hidden, norm, self.generator) for _ in range(architecture.blocks * max(layers, 1))]
        if inner:
            for part in parts:
                part.deepen()
        self.blocks, self.hidden = nn.ModuleList(parts), parts[0].hidden
        self.readout = nn.Parameter(torch.randn(classes, width, generator=self.generator) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(classes, 1))

    @property
    def width(self) -> int:
        """Channels of the state."""
        return self.embed.shape[1]

    def layer(self, k: int) -> list[nn.Module]:
        """The blocks of layer k."""
        size = self.architecture.blocks
        first = size * k if self.layers else 0
        return [self.blocks[n] for n in range(first, first + size)]

    def stack(self, depth: int, points: int = 1) -> Layers:
        """The first `depth` layers; in training the net's own generator draws what they leave to chance."""
        return Layers(self.layer, depth, self.generator if self.training else None, points)

    def states(self, tokens: Int[Tensor, "batch cells"], depth: int, points: int = 1) -> Iterator[Tensor]:
        """x(0), x(1), ..., x(depth), each `[batch, width, cells]`; in continuous time `points` a layer (0: the last)."""
        if depth < 0 or (self.layers and depth > self.layers):
            raise ModelError(f"depth {depth} is not allowed; allowed: 0..{self.layers or 'any'} (layers={self.layers})")
        x = nn.functional.embedding(tokens, self.embed).mT
        yield x
        yield from self.architecture.states(x, self.stack(depth, points))

    def forward(self, tokens: Int[Tensor, "batch cells"], depth: int) -> Float[Tensor, "batch classes cells"]:
        """Logits after `depth` layers."""
        return self.read(self.final(tokens, depth))

    def final(self, tokens: Int[Tensor, "batch cells"], depth: int) -> Float[Tensor, "batch width cells"]:
        """x(depth)."""
        states = self.states(tokens, depth, points=0)
        if self.training and torch.is_grad_enabled() and self.memory != "store":
            run = reversing if self.memory == "reverse" else checkpointing
            return run(self.architecture, next(states), self.stack(depth))
        for x in states:
            last = x
        return last

    def read(self, x: Float[Tensor, "batch width cells"]) -> Float[Tensor, "batch classes cells"]:
        """Logits of a state."""
        return self.readout @ x + self.bias

    @torch.no_grad()
    def realise(self, program: Program, robust: bool = False) -> Reference:
        """Load the reference weights of a program; NotRealizable, with the reason, if there are none or none that fit.

        `robust`: weights that correct noise below the `radius` of the Reference, at every step.
        """
        made = self.architecture
        reference = made.robust(program, self.inner) if robust else made.reference(program, self.tableau)
        need = self.architecture.width(reference)
        if need > self.width or reference.hidden > self.hidden:
            raise NotRealizable(
                f"the reference needs width {need} and hidden {reference.hidden}, the net has {self.width} and {self.hidden}"
            )
        alphabet, classes = self.embed.shape[0], self.readout.shape[0]
        if (program.alphabet, program.output.size) != (alphabet, classes):
            raise NotRealizable(
                f"the program maps {program.alphabet} symbols to {program.output.size}; this net {alphabet} to {classes}"
            )
        half = self.width // self.architecture.halves
        self.embed.zero_()
        self.embed[:, 0] = 1
        self.embed[:, 1 : 1 + alphabet] = torch.eye(alphabet)
        parts = [block for block in self.blocks if isinstance(block, Part)]
        for part, weights in zip(parts, list(reference.weights) * max(self.layers, 1), strict=True):
            part.load(weights, reference.scale)
        self.readout.zero_()
        self.bias.zero_()
        if reference.readout is None:
            outputs = [reference.exit * half + channel for channel in reference.program.outputs()]
            self.readout[torch.arange(classes), outputs] = 1
        else:
            matrix, bias = reference.readout
            self.readout[:, : matrix.shape[1]], self.bias[:, 0] = matrix, bias
        return reference
