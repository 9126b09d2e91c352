"""Cards: bounds with sources, formulas that are the program's, growth that is measured; the ladder, the page, the audit."""

import math
import os
import re
from html import unescape
from html.parser import HTMLParser

import pytest
import torch
from cases import FLIPPER, TASKS, random_words
from typer.testing import CliRunner

import tasks
from leaderboard.analysis.audit import SHORTCUTS, Audit, audit, audited, overlap, shortcuts
from leaderboard.cli import app
from leaderboard.site import cards
from tasks.card import CHOMSKY, LADDER, Bound, Card
from tasks.programs import decode
from tasks.task import IGNORE

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
LONGEST_RUN = 700  # steps
WORK = float(
    os.environ.get("WORK", "5e6")
)  # rule evaluations (words x rules x cells x steps) of a length; `make exhaustive`: more
EASY = {  # random words are not the worst: their answers stand long before depth(n), which other words need
    "comparison": "the first difference of random numbers is near",
    "turing": "a random number has few trailing ones",
    "turing(machine=decrement)": "a random number has few trailing zeros",
    "turing(machine=palindrome)": "a random word soon is no palindrome",
    "turing(machine=palindrome, answer=halt)": "a random word soon is no palindrome",
    **{f"turing(machine=beaver{k})": "it halts, or repeats itself, near the end of the tape" for k in ("", 2, 4, 5)},
    "turing(machine=bb2x3)": "it soon halts on most words",
    "turing(table=flipper)": "it halts near the end of the tape",
}


@every_task
def test_bounds_are_stated_with_their_sources(task):
    card = task.card
    assert card.complexity in LADDER
    assert card.chomsky in CHOMSKY
    for bound in (card.upper, card.lower):
        assert bound.says.strip()
        assert re.search(r"\b(19|20)\d\d\b", bound.source), bound.source
    assert all("\n" not in text for text in (*card.upper, *card.lower, card.learning))


@every_task
def test_formulas_are_those_of_the_program(task):
    card = task.card
    for n in range(1, 41):
        assert card.value(card.depth, n, task.parameters) == task.depth(n)
        assert card.value(card.cells, n, task.parameters) == task.cells(n)


def sizes(task) -> list[int]:
    """Three lengths, each twice the one before, as long as the time allows."""
    n = next(n for n in (12, 8, 6, 4, 3, 2) if task.depth(4 * n) <= LONGEST_RUN or n == 2)
    return [n, 2 * n, 4 * n]


def measured(task, length: int) -> tuple[int, float]:
    """The step from which the answers of random words stand, and the length of the longest of their curves."""
    program = task.program()
    affordable = int(WORK / (len(program.rules) * task.cells(length) * task.depth(length)))
    words = random_words(task, max(2, min(12, affordable)), length)
    target = task.target(words)
    settled, curve, before = 0, torch.zeros(len(words)), None
    for t, x in enumerate(program.run(words, task.depth(length))):
        answer = decode(x[:, program.outputs()])
        if ((answer != target) & (target != IGNORE)).any():
            settled = t + 1
        if before is not None:
            curve += (x - before).flatten(1).float().norm(dim=1)
        before = x
    return settled, float(curve.max())


def slope(small: float, large: float) -> float:
    """The power of n by which something grows when n becomes four times as large."""
    return math.log(max(large, 1) / max(small, 1), 4)


@every_task
def test_depth_and_curve_length_grow_as_the_card_says(task):
    card, (small, middle, large) = task.card, sizes(task)
    steps, curves = {}, {}
    for n in (small, middle, large):
        steps[n], curves[n] = measured(task, n)
        assert steps[n] <= task.depth(n), "the answers do not stand after depth(n)"
    said = slope(task.depth(small), task.depth(large))
    grown = slope(steps[small], steps[large])
    longer = slope(curves[small], curves[large])
    power = slope(*(card.value(card.curve, 1000 * n, task.parameters) for n in (1, 4)))
    assert longer <= power + 0.25, f"the curve grows as n^{longer:.2f}"
    if task.label.replace(str(FLIPPER), "flipper") not in EASY:
        assert grown >= said - 0.35, f"depth is said to grow as n^{said:.2f}, answers stand after n^{grown:.2f}"
        assert longer >= power - 0.5, f"the curve is said to grow as {card.curve}, it grows as n^{longer:.2f}"


