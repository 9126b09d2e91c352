"""Shortcuts: how far a lookup table gets that sees next to nothing of a word. Normalised scores begin there, and not at chance.

A predictor reads a feature of a cell, such as the tokens around it, and gives the answer that was most frequent with that
feature in training words; for a feature that it has not met it reads a coarser one, and in the end none. Tables are fitted on
the side of the split that is trained, so never on words that are kept for testing, and by counting integers alone: the
numbers are the same on every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from tasks.task import IGNORE, Task
from tasks.words.split import draw, seeded

WORDS = 1024  # training words of each length

Feature = Callable[[Task, Tensor], Tensor]  # of words `[batch, cells]`, a number for every cell, `[batch, cells]`


def _none(task: Task, tokens: Tensor) -> Tensor:
    return torch.zeros_like(tokens)


def _left(task: Task, tokens: Tensor) -> Tensor:
    return torch.arange(tokens.shape[1]).expand_as(tokens)


def _right(task: Task, tokens: Tensor) -> Tensor:
    return _left(task, tokens).flip(1)


def _place(task: Task, tokens: Tensor) -> Tensor:
    """The length of the word and the place of the cell, as one number."""
    return (tokens.shape[1] << 32) + _left(task, tokens)


def _last(task: Task, tokens: Tensor) -> Tensor:
    """The last token of the word that is not a blank."""
    end = int((tokens[0] < task.alphabet - task.blanks).sum())  # the words of a batch are equally long
    return tokens[:, end - 1 : end].expand_as(tokens)


def _bag(task: Task, tokens: Tensor) -> Tensor:
    """How often each token occurs in the word: a sum of one random number a token, modulo 2^64, tells bags apart."""
    numbers = seeded("bag").integers(0, 2**62, (task.alphabet,))
    return numbers[tokens].sum(1, keepdim=True).expand_as(tokens)


def _window(radius: int, task: Task, tokens: Tensor) -> Tensor:
    """The tokens of the cells at most `radius` away, as digits of one number; beyond the word's ends stands one more symbol."""
    base, size = task.alphabet + 1, 2 * radius + 1
    padded = torch.nn.functional.pad(tokens, (radius, radius), value=task.alphabet)
    return (padded.unfold(1, size, 1) * base ** torch.arange(size)).sum(-1)


WINDOWS: tuple[Feature, ...] = tuple(partial(_window, radius) for radius in range(3))
PREDICTORS: dict[str, tuple[Feature, ...]] = {  # what each reads, the coarsest first; of equals the first is named
    "majority": (_none,),
    "length, from the left": (_none, _left, _place),
    "length, from the right": (_none, _right, _place),
    "token of the cell": (_none, *WINDOWS[:1]),
    "last token": (_none, _last),
    "bag": (_none, _bag),
    "window of radius 1": (_none, *WINDOWS[:2]),
    "window of radius 2": (_none, *WINDOWS),
}


class Table(NamedTuple):
    """The answer to each feature that was seen; `features` `[rows]` increase."""

    features: Tensor
    answers: Tensor

    def look_up(self, features: Tensor, otherwise: Tensor) -> Tensor:
        """The answers, of the shape of `features`; `otherwise` where a feature is not in the table."""
        row = torch.searchsorted(self.features, features.contiguous()).clamp(max=len(self.features) - 1)
        return torch.where(self.features[row] == features, self.answers[row], otherwise)


def tabulate(features: Tensor, answers: Tensor, classes: int) -> Table:
    """The most frequent of the `answers` `[cells]` with each of the `features` `[cells]`; of equals, the least."""
    seen, row = torch.unique(features, return_inverse=True)
    votes = torch.bincount(row * classes + answers, minlength=len(seen) * classes).reshape(-1, classes)
    return Table(seen, (votes * classes - torch.arange(classes)).argmax(1))  # no two are equal, so any argmax is this one


@dataclass(frozen=True)
class _Fit:
    """What tables depend on, to be hashed; a task may have lists among its parameters, so its label stands for it."""

    kind: type[Task]
    label: str
    trained_to: int
    task: Task = field(compare=False)


@lru_cache(maxsize=64)
def _fitted(fit: _Fit) -> dict[Feature, Table]:
    """A table of each feature, from training words of 1 .. `trained_to` symbols."""
    task, lengths = fit.task, range(1, fit.trained_to + 1)
    words = [draw(task, WORDS, n, seeded("shortcut", task.label, n), testing=False) for n in lengths]
    targets = [task.target(tokens) for tokens in words]
    answers = torch.cat([target[target != IGNORE] for target in targets])
    tables = {}
    for feature in {feature for features in PREDICTORS.values() for feature in features}:
        seen = [feature(task, tokens)[target != IGNORE] for tokens, target in zip(words, targets, strict=True)]
        tables[feature] = tabulate(torch.cat(seen), answers, task.classes)
    return tables


class Accuracy(NamedTuple):
    """The share of scored symbols that are right, and of words without a wrong one."""

    symbol: float
    word: float


class Shortcuts(NamedTuple):
    """The best accuracy of a predictor for symbols, the best for whole words, and which predictors these are."""

    symbol: float
    word: float
    symbol_by: str
    word_by: str


def accuracies(task: Task, trained_to: int, tokens: Tensor, target: Tensor) -> dict[str, Accuracy]:
    """What each of PREDICTORS, fitted on words of up to `trained_to` symbols, scores on words and targets `[batch, cells]`."""
    tables = _fitted(_Fit(type(task), task.label, trained_to, task))
    tokens, target = tokens.cpu(), target.cpu()
    read, scored, found = {feature: feature(task, tokens) for feature in tables}, target != IGNORE, {}
    for name, features in PREDICTORS.items():
        guess = torch.zeros_like(tokens)
        for feature in features:
            guess = tables[feature].look_up(read[feature], otherwise=guess)
        right = (guess == target) & scored
        whole = (right | ~scored).all(1)
        found[name] = Accuracy(int(right.sum()) / int(scored.sum()), int(whole.sum()) / len(whole))
    return found


def best(task: Task, trained_to: int, tokens: Tensor, target: Tensor) -> Shortcuts:
    """The best that a shortcut scores on words and targets `[batch, cells]`, each over all PREDICTORS."""
    found = accuracies(task, trained_to, tokens, target)
    symbol_by = max(found, key=lambda name: found[name].symbol)
    word_by = max(found, key=lambda name: found[name].word)
    return Shortcuts(found[symbol_by].symbol, found[word_by].word, symbol_by, word_by)
