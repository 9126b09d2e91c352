"""Programs and their transforms: the validator, the discrete ODE, the polynomial ODE, the tableau; random programs."""

from itertools import pairwise, product

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

import models
import tasks
from tasks.programs import ALIVE, FIRST, INPUT, LAST, LEFT, RIGHT, Program, ProgramError, Register, Rule, symbols, when
from tasks.programs.polynomial import PolynomialODE, equations, print_equations
from tasks.programs.tableau import tableau

w, q, r = symbols(2), Register("q", 2), Register("r", 2)


def every(alphabet: int, length: int) -> torch.Tensor:
    """All words of that length."""
    return torch.tensor(list(product(range(alphabet), repeat=length)))


def program(*rules: Rule, write_once: bool = True, registers=(q, r), output=q, depth=lambda n: n) -> Program:
    return Program(2, registers, rules, output, depth, write_once)


# the validator refuses, and says which rule and why

REFUSED = {
    "unknown register read": (
        [when(Register("z", 2)(0)).write(q(0))],
        ["rule 0", "register 'z' does not exist", "q, r"],
    ),
    "unknown register written": ([when(w(0)).write(Register("z", 2)(0))], ["rule 0", "register 'z' does not exist"]),
    "unknown register cleared": ([when(w(0)).clear(Register("z", 2))], ["rule 0", "'z' cannot be written", "q, r"]),
    "value read": ([when(FIRST).write(q(0)), when(w(2)).write(r(0))], ["rule 1", "input has values 0..1, not 2"]),
    "value written": ([when(w(0)).write(q(2))], ["rule 0", "q has values 0..1, not 2"]),
    "value negative": ([when(w(0)).write(q(-1))], ["rule 0", "q has values 0..1, not -1"]),
    "offset 2": ([when(w(0, at=2)).write(q(0))], ["rule 0", "input[i+2] = 0", "neighbour +2", "-1, 0, +1"]),
    "offset -2": ([when(q(0, at=-2)).write(q(0))], ["rule 0", "neighbour -2"]),
    "writes nothing": ([when(w(0))], ["rule 0", "writes nothing"]),
    "writes the input": ([when(FIRST).write(w(1))], ["rule 0", "'input' cannot be written", "q, r"]),
    "writes alive": ([when(FIRST).write(LEFT)], ["rule 0", "'alive' cannot be written"]),
    "writes twice": ([when(w(0)).write(q(0), q(1))], ["rule 0", "writes register 'q' twice"]),
    "writes and clears": ([when(q(0)).write(q(1)).clear(q)], ["rule 0", "writes register 'q' twice"]),
    "writes a neighbour": ([when(w(0)).write(q(0, at=1))], ["rule 0", "its own cell only"]),
    "writes a negation": ([when(w(0)).write(~q(0))], ["rule 0", "writes values"]),
    "clears what it has not named": ([when(q(0, at=1)).clear(q)], ["rule 0", "clears 'q' without naming the value"]),
    "two symbols at once": ([when(w(0), w(1)).write(q(0))], ["rule 0", "contradicts itself"]),
    "is and is not": ([when(FIRST, LEFT).write(q(0))], ["rule 0", "contradicts itself"]),
    "is and is not, a value": ([when(w(1), ~w(1)).write(q(0))], ["rule 0", "contradicts itself"]),
    "a dead neighbour holds": ([when(LAST, q(0, at=1)).write(q(0))], ["rule 0", "contradicts itself"]),
    "same guard": ([when(w(0)).write(q(0)), when(w(0)).write(q(1))], ["non-deterministic", "rule 0 (", "rule 1 ("]),
    "overlapping neighbours": (
        [when(w(0)).write(q(0)), when(w(0, at=1)).write(q(1))],
        ["non-deterministic", "rule 0 (input[i] = 0", "rule 1 (input[i+1] = 0"],
    ),
    "overlapping guards": (
        [when(FIRST).write(r(0)), when(FIRST).write(q(0)), when(w(0)).write(q(1))],
        ["non-deterministic", "rule 1 (no cell i-1 → q[i] := 0)", "rule 2 (input[i] = 0 → q[i] := 1)"],
    ),
}
REFUSED_WRITE_ONCE = {
    "a second time": ([when(q(0)).write(q(1))], ["rule 0", "writes register 'q' a second time", "write-once"]),
    "clears": ([when(q(0)).clear(q)], ["rule 0", "writes register 'q' a second time"]),
    "reads negatively": ([when(~r(1, at=1)).write(q(0))], ["rule 0", "reads where 'r' is not 1"]),
    # rule 0 is silent after r := 0 only because q is no longer empty, which a monotone schedule (an ODE) cannot see
    "excluded by emptiness only": (
        [when(w(0)).write(q(0), r(0)), when(r(0)).write(q(1))],
        ["non-deterministic", "rule 0", "rule 1"],
    ),
}


