"""Streaming nets are the textbook's recursions, and as references they are finite automata."""

import itertools
import re

import pytest
import torch
from cases import AUTOMATA, TASKS, random_words, some_words

import models
import tasks
from leaderboard.running.score import counted, score
from leaderboard.site.cards import facts
from models import ModelError, NotRealizable
from models.lowering.automata import LIMIT, Edge, automaton, delay, delayed, minimal
from tasks.programs import LAST, LEFT, RIGHT, Program, Register, symbols, when
from tasks.task import IGNORE

STREAMS = ["gru", "lstm", "rnn"]
every_stream = pytest.mark.parametrize("name", STREAMS)
every_automaton = pytest.mark.parametrize("task", AUTOMATA)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def words(batch=3, cells=6, seed=0):
    return torch.randint(2, (batch, cells), generator=torch.Generator().manual_seed(seed))


def net(name, seed=0, **settings):
    """Random weights everywhere, in float64."""
    made = models.build(name, TASKS["parity"], width=6, **settings).double()
    with torch.no_grad():
        for k, parameter in enumerate(made.parameters()):
            parameter.copy_(0.5 * normal(*parameter.shape, seed=100 * seed + k))
    return made


def realised(name, task, **settings):
    made = models.build(name, TASKS[task], width=1, hidden=1, **settings).eval()
    made.realise(TASKS[task].program())
    return made


# the recursions, by hand


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


def elman(x, h, W, R, b, c, memory):
    return torch.tanh(x @ W.T + b + h @ R.T + c), None


def gated(x, h, W, R, b, c, memory):
    """Cho et al. 2014, with r applied behind R as in Chung et al. 2014: r, z, n in this order."""
    (xr, xz, xn), (hr, hz, hn) = (x @ W.T + b).chunk(3, -1), (h @ R.T + c).chunk(3, -1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return (1 - z) * n + z * h, None


def long_short(x, h, W, R, b, c, memory):
    i, f, g, o = (x @ W.T + b + h @ R.T + c).chunk(4, -1)
    memory = sigmoid(f) * memory + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(memory), memory


HAND = {"rnn": elman, "gru": gated, "lstm": long_short}


@every_stream
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "norm"])
@pytest.mark.parametrize("depth", [1, 6, 9])
def test_net_is_the_recursion_by_hand(name, norm, depth):
    """`depth` 9 on 6 cells: three blank steps, and every answer is read three steps later; below 6 all cells are read."""
    made, tokens = net(name, norm=norm), words()
    (block,) = made.layer(0)
    W, R, b, c = block.recurrent.all_weights[0]
    x = made.embed[tokens]
    if norm:
        x = x * (1 - block.norm.gate[:, 0] + block.norm.gate[:, 0] / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt())
    late = max(depth - 6, 0)
    h, memory, states = block.h0.expand(3, -1), torch.zeros(3, 6).double(), []
    for step in range(6 + late):
        h, memory = HAND[name](x[:, step] if step < 6 else 0 * h, h, W, R, b, c, memory)
        states.append(h)
    expected = torch.stack([made.readout @ states[i + late].T for i in range(6)], -1).transpose(0, 1) + made.bias
    torch.testing.assert_close(made(tokens, depth), expected, rtol=1e-12, atol=1e-12)


@every_stream
def test_one_state_beside_the_words(name):
    made, tokens = net(name), words()
    first, last = made.states(tokens, 8, 4)
    assert torch.equal(first, made.embed[tokens].mT)
    assert torch.equal(made(tokens, 8), made.read(last))
    assert [x.shape for x in made.states(tokens, 0)] == [(3, 6, 6)]


@every_stream
def test_a_cell_sees_what_is_left_of_it_and_so_many_cells_more_as_the_answer_is_late(name):
    made, tokens = net(name), words(8, 9)
    flipped = tokens.clone()
    flipped[:, 4] = 1 - flipped[:, 4]
    for depth, first in [(9, 4), (11, 2)]:
        felt = (made(tokens, depth) != made(flipped, depth)).any(1).any(0)
        assert felt.nonzero().flatten().tolist() == list(range(first, 9))


