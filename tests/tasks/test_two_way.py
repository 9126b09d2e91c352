"""A tape without ends: busy beavers by their published numbers, random tables against a run by hand, bad blanks."""

import random

import pytest
import torch

import models
import tasks
from tasks.programs.beavers import BEAVERS, MACHINES
from tasks.task import TaskError

PUBLISHED = {  # steps and marks of each, as they are published
    "bb2": (6, 4), "bb3": (21, 5), "bb3_marks": (14, 6), "bb4": (107, 13), "bb2x3": (38, 9),
}  # fmt: skip
every_beaver = pytest.mark.parametrize("name", PUBLISHED)


def marks(answers: list[int], symbols: int) -> int:
    """Cells of the tape that are not blank, in the pairs of a folded one."""
    return sum((pair // symbols > 0) + (pair % symbols > 0) for pair in answers)


def stopped_at(name: str, steps: int, **more: str) -> tasks.Task:
    """The machine on one blank cell, for so many steps."""
    machine = MACHINES[name]
    return tasks.get("turing", table=list(machine.table), tape=machine.symbols, blank="0", steps=steps, **more)


def in_a_network(model: str, task: tasks.Task, words: torch.Tensor) -> torch.Tensor:
    net = models.build(model, task, width=1, hidden=1).eval()
    net.realise(task.program())
    with torch.no_grad():
        return net(words, task.depth(1)).argmax(1)


def test_published_numbers_are_those_of_the_zoo():
    assert {name: (beaver.steps, beaver.marks) for name, beaver in BEAVERS.items()} == PUBLISHED


@every_beaver
@pytest.mark.parametrize("model", ["plain answer", "discrete ODE", "resnet", "polynet"])
def test_a_busy_beaver_has_its_published_marks_after_its_published_steps_and_runs_until_then(name, model):
    steps, expected = PUBLISHED[name]
    for early in (0, 1):
        for answer in ("tape", "halt"):
            task = stopped_at(name, steps - early, answer=answer)
            word = torch.tensor([[0] + [task.alphabet - 1] * (task.cells(1) - 1)])
            said = {"plain answer": lambda task, word: torch.tensor([task.solve(word[0].tolist())]),
                    "discrete ODE": lambda task, word: task.program().answer(word)}  # fmt: skip
            found = said[model](task, word) if model in said else in_a_network(model, task, word)
            assert torch.equal(found, task.target(word))
            if answer == "halt":
                assert found.sum() == 1 - early  # where the head is when it halts, in the last step
            elif not early:
                assert marks(found[0].tolist(), task.alphabet - 1) == expected


@every_beaver
def test_a_busy_beaver_that_has_halted_stays_as_it_is(name):
    task = tasks.get("turing", machine=name)
    for n in (PUBLISHED[name][0] // 3 + 1, 60):
        assert marks(task.solve([0] * n), task.alphabet - 1) == PUBLISHED[name][1]
        assert task.cells(n) == 3 * n + 1


def by_hand(lines: list[str], word: str, time: int, blank: str) -> tuple[dict[int, str], int, int, str]:
    """Tape, place of the head, time and state after at most `time` steps."""
    table = {tuple(line.split()[:2]): line.split()[3:] for line in lines}
    tape, place, now, state = dict(enumerate(word)), 0, 0, "a"
    while now < time and state not in ("halt", "accept"):
        tape[place], move, state = table[state, tape.get(place, blank)]
        place, now = place + {"L": -1, "S": 0, "R": 1}[move], now + 1
    return tape, place, now, state


@pytest.mark.parametrize("number", range(8))
def test_random_tables(number):
    draw = random.Random(number)
    symbols, states = "01b"[: 2 + number % 2], "abc"
    lines = [
        f"{q} {s} -> {draw.choice(symbols)} {draw.choice('LLSRR')} {draw.choice([*states * 3, 'halt', 'accept'])}"
        for q in states for s in symbols
    ]  # fmt: skip
    blank = draw.choice(symbols)
    for answer in ("tape", "halt"):
        if answer == "halt" and not any(line.endswith(("halt", "accept")) for line in lines):
            continue
        task = tasks.get("turing", table=lines, tape=symbols, blank=blank, steps=3, answer=answer)
        for n in (1, 2, 5):
            words = task.sample(16, n, tasks.Bits(n))
            target = task.target(words)
            assert target.shape == words.shape == (16, task.cells(n)) == (16, 3 * n + 1)
            assert torch.equal(task.program().answer(words), target)
            for word, row in zip(words.tolist(), target.tolist(), strict=True):
                tape, place, now, state = by_hand(lines, "".join(symbols[t] for t in word[:n]), 3 * n, blank)
                k, at = len(symbols), lambda i, tape=tape: symbols.index(tape.get(i, blank))
                halting = [q for q in ("halt", "accept") if any(line.endswith(q) for line in lines)]
                news = 1 + halting.index(state) if state in halting else 0
                near = place if place >= 0 else -1 - place
                expected = {
                    "tape": [at(i) * k + at(-1 - i) for i in range(3 * n + 1)],
                    "halt": [news if now + abs(near - i) <= 3 * n else 0 for i in range(3 * n + 1)],
                }[answer]
                assert row == expected == task.solve(word)


def test_a_zoo_machine_may_run_on_a_tape_without_ends():
    bounded, two_way = tasks.get("turing", machine="beaver4"), tasks.get("turing", machine="beaver4", blank="0")
    assert two_way.label == "turing(machine=beaver4, blank=0)"
    assert marks(two_way.solve([0] * 36), 2) == 13
    assert "blank" not in bounded.parameters
    assert two_way.parameters["blank"] == "0"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"machine": "beaver", "blank": "2"}, "blank='2' is not allowed; allowed: one of the symbols '01'"),
        ({"machine": "beaver", "blank": "01"}, "blank='01' is not allowed"),
        ({"table": ["a * -> = R a"], "tape": "0123456789b", "blank": "b"}, "11 symbols on an infinite tape are not allowed"),
    ],
)
def test_bad_blanks(parameters, named):
    with pytest.raises(TaskError, match=named):
        tasks.get("turing", **parameters)
