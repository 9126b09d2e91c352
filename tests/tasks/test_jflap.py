"""JFLAP's files: what the machines in them compute, and a line for each fault."""

from itertools import product

import pytest
import torch

import models
import tasks
from tasks.task import TaskError


def jff(kind: str, states: str, *transitions: dict[str, str], more: str = "") -> str:
    """A file with states q0, q1, ...; a letter for each: i is the initial one, f final, b both, . neither."""
    marks = {"i": "<initial/>", "f": "<final/>", "b": "<initial/><final/>", ".": ""}
    drawn = [f'<state id="{k}" name="q{k}"><x>1.0</x>{marks[c]}</state>' for k, c in enumerate(states)]
    moved = [
        "<transition>" + "".join(f"<{tag}>{said}</{tag}>" for tag, said in one.items()) + "</transition>" for one in transitions
    ]
    lines = [f"<structure><type>{kind}</type>{more}", "<automaton>", *drawn, *moved, "</automaton></structure>"]
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!--made for a test-->\n' + "\n".join(lines)


def step(ends: str, **said: str) -> dict[str, str]:
    return dict(zip(("from", "to"), ends, strict=True)) | said


def write(tmp_path, text: str) -> str:
    path = tmp_path / "machine.jff"
    path.write_text(text, encoding="utf-8")
    return str(path)


FLIP = jff(
    "turing", "if",
    step("00", read="a", write="b", move="R"), step("00", read="b", write="a", move="R"),
    step("01", read="", write="", move="L"),
)  # fmt: skip
ENDS_IN_AB = jff("fa", "i.f", step("00", read="a"), step("00", read="b"), step("01", read="a"), step("12", read="b"))
ANBN = jff(
    "pda", "i.f",
    step("00", read="a", pop="Z", push="AZ"), step("00", read="a", pop="A", push="AA"), step("01", read="b", pop="A", push=""),
    step("11", read="b", pop="A", push=""), step("12", read="", pop="Z", push="Z"),
)  # fmt: skip
MARKED = jff(  # w c w reversed
    "pda", "i.f", *[step("00", read=x, pop="", push=x) for x in "ab"], step("01", read="c", pop="", push=""),
    *[step("11", read=x, pop=x, push="") for x in "ab"], step("12", read="", pop="Z", push="Z"),
)  # fmt: skip
ENDS_IN_B = jff("pda", "if", *[step(f"{q}{to}", read=x, pop="", push="") for q in "01" for to, x in ("0a", "1b")])
BLOCKS = (
    FLIP.replace("state", "block").replace("<x>", "<tag>Machine0</tag><x>").replace("</automaton>", "<Machine0/></automaton>")
)
OLD = FLIP.replace("<automaton>", "").replace("</automaton>", "")


def in_a_network(task: tasks.Task, words: torch.Tensor) -> torch.Tensor:
    net = models.build("resnet", task, width=1, hidden=1).eval()
    net.realise(task.program())
    with torch.no_grad():
        return net(words, task.depth(words.shape[1] if not task.blanks else 3)).argmax(1)


