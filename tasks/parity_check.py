"""Parity check: is the number of ones even? Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass

from tasks.parity import Parity


@dataclass(frozen=True)
class ParityCheck(Parity):
    """The task `parity`, asked at the last cell only: the ones of the word modulo 2. Samples: uniform words.

    >>> ParityCheck().solve([1, 0, 1, 1])
    [-100, -100, -100, 1]

    The program is that of `parity`, a sweep with two states.
    """

    scored: str = "last"
