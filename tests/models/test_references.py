"""Reference weights: `solve`, `target`, the discrete ODE, the polynomial ODE and every network agree on every word."""

import re
from functools import cache

import pytest
import torch
from cases import AUTOMATA, MODELS, TASKS, diagonals, random_words, some_words
from scipy.stats import gamma

import models
import tasks
from models import Net, NotRealizable
from models.lowering.exact import lower
from models.solving.continuous import Continuous
from models.streaming.stream import Stream
from tasks.programs import Program
from tasks.programs.dynamics import guard_index, literal_planes
from tasks.programs.polynomial import PolynomialODE
from tasks.programs.tableau import tableau
from tasks.task import IGNORE

CONTINUOUS = [name for name, (model, _) in MODELS.items() if issubclass(models.find(model), Continuous)]
DISCRETE = [name for name in MODELS if name not in CONTINUOUS]
STREAMS = [name for name, (model, _) in MODELS.items() if issubclass(models.find(model), Stream)]
LAYERED = [name for name in MODELS if name not in STREAMS]
PROBES = [  # tasks on which every variant of every architecture is tried; the others meet each architecture once, if not LONG
    "addition", "automaton", "automaton 10", "beaver", "cellular", "copier", "counter", "counter 5", "flipper", "minsky",
    "parity", "last parity", "rule 30", "rule 184", "turing", "halve", "duplicate_string",
]  # fmt: skip
REWRITING = {  # programs that rewrite, in a time that grows with n: they need a tableau where `NEEDS` says why
    task.name for task in TASKS.values() if not task.program().write_once and not task.program().constant_depth
}
NEEDS = {"revnet": "Bennett", "momentum_resnet": "momentum"} | dict.fromkeys(
    ("neural_ode", "second_order_ode", "tis_ode"), "lockstep"
)
LONG = (  # many steps or rules: fewer words
    "palindrome", "copier", "beaver", "minsky", "subtract", "double", "halve", "group", "group(group=S5)", "tag",
    *(f"minsky(machine={machine})" for machine in ("collatz", "gcd", "multiply", "prime")), "turing(machine=multiplication)",
    "turing(machine=palindrome, answer=halt)", "tag(machine=post)",
)  # fmt: skip
WRITE_ONCE = [name for name, task in TASKS.items() if task.program().write_once]
REALISED = [(model, task) for model in MODELS for task in TASKS
            if not (MODELS[model][0] in NEEDS and TASKS[task].name in REWRITING)
            and (model in LAYERED or task in AUTOMATA)]  # fmt: skip
EVERY = ("parity", "addition", "flipper")  # a sweep, a carry, a machine that rewrites: with them every architecture is tried
PAIRS = [(model, task) for model, task in diagonals([*MODELS], [*TASKS], also=EVERY) if (model, task) in set(REALISED)
         and (task in PROBES or (model in models.names() and model != "tis_ode" and task not in LONG))]  # fmt: skip


@cache
def cases(task: str, length: int, limit: int = 256) -> tuple[torch.Tensor, torch.Tensor]:
    """Words and targets: all words if there are at most `limit` and they are short, else random ones."""
    words = some_words(TASKS[task], length, limit) if length <= 8 else random_words(TASKS[task], limit, length)
    return words, TASKS[task].target(words)


def agrees(answer: torch.Tensor, target: torch.Tensor) -> bool:
    return torch.equal(answer[target != IGNORE], target[target != IGNORE])


def realised(model: str, task: str, program: Program | None = None, **settings: int) -> Net:
    """The net of a task with its reference weights, no wider than they need unless `settings` say so."""
    name, options = MODELS[model]
    net = models.build(name, TASKS[task], **({"width": 1, "hidden": 1} | settings | options)).eval()
    net.realise(program or TASKS[task].program())
    return net


def fitted(model: str, task: str, program: Program) -> Net:
    """The net of exactly the size that a write-once program needs, realised."""
    name, options = MODELS[model]
    architecture = models.get(name, **options)
    reference = architecture.reference(program, 0)
    width = architecture.width(reference)
    net = Net(architecture, TASKS[task].alphabet, TASKS[task].classes, width, reference.hidden).eval()
    net.realise(program)
    return net


