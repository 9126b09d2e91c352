"""Turing machines, counter machines and tag systems: what they compute, when they halt, who hears of it, and bad tables."""

import math
from collections import Counter, deque
from itertools import product

import pytest
import sympy
import torch

import tasks
from tasks.minsky import MACHINES as LISTINGS
from tasks.programs.zoo import MACHINES as ZOO
from tasks.task import Task, TaskError


def seed(number: int) -> tasks.Bits:
    return tasks.Bits(number)


def agree(task: Task, words: list[list[int]], expected: list[list[int]] | None = None) -> None:
    """solve, target and the program give the same answers, and the expected ones."""
    tokens = torch.tensor(words)
    answers = task.target(tokens)
    assert [task.solve(word) for word in words] == answers.tolist()
    assert torch.equal(task.program().answer(tokens), answers)
    assert expected is None or answers.tolist() == expected


# Turing machines


def steps(lines: list[str] | tuple[str, ...], word: str, limit: int, bounded: bool) -> tuple[str, int, int, str]:
    """Tape, time, place of the head and state after at most `limit` steps; a tape without ends has 0 everywhere else."""
    table = {}
    for line in lines:
        state, read, _, *action = line.split()
        table[state, read] = action
    tape, place, state, time = dict(enumerate(word)), 0, lines[0].split()[0], 0
    while state not in ("halt", "accept", "reject") and time < limit:
        read = tape.get(place, "0")
        write, move, state = table.get((state, read)) or table[state, "*"]
        tape[place] = read if write == "=" else write
        to = place + {"L": -1, "S": 0, "R": 1}[move]
        place, time = to if not bounded or 0 <= to < len(word) else place, time + 1
    return "".join(tape[k] for k in sorted(tape)), time, place, state


@pytest.mark.parametrize(
    ("machine", "time", "ones"), [("beaver2", 6, 4), ("beaver", 14, 6), ("beaver4", 107, 13), ("beaver5", 100_000, None)]
)
def test_busy_beavers_on_a_blank_tape_without_ends(machine, time, ones):
    tape, taken, _, state = steps(ZOO[machine].table, "", 100_000, bounded=False)
    assert taken == time
    assert (state == "halt") == (ones is not None)
    assert ones is None or tape.count("1") == ones


def test_beaver2_soon_halts_at_the_end_of_a_tape():
    assert max(steps(ZOO["beaver2"].table, "".join(word), 99, bounded=True)[1] for word in product("01", repeat=6)) == 4
    for n in range(1, 5):
        assert all(steps(ZOO["beaver2"].table, "".join(word), 2 * n, True)[3] == "halt" for word in product("01", repeat=n))


def test_universal_is_number_596440_of_the_machines_with_2_states_and_3_symbols():
    """Wolfram's numbers have a digit to the base 12 for each of (state, symbol) = (1, 2), (1, 1), (1, 0), (2, 2), ..."""
    number = 0
    table = {tuple(line.split()[:2]): line.split()[3:] for line in ZOO["universal"].table}
    for state, symbol in product("AB", "210"):
        write, move, after = table[state, symbol]
        number = 12 * number + 6 * "AB".index(after) + 2 * int(write) + (move == "R")
    assert number == 596440


def told(task: Task, word: str) -> str:
    symbols = ZOO[task.machine].symbols
    return "".join(symbols[token] for token in task.solve([symbols.index(symbol) for symbol in word]))


@pytest.mark.parametrize("length", range(7))
def test_decrement_subtracts_1_and_0_becomes_all_ones(length):
    for number in range(2**length):
        word, less = (f"{k:0{length + 1}b}"[:0:-1] for k in (number, (number - 1) % 2**length))
        assert told(tasks.get("turing", machine="decrement"), word + "_") == less + "_"