@pytest.mark.parametrize("text", [FLIP, BLOCKS, FLIP.replace("turing", "turingbb"), OLD])
def test_a_turing_machine(tmp_path, text):
    task = tasks.get("turing", file=write(tmp_path, text))
    assert (task.tape, task.blank, task.transitions.halting) == ("ab_", "_", ("accept",))
    assert [pair // 3 for pair in task.solve([0, 1, 0])][:4] == [1, 0, 1, 2]
    words = task.sample(8, 3, tasks.Bits(0))
    assert torch.equal(in_a_network(task, words), task.target(words))
    assert task.label.startswith("turing(file=machine.jff#")


def test_a_turing_machine_rejects_where_nothing_is_said(tmp_path):
    text = jff("turing", "if", step("00", read="a", write="a", move="R"), step("01", read="", write="a", move="S"),
               step("10", read="b", write="b", move="R"))  # fmt: skip
    task = tasks.get("turing", file=write(tmp_path, text), answer="halt", steps=4)
    assert task.transitions.halting == ("accept", "reject")
    assert task.solve([0, 0])[2] == 1
    assert task.solve([1, 0])[0] == 2


def test_a_nondeterministic_finite_automaton(tmp_path):
    task = tasks.get("automaton", file=write(tmp_path, ENDS_IN_AB))
    assert (task.symbols, task.classes, len(task.built.table)) == ("ab", 2, 3)
    words = torch.tensor(list(product((0, 1), repeat=6)))
    expected = [[int(word[max(i - 1, 0) : i + 1] == [0, 1]) for i in range(6)] for word in words.tolist()]
    assert task.target(words).tolist() == expected == [task.solve(word) for word in words.tolist()]
    assert in_a_network(task, words).tolist() == expected
    assert tasks.get("automaton", **task.parameters) == task


def test_moves_that_read_nothing(tmp_path):
    text = jff("fa", "i.f", step("00", read="a"), step("01", read=""), step("11", read="b"), step("12", read=""))
    task = tasks.get("automaton", file=write(tmp_path, text))
    assert [task.solve(list(word))[-1] for word in product((0, 1), repeat=3)] == [1, 1, 0, 1, 0, 0, 0, 1]  # a*b*


@pytest.mark.parametrize(
    ("text", "letters", "accepts"),
    [
        (ENDS_IN_B, "ab", lambda word: word.endswith("b")),
        (ANBN, "ab", lambda word: word == "a" * (len(word) // 2) + "b" * (len(word) // 2)),
        (MARKED, "abc", lambda word: word.count("c") == 1 and word == word[::-1] and word[len(word) // 2] == "c"),
    ],
)
def test_a_pushdown_automaton(tmp_path, text, letters, accepts):
    task = tasks.get("pushdown", file=write(tmp_path, text))
    assert task.letters == letters
    for n in (1, 3, 4, 5):
        words = torch.tensor(list(product(range(len(letters)), repeat=n)))
        expected = [int(accepts("".join(letters[t] for t in word))) for word in words.tolist()]
        assert task.target(words)[:, -1].tolist() == expected
        assert [task.solve(word)[-1] for word in words.tolist()] == expected
        assert in_a_network(task, words[-40:])[:, -1].tolist() == expected[-40:]
        assert 0 < sum(expected) < len(expected) or (text, n % 2) in ((ANBN, 1), (MARKED, 0))


TURING = {
    "<structure><type>turing": "line 1: not XML: ",
    FLIP.replace("<structure>", "<!DOCTYPE a [<!ENTITY b 'c'>]><structure>"): "line 3: it declares a document type",
    jff("moore", "i"): "line 3: type 'moore'; there are turing, turingbb, fa, pda",
    "<html></html>": "line 1: the root is <html>; a file of JFLAP has <structure>",
    jff("turing", "if", more="<tapes>2</tapes>"): "line 3: several tapes; there is one",
    jff("turing", "ii"): "line 4: 2 initial states; there must be one",
    jff("turing", "if", step("02", read="a", write="a", move="R")): "line 7: a transition from or to the state '2'",
    jff("turing", "if", step("01", read="ab", write="a", move="R")): "line 7: read 'ab'; it must be one character",
    jff("turing", "if", step("01", read="~", write="a", move="R")): "line 7: read '~'; it must be one character",
    jff("turing", "if", step("01", read="a", write="a", move="U")): "line 7: move 'U'; moves are L, R and S",
    jff("turing", "if", *2 * [step("01", read="a", write="a", move="R")]): "line 8: a second transition from q0 on 'a'",
    jff("turing", "b."): "the initial state is final; the machine would accept everything",
    jff("turing", "if").replace('id="1"', 'id="0"'): "line 6: a state with the id '0'; ids must be there, and differ",
    BLOCKS.replace("<Machine0/>", "<Machine0><block id='0'/></Machine0>"): "line 10: a building block with a machine in it",
    ENDS_IN_AB: "it is a machine for task=automaton, not for task=turing",
}
FINITE = {
    jff("fa", "if", step("01", read="ab")): "line 7: read 'ab'; it must be one character",
    jff("fa", "if"): "no transition reads a symbol",
    jff("fa", "i.", step("01", read="a")): "no state is final",
    jff("fa", "i.f", step("01", read="a")): "no final state can be reached",
    jff("fa", "if", {"from": "0", "read": "a"}): "line 7: a transition from or to the state ''",
    FLIP: "it is a machine for task=turing, not for task=automaton",
}
NOTHING = step("00", read="", pop="Z", push="AZ")
PUSHDOWN = {
    jff("pda", "if", NOTHING, step("01", read="a", pop="", push="")): "line 7: a move that reads nothing",
    jff("pda", "if", step("01", read="a", pop="Z", push="AAZ")): "line 7: it pushes 'AA' at once; one symbol",
    jff("pda", "if", step("01", read="a", pop="Z", push="")): "line 7: it takes the bottom symbol Z away; that must stay",
    jff("pda", "if", step("01", read="a", pop="Z", push="Z"), step("00", read="a", pop="", push="")):
        "line 8: two transitions from q0 on a and any top, also that of line 7",
    jff("pda", "if", step("01", read="a", pop="AA", push="")): "line 7: pop 'AA'; it must be one character",
    jff("pda", "if", step("01", read="a", pop="A", push="AB")): "line 7: it pushes 'AB' at once",
    jff("pda", "if"): "no transition reads a letter",
}  # fmt: skip
KINDS = {"turing": TURING, "automaton": FINITE, "pushdown": PUSHDOWN}
FAULTS = [(name, text, said) for name, faults in KINDS.items() for text, said in faults.items()]


@pytest.mark.parametrize(("name", "text", "said"), FAULTS, ids=range(len(FAULTS)))
def test_faults(tmp_path, name, text, said):
    with pytest.raises(TaskError) as error:
        tasks.get(name, file=write(tmp_path, text))
    assert str(error.value).startswith(f"{name}: machine.jff: {said}")
    assert "\n" not in str(error.value)