def answer(net: Net, words: torch.Tensor, depth: int) -> torch.Tensor:
    with torch.no_grad():
        return net(words, depth).argmax(1)


# short words, all of them


@pytest.mark.parametrize("task", TASKS)
def test_resnet_on_all_words_to_length_8(task):  # solve, target and discrete ODE: tests/tasks/test_tasks.py
    net = realised("resnet", task)
    for length in range(1, 9):
        words, target = cases(task, length, 32 if task in LONG else 700)
        assert agrees(answer(net, words, TASKS[task].depth(length)), target)


def test_all_65536_additions_of_8_bits():
    words = torch.tensor(list(TASKS["addition"].words(8)))
    assert torch.equal(answer(realised("resnet", "addition"), words, 8), TASKS["addition"].target(words))


@pytest.mark.parametrize(("model", "task"), [pair for pair in PAIRS if pair[0] in DISCRETE])
def test_discrete_networks_on_short_and_long_words(model, task):
    net = realised(model, task)
    for length in (1, 2, 5) if task in LONG or task not in PROBES else (1, 2, 3, 5, 8, 33):
        words, target = cases(task, length, 2 if length > 8 else 32 if task in LONG or task not in PROBES else 256)
        assert agrees(answer(net, words, TASKS[task].depth(length)), target)


@pytest.mark.parametrize(("model", "task"), [pair for pair in PAIRS if pair[0] in CONTINUOUS])
def test_neural_odes_on_short_and_long_words(model, task):
    net = realised(model, task)
    few = task in LONG or task not in PROBES or model in ("clock_ode", "second_order_ode")  # longer words: their own tests
    one = 1 if TASKS[task].depth(2) > 50 else 2
    for length in ((one,) if task not in PROBES else (1, 3)) if few else (1, 2, 7, 16):
        words, target = cases(task, length, 2 if length > 8 else 8 if few else 32)
        assert agrees(answer(net, words, TASKS[task].depth(length)), target)


@pytest.mark.parametrize("task", TASKS)
def test_resnet_and_discrete_ode_on_longer_words(task):
    net = realised("resnet", task)
    for length in (16,) if task in LONG else (16, 64 if task in PROBES else 32):
        words, target = cases(task, length, 2)
        assert agrees(TASKS[task].program().answer(words[-1:]), target[-1:])
        assert agrees(answer(net, words, TASKS[task].depth(length)), target)


@pytest.mark.parametrize("model", [name for name in MODELS if name not in ("resnet", "clock_ode")])
def test_every_model_at_64(model):
    words, target = cases("addition", 64, 3)
    assert agrees(answer(realised(model, "addition"), words, 64), target)


@pytest.mark.parametrize("task", [name for name in WRITE_ONCE if TASKS[name].scored == "every"])
def test_polynomial_ode(task):
    ode = PolynomialODE(TASKS[task].program())
    for length in (1, 3) if task in LONG else (1, 3, 8, 64 if task == "addition" else 16):
        words, target = cases(task, length, 256 if length <= 8 else 2)
        few = 8 if task in LONG else 64
        assert agrees(ode.answer(words[-few:]), target[-few:])


@pytest.mark.parametrize(
    ("model", "task"),
    zip(["resnet", "polynet", "fractalnet", "revnet"], ["addition", "automaton", "counter", "parity"], strict=True),
)
def test_1024_cells_through_1024_layers(model, task):
    words, target = cases(task, 1024, 1)
    assert agrees(answer(realised(model, task), words[:1], 1024), target[:1])


# tableau references of rewriting programs

SHORT = {"turing": 3, "beaver": 2, "flipper": 2, "palindrome": 2, "copier": 2, "minsky": 1}


@cache
def unrolled(task: str, length: int) -> Program:
    return tableau(TASKS[task].program(), length)


@pytest.mark.parametrize("task", ["cellular", "rule 30"])
def test_polynomial_ode_of_the_tableau_of_a_cellular_automaton_serves_all_lengths(task):
    ode = PolynomialODE(unrolled(task, 1))
    for length, count in ((1, 2), (2, 4), (5, 32), (64, 2)):
        words, target = cases(task, length, count)
        assert agrees(ode.answer(words), target)