def test_unary_machines():
    more, less = (tasks.get("turing", machine=f"unary_{name}crement") for name in ("in", "de"))
    for n in range(1, 9):
        assert (
            sorted(ZOO["unary_increment"].words(n))
            == sorted(ZOO["unary_decrement"].words(n))
            == sorted("1" * a + "_" * (n - a) for a in range(n))
        )
        for a in range(n):
            assert told(more, "1" * a + "_" * (n - a)) == "1" * (a + 1) + "_" * (n - a - 1)
            assert told(less, "1" * a + "_" * (n - a)) == "1" * max(a - 1, 0) + "_" * (n - max(a - 1, 0))


@pytest.mark.parametrize("n", [*range(1, 15), 40])
def test_multiplication_multiplies_all_factors_whose_product_fits(n):
    task, fitting = tasks.get("turing", machine="multiplication"), set()
    for a, b in product(range(n), repeat=2):
        if a + 1 + b + 1 + a * b <= n:
            word = "1" * a + "x" + "1" * b + "#"
            fitting.add(word.ljust(n, "_"))
            assert told(task, word.ljust(n, "_")) == (word + "1" * (a * b)).ljust(n, "_")
    assert sorted(ZOO["multiplication"].words(n)) == sorted(fitting or {"_"})
    assert task.space(n) == len(fitting or {"_"})


def test_palindrome_is_accepted_or_rejected():
    task = tasks.get("turing", machine="palindrome", answer="halt")
    assert task.classes == 3
    for n in range(2, 8):
        words = [list(word) for word in product((0, 1), repeat=n - 1)]
        heard = [task.solve([*word, 2]) for word in words]
        for word, answers in zip(words, heard, strict=True):
            assert answers[0] in ((1, 0) if word == word[::-1] else (2, 0))
            assert set(answers) <= {0, answers[(n - 1) // 2] or max(answers)}
        assert sum(max(answers) == 1 for answers in heard) == 2 ** (n // 2)


@pytest.mark.parametrize("machine", [name for name in ZOO if name != "universal"])
def test_the_news_travels_one_cell_a_step(machine):
    task, symbols = tasks.get("turing", machine=machine, answer="halt"), ZOO[machine].symbols
    states = [q for q in ("halt", "accept", "reject") if any(line.endswith(f" {q}") for line in ZOO[machine].table)]
    assert task.classes == 1 + len(states)
    for n in range(1, 6):
        words = [word.tolist() for word in torch.unique(task.sample(12, n, seed(n)), dim=0)]
        words += seed(n).integers(0, task.alphabet, (6, n)).tolist()
        expected = []
        for word in words:
            _, time, place, state = steps(ZOO[machine].table, "".join(symbols[t] for t in word), task.time(n), bounded=True)
            verdict = states.index(state) + 1 if state in states else 0
            expected.append([verdict if time + abs(place - i) <= task.time(n) else 0 for i in range(n)])
        agree(task, words, expected)


def test_news_by_hand():
    """Three halting states, in a fixed order; the last step may move, and news that would come at T + 1 comes too late."""
    lines = ["a 0 -> = R a", "a 1 -> = S reject", "a 2 -> = L halt", "a 3 -> = R accept"]
    task = tasks.get("turing", table=lines, tape="0123", steps=1, answer="halt")
    assert task.classes == 4
    agree(
        task,
        [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 2], [0, 3, 0, 0], [0, 0, 0, 0]],
        [[3, 3, 3, 3], [0, 3, 3, 3], [0, 0, 0, 3], [0, 0, 1, 0], [2, 2, 2, 2], [0, 0, 0, 0]],
    )


def test_a_halting_state_that_is_named_in_vain():
    task = tasks.get("turing", table=["a 0 -> = R a", "a 1 -> = S halt", "a * -> = S accept"], tape="01", answer="halt")
    assert task.classes == 3
    agree(task, [[0, 0, 0], [1, 0, 0]], [[0, 0, 0], [1, 1, 1]])


@pytest.mark.parametrize("answer", ["tape", "halt"])
@pytest.mark.parametrize("machine", ZOO)
def test_cards_of_the_zoo(machine, answer):
    if (machine, answer) == ("universal", "halt"):
        return
    task = tasks.get("turing", machine=machine, answer=answer)
    for n in range(1, 30):
        assert task.depth(n) == task.time(n) + (1 if answer == "tape" else 2) == sympy.sympify(task.card.depth).subs("n", n)
    assert (task.card.complexity == "P") == (machine in ("beaver", "beaver4", "beaver5", "universal"))


def test_card_of_a_table():
    card = tasks.get("turing", table=["a * -> = R a"], tape="01", steps=7).card
    assert (card.complexity, card.depth) == ("P", "7*n + 1")


@pytest.mark.parametrize("machine", ZOO)
def test_typical_words_are_drawn_uniformly(machine):
    task = tasks.get("turing", machine=machine)
    for n in (1, 2, 5):
        drawn = Counter(map(tuple, task.sample(100 * task.space(n), n, seed(0)).tolist()))
        assert len(drawn) == task.space(n)
        assert all(45 < count < 160 for count in drawn.values())


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"machine": "universal", "answer": "halt"}, "answer=halt needs a table that goes to one of halt, accept, reject"),
        ({"table": ["a * -> = R a"], "answer": "halt"}, "answer=halt needs a table"),
        ({"answer": "state"}, "answer='state' is not allowed; allowed: tape, halt"),
        ({"table": ["a * -> = R a", "accept * -> = R a"]}, "a line for halt, accept, reject; states"),
        ({"table": ["a * -> = R stop"]}, "no state 'stop'"),
    ],
)
def test_bad_turing_machines(parameters, named):
    with pytest.raises(TaskError, match=named):
        tasks.get("turing", **parameters)


