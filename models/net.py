"""The one module that is trained and that reference weights are loaded into: embed, layers of an architecture, read out."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from models.architecture import Architecture, Layers, ModelError, NotRealizable, Reference
from models.block import Part
from models.branch import transformed
from models.training.memory import checkpointing, refusal
from models.training.reverse import reversing
from tasks.programs import Program


class Net(nn.Module):
    """Words `[batch, cells]` to logits `[batch, classes, cells]` through any number of layers.

    A `depth` is a number of steps of the program, and there are `pace` layers a step. `layers = 0`: tied weights, one layer
    applied `pace * depth` times. Otherwise untied: `layers` layers of their own weights, and that many at most. `norm`:
    blocks normalise their input. `tableau`: the longest word that a reference must
    serve where the architecture needs a tableau. `inner`: blocks have a second hidden layer, with which references can
    correct more noise. Initial weights are drawn from `seed`. `memory`: how `final`, in training, keeps what backward
    needs: store, checkpoint, or where layers have an inverse reverse (see `models.training.memory`). `box`: the radius of the
    box that every state is clipped to, the embedded word too; 0: none. `recall`: blocks read x(0) again at every layer.
    `noise`, which training sets, is added after every layer while the net trains.
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
        box: float = 0.0,
        pace: int = 1,
        recall: bool = False,
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
        if pace < 1 or (pace > 1 and not architecture.layered):
            allowed = "at least 1" if architecture.layered else "1, as it reads a symbol a step"
            raise ModelError(f"{architecture.label}: pace={pace} is not allowed; allowed: {allowed}")
        if memory not in architecture.memories:
            raise ModelError(refusal(architecture, memory))
        if box and memory == "reverse":
            raise ModelError(
                f"{architecture.label}: memory=reverse is not allowed with box={box:g}, as clipping has no inverse"
            )
        self.architecture, self.layers, self.tableau, self.inner = architecture, layers, tableau, inner
        self.memory, self.box, self.pace, self.recall, self.noise = memory, box, pace, recall, 0.0
        self.generator, self.draw = torch.Generator().manual_seed(seed), odd
        self.embed = nn.Parameter(torch.randn(alphabet, width, generator=self.generator))
        parts = [part for _ in range(max(layers, 1)) for part in architecture.layer(width, hidden, norm, self.generator)]
        if recall and (unable := [part for part in parts if not part.recalls]):
            reason = f"a {type(unable[0]).__name__} does not read the word again at every layer"
            raise ModelError(f"{architecture.label}: recall=true is not allowed, as {reason}; allowed: recall=false")
        for part in parts:
            if inner:
                part.deepen()
            if recall:
                part.recall(width)
        self.blocks, self.hidden = nn.ModuleList(parts), max(part.hidden for part in parts)
        self.readout = nn.Parameter(torch.randn(classes, width, generator=self.generator) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(classes, 1))

    @property
    def width(self) -> int:
        """Channels of the state."""
        return self.embed.shape[1]

    def layer(self, k: int) -> list[nn.Module]:
        """The blocks of layer k."""
        return self._layer(list(self.blocks), k)

    def _layer(self, blocks: list[nn.Module], k: int) -> list[nn.Module]:
        size = self.architecture.blocks
        first = size * k if self.layers else 0
        return blocks[first : first + size]

    def stack(self, depth: int, points: int = 1, word: Tensor | None = None) -> Layers:
        """The layers of `depth` steps; in training the net's own generator draws what they leave to chance.

        `word`: x(0), which a net with `recall` reads at every layer; ModelError without, or if there are fewer layers.
        """
        if depth < 0 or (self.layers and self.pace * depth > self.layers):
            most, pace = self.layers // self.pace if self.layers else "any", f", pace={self.pace}" if self.pace > 1 else ""
            raise ModelError(f"depth {depth} is not allowed; allowed: 0..{most} (layers={self.layers}{pace})")
        blocks = list(self.blocks)
        if self.recall:
            if word is None:
                raise ModelError("a net with recall=true reads x(0) at every layer: allowed: stack(depth, word=x(0))")
            blocks = [block.given(word) if isinstance(block, Part) else block for block in blocks]
        after = self.confined if self.box or (self.noise and self.training) else None
        return Layers(partial(self._layer, blocks), self.pace * depth, self.generator if self.training else None, points, after)

    def confined(self, x: Float[Tensor, "batch width cells"]) -> Float[Tensor, "batch width cells"]:
        """A state after a layer: in the box, and in training with its noise, uniform in [-noise, noise] on every channel.

        Under noise, on a compact set, only what is held in separated regions that attract survives: a finite machine (Casey,
        Neural Computation 8, 1996; Maass and Orponen, Neural Computation 10, 1998).
        """
        noise = self.noise if self.training else 0.0
        if self.box and not transformed():
            return _Confined.apply(x, self.box, noise, self.generator)
        x = x.clamp(-self.box, self.box) if self.box else x
        return x.add(self.draw(x, self.generator), alpha=noise * 2.0**-15) if noise else x

    def states(self, tokens: Int[Tensor, "batch cells"], depth: int, points: int = 1) -> Iterator[Tensor]:
        """x(0), x(1), ..., each `[batch, width, cells]`, after every one of `pace * depth` layers.

        In continuous time `points` a layer (0: the last).
        """
        x = self.embedded(tokens)
        layers = self.stack(depth, points, x)
        if not self.architecture.layered:
            layers = replace(layers, symbols=(tokens, self.embed.clamp(-self.box, self.box) if self.box else self.embed))
        yield x
        yield from self.architecture.states(x, layers)

    def embedded(self, tokens: Int[Tensor, "batch cells"]) -> Float[Tensor, "batch width cells"]:
        """x(0)."""
        x = nn.functional.embedding(tokens, self.embed).mT
        return x.clamp(-self.box, self.box) if self.box else x

    def forward(self, tokens: Int[Tensor, "batch cells"], depth: int) -> Float[Tensor, "batch classes cells"]:
        """Logits after `depth` steps."""
        return self.read(self.final(tokens, depth))

    def final(self, tokens: Int[Tensor, "batch cells"], depth: int) -> Float[Tensor, "batch width cells"]:
        """The state after `depth` steps."""
        if self.training and torch.is_grad_enabled() and self.memory != "store":
            run, x = reversing if self.memory == "reverse" else checkpointing, self.embedded(tokens)
            return run(self.architecture, x, self.stack(depth, word=x))
        for x in self.states(tokens, depth, points=0):
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
        if self.box and (reason := made.why_unboxed):
            raise NotRealizable(f"the reference leaves the box of radius {self.box:g}: {reason}")
        if self.pace > 1 and not reference.program.write_once:
            raise NotRealizable(
                f"at pace {self.pace} a net runs {self.pace} T(n) steps; a write-once program rests after T(n), "
                "a rewriting one need not"
            )
        if 0 < self.box < 1:
            raise NotRealizable(f"the reference leaves the box of radius {self.box:g}: codes are 0 and 1")
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