@pytest.mark.parametrize("task", ["turing", "beaver", "flipper", "minsky"])
def test_polynomial_ode_of_the_tableau(task):
    n = 1 if task == "minsky" else 2
    words, target = cases(task, n)
    assert agrees(PolynomialODE(unrolled(task, n)).answer(words[-6:]), target[-6:])


@pytest.mark.parametrize("task", SHORT)
def test_revnet_runs_the_tableau(task):
    net = fitted("revnet", task, unrolled(task, SHORT[task]))
    for n in range(1, SHORT[task] + 1):
        words, target = cases(task, n)
        assert agrees(answer(net, words, TASKS[task].depth(n)), target)


@pytest.mark.parametrize("task", ["turing", "beaver", "flipper", "copier", "minsky"])
def test_neural_ode_runs_the_tableau_by_euler(task):
    net = fitted("euler", task, unrolled(task, SHORT[task]))
    for n in range(1, SHORT[task] + 1):
        words, target = cases(task, n)
        assert agrees(answer(net, words, TASKS[task].depth(n)), target)


@pytest.mark.parametrize("task", ["turing", "beaver", "flipper"])
def test_neural_ode_runs_the_tableau(task):
    net = fitted("neural_ode", task, unrolled(task, SHORT[task]))
    for n in range(1, SHORT[task] + 1):
        words, target = cases(task, n)
        assert agrees(answer(net, words[-9:], TASKS[task].depth(n)), target[-9:])


def test_neural_ode_runs_the_tableau_by_rk4():
    net = fitted("rk4", "turing", unrolled("turing", 3))
    words, target = cases("turing", 3)
    assert agrees(answer(net, words, TASKS["turing"].depth(3)), target)


@pytest.mark.parametrize("model", ["revnet", "neural_ode", "euler"])
@pytest.mark.parametrize("length", [2, 3])
def test_tableau_option_makes_the_reference(model, length):
    net = realised(model, "turing", tableau=length)
    reference = net.architecture.reference(TASKS["turing"].program(), length)
    assert reference.longest == length
    assert reference.program.write_once
    for n in range(1, length + 1):
        words, target = cases("turing", n)
        assert agrees(answer(net, words, TASKS["turing"].depth(n)), target)


@pytest.mark.parametrize("model", LAYERED)
def test_longest_is_unlimited_where_one_set_of_weights_serves_every_length(model):
    architecture = models.get(MODELS[model][0], **MODELS[model][1])
    for task in ("parity", "cellular"):
        assert architecture.reference(TASKS[task].program(), 0).longest is None
        assert architecture.reference(TASKS[task].program(), 3).longest is None


# refusals


@pytest.mark.parametrize(
    ("model", "task"),
    [("neural_ode", task) for task in sorted(REWRITING)[::6]]
    + diagonals([*NEEDS], ["minsky", "reverse_string", "turing"])
    + [("neural_ode", "flipper"), ("rk4", "beaver")],
)
def test_refused_without_a_tableau(model, task):
    with pytest.raises(NotRealizable) as error:
        models.get(MODELS[model][0], **MODELS[model][1]).reference(TASKS[task].program(), 0)
    assert "\n" not in str(error.value)
    assert NEEDS[MODELS[model][0]] in str(error.value)
    assert "tableau=n" in str(error.value) or "rules" in str(error.value)


def test_which_programs_rewrite():
    """What needs a tableau is not decided by accident."""
    sweeps = {
        "addition", "automaton", "cellular", "comparison", "counter", "cycle_navigation", "even_pairs", "group",
        "hidden_automaton", "missing_duplicate_string", "modular_arithmetic", "parity", "sparse_parity", "tent_map",
        "threshold",
    }  # fmt: skip
    assert not sweeps & REWRITING
    assert len(REWRITING) >= 21