@pytest.mark.parametrize("write_once", [True, False])
@pytest.mark.parametrize(("rules", "named"), REFUSED.values(), ids=REFUSED)
def test_refused(rules, named, write_once):
    if write_once and any(rule.old(name) is not None for rule in rules for name in rule.changed()):
        named = ["rule 0"]
    with pytest.raises(ProgramError) as error:
        program(*rules, write_once=write_once)
    assert "\n" not in str(error.value)
    assert all(part in str(error.value) for part in named), str(error.value)


@pytest.mark.parametrize(("rules", "named"), REFUSED_WRITE_ONCE.values(), ids=REFUSED_WRITE_ONCE)
def test_refused_only_in_a_write_once_program(rules, named):
    program(*rules, write_once=False)
    with pytest.raises(ProgramError) as error:
        program(*rules)
    assert all(part in str(error.value) for part in named), str(error.value)


@pytest.mark.parametrize(
    ("registers", "output", "named"),
    [
        ((q, q), q, "'q' is declared twice"),
        ((q, Register(INPUT, 2)), q, "'input' is declared twice"),
        ((q, Register(ALIVE, 1)), q, "'alive' is declared twice"),
        ((q,), r, "output register 'r' is not declared; declared: q"),
        ((q,), Register("q", 3), "output register 'q'"),
    ],
)
def test_declarations_refused(registers, output, named):
    with pytest.raises(ProgramError, match=named):
        program(when(w(0)).write(q(0)), registers=registers, output=output)


@pytest.mark.parametrize(
    "rules",
    [
        [when(w(0)).write(q(0)), when(w(1)).write(q(1))],
        [when(FIRST).write(q(0)), when(LEFT).write(q(1))],
        [when(LEFT).write(q(0)), when(FIRST).write(q(1))],
        [when(w(0, at=1)).write(q(0)), when(LAST).write(q(1))],
        [when(FIRST).write(q(0)), when(q(0, at=-1)).write(q(1)), when(w(0)).write(r(0))],
        [when(LAST).write(q(0)), when(w(1, at=1)).write(q(0)), when(w(0, at=1)).write(q(1))],
        [when(w(0), ~w(1, at=1)).write(q(0)), when(w(1, at=1)).write(q(0))],
    ],
)
def test_guards_that_exclude_each_other_are_accepted(rules):
    assert len(program(*rules).rules) == len(rules)


def test_a_rule_reads_as_text():
    rule = when(FIRST, w(1), ~q(0, at=1)).write(r(1))
    assert str(rule) == "no cell i-1 ∧ input[i] = 1 ∧ q[i+1] ≠ 0 → r[i] := 1"
    assert str(when(q(0)).clear(q)) == "q[i] = 0 → clear q[i]"
    assert str(Rule((), (q(0),))) == "always → q[i] := 0"


# the discrete ODE, against an interpreter that knows no tensors

Cells = list[dict[str, int | None]]


def start(program: Program, word) -> Cells:
    return [{INPUT: int(symbol)} | {register.name: None for register in program.registers} for symbol in word]


def fires(program: Program, rule: Rule, cells: Cells, i: int) -> bool:
    for g in rule.guard:
        inside = 0 <= i + g.at < len(cells)
        truth = inside if g.register == ALIVE else inside and cells[i + g.at][g.register] == g.value
        if truth != g.holds:
            return False
    return all(rule.old(name) is not None or cells[i][name] is None for name in rule.changed())


def act(rule: Rule, cell: dict[str, int | None]) -> dict[str, int | None]:
    return cell | dict.fromkeys(rule.clears) | {written.register: written.value for written in rule.writes}