@every_stream
def test_h0_is_learnt_and_weights_are_uniform(name):
    made = models.build(name, TASKS["parity"], width=100)
    (block,) = made.layer(0)
    weights = torch.cat([p.flatten() for p in block.recurrent.parameters()])
    assert (weights.abs() <= 0.1).all()
    assert abs(weights.std() - 0.1 / 3**0.5) < 0.002
    assert not block.h0.any()
    made(words(), 6).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in made.parameters())


@every_stream
def test_evaluations_are_the_steps_read(name):
    made = net(name)
    for depth, steps in [(3, 6), (6, 6), (9, 9)]:
        with counted(made) as calls:
            made(words(), depth)
        assert calls == [steps]
    result = score(realised(name, "modular_arithmetic"), TASKS["modular_arithmetic"], 21, 20, 12)
    assert (result.depth, result.evaluations, result.words_correct, result.curve_length) == (22, 22, 20, None)


# automata


def near(logits, expected, width):
    """Bits of so many edges: a sum of `width` halves, which an LSTM makes of tanh(1), each within a few roundings."""
    torch.testing.assert_close(logits, expected, rtol=0, atol=width**2 * 2**-24)


def read(made, task, length, tokens):
    with torch.no_grad():
        return made(tokens, TASKS[task].depth(length))


@every_stream
@every_automaton
def test_references_on_all_short_words_and_long_ones(name, task):
    made = realised(name, task)
    assert made.width == AUTOMATA[task]
    for length in (*range(1, 9), 64, 1000):
        short = length <= 8
        tokens = (
            some_words(TASKS[task], length, 700) if short else random_words(TASKS[task], 1 if made.width > 99 else 3, length)
        )
        target, logits = TASKS[task].target(tokens), read(made, task, length, tokens)
        scored = target != IGNORE
        expected = torch.nn.functional.one_hot(target.clamp(min=0), TASKS[task].classes).mT.float()
        near(logits.mT[scored], expected.mT[scored], made.width)


@every_stream
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_references_in_other_precisions(name, dtype):
    made = realised(name, "addition").to(dtype)
    tokens = random_words(TASKS["addition"], 3, 64)
    assert torch.equal(read(made, "addition", 64, tokens).argmax(1), TASKS["addition"].target(tokens))


@every_stream
@pytest.mark.parametrize("task", ["addition", "comparison", "parity", "sparse_parity", "cycle_navigation"])
def test_noise_on_every_hidden_state_is_corrected_at_every_step(name, task):
    """The states after a noisy one are, exactly, those after the clean one."""
    made = realised(name, task).double()
    tokens = random_words(TASKS[task], 20, 30)
    (block,) = made.layer(0)
    x = made.embed[tokens].mT
    with torch.no_grad():
        clean, h0, drawn = block(x), block.h0.clone(), torch.Generator().manual_seed(0)
        for word in range(5):
            h = h0
            for step in range(30):
                block.h0.copy_(h + 0.1 * (2 * torch.rand(h.shape, generator=drawn, dtype=h.dtype) - 1))
                after = block(x[word : word + 1, :, step : step + 1])[0, :, 0]
                torch.testing.assert_close(after, clean[word, :, step], rtol=0, atol=1e-12)
                h = after


@every_stream
def test_larger_nets_and_norm_realise_too(name):
    made = realised(name, "addition", norm=True)
    wide = models.build(name, TASKS["addition"], width=40, norm=True).eval()
    wide.realise(TASKS["addition"].program())
    tokens = random_words(TASKS["addition"], 3, 20)
    near(read(made, "addition", 20, tokens), read(wide, "addition", 20, tokens), wide.width)
    *_, h = wide.states(tokens, 20)
    assert not h[:, made.width :].any()


