"""Tasks with a stack: expressions, equations, stack manipulation, brackets, majority, pushdown automata."""

import random
from collections import Counter
from itertools import product
from math import comb

import pytest
import torch

import tasks
from tasks.dyck import balanced
from tasks.pushdown import LANGUAGES
from tasks.task import IGNORE, Task, TaskError
from tasks.words.expressions import Expressions
from tasks.words.mixture import mixture

BRACKETS, EQUATION = "01234+-*()", "01234+-()x="


def seed(number: int) -> tasks.Bits:
    return tasks.Bits(number)


def encode(symbols: str, text: str) -> list[int]:
    return [symbols.index(symbol) for symbol in text]


def decode(symbols: str, word) -> str:
    return "".join(symbols[token] for token in word)


def every(task: Task, length: int) -> torch.Tensor:
    return torch.tensor(list(task.words(length)))


def answers(task: Task, words: torch.Tensor) -> list[list[int]]:
    """The answers of target, after comparing with solve and with the program where it is scored."""
    target = task.target(words)
    assert [task.solve(word) for word in words.tolist()] == target.tolist()
    computed = task.program().answer(words, task.depth(task_length(task, words)))
    assert torch.equal(computed[target != IGNORE], target[target != IGNORE])
    return target.tolist()


def task_length(task: Task, words: torch.Tensor) -> int:
    return next(n for n in range(1, words.shape[1] + 1) if task.cells(n) == words.shape[1])


def last(task: Task, words) -> list[int]:
    """The answers at the last cell; nothing else is scored."""
    rows = answers(task, torch.as_tensor(words))
    assert all(answer == IGNORE for row in rows for answer in row[:-1])
    return [row[-1] for row in rows]


def even(counts: Counter, values: int, total: int) -> bool:
    """Whether all values occur, each within 5 standard deviations of the same number of times."""
    expected = total / values
    return len(counts) == values and all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())


# expressions modulo 5

arithmetic, equation = tasks.get("modular_arithmetic_brackets"), tasks.get("solve_equation")


@pytest.mark.parametrize("length", range(1, 7))
def test_value_of_all_expressions(length):
    words = every(arithmetic, length)
    assert last(arithmetic, words) == [eval(decode(BRACKETS, word)) % 5 for word in words.tolist()]


def test_value_of_long_expressions():
    words = arithmetic.sample(8, 33, seed(1))
    assert last(arithmetic, words) == [eval(decode(BRACKETS, word)) % 5 for word in words.tolist()]


@pytest.mark.parametrize("inner", ["(-4)", "4"])
@pytest.mark.parametrize("outer", ["({}-(-3))", "((-3)-{})", "(2*{})", "({}--1)", "(-1*{})"])
def test_deep_expressions_in_time(outer, inner):
    text = inner
    for _ in range(4):
        text = outer.format(text)
    assert last(arithmetic, [encode(BRACKETS, text)]) == [eval(text) % 5]
    if "*" not in text:
        text = text.replace("4", "x")
        left = eval(text.replace("x", "2"))
        assert last(equation, [encode(EQUATION, f"{text}={left % 5}")]) == [2]


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("-3", 2), ("(3)", 3), ("(-0)", 0), ("(4*(2-3))", 1), ("(1--1)", 2), ("(2*-4)", 2), ("((-3)*(3+3))", 2)],
)
def test_expression(text, value):
    assert last(arithmetic, [encode(BRACKETS, text)]) == [value]


WRONG = "- +1 --1 12 1+2 () (1 1) ((1)) (1+2 (1+2)) (1+2+3) (1+) (+1) (1)+2 (--1) -(1) -(1+2) (1-(2) ((1+2)) )1( (1+2)( "
WRONG += "(1(+2) (1--) ((1+2)+3)) (1---2) (1+-(2)) (1+2+ 1+(2) (-(1)) (+) (1)1 (1)(2)"


@pytest.mark.parametrize("text", WRONG.split())
def test_no_expression(text):
    for task, word in ((arithmetic, encode(BRACKETS, text)), (equation, encode(EQUATION, text.replace("1", "x", 1) + "=0"))):
        with pytest.raises(TaskError, match="is not an input"):
            task.solve(word)