def interpret(program: Program, cells: Cells) -> Cells:
    """One synchronous step, rule by rule, cell by cell."""
    after = [dict(cell) for cell in cells]
    for i, rule in product(range(len(cells)), program.rules):
        if fires(program, rule, cells, i):
            after[i] = act(rule, after[i])
    return after


def read(program: Program, x: torch.Tensor) -> Cells:
    """The state `[channels, cells]` of one word as registers; asserts that it is one-hot and alive."""
    assert (x[0] == 1).all()
    assert ((x == 0) | (x == 1)).all()
    cells: Cells = [{} for _ in range(x.shape[1])]
    for name, size in list(program.sizes.items())[1:]:
        group = x[program.first_channel[name] :][:size]
        assert (group.sum(0) <= 1).all()
        for i, column in enumerate(group.T.tolist()):
            cells[i][name] = column.index(1) if 1 in column else None
    return cells


def follows_interpreter(program: Program, words: torch.Tensor, steps: int) -> None:
    paths = torch.stack(list(program.run(words, steps)), 1)  # [batch, time, channels, cells]
    for word, path in zip(words.tolist(), paths, strict=True):
        cells = start(program, word)
        for x in path:
            assert read(program, x) == cells
            cells = interpret(program, cells)


@pytest.mark.parametrize(
    ("name", "parameters", "length"),
    [
        ("parity", {}, 4),
        ("addition", {}, 2),
        ("automaton", {"states": 3}, 3),
        ("cellular", {"rule": 30}, 4),
        ("turing", {"machine": "beaver"}, 4),
        ("turing", {"machine": "palindrome"}, 2),
        ("turing", {"machine": "increment"}, 3),
    ],
)
def test_run_follows_the_interpreter(name, parameters, length):
    task = tasks.get(name, **parameters)
    follows_interpreter(task.program(), every(task.alphabet, length), task.depth(length) + 1)


@pytest.mark.parametrize("name", ["parity", "addition", "cellular", "turing", "minsky"])
def test_run_is_the_discrete_ode(name):
    task = tasks.get(name)
    words = torch.tensor(list(task.words(4)))
    path = list(task.program().run(words))
    assert len(path) == task.depth(4) + 1
    assert torch.equal(path[0], task.program().encode(words))
    for x, y in pairwise(path):
        assert torch.equal(y - x, task.program().field(x))
    assert torch.equal(task.program().field(path[1].double()), task.program().field(path[1]).double())


def test_encode():
    x = tasks.get("parity").program().encode(torch.tensor([[1, 0]]))
    assert x.dtype == torch.int8
    assert x.tolist() == [[[1, 1], [0, 1], [1, 0], [0, 0], [0, 0]]]


WRITE_ONCE = [("parity", {}), ("addition", {}), ("counter", {"modulus": 5}), ("automaton", {})]
REWRITING = [
    *[("cellular", {"rule": rule}) for rule in (30, 110)],
    *[("turing", {"machine": machine}) for machine in ("increment", "palindrome", "copier", "beaver")],
    *[("minsky", {"machine": machine}) for machine in ("add", "subtract", "double", "halve")],
]


@pytest.mark.parametrize(("name", "parameters"), WRITE_ONCE)
def test_write_once_program_grows_to_a_fixed_point_at_depth_and_no_earlier(name, parameters):
    task = tasks.get(name, **parameters)
    assert task.program().write_once
    for length in (1, 2, 5):
        words = every(task.alphabet, length)
        path = list(task.program().run(words, task.depth(length) + 3))
        assert all((y >= x).all() for x, y in pairwise(path))
        assert all(torch.equal(x, path[-1]) for x in path[task.depth(length) :])
        assert not task.program().field(path[-1]).any()
        assert (task.program().answer(words, task.depth(length) - 1)[:, -1] == -1).all()


@pytest.mark.parametrize(("name", "parameters"), REWRITING)
def test_rewriting_program_keeps_registers_one_hot(name, parameters):
    task = tasks.get(name, **parameters)
    program = task.program()
    assert not program.write_once
    for length in (1, 2, 3, 5):
        words = torch.tensor(list(task.words(length))[:400])
        for x in program.run(words, task.depth(length) + 2):
            assert ((x == 0) | (x == 1)).all()
            assert (x[:, 1 : program.static_channels].sum(1) == 1).all()
            for register in program.registers:
                first = program.first_channel[register.name]
                assert (x[:, first : first + register.size].sum(1) <= 1).all()