@pytest.mark.parametrize("task", ["turing", "flipper"])
@pytest.mark.parametrize("model", ["revnet", "neural_ode"])
def test_stated_width_is_the_true_one(model, task):
    name, options = MODELS[model]
    net = models.build(name, TASKS[task], width=4, hidden=4, **options)  # builds without a reference
    with pytest.raises(NotRealizable) as error:
        net.realise(TASKS[task].program())
    width, hidden = map(int, re.search(r"n = 2 needs width (\d+) and hidden (\d+);", str(error.value)).groups())
    architecture, sizes = net.architecture, (TASKS[task].alphabet, TASKS[task].classes)
    exact = Net(architecture, *sizes, width, hidden, tableau=2).eval()
    exact.realise(TASKS[task].program())
    words, target = cases(task, 2)
    assert agrees(answer(exact, words, TASKS[task].depth(2)), target)
    halves = architecture.halves
    for narrow in ((width - halves, hidden), (width, hidden - 1)):
        with pytest.raises(NotRealizable) as error:
            Net(architecture, *sizes, *narrow, tableau=2).realise(TASKS[task].program())
        assert f"needs width {width} and hidden {hidden}" in str(error.value)
        assert f"{narrow[0]} and {narrow[1]}" in str(error.value)


def test_tableau_that_needs_more_steps_than_the_task_gives_is_refused():
    task = tasks.get("turing", table=["a * -> = R a"], tape="01", steps=1)
    for model in ("revnet", "neural_ode"):
        with pytest.raises(NotRealizable, match="needs 4 steps at n = 2, the task gives fewer"):
            models.get(model).reference(task.program(), 2)
        models.get(model).reference(task.program(), 1)


def test_fixed_step_that_overshoots_is_refused():
    architecture = models.get("neural_ode", method="rk4", step=0.5)
    with pytest.raises(NotRealizable, match=r"rk4 with step=0.5 overshoots .* 3 registers; allowed: step <= 0.23"):
        architecture.reference(TASKS["cellular"].program(), 0)
    assert architecture.reference(TASKS["parity"].program(), 0).scale == 2


@pytest.mark.parametrize("model", LAYERED)
def test_too_narrow_a_net_is_refused(model):
    name, options = MODELS[model]
    architecture, program = models.get(name, **options), TASKS["addition"].program()
    reference = architecture.reference(program, 0)
    width = architecture.width(reference)
    more = {
        "momentum_resnet": program.channels - program.static_channels,  # flags
        "transformer": 3 * program.channels,  # a head must hold all, and there are four
        "neural_gpu": len(program.rules),
    }
    assert width == architecture.halves * program.channels + more.get(model, 0)
    narrower = [(width - architecture.halves, max(reference.hidden, 1)), (width, reference.hidden - 1)]
    for narrow in narrower if reference.hidden else narrower[:1]:
        with pytest.raises(NotRealizable) as error:
            Net(architecture, 4, 2, *narrow).realise(program)
        assert f"needs width {width} and hidden {reference.hidden}" in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("model", models.names())
@pytest.mark.parametrize(("task", "sizes"), [("addition", "4 symbols to 2"), ("counter", "2 symbols to 3")])
def test_program_of_another_alphabet_or_other_classes_is_refused(model, task, sizes):
    net = models.build(model, TASKS["parity"], width=64, hidden=256)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(NotRealizable, match=f"maps {sizes}; this net 2 to 2"):
        net.realise(TASKS[task].program())
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


# what realise loads, and where


@pytest.mark.parametrize("model", LAYERED)
@pytest.mark.parametrize("settings", [{}, {"layers": 3}, {"norm": True}], ids=["tied", "untied", "norm"])
def test_realise_loads_into_the_very_same_module(model, settings):
    name, options = MODELS[model]
    net = models.build(name, TASKS["counter"], width=32, hidden=64, **settings, **options)
    parameters = dict(net.named_parameters())
    before = {key: (value.shape, value.dtype) for key, value in net.state_dict().items()}
    net.realise(TASKS["counter"].program())
    assert {key: (value.shape, value.dtype) for key, value in net.state_dict().items()} == before
    assert all(parameter is parameters[key] for key, parameter in net.named_parameters())
    assert all(parameter.requires_grad for parameter in net.parameters())
    words = cases("counter", 3)[0]
    twin = models.build(name, TASKS["counter"], width=32, hidden=64, seed=7, **settings, **options)
    twin.load_state_dict(net.state_dict())
    with torch.no_grad():
        assert torch.equal(net.eval()(words, 3), twin.eval()(words, 3))