# counter machines


def word(counters: tuple[int, ...], n: int) -> list[int]:
    return [sum(2**r for r, counter in enumerate(counters) if i < counter) for i in range(n)]


def prime(a: int) -> int:
    return int(a > 1 and all(a % b for b in range(2, a)))


@pytest.mark.parametrize(
    ("machine", "rounds", "sizes", "expected"),
    [
        ("double", 8, (1, 2, 5, 12), lambda a, b, n: min(2 * a, n)),
        ("halve", 5, (1, 2, 5, 12), lambda a, b, n: a // 2),
        ("collatz", 0, (1, 2, 3, 4, 9, 20), lambda a, b, n: min(3 * a + 1 if a % 2 else a // 2, n)),
        ("gcd", 0, (1, 2, 3, 4, 9, 20, 34), lambda a, b, n: math.gcd(a, b)),
        ("multiply", 0, (1, 2, 3, 4, 9, 20), lambda a, b, n: min(a * b, n)),
        ("prime", 0, range(1, 11), lambda a, b, n: prime(a)),
        ("prime", 70, (20,), lambda a, b, n: prime(a)),
    ],
)
def test_counter_programs_compute_what_they_say_within_their_rounds(machine, rounds, sizes, expected):
    task = tasks.get("minsky", machine=machine, rounds=rounds)
    for n in sizes:
        for others in product((0, n), repeat=task.counters - 2):
            pairs = list(product(range(n + 1), range(n + 1) if machine in ("multiply", "gcd") else (0, n)))
            target = task.target(torch.tensor([word((a, b, *others), n) for a, b in pairs]))
            assert target.tolist() == [word((expected(a, b, n),), n) for a, b in pairs]


def test_multiply_gives_back_b():
    """With two more loops, a := 0 and a := b, its answer is b."""
    lines = [*LISTINGS["multiply"].lines, "dec a 10 11", "dec b 12 13", "inc a 11"]
    task = tasks.get("minsky", table=lines, rounds=40)
    agree(
        task, [word((a, b, 2, 1), 6) for a in range(3) for b in range(4)], [word((b,), 6) for a in range(3) for b in range(4)]
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["inc c 1", "dec c 2 0", "inc a 0"],
        ["dec c 1 2", "inc a 0", "dec b 3 5", "inc c 4", "inc c 2"],
        ["dec d 1 1", "dec c 2 3", "inc d 0", "inc a 4", "dec b 0 5"],
        ["inc d 1", "inc d 2", "dec d 3 3", "dec d 2 4", "inc a 5", "dec a 6 6", "inc a 0"],
    ],
)
def test_three_and_four_counters(lines):
    task = tasks.get("minsky", table=lines, rounds=2)
    assert task.counters == (4 if "d" in "".join(line[4] for line in lines) else 3)
    assert task.classes == 2
    for n in (1, 2, 3, 6):
        agree(task, task.sample(40, n, seed(n)).tolist())
    words = list(task.words(2))
    assert len(set(words)) == len(words) == task.space(2) == 3**task.counters
    every = torch.tensor(list(product(range(task.alphabet), repeat=2)))
    assert {*map(tuple, every[task._valid(every)].tolist())} == set(words)


@pytest.mark.parametrize(("machine", "counters"), [("add", 2), ("collatz", 2), ("gcd", 3), ("multiply", 4), ("prime", 4)])
def test_programs_with_their_own_rounds(machine, counters):
    task = tasks.get("minsky", machine=machine)
    own = tasks.get("minsky", machine=machine, rounds=LISTINGS[machine].rounds)
    assert task.counters == counters
    assert [task.depth(n) for n in (1, 7)] == [own.depth(n) for n in (1, 7)] == [(2 * own.rounds + 1) * n + 2 for n in (1, 7)]
    agree(task, task.sample(3, 4, seed(1)).tolist())


def test_samples_of_multiply_are_factors_whose_product_fits():
    task, n = tasks.get("minsky", machine="multiply"), 4
    tokens = task.sample(30_000, n, seed(0))
    a, b, c, d = ((tokens >> r & 1).sum(1) for r in range(4))
    pairs = Counter(zip(a.tolist(), b.tolist(), strict=True))
    fitting = [(x, y) for x, y in product(range(n + 1), repeat=2) if x * y <= n]
    assert set(pairs) == set(fitting)
    assert max(pairs.values()) - min(pairs.values()) < 0.15 * 30_000 / len(fitting) * 2
    assert task.space(n) == len(fitting) * (n + 1) ** 2
    assert all(5500 < count < 6500 for others in (c, d) for count in Counter(others.tolist()).values())


def test_bad_counter_machines():
    for lines, named in [
        (["inc e 0"], r"line 'inc e 0' is neither `inc a\|b\|c\|d next` nor `dec a\|b\|c\|d next if-zero`"),
        (["inc ab 0"], "line 'inc ab 0'"),
        (["dec c 0"], "line 'dec c 0'"),
        (["dec d 0 2"], r"line 'dec d 0 2' goes past 1, which halts; allowed: 0\.\.1"),
    ]:
        with pytest.raises(TaskError, match=named):
            tasks.get("minsky", table=lines)
    for rounds in (-1, 1001):
        with pytest.raises(TaskError, match=rf"rounds={rounds} is not allowed; allowed: 0\.\.1000"):
            tasks.get("minsky", rounds=rounds)
    with pytest.raises(TaskError, match="three counters in unary"):
        tasks.get("minsky", table=["inc c 0"]).solve([0, 4])


# tag systems


def queue(lines: list[str], deletion: int, start: str, count: int, room: int) -> str:
    productions = {line[0]: line[5:] for line in lines}
    symbols = deque(start)
    for _ in range(count):
        if len(symbols) >= deletion:
            read = [symbols.popleft() for _ in range(deletion)]
            for symbol in productions[read[0]]:
                if len(symbols) < room:
                    symbols.append(symbol)
    return "".join(symbols)


SYSTEMS = {  # productions, deletion, steps, and whether symbols are ever lost
    "collatz": (["a -> bc", "b -> a", "c -> aaa"], 2, 1, False),
    "post": (["0 -> 00", "1 -> 1101"], 3, 2, True),
    "grows": (["a -> bab", "b -> aa"], 1, 1, True),
    "grows fast": (["a -> bbaba", "b -> ab"], 3, 2, True),
    "shrinks": (["a -> b", "b ->"], 1, 1, False),
    "vanishes": (["a ->"], 2, 3, False),
    "three": (["a -> cba", "b ->", "c -> abcab"], 3, 1, True),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_tag_systems(name):
    lines, deletion, times, loses = SYSTEMS[name]
    task, letters, lost = tasks.get("tag", productions=lines, deletion=deletion, steps=times), [line[0] for line in lines], 0
    for n in range(1, 6):
        words = [[*word] for word in task.words(n)][:100]
        starts = ["".join(letters[token] for token in word[:n]) for word in words]
        ends = [queue(lines, deletion, start, times * n, 2 * n) for start in starts]
        agree(task, words, [[*map(letters.index, end)] + [len(letters)] * (2 * n - len(end)) for end in ends])
        lost += sum(queue(lines, deletion, start, times * n, 9999) != end for start, end in zip(starts, ends, strict=True))
    assert (lost > 0) == loses


def test_shipped_tag_systems():
    for machine in ("collatz", "post"):
        lines, deletion, *_ = SYSTEMS[machine]
        assert tasks.get("tag", machine=machine).system == tasks.get("tag", productions=lines, deletion=deletion).system
    assert tasks.get("tag", machine="post", deletion=1).system[1] == 3


@pytest.mark.parametrize("m", [2, 4, 6, 10, 3, 5, 9])
def test_collatz(m):
    """m tag steps lead from a^m to a^(m/2); for odd m they end one step before a^((3m + 1)/2)."""
    end = [0] * (m // 2) if m % 2 == 0 else [2] + [0] * (3 * (m - 1) // 2)
    agree(tasks.get("tag"), [[0] * m + [3] * m], [end + [3] * (2 * m - len(end))])


@pytest.mark.parametrize("m", [1, 2, 4, 8, 16])
def test_collatz_halts_at_1(m):
    agree(tasks.get("tag", steps=2), [[0] * m + [3] * m], [[0] + [3] * (2 * m - 1)])


def test_what_a_halting_system_has_deleted_comes_back():
    agree(tasks.get("tag", machine="post"), [[0, 1, 2, 2], [1, 0, 2, 2]], [[0, 1, 2, 2], [1, 0, 2, 2]])
    agree(tasks.get("tag", machine="post"), [[0, 1, 1, 2, 2, 2]], [[0, 0, 2, 2, 2, 2]])


def test_tag_words_and_formulas():
    for parameters in ({}, {"machine": "post"}, {"steps": 3}, {"productions": ["a ->", "b -> a"], "deletion": 1}):
        task = tasks.get("tag", **parameters)
        for n in range(1, 9):
            assert task.depth(n) == task.card.value(task.card.depth, n, task.parameters)
            assert task.cells(n) == 2 * n
        drawn = Counter(map(tuple, task.sample(300 * task.space(2), 2, seed(0)).tolist()))
        assert set(drawn) == set(task.words(2))
        assert all(220 < count < 380 for count in drawn.values())
    assert tasks.get("tag").depth(5) == (2 * (2 + 3 - 1) + 2) * 5
    with pytest.raises(TaskError, match="blanks"):
        tasks.get("tag").solve([0, 3, 0, 3])


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"machine": "rule 110"}, "machine='rule 110' is not allowed; allowed: collatz, post"),
        ({"deletion": 4}, r"deletion=4 is not allowed; allowed: 1\.\.3"),
        ({"steps": 0}, r"steps=0 is not allowed; allowed: 1\.\.100"),
        ({"productions": ["a bc"]}, "line 'a bc' is not `symbol -> symbols`"),
        ({"productions": ["ab -> a"]}, "line 'ab -> a' is not"),
        ({"productions": ["a -> aaaaaaaaa"]}, "at most 8 symbols"),
        ({"productions": ["a -> b"]}, "line 'a -> b' makes a symbol without a production; there are 'a'"),
        ({"productions": ["a -> a", "a -> b"]}, "one for each symbol"),
        ({"productions": [f"{c} -> a" for c in "abcdefghijklmnopqrstuvwxyz0"]}, "at most 26 symbols"),
        ({"productions": [f"{c} -> a" for c in "abcdefghi"], "deletion": 3}, "at most 8 symbols"),
        ({"productions": ["a -> b"], "halting": "c"}, "line 'a -> b' makes a symbol without a production; there are 'ac'"),
        ({"productions": ["a -> b"], "halting": "ba"}, "halting 'ba'; allowed: different symbols without productions"),
        ({"halting": "h"}, "halting='h' is not allowed without productions"),
        ({"overflow": "stop"}, "overflow='stop' is not allowed; allowed: lose, mark"),
        ({"room": 1}, r"room=1 is not allowed; allowed: 2\.\.64"),
    ],
)
def test_bad_tag_systems(parameters, named):
    with pytest.raises(TaskError, match=named) as error:
        tasks.get("tag", **parameters)
    assert "\n" not in str(error.value)


