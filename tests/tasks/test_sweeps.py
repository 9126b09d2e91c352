"""The tasks of Delétang et al. that a sweep or a sort solves, group word problems, thresholds, comparison: by oracles."""

import re
from collections import Counter, deque
from itertools import islice, product

import pytest
import torch
from sympy.combinatorics import AlternatingGroup, SymmetricGroup

import tasks
from tasks.group import elements
from tasks.task import IGNORE, Task, TaskError

Word = tuple[int, ...]


def seed(number: int) -> tasks.Bits:
    return tasks.Bits(number)


# oracles: the answer to a whole word, at its last cell, by other means than those of the task


def around_a_ring(word: Word) -> int:
    ring = deque(range(5))
    for step in word:
        ring.rotate({0: 1, 1: 0, 2: -1}[step])
    return ring[0]


def evaluated(word: Word) -> int:
    return eval("".join({5: "+", 6: "-", 7: "*"}.get(token, str(token)) for token in word)) % 5


def fills_the_gap(word: Word) -> int:
    if word == (3,):
        return 1
    text = "".join(map(str, word)).removesuffix("3")
    (bit,) = (bit for bit in "01" if re.fullmatch("([01]+)\\1", text.replace("2", bit)))
    return int(bit)


def composed(points: int, group: list[Word]):
    """x1∘...∘xi sends k to x1(x2(...xi(k)))."""

    def oracle(word: Word) -> int:
        images = list(range(points))
        for token in reversed(word):
            images = [group[token][image] for image in images]
        return group.index(tuple(images))

    return oracle


def in_order(group) -> list[Word]:
    """By sympy."""
    return sorted(tuple(p.array_form) for p in group.elements)


def number(word: Word, bit: int) -> int:
    return int("".join(str(token >> bit & 1) for token in reversed(word)), 2)


GROUPS = {"S3": (3, SymmetricGroup(3)), "A5": (5, AlternatingGroup(5)), "S5": (5, SymmetricGroup(5))}
GROUPS |= {"A4": (4, AlternatingGroup(4)), "S4": (4, SymmetricGroup(4))}