@pytest.mark.parametrize(
    ("model", "task", "settings"),
    [(model, "automaton", {"layers": 8}) for model in LAYERED]
    + [(model, "addition", {"norm": True}) for model in LAYERED]
    + [(model, "cellular", {"layers": 5, "norm": True}) for model in LAYERED[::2]]
    + [(model, "beaver", {"layers": 25, "norm": True}) for model in DISCRETE[1::2] if (model, "beaver") in REALISED],
)
def test_untied_and_normed_references(model, task, settings):
    net = realised(model, task, **settings)
    for length in (2, 7) if task == "beaver" else (2, 8):
        words, target = cases(task, length, 64)
        assert agrees(answer(net, words, TASKS[task].depth(length)), target)


@pytest.mark.parametrize("model", ["euler", *(name for name in DISCRETE if name in LAYERED and name not in NEEDS)])
@pytest.mark.parametrize("task", ["addition", "automaton", "turing", "cellular"])
def test_states_are_those_of_the_discrete_ode_and_spare_channels_are_zero(model, task):
    """One layer is one step, exactly; logits are the channels of the output register."""
    name, options = MODELS[model]
    if name in NEEDS and task in REWRITING:
        program = unrolled(task, 2)
        net = Net(models.get(name, **options), 3, 3, program.channels + 5, 600).eval()
    else:
        net = models.build(name, TASKS[task], width=40, hidden=100, **options).eval()
        program = net.architecture.reference(TASKS[task].program(), 0).program
    net.realise(program)
    words, _ = cases(task, 2)
    depth = program.depth(2) + (2 if program.write_once else 0)
    with torch.no_grad():
        for x, expected in zip(net.states(words, depth), program.run(words, depth), strict=True):
            assert torch.equal(x[:, : program.channels], expected.float())
            assert not x[:, net.architecture.width(net.architecture.reference(program, 0)) :].any()
        assert net.width > program.channels
        assert torch.equal(net(words, depth), expected[:, program.outputs()].float())


@pytest.mark.parametrize("task", ["addition", "minsky", "palindrome", "cellular"])
def test_a_false_static_literal_silences_a_unit_whatever_the_registers_hold(task):
    """With registers anywhere in [-1, 1], as they are in F(x)."""
    program, generator = TASKS[task].program(), torch.Generator().manual_seed(0)
    weights, fixed = lower(program), program.static_channels
    x = program.encode(random_words(TASKS[task], 40, 7)).float()
    x[:, fixed:] = 2 * torch.rand(x[:, fixed:].shape, generator=generator) - 1
    x[:20, fixed:] = x[:20, fixed:].sign()
    planes = literal_planes(x)
    units = torch.relu(torch.nn.functional.conv1d(x, weights.U, weights.b, padding=1))
    for k, rule in enumerate(program.rules):
        (static,) = guard_index([[tap for tap in program.taps(rule) if tap.static]], program.channels)
        assert not units[:, k][planes[:, static].amin(1) == 0].any()
    x[:, 0] = 0
    assert not torch.relu(torch.nn.functional.conv1d(x, weights.U, weights.b, padding=1)).any()  # no cell is alive


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("task", ["addition", "tent_map"])
def test_momentum_resnet_stops_registers_and_lets_flags_run(task, gamma):
    """Registers are those of the discrete ODE; a flag is 1 + gamma + ... + gamma^(k-1) k steps after its register was set."""
    program = TASKS[task].program()
    net = models.build("momentum_resnet", TASKS[task], width=60, hidden=90, gamma=gamma).double().eval()
    net.realise(program)
    words, fixed, channels = cases(task, 9, 8)[0], program.static_channels, program.channels
    flags = torch.zeros(len(words), channels - fixed, 9).double()
    with torch.no_grad():
        for x, expected in zip(net.states(words, 20), program.run(words, 20), strict=True):
            assert (x[:, :channels] - expected).abs().max() < 1e-9
            assert (x[:, channels : 2 * channels - fixed] - flags).abs().max() < 1e-9
            assert not x[:, 2 * channels - fixed :].any()
            flags = gamma * flags + expected[:, fixed:]