# what does not fit is marked


def counted(lines: tuple[str, ...], counters: list[int], n: int, count: int) -> tuple[int, bool]:
    """Counter a after at most `count` instructions, and whether one that held n was to be incremented."""
    k, lost = 0, False
    for _ in range(count):
        if k == len(lines):
            break
        action, name, after, *if_zero = lines[k].split()
        r = "abcd".index(name)
        if action == "inc":
            lost, counters[r], k = lost or counters[r] == n, min(counters[r] + 1, n), int(after)
        else:
            k = int(after) if counters[r] else int(if_zero[0])
            counters[r] = max(counters[r] - 1, 0)
    return counters[0], lost


@pytest.mark.parametrize("machine", ["add", "subtract", "double", "gcd"])
def test_a_counter_that_overflows_is_marked(machine):
    lines, seen = LISTINGS[machine].lines, Counter()
    lose, mark = (tasks.get("minsky", machine=machine, overflow=overflow) for overflow in ("lose", "mark"))
    for n in (1, 2, 5):
        words = mark.sample(20, n, seed(n)).tolist()
        expected = []
        for tokens in words:
            counters = [sum(t >> r & 1 for t in tokens) for r in range(lose.counters)]
            a, lost = counted(lines, counters, n, lose._turns * n)
            seen[lost] += 1
            expected.append([*word((a,), n)[:-1], 2] if lost else word((a,), n))
        agree(mark, words, expected)
        agree(lose, words)
        assert mark.depth(n) == mark.card.value(mark.card.depth, n, mark.parameters) == lose.depth(n) + 1
    assert (seen[True] > 0) == (machine in ("add", "double"))
    assert "overflow" not in lose.parameters


def test_a_stack_never_overflows():
    """A letter pushes one symbol at most, and there is a cell for every letter: n pushes, and n pops, in 2 n cells or in n."""
    lines = ["up a * -> up push A", "up b A -> down pop", "down b A -> down pop", "down end empty -> accept keep"]
    task = tasks.get("pushdown", table=[*lines, "up end A -> accept keep"])
    for n in (1, 6):
        for tokens, verdict in (([0] * n, 1), ([0] * n + [1] * n, 1), ([0] * (n + 1) + [1] * n, 0)):
            assert task.solve(tokens)[-1] == verdict
            assert task.program().answer(torch.tensor([tokens]))[0, -1] == verdict
