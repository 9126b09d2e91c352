"""A reversible network keeps no more for backward when it is deeper, and loses no gradient. Gomez et al., NeurIPS 2017.

Ren, Urtasun and Grosse are the other authors of "The Reversible Residual Network: Backpropagation Without Storing
Activations". A layer y1 = x1 + F(x2), y2 = x2 + G(y1) is undone by x2 = y2 - G(y1), x1 = y1 - F(x2). So only the last state
is kept: backward finds the state before each layer from the one after it, and runs the layer again. The price is one more
evaluation of every branch; the gain is memory that does not grow with depth. In exact arithmetic the gradients are the same;
in single precision rounding comes back through all inverses, which is measured, too.

The bytes counted are all that autograd keeps between forward and backward, apart from parameters, each piece of memory once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

import models
import tasks
from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_most, pick
from leaderboard.reproduce.drawing import Drawing
from models.block import Block


@dataclass(frozen=True, kw_only=True)
class RevnetMemory(Claim):
    """Nets with tied weights at every depth; `memory`: how the net under test keeps what backward needs."""

    memory: str = "reverse"
    depths: tuple[int, ...] = (16, 64, 256, 1024)
    steps: int = 30
    cells: int = 16
    batch: int = 8

    claim = "A RevNet's activation memory is independent of depth, and it trains as a network that stores its activations does."
    source = "Gomez, Ren, Urtasun, Grosse, The Reversible Residual Network, NeurIPS 2017 (arXiv 1707.04585)"
    read = "abstract and the definition of the blocks"
    setting = (
        "the product's RevNet with memory=reverse beside memory=store, normalised branches, width 32, words of parity of "
        "16 cells"
    )
    missing = "accuracies on CIFAR and ImageNet: there is no image data here"
    off = "both nets store their activations"

    def measure(self) -> Iterator[Row]:
        """Bytes kept, and the difference of gradients, at every depth; then two loss curves."""
        for depth in self.depths:
            stored, mine = (self._net(memory, depth) for memory in ("store", self.memory))
            kept = [kept_bytes(partial(self._loss, net, depth), net) for net in (stored, mine)]
            off = max(
                float((a.grad - b.grad).norm() / a.grad.norm())
                for a, b in zip(stored.parameters(), mine.parameters(), strict=True)
                if a.grad is not None and b.grad is not None
            )
            yield {"what": "depth", "depth": depth, "stored": kept[0], "kept": kept[1], "difference": off}
        curves = [self._trained(memory) for memory in ("store", self.memory)]
        for step, (stored, mine) in enumerate(zip(*curves, strict=True)):
            yield {"what": "training", "step": step, "stored": stored, "loss": mine}

    def _net(self, memory: str, depth: int) -> models.Net:
        """A net whose branches are not 0, as they are at the start, and of order 1 in all."""
        net = models.build("revnet", tasks.get("parity"), norm=True, memory=memory, seed=self.seed).train()
        generator = torch.Generator().manual_seed(self.seed)
        with torch.no_grad():
            for block in net.blocks:
                assert isinstance(block, Block)
                block.V.copy_(torch.randn(block.V.shape, generator=generator) * (2 / block.V.shape[1]) ** 0.5 / depth**0.5)
        return net

    def _loss(self, net: models.Net, depth: int) -> Tensor:
        task = tasks.get("parity")
        words = task.sample(self.batch, self.cells, tasks.Bits(self.seed))
        return nn.functional.cross_entropy(net(words, depth), task.target(words))

    def _trained(self, memory: str) -> list[float]:
        net, losses = self._net(memory, self.cells), list[float]()
        optimiser = torch.optim.Adam(net.parameters(), 0.003)
        for _ in range(self.steps):
            optimiser.zero_grad()
            loss = self._loss(net, self.cells)
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        return losses

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Less than 5% more from the shallowest to the deepest net; gradients and losses to one in a thousand."""
        deep, curve = pick(rows, what="depth"), pick(rows, what="training")
        apart = max(abs(row["loss"] / row["stored"] - 1) for row in curve)
        growth, stored = (deep[-1][of] / deep[0][of] for of in ("kept", "stored"))
        return [
            Check(
                f"memory at depth {deep[-1]['depth']} / at {deep[0]['depth']}",
                "1 (independent of depth)",
                growth,
                at_most(1.05),
            ),
            Check("largest relative difference of gradients", "", max(row["difference"] for row in deep), at_most(1e-3)),
            Check("largest relative difference of losses in training", "", apart, at_most(1e-3)),
            Check("memory saved at the largest depth", "", deep[-1]["stored"] / deep[-1]["kept"], ANY),
            Check("stored activations: the same ratio", "", stored, ANY),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Kept megabytes against depth."""
        deep = pick(rows, what="depth")
        series = {
            name: [(row["depth"], row[of] / 1e6) for row in deep] for name, of in (("stored", "stored"), ("reversed", "kept"))
        }
        return Drawing("depth", "MB kept for backward", series, log="xy")

    def counterfeit(self) -> Claim:
        """Store in both."""
        return replace(self, memory="store", depths=(16, 64), steps=2)

    def quick(self) -> Claim:
        """Shallow nets."""
        return replace(self, depths=(2, 4), steps=2)


def kept_bytes(loss: Callable[[], Tensor], module: nn.Module) -> int:
    """Bytes that autograd keeps between the forward and the backward pass of a loss, without those of parameters."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        made = loss()
    total = sum(found.values())
    made.backward()
    return total
