"""The blocks of rewriting programs against plain simulations: streams, signals, heads, stacks, pushdown automata."""

import random
from itertools import product

import pytest
import torch

from tasks.programs import FIRST, LAST, LEFT, Program, ProgramError, Register, decode, symbols, when
from tasks.programs.lattice import AWAKE, Head, Stack, Step, empty, lattice, signal, spread, stream
from tasks.programs.machines import ANY, EMPTY, END, NONE, Pushdown


def content(program: Program, x: torch.Tensor, register: Register) -> list[list[int]]:
    """Value of a register at each cell, -1 where it is empty."""
    first = program.first_channel[register.name]
    return decode(x[:, first : first + register.size]).tolist()


def loaded(track: Register, rules, depth, alphabet=3, blank=2) -> Program:
    """A program whose cells load their symbol on a track, except the blank."""
    w = symbols(alphabet)
    load = [when(w(a)).write(track(a)) if a != blank else when(w(a)) for a in range(alphabet)]
    return lattice(alphabet, [track], load, rules, track, depth)


WORDS = torch.tensor(list(product(range(3), repeat=6)))


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_stream_packs_its_tokens_in_order(direction):
    track = Register("track", 2)
    program = loaded(track, stream(track, direction), depth=lambda n: 2 * n)
    *_, final = program.run(WORDS)
    for word, packed in zip(WORDS.tolist(), content(program, final, track), strict=True):
        tokens = [a for a in word if a != 2]
        gap = [-1] * (6 - len(tokens))
        assert packed == (tokens + gap if direction < 0 else gap + tokens)


def test_a_stream_waits_for_cells_that_are_not_awake():
    """Loaded by a sweep from the left, tokens that run to the right stay behind the front and none is lost."""
    track, w = Register("track", 2), symbols(3)
    here = [when(w(a)).write(track(a)) for a in (0, 1)] + [when(w(2))]
    load = [rule.where(FIRST) for rule in here] + [rule.where(AWAKE(0, at=-1)) for rule in here]
    program = lattice(3, [track], load, stream(track, +1), track, depth=lambda n: 3 * n)
    *_, final = program.run(WORDS)
    for word, packed in zip(WORDS.tolist(), content(program, final, track), strict=True):
        tokens = [a for a in word if a != 2]
        assert packed == [-1] * (6 - len(tokens)) + tokens


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_signal_moves_one_cell_a_step_and_leaves(direction):
    track = Register("track", 2)
    program = loaded(track, signal(track, direction), depth=lambda n: n + 1)
    word = torch.tensor([[2, 2, 1, 2, 2, 0]])
    for t, x in enumerate(program.run(word, 8)):
        expected = [-1] * 6
        for place, value in ((2, 1), (5, 0)) if t else ():
            now = place + direction * (t - 1)
            if 0 <= now < 6:
                expected[now] = value
        assert content(program, x, track) == [expected]


def test_news_spread_to_one_side():
    news = Register("news", 2)
    program = loaded(news, spread(news, +1), depth=lambda n: n)
    *_, final = program.run(torch.tensor([[2, 2, 1, 2, 2, 2]]))
    assert content(program, final, news) == [[-1, -1, 1, 1, 1, 1]]


def turing(table: dict, word: list[int], steps: int) -> tuple[list[int], int, int]:
    tape, head, state = list(word), 0, 0
    for _ in range(steps):
        if (state, tape[head]) not in table:
            break
        tape[head], move, state = table[state, tape[head]]
        head = min(max(head + move, 0), len(tape) - 1)
    return tape, head, state


@pytest.mark.parametrize("seed", range(12))
def test_a_head_is_a_turing_machine(seed):
    """Random tables with missing lines, which halt; the ends of the tape are met."""
    draw = random.Random(seed)
    keys = [key for key in product(range(3), range(2)) if key == (0, 0) or draw.random() < 0.85]
    table = {key: (draw.randrange(2), draw.choice((-1, 0, 1)), draw.randrange(3)) for key in keys}
    w, tape = symbols(2), Register("tape", 2)
    steps = [Step(q, when(tape(s)).write(tape(written)), move, after) for (q, s), (written, move, after) in table.items()]
    head = Head("head", steps)
    load = [when(w(a), LEFT).write(tape(a)) for a in (0, 1)] + [when(w(a), FIRST).write(tape(a), head(0)) for a in (0, 1)]
    program = lattice(2, [tape, head.state], load, head.rules, tape, depth=lambda n: 12)
    words = torch.tensor(list(product(range(2), repeat=4)))
    names = {number: state for state, number in head.numbers.items()}
    for t, x in enumerate(program.run(words, 12)):
        for word, tapes, heads in zip(words.tolist(), content(program, x, tape), content(program, x, head.state), strict=True):
            if t:
                expected, place, state = turing(table, word, t - 1)
                assert tapes == expected
                assert [names.get(h) for h in heads] == [state if i == place else None for i in range(4)]


def test_a_head_that_looks_at_its_neighbours_is_refused():
    tape = Register("tape", 2)
    for rule, move in ((when(tape(0, at=1)), 0), (when(LAST), 1), (when(tape(0)), 2)):
        with pytest.raises(ProgramError, match="a head reads its own cell and moves by -1, 0 or 1") as error:
            Head("head", [Step("a", rule, move, "a")])
        assert "\n" not in str(error.value)


