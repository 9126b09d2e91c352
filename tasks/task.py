"""What a task is: a function on words with a known complexity, an independent plain definition, and a program."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Card
from tasks.discover import label, module_name, stated
from tasks.programs import Program
from tasks.programs.rotation import Rotation
from tasks.words.bits import Bits

LABEL = 200  # characters of a label, at most
IGNORE = -100  # target of a cell that is not scored (torch's cross entropy ignores it)


class TaskError(ValueError):
    """Bad parameter, length or token; one line that names what is wrong and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A task; its parameters are the fields of the (frozen) dataclass, so they are typed and hashable.

    A concrete task defines `alphabet`, `classes`, `card`, `_solve`, `_target` and `_program`. Where not every word over
    the alphabet is an input, it also says so in `inputs`, `_valid`, `_words`, `_sample` and `space`. Where an answer is
    longer than its word (or some lengths do not exist), `cells` says how many cells a word of that length takes; with
    `blanks`, the last token of the alphabet stands in the cells behind the word. Hooks see words without blanks.

    `version` is raised when words, answers or program change, as it is part of what a run is.
    `scored`: "every" cell (but those that the task leaves at IGNORE) or the "last" one only; `scorings` are allowed.
    """

    scorings: ClassVar[tuple[str, ...]] = ("every", "last")
    variants: ClassVar[Sequence[Mapping[str, object]]] = ({},)  # parameters of the members that the ladder shows, tests try
    filed: ClassVar[tuple[str, ...]] = ()  # parameters that a parameter `file: str = later("")` fills in
    version: ClassVar[int] = 1
    scored: str = "every"

    def __post_init__(self) -> None:
        self.require("scored", self.scored, self.scorings)
        if self.file:
            from tasks.formats import filled

            for name, value in filled(self).items():
                object.__setattr__(self, name, value)

    # to be defined by a task

    @property
    @abstractmethod
    def card(self) -> Card:
        """Where the task stands, and what its program costs."""

    @property
    @abstractmethod
    def alphabet(self) -> int:
        """Number of input symbols, the blank included; tokens are 0 .. alphabet - 1."""

    @property
    @abstractmethod
    def classes(self) -> int:
        """Number of output symbols."""

    @abstractmethod
    def _solve(self, word: list[int]) -> list[int]:
        """The answer at every cell, in plain Python, readable as the definition; if "last" is `scored`, that one may do."""

    @abstractmethod
    def _target(self, tokens: Tensor) -> Tensor:
        """The same, `[batch, cells]` or `[batch, 1]`, vectorised over words `[batch, length]`."""

    @abstractmethod
    def _program(self) -> Program:
        """Rules that compute the answer, in the output register at every cell."""

    def _valid(self, tokens: Tensor) -> Tensor:
        """Whether each word `[batch, length]` is an input, bool `[batch]`."""
        return torch.ones_like(tokens[:, 0], dtype=torch.bool)

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        """`[count, length]` words; uniform over all words unless the task says otherwise."""
        return generator.integers(0, self._letters, (count, length))

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All inputs of that length, without blanks."""
        return product(range(self._letters), repeat=length)

    def space(self, length: int) -> int:
        """How many inputs of that length can be drawn."""
        return self._letters**length

    @property
    def inputs(self) -> str:
        """Which words are inputs."""
        return "all words over the alphabet"

    @property
    def blanks(self) -> bool:
        """Whether the last token of the alphabet is the blank that stands in the cells behind a word."""
        return False

    @property
    def file(self) -> str:
        """The file that the machine was read from, and the first digits of a hash of the machine: `bb4.txt#1a2b3c4d`."""
        return ""

    @property
    def uniform(self) -> bool:
        """Whether samples are uniform over all inputs; if not, the docstring says what they are."""
        return True

    @property
    def rotation(self) -> Rotation | None:
        """The analytic ODE that counts, if the answer of a cell is a count modulo m of the tokens up to it."""
        return None

    def cells(self, length: int) -> int:
        """Cells that a word asked for with that length takes."""
        return length

    # the public interface

    @property
    def name(self) -> str:
        """The name under which `tasks.get` finds the task: that of its file."""
        return module_name(self)

    @property
    def parameters(self) -> dict[str, object]:
        """All parameters by name, but those that came `later` and are at their default: what a run's identity has of them."""
        return stated(self)

    @property
    def label(self) -> str:
        """Name with the parameters that differ from their defaults, a file for those in it: `counter(modulus=5)`.

        One that is too long for a record is the name and a hash of all parameters.
        """
        from tasks.formats import digest

        said = label(self, besides=self.filed if self.file else ())
        return said if len(said) <= LABEL else f"{self.name}(#{digest(self.parameters)})"

    def sample(self, count: int, length: int, generator: Bits) -> Tensor:
        """`count` random words of that length, LongTensor `[batch, cells]`; TaskError if length or count < 1."""
        if length < 1 or count < 1:
            raise TaskError(f"{self.name}: {count} words of length {length} asked for; both must be at least 1")
        return self._with_blanks(self._sample(count, length, generator), length)

    def words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All inputs of that length, with their blanks."""
        behind = (self.alphabet - 1,) * (self.cells(length) - length if self.blanks else 0)
        return (word + behind for word in self._words(length))

    def solve(self, word: Sequence[int]) -> list[int]:
        """The answer on one word, in plain Python; IGNORE at cells that are not scored. The blanks may be left out.

        TaskError on a bad token, or on a word that is not an input.
        """
        self._check(min(word, default=0), max(word, default=0), len(word))
        tokens = torch.tensor([list(word)])
        if self.blanks and tokens.max() < self._letters:
            tokens = self._with_blanks(tokens, len(word))
        answer = self._solve(self._without_blanks(tokens)[0].tolist())
        return answer if self.scored == "every" else [IGNORE] * (tokens.shape[1] - 1) + answer[-1:]

    def target(self, tokens: Tensor) -> Tensor:
        """The answers on words `[batch, cells]`, LongTensor of the same shape; IGNORE at cells that are not scored."""
        if tokens.ndim != 2 or tokens.dtype != torch.long:
            raise TaskError(f"{self.name}: words are a LongTensor [batch, cells], not {tokens.dtype} of {tokens.ndim} axes")
        self._check(*((int(tokens.min()), int(tokens.max())) if tokens.numel() else (0, 0)), tokens.shape[1])
        target = self._target(self._without_blanks(tokens))
        if self.scored == "every":
            return target
        return torch.nn.functional.pad(target[:, -1:], (tokens.shape[1] - 1, 0), value=IGNORE)

    def program(self) -> Program:
        """The constructive solution."""
        return self._built

    def depth(self, length: int) -> int:
        """Steps of the program, and layers of every network, on words of that length."""
        if length < 1:
            raise TaskError(f"{self.name}: length {length}; it must be at least 1")
        return self._built.depth(self.cells(length))

    @cached_property
    def _built(self) -> Program:
        return self._program()

    def _check(self, low: int, high: int, length: int) -> None:
        if length < 1:
            raise TaskError(f"{self.name}: length {length}; it must be at least 1")
        if low < 0 or high >= self.alphabet:
            raise TaskError(f"{self.name}: token {low if low < 0 else high} is not in the alphabet 0..{self.alphabet - 1}")

    def _with_blanks(self, words: Tensor, length: int) -> Tensor:
        """The words, followed by blanks where the task has them."""
        more = self.cells(length) - length if self.blanks else 0
        return torch.nn.functional.pad(words, (0, more), value=self.alphabet - 1)

    def _without_blanks(self, tokens: Tensor) -> Tensor:
        """Words `[batch, length]` of cells `[batch, cells]`; TaskError if they are no inputs, naming the first that is not."""
        words = tokens
        if self.blanks:
            letter = tokens < self._letters
            length = int(letter[0].sum())
            aligned = (letter == (torch.arange(tokens.shape[1], device=tokens.device) < length)).all()
            if not (aligned and length and tokens.shape[1] == self.cells(length)):
                raise TaskError(
                    f"{self.name}: blanks (token {self.alphabet - 1}) stand behind the word, the same number behind each; "
                    f"a word of 1, 2, 3 symbols takes {', '.join(str(self.cells(n)) for n in (1, 2, 3))} cells"
                )
            words = tokens[:, :length]
        valid = self._valid(words)
        if not valid.all():
            word = words[int(valid.long().argmin())].tolist()
            raise TaskError(f"{self.name}: {word} is not an input; inputs are {self.inputs}")
        return words

    def require(self, parameter: str, value: object, allowed: Sequence[object]) -> None:
        """TaskError unless `value` is one of `allowed`; a range is shown by its ends."""
        if value not in allowed:
            shown = f"{allowed[0]}..{allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))
            raise TaskError(f"{self.name}: {parameter}={value!r} is not allowed; allowed: {shown}")

    @property
    def _letters(self) -> int:
        """Number of symbols that are not the blank."""
        return self.alphabet - self.blanks
