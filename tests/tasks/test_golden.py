"""Words, programs, nets and training are what they were, or a version was raised: tests/golden.json is made again."""

import copy
import hashlib
import json
import struct

import golden
import pytest
import torch

import models
from leaderboard import protocol
from tasks.words.split import fingerprint

KNOWN = json.loads(golden.FILE.read_text(encoding="utf-8"))
TASKS = golden.configured()
RAISE = "scores before and after are not comparable: raise its `version`, or undo the change; then run `make golden`"


def test_everything_that_is_found_has_its_numbers():
    assert KNOWN["words"].keys() == KNOWN["programs"].keys() == KNOWN["shortcuts"].keys() == TASKS.keys(), (
        "run `make golden` for new tasks"
    )
    assert KNOWN["nets"].keys() == {*models.names()}, "run `make golden` for new architectures"
    assert KNOWN["protocol"] == {"version": {"version": protocol.VERSION}}, "run `make golden` for a new protocol"
    assert golden.FILE.read_text(encoding="utf-8") == golden.text(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN["words"].keys() & TASKS.keys()))
def test_words_targets_and_rules_are_the_golden_ones(name):
    assert golden.words(TASKS[name]) == KNOWN["words"][name], f"words or targets of {name} have changed; {RAISE}"
    assert golden.program(TASKS[name]) == KNOWN["programs"][name], f"the program of {name} has changed; {RAISE}"


@pytest.mark.parametrize("name", sorted(KNOWN["shortcuts"].keys() & TASKS.keys()))
def test_shortcuts_score_the_golden_numbers(name):
    now = golden.shortcuts(TASKS[name])
    assert now == KNOWN["shortcuts"][name], f"shortcuts score {now} on {name}, not {KNOWN['shortcuts'][name]}; {RAISE}"


@pytest.mark.parametrize("name", sorted(KNOWN["nets"].keys() & {*models.names()}))
def test_nets_compute_the_golden_numbers(name):
    now = golden.net(name)
    assert not golden.differs(now, KNOWN["nets"][name]), f"{name} computes {now}, not {KNOWN['nets'][name]}; {RAISE}"


def test_what_changes_without_a_version_is_not_written():
    changed = copy.deepcopy(KNOWN)
    changed["nets"]["resnet"]["losses"][2] *= 1 + 1e-4
    changed["words"]["parity"]["7"][0] = "0" * 16
    changed["nets"]["revnet"]["losses"][2] *= 1 + 1e-9  # rounding
    assert golden.unversioned(changed, KNOWN) == ["words of parity", "nets of resnet"]
    changed["nets"]["resnet"]["version"] += 1
    assert golden.unversioned(changed, KNOWN) == ["words of parity"]
    changed["protocol"]["version"]["version"] += 1
    assert golden.unversioned(changed, KNOWN) == []


def test_the_fingerprint_by_hand():
    tokens = torch.tensor([[0, 1, 2], [3, -100, 2**40]])
    by_hand = hashlib.sha256(b"2,3\0" + struct.pack("<6q", 0, 1, 2, 3, -100, 2**40)).hexdigest()
    assert fingerprint(tokens) == by_hand
    assert fingerprint(torch.stack([tokens, tokens])[0]) == fingerprint(tokens.mT.contiguous().mT) == by_hand
    assert fingerprint(tokens.reshape(3, 2)) != by_hand
