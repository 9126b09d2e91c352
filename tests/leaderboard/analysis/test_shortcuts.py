"""Shortcuts against accuracies that were counted by hand, and on which words they are fitted."""

import math

import pytest
import torch

import tasks
from leaderboard import protocol
from leaderboard.analysis import shortcuts
from leaderboard.analysis.shortcuts import PREDICTORS, accuracies, best, tabulate
from tasks.words.split import fingerprint, kept, scoring_words, seeded, splits

N = protocol.LENGTH


def on_all_words(task, length, trained_to=N):
    """Accuracies on every word of that length, once."""
    words = torch.tensor(list(task.words(length)))
    return accuracies(task, trained_to, words, task.target(words))


def test_windows_on_parity_by_hand():
    """A window of radius r answers the parity of its own tokens up to the cell: right in the first r + 1 cells.

    In cell i > r it is right if the tokens before the window, w(0) .. w(i - r - 1), have parity 0: for half of the words.
    All five cells are right if w(0) = .. = w(4 - r - 1) = 0.
    """
    found = on_all_words(tasks.get("parity"), 5)
    assert found["token of the cell"] == (3 / 5, 2**1 / 2**5)
    assert found["window of radius 1"] == (3.5 / 5, 2**2 / 2**5)
    assert found["window of radius 2"] == (4 / 5, 2**3 / 2**5)
    assert found["majority"] == found["last token"] == (1 / 2, 1 / 2**5)


def carry(cells):
    """Of random numbers, the probability that no carry leaves their first `cells` digits: half of them keep a carry."""
    return 1 / 2 + 1 / 2 ** (cells + 1)


def addition_by_window(radius, length):
    """The expected accuracy of a window on the addition of random numbers of `length` digits.

    It answers as if no carry came from beyond. One matters if all `radius` digits that are seen keep a carry: 1 in 2^radius.
    """
    beyond = [max(cell - radius, 0) for cell in range(length)]
    return sum(1 - (1 - carry(cells)) / 2**radius for cells in beyond) / length


@pytest.mark.parametrize("radius", [1, 2])
def test_windows_on_addition_by_hand(radius):
    """The public words of 48 cells are a sample; all words of 5 cells are not, so there the accuracy is exact.

    Of radius 2, tables of some rare windows at the end of a word depend on the training words that were drawn.
    """
    task, name = tasks.get("addition"), f"window of radius {radius}"
    if radius == 1:
        assert on_all_words(task, 5)[name].symbol == addition_by_window(radius, 5)
    words = scoring_words(task, protocol.WORDS, 48, N)
    # a digit forgets a carry half of the time, so cells k apart correlate by at most 2^-k: 3 in all, and a variance below 1/4
    deviation = math.sqrt(3 / 4 / words.numel())
    expected = addition_by_window(radius, 48)
    assert abs(accuracies(task, N, words, task.target(words))[name].symbol - expected) < 4 * deviation
    assert expected == pytest.approx({1: 0.7656, 2: 0.8854}[radius], abs=1e-4)


@pytest.mark.parametrize(("rule", "by"), [(204, "token of the cell"), (110, "window of radius 1")])
def test_what_a_window_determines_is_answered_without_a_fault(rule, by):
    """One step of rule 204 is the word itself, one of rule 110 depends on the neighbours; neither at any length on more."""
    task = tasks.get("cellular", rule=rule, steps=1)
    for length in (N, 4 * N):
        words = scoring_words(task, 64, length, N)
        assert best(task, N, words, task.target(words)) == (1.0, 1.0, by, by)


def test_a_feature_that_was_not_seen_is_answered_by_a_coarser_one():
    """Trained on words of one symbol, windows of two cells are new: they answer by the token, right unless w(0) = 1."""
    found = on_all_words(tasks.get("parity"), 2, trained_to=1)
    windows = {found[name] for name in ("token of the cell", "window of radius 1", "window of radius 2")}
    assert windows == {(3 / 4, 1 / 2)}
    assert found["bag"] == found["majority"] == (1 / 2, 1 / 4)
    # places of a length that is new: the first of two cells is known, and the second is not
    assert found["length, from the left"] == (1 / 2, 1 / 4)


def test_places_are_known_from_either_end_at_lengths_that_were_not_trained():
    """Bucket sort puts the least letters in front and the greatest behind, in longer words, too."""
    task = tasks.get("bucket_sort")
    words = scoring_words(task, 64, 4 * N, N)
    target = task.target(words)
    for name, cell, other in (("length, from the left", 0, -1), ("length, from the right", -1, 0)):
        ends = {end: torch.full_like(target, tasks.IGNORE) for end in (cell, other)}
        for end, only in ends.items():
            only[:, end] = target[:, end]
        assert accuracies(task, N, words, ends[cell])[name].symbol == 1.0
        assert accuracies(task, N, words, ends[other])[name].symbol < 1.0


@pytest.mark.parametrize(("rule", "end"), [(21, 3), (7, 0)])
def test_the_place_is_that_in_a_word_of_the_same_length(rule, end):
    """Rule 21 gives 1 where the right neighbour is 0, and the cell and its left neighbour are not both 1: with probability 3/8,
    but in the last cell of a word, whose right neighbour is 0, it is 1 for 3 words in 4. Rule 7 is its mirror image.
    """
    task = tasks.get("cellular", rule=rule, steps=1)
    words = torch.tensor(list(task.words(4)))
    only = torch.where(torch.arange(4) == end, task.target(words), tasks.IGNORE)
    found = accuracies(task, N, words, only)
    assert found["length, from the left"].symbol == found["length, from the right"].symbol == 3 / 4
    assert found["majority"].symbol == 1 / 4