def run(edges, word):
    """Outputs of an automaton, edge by edge."""
    table = {(edge.source, edge.symbol): edge for edge in edges}
    assert len(table) == len(set(edges))
    state, outputs = 0, []
    for symbol in word:
        state, output = table[state, symbol][2:]
        outputs.append(output)
    return outputs


@pytest.mark.parametrize("task", [task for task in AUTOMATA if task != "modular_arithmetic"])
def test_the_automaton_of_a_program_answers_as_it_does(task):
    program = TASKS[task].program()
    edges = automaton(program)
    for length in range(1, 7):
        tokens = some_words(TASKS[task], length, 60)
        assert [run(edges, word) for word in tokens.tolist()] == program.answer(tokens).tolist()
        assert [run(minimal(edges), word) for word in tokens.tolist()] == program.answer(tokens).tolist()


def test_delayed_outputs_come_later():
    edges = automaton(TASKS["parity"].program())
    for late in range(4):
        slow = minimal(delayed(edges, late, blank=2))
        for word in itertools.product((0, 1), repeat=5):
            assert run(slow, [*word, *[2] * late]) == [-1] * late + run(edges, word)


def test_minimal_automata():
    """Parity has two states, two of a copy of it are merged, and what differs late is not."""
    assert len(minimal(automaton(TASKS["parity"].program()))) == 4
    twice = [Edge(q, a, 2 + (q + a) % 2 if q < 2 else (q + a) % 2, (q + a) % 2) for q in range(4) for a in (0, 1)]
    assert len(minimal(twice)) == 4
    late = [Edge(q, 0, min(q + 1, 6), int(q == 6)) for q in range(7)]
    assert sorted(minimal(late)) == late


@pytest.mark.parametrize("late", [1, 2])
@every_stream
def test_programs_that_answer_late_are_read_late(name, late):
    """The register stands `late` steps after its cell was reached: a chain of copies."""
    w, chain = symbols(2), [Register(f"q{k}", 2) for k in range(late + 1)]
    rules = [when(~LEFT, w(a)).write(chain[0](a)) for a in (0, 1)]
    rules += [when(chain[0](p, at=-1), w(a)).write(chain[0](p ^ a)) for p in (0, 1) for a in (0, 1)]
    rules += [when(chain[k](v)).write(chain[k + 1](v)) for k in range(late) for v in (0, 1)]
    program = Program(2, chain, rules, output=chain[-1], depth=lambda n: n + late)
    assert delay(program) == late
    architecture = models.get(name)
    made = models.Net(architecture, 2, 2, architecture.width(architecture.reference(program, 0)), 1).eval()
    made.realise(program)
    tokens = words(40, 12)
    with torch.no_grad():
        assert torch.equal(made(tokens, 12 + late).argmax(1), tokens.cumsum(1) % 2)


@every_stream
def test_reasons(name):
    architecture, w = models.get(name), symbols(2)
    q, r = Register("q", 2), Register("r", 2)
    copy = [when(w(a)).write(q(a)) for a in (0, 1)]
    right = [when(q(a, at=1)).write(r(a)) for a in (0, 1)]
    cases = [
        (Program(2, [q, r], [*copy, *right], output=r, depth=lambda n: n), "right neighbour, which a rule reads: q[i+1] = 0"),
        (Program(2, [q], [when(LAST).write(q(0)), when(RIGHT).write(q(1))], output=q, depth=lambda n: n), "right neighbour"),
        (
            Program(2, [q], copy, output=q, depth=lambda n: 2 * n),
            "1 steps after a word of 1 symbols, 2 after 2: no constant delay",
        ),
        (TASKS["tent_map"].program(), "right neighbour"),
        (TASKS["cellular"].program(), "right neighbour"),
        (TASKS["turing"].program(), "a rewriting program takes T(n) steps"),
        (TASKS["group"].program(), f"needs more than {LIMIT} edge units"),
    ]
    for program, reason in cases:
        with pytest.raises(NotRealizable, match=re.escape(reason)) as error:
            architecture.reference(program, 0)
        assert "\n" not in str(error.value)
    assert architecture.reference(Program(2, [q], copy, output=q, depth=lambda n: 1), 0).hidden == 3


