"""Automata with names, accepting states and regular expressions; Tomita's grammars; and a line for each fault."""

import re
import sys
from itertools import product

import pytest
import torch

import models
import tasks
from tasks.task import TaskError


def no_odd_block(word: str) -> bool:
    """No odd number of ones in a row that an odd number of zeros follows."""
    return re.search(r"(?<!1)1(11)*0(00)*(?!0)", word) is None


TOMITA = {  # each by a predicate, and as a regular expression
    "tomita1": (lambda word: "0" not in word, "1*"),
    "tomita2": (lambda word: word == "10" * (len(word) // 2), "(10)*"),
    "tomita3": (no_odd_block, "(0|1((00)+1)*1)*(1((00)+1)*(00)*)?"),
    "tomita4": (lambda word: "000" not in word, "(1|01|001)*(0|00)?"),
    "tomita5": (lambda word: word.count("0") % 2 == word.count("1") % 2 == 0, "(00|11|(01|10)(00|11)*(01|10))*"),
    "tomita6": (lambda word: (word.count("1") - word.count("0")) % 3 == 0, "(1(10)*(0|11)|0(01)*(1|00))*"),
    "tomita7": (lambda word: re.fullmatch("0*1*0*1*", word) is not None, "0*1*0*1*"),
}
PARITY = ["even 0 -> even", "even 1 -> odd", "odd 1 -> even", "odd * -> odd"]


@pytest.mark.parametrize("machine", TOMITA)
def test_grammars_of_tomita(machine):
    accepts, regex = TOMITA[machine]
    task, same = tasks.get("automaton", machine=machine), tasks.get("automaton", regex=regex)
    assert task.built == same.built  # it is minimal, and numbered in the order of a search by breadth
    assert len(task.built.table) == {"tomita1": 2, "tomita2": 3, "tomita3": 5, "tomita6": 3, "tomita7": 5}.get(machine, 4)
    words = torch.tensor(list(product((0, 1), repeat=9)))
    target = task.target(words)
    for word, row in zip(words.tolist(), target.tolist(), strict=True):
        text = "".join(map(str, word))
        assert row == [int(accepts(text[: i + 1])) for i in range(9)]
    assert [task.solve(word) for word in words[::7].tolist()] == target[::7].tolist()
    assert torch.equal(task.program().answer(words), target)
    for model in ("resnet", "gru"):
        net = models.build(model, task, width=1, hidden=1).eval()
        net.realise(task.program())
        with torch.no_grad():
            assert torch.equal(net(words, task.depth(9)).argmax(1), target)


def test_names_start_and_accepting_states():
    task = tasks.get("automaton", moves=PARITY)
    assert (task.alphabet, task.classes, task.solve([1, 0, 1])) == (2, 2, [1, 1, 0])
    odd = tasks.get("automaton", moves=PARITY, start="odd", accepting=["odd"])
    assert odd.solve([1, 0, 1]) == [0, 0, 1]
    words = torch.tensor(list(product((0, 1), repeat=5)))
    assert torch.equal(odd.program().answer(words), odd.target(words))
    table = tasks.get("automaton", table=[[0, 1], [2, 1], [2, 2]], start="1", accepting=["0", "2"])
    assert table.solve([1, 0, 1]) == [0, 1, 1]
    drawn = tasks.get("automaton", start="3")
    assert drawn.solve([1])[0] == tasks.get("automaton").transitions[3][1]


def test_what_came_later_is_in_the_parameters_only_where_it_is_set():
    assert list(tasks.get("automaton").parameters) == ["scored", "table", "states", "letters", "seed"]
    task = tasks.get("automaton", regex="(ab)*", symbols="ab")
    assert task.parameters.keys() - tasks.get("automaton").parameters.keys() == {"regex", "symbols"}
    assert tasks.get("automaton", **task.parameters) == task
    assert task.label == "automaton(regex=(ab)*, symbols=ab)"


def test_a_label_that_is_too_long_for_a_record_is_a_hash():
    moves = [f"a_state_with_a_long_name_{k} * -> a_state_with_a_long_name_{(k + 1) % 9}" for k in range(9)]
    one, other = (tasks.get("automaton", moves=moves, start=start) for start in ("", "a_state_with_a_long_name_1"))
    assert re.fullmatch(r"automaton\(#[0-9a-f]{8}\)", one.label)
    assert one.label != other.label
    assert (
        len(tasks.get("automaton", moves=[moves[0], "a_state_with_a_long_name_1 * -> a_state_with_a_long_name_0"]).label) > 99
    )


def test_symbols_beyond_those_of_a_regex_are_refused_by_the_automaton():
    task = tasks.get("automaton", regex="a.", symbols="abc")
    assert (task.solve([0, 2]), task.solve([1, 0]), len(task.built.table)) == ([0, 1], [0, 0], 4)
    assert tasks.get("automaton", regex="[^a]*", symbols="ab").built.table == [[1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"regex": "("}, r"regex='\(' cannot be read: Could not parse"),
        ({"regex": "(?=1)0"}, "cannot be read"),
        ({"regex": "[1-0]"}, "cannot be read: Bad range"),
        ({"regex": "12*"}, "speaks of '2', which is not among the symbols '01'"),
        ({"regex": "^1"}, r"speaks of '\^', which is not"),
        ({"regex": "0{256}"}, "more than 256 states"),
        ({"regex": "1", "accepting": ["0"]}, "start and accepting are not allowed with regex"),
        ({"regex": "1", "machine": "tomita1"}, "machine and regex are not allowed together"),
        ({"machine": "tomita8"}, "machine='tomita8' is not allowed; allowed: , tomita1"),
        ({"table": [[0]], "symbols": "ab"}, "symbols='ab' is not allowed without moves or a regex"),
        ({"regex": "1", "symbols": "11"}, "symbols '11'; they must be different"),
        ({"moves": ["a 0 b"]}, "line 'a 0 b' is not `state symbol -> state`"),
        ({"moves": ["a 2 -> b"]}, "line 'a 2 -> b' is not"),
        ({"moves": ["a * -> b"]}, "no line for state 'b'; there are lines for a"),
        ({"moves": ["a 0 -> a"]}, "missing transition: state 'a' on symbol '1'"),
        ({"moves": ["a 0 -> a", "a 0 -> a"]}, "two lines for state 'a' on symbol '0'"),
        ({"moves": PARITY, "accepting": ["none"]}, "no state 'none' to start in or to accept; there are even, odd"),
        ({"start": "5"}, "no state '5' to start in"),
    ],
)
def test_bad_automata(parameters, named):
    with pytest.raises(TaskError, match=named) as error:
        tasks.get("automaton", **parameters)
    assert "\n" not in str(error.value)


def test_without_the_library_a_regex_is_refused_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "greenery", None)
    with pytest.raises(TaskError, match="automaton: regex needs the package greenery: pip install greenery"):
        tasks.get("automaton", regex="1*")