@every_task
def test_width_does_not_grow(task):
    """One program, hence one set of weights, serves all lengths: the card says so, and here it is built once."""
    program = task.program()
    for n in (1, 5, 9):
        assert task.program() is program
        assert program.encode(task.sample(1, n, tasks.Bits(0))).shape[1] == program.channels


def card(**changes) -> Card:
    good = {
        "complexity": "NC⁰", "upper": Bound("a", "b 1990"), "lower": Bound("c", "d 1991"), "chomsky": "regular",
        "depth": "2*n", "curve": "n",
    }  # fmt: skip
    return Card(**(good | changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"complexity": "AC0"}, "complexity='AC0' is not allowed; allowed: NC⁰, AC⁰"),
        ({"chomsky": "regulr"}, "chomsky='regulr' is not allowed; allowed: regular"),
        ({"depth": "2 n"}, "'2 n' is no formula"),
        ({"curve": "n**"}, r"'n\*\*' is no formula"),
    ],
)
def test_bad_cards(changes, told):
    with pytest.raises(ValueError, match=told) as error:
        card(**changes)
    assert "\n" not in str(error.value)


def test_formulas_take_the_parameters_of_the_task():
    assert card(depth="steps*ceiling(n/2) + 1").value("steps*ceiling(n/2) + 1", 5, {"steps": 3, "scored": "last"}) == 10


# the command, the page


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["tasks", *arguments], env={"COLUMNS": "500"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_ladder_is_ordered():
    ladder = cards.ladder()
    assert sorted(task.label for task in ladder) == sorted(task.label for task in tasks.every())
    assert {task.name for task in ladder} == set(tasks.names())
    rungs = [(task.card.rung, CHOMSKY.index(task.card.chomsky)) for task in ladder]
    assert rungs == sorted(rungs)
    lines = run().splitlines()
    assert [re.split(r" {2,}", line.strip())[1] for line in lines[2:] if line.strip()] == [task.label for task in ladder]


@pytest.mark.parametrize(("columns", "names"), [(40, 1), (60, 2), (80, 4), (100, 5), (160, 8)])
def test_names_of_tasks_are_whole_on_any_terminal(columns, names):
    said = CliRunner().invoke(app, ["tasks"], env={"COLUMNS": str(columns)}).output
    assert max(map(len, said.splitlines())) <= max(columns, 75)
    assert "…" not in said
    for task in tasks.every():
        assert columns < 50 or re.search(rf"(^| ){re.escape(task.label)}( |$)", said, re.MULTILINE), task.label
    header = next(line for line in said.splitlines() if "task " in f"{line} " and "families" not in line)
    assert len(header.split()) >= names
    assert ("A wider terminal" in said) == (columns < 160)


def test_one_card_in_full():
    said = run("turing", "machine=increment")
    assert "class" in said
    assert all(bound in said for bound in (*tasks.get("turing").card.upper, *tasks.get("turing").card.lower))
    assert all(str(rule) in said for rule in tasks.get("turing").program().rules)
    assert "polynomial ODE of its tableau for words of 1 cell" in said
    assert re.search(r"^head@1_0\[i\]' = ", said, re.MULTILINE)
    assert re.search(r"^parity_0\[i\]' = ", run("parity"), re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["turng"], "unknown task 'turng'; there are"),
        (["turing", "machine"], "'machine' is no parameter; write name=value"),
        (["turing", "machin=x"], "unknown parameter 'machin'; there are scored, machine"),
        (["counter", "modulus=1"], "modulus=1 is not allowed; allowed: 2..1024"),
    ],
)
def test_mistakes_end_in_one_line(arguments, told):
    result = CliRunner().invoke(app, ["tasks", *arguments])
    assert result.exit_code == 2
    (line,) = result.output.strip().splitlines()
    assert told in line


