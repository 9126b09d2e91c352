"""Tag systems with room, a mark of what was lost, halting symbols and many symbols, against a queue by hand."""

import random
from collections import deque

import pytest
import torch

import models
import tasks

LOSING = (6, 8, 10)  # numbers of the random systems that lose symbols


def queue(lines: list[str], deletion: int, start: str, count: int, room: int) -> tuple[str, bool]:
    """The queue after at most `count` tag steps, and whether a symbol was lost; what has no line halts."""
    productions = {line[0]: line[5:] for line in lines}
    symbols, lost = deque(start), False
    for _ in range(count):
        if len(symbols) < deletion or symbols[0] not in productions:
            break
        read = [symbols.popleft() for _ in range(deletion)]
        for symbol in productions[read[0]]:
            lost |= len(symbols) == room
            symbols.extend([symbol] if len(symbols) < room else [])
    return "".join(symbols), lost


def test_de_mols_collatz_system_from_aaa_ends_in_a_with_room_and_says_where_it_has_none():
    """3, 5, 8, 4, 2, 1: eight symbols and more do not fit into six cells."""
    for room, overflow, expected in (
        (3, "lose", "a........"),
        (3, "mark", "a........"),
        (2, "lose", "cbcaaa"),
        (2, "mark", "cbcaa!"),
    ):
        task = tasks.get("tag", steps=8, room=room, overflow=overflow)
        word = torch.tensor([[0] * 3 + [3] * (task.cells(3) - 3)])
        net = models.build("resnet", task, width=1, hidden=1).eval()
        net.realise(task.program())
        with torch.no_grad():
            found = [task.target(word), task.program().answer(word), net(word, task.depth(3)).argmax(1)]
        for answer in (*found, [task.solve([0, 0, 0])]):
            assert "".join("abc.!"[int(token)] for token in answer[0]) == expected


@pytest.mark.parametrize("number", range(14))
def test_random_systems(number):
    draw = random.Random(number)
    letters, halting = "abcd"[: draw.choice((1, 2, 3))], draw.choice(("", "h", "hk"))
    made = [letters + halting, letters * 3 + halting][number % 2]
    lines = [f"{letter} -> {''.join(draw.choice(made) for _ in range(draw.randrange(5)))}" for letter in letters]
    deletion, times, room = draw.choice((1, 2, 3)), draw.choice((1, 3)), draw.choice((2, 3, 5))
    parameters = {"productions": lines, "deletion": deletion, "steps": times, "room": room, "halting": halting}
    lose, mark = (tasks.get("tag", **parameters, overflow=overflow) for overflow in ("lose", "mark"))
    symbols, seen = letters + halting, set()
    for n in (1, 2, 4):
        words = lose.sample(24, n, tasks.Bits(n))
        target, marked = lose.target(words), mark.target(words)
        for word, row, other in zip(words.tolist(), target.tolist(), marked.tolist(), strict=True):
            end, lost = queue(lines, deletion, "".join(symbols[t] for t in word[:n]), times * n, room * n)
            assert row == [*map(symbols.index, end)] + [len(symbols)] * (room * n - len(end))
            assert other == ([*row[:-1], len(symbols) + 1] if lost else row)
            assert (lose.solve(word), mark.solve(word)) == (row, other)
            seen.add(lost)
        assert torch.equal(lose.program().answer(words), target)
        assert torch.equal(mark.program().answer(words), marked)
    assert (True in seen) == (number in LOSING)


def test_many_symbols():
    letters = "abcdefghijklm"
    lines = [f"{a} -> {b}{a}" for a, b in zip(letters, letters[1:] + "a", strict=True)]
    task = tasks.get("tag", productions=lines)
    words = task.sample(8, 3, tasks.Bits(0))
    assert (task.alphabet, task.target(words).shape) == (14, (8, 6))
    assert torch.equal(task.program().answer(words), task.target(words))
    for word, row in zip(words.tolist(), task.target(words).tolist(), strict=True):
        end, _ = queue(lines, 2, "".join(letters[t] for t in word[:3]), 3, 6)
        assert row == [*map(letters.index, end)] + [13] * (6 - len(end)) == task.solve(word)


def test_parameters_that_came_later():
    assert list(tasks.get("tag").parameters) == ["scored", "machine", "productions", "deletion", "steps"]
    task = tasks.get("tag", room=4, overflow="mark")
    assert task.label == "tag(room=4, overflow=mark)"
    assert tasks.get("tag", **task.parameters) == task
    for n in (1, 5):
        assert task.depth(n) == task.card.value(task.card.depth, n, task.parameters)
        assert task.cells(n) == task.card.value(task.card.cells, n, task.parameters) == 4 * n
