"""Every task: its interface, three definitions that agree on all short words, samples, worked examples, bad input."""

import re
from collections import Counter
from itertools import product
from math import comb
from pathlib import Path

import pytest
import torch
from cases import TASKS, every_task, random_words, some_words
from omegaconf import OmegaConf

import tasks
from tasks.task import IGNORE, Task, TaskError


def seed(number: int) -> tasks.Bits:
    return tasks.Bits(number)


# the interface


@every_task
def test_shapes_and_dtypes(task):
    for count, length in [(1, 1), (3, 1), (2, 7)]:
        words = task.sample(count, length, seed(0))
        target = task.target(words)
        assert words.dtype == target.dtype == torch.long
        assert words.shape == target.shape == (count, task.cells(length))
        answer = task.solve(words[0].tolist())
        assert isinstance(answer, list)
        assert all(type(symbol) is int for symbol in answer)
        assert len(answer) == task.cells(length)
        scored = target[target != IGNORE]
        assert ((scored >= 0) & (scored < task.classes)).all()
        assert isinstance(task.depth(length), int)
        assert task.depth(length) >= 1


@every_task
def test_target_leaves_the_words_alone(task):
    words = task.sample(4, 5, seed(3))
    copy = words.clone()
    task.target(words)
    assert torch.equal(words, copy)


@pytest.mark.parametrize("name", [name for name in tasks.names() if tasks.find(name).scorings == ("every", "last")])
def test_only_the_last_cell_is_scored_if_so_wished(name):
    last, whole = tasks.get(name, scored="last"), tasks.get(name, scored="every")
    words = random_words(whole, 6, 5)
    target = last.target(words)
    assert (target[:, :-1] == IGNORE).all()
    assert torch.equal(target[:, -1], whole.target(words)[:, -1])
    assert [last.solve(word) for word in words.tolist()] == target.tolist()
    short = whole.sample(1, 1, seed(0))[0].tolist()
    assert last.solve(short) == whole.solve(short)


@every_task
def test_the_last_cell_is_scored_where_it_alone_may_be(task):
    assert ("last" not in task.scorings) or (task.target(random_words(task, 6, 5))[:, -1] != IGNORE).all()


@every_task
def test_program_maps_the_alphabet_to_the_classes(task):
    assert task.program().alphabet == task.alphabet
    assert task.program().output.size == task.classes
    assert task.program() is task.program()


@every_task
def test_tasks_are_values(task):
    twin = tasks.get(task.name, **task.parameters)
    assert twin == task
    assert twin.label == task.label
    assert torch.equal(twin.sample(5, 6, seed(1)), task.sample(5, 6, seed(1)))


@pytest.mark.parametrize(
    ("name", "parameters", "label"),
    [
        ("counter", {}, "counter"),
        ("counter", {"modulus": 3}, "counter"),
        ("counter", {"modulus": 5}, "counter(modulus=5)"),
        ("parity", {"scored": "last"}, "parity(scored=last)"),
        ("cellular", {"rule": 90, "steps": 2}, "cellular(rule=90, steps=2)"),
        ("turing", {"machine": "beaver"}, "turing(machine=beaver)"),
    ],
)
def test_label(name, parameters, label):
    assert tasks.get(name, **parameters).label == label


def test_names():
    shipped = {"addition", "automaton", "cellular", "counter", "minsky", "parity", "turing"}
    assert shipped <= set(tasks.names())
    assert not {"task", "program", "discover", "polynomial", "tableau"} & set(tasks.names())
    assert tasks.names() == sorted(tasks.names())
    assert all(tasks.get(name).name == name for name in tasks.names())


CONF = Path(__file__).parents[2] / "conf" / "task"


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_preset_is_a_choice_and_repeats_no_default(path):
    """`defaults` names the task; what follows differs from what it would be without."""
    stated = dict(OmegaConf.to_container(OmegaConf.load(path)))
    name, own = stated.pop("defaults")
    assert own == "_self_"
    assert tasks.get(name, **stated).sample(1, 3, seed(0)).numel()
    usual = tasks.get(name).parameters
    assert stated
    assert all(usual[parameter] != value for parameter, value in stated.items())


@every_task
def test_the_docstring_says_what_is_drawn_and_shows_an_example(task):
    assert ">>> " in type(task).__doc__
    assert re.search(r"[Ss]ample|drawn", type(task).__doc__) or type(task)._sample is Task._sample