@pytest.mark.parametrize("operators", [2, 3])
def test_the_grammar_is_unambiguous_and_counted(operators):
    expressions = Expressions(operators)
    for length in range(1, 9):
        words = list(expressions.words(length))
        assert len(set(words)) == len(words) == expressions.count(length)
        assert sum(token < 5 for word in words for token in word) == expressions.digits(length)
    assert [expressions.count(n) for n in range(1, 8)] == [5] * 4 + [25 * operators, 50 * operators, 75 * operators]


def test_exactly_the_expressions_are_inputs():
    """All words of five symbols: (d op d) is what there is."""
    words = torch.cartesian_prod(*[torch.arange(10)] * 5)
    shape = (words[:, 0] == 8) & (words[:, 1] < 5) & (words[:, 2] // 5 == 1) & (words[:, 2] < 8) & (words[:, 3] < 5)
    assert torch.equal(arithmetic._valid(words), shape & (words[:, 4] == 9))


def test_distribution_of_expressions():
    words = arithmetic.sample(8000, 9, seed(0))
    texts = [decode(BRACKETS, word) for word in words.tolist()]
    left = Counter(next(n for n in range(1, 6) if balance(text[1 : n + 1]) == 0 and text[n] not in "-") for text in texts)
    assert even(left, 5, 8000)
    assert even(Counter(token for word in words.tolist() for token in word if token < 5), 5, int((words < 5).sum()))
    short = Counter(map(tuple, arithmetic.sample(9000, 7, seed(0)).tolist()))
    assert even(short, 225, 9000)


def balance(text: str) -> int:
    return text.count("(") - text.count(")")


@pytest.mark.parametrize("length", range(3, 8))
def test_solution_of_all_equations(length):
    words = list(equation.words(length))
    assert len(set(words)) == len(words) == equation.space(length)
    solutions = []
    for word in words:
        left, right = decode(EQUATION, word).split("=")
        (x,) = [x for x in range(5) if eval(left.replace("x", str(x))) % 5 == int(right)]
        solutions.append(x)
    assert last(equation, words) == solutions


def test_distribution_of_equations():
    words = equation.sample(12000, 11, seed(0)).tolist()
    texts = [decode(EQUATION, word) for word in words]
    assert {len(text.split("=")[0]) for text in texts} == {9}
    places = Counter()
    for text in texts:  # three digits or x: which of them is x?
        operands = [symbol for symbol in text.split("=")[0] if symbol in "01234x"]
        if len(operands) == 3:
            places[operands.index("x")] += 1
    assert even(places, 3, places.total())
    assert even(Counter(row[-1] for row in equation.target(torch.tensor(words)).tolist()), 5, 12000)


def test_short_equations():
    for length in (1, 2):
        assert list(equation.words(length)) == [(0,) * length]
        assert equation.space(length) == 1
        assert equation.sample(3, length, seed(0)).tolist() == [[0] * length] * 3
        assert last(equation, [[0] * length]) == [0]
        with pytest.raises(TaskError, match="is not an input"):
            equation.solve([0] * (length - 1) + [9])


@pytest.mark.parametrize(
    "text", ["(x+x)=1", "(1+2)=3", "(x+1)=x", "x=", "=x", "x3=", "x=3=", "(x=1)", "x=-1", "(x=3)=1", "1=x"]
)
def test_no_equation(text):
    with pytest.raises(TaskError, match="is not an input"):
        equation.solve(encode(EQUATION, text))


# stack manipulation

manipulation = tasks.get("stack_manipulation")


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ([0, 1, 1, 0, 4, 2, 2], [1, 1, 0, 2, 0, 0, 0, 0]),  # the examples of the paper's code
        ([1, 1, 0, 2, 2, 2], [2, 0, 0, 0, 0, 0, 0]),
        ([1], [1, 2]),
        ([0, 2], [2, 0, 0]),
        ([0, 2, 2, 4], [1, 2, 0, 0, 0]),
        ([0, 1], [1, 0, 2]),
        ([1, 3, 4, 2, 3], [0, 0, 1, 2, 0, 0]),
    ],
)
def test_manipulated_stack(word, answer):
    assert manipulation.solve(word) == answer
    assert answers(manipulation, torch.tensor([[*word, 5]])) == [answer]


@pytest.mark.parametrize("length", range(1, 6))
def test_all_manipulations(length):
    words = every(manipulation, length)
    assert len(words) == sum(2**k * 3 ** (length - k) for k in range(1, length + 1))
    for word, answer in zip(words.tolist(), answers(manipulation, words), strict=True):
        stack = ""
        for token in word[:-1]:
            stack = stack[1:] if token == 2 else str({3: 0, 4: 1}.get(token, token)) + stack
        assert "".join(map(str, answer)) == (stack + "2").ljust(length + 1, "0")


