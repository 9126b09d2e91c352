"""The bit stream against the generator's paper, and what is made of it against whole numbers of Python."""

import hashlib
from math import prod

import numpy as np
import pytest
import torch

import tasks
from tasks import Bits
from tasks.words.bits import SMALL
from tasks.words.split import seeded, torch_generator

KEYS = (0, 1, 2**64 + 5, 2**128 - 1, 0x452821E638D01377_BE5466CF34E90C6C)
MASK = 2**64 - 1


def philox(counter, key):
    """Philox-4x64-10 of Salmon et al. (2011), section 3.3, on a counter of 256 bits and a key of 128; words low first."""
    x = [counter >> shift & MASK for shift in (0, 64, 128, 192)]
    k = [key & MASK, key >> 64]
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]  # the multipliers, each to high and low word
        x = [b >> 64 ^ x[1] ^ k[0], b & MASK, a >> 64 ^ x[3] ^ k[1], a & MASK]
        k = [k[0] + 0x9E3779B97F4A7C15 & MASK, k[1] + 0xBB67AE8584CAA73B & MASK]  # golden ratio, sqrt(3) - 1
    return x


def stream(key, count):
    return [word for counter in range(1, count // 4 + 2) for word in philox(counter, key)][:count]


def low_first(words):
    return sum(word << 64 * i for i, word in enumerate(words))


def test_the_oracle_gives_the_published_numbers():
    """Known answers that the authors ship with Random123: counter and key 0, all ones, and digits of pi."""
    pi = (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
    )
    known = {
        (0, 0): (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        (2**256 - 1, 2**128 - 1): (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        tuple(map(low_first, pi)): (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
    }
    for (counter, key), words in known.items():
        assert philox(counter, key) == list(words)


@pytest.mark.parametrize("key", KEYS)
def test_the_stream_is_philox(key):
    bits = Bits(key)
    assert bits.words(7).tolist() + bits.words(0).tolist() + bits.words(6).tolist() == stream(key, 13)


def test_the_first_words_of_some_seeds():
    """Written down: should NumPy ever break its promise, all data would be others."""
    assert [f"{word:016x}" for word in Bits(0).words(3)] == ["02f4ba6408e4d89b", "3dd62b0b9ca8c5b2", "1c8667a55d902e79"]
    assert Bits(0).integers(0, 10, (12,)).tolist() == [0, 0, 6, 2, 3, 1, 1, 5, 5, 5, 9, 2]
    assert Bits(1).integers(-5, 10**12, (3,)).tolist() == [303568034303, 848708749685, 156134778039]
    assert Bits(2).uniform((2,)).tolist() == [0.48891550429583774, 0.32397495814126875]
    assert seeded("test", "parity", 12).integers(0, 2, (24,)).tolist() == list(map(int, "000001001011110010101110"))


@pytest.mark.parametrize("values", [1, 2, 3, 7, SMALL - 1, SMALL, SMALL + 1, 2**32 - 1, 2**32, 2**32 + 1, 10**18, 2**62])
def test_integers_by_hand(values):
    words = stream(9, 40)
    halves = [half for word in words for half in (word & 2**32 - 1, word >> 32)]
    drawn, low = Bits(9).integers(-11, values - 11, (4, 10)), -11
    assert drawn.dtype == torch.long
    assert drawn.shape == (4, 10)
    wanted = [half * values >> 32 for half in halves] if values <= SMALL else [word * values >> 64 for word in words]
    assert drawn.flatten().tolist() == [low + k for k in wanted[:40]]


def test_integers_at_the_ends_of_a_word(monkeypatch):
    """The least and the largest word give the least and the largest number."""
    for values in (2, 3, SMALL, SMALL + 1, 2**40 + 1, 2**62):
        bits = Bits(0)
        monkeypatch.setattr(bits, "words", lambda count: np.array([0, MASK] * count, dtype=np.uint64)[:count])
        assert set(bits.integers(0, values, (4,)).tolist()) == {0, values - 1}
        assert bits.uniform((2,)).tolist() == [0.0, 1 - 2**-53]


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 0), (2, 3, 5), torch.Size([4, 2])])
def test_shapes_and_words_taken(shape):
    """A call takes whole words: two small numbers share one, and half a word is never left."""
    for values, taken in ((5, -(-prod(shape) // 2)), (2**40, prod(shape)), (None, prod(shape))):
        bits = Bits(3)
        drawn = bits.uniform(shape) if values is None else bits.integers(0, values, shape)
        assert drawn.shape == tuple(shape)
        assert bits.words(1).tolist() == stream(3, taken + 1)[-1:]


def test_uniform_by_hand():
    drawn = Bits(4).uniform((3, 5))
    assert drawn.dtype == torch.float64
    assert drawn.flatten().tolist() == [(word >> 11) / 2**53 for word in stream(4, 15)]


def test_seeds_have_128_bits():
    digest = hashlib.sha256(b"train\0parity\x003").hexdigest()
    assert seeded("train", "parity", 3).words(4).tolist() == philox(1, int(digest[:32], 16))
    assert torch_generator("noise", 1).initial_seed() == int(hashlib.sha256(b"noise\x001").hexdigest()[:8], 16)


def test_what_is_refused():
    for seed in (-1, 2**128):
        with pytest.raises(ValueError, match=f"^seed {seed} is not allowed; allowed: 0 "):
            Bits(seed)
    for low, high in ((3, 3), (3, 2), (0, 2**62 + 1)):
        with pytest.raises(ValueError, match=f"^{low} .. {high} is not allowed"):
            Bits(0).integers(low, high)
    with pytest.raises(tasks.TaskError):
        tasks.get("parity").sample(0, 1, Bits(0))