def pairs(first, second, order: int):
    """The product in a direct product, factor by factor; `order` is that of the second."""
    return lambda word: order * first(tuple(x // order for x in word)) + second(tuple(x % order for x in word))


def residue(m: int):
    return lambda word: sum(word) % m


PREFIX = {
    "even_pairs": ({}, lambda word: int(word[0] != word[-1])),
    "parity_check": ({}, lambda word: int("".join(map(str, word)), 2).bit_count() % 2),
    "cycle_navigation": ({}, around_a_ring),
    "threshold": ({}, lambda word: int(bool(re.match("(0*1){3}", "".join(map(str, word)))))),
    "threshold 1": ({"k": 1}, max),
    "threshold 5": ({"k": 5}, lambda word: int(sorted(word)[-5:] == [1] * 5)),
    "comparison": ({}, lambda word: 1 + (number(word, 0) > number(word, 1)) - (number(word, 0) < number(word, 1))),
    **{f"group {name}": ({"group": name}, composed(n, in_order(group))) for name, (n, group) in GROUPS.items()},
    **{f"group Z{m}": ({"group": f"Z{m}"}, residue(m)) for m in (2, 4, 12)},
    "group Z2xZ2": ({"group": "Z2xZ2"}, pairs(residue(2), residue(2), 2)),
    "group S3xZ2": ({"group": "S3xZ2"}, pairs(composed(3, in_order(SymmetricGroup(3))), residue(2), 2)),
    "group S4xZ4": ({"group": "S4xZ4"}, pairs(composed(4, in_order(SymmetricGroup(4))), residue(4), 4)),
    "group Z2xA4xZ2": (
        {"group": "Z2xA4xZ2"},
        pairs(residue(2), pairs(composed(4, in_order(AlternatingGroup(4))), residue(2), 2), 24),
    ),
}
STRINGS = {
    "odds_first": lambda word: [word[2 * i + 1 if i < len(word) // 2 else 2 * (i - len(word) // 2)] for i in range(len(word))],
    "bucket_sort": lambda word: [v for v in range(5) for _ in range(word.count(v))],
}
LAST = {"modular_arithmetic": evaluated, "missing_duplicate_string": fills_the_gap}
NAMES = sorted({name.split()[0] for name in (*PREFIX, *STRINGS, *LAST)})


def some(task: Task, length: int, limit: int) -> torch.Tensor:
    """All words of that length, or `limit` samples where there are more."""
    words = list(islice(task.words(length), limit + 1))
    return torch.tensor(words) if len(words) <= limit else task.sample(limit, length, seed(length))


def holds(task: Task, words: torch.Tensor, expected: list[list[int]]) -> None:
    """solve, target and the program say what is expected."""
    target = torch.tensor(expected)
    answer = task.program().answer(words, task.depth(words.shape[1]))
    assert [task.solve(word) for word in words.tolist()] == expected
    assert torch.equal(task.target(words), target)
    assert torch.equal(answer[target != IGNORE], target[target != IGNORE])


@pytest.mark.parametrize(("name", "parameters", "oracle"), [(name, *row) for name, row in PREFIX.items()], ids=PREFIX)
def test_every_prefix_and_the_last_cell(name, parameters, oracle):
    every, last = (tasks.get(name.split()[0], **parameters, scored=scored) for scored in ("every", "last"))
    for length in (1, 2, 3, 4, 7, 15):
        words = some(every, length, 20 if every.alphabet > 12 else 130)
        expected = [[oracle(word[: i + 1]) for i in range(length)] for word in map(tuple, words.tolist())]
        holds(every, words, expected)
        assert last.target(words).tolist() == [[IGNORE] * (length - 1) + answer[-1:] for answer in expected]


@pytest.mark.parametrize(("name", "oracle"), STRINGS.items(), ids=STRINGS)
def test_strings(name, oracle):
    task = tasks.get(name)
    for length in (1, 2, 3, 4, 5, 6, 7, 20, 41):
        words = some(task, length, 150 if length < 9 else 20)
        holds(task, words, [oracle(word) for word in words.tolist()])


@pytest.mark.parametrize(("name", "oracle"), LAST.items(), ids=LAST)
def test_the_last_cell(name, oracle):
    task = tasks.get(name)
    for length in (1, 2, 3, 4, 5, 6, 7, 10, 11, 40, 41):
        words = some(task, length, 130)
        holds(task, words, [[IGNORE] * (task.cells(length) - 1) + [oracle(word)] for word in map(tuple, words.tolist())])


def test_modular_arithmetic_at_every_digit():
    task = tasks.get("modular_arithmetic", scored="every")
    for length in (1, 3, 5, 7, 21):
        words = some(task, length, 100)
        cells = range(length)
        holds(task, words, [[IGNORE if i % 2 else evaluated(word[: i + 1]) for i in cells] for word in words.tolist()])


# sorting networks


@pytest.mark.parametrize("length", range(1, 11))
def test_bucket_sort_is_a_sorting_network(length):
    """Which cells compare does not depend on the symbols, so by the 0-1 principle (Knuth) words of 0 and 4 prove all."""
    words = torch.tensor(list(product((0, 4), repeat=length)))
    assert torch.equal(tasks.get("bucket_sort").program().answer(words), words.sort(1).values)


@pytest.mark.parametrize("name", ["bucket_sort", "odds_first"])
def test_sorts_need_their_depth(name):
    task = tasks.get(name)
    for length in (2, 4, 6, 12):
        words = torch.tensor([[4] * (length - 1) + [0]]) if name == "bucket_sort" else (torch.arange(length)[None] + 1) % 2
        depth = task.depth(length)
        assert torch.equal(task.program().answer(words, depth), task.target(words))
        assert torch.equal(task.program().answer(words, depth + 5), task.target(words))
        assert not torch.equal(task.program().answer(words, depth - 1), task.target(words))


@pytest.mark.parametrize("name", NAMES)
def test_depth_and_cells_are_those_on_the_card(name):
    groups = [{"group": group} for group in ("Z2", "S3", "A5")]
    for task in [tasks.get(name, **parameters) for parameters in (groups if name == "group" else [{}])]:
        for length in (*range(1, 10), 32, 33, 64, 65):
            assert task.card.value(task.card.depth, length, task.parameters) == task.depth(length)
            assert task.card.value(task.card.cells, length, task.parameters) == task.cells(length)


# examples by hand

EXAMPLES = [
    ("even_pairs", {}, [1], 0),
    ("even_pairs", {}, [0, 1], 1),
    ("even_pairs", {}, [0, 0, 1, 1, 0], 0),  # one 01, one 10
    ("parity_check", {}, [1, 1, 1], 1),
    ("cycle_navigation", {}, [0], 4),
    ("cycle_navigation", {}, [1], 0),
    ("cycle_navigation", {}, [2, 2, 0, 1, 2], 2),
    ("modular_arithmetic", {}, [3], 3),
    ("modular_arithmetic", {}, [1, 5, 2, 7, 3], 2),  # 1 + 2 × 3 = 7
    ("modular_arithmetic", {}, [1, 6, 2, 7, 3], 0),  # 1 - 2 × 3 = -5
    ("modular_arithmetic", {}, [4, 6, 3, 6, 2], 4),  # 4 - 3 - 2 = -1
    ("modular_arithmetic", {}, [2, 7, 0, 7, 3, 5, 1], 1),
    ("missing_duplicate_string", {}, [3], 1),
    ("missing_duplicate_string", {}, [1, 2], 1),
    ("missing_duplicate_string", {}, [2, 0, 3], 0),
    ("missing_duplicate_string", {}, [0, 1, 1, 0, 2, 1], 1),
    ("threshold", {"k": 2}, [1, 0, 1], 1),
    ("threshold", {"k": 2}, [1, 0, 0], 0),
    ("comparison", {}, [0], 1),
    ("comparison", {}, [1, 3], 2),  # 3 > 2
    ("comparison", {}, [1, 1, 2], 0),  # 3 < 4
    ("group", {"group": "Z5"}, [3, 4], 2),
    ("group", {"group": "S3"}, [1, 2], 4),  # (0 2 1)∘(1 0 2) = (2 0 1)
    ("group", {"group": "S3"}, [2, 1], 3),  # (1 0 2)∘(0 2 1) = (1 2 0)
    ("group", {"group": "S3"}, [1, 2, 3], 0),  # (2 0 1)∘(1 2 0)
    ("group", {"group": "A5"}, [1, 1], 2),  # (0 1 3 4 2) twice is (0 1 4 2 3)
    ("group", {"group": "A5"}, [1, 3], 6),  # (0 1 3 4 2)∘(0 2 1 4 3) = (0 3 1 2 4)
    ("group", {"group": "A5"}, [3, 1], 5),  # (0 2 1 4 3)∘(0 1 3 4 2) = (0 2 4 3 1)
    ("group", {"group": "S5"}, [1, 2], 4),  # (0 1 2 4 3)∘(0 1 3 2 4) = (0 1 4 2 3)
    ("group", {"group": "S5"}, [2, 1], 3),  # (0 1 3 2 4)∘(0 1 2 4 3) = (0 1 3 4 2)
]


@pytest.mark.parametrize(("name", "parameters", "word", "answer"), EXAMPLES)
def test_example(name, parameters, word, answer):
    task = tasks.get(name, **parameters, scored="last")
    holds(task, torch.tensor([word]), [[IGNORE] * (len(word) - 1) + [answer]])


@pytest.mark.parametrize(
    ("name", "word", "answer"),
    [
        ("odds_first", [1], [1]),
        ("odds_first", [0, 1], [1, 0]),
        ("odds_first", [1, 0, 1], [0, 1, 1]),
        ("odds_first", [0, 0, 1, 1, 0, 1], [0, 1, 1, 0, 1, 0]),
        ("bucket_sort", [3], [3]),
        ("bucket_sort", [4, 0], [0, 4]),
        ("bucket_sort", [2, 4, 2, 0, 1, 1], [0, 1, 1, 2, 2, 4]),
    ],
)
def test_example_of_a_string(name, word, answer):
    holds(tasks.get(name), torch.tensor([word]), [answer])


@pytest.mark.parametrize("name", GROUPS)
def test_elements_are_numbered_in_lexicographic_order_from_the_identity(name):
    points, group = GROUPS[name]
    assert elements(name) == in_order(group)
    assert elements(name)[0] == tuple(range(points))


def test_rungs_of_groups():
    def outside(name: str) -> str:
        return tasks.get("group", group=name).card.lower.says

    rungs = {name: tasks.get("group", group=name).card.complexity for name in ("Z2", "Z8", "Z3", "Z12", "S3", "A5", "S5")}
    assert list(rungs.values()) == ["AC⁰[2]", "AC⁰[2]", "ACC⁰", "ACC⁰", "ACC⁰", "NC¹", "NC¹"]
    assert outside("Z2") == "not in AC⁰"
    assert outside("Z9") == "not in AC⁰[p] for a prime p other than 3"
    more = {name: tasks.get("group", group=name).card.complexity for name in ("Z2xZ4", "Z2xZ3", "S4", "A4", "Z2xA5")}
    assert list(more.values()) == ["AC⁰[2]", "ACC⁰", "ACC⁰", "ACC⁰", "NC¹"]
    assert outside("Z2xZ2") == "not in AC⁰"
    assert outside("Z12") == outside("S3") == outside("S4") == "not in AC⁰[p] for any prime p"


# inputs


@pytest.mark.parametrize("name", ["modular_arithmetic", "missing_duplicate_string"])
def test_words_are_the_valid_ones_and_are_counted(name):
    task = tasks.get(name)
    for length in (1, 2, 3, 4, 5, 6):
        words, cells = list(task.words(length)), task.cells(length)
        assert len(words) == len(set(words)) == task.space(length)
        if task.alphabet**cells <= 40_000:
            every = list(product(range(task.alphabet), repeat=cells))
            assert {word for word in every if is_input(task, word)} == set(words)
            assert {word for word, valid in zip(every, task._valid(torch.tensor(every)), strict=True) if valid} == set(words)


def is_input(task: Task, word: Word) -> bool:
    """By the text of the definition."""
    text = "".join(map(str, word))
    if task.name == "modular_arithmetic":
        return bool(re.fullmatch("[0-4]([5-7][0-4])*", text))
    if len(text) % 2 == 1:
        return text == "3" or (text[-1] == "3" and is_input(task, word[:-1]))
    return text.count("2") == 1 and any(re.fullmatch("([01]+)\\1", text.replace("2", bit)) for bit in "01")


BAD = [
    ("modular_arithmetic", [1, 5], "is not an input; inputs are digits"),
    ("modular_arithmetic", [5], r"\[5\] is not an input"),
    ("modular_arithmetic", [1, 2, 3], r"\[1, 2, 3\] is not an input"),
    ("modular_arithmetic", [1, 5, 8], "token 8 is not in the alphabet 0..7"),
    ("missing_duplicate_string", [0], r"\[0\] is not an input; inputs are w w"),
    ("missing_duplicate_string", [0, 0], "is not an input"),
    ("missing_duplicate_string", [2, 2], "is not an input"),
    ("missing_duplicate_string", [2, 3], "is not an input"),
    ("missing_duplicate_string", [2, 0, 0], "is not an input"),
    ("missing_duplicate_string", [0, 2, 1, 1], "is not an input"),
    ("missing_duplicate_string", [2, 1, 2, 1], "is not an input"),
    ("cycle_navigation", [3], "token 3 is not in the alphabet 0..2"),
    ("bucket_sort", [5], "token 5 is not in the alphabet 0..4"),
    ("group", [60], "token 60 is not in the alphabet 0..59"),
]


@pytest.mark.parametrize(("name", "word", "message"), BAD)
def test_bad_words(name, word, message):
    for answer in (lambda: tasks.get(name).solve(word), lambda: tasks.get(name).target(torch.tensor([word]))):
        with pytest.raises(TaskError, match=message):
            answer()


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("group", {"group": "Z13"}, "group='Z13' is not allowed; allowed: Z2, Z3, .*Z12, S3, A5, S5"),
        ("group", {"group": "A5xZ3"}, "group='A5xZ3' is not allowed; .* direct products of these of up to 120 elements"),
        ("group", {"group": "Z2xx"}, "group='Z2xx' is not allowed"),
        ("group", {"group": "D4"}, "group='D4' is not allowed"),
        ("threshold", {"k": 0}, r"k=0 is not allowed; allowed: 1..1024"),
        ("missing_duplicate_string", {"scored": "every"}, "scored='every' is not allowed; allowed: last"),
        ("odds_first", {"scored": "last"}, "scored='last' is not allowed; allowed: every"),
        ("bucket_sort", {"scored": "last"}, "scored='last' is not allowed; allowed: every"),
    ],
)
def test_bad_parameters(name, parameters, message):
    with pytest.raises(TaskError, match=message):
        tasks.get(name, **parameters)


def test_defaults():
    last = {"even_pairs", "parity_check", "cycle_navigation", "modular_arithmetic", "missing_duplicate_string"}
    assert {name for name in NAMES if tasks.get(name).scored == "last"} == last
    assert tasks.get("group").alphabet == tasks.get("group", group="A5").alphabet == 60


# samples


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_uniform(name):
    """Also those of the tasks with few inputs: digits and operators, strings and places of the 2, are independent."""
    task = tasks.get(name)
    for length in (1, 2, 3, 4):
        space = task.space(length)
        if space <= 700:
            drawn = Counter(map(tuple, task.sample(100 * space, length, seed(1)).tolist()))
            assert set(drawn) == set(task.words(length))
            assert all(40 < times < 160 for times in drawn.values())  # 100 on average, six deviations of 10


def test_digits_and_operators_are_uniform_at_every_place():
    words = tasks.get("modular_arithmetic").sample(10_000, 20, seed(0))
    assert words.shape == (10_000, 19)
    for i, column in enumerate(words.unbind(1)):
        counts = Counter(column.tolist())
        assert set(counts) == ({5, 6, 7} if i % 2 else {0, 1, 2, 3, 4})
        assert all(abs(times - 10_000 / len(counts)) < 300 for times in counts.values())


def test_the_2_hides_anywhere():
    words = tasks.get("missing_duplicate_string").sample(21_000, 21, seed(0))
    places = Counter((words == 2).long().argmax(1).tolist())
    assert set(places) == set(range(20))
    assert all(abs(times - 1050) < 200 for times in places.values())
    assert abs((words[:, :10] == 1).sum() / (words[:, :10] != 2).sum() - 0.5) < 0.01