class _Confined(torch.autograd.Function):
    """clip(x, -box, box) + noise * 2^-15 * odd(x), whose backward is one operation where autograd's is five."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, box: float, noise: float, generator: torch.Generator) -> Tensor:
        """The state, clipped and disturbed; backward needs to know where x was inside."""
        ctx.save_for_backward(x)
        ctx.box, clipped = box, x.clamp(-box, box)
        return clipped.add_(odd(x, generator), alpha=noise * 2.0**-15) if noise else clipped

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient where x was in the box, its faces included, as of `clamp`; and 0 elsewhere."""
        (x,) = ctx.saved_tensors
        beyond = ctx.box * (1 + torch.finfo(x.dtype).eps)  # the next number: `hardtanh` leaves its faces out
        return torch.ops.aten.hardtanh_backward(gradient, x, -beyond, beyond), None, None, None


def odd(x: Float[Tensor, "batch width cells"], generator: torch.Generator) -> Int[Tensor, "batch width cells"]:
    """Odd numbers in (-2^15, 2^15) of the shape of x, uniform.

    64 random bits make four of them, which takes a third of the time of `torch.rand`. They are drawn cell by
    cell, as states lie in memory.
    """
    batch, width, cells = x.shape
    bits = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None, generator=generator)
    drawn = bits.bitwise_or_(0x0001_0001_0001_0001).view(torch.int16)[: x.numel()].view(batch, cells, width).mT
    return drawn.to(x.device)
