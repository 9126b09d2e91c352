"""A learning rate is chosen by a stated rule, on words that are neither trained nor scored."""

import pytest
import torch

import tasks
from leaderboard import protocol, rates
from leaderboard.running import development
from tasks.words.split import kept, scoring_words, splits


def entry(words, symbols=0.5):
    return {"words": words, "symbols": symbols, "cpu_seconds": 1.0}


def test_the_rule_by_hand():
    assert rates.best({"0.001": entry(0.1), "0.003": entry(0.4), "0.01": entry(0.3), "0.03": entry(0.0)}) == 0.003
    assert rates.best({"0.003": entry(0.4, 0.6), "0.01": entry(0.4, 0.7), "0.03": entry(0.4, 0.5)}) == 0.01
    assert rates.best({"0.003": entry(1.0, 1.0), "0.01": entry(1.0, 1.0)}) == 0.003


def test_a_choice_is_of_all_rates_and_of_this_version(monkeypatch):
    every = {str(rate): entry(rate) for rate in rates.RATES}
    some = {rate: every[rate] for rate in list(every)[:-1]}
    table = {"a | plain": {"version": 1, "rates": every}, "b | plain": {"version": 1, "rates": some}}
    monkeypatch.setattr(rates, "kept", lambda: table)
    assert rates.choice("a", 1, "")["rate"] == 0.03
    assert rates.choice("a", 2, "") is None
    assert rates.choice("a", 1, "box=1") is None
    assert rates.choice("b", 1, "") is None


def test_development_words_are_never_trained_nor_scored():
    scored = {protocol.LENGTH * factor for factor in protocol.FACTORS} | {protocol.LENGTH // 2}
    assert not scored & set(rates.LENGTHS)
    assert min(rates.LENGTHS) > protocol.LENGTH
    assert rates.SEED not in protocol.SEEDS
    ladder = {task.label for task in tasks.every()}
    for name, parameters in rates.TASKS.items():
        task = tasks.get(name, **parameters)
        assert task.label not in ladder  # an instance of its own
        for length in rates.LENGTHS:
            words = development.words(task, length)
            assert words.shape == (rates.WORDS, task.cells(length))
            assert kept(words).all() or not splits(task, length)  # on the side of the split that is not trained
            others = scoring_words(task, rates.WORDS, length, protocol.LENGTH)
            assert not torch.equal(words, others)


@pytest.mark.parametrize("name", rates.kept())
def test_what_was_measured_is_of_all_rates(name):
    found = rates.kept()[name]["rates"]
    assert set(found) <= set(map(str, rates.RATES))
    assert all(0 <= one[of] <= 1 for one in found.values() for of in ("words", "symbols"))