@pytest.mark.parametrize(("name", "parameters"), REWRITING)
def test_rewriting_program_needs_its_depth_and_output_never_empties(name, parameters):
    task = tasks.get(name, **parameters)
    words = torch.tensor(list(task.words(3)))
    answers = [task.program().answer(words, steps) for steps in range(1, task.depth(3) + 1)]
    assert all((answer >= 0).all() for answer in answers)
    assert torch.equal(answers[-1], task.target(words))
    assert not torch.equal(answers[0], answers[-1])


# random programs

LITERALS = st.one_of(
    st.sampled_from([FIRST, LAST, LEFT, RIGHT]),
    st.builds(w, st.integers(0, 1), st.integers(-1, 1)),
    st.builds(q, st.integers(0, 1), st.integers(-1, 1)),
    st.builds(r, st.integers(0, 1), st.integers(-1, 1)),
)
SIGNED = st.builds(lambda literal, flip: ~literal if flip else literal, LITERALS, st.sampled_from([False, False, True]))
WRITES = st.one_of(
    st.builds(lambda v: (q(v),), st.integers(0, 1)),
    st.builds(lambda v: (r(v),), st.integers(0, 1)),
    st.builds(lambda u, v: (q(u), r(v)), st.integers(0, 1), st.integers(0, 1)),
)


@st.composite
def rules(draw, literals, rewrite: bool) -> Rule:
    rule = Rule(tuple(draw(st.lists(literals, min_size=1, max_size=3))), draw(WRITES))
    if rewrite and draw(st.booleans()):
        register, value = draw(st.sampled_from([q, r])), draw(st.integers(0, 1))
        rule = Rule((*rule.guard, register(value)), draw(WRITES))
        if draw(st.booleans()):
            rule = Rule(rule.guard, (), (register.name,))
    return rule


def as_many_as_valid(candidates: list[Rule], write_once: bool, depth) -> Program:
    """The program of those rules that the validator accepts beside the ones before."""
    kept: list[Rule] = []
    for rule in candidates:
        try:
            program(*kept, rule, write_once=write_once, depth=depth)
        except ProgramError:
            continue
        kept.append(rule)
    return program(*(kept or [when(FIRST).write(q(0))]), write_once=write_once, depth=depth)


CANDIDATES = st.lists(rules(SIGNED, True), min_size=8, max_size=24)
MONOTONE = st.lists(rules(LITERALS, False), min_size=6, max_size=16)
DEPTHS = st.sampled_from([lambda n: 3, lambda n: n + 1])


@settings(max_examples=20)
@given(CANDIDATES, DEPTHS)
def test_random_rewriting_program_follows_interpreter_tableau_and_network(candidates, depth):
    rewriting = as_many_as_valid(candidates, False, depth)
    unrolled = tableau(rewriting, 3)
    net = models.Net(models.get("resnet"), 2, 2, rewriting.channels, len(rewriting.rules)).eval()
    net.realise(rewriting)
    for length in (1, 2, 3):
        words = every(2, length)
        follows_interpreter(rewriting, words, 4)
        assert torch.equal(unrolled.answer(words), rewriting.answer(words))
        with torch.no_grad():
            states = list(net.states(words, 4))
        assert torch.equal(torch.stack(states), torch.stack(list(rewriting.run(words, 4))).float())


def fixed_point(program: Program, words: torch.Tensor) -> torch.Tensor:
    for x in program.run(words, 2 * words.shape[1] + 1):
        last = x
    assert not program.field(last).any()
    return last


@settings(max_examples=30)
@given(MONOTONE, st.randoms(use_true_random=False))
def test_random_write_once_program_is_the_same_under_every_schedule(candidates, random):
    once = as_many_as_valid(candidates, True, lambda n: 2 * n)
    words = every(2, 3)
    follows_interpreter(once, words, 4)
    for word, x in zip(words.tolist(), fixed_point(once, words), strict=True):
        cells = start(once, word)
        while enabled := [(i, k) for i in range(3) for k in once.rules if fires(once, k, cells, i)]:
            i, rule = random.choice(enabled)
            cells[i] = act(rule, cells[i])
        assert read(once, x) == cells