@pytest.mark.parametrize("gamma", [0.001, 0.99])
def test_momentum_resnet_answers_in_single_precision_with_every_gamma_that_is_allowed(gamma):
    net = models.build("momentum_resnet", TASKS["parity"], width=60, hidden=90, gamma=gamma).eval()
    net.realise(TASKS["parity"].program())
    words, target = cases("parity", 200, 16)
    with torch.no_grad():
        assert agrees(net(words, TASKS["parity"].depth(200)).argmax(1), target)


def test_revnet_counts_in_its_second_half_and_holds_bits_in_the_first():
    net, program = realised("revnet", "addition", width=40, hidden=64), TASKS["addition"].program()
    words, target = cases("addition", 4)
    path = list(program.run(words, 10))
    with torch.no_grad():
        states = list(net.states(words, 10))
        logits = net(words, 10)
    for t, state in enumerate(states):
        first, second = state.chunk(2, 1)
        registers = slice(program.static_channels, program.channels)
        known = sum(x[:, registers] for x in path[: t + 1]).float()
        assert torch.equal(second[:, registers], known)  # counted up by one a layer from the step that sets it
        assert torch.equal(first[:, : program.channels], path[max(t - 1, 0)].float())
        assert not first[:, program.channels :].any()
        assert not second[:, program.channels :].any()
        assert not second[:, : program.static_channels].any()
    assert torch.equal(logits, second[:, program.outputs()])
    assert (logits.gather(1, target[:, None]) >= 1).all()
    assert (logits.gather(1, 1 - target[:, None]) == 0).all()


# the neural ODE in closed form


@pytest.mark.parametrize("task", ["cellular", "rule 30", "turing"])
def test_guards_of_the_neural_ode_are_exact_bits_within_their_margin(task):
    """A rule that reads m > 1 registers, each within 1 / (3 m) of a bit, is clipped to what it is on the bits."""
    program = unrolled(task, 2)
    (field,) = models.get("neural_ode").lower(program).weights
    U, b = field.U.double(), field.b.double()
    count, fixed = len(program.rules), program.static_channels
    reads = torch.tensor([sum(literal.register not in ("alive", "input") for literal in k.guard) for k in program.rules])
    words, _ = cases(task, 2)

    def clipped(x: torch.Tensor) -> torch.Tensor:
        units = torch.relu(torch.nn.functional.conv1d(x, U, b, padding=1))
        return units[:, :count] - units[:, count : 2 * count]

    for x in map(torch.Tensor.double, program.run(words)):
        for m in range(2, int(reads.max()) + 1):
            noise = (2 * torch.rand(x.shape, generator=torch.Generator().manual_seed(m)) - 1).sign().double() / (3 * m)
            noise[:, :fixed] = 0
            held, bits = clipped(x + noise)[:, reads == m], clipped(x)[:, reads == m]
            assert (held - bits).abs().max() < 1e-12
            assert ((bits == 0) | (bits == 1)).all()


def test_registers_of_the_neural_ode_are_gamma_distributed():
    net = models.build("neural_ode", TASKS["parity"], rtol=1e-9, atol=1e-11).double().eval()
    reference = net.realise(TASKS["parity"].program())
    words, _ = cases("parity", 5)
    *_, bits = TASKS["parity"].program().run(words)
    outputs, points = TASKS["parity"].program().outputs(), 4
    with torch.no_grad():
        states = list(net.states(words, 5, points))
    assert len(states) == 5 * points + 1
    assert reference.scale == 2
    for step, y in enumerate(states):
        for k in range(1, 6):
            expected = bits[:, outputs, k - 1] * gamma.cdf(reference.scale * step / points, a=k)
            found = y[:, outputs, k - 1]
            assert (found - expected).abs().max() < 1e-6
            assert not found[expected == 0].any()
        assert torch.equal(y[:, :3], states[0][:, :3])
        assert not y[:, 5:].any()


@pytest.mark.parametrize("task", ["addition", "counter 5", "cellular"])
def test_channels_that_stay_0_in_the_program_stay_0_in_the_neural_ode(task):
    net = realised("neural_ode", task)
    program = net.architecture.reference(TASKS[task].program(), 0).program
    words, _ = cases(task, 6, 64)
    *_, final = program.run(words)
    with torch.no_grad():
        for y in net.states(words, TASKS[task].depth(6)):
            assert not y[:, : program.channels][final == 0].any()
    assert (y[:, : program.channels] - final).abs().max() < 0.25