def test_long_manipulations():
    words = torch.tensor([[1] * 20 + [5], [1] + [3] * 19 + [5], [1] * 10 + [2] * 10 + [5], [0, 2, 4] * 6 + [2, 4, 5]])
    words[3, 3:-1] = torch.tensor([2, 4, 2, 2, 2, 3, 4, 2, 4, 4, 4, 2, 3, 2, 2, 4, 4])
    answers(manipulation, words)
    answers(manipulation, manipulation.sample(10, 30, seed(0)))


def test_sampled_manipulations():
    words = manipulation.sample(6000, 7, seed(0))
    assert even(Counter((words[:, :-1] < 2).sum(1).tolist()), 6, 6000)
    drawn = set(map(tuple, manipulation.sample(6000, 4, seed(0)).tolist()))
    assert drawn == {word for word in manipulation.words(4) if word[3] > 1}
    assert len(drawn) == manipulation.space(4)
    assert manipulation.space(1) == len(set(map(tuple, manipulation.sample(50, 1, seed(0)).tolist()))) == 2


@pytest.mark.parametrize("word", [[2, 1], [2], [0, 2, 1], [0, 3, 0, 2], [4]])
def test_no_manipulation(word):
    with pytest.raises(TaskError, match="is not an input"):
        manipulation.solve(word)


# brackets


def reduces(word: list[int]) -> bool:
    """Whether nothing is left when neighbouring pairs go."""
    text = "".join("()[]{}<>"[token] for token in word)
    while text != (text := text.replace("()", "").replace("[]", "").replace("{}", "").replace("<>", "")):
        pass
    return not text


