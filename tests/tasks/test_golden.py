"""The data are what they were: every hash of tests/golden.json is made again."""

import hashlib
import json
import struct

import golden
import pytest
import torch

from tasks.words.split import fingerprint

KNOWN = json.loads(golden.FILE.read_text())
TASKS = golden.configured()


def test_every_configuration_has_its_hashes():
    assert KNOWN.keys() == TASKS.keys(), "run `python tests/golden.py` for new tasks"
    assert golden.FILE.read_text() == golden.text(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN.keys() & TASKS.keys()))
def test_words_and_targets_are_the_golden_ones(name):
    found = {str(n): golden.pair(TASKS[name], n) for n in golden.LENGTHS}
    changed = {n: f"{found[n]}, were {KNOWN[name][n]}" for n in found if found[n] != KNOWN[name][n]}
    assert not changed, f"{name}: words or targets changed at length {changed}; scores before and after are not comparable"


def test_the_fingerprint_by_hand():
    tokens = torch.tensor([[0, 1, 2], [3, -100, 2**40]])
    by_hand = hashlib.sha256(b"2,3\0" + struct.pack("<6q", 0, 1, 2, 3, -100, 2**40)).hexdigest()
    assert fingerprint(tokens) == by_hand
    assert fingerprint(torch.stack([tokens, tokens])[0]) == fingerprint(tokens.mT.contiguous().mT) == by_hand
    assert fingerprint(tokens.reshape(3, 2)) != by_hand