# three definitions agree


@every_task
def test_solve_target_and_program_agree_on_all_short_words(task):
    for length in range(1, 9):
        words = some_words(task, length, 5000 if task.depth(8) < 50 else 300 if task.depth(8) < 200 else 60)
        target = task.target(words)
        assert [task.solve(word) for word in words.tolist()] == target.tolist()
        work = task.depth(length) * len(task.program().rules) * task.cells(length)  # of a word; `make exhaustive` takes all
        few = target[-max(4, 500_000 // work) :]
        assert torch.equal(task.program().answer(words[-len(few) :])[few != IGNORE], few[few != IGNORE])


def test_all_65536_additions_of_8_bits():
    task = TASKS["addition"]
    words = torch.tensor(list(task.words(8)))
    powers = 2 ** torch.arange(8)
    total = ((words & 1) * powers).sum(1) + ((words >> 1) * powers).sum(1)
    assert len(words) == 4**8
    assert torch.equal((task.target(words) * powers).sum(1), total % 256)
    assert torch.equal(task.program().answer(words), task.target(words))


@every_task
def test_one_task_object_serves_all_lengths_in_any_order(task):
    for length in (4, 1, 6):
        words = random_words(task, 3, length)
        fresh = tasks.get(task.name, **task.parameters)
        assert torch.equal(task.target(words), fresh.target(words))
        assert torch.equal(task.program().answer(words), fresh.program().answer(words))
        assert task.solve(words[0].tolist()) == fresh.solve(words[0].tolist())


# samples


@every_task
def test_samples_are_inputs_and_reproducible(task):
    words = task.sample(200, 4, seed(5))
    assert torch.equal(words, task.sample(200, 4, seed(5)))
    if task.alphabet**4 <= 300_000:
        assert {*map(tuple, words.tolist())} <= set(task.words(4))
    generator = seed(5)
    first, second = task.sample(50, 12, generator), task.sample(50, 12, generator)
    assert torch.equal(first, task.sample(50, 12, seed(5)))
    assert not torch.equal(first, second) or task.space(12) == 1
    assert not torch.equal(first, task.sample(50, 12, seed(6)))


@every_task
def test_samples_ignore_the_global_generator(task):
    torch.manual_seed(0)
    words = task.sample(20, 6, seed(9))
    torch.manual_seed(1)
    assert torch.equal(words, task.sample(20, 6, seed(9)))


@every_task
def test_only_words_are_drawn_and_evenly_if_the_task_does_not_say_otherwise(task):
    for length in (1, 2, 3):
        space = task.space(length)
        drawn = Counter(map(tuple, task.sample(min(100 * space, 20_000), length, seed(2)).tolist()))
        if task.alphabet**length <= 20_000:
            assert set(drawn) <= set(task.words(length))
        if task.uniform and space <= 200:
            assert len(drawn) == space
            assert max(drawn.values()) < 160  # 100 on average, six deviations of 10
            assert min(drawn.values()) > 40


@every_task
def test_space_is_the_number_of_words(task):
    for length in (1, 2, 3, 4):
        if task.uniform and task.space(length) <= 300_000:
            assert task.space(length) == len(set(task.words(length))) == len(list(task.words(length)))


@every_task
def test_words_are_what_is_valid(task):
    for length in range(1, 6):
        if task._letters**length <= 20_000 and task.cells(length) >= length:
            words = torch.tensor(list(product(range(task._letters), repeat=length)))
            assert {*map(tuple, words[task._valid(words)].tolist())} == set(task._words(length))


@pytest.mark.parametrize(
    ("name", "length", "pattern"),
    [
        ("turing", 5, "wwww_"),
        ("turing", 1, "_"),
        ("palindrome", 4, "www_"),
        ("copier", 1, "w"),
        ("copier", 2, "w#"),
        ("copier", 4, "w#__"),
        ("copier", 5, "ww#__"),
        ("beaver", 4, "wwww"),
    ],
)
def test_typical_turing_words(name, length, pattern):
    task = TASKS[name]
    drawn = {text(task, word) for word in task.sample(300, length, seed(0)).tolist()}
    letters = pattern.count("w")
    expected = {"".join(w) + pattern[letters:] for w in product("01", repeat=letters)}
    assert drawn == expected
    assert task.space(length) == 2**letters


def test_minsky_words_are_all_pairs_of_counters():
    words = list(TASKS["minsky"].words(3))
    pairs = [(sum(t & 1 for t in word), sum(t >> 1 for t in word)) for word in words]
    assert sorted(pairs) == list(product(range(4), repeat=2))
    assert (3, 1, 0) in words  # a = 2, b = 1
    samples = TASKS["minsky"].sample(4000, 9, seed(0))
    assert abs((samples & 1).sum(1).float().mean() - 4.5) < 0.2
    assert abs((samples >> 1).sum(1).float().mean() - 4.5) < 0.2


def test_automaton_drawn_from_its_seed():
    tables = [tasks.get("automaton", states=6, letters=3, seed=seed).transitions for seed in (0, 0, 1)]
    assert tables[0] == tables[1] != tables[2]
    assert [len(tables[0])] + [len(row) for row in tables[0]] == [6] + [3] * 6
    entries = [to for s in range(200) for row in tasks.get("automaton", seed=s).transitions for to in row]
    assert all(320 < count < 480 for count in Counter(entries).values())  # 400 each
    assert len(Counter(entries)) == 5


# worked examples

EXAMPLES = [
    ("parity", [1, 0, 1, 1], [1, 1, 0, 1]),
    ("parity", [0, 0, 0], [0, 0, 0]),
    ("last parity", [1, 0, 1, 1], [IGNORE, IGNORE, IGNORE, 1]),
    ("counter", [1, 1, 0, 1, 1], [1, 2, 2, 0, 1]),
    ("counter 2", [1, 1, 1], [1, 0, 1]),
    ("counter 5", [1, 1, 1, 1, 1, 1], [1, 2, 3, 4, 0, 1]),
    ("addition", [3, 1, 0], [0, 0, 1]),  # 3 + 1 = 4
    ("addition", [1, 1, 2, 0], [1, 1, 1, 0]),  # 3 + 4 = 7
    ("addition", [3, 3, 3], [0, 1, 1]),  # 7 + 7 = 14 = 6 modulo 8
    ("automaton 10", [0, 1, 1, 0, 1], [0, 1, 1, 2, 2]),
    ("automaton 10", [0, 0], [0, 0]),
    ("cellular", [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]),  # 1, 11, 111, 1101, 11111
    ("rule 30", [0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0, 1]),  # 1, 111, 11001, 1101111, 110010001
    ("rule 90", [0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]),
    ("rule 184", [1, 1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1, 0]),  # the jam dissolves: 1101, 10101, 010101
    ("rule 184", [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]),  # cars leave at the right end
    ("turing", [1, 1, 0, 2], [0, 0, 1, 2]),  # 3 + 1 = 4
    ("turing", [1, 1, 2], [0, 0, 1]),  # overflow
    ("turing", [2, 1], [1, 1]),
    ("flipper", [0, 0, 0, 2], [1, 0, 1, 2]),
    ("minsky", [3, 1, 0, 0], [1, 1, 1, 0]),  # 2 + 1 = 3
    ("subtract", [3, 1, 1, 0], [1, 1, 0, 0]),  # 3 - 1 = 2
    ("subtract", [3, 2], [0, 0]),  # 1 - 2: 0
]


@pytest.mark.parametrize(("name", "word", "answer"), EXAMPLES)
def test_example(name, word, answer):
    task = TASKS[name]
    assert task.solve(word) == answer
    assert task.target(torch.tensor([word])).tolist() == [answer]
    computed = task.program().answer(torch.tensor([word]))[0].tolist()
    assert [a for a, b in zip(computed, answer, strict=True) if b != IGNORE] == [b for b in answer if b != IGNORE]


def test_rule_90_is_the_triangle_of_pascal_modulo_2():
    n = 31
    seed_word = [int(i == n // 2) for i in range(n)]
    for steps in range(1, n // 2 + 1):
        triangle = [
            comb(steps, (i - n // 2 + steps) // 2) % 2 if abs(i - n // 2) <= steps and (i - n // 2 + steps) % 2 == 0 else 0
            for i in range(n)
        ]
        assert tasks.get("cellular", rule=90, steps=steps).solve(seed_word) == triangle


@pytest.mark.parametrize("rule", [0, 30, 54, 90, 110, 184, 255])
def test_one_step_by_wolframs_table(rule):
    bits = f"{rule:08b}"  # for 111, 110, ..., 000
    for word in product("01", repeat=5):
        padded = "0" + "".join(word) + "0"
        after = [int(bits[7 - int(padded[i : i + 3], 2)]) for i in range(5)]
        assert tasks.get("cellular", rule=rule, steps=1).solve([int(symbol) for symbol in word]) == after


def text(task: Task, word: list[int]) -> str:
    symbols = {"turing": "01_", "palindrome": "01_YN", "copier": "01#_ab", "beaver": "01"}
    name = next(name for name in symbols if TASKS[name] == task)
    return "".join(symbols[name][token] for token in word)


def run(name: str, word: str) -> str:
    """The tape, as text, of a shipped machine."""
    alphabet = {"turing": "01_", "palindrome": "01_YN", "copier": "01#_ab", "beaver": "01"}[name]
    return text(TASKS[name], TASKS[name].solve([alphabet.index(symbol) for symbol in word]))


@pytest.mark.parametrize("length", range(1, 9))
def test_palindrome_verdict(length):
    for bits in product("01", repeat=length):
        word = "".join(bits)
        tape = run("palindrome", word + "_")
        assert tape.count("Y") + tape.count("N") == 1  # halted
        assert ("Y" in tape) == (word == word[::-1])


@pytest.mark.parametrize("length", range(1, 7))
def test_copier_copies(length):
    for bits in product("01", repeat=length):
        word = "".join(bits)
        assert run("copier", word + "#" + "_" * length) == f"{word}#{word}"
        assert run("copier", word + "#" + "_" * (length + 1)) == f"{word}#{word}_"


@pytest.mark.parametrize("length", range(1, 9))
def test_increment_adds_1(length):
    for number in range(2**length):
        tape = run("turing", f"{number:0{length}b}"[::-1] + "_")
        assert int(tape.replace("_", "0")[::-1], 2) == number + 1


def test_beaver_leaves_6_ones_after_14_steps():
    """Lin and Rado's record; five further states bring the head to the middle of the tape."""
    walk = [f"w{k} * -> = R w{k + 1}" for k in range(4)] + ["w4 * -> = R A"]
    beaver = ["A 0 -> 1 R B", "A 1 -> 1 R halt", "B 0 -> 0 R C", "B 1 -> 1 R B", "C 0 -> 1 L C", "C 1 -> 1 L A"]
    task = tasks.get("turing", table=walk + beaver, tape="01", steps=2)
    assert sum(task.solve([0] * 12)) == 6
    assert torch.equal(task.program().answer(torch.zeros(1, 12).long()), task.target(torch.zeros(1, 12).long()))
    shipped = tasks.get("turing", table=beaver, tape="01", steps=3)
    words = random_words(shipped, 20, 9)
    assert torch.equal(shipped.target(words), TASKS["beaver"].target(words))


def solved(task: Task, word: list[int]) -> list[int]:
    """The answer that all three definitions give."""
    words, answer = torch.tensor([word]), task.solve(word)
    assert task.target(words).tolist() == task.program().answer(words).tolist() == [answer]
    return answer


def test_turing_table_with_defaults_and_the_ends_of_the_tape():
    """`*` yields to a line of its own, `=` leaves a symbol; a move past an end stays there."""
    task = tasks.get("turing", table=["a 1 -> 0 S halt", "a * -> = R a"], tape="012", steps=2)
    assert solved(task, [0, 2, 1, 1]) == [0, 2, 0, 1]
    assert solved(task, [0, 2]) == [0, 2]
    left = tasks.get("turing", table=["a * -> 1 L b", "b 1 -> 2 R c", "b * -> = S halt", "c * -> 2 S halt"],
                     tape="012", steps=3)  # fmt: skip
    assert solved(left, [0, 0]) == [2, 2]
    right = tasks.get("turing", table=["a 0 -> 1 R a", "a * -> = S halt"], tape="01", steps=3)
    assert solved(right, [0, 0]) == [1, 1]


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("add", lambda a, b, n: min(a + b, n)),
        ("subtract", lambda a, b, n: max(a - b, 0)),
        ("double", lambda a, b, n: min(2 * a, n)),
        ("halve", lambda a, b, n: a // 2),
    ],
)
def test_minsky_arithmetic(machine, expected):
    task, n = tasks.get("minsky", machine=machine, rounds=8), 8
    for a, b in product(range(n + 1), repeat=2):
        result = task.solve([(i < a) + 2 * (i < b) for i in range(n)])
        assert result == [int(i < expected(a, b, n)) for i in range(n)]


def test_minsky_table_and_its_time():
    """T = rounds * n instructions, no more: an endless increment of a gets that far; a full counter stays."""
    endless = ["inc b 1", "inc a 0"]
    assert solved(tasks.get("minsky", table=endless, rounds=1), [0, 0, 0, 0]) == [1, 1, 0, 0]
    assert solved(tasks.get("minsky", table=endless, rounds=3), [0, 0, 0, 0]) == [1, 1, 1, 1]
    assert solved(tasks.get("minsky", table=["dec a 0 1"], rounds=1), [1, 1, 1, 0]) == [0, 0, 0, 0]
    assert solved(tasks.get("minsky", table=["dec a 1 1"], rounds=1), [1, 1, 1, 0]) == [1, 1, 0, 0]
    late = tasks.get("minsky", table=["inc b 1", "inc b 2", "inc b 3", "inc b 4", "inc a 5"], rounds=1)
    assert solved(late, [0, 0, 0, 0]) == [0, 0, 0, 0]
    overflow = tasks.get("minsky", table=["inc a 1", "inc a 2", "dec a 3 3"], rounds=1)
    assert solved(overflow, [1, 1, 1]) == [1, 1, 0]


# bad input

BAD_PARAMETERS = [
    ("no_such_task", {}, ["unknown task 'no_such_task'", "addition", "turing"]),
    ("program", {}, ["unknown task 'program'"]),
    ("counter", {"modulo": 5}, ["counter", "unknown parameter 'modulo'", "scored, modulus"]),
    ("counter", {"modulus": "x"}, ["counter", "modulus", "'x'", "Integer"]),
    ("counter", {"modulus": 2.5}, ["counter", "modulus", "2.5", "Integer"]),
    ("counter", {"modulus": None}, ["counter", "modulus", "None", "int"]),
    ("counter", {"modulus": 1}, ["counter", "modulus=1", "2..1024"]),
    ("parity", {"scored": "first"}, ["parity", "scored='first'", "every, last"]),
    ("cellular", {"rule": 256}, ["cellular", "rule=256", "0..255"]),
    ("cellular", {"rule": -1}, ["cellular", "rule=-1", "0..255"]),
    ("cellular", {"steps": 0}, ["cellular", "steps=0", "1.."]),
    ("automaton", {"states": 0}, ["automaton", "states=0", "1..256"]),
    ("automaton", {"letters": 0}, ["automaton", "letters=0", "1..256"]),
    ("automaton", {"table": "x"}, ["automaton", "table"]),
    ("automaton", {"table": [[]]}, ["automaton", "state 0 has 0 transitions"]),
    ("automaton", {"table": [[0, 1], [0]]}, ["automaton", "state 1 has 1 transitions", "2 symbols"]),
    ("automaton", {"table": [[0, 1], [0, 2]]}, ["automaton", "state 1 goes to 2 on 1", "0..1"]),
    ("automaton", {"table": [[0, -1]]}, ["automaton", "state 0 goes to -1 on 1", "0..0"]),
    ("turing", {"machine": "enigma"}, ["turing", "machine='enigma'", "increment, palindrome, copier, beaver"]),
    ("turing", {"steps": 0}, ["turing", "steps=0", "1..1000"]),
    ("turing", {"table": ["a 0 -> 1 R a"], "tape": "01"}, ["turing", "missing transition", "'a' on symbol '1'"]),
    (
        "turing",
        {"table": ["a 0 1 R a"], "tape": "01"},
        ["turing", "line 'a 0 1 R a'", "state read -> write L|S|R state"],
    ),
    ("turing", {"table": ["a * -> 1 X a"], "tape": "01"}, ["turing", "line 'a * -> 1 X a'", "L|S|R"]),
    ("turing", {"table": ["a 2 -> 1 R a"], "tape": "01"}, ["turing", "line 'a 2 -> 1 R a'", "'01'"]),
    ("turing", {"table": ["a * -> 2 R a"], "tape": "01"}, ["turing", "writes '2'", "'01'", "="]),
    ("turing", {"table": ["a * -> = R b"], "tape": "01"}, ["turing", "no state 'b'", "['a']"]),
    ("turing", {"table": ["a * -> = R a", "halt * -> = R a"], "tape": "01"}, ["turing", "line for halt"]),
    ("turing", {"table": ["a 0 -> 1 R a", "a 0 -> 0 R a", "a * -> = R a"], "tape": "01"}, ["two lines", "'a'", "'0'"]),
    ("turing", {"table": ["a * -> 0 R a", "a * -> 1 L a"], "tape": "01"}, ["turing", "two lines", "'a'"]),
    ("turing", {"table": ["a * -> = R a"], "tape": "00"}, ["turing", "tape '00'", "different symbols"]),
    ("turing", {"table": ["a * -> = R a"], "tape": "0*"}, ["turing", "tape '0*'"]),
    ("minsky", {"machine": "divide"}, ["minsky", "machine='divide'", "add, subtract, double, halve"]),
    ("minsky", {"rounds": -1}, ["minsky", "rounds=-1", "0..1000"]),
    ("minsky", {"table": ["inc e 0"]}, ["minsky", "line 'inc e 0'", "`inc a|b|c|d next`", "`dec a|b|c|d next if-zero`"]),
    ("minsky", {"table": ["dec a 0"]}, ["minsky", "line 'dec a 0'"]),
    ("minsky", {"table": ["inc a -1"]}, ["minsky", "line 'inc a -1'"]),
    ("minsky", {"table": ["inc a ²"]}, ["minsky", "line 'inc a ²'"]),
    ("minsky", {"table": ["inc a 1", "inc a 3"]}, ["minsky", "line 'inc a 3'", "0..2"]),
    ("minsky", {"table": ["dec a 0 2"]}, ["minsky", "line 'dec a 0 2'", "0..1"]),
]


@pytest.mark.parametrize(("name", "parameters", "named"), BAD_PARAMETERS)
def test_bad_parameters(name, parameters, named):
    with pytest.raises(TaskError) as error:
        tasks.get(name, **parameters)
    assert_one_line(error.value, named)


def assert_one_line(error: Exception, named: list[str]) -> None:
    assert "\n" not in str(error)
    assert all(part in str(error) for part in named), str(error)


@every_task
def test_bad_lengths_and_counts(task):
    empty = torch.zeros(2, 0).long()
    samples = [lambda: task.sample(1, 0, seed(0)), lambda: task.sample(0, 3, seed(0))]
    words = [lambda: task.solve([]), lambda: task.target(empty)]
    for call in (*samples, *words, lambda: task.depth(0), lambda: task.depth(-1)):
        with pytest.raises(TaskError) as error:
            call()
        assert_one_line(error.value, [task.name, "at least 1"])


@every_task
@pytest.mark.parametrize("token", [-1, 1000])
def test_token_outside_of_the_alphabet(task, token):
    word = [0, token, 0]
    for call in (lambda: task.solve(word), lambda: task.target(torch.tensor([[0, 0, 0], word]))):
        with pytest.raises(TaskError) as error:
            call()
        assert_one_line(error.value, [task.name, f"token {token}", f"0..{task.alphabet - 1}"])


@every_task
def test_first_token_outside_of_the_alphabet(task):
    with pytest.raises(TaskError, match=f"token {task.alphabet} is not in the alphabet"):
        task.solve([task.alphabet])


@pytest.mark.parametrize("words", [torch.zeros(3).long(), torch.zeros(2, 3), torch.zeros(2, 3, 1).long()])
def test_words_of_the_wrong_shape_or_dtype(words):
    with pytest.raises(TaskError, match=r"LongTensor \[batch, cells\]"):
        TASKS["parity"].target(words)


@pytest.mark.parametrize("word", [[0, 1], [3, 0, 2], [1, 2, 0], [2, 3]])
def test_minsky_word_that_is_not_unary(word):
    for call in (TASKS["minsky"].solve, lambda word: TASKS["minsky"].target(torch.tensor([[0] * len(word), word]))):
        with pytest.raises(TaskError) as error:
            call(word)
        assert_one_line(error.value, ["minsky", "two counters in unary"])


# the helper that other tests use too


def test_some_words():
    assert len({*map(tuple, some_words(TASKS["parity"], 8, 256).tolist())}) == 256
    spread = some_words(TASKS["palindrome"], 8, 300)
    assert spread.shape == (300, 8)
    assert all(len(set(column)) == 5 for column in spread.T.tolist())