def test_ends_of_the_word_are_seen_in_a_window():
    """Three equal tokens: with radius 1 each cell differs from the others, whichever token it is; with radius 0 none does."""
    task = tasks.get("parity")
    for token in (0, 1):
        near, alone = (shortcuts.WINDOWS[radius](task, torch.full((1, 3), token)) for radius in (1, 0))
        assert len(near.unique()) == 3
        assert len(alone.unique()) == 1


def test_bags_and_last_tokens_by_hand():
    """The parity of a word is that of its bag, and its last token says nothing about it.

    Whether the first token is the last one is seen in the bag of 2 tokens. Of 3 tokens, 2 of the 6 words with both symbols are
    like this (0, 1, 0 and 1, 0, 1) and are answered as the other 4.
    """
    assert on_all_words(tasks.get("parity_check"), 5)["bag"] == (1.0, 1.0)
    assert on_all_words(tasks.get("parity_check"), 5)["last token"] == (1 / 2, 1 / 2)
    # of a reversed word the first cell is the last token, and each other cell is so in half of the words
    assert on_all_words(tasks.get("reverse_string"), 5)["last token"] == (3 / 5, 2 / 2**5)
    pairs = tasks.get("even_pairs")
    assert on_all_words(pairs, 2)["bag"] == (1.0, 1.0)
    assert on_all_words(pairs, 3)["bag"] == (3 / 4, 3 / 4)


def test_the_last_token_is_not_a_blank():
    """The last letter of a word with blanks behind it decides the feature, which is the same in all of its cells."""
    task = next(task for task in tasks.every() if task.blanks)
    words = task.sample(50, 6, seeded("a test"))
    assert (words[:, -1] == task.alphabet - 1).all()
    assert shortcuts._last(task, words).equal(words[:, 5:6].expand_as(words))


def test_of_equally_frequent_answers_the_least_is_taken():
    features, answers = torch.tensor([7, 7, 5, 7, 5, 9, 9, 9]), torch.tensor([1, 2, 2, 2, 1, 0, 2, 2])
    table = tabulate(features, answers, classes=3)
    assert table.features.tolist() == [5, 7, 9]
    assert table.answers.tolist() == [1, 2, 2]
    asked = torch.tensor([[9, 4], [5, 10]])
    assert table.look_up(asked, torch.full_like(asked, -1)).tolist() == [[2, -1], [1, -1]]


@pytest.mark.parametrize("name", ["parity", "addition", "duplicate_string", "dyck", "modular_arithmetic"])
def test_no_test_word_is_fitted(name, monkeypatch):
    """Of every length that is split, the words that tables are made of are on the other side than all test words."""
    task, fitted, drawn = tasks.get(name), [], shortcuts.draw
    monkeypatch.setattr(shortcuts, "draw", lambda *given, **more: fitted.append(drawn(*given, **more)) or fitted[-1])
    tables = shortcuts._fitted.__wrapped__(shortcuts._Fit(type(task), task.label, N, task))
    assert tables
    assert [len(words) for words in fitted] == [shortcuts.WORDS] * N
    split = [(length, words) for length, words in enumerate(fitted, 1) if splits(task, length)]
    assert split
    for length, words in split:
        assert not kept(words).any()
        tests = scoring_words(task, protocol.WORDS, length, N)
        assert not {*map(tuple, tests.tolist())} & {*map(tuple, words.tolist())}


def test_symbols_and_words_have_each_their_best_predictor_and_the_first_of_equals():
    task = tasks.get("minsky")
    words = scoring_words(task, protocol.WORDS, N, N)
    target = task.target(words)
    found, top = accuracies(task, N, words, target), best(task, N, words, target)
    assert [*found] == [*PREDICTORS]
    assert top.symbol == found[top.symbol_by].symbol == max(symbol for symbol, _ in found.values())
    assert top.word == found[top.word_by].word == max(word for _, word in found.values())
    assert top.symbol_by != top.word_by == "majority"  # a machine that does not halt has one answer in all of its cells
    for part, by in (("symbol", top.symbol_by), ("word", top.word_by)):
        earlier = [*PREDICTORS][: [*PREDICTORS].index(by)]
        assert all(getattr(found[name], part) < getattr(found[by], part) for name in earlier)


def test_cells_that_are_not_scored_do_not_count():
    task = tasks.get("parity")
    words = torch.tensor(list(task.words(5)))
    target = task.target(words)
    target[:, 2:] = tasks.IGNORE
    assert accuracies(task, N, words, target)["window of radius 1"] == (1.0, 1.0)
    assert accuracies(task, N, words, target)["token of the cell"] == (3 / 4, 1 / 2)


def test_tables_are_made_once_and_not_shared_between_tasks():
    """A task of a list is not hashable, so its label stands for it; the training words have their own stream."""
    two, three = (tasks.get("counter", modulus=modulus) for modulus in (2, 3))
    flat = tasks.get("automaton", table=[[0, 1], [2, 1], [2, 2]])
    fits = [shortcuts._Fit(type(task), task.label, to, task) for task in (two, three, flat) for to in (3, 4)]
    made = [shortcuts._fitted(fit) for fit in fits]
    assert len({*map(id, made)}) == len(fits)
    again = shortcuts._Fit(type(two), two.label, 3, tasks.get("counter", modulus=2))
    assert shortcuts._fitted(again) is made[0]
    assert fingerprint(made[0][shortcuts.WINDOWS[1]].features) == fingerprint(made[2][shortcuts.WINDOWS[1]].features)
