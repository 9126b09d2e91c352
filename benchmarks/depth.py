"""What depth costs: `python benchmarks/depth.py {memory,inverse,training} [model ...] [--depths N ...] [--device cuda]`.

memory    peak activation memory and seconds of a training step (CPU-seconds of one thread; on CUDA of the clock)
inverse   how exactly the first state comes back through the inverse of all layers, for branches that are bounded and not
training  loss before and after a few steps at great depth

Each prints a Markdown table. Weights are tied; `--untied` gives every layer its own.
"""

import argparse
import math
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import models
import tasks
from models.architecture import Reversible
from models.solving.continuous import Continuous

BATCH, CELLS, WIDTH, HIDDEN = 8, 16, 32, 64
STEPS, RATE, ORDER = 6, 0.01, {"second_order_ode": 2}


def tensors(found: object) -> Iterator[Tensor]:
    """All that are in some nested lists and tuples."""
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, (list, tuple)):
        for part in found:
            yield from tensors(part)


class Ledger(TorchDispatchMode):
    """Notes when the storage of each tensor is made and freed, but for those of the `given` tensors."""

    def __init__(self, given: Iterable[Tensor]) -> None:
        super().__init__()
        self.given = {tensor.untyped_storage()._cdata for tensor in given}
        self.alive: dict[int, int] = {}  # address: number
        self.events: list[tuple[int, int]] = []  # number, bytes more

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Run the operation, then note what is new."""
        result = func(*args, **(kwargs or {}))
        for tensor in tensors((args, result)):
            self._note(tensor.untyped_storage())
        return result

    def _note(self, storage: torch.UntypedStorage) -> None:
        address, size = storage._cdata, storage.nbytes()
        if address in self.given or address in self.alive:
            return
        number = self.alive[address] = len(self.events)
        self.events.append((number, size))
        weakref.finalize(storage, self._free, address, number, size)

    def _free(self, address: int, number: int, size: int) -> None:
        del self.alive[address]
        self.events.append((number, -size))

    def peak(self, without: Iterable[Tensor] = ()) -> int:
        """The most bytes at a time, not counting some tensors that are still alive."""
        apart = {self.alive.get(tensor.untyped_storage()._cdata) for tensor in without}
        now = most = 0
        for number, size in self.events:
            now += size * (number not in apart)
            most = max(most, now)
        return most


def activations(step: Callable[[], object], module: nn.Module, *inputs: Tensor) -> int:
    """Peak bytes of all that a training step makes besides the gradients of the parameters."""
    module.zero_grad()
    parameters = list(module.parameters())
    if parameters[0].is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        gradients = sum(p.grad.untyped_storage().nbytes() for p in parameters if p.grad is not None)
        return torch.cuda.max_memory_allocated() - before - gradients
    with Ledger([*parameters, *module.buffers(), *inputs]) as ledger:
        step()
    return ledger.peak(without=[p.grad for p in parameters if p.grad is not None])


@dataclass(frozen=True)
class Case:
    """An architecture and how its nets keep what backward needs."""

    name: str
    memory: str
    options: tuple[tuple[str, object], ...] = ()

    def net(self, layers: int, seed: int = 0, norm: bool = True, task: str = "parity") -> models.Net:
        """A fresh net for a task."""
        options = dict(self.options)
        return models.build(
            self.name, tasks.get(task), width=WIDTH, hidden=HIDDEN, layers=layers, norm=norm, memory=self.memory,
            seed=seed, **options,
        )  # fmt: skip


def cases(names: Iterable[str]) -> Iterator[Case]:
    """Every architecture with every way to keep what backward needs; in continuous time by Euler's method."""
    for name in names:
        if not issubclass(models.find(name), Continuous):
            yield from (Case(name, memory) for memory in models.get(name).memories)
            continue
        yield from (Case(name, memory, (("method", "euler"),)) for memory in models.get(name).memories)
        yield Case(name, "store", (("method", "euler"), ("adjoint", True)))


def words(device: str, length: int = CELLS, task: str = "parity") -> tuple[Tensor, Tensor]:
    """Words of a task and their targets, `[batch, cells]` each."""
    tokens = tasks.get(task).sample(BATCH, length, tasks.Bits(0))
    return tokens.to(device), tasks.get(task).target(tokens).to(device)


