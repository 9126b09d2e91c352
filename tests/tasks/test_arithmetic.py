"""Binary arithmetic against Python's integers: sums, products, square roots, counts, and the iterated tent map."""

from collections import Counter
from itertools import product
from math import isqrt

import pytest
import torch

import tasks
from tasks.programs import decode
from tasks.task import IGNORE, TaskError

LONG = (16, 31, 63, 64, 65, 66, 130, 200)  # on both sides of 64 bits
NAMES = ("binary_addition", "binary_multiplication", "compute_sqrt", "popcount", "iterated_addition", "tent_map")


def seed(number: int = 0) -> tasks.Bits:
    return tasks.Bits(number)


def little(bits) -> int:
    return int("0" + "".join(map(str, bits))[::-1], 2)


def big(bits) -> int:
    return int("0" + "".join(map(str, bits)), 2)


def padded(text: str, cells: int) -> list[int]:
    return [int(symbol) for symbol in text.ljust(cells, "0")[:cells]]


def digits(text: str) -> list[int]:
    return [int(symbol) for symbol in text]


def addition(word: list[int]) -> list[int]:
    text = "".join(map(str, word))
    a, _, b = text.partition("2")
    return padded(f"{little(a) + little(b):b}"[::-1] + "2", len(word) + 1)


def multiplication(word: list[int]) -> list[int]:
    if len(word) <= 2:
        return [0] * (len(word) - 1) + [2]
    text = "".join(map(str, word))
    a, _, b = text.partition("2")
    return padded(f"{little(a) * little(b):b}"[::-1] + "2", len(word))