class Page(HTMLParser):
    """Anchors, links, and the text in `pre`."""

    def __init__(self) -> None:
        super().__init__()
        self.ids, self.links, self.rules, self.inside = [], [], [], False

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        self.inside = tag == "pre"

    def handle_data(self, data):
        if self.inside:
            self.rules.append(data)
            self.inside = False


def test_the_page_has_every_card_it_is_given():
    chosen = [TASKS["parity"], TASKS["palindrome"]]
    text = cards.html(chosen)
    page = Page()
    page.feed(text)
    assert page.ids == ["parity", "turing-machine-palindrome"]
    assert page.links == ["#parity", "#turing-machine-palindrome"]
    assert page.rules == [cards.rules(task) for task in chosen]
    for task in chosen:
        assert all(unescape(value) in unescape(text) for _, value in cards.facts(task))
    assert not re.search(r"https?://|<script|src=", text)  # nothing is fetched, nothing runs


def test_what_a_card_says_is_text(monkeypatch):
    monkeypatch.setattr(cards, "facts", lambda task: [("class", "<b>x & y</b>")])
    assert "<b>" not in (text := cards.html([TASKS["parity"]]))
    assert "&lt;b&gt;x &amp; y&lt;/b&gt;" in text


# the audit


def test_shortcuts_of_parity():
    """Its prefix's bag of tokens is all that parity needs; a single token says nothing where only the end is scored."""
    # at 7 symbols each of 2^7 words is among 2000, but for one time in 10^5
    every, last = shortcuts(tasks.get("parity"), 7), shortcuts(tasks.get("parity", scored="last"), 7)
    assert tuple(every) == SHORTCUTS
    assert every["bag of the prefix"] == last["bag of the prefix"] == last["bag of the word"] == 1
    assert every["bag of the word"] < 0.8
    assert abs(last["majority"] - 0.5) < 0.03
    assert abs(last["length"] - 0.5) < 0.05
    assert 0.5 < last["last token"] < 0.65  # it is all there is at length 1


def test_shortcuts_by_hand():
    """Addition: the bit of two equal tokens is the carry; with the token known, 5 in 8 answers are certain or likely."""
    one = shortcuts(tasks.get("addition"), 1)
    assert one["last token"] == one["bag of the word"] == 1
    assert abs(one["majority"] - 0.5) < 0.05


def test_shortcuts_are_fresh_and_reproducible():
    task = tasks.get("cellular")
    assert shortcuts(task, 5, 300) == shortcuts(task, 5, 300)
    noise = shortcuts(tasks.get("group", scored="last"), 12, 300)
    assert noise["bag of the word"] < 0.3  # a table that was scored on the words it has learnt would be near 1


CHEAP = ("parity", "even_pairs")
every_audit = pytest.mark.parametrize("task", [task for task in tasks.every() if "WORK" in os.environ or task.label in CHEAP])


@every_audit
def test_an_audit_that_is_kept_is_the_one_that_is_made(task):
    assert audit(task) == audited(task)


def test_audits_are_kept_of_the_ladder_and_of_no_other_task_or_version(monkeypatch):
    monkeypatch.setattr("leaderboard.analysis.audit.audited", lambda task: task.label)
    assert all(isinstance(audit(task), Audit) for task in tasks.every())
    parity = tasks.get("parity")
    assert audit(tasks.get("parity", scored="last")) == "parity(scored=last)"
    monkeypatch.setattr(type(parity), "version", parity.version + 1)
    assert audit(parity) == "parity"


def test_overlap_of_training_and_test_words():
    short, long, untrained = (overlap(tasks.get("parity"), n, trained_to=12) for n in (3, 9, 13))
    assert (short.duplicates, short.held_out) == (512, False)
    assert (long.duplicates, long.held_out) == (0, True)
    assert untrained.held_out
    told = cards.duplicates([short, long])
    assert "length 3: 512 (too few words to hold any out); length 9: 0" in told