@pytest.mark.parametrize(("kinds", "longest"), [(1, 8), (2, 5), (3, 3), (4, 2)])
def test_all_words_of_brackets(kinds, longest):
    task = tasks.get("dyck", kinds=kinds)
    for length in range(1, longest + 1):
        words = every(task, length)
        found = last(task, words)
        assert found == [int(reduces(word)) for word in words.tolist()]
        half = length // 2
        assert sum(found) == (0 if length % 2 else comb(2 * half, half) // (half + 1) * kinds**half)


def test_long_words_of_brackets():
    task = tasks.get("dyck", kinds=2)
    words = [*task.sample(12, 40, seed(0)).tolist(), [0, 2] * 20, [0, 2] * 10 + [3, 1] * 10, [0, 2] * 10 + [1, 3] * 10]
    assert last(task, words) == [int(reduces(word)) for word in words]


@pytest.mark.parametrize(("length", "kinds", "words"), [(8, 1, 14), (4, 2, 8), (2, 4, 4), (6, 1, 5)])
def test_balanced_words_are_uniform(length, kinds, words):
    drawn = balanced(4000, length, kinds, seed(0))
    assert all(reduces(word) for word in drawn.unique(dim=0).tolist())
    assert even(Counter(map(tuple, drawn.tolist())), words, 4000)


def test_mixture_keeps_half_and_spoils_the_rest():
    members = torch.ones(16000, 3, dtype=torch.long)
    counts = Counter(map(tuple, mixture(members, 3, seed(0)).tolist()))
    assert len(counts) == 27
    for word, count in counts.items():
        near = {3: 1 / 2, 2: 1 / 4 / 6}.get(word.count(1), 0)  # six words differ at one place
        expected = 16000 * (near + 1 / 4 / 27)
        assert abs(count - expected) < 5 * expected**0.5


def test_brackets_drawn():
    task = tasks.get("dyck")
    assert abs(task.target(task.sample(8000, 2, seed(0)))[:, -1].float().mean() - 9 / 16) < 0.03  # 1/2 + 1/4 * 1/4
    assert 0.47 < task.target(task.sample(8000, 30, seed(0)))[:, -1].float().mean() < 0.53
    assert len(set(map(tuple, task.sample(4000, 5, seed(0)).tolist()))) == task.space(5) == 32
    cut = task.sample(4000, 7, seed(0))
    assert sum(reduces([*word, 1]) for word in cut.tolist()) > 2000


@pytest.mark.parametrize("kinds", [0, 5, -1])
def test_kinds(kinds):
    with pytest.raises(TaskError, match=rf"dyck: kinds={kinds} is not allowed; allowed: 1..4"):
        tasks.get("dyck", kinds=kinds)


def test_greatest_depth():
    task = tasks.get("bracket_depth")
    for length in range(1, 9):
        for word, answer in zip(product((0, 1), repeat=length), answers(task, every(task, length)), strict=True):
            greatest = depth = 0
            for bracket in word:
                depth = depth + 1 if bracket == 0 else max(depth - 1, 0)
                greatest = max(greatest, depth)
            assert answer == [1] * greatest + [0] * (length - greatest)
    n = 24
    words = [[0] * n, [1] * n, [0, 1] * (n // 2), [1] * (n // 2) + [0] * (n // 2), [0, 0, 1] * (n // 3)]
    assert [sum(answer) for answer in answers(task, torch.tensor(words))] == [n, 0, 1, n // 2, n // 3 + 1]


# majority


def test_majority():
    task = tasks.get("majority")
    for length in range(1, 9):
        found = last(task, every(task, length))
        assert sum(found) == sum(comb(length, ones) for ones in range(length // 2 + 1, length + 1))
        assert all(answer == (sum(word) * 2 > length) for word, answer in zip(task.words(length), found, strict=True))
    n = 30
    words = [[1] * n, [0] * n, [0] * (n // 2) + [1] * (n // 2), [1] * (n // 2 + 1) + [0] * (n // 2 - 1), [1, 0] * (n // 2)]
    assert last(task, words) == [1, 0, 0, 1, 0]


# pushdown automata


def is_term(text: str) -> bool:
    while "fxx" in text:
        text = text.replace("fxx", "x")
    return text == "x"


def is_marked_palindrome(text: str) -> bool:
    return text.count("c") == 1 and text[len(text) // 2] == "c" and text == text[::-1]


DEFINITIONS = {
    "anbn": lambda text: text == "a" * (len(text) // 2) + "b" * (len(text) // 2),
    "marked_palindrome": is_marked_palindrome,
    "sum": lambda text: "".join(sorted(text)) == text and 2 * text.count("c") == len(text),
    "polish": is_term,
}


def test_every_language_has_its_definition():
    assert set(DEFINITIONS) == set(LANGUAGES)


@pytest.mark.parametrize("machine", LANGUAGES)
def test_languages(machine):
    task, language = tasks.get("pushdown", machine=machine), LANGUAGES[machine]
    for length in range(1, 11 - 2 * len(language.letters)):
        words = every(task, length)
        texts = [decode(language.letters, word) for word in words.tolist()]
        assert last(task, words) == [int(DEFINITIONS[machine](text)) for text in texts]
    texts = [decode(language.letters, word) for word in task.sample(12, 31, seed(0)).tolist()]
    assert last(task, [encode(language.letters, text) for text in texts]) == [int(DEFINITIONS[machine](t)) for t in texts]


@pytest.mark.parametrize("machine", LANGUAGES)
def test_members(machine):
    """Random words of the language are uniform over all of it."""
    language = LANGUAGES[machine]
    for length in (2 - language.parity, 6 + language.parity):
        words = product(language.letters, repeat=length)
        expected = {"".join(word) for word in words if DEFINITIONS[machine]("".join(word))}
        drawn = language.members(3000, length, seed(0))
        assert drawn.shape == (3000, length)
        counts = Counter(decode(language.letters, word) for word in drawn.tolist())
        assert set(counts) == expected
        assert even(counts, len(expected), 3000)
    task = tasks.get("pushdown", machine=machine)
    accepted = [task.target(task.sample(2000, n, seed(0)))[:, -1].float().mean() for n in (20, 21)]
    assert accepted[1 - language.parity] == 0
    assert 0.45 < accepted[language.parity] < 0.55
    assert task.space(4) == len(set(map(tuple, task.sample(8000, 4, seed(0)).tolist()))) == task.alphabet**4


def random_table(draw: random.Random) -> list[str]:
    lines = []
    for state, read in product(("p", "q"), ("a", "b", "end")):
        for top in ("A", "B", draw.choice(("empty", "*"))):
            after = draw.choice(("accept", "reject") if read == "end" else ("p", "p", "q", "q", "q", "accept", "reject"))
            actions = ["keep", "push A", "push B", *(["pop", "pop", "swap A", "swap B"] if top in "AB" else [])]
            if draw.random() < 0.9:
                lines.append(f"{state} {read} {top} -> {after} {draw.choice(actions)}")
    return lines


@pytest.mark.parametrize("number", range(12))
def test_random_tables(number):
    """Lines read independently of the parser, and run on all words of six letters."""
    table = random_table(random.Random(number))
    task = tasks.get("pushdown", table=table, letters="ab", stack="AB")
    lines = {tuple(line.split()[:3]): line.split()[4:] for line in table}

    def accepts(word: str) -> bool:
        state, stack = table[0].split()[0], ["empty"]
        for read in (*word, "end"):
            state, action, *symbol = lines.get((state, read, stack[-1]), lines.get((state, read, "*"), ["reject", "keep"]))
            stack = [*(stack[:-1] if action in ("pop", "swap") else stack), *symbol]
            if state in ("accept", "reject"):
                break
        return state == "accept"

    words = every(task, 6)
    assert last(task, words) == [int(accepts(decode("ab", word))) for word in words.tolist()]
    assert task.space(6) == 64
    assert task.card.complexity == "P"


def test_random_tables_say_yes_and_no():
    found = [tasks.get("pushdown", table=random_table(random.Random(n)), stack="AB") for n in range(12)]
    shares = [task.target(every(task, 6))[:, -1].float().mean() for task in found]
    assert sum(0.1 < share < 0.9 for share in shares) >= 6


def test_card_of_each_language():
    classes = {machine: tasks.get("pushdown", machine=machine).card.complexity for machine in LANGUAGES}
    assert classes == {"anbn": "AC⁰", "marked_palindrome": "AC⁰", "sum": "AC⁰", "polish": "TC⁰"}


GOOD = ["s a * -> s push A", "s b A -> t pop", "t end empty -> accept keep"]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"machine": "ambn"}, ["machine='ambn'", "anbn, marked_palindrome, sum, polish"]),
        ({"table": ["s a A - > s keep"]}, ["line 's a A - > s keep'", "`state read top -> after keep|pop|push X|swap X`"]),
        ({"table": ["s a A -> s"]}, ["line 's a A -> s'"]),
        ({"table": ["s a A -> s push"]}, ["line 's a A -> s push'"]),
        ({"table": ["s a A -> s pop A"]}, ["line 's a A -> s pop A'"]),
        ({"table": ["s a A -> s drop"]}, ["line 's a A -> s drop'"]),
        ({"table": ["s c A -> s keep"]}, ["line 's c A -> s keep'", "'ab'", "end"]),
        ({"table": ["s a B -> s keep"]}, ["line 's a B -> s keep'", "'A'", "empty"]),
        ({"table": ["s a A -> s push B"]}, ["line 's a A -> s push B'", "'A'"]),
        ({"table": ["s a * -> s pop"]}, ["line 's a * -> s pop'"]),
        ({"table": ["s a empty -> s swap A"]}, ["line 's a empty -> s swap A'"]),
        ({"table": ["s a A -> t keep"]}, ["line 's a A -> t keep'", "no state 't'", "['s']"]),
        ({"table": ["s a A -> s keep", "accept a A -> s keep"]}, ["line 'accept a A -> s keep'", "final state"]),
        ({"table": ["s end A -> s keep"]}, ["line 's end A -> s keep'", "accept or reject"]),
        ({"table": ["s a A -> s keep", "s a A -> s pop"]}, ["line 's a A -> s keep'", "another line"]),
        ({"table": ["s a * -> s keep", "s a * -> s push A"]}, ["another line"]),
        ({"table": GOOD, "letters": "aa"}, ["letters 'aa'", "different symbols"]),
        ({"table": GOOD, "letters": ""}, ["letters ''"]),
        ({"table": GOOD, "letters": "a b"}, ["letters 'a b'"]),
        ({"table": GOOD, "stack": "A*"}, ["stack 'A*'"]),
        ({"scored": "every"}, ["scored='every'", "last"]),
    ],
)
def test_bad_pushdown_automata(parameters, named):
    with pytest.raises(TaskError) as error:
        tasks.get("pushdown", **parameters)
    assert "\n" not in str(error.value)
    assert all(part in str(error.value) for part in ["pushdown", *named]), str(error.value)
    assert tasks.get("pushdown", table=GOOD).solve([0, 1])[-1] == 1