def square_root(word: list[int]) -> list[int]:
    cells = -(-len(word) // 2)
    return digits(f"{isqrt(big(word)):b}".zfill(cells)) + [IGNORE] * (len(word) - cells)


def popcount(word: list[int]) -> list[int]:
    return padded(f"{sum(word):b}"[::-1], len(word))


def iterated_addition(word: list[int]) -> list[int]:
    text = f"{sum(map(little, ''.join(map(str, word)).split('2'))):b}"[::-1]
    assert text == "0" or len(text) <= len(word)
    return padded(text, len(word))


def tent(steps: int):
    def answer(word: list[int]) -> list[int]:
        x, one = big(word), 2 ** len(word)
        for _ in range(steps):
            x = min(2 * x, 2 * one - 2 * x)
        return digits(f"{x % one:b}".zfill(len(word)))

    return answer


ORACLES = {
    "binary_addition": addition,
    "binary_multiplication": multiplication,
    "compute_sqrt": square_root,
    "popcount": popcount,
    "iterated_addition": iterated_addition,
    "tent_map": tent(4),
}
TENTS = {f"tent_map {k}": (tasks.get("tent_map", steps=k), tent(k)) for k in (1, 2, 3, 7, 64)}
CASES = {name: (tasks.get(name), oracle) for name, oracle in ORACLES.items()} | TENTS
every_case = pytest.mark.parametrize(("task", "oracle"), CASES.values(), ids=CASES)


def letters(task, word: list[int]) -> list[int]:
    """The word without its blanks."""
    return [symbol for symbol in word if not task.blanks or symbol < task.alphabet - 1]


@every_case
def test_all_short_words(task, oracle):
    for length in range(1, 8 if task.alphabet == 2 else 7):
        words = torch.tensor(list(task.words(length)))
        expected = torch.tensor([oracle(letters(task, word)) for word in words.tolist()])
        assert torch.equal(task.target(words), expected)
        assert [task.solve(word) for word in words.tolist()] == expected.tolist()
        scored = expected != IGNORE
        assert torch.equal(task.program().answer(words, task.depth(length))[scored], expected[scored])


@every_case
def test_long_random_words(task, oracle):
    for length in LONG:
        words = task.sample(12, length, seed(length))
        expected = [oracle(letters(task, word)) for word in words.tolist()]
        assert task.target(words).tolist() == expected
        assert [task.solve(word) for word in words.tolist()] == expected


EXAMPLES = [
    ("binary_addition", "0", "02"),
    ("binary_addition", "1", "12"),
    ("binary_addition", "00", "020"),
    ("binary_addition", "10", "120"),
    ("binary_addition", "01", "012"),
    ("binary_addition", "11", "112"),
    ("binary_addition", "020", "0200"),
    ("binary_addition", "121", "0120"),
    ("binary_addition", "001201101", "0101120000"),  # 4 + 22 = 26
    ("binary_addition", "10012000001", "100101200000"),  # 9 + 32 = 41
    ("binary_addition", "11111121", "000000120"),  # 63 + 1 = 64
    ("binary_addition", "12111111", "000000120"),  # 1 + 63 = 64
    ("binary_multiplication", "0", "2"),
    ("binary_multiplication", "1", "2"),
    ("binary_multiplication", "00", "02"),
    ("binary_multiplication", "11", "02"),
    ("binary_multiplication", "020", "020"),
    ("binary_multiplication", "121", "120"),
    ("binary_multiplication", "001201101", "000110120"),  # 4 * 22 = 88
    ("binary_multiplication", "10012000001", "00000100120"),  # 9 * 32 = 288
    ("binary_multiplication", "1112111", "1000112"),  # 7 * 7 = 49
    ("compute_sqrt", "1", "1"),
    ("compute_sqrt", "01", "1"),
    ("compute_sqrt", "11", "1"),
    ("compute_sqrt", "001", "01"),
    ("compute_sqrt", "111", "10"),  # 7 -> 2
    ("compute_sqrt", "100101", "110"),  # 37 -> 6
    ("compute_sqrt", "100100", "110"),  # 36 -> 6
    ("compute_sqrt", "100011", "101"),  # 35 -> 5
    ("popcount", "0", "0"),
    ("popcount", "1", "1"),
    ("popcount", "11", "01"),
    ("popcount", "111", "110"),
    ("popcount", "11111111", "00010000"),
    ("iterated_addition", "2", "0"),
    ("iterated_addition", "1", "1"),
    ("iterated_addition", "22", "00"),
    ("iterated_addition", "111", "111"),
    ("iterated_addition", "12121", "11000"),
    ("iterated_addition", "2112122", "0010000"),  # 0 + 3 + 1 + 0 + 0
    ("iterated_addition", "1111112121", "1000001000"),  # 63 + 1 + 1
    ("tent_map 1", "01", "10"),  # 1/4 -> 1/2
    ("tent_map 1", "10", "00"),  # 1/2 -> 1
    ("tent_map 1", "11", "10"),  # 3/4 -> 1/2
    ("tent_map 2", "0011", "1100"),  # 3/16 -> 3/8 -> 3/4
    ("tent_map 2", "1011", "1100"),  # 11/16 -> 5/8 -> 3/4
    ("tent_map 64", "111", "000"),
]


@pytest.mark.parametrize(("name", "word", "answer"), EXAMPLES)
def test_examples(name, word, answer):
    solved = CASES[name][0].solve(digits(word))
    assert solved[: len(answer)] == digits(answer)
    assert solved[len(answer) :] == [IGNORE] * (len(solved) - len(answer))


def hard_words(name: str, n: int) -> list[list[int]]:
    """Words with the longest carries, the most leading zeros, every place of the sign."""
    if name in ("binary_addition", "binary_multiplication"):
        return [[bit] * place + [2] + [bit] * (n - 1 - place) for place in range(1, n - 1) for bit in (0, 1)]
    if name == "iterated_addition":
        ones = [[1] * k + [2] * (k < n) + [1] * (n - k - 1) for k in range(n + 1)]
        rare = seed(n).integers(0, 20, (30, n))
        return [*ones, ([1, 2] * n)[:n], ([0, 1, 2] * n)[:n], [2] * n, *torch.where(rare == 0, 2, rare % 2).tolist()]
    if name == "compute_sqrt":
        roots = (2 ** (n // 2) - 1, 2 ** (n // 2 - 1), 2 ** (n // 2 - 1) + 1)
        return [[1] * n, *(digits(f"{root**2 + more:0{n}b}") for root in roots for more in (-1, 0, 1))]
    return [[1] * k + [0] * (n - k) for k in range(n + 1)] + [[0] * (n - k) + [1] * k for k in range(n + 1)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [16, 33])
def test_answers_stand_after_depth_on_hard_words(name, n):
    """And not long before: depth is at most four steps more than these words need."""
    task = tasks.get(name)
    words = torch.cat([task._with_blanks(torch.tensor(hard_words(name, n)), n), task.sample(20, n, seed(n))])
    target, program, last = task.target(words), task.program(), 0
    assert target.tolist() == [ORACLES[name](letters(task, word)) for word in words.tolist()]
    for step, x in enumerate(program.run(words, task.depth(n) + 6)):
        if ((decode(x[:, program.outputs()]) != target) & (target != IGNORE)).any():
            last = step + 1
    assert task.depth(n) - 4 <= last <= task.depth(n)


# facts that the cards and docstrings state


def test_squares_are_read_off_roots():
    task = tasks.get("compute_sqrt")
    for m in (6, 9, 30):
        xs = range(1, min(int(2 ** (m / 3) - 0.5), 20) + 1)
        roots = task.target(torch.tensor([digits(f"{4 ** (2 * m + 3) + 8 ** (m + 2) * x:b}") for x in xs]))
        for x, root in zip(xs, roots, strict=True):
            assert big(root[root != IGNORE].tolist()) == 2 ** (2 * m + 3) + 2 ** (m + 2) * x - x * x


def test_the_tent_map_has_as_many_zeros_as_pieces():
    words = torch.tensor(list(product((0, 1), repeat=10)))
    for k in (1, 2, 5, 9):
        assert (tasks.get("tent_map", steps=k).target(words).sum(1) == 0).sum() == 2**k  # T^k is 0 or 1 between two pieces


def test_only_the_tent_map_is_a_sweep():
    assert {name for name in NAMES if tasks.get(name).program().write_once} == {"tent_map"}


# inputs


@pytest.mark.parametrize(
    ("name", "word", "told"),
    [
        ("binary_addition", [1, 0, 1], "is not an input; inputs are bits with one 2 between them"),
        ("binary_addition", [2, 1, 1], "is not an input"),
        ("binary_addition", [1, 1, 2], "is not an input"),
        ("binary_addition", [1, 2, 2, 1], "is not an input"),
        ("binary_addition", [1, 2], "is not an input"),
        ("binary_addition", [2], "is not an input"),
        ("binary_addition", [1, 2, 1, 4], "token 4 is not in the alphabet 0..3"),
        ("binary_addition", [1, 2, 1, 3, 3], "blanks"),
        ("binary_multiplication", [0, 1, 1, 0], "is not an input; inputs are bits with one 2 between them"),
        ("binary_multiplication", [1, 2, 1, 3], "token 3 is not in the alphabet 0..2"),
        ("compute_sqrt", [0, 0, 0], r"\[0, 0, 0\] is not an input; inputs are all words but those of zeros only"),
        ("compute_sqrt", [0, 2], "token 2 is not in the alphabet 0..1"),
        ("iterated_addition", [3], "token 3 is not in the alphabet 0..2"),
    ],
)
def test_bad_words(name, word, told):
    with pytest.raises(TaskError, match=told) as error:
        tasks.get(name).solve(word)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("steps", [0, -1, 65])
def test_bad_steps(steps):
    with pytest.raises(TaskError, match=r"steps=-?\d+ is not allowed; allowed: 1..64"):
        tasks.get("tent_map", steps=steps)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_cell_alone_has_no_answer_of_its_own(name):
    with pytest.raises(TaskError, match="scored='last' is not allowed; allowed: every"):
        tasks.get(name, scored="last")


# samples


@pytest.mark.parametrize("name", ["binary_addition", "binary_multiplication"])
def test_the_sign_and_the_bits_are_uniform(name):
    words = tasks.get(name).sample(6000, 8, seed())[:, :8]
    places = Counter((words == 2).long().argmax(1).tolist())
    assert set(places) == set(range(1, 7))
    assert all(850 < count < 1150 for count in places.values())  # 1000 each, five deviations of 29
    bits = words[words != 2]
    assert abs(bits.float().mean() - 0.5) < 0.0125  # five deviations of 0.0025
    assert len(words.unique(dim=0)) > 700  # of 6 * 2^7


def test_numbers_under_the_root_are_uniform():
    drawn = Counter(map(tuple, tasks.get("compute_sqrt").sample(7000, 3, seed()).tolist()))
    assert set(drawn) == set(product((0, 1), repeat=3)) - {(0, 0, 0)}
    assert all(850 < count < 1150 for count in drawn.values())


@pytest.mark.parametrize(("name", "counts"), [
    ("binary_addition", [2, 4, 4, 16, 48]), ("binary_multiplication", [2, 4, 4, 16, 48]), ("compute_sqrt", [1, 3, 7, 15, 31]),
    ("iterated_addition", [3, 9, 27, 81, 243]), ("popcount", [2, 4, 8, 16, 32]), ("tent_map", [2, 4, 8, 16, 32]),
])  # fmt: skip
def test_space(name, counts):
    task = tasks.get(name)
    assert [task.space(n) for n in range(1, 6)] == counts
    assert [len(set(task.words(n))) for n in range(1, 6)] == counts
