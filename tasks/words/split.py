"""Where words come from: seeds of disjoint domains, and a split of all words so that no test word occurs in training."""

import hashlib

import torch
from torch import Tensor

from tasks.task import Task
from tasks.words.bits import Bits

PARTS = 8  # one word in eight is kept for testing
SMALLEST_SPLIT = 128  # words of a length; with fewer, training sees all of them and says so


def seeded(domain: str, *key: object) -> Bits:
    """The bits of a domain ("train", "test", ...) and a key: their seed is the first 128 bits of a SHA-256."""
    return Bits(int.from_bytes(_digest(domain, *key)[:16], "big"))


def torch_generator(domain: str, *key: object) -> torch.Generator:
    """The same for torch's own random functions (weights, noise), whose streams torch may change; it uses 32 bits of a seed."""
    return torch.Generator().manual_seed(int.from_bytes(_digest(domain, *key)[:4], "big"))


def _digest(*key: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, key)).encode()).digest()


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


def draw(task: Task, count: int, length: int, generator: Bits, testing: bool) -> Tensor:
    """`count` random words, LongTensor `[batch, cells]`, on one side of the split where there is one."""
    if not splits(task, length):
        return task.sample(count, length, generator)
    found: list[Tensor] = []
    while sum(map(len, found)) < count:
        words = task.sample(2 * count, length, generator)
        found.append(words[kept(words) == testing])
    return torch.cat(found)[:count]


def scoring_words(task: Task, count: int, length: int, trained_to: int, seed: str | None = None) -> Tensor:
    """The words `[count, cells]` that nets are scored on: the public ones, the same for all, or those of a hidden `seed`.

    At lengths that were trained (up to `trained_to`) they are words that are kept for testing, as far as some are.
    """
    bits = seeded("test", task.label, length) if seed is None else seeded("hidden", seed)
    return draw(task, count, length, bits, testing=length <= trained_to)


def fingerprint(tokens: Tensor) -> str:
    """SHA-256 of the shape and the numbers of a LongTensor, in hex; the same on every machine."""
    shape = ",".join(map(str, tokens.shape))
    return hashlib.sha256(shape.encode() + b"\0" + tokens.cpu().numpy().astype("<i8").tobytes()).hexdigest()
