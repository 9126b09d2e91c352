"""What a task is: a function on words with a known complexity, an independent plain definition, and a program."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.discover import label, module_name
from tasks.program import Program

IGNORE = -100  # target of a cell that is not scored (torch's cross entropy ignores it)


class TaskError(ValueError):
    """Bad parameter, length or token; one line that names what is wrong and what is allowed."""


@dataclass(frozen=True)
class Card:
    """Complexity card: the class of the function, bounds from above and below, the cost of its program, sources.

    `time`: steps of the program on n cells; `learning`: what is known on the hardness of learning it.
    """

    complexity: str
    upper: str
    lower: str
    time: str
    citation: str
    learning: str = "not known"


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A task; its parameters are the fields of the (frozen) dataclass, so they are typed and hashable.

    A concrete task defines `alphabet`, `classes`, `complexity`, `_solve`, `_target` and `_program`; and `_sample`,
    `words`, `space` where not every word over the alphabet is an input. `scored`: "every" cell or the "last" one only.
    """

    complexity: ClassVar[Card]
    scored: str = "every"

    def __post_init__(self) -> None:
        self.require("scored", self.scored, ("every", "last"))

    # to be defined by a task

    @property
    @abstractmethod
    def alphabet(self) -> int:
        """Number of input symbols; tokens are 0 .. alphabet - 1."""

    @property
    @abstractmethod
    def classes(self) -> int:
        """Number of output symbols."""

    @abstractmethod
    def _solve(self, word: list[int]) -> list[int]:
        """The answer at every cell, in plain Python, readable as the definition."""

    @abstractmethod
    def _target(self, tokens: Tensor) -> Tensor:
        """The answer at every cell, vectorised over words `[batch, cells]`."""

    @abstractmethod
    def _program(self) -> Program:
        """Rules that compute the answer, in the output register at every cell."""

    def _sample(self, count: int, length: int, generator: torch.Generator) -> Tensor:
        """`[count, length]` words; uniform over all words unless the task says otherwise."""
        return torch.randint(self.alphabet, (count, length), generator=generator)

    def words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All inputs of `length` cells."""
        return product(range(self.alphabet), repeat=length)

    def space(self, length: int) -> int:
        """How many inputs of `length` cells there are."""
        return self.alphabet**length

    # the public interface

    @property
    def name(self) -> str:
        """The name under which `tasks.get` finds the task: that of its file."""
        return module_name(self)

    @property
    def parameters(self) -> dict[str, object]:
        """All parameters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def label(self) -> str:
        """Name with the parameters that differ from their defaults: `counter(modulus=5)`."""
        return label(self)

    def sample(self, count: int, length: int, generator: torch.Generator) -> Tensor:
        """`count` random words of `length` cells, LongTensor `[batch, cells]`; TaskError if length or count < 1."""
        if length < 1 or count < 1:
            raise TaskError(f"{self.name}: {count} words of length {length} asked for; both must be at least 1")
        return self._sample(count, length, generator)

    def solve(self, word: Sequence[int]) -> list[int]:
        """The answer on one word, in plain Python; IGNORE at cells that are not scored. TaskError on a bad token."""
        self._check(min(word, default=0), max(word, default=0), len(word))
        answer = self._solve(list(word))
        return answer if self.scored == "every" else [IGNORE] * (len(answer) - 1) + answer[-1:]

    def target(self, tokens: Tensor) -> Tensor:
        """The answers on words `[batch, cells]`, LongTensor of the same shape; IGNORE at cells that are not scored."""
        if tokens.ndim != 2 or tokens.dtype != torch.long:
            raise TaskError(f"{self.name}: words are a LongTensor [batch, cells], not {tokens.dtype} of {tokens.ndim} axes")
        self._check(*((int(tokens.min()), int(tokens.max())) if tokens.numel() else (0, 0)), tokens.shape[1])
        target = self._target(tokens)
        if self.scored == "last":
            target[:, :-1] = IGNORE
        return target

    def program(self) -> Program:
        """The constructive solution."""
        return self._built

    def depth(self, length: int) -> int:
        """Steps of the program, and layers of every network, on words of `length` cells."""
        if length < 1:
            raise TaskError(f"{self.name}: length {length}; it must be at least 1")
        return self._built.depth(length)

    @cached_property
    def _built(self) -> Program:
        return self._program()

    def _check(self, low: int, high: int, length: int) -> None:
        if length < 1:
            raise TaskError(f"{self.name}: length {length}; it must be at least 1")
        if low < 0 or high >= self.alphabet:
            raise TaskError(f"{self.name}: token {low if low < 0 else high} is not in the alphabet 0..{self.alphabet - 1}")

    def require(self, parameter: str, value: object, allowed: Sequence[object]) -> None:
        """TaskError unless `value` is one of `allowed`; a range is shown by its ends."""
        if value not in allowed:
            shown = f"{allowed[0]}..{allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))
            raise TaskError(f"{self.name}: {parameter}={value!r} is not allowed; allowed: {shown}")