def seconds(step: Callable[[], object], device: str) -> float:
    """Of one thread of the CPU, or of the clock until a GPU is done."""
    clock = time.perf_counter if device == "cuda" else time.process_time
    started = clock()
    step()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - started


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a Markdown table, line by line as it comes."""
    head = list(head)
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def memory(names: list[str], depths: list[int], device: str, untied: bool) -> None:
    """MB and seconds of a training step at every depth."""
    tokens, target = words(device)

    def rows() -> Iterator[list[str]]:
        for case in cases(names):
            shown = []
            for depth in depths:
                net = case.net(depth if untied else 0).to(device).train()

                def step(net: models.Net = net, depth: int = depth) -> None:
                    net.zero_grad()
                    nn.functional.cross_entropy(net(tokens, depth), target).backward()

                spent = seconds(step, device)
                shown.append(f"{activations(step, net, tokens, target) / 1e6:.3f} MB, {spent:.2f} s")
            yield [net.architecture.label, case.memory, *shown]

    table(["architecture", "memory", *(f"depth {depth}" for depth in depths)], rows())


def inverse(names: list[str], depths: list[int], device: str, untied: bool) -> None:
    """The error of x(0), relative to its largest entry, after all layers and back."""
    tokens, _ = words(device)

    def rows() -> Iterator[list[str]]:
        for name in names:
            if not issubclass(models.find(name), Reversible):
                continue
            for dtype in (torch.float32, torch.float64):
                for norm, size in ((True, 0.01), (True, 0.1), (True, 1.0), (False, 0.1)):
                    errors = []
                    for depth in depths:
                        net = Case(name, "store").net(depth if untied else 0, norm=norm).to(device, dtype)
                        scatter(net, size)
                        errors.append(f"{lost(net, tokens, depth):.0e}")
                    yield [net.architecture.label, str(dtype)[6:], f"{size:g}, {'norm' if norm else 'no norm'}", *errors]

    table(["architecture", "precision", "V", *(f"depth {depth}" for depth in depths)], rows())


@torch.no_grad()
def scatter(net: models.Net, size: float) -> None:
    """V normal with standard deviation `size` / sqrt(hidden): branches of about that size on normalised states.

    Of attention it is O, and of a convolution U.
    """
    generator = torch.Generator().manual_seed(1)
    for block in net.blocks:
        last = next(getattr(block, name) for name in ("O", "V", "U") if hasattr(block, name))
        last.copy_(size / math.sqrt(net.hidden) * torch.randn(last.shape, generator=generator, dtype=torch.float64))


@torch.no_grad()
def lost(net: models.Net, tokens: Tensor, depth: int) -> float:
    """|x(0) found again - x(0)| / |x(0)|, largest entries."""
    made = net.architecture
    assert isinstance(made, Reversible)
    x = next(net.states(tokens, 0))
    state = made.first(x)
    for k in range(depth):
        state = made.advance(state, net.layer(k), (k + 1) / depth, None)
    for k in reversed(range(depth)):
        state = made.inverse(state, net.layer(k))
    return float((state[0] - x).abs().max() / x.abs().max())


def fit(net: models.Net, tokens: Tensor, target: Tensor, depth: int, steps: int, rate: float) -> list[float]:
    """The loss at each of some steps of AdamW on one batch, gradients clipped at 1, and after them."""
    optimizer, losses = torch.optim.AdamW(net.train().parameters(), rate, weight_decay=0.0), []
    for step in range(steps + 1):
        loss = nn.functional.cross_entropy(net(tokens, depth), target)
        losses.append(loss.item())
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    return losses


def training(names: list[str], depths: list[int], device: str, untied: bool, steps: int) -> None:
    """Loss before and after some steps on words of parity, with the leanest memory that keeps gradients exact.

    The rate is RATE / depth, as a step of tied weights moves the state `depth` times; RATE / depth^2 for x'' = F; less for a
    clock, whose F and G start with more weights than V. Nets that read a word once are as deep as it is long: they learn
    to add, at RATE.
    """

    def rows() -> Iterator[list[str]]:
        for case in exact(names):
            shown = []
            for depth in depths:
                net, (tokens, target), rate, count = setting(case, depth, untied, device)
                started = time.process_time()
                losses = fit(net, tokens, target, depth, steps or count, rate)
                each = (time.process_time() - started) / (steps or count)
                shown.append(f"{losses[0]:.3f} to {losses[-1]:.3f}, {each:.1f} s a step")
            yield [net.architecture.label, case.memory, *shown]

    table(["architecture", "memory", *(f"depth {depth}" for depth in depths)], rows())


def exact(names: Iterable[str]) -> Iterator[Case]:
    """Every architecture with the leanest memory that keeps gradients exact; a plain net also starts as the identity."""
    for name in names:
        leanest = [case for case in cases([name]) if ("adjoint", True) not in case.options][-1]
        yield leanest
        if name == "plain":
            yield replace(leanest, options=(("initial", "identity"),))


def setting(case: Case, depth: int, untied: bool, device: str) -> tuple[models.Net, tuple[Tensor, Tensor], float, int]:
    """A fresh net, words and targets, the rate and the number of steps."""
    if not models.find(case.name).layered:
        return case.net(0, task="addition").to(device), words(device, depth, "addition"), RATE, 3 * STEPS
    rate = RATE / depth ** ORDER.get(case.name, 1) / (5 if case.name == "clock_ode" else 1)
    return case.net(depth if untied else 0).to(device), words(device, 6), rate, STEPS


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["memory", "inverse", "training"])
    parser.add_argument("models", nargs="*", default=models.names())
    parser.add_argument("--depths", nargs="+", type=int)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--untied", action="store_true")
    parser.add_argument("--steps", type=int, default=0, help="of training; 0: as many as show it")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    depths = {"memory": [16, 64, 256, 1024], "inverse": [8, 64, 512, 1024], "training": [1024]}[chosen.part]
    given = chosen.models, chosen.depths or depths, chosen.device, chosen.untied
    if chosen.part == "training":
        training(*given, chosen.steps)
    else:
        {"memory": memory, "inverse": inverse}[chosen.part](*given)


if __name__ == "__main__":
    main()