@settings(max_examples=15)
@given(MONOTONE)
def test_random_write_once_program_has_its_fixed_point_as_limit_of_the_polynomial_ode(candidates):
    once = as_many_as_valid(candidates, True, lambda n: 2 * n)
    words = every(2, 3)
    y, x = PolynomialODE(once).solve(words, 40.0), fixed_point(once, words)
    assert (y - x).abs().max() < 1e-3
    assert (y[x == 0] == 0).all()


# the polynomial ODE


def test_equations_of_parity_by_hand():
    i = sympy.Symbol("i", integer=True)
    alive, w0, w1, y0, y1 = map(sympy.IndexedBase, ["alive", "input_0", "input_1", "parity_0", "parity_1"])
    system = {
        y0[i]: (1 - alive[i - 1]) * w0[i] + y0[i - 1] * w0[i] + y1[i - 1] * w1[i] - y0[i],
        y1[i]: (1 - alive[i - 1]) * w1[i] + y1[i - 1] * w0[i] + y0[i - 1] * w1[i] - y1[i],
    }
    found = equations(tasks.get("parity").program())
    assert set(found) == set(system)
    assert all(sympy.expand(found[y] - system[y]) == 0 for y in system)


def test_equations_as_text():
    lines = print_equations(tasks.get("parity").program()).splitlines()
    assert [line.split("' = ")[0] for line in lines] == ["parity_0[i]", "parity_1[i]"]
    assert "parity_1[i - 1]*input_1[i]" in lines[0] or "input_1[i]*parity_1[i - 1]" in lines[0]


SYSTEMS = {
    "parity": lambda: tasks.get("parity").program(),
    "addition": lambda: tasks.get("addition").program(),
    "automaton": lambda: tasks.get("automaton", table=[[0, 1], [2, 1], [2, 2]]).program(),
    "two registers, right to left": lambda: program(
        when(LAST, w(0), LEFT).write(q(0)),
        when(q(0, at=1), r(1), w(1, at=-1)).write(q(1)),
        when(~w(1, at=1)).write(r(1)),
    ),
    "tableau of rule 110": lambda: tableau(tasks.get("cellular", steps=2).program(), 1),
    "tableau of increment": lambda: tableau(tasks.get("turing").program(), 2),
}


@pytest.mark.parametrize("build", SYSTEMS.values(), ids=SYSTEMS)
def test_sympy_and_torch_have_the_same_right_hand_side(build):
    """On random real states, also of alive and input; outside of the word all is 0."""
    program = build()
    y = torch.randn(3, program.channels, 5, generator=torch.Generator().manual_seed(0)).double()
    channel = {ALIVE: 0}
    for name, size in list(program.sizes.items())[1:]:
        channel |= {f"{name}_{v}": program.first_channel[name] + v for v in range(size)}
    padded = torch.nn.functional.pad(y, (1, 1)).numpy()
    i = sympy.Symbol("i", integer=True)
    expected = np.zeros(y.shape)
    for variable, rhs in equations(program).items():
        atoms = sorted(rhs.atoms(sympy.Indexed), key=str)
        names = sympy.symbols(f"v:{len(atoms)}")
        at = [int(atom.indices[0] - i) for atom in atoms]
        values = [padded[:, channel[str(atom.base.label)], 1 + o : 6 + o] for atom, o in zip(atoms, at, strict=True)]
        formula = sympy.lambdify(names, rhs.xreplace(dict(zip(atoms, names, strict=True))))
        expected[:, channel[str(variable.base.label)]] = formula(*values)
    np.testing.assert_allclose(PolynomialODE(program)(0.0, y).numpy(), expected, rtol=1e-12, atol=1e-12)
    assert expected[:, program.static_channels :].any(axis=(0, 2)).all()


@pytest.mark.parametrize("build", SYSTEMS.values(), ids=SYSTEMS)
def test_degree_is_the_largest_number_of_literals(build):
    program = build()
    degrees = []
    for rhs in equations(program).values():
        atoms = sorted(rhs.atoms(sympy.Indexed), key=str)
        polynomial = sympy.Poly(rhs, *atoms)
        assert polynomial.domain == sympy.ZZ
        degrees.append(polynomial.total_degree())
    assert max(degrees) == max(len(rule.guard) for rule in program.rules)