def simulate(machine: Pushdown, word: list[int]) -> tuple[object, list[int]]:
    """The last state and the stack, top first, of a pushdown automaton whose stack holds as much as the word has symbols."""
    (state, _, _), *_ = machine.moves
    stack, rest = [], [*word, END]
    for _ in range(40):
        top = stack[0] if stack else EMPTY
        keys = [(state, read, want) for read in ([rest[0], NONE] if rest else [NONE]) for want in (top, ANY)]
        found = [key for key in keys if key in machine.moves]
        if not found:
            break
        (key,) = found
        state, (does, symbol) = machine.moves[key]
        rest = rest[1:] if key[1] is not NONE else rest
        stack = {
            "keep": stack, "pop": stack[1:], "push": [symbol, *stack], "swap": [symbol, *stack[1:]],
        }[does][: len(word)]  # fmt: skip
    return state, stack


@pytest.mark.parametrize("seed", range(25))
def test_random_pushdown_automata(seed):
    """Every key has at most one move, so the automaton is deterministic; some states move without reading; all end."""
    draw = random.Random(seed)
    moves = {}
    for q in range(3):
        reads = [NONE] if q and draw.random() < 0.3 else [0, 1, END]
        for read in reads:
            for top in [ANY] if draw.random() < 0.3 else [EMPTY, 0, 1]:
                if draw.random() < 0.9:
                    actions = {ANY: ["keep", "push"], EMPTY: ["keep", "push"]}.get(top, ["keep", "pop", "push", "swap"])
                    after = 3 if read == END else draw.randrange(q + 1, 4) if read is NONE else draw.randrange(4)
                    moves[q, read, top] = after, (draw.choice(actions), draw.randrange(2))
    moves = {(0, 0, 0): (0, ("keep", 0))} | {key: move for key, move in moves.items() if key[:2] != (0, 0)}
    machine = Pushdown(2, 2, moves)
    program = machine.decider({q: q for q in machine.numbers}, depth=lambda n: 9 * n + 20)
    names = {number: state for state, number in machine.numbers.items()}
    for n in (1, 2, 7):
        words = torch.tensor(list(product(range(2), repeat=n)))
        *_, final = program.run(words)
        states, stacks = (content(program, final, r) for r in (machine.control, machine.stack.kept))
        for word, control, kept in zip(words.tolist(), states, stacks, strict=True):
            state, stack = simulate(machine, word)
            assert names[control[0]] == state
            assert kept == (stack + [-1] * n)[:n]


def test_a_stack_that_closes_up_is_not_empty():
    """Right after a pop the first cell is empty, while the next element is on its way: a move on EMPTY must wait."""
    keep, after = ("keep", 0), {("b", NONE, EMPTY): "none left", ("b", NONE, 0): "some left"}
    moves = {("a", 0, ANY): ("a", ("push", 0)), ("a", 1, 0): ("b", ("pop", 0)), ("a", 1, EMPTY): ("b", keep)}
    machine = Pushdown(2, 1, moves | {condition: (state, keep) for condition, state in after.items()})
    program = lattice(2, machine.registers, machine.load, machine.rules, machine.control, depth=lambda n: 4 * n)
    for word, said in (([0, 0, 1], "some left"), ([0, 0, 0, 1, 0], "some left"), ([0, 1], "none left"), ([1], "none left")):
        assert program.answer(torch.tensor([word]))[0, 0] == machine.numbers[said]


def test_a_stack_that_is_full_loses_its_deepest_element():
    machine = Pushdown(2, 2, {("a", 0, ANY): ("b", ("push", 0)), ("a", 1, ANY): ("b", ("push", 1)),
                              ("b", NONE, ANY): ("c", ("push", 1)), ("c", NONE, ANY): ("a", ("push", 0))})  # fmt: skip
    program = lattice(2, machine.registers, machine.load, machine.rules, machine.stack.kept, depth=lambda n: 12 * n)
    assert program.answer(torch.tensor([[1, 0]])).tolist() == [[0, 1]]
    assert program.answer(torch.tensor([[1]])).tolist() == [[0]]


def test_two_moves_that_could_both_be_made_are_refused():
    moves = {("a", 0, ANY): ("a", ("push", 0)), ("a", 0, 1): ("a", ("pop", 0))}
    machine = Pushdown(2, 2, moves)
    with pytest.raises(ProgramError, match="non-deterministic"):
        lattice(2, machine.registers, machine.load, machine.rules, machine.stack.kept, depth=lambda n: n)


def test_empty_also_means_no_cell():
    q, seen = Register("q", 2), Register("seen", 1)
    program = lattice(2, [q, seen], [when()], [when(*empty(q, at=1)).write(seen(0))], seen, depth=lambda n: 2)
    assert program.answer(torch.zeros(1, 3).long()).tolist() == [[0, 0, 0]]


def test_the_registers_of_a_stack_have_its_name():
    assert [register.name for register in Stack("s", 3).registers] == ["s", "s_moving", "s_busy"]