def test_the_largest_automaton(monkeypatch):
    """The sum modulo k of symbols below k: k^2 edges after the first k."""
    program = tasks.get("automaton", table=[[(q + a) % 5 for a in range(5)] for q in range(5)]).program()
    monkeypatch.setattr("models.lowering.automata.LIMIT", 29)
    with pytest.raises(NotRealizable, match=r"^needs more than 29 edge units: not a finite automaton of that size$"):
        automaton(program)
    monkeypatch.setattr("models.lowering.automata.LIMIT", 30)
    assert len(automaton(program)) == 30
    assert len(minimal(automaton(program))) == 25
    with pytest.raises(NotRealizable, match=r"^needs more than 30 edge units to answer 1 steps late: "):
        delayed(automaton(program), 1, 5)


def test_which_tasks_are_automata():
    found = set()
    for name, task in TASKS.items():
        try:
            models.get("rnn").reference(task.program(), 0)
            found.add(name)
        except NotRealizable:
            pass
    assert found == set(AUTOMATA)


@every_stream
def test_refused_settings(name):
    with pytest.raises(ModelError, match=rf"^{name}: layers=3 is not allowed.*allowed: layers=0$"):
        models.build(name, TASKS["parity"], layers=3)
    with pytest.raises(ModelError, match=r"^a streaming net has no inner layer; allowed: inner=false$"):
        models.build(name, TASKS["parity"], inner=True)
    with pytest.raises(NotRealizable, match="reference needs width 9 and hidden 9, the net has 8 and 8"):
        models.Net(models.get(name), 4, 2, 8, 99).realise(TASKS["addition"].program())


@every_stream
def test_streams_learn(name):
    made, tokens = models.build(name, TASKS["parity"], width=24), words(64, 4)
    target, optimizer, losses = TASKS["parity"].target(tokens), torch.optim.AdamW(made.parameters(), lr=1e-2), []
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(made(tokens, 4), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0], losses


@every_stream
def test_seed_decides_the_initial_weights_and_torch_s_generator_nothing(name):
    state = torch.get_rng_state()
    one, same, other = (models.build(name, TASKS["parity"], seed=seed, norm=True) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    for (key, value), twin, stranger in zip(one.named_parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(value, twin)
        assert torch.equal(value, stranger) == (not value.std() > 0), key  # h(0), the bias and gates are constant


@pytest.mark.parametrize(("task", "width"), [("parity", 5), ("turing", None), ("group", None), ("tent_map", None)])
def test_cards_name_streams_for_automata_only(task, width):
    said = dict(facts(TASKS[task]))["realised in"]
    for name in STREAMS:
        assert (f"{name} (width {width})" in said) == (width is not None)
        assert (name in re.findall(r"[a-z_]+", said)) == (width is not None)
    assert "second_order_ode" in said
    assert "tis_ode" in said


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("norm", [False, True])
def test_symbols_that_are_looked_up_are_the_embedded_ones(name, norm):
    """W E s is W x: the same states from one-hot symbols as from the embedded word, blanks after it included; in float64."""
    task = TASKS["counter"]
    net = models.build(name, task, width=24, norm=norm, seed=3).double()
    tokens = task.sample(5, 9, tasks.Bits(0))
    *_, looked_up = net.states(tokens, 12)
    (embedded,) = net.architecture.states(net.embedded(tokens), net.stack(12))
    assert torch.allclose(looked_up, embedded, rtol=0, atol=1e-13)  # 24 products of numbers below 4, 12 steps that contract
