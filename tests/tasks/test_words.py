"""Training and test words never meet where there are enough words; all randomness comes from named seeds."""

import pytest
import torch

import tasks
from tasks.words.split import PARTS, draw, kept, seeded, splits

MANY = [(name, length) for name in tasks.names() for length in (1, 4, 8, 12) if splits(tasks.get(name), length)]


@pytest.mark.parametrize(("name", "length"), MANY)
def test_training_and_test_words_are_disjoint(name, length):
    task = tasks.get(name)
    train, test = (draw(task, 400, length, seeded("any", side), testing=side) for side in (False, True))
    assert train.shape == test.shape == (400, task.cells(length))
    assert kept(test).all()
    assert not kept(train).any()
    assert not set(map(tuple, train.tolist())) & set(map(tuple, test.tolist()))


def test_one_word_in_eight_is_kept():
    words = torch.cartesian_prod(*[torch.arange(2)] * 12)
    assert abs(kept(words).float().mean() - 1 / PARTS) < 0.02
    for position in range(12):  # whatever a single symbol is
        assert abs(kept(words[words[:, position] == 1]).float().mean() - 1 / PARTS) < 0.03


def test_the_split_depends_on_the_word_alone():
    words = seeded("words").integers(0, 4, (50, 9))
    assert torch.equal(kept(words)[7:9], kept(words[7:9]))
    assert torch.equal(kept(words.flip(0)), kept(words).flip(0))


def test_short_lengths_are_not_split():
    parity = tasks.get("parity")
    assert not splits(parity, 6)
    assert splits(parity, 7)
    assert len(draw(parity, 500, 2, seeded("x"), testing=True).unique(dim=0)) == 4


def test_seeds_are_reproducible_and_their_domains_differ():
    def first(*key):
        return int(seeded(*key).integers(0, 2**60))

    assert first("train", "parity", 0) == first("train", "parity", 0)
    assert len({first("train", "parity", 0), first("test", "parity", 0), first("train", "parity", 1)}) == 3
    assert first("train", "a", "bc") != first("train", "ab", "c")