@pytest.mark.parametrize(("name", "parameters"), WRITE_ONCE)
def test_registers_along_a_sweep_are_gamma_distributed(name, parameters):
    task = tasks.get(name, **parameters)
    words = task.sample(4, 6, tasks.Bits(1))
    *_, final = task.program().run(words)
    for t in (0.3, 1.0, 2.5, 7.0):
        y = PolynomialODE(task.program()).solve(words, t, rtol=1e-9, atol=1e-12)
        for k in range(1, 7):
            registers = slice(task.program().static_channels, None)
            expected = final[:, registers, k - 1] * gamma.cdf(t, a=k)
            assert (y[:, registers, k - 1] - expected).abs().max() < 1e-6
            assert (y[:, registers, k - 1][expected == 0] == 0).all()
        assert torch.equal(y[:, :3], task.program().encode(words)[:, :3].double())


def test_polynomial_answer_is_empty_before_it_begins_and_right_at_the_end():
    task = tasks.get("parity")
    words, ode = every(2, 5), PolynomialODE(task.program())
    assert torch.equal(ode.answer(words), task.target(words))
    early = ode.answer(words, time=0.1)
    assert torch.equal(early[:, :3], task.target(words)[:, :3])  # P(Gamma(3, 1) <= 0.1) = 1.5e-4
    assert (early[:, 3:] == -1).all()  # P(Gamma(4, 1) <= 0.1) = 4e-6


def test_polynomial_ode_of_a_rule_without_guard():
    """y' = 1 - y."""
    constant = program(Rule((), (q(1),)))
    assert constant.answer(torch.tensor([[0, 1]])).tolist() == [[1, 1]]
    y = PolynomialODE(constant).solve(torch.tensor([[0, 1]]), 1.0)
    np.testing.assert_allclose(y[0, constant.outputs()], [[0, 0], [1 - np.exp(-1)] * 2], atol=1e-5)


@pytest.mark.parametrize("transform", [PolynomialODE, equations, print_equations])
def test_rewriting_program_has_no_polynomial_ode(transform):
    with pytest.raises(ProgramError, match="tableau"):
        transform(tasks.get("cellular").program())


# the tableau


@pytest.mark.parametrize(
    ("name", "parameters", "length"),
    [
        ("cellular", {"rule": 110}, 1),
        ("cellular", {"rule": 30, "steps": 1}, 1),
        ("cellular", {"rule": 184, "steps": 6}, 4),
        ("turing", {"machine": "increment"}, 4),
        ("turing", {"machine": "palindrome"}, 2),
        ("turing", {"machine": "copier"}, 2),
        ("turing", {"machine": "beaver"}, 4),
        ("minsky", {"machine": "add", "rounds": 2}, 2),
        ("minsky", {"machine": "subtract", "rounds": 1}, 3),
        ("minsky", {"machine": "halve", "rounds": 1}, 2),
    ],
)
def test_tableau_answers_as_the_program_up_to_its_length_and_not_beyond(name, parameters, length):
    task = tasks.get(name, **parameters)
    unrolled = tableau(task.program(), length)
    assert unrolled.write_once
    constant = task.depth(1) == task.depth(99)
    for n in range(1, 8 if constant else length + 1):
        words = torch.tensor(list(task.words(n)))
        assert torch.equal(unrolled.answer(words), task.program().answer(words))
        assert torch.equal(unrolled.answer(words), task.target(words))
        assert unrolled.depth(n) == task.depth(n) if constant else max(task.depth(n), 2 * n)
    if not constant:
        for n in (length + 1, length + 3):
            words = torch.tensor(list(task.words(n))[-50:])
            assert (unrolled.answer(words) == -1).all()


def test_tableau_keeps_registers_that_no_rule_touches_and_empty_ones():
    """r is loaded and left alone; q is empty, then set, then cleared: three rows of copies."""
    rewriting = program(
        when(w(1)).write(r(1)),
        when(r(1), FIRST).write(q(1)),
        when(q(1), r(1)).clear(q),
        write_once=False,
        depth=lambda n: 2,
    )
    for output, depth in product((q, r), range(1, 6)):
        program_ = program(*rewriting.rules, write_once=False, output=output, depth=lambda n, depth=depth: depth)
        for n in (1, 2, 3):
            assert torch.equal(tableau(program_, 1).answer(every(2, n)), program_.answer(every(2, n)))
    assert rewriting.answer(torch.tensor([[1, 1, 0]])).tolist() == [[1, -1, -1]]


