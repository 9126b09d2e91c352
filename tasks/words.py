"""Where words come from: seeds of disjoint domains, and a split of all words so that no test word occurs in training."""

import hashlib

import torch
from torch import Tensor

from tasks.task import Task

PARTS = 8  # one word in eight is kept for testing
SMALLEST_SPLIT = 128  # words of a length; with fewer, training sees all of them and says so


def seeded(domain: str, *key: object) -> torch.Generator:
    """A generator whose stream is fixed by a domain ("train", "test", ...) and a key, by SHA-256."""
    digest = hashlib.sha256("\0".join(map(str, (domain, *key))).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big"))


def kept(tokens: Tensor) -> Tensor:
    """Whether each word `[batch, cells]` is kept for testing, bool `[batch]`: a fixed hash of the word, one in PARTS."""
    h = torch.full_like(tokens[:, 0], tokens.shape[1])
    for column in tokens.unbind(1):  # a linear congruential step a symbol (Knuth's MMIX constants), modulo 2^64
        h = (h + column + 1) * 6364136223846793005 + 1442695040888963407
        h = h ^ (h >> 29)
    return (h >> 40) % PARTS == 0


def splits(task: Task, length: int) -> bool:
    """Whether words of this length are split; a space below SMALLEST_SPLIT is too small to keep a part of it."""
    return task.space(length) >= SMALLEST_SPLIT


def draw(task: Task, count: int, length: int, generator: torch.Generator, testing: bool) -> Tensor:
    """`count` random words, LongTensor `[batch, cells]`, on one side of the split where there is one."""
    if not splits(task, length):
        return task.sample(count, length, generator)
    found: list[Tensor] = []
    while sum(map(len, found)) < count:
        words = task.sample(2 * count, length, generator)
        found.append(words[kept(words) == testing])
    return torch.cat(found)[:count]
