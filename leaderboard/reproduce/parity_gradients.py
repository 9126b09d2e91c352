"""Parities have no gradient to follow. Shalev-Shwartz, Shamir, Shammah, Failures of Gradient-Based Deep Learning, ICML 2017.

Take all 2^n parities of n bits as targets. They are orthonormal, so for any parameters of any net the gradients of the loss
over the whole cube are the Fourier coefficients of one function, and by Parseval the variance of the gradient over the
targets is E|df|^2 / 2^n. Whatever the target is, the gradient is the same but for a share that is exponentially small; a
method that sees gradients only cannot tell which parity it is asked for.

Two measurements follow. *Variance*: over all parities of n bits, at random weights of a small net, against n. *Steps*: how
many steps of Adam a net takes until it has 90% of a batch right, when the one label of a word is the parity of a hidden half
of its bits. Odd halves take longer than even ones next to them, so a range of few bits misjudges the growth: over 3 to 6 bits
it was 1.48 a bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, near, pick, slope, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense


@dataclass(frozen=True, kw_only=True)
class ParityGradients(Claim):
    """`parities`: targets are parities; otherwise they are single bits, which a gradient tells apart at once."""

    parities: bool = True
    bits: tuple[int, ...] = (4, 5, 6, 7, 8, 9, 10)
    learnt: tuple[int, ...] = (6, 8, 10, 12, 14, 16, 18)
    seeds: int = 3
    hidden: int = 16
    most: int = 4000

    claim = (
        "The variance of the gradient over the parities of n bits is about 2^-n, so that gradient methods learn them ever "
        "more slowly."
    )
    source = "Shalev-Shwartz, Shamir, Shammah, Failures of Gradient-Based Deep Learning, ICML 2017 (arXiv 1703.07950)"
    read = "abstract; the bound is derived in the text of the claim"
    setting = (
        "one hidden layer of tanh; variance over all targets at random weights; steps with batches of 128 words, Adam at 1e-2"
    )
    off = "targets are single bits in place of parities"

    def measure(self) -> Iterator[Row]:
        """Variances, then steps until 90% of words are right; a net that is not there after `most` steps counts as that."""
        for n in self.bits:
            for seed in range(self.seeds):
                yield {"what": "variance", "bits": n, "seed": seed, "value": self._variance(n, seed)}
        for n in self.learnt:
            for seed in range(self.seeds):
                yield {"what": "steps", "bits": n, "seed": seed, "value": float(self._steps(n, seed))}

    def _variance(self, n: int, seed: int) -> float:
        """Mean |g - mean g|^2 over the targets y, where g = E over words of y(x) df(x), the gradient of a correlation."""
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        words = 1.0 - 2.0 * torch.cartesian_prod(*[torch.arange(2)] * n)  # every word, bits as 1 and -1
        F = Dense(n, 1, self.hidden, generator, layers=1)
        weights = dict(F.named_parameters())
        jacobian = jacrev(lambda w: functional_call(F, w, (words[:, :, None],))[:, 0, 0])(weights)
        slopes = torch.cat([part.flatten(1) for part in jacobian.values()], 1).detach().double()  # [words, parameters]
        targets = _walsh(slopes, n) / 2**n if self.parities else words.double().T @ slopes / 2**n
        return float((targets - targets.mean(0)).square().sum(1).mean())

    def _steps(self, n: int, seed: int) -> int:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        hidden = torch.randperm(n, generator=generator)[: n // 2 if self.parities else 1]
        F = Dense(n, 1, 8 * self.hidden, generator, layers=1, activation=torch.relu)
        optimiser = torch.optim.Adam(F.parameters(), 0.01)
        for step in range(self.most):
            x = 1.0 - 2.0 * torch.randint(2, (128, n), generator=generator)
            answer, label = F(x[:, :, None])[:, 0, 0], x[:, hidden].prod(1)
            if float((torch.sign(answer) == label).float().mean()) >= 0.9:
                return step + 1
            optimiser.zero_grad()
            nn.functional.softplus(-label * answer).mean().backward()
            optimiser.step()
        return self.most

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """A slope of -1 in log2 within .1; and the steps grow by more than 1.5 for every bit of the hidden half."""
        fall = slope(values(rows, "bits", what="variance"), values(rows, "value", what="variance"), log="y")
        grow = 2 ** slope([b / 2 for b in values(rows, "bits", what="steps")], values(rows, "value", what="steps"), log="y")
        return [
            Check("log2 of the variance per bit", "-1", fall, near(-1, 0.1)),
            Check("steps to 90%: factor for one more hidden bit", "exponential", grow, at_least(1.5)),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Variance and steps against the number of bits."""
        named = {"variance": "variance of the gradient", "steps": "steps to 90%"}
        series = {text: [(r["bits"], r["value"]) for r in pick(rows, what=what)] for what, text in named.items()}
        return Drawing("bits", "variance, steps", series, log="y", apart=True)

    def counterfeit(self) -> Claim:
        """Single bits."""
        return replace(self, parities=False, seeds=1)

    def quick(self) -> Claim:
        """Few bits and steps."""
        return replace(self, bits=(2, 3), learnt=(2, 4), seeds=1, most=2)


def _walsh(values: Tensor, n: int) -> Tensor:
    """Sums over all words of chi(word) * values, for all 2^n parities chi; the fast Walsh-Hadamard transform, `[2^n, any]`."""
    cube = values.reshape(*[2] * n, -1)
    for axis in range(n):
        zero, one = cube.unbind(axis)
        cube = torch.stack([zero + one, zero - one], axis)
    return cube.reshape(2**n, -1)