def test_tableau_width_grows_with_time():
    sizes = [tableau(tasks.get("turing").program(), n).channels for n in (1, 2, 3, 4)]
    assert [b - a for a, b in pairwise(sizes)] == [21, 16, 16]
    steps = [tableau(tasks.get("cellular", steps=t).program(), 1).channels for t in (1, 2, 3)]
    assert steps == [3 + 3 * 2, 3 + 3 * 3, 3 + 3 * 4]


@pytest.mark.parametrize("length", [0, -1])
def test_tableau_of_no_length_refused(length):
    with pytest.raises(ProgramError, match=f"length is {length}, at least 1"):
        tableau(tasks.get("turing").program(), length)


def test_tableau_of_a_write_once_program_refused():
    with pytest.raises(ProgramError, match="needs no tableau"):
        tableau(tasks.get("parity").program(), 3)


# random tables: five answers agree


def agree(task: tasks.Task, words: torch.Tensor, unrolled: Program | None = None) -> None:
    """solve, target, the discrete ODE, a ResNet, and a tableau if one is given."""
    target, depth = task.target(words), task.depth(words.shape[1])
    assert [task.solve(word) for word in words.tolist()] == target.tolist()
    assert torch.equal(task.program().answer(words), target)
    net = models.build("resnet", task, width=1, hidden=1).eval()
    net.realise(task.program())
    with torch.no_grad():
        assert torch.equal(net(words, depth).argmax(1), target)
    if unrolled:
        assert torch.equal(unrolled.answer(words), target)


def random_words(alphabet: int, length: int, count: int = 24) -> torch.Tensor:
    return torch.randint(alphabet, (count, length), generator=torch.Generator().manual_seed(length))


@st.composite
def automata(draw) -> list[list[int]]:
    states, letters = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return [[draw(st.integers(0, states - 1)) for _ in range(letters)] for _ in range(states)]


@settings(max_examples=25)
@given(automata())
def test_random_automaton(table):
    task = tasks.get("automaton", table=table)
    for length in (1, 2, 9):
        agree(task, random_words(task.alphabet, length))


@settings(max_examples=25)
@given(st.integers(0, 255), st.integers(1, 7))
def test_random_wolfram_rule(rule, steps):
    task = tasks.get("cellular", rule=rule, steps=steps)
    unrolled = tableau(task.program(), 1)
    for length in (1, 2, 10):
        agree(task, random_words(2, length), unrolled)


@st.composite
def turing_tables(draw) -> tuple[list[str], str]:
    tape = draw(st.sampled_from(["01", "01_"]))
    states = [f"s{k}" for k in range(draw(st.integers(2, 4)))]
    targets = st.sampled_from([*states, "halt"])
    lines = [
        f"{state} {symbol} -> {draw(st.sampled_from(tape))} {draw(st.sampled_from('LSR'))} {draw(targets)}"
        for state in states
        for symbol in tape
    ]
    return lines, tape


@settings(max_examples=25)
@given(turing_tables(), st.integers(2, 3))
def test_random_turing_machine(table, steps):
    lines, tape = table
    task = tasks.get("turing", table=lines, tape=tape, steps=steps)
    unrolled = tableau(task.program(), 2)
    for length in (1, 2):
        agree(task, every(len(tape), length), unrolled)
    for length in (3, 8):
        agree(task, random_words(len(tape), length))


@st.composite
def minsky_programs(draw) -> list[str]:
    size = draw(st.integers(1, 4))
    line = st.integers(0, size)
    inc = st.builds("inc {} {}".format, st.sampled_from("ab"), line)
    dec = st.builds("dec {} {} {}".format, st.sampled_from("ab"), line, line)
    return draw(st.lists(st.one_of(inc, dec), min_size=size, max_size=size))


@settings(max_examples=20)
@given(minsky_programs(), st.integers(1, 2))
def test_random_minsky_machine(lines, rounds):
    task = tasks.get("minsky", table=lines, rounds=rounds)
    for length in (1, 2, 3, 5):
        agree(task, torch.tensor(list(task.words(length))))
