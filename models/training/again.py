"""Layers are run again, in backward, as they were run before."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from torch import Tensor, nn
from torch.func import functional_call

Result = TypeVar("Result")


def reached(module: nn.Module) -> dict[str, Tensor]:
    """What gradients are asked of, by name: parameters, and buffers that gradients pass, as `Block.recalled`."""
    return dict(module.named_parameters()) | {name: b for name, b in module.named_buffers() if b.requires_grad}


class Roof(nn.Module):
    """Blocks under one roof, so that `functional_call` reaches them all."""

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(dict.fromkeys(blocks))

    def forward(self, run: Callable[[], Result]) -> Result:
        """What `run` gives."""
        return run()


def aside(blocks: Iterable[nn.Module], run: Callable[[], Result], parameters: Mapping[str, Tensor] | None = None) -> Result:
    """What `run` gives, while `blocks` have copies of their buffers, and these `parameters` (by their names under a `Roof`).

    So running statistics, of a batch norm say, are not updated a second time.
    """
    roof = Roof(blocks)
    copies = {name: buffer.clone() for name, buffer in roof.named_buffers()}
    return functional_call(roof, {**copies, **(parameters or {})}, (run,))
