"""Circuits, graphs, hidden sets and hidden states, Wolfram's rules: other definitions, examples by hand, bad words, samples."""

import random
from collections import Counter
from functools import cache
from itertools import combinations, pairwise, product
from math import comb, log2
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

import tasks
from tasks import IGNORE, TaskError
from tasks.automaton import Automaton
from tasks.cellular import Cellular
from tasks.circuit_value import CircuitValue
from tasks.hidden_automaton import HiddenAutomaton
from tasks.programs import decode
from tasks.reachability import Reachability
from tasks.sparse_parity import SparseParity

CIRCUIT, GRAPH = CircuitValue(), Reachability()
CONF = Path(__file__).parents[2] / "conf" / "task"


def generator(number: int = 0) -> tasks.Bits:
    return tasks.Bits(number)


def stands_after(task, word: list[int]) -> int:
    """The first step of the program from which all answers stand."""
    target = task.target(torch.tensor([word]))[0]
    scored, program, after = target != IGNORE, task.program(), 0
    for step, x in enumerate(program.run(torch.tensor([word]), 2 * task.depth(len(word)))):
        if not torch.equal(decode(x[:, program.outputs()])[0][scored], target[scored]):
            after = step + 1
    return after


# circuits


def by_recursion(word: list[int]) -> list[int]:
    """Every gate asks those that it reads, down to the bits."""
    layers = "".join("01|=<>N"[token] for token in word).split("|")

    @cache
    def value(layer: int, wire: int) -> bool:
        if wire not in range(len(layers[0])):
            return False
        if (gate := layers[layer][wire]) in "01":
            return gate == "1"
        if gate == "N":
            return not (value(layer - 1, wire) and value(layer - 1, wire + 1))
        return value(layer - 1, wire + "<=>".index(gate) - 1)

    values = [[int(value(layer, wire)) for wire in range(len(gates))] for layer, gates in enumerate(layers)]
    return values[0] + [answer for row in values[1:] for answer in [IGNORE, *row]]


def test_circuits_by_recursion():
    for length in (3, 5, 8, 15, 35, 48):
        words = torch.tensor(list(CIRCUIT.words(length))) if length < 9 else CIRCUIT.sample(100, length, generator())
        values = [by_recursion(word) for word in words.tolist()]
        assert CIRCUIT.target(words).tolist() == values
        assert [CIRCUIT.solve(word) for word in words.tolist()] == values


@pytest.mark.parametrize(("a", "b"), product((0, 1), repeat=2))
def test_four_nands_are_an_exclusive_or(a, b):
    word = [a, a, b, 2, 3, 6, 3, 2, 6, 6, 3, 2, 6, 4, 5]  # a, a nand b, b; then their nands; then the nand of these
    assert CIRCUIT.solve(word)[12] == a ^ b
    assert CIRCUIT.program().answer(torch.tensor([word]))[0, 12] == a ^ b


def test_wires_outside_carry_0():
    for word, answer in {(1, 2, 4): 0, (1, 2, 5): 0, (1, 2, 6): 1, (1, 2, 3): 1, (0, 2, 3): 0}.items():
        assert CIRCUIT.solve(word) == [word[0], IGNORE, answer]
    assert CIRCUIT.solve([1, 0, 1, 2, 4, 4, 4])[4:] == [0, 1, 0]
    assert CIRCUIT.solve([1, 0, 1, 2, 5, 5, 5])[4:] == [0, 1, 0]
    assert CIRCUIT.solve([1]) == [1]


def test_the_last_gate():
    assert CircuitValue(scored="last").solve([1, 1, 2, 6, 3]) == [IGNORE] * 4 + [1]


def test_long_circuits_of_every_width_run_in_time():
    for length in (35, 63, 99):
        words = CIRCUIT.sample(20, length, generator(length))
        answer, target = CIRCUIT.program().answer(words), CIRCUIT.target(words)
        assert torch.equal(answer[target != IGNORE], target[target != IGNORE])


@pytest.mark.parametrize("layers", [1, 2, 5, 17])
def test_a_single_wire_takes_all_the_time(layers):
    word = [1] + [2, 3] * layers
    assert stands_after(CIRCUIT, word) == CIRCUIT.program().depth(len(word)) == 2 * len(word) - 1


def test_lengths_of_circuits():
    squares = [a * b - 1 for a in range(1, 40) for b in (a, a + 1)]
    for length in range(1, 1000):
        assert CIRCUIT.cells(length) == max(n for n in squares if n <= length)
        assert CIRCUIT.cells(CIRCUIT.cells(length)) == CIRCUIT.cells(length)
    for length in range(1, 9):
        assert CIRCUIT.space(length) == len(list(CIRCUIT.words(length)))
    assert CIRCUIT.space(11) == 2 * 4**5 + 2**2 * 4**6 + 2**3 * 4**6 + 2**5 * 4**5  # 1, 2, 3, 5 wires


@pytest.mark.parametrize(
    "word",
    [
        [1, 0],  # no layer
        [2, 3],  # no wire
        [1, 2],
        [1, 2, 0],  # a bit in the place of a gate
        [3, 2, 3],  # a gate in the place of a bit
        [1, 0, 2, 3, 3, 2, 3],
        [1, 0, 2, 3],
        [1, 0, 2, 3, 2, 3, 3, 3],
        [1, 0, 2, 3, 3, 3],
        [1, 0, 2, 3, 3, 3, 3, 3],
        [1, 2, 3, 3, 3],
    ],
)
def test_words_that_are_no_circuits(word):
    with pytest.raises(TaskError, match=r"circuit_value: \[.*\] is not an input; inputs are one bit; or m bits 0, 1, then"):
        CIRCUIT.solve(word)


def test_samples_of_circuits():
    words = CIRCUIT.sample(35_000, 35, generator())
    widths = Counter((words == 2).long().argmax(1).tolist())
    assert sorted(widths) == [1, 2, 3, 5, 8, 11, 17]
    assert all(abs(count - 5000) < 330 for count in widths.values())
    gates = Counter(words[words > 2].tolist())
    assert all(abs(gates[gate] / gates.total() - 1 / 4) < 0.01 for gate in (3, 4, 5, 6))
    assert abs(words[words < 2].float().mean() - 1 / 2) < 0.01
    answers = CIRCUIT.target(words)
    assert 0.4 < answers[answers != IGNORE].float().mean() < 0.6
    assert 0.4 < answers[:, -1].float().mean() < 0.6


# graphs


def graph(nodes: int, edges: set[tuple[int, int]]) -> list[int]:
    """The word of a graph."""
    return [symbol for u in range(nodes) for symbol in [2, *(int((u, v) in edges) for v in range(u + 1, nodes))]]


def by_powers(nodes: int, edges: set[tuple[int, int]]) -> list[int]:
    """Which nodes a path leads to from node 0: powers of 1 + the adjacency matrix."""
    step = [[int(u == v or (u, v) in edges) for v in range(nodes)] for u in range(nodes)]
    paths = [int(u == 0) for u in range(nodes)]
    for _ in range(nodes):
        paths = [sum(paths[u] * step[u][v] for u in range(nodes)) for v in range(nodes)]
    return [int(count > 0) for count in paths]


def at_nodes(answer: list[int], word: list[int]) -> list[int]:
    """The answers of the nodes; edges have none."""
    assert all((a == IGNORE) == (token < 2) for a, token in zip(answer, word, strict=True))
    return [a for a in answer if a != IGNORE]


def some_graphs() -> list[tuple[int, set[tuple[int, int]]]]:
    """All graphs of up to 4 nodes, random ones of up to 9."""
    found = []
    for nodes in (1, 2, 3, 4):
        pairs = list(combinations(range(nodes), 2))
        found += [
            (nodes, {e for e, bit in zip(pairs, bits, strict=True) if bit}) for bits in product((0, 1), repeat=len(pairs))
        ]
    draw = random.Random(0)
    for nodes in (5, 6, 7, 8, 9) * 12:
        found.append((nodes, {e for e in combinations(range(nodes), 2) if draw.random() < 1.6 / nodes}))
    return found


def test_reachability_is_the_closure():
    for nodes, edges in some_graphs():
        word, reached = graph(nodes, edges), by_powers(nodes, edges)
        assert at_nodes(GRAPH.solve(word), word) == reached
        assert at_nodes(GRAPH.target(torch.tensor([word]))[0].tolist(), word) == reached


def test_all_graphs_of_five_nodes_and_some_of_twelve_by_the_program():
    for words in (torch.tensor(list(GRAPH.words(15))), GRAPH.sample(30, 78, generator())):
        answer, target = GRAPH.program().answer(words), GRAPH.target(words)
        assert torch.equal(answer[target != IGNORE], target[target != IGNORE])
    assert len(list(GRAPH.words(15))) == 2**10


def test_graphs_by_hand():
    def reached(nodes, edges):
        word = graph(nodes, edges)
        return at_nodes(GRAPH.solve(word), word)

    path = set(pairwise(range(6)))
    assert reached(6, path) == [1] * 6
    assert reached(6, path - {(2, 3)}) == [1, 1, 1, 0, 0, 0]
    assert reached(4, set()) == [1, 0, 0, 0]
    assert reached(5, {(0, 4), (1, 2), (2, 3)}) == [1, 0, 0, 0, 1]
    assert GRAPH.solve([2]) == [1]
    assert [GRAPH.solve([2, bit, 2]) for bit in (0, 1)] == [[1, IGNORE, bit] for bit in (0, 1)]
    assert Reachability(scored="last").solve([2, 1, 2]) == [IGNORE, IGNORE, 1]


@pytest.mark.parametrize("nodes", [2, 3, 5, 8, 12])
def test_depth_of_reachability_is_exact(nodes):
    word = graph(nodes, set())
    assert stands_after(GRAPH, word) == GRAPH.depth(len(word)) == nodes * (3 * nodes - 1) // 2 + 1


def test_lengths_of_graphs():
    triangles = [n * (n + 1) // 2 for n in range(1, 50)]
    assert all(GRAPH.cells(length) == max(t for t in triangles if t <= length) for length in range(1, 1000))
    assert [GRAPH.space(length) for length in (1, 2, 3, 5, 6, 14, 15)] == [1, 1, 2, 2, 8, 64, 1024]


@pytest.mark.parametrize("word", [[0], [2, 2], [2, 0], [0, 2, 2], [2, 0, 0], [2, 2, 2], [2, 0, 2, 2], [2, 0, 0, 2, 2, 0]])
def test_words_that_are_no_graphs(word):
    with pytest.raises(TaskError, match=r"reachability: \[.*\] is not an input; inputs are graphs: for each node"):
        GRAPH.solve(word)


@pytest.mark.parametrize("nodes", [2, 3, 8, 16])
def test_samples_of_graphs(nodes):
    words = GRAPH.sample(4000, nodes * (nodes + 1) // 2, generator())
    edges = words[words != 2].view(4000, -1).float().mean(0)
    assert edges.sub((1 + log2(nodes)) / (2 * nodes)).abs().max() < 0.035  # four deviations
    assert 0.45 < GRAPH.target(words)[:, -1].float().mean() < 0.65
    pairs = words[words != 2].view(4000, -1).float().T.corrcoef() if nodes > 2 else torch.eye(1)
    assert (pairs - torch.eye(len(pairs))).abs().max() < 0.09


# hidden sets


@pytest.mark.parametrize(("k", "span", "seed"), [(1, 1, 0), (1, 4, 0), (2, 4, 3), (3, 6, 0), (3, 6, 1), (5, 5, 2), (3, 16, 0)])
def test_sparse_parity_counts_the_bits_under_a_mask(k, span, seed):
    task = SparseParity(k=k, span=span, seed=seed, scored="every")
    mask = sum(1 << p for p in random.Random(seed).sample(range(span), k))
    assert mask.bit_count() == k
    for length in (1, 2, 5, 9, 20):
        words = task.sample(64, length, generator()) if length > 6 else torch.tensor(list(task.words(length)))
        numbers = [[sum(bit << p for p, bit in enumerate(word[: i + 1])) for i in range(length)] for word in words.tolist()]
        parities = [[(number & mask).bit_count() % 2 for number in row] for row in numbers]
        assert task.target(words).tolist() == parities == [task.solve(word) for word in words.tolist()]
        assert task.program().answer(words).tolist() == parities


def test_the_whole_word_is_asked_for_unless_prefixes_are():
    task = SparseParity(k=2, span=4)
    assert task.hidden == [1, 3]
    assert task.solve([1, 1, 1, 1, 1]) == [IGNORE] * 4 + [0]
    assert task.solve([1, 1, 1]) == [IGNORE] * 2 + [1]
    assert task.solve([1]) == [0]


def test_sparse_parities_are_as_many_as_the_card_says_and_orthogonal():
    every = {tuple(SparseParity(k=2, span=5, seed=seed).hidden) for seed in range(200)}
    assert len(every) == comb(5, 2)
    assert "SQ dimension C(5, 2) = 10:" in SparseParity(k=2, span=5).card.learning
    words = torch.tensor(list(product((0, 1), repeat=5)))
    signs = torch.stack([1 - 2 * (words[:, list(hidden)].sum(1) % 2) for hidden in sorted(every)])
    assert torch.equal(signs @ signs.T, 32 * torch.eye(10, dtype=torch.long))


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"k": 0}, r"sparse_parity: k=0 is not allowed; allowed: 1\.\.12"),
        ({"k": 5, "span": 4}, r"k=5 is not allowed; allowed: 1\.\.4"),
        ({"span": 0}, r"span=0 is not allowed; allowed: 1\.\.1024"),
    ],
)
def test_bad_sets(parameters, told):
    with pytest.raises(TaskError, match=told):
        tasks.get("sparse_parity", **parameters)


# hidden states

SIZES = [(2, 1), (2, 2), (3, 2), (5, 2), (5, 3), (9, 2)]


@pytest.mark.parametrize(("states", "letters"), SIZES)
def test_hidden_automata_accept_by_products_of_matrices(states, letters):
    for seed in range(6):
        task = HiddenAutomaton(states=states, letters=letters, seed=seed)
        table, accepting = task.automaton
        matrices = torch.nn.functional.one_hot(torch.tensor(table), states)  # [from, letter, to]
        final = torch.isin(torch.arange(states), torch.tensor(accepting)).long()
        words = task.sample(20, 12, generator(seed))
        run, answers = torch.eye(states, dtype=torch.long)[:1].expand(20, 1, states), []
        for column in words.unbind(1):
            run = run @ matrices[:, column].movedim(1, 0)
            answers.append(run[:, 0] @ final)
        assert torch.equal(task.target(words), torch.stack(answers, 1))
        assert torch.equal(task.program().answer(words), torch.stack(answers, 1))
        assert [task.solve(word) for word in words.tolist()] == torch.stack(answers, 1).tolist()


@pytest.mark.parametrize(("states", "letters"), SIZES)
def test_half_of_the_states_accept_and_answers_differ_for_ever(states, letters):
    for seed in range(30):
        task = HiddenAutomaton(states=states, letters=letters, seed=seed)
        table, accepting = task.automaton
        assert len(table) == states
        assert len(set(accepting)) == states // 2
        late = task.target(task.sample(100, 200, generator(seed)))[:, 100:]
        assert late.min() == 0
        assert late.max() == 1


def test_the_table_is_that_of_automaton_where_both_answers_occur():
    same = [HiddenAutomaton(seed=seed).automaton[0] == Automaton(seed=seed).transitions for seed in range(100)]
    assert same[0]
    assert 70 < sum(same) < 100


def test_class_of_hidden_automata():
    """ACC⁰ exactly if no word can permute five states or more; in particular with up to four states."""
    for states, letters in SIZES:
        for seed in range(20):
            task = HiddenAutomaton(states=states, letters=letters, seed=seed)
            images = [len({row[a] for row in task.automaton[0]}) for a in range(letters)]
            expected, card = "NC¹" if max(images) >= 5 else "ACC⁰", task.card
            assert card.complexity == expected
            assert card.upper.says.startswith(expected)


@pytest.mark.parametrize("parameters", [{"states": 1}, {"states": 257}, {"letters": 0}])
def test_bad_automata(parameters):
    with pytest.raises(TaskError, match=r"hidden_automaton: (states|letters)=\d+ is not allowed; allowed: [12]\.\.256"):
        tasks.get("hidden_automaton", **parameters)


# Wolfram's rules


def affine(rule: int) -> tuple[bool, int]:
    """Whether the rule is a sum modulo 2 of a constant and some of its three inputs, and of how many."""
    f = [rule >> pattern & 1 for pattern in range(8)]
    weights = [f[0] ^ f[1 << bit] for bit in range(3)]
    sums = [f[0] ^ sum(w & (p >> bit) for bit, w in enumerate(weights)) % 2 for p in range(8)]
    return f == sums, sum(weights)


def kin(rule: int) -> set[int]:
    """The rule, its mirror image, its complement, and the mirror image of that, by what they do to a word."""

    def after(r: int, word: tuple[int, ...]) -> int:
        return Cellular(rule=r, steps=1).solve([*word])[1]

    found = set()
    for flip, turn in product((0, 1), (1, -1)):
        patterns = [(word, tuple(bit ^ flip for bit in word)[::turn]) for word in product((0, 1), repeat=3)]
        found.add(sum((after(rule, seen) ^ flip) << (4 * word[0] + 2 * word[1] + word[2]) for word, seen in patterns))
    return found


def test_cards_of_rules_by_what_the_rules_are():
    as_30, as_110, traffic = kin(30), kin(110), kin(184)
    for rule in range(256):
        is_affine, inputs = affine(rule)
        card = Cellular(rule=rule).card
        said = f"{card.upper.says} {card.lower.says}"
        assert card.complexity == "NC⁰"
        assert ("; AC⁰[2] if T grows" in said) == (is_affine and inputs > 1)
        assert ("; AC⁰ if T grows" in said) == (is_affine and inputs < 2)
        assert ("it is open whether" in said) == (rule in as_30)
        assert ("P-complete if T grows" in said) == (rule in as_110)
        assert ("cars" in said) == (rule in traffic)
        assert ("depends on the rule" in said) == (not is_affine and rule not in as_30 | as_110 | traffic)


def test_sums_are_parities_of_more_than_t_inputs():
    for rule in (rule for rule in range(256) if affine(rule)[0] and affine(rule)[1] > 1):
        for steps in (1, 3, 7, 15):
            task = Cellular(rule=rule, steps=steps)
            words = torch.cat([torch.zeros(1, 2 * steps + 1, dtype=torch.long), torch.eye(2 * steps + 1, dtype=torch.long)])
            centre = task.target(words)[:, steps]
            assert (centre[1:] != centre[0]).sum() > steps


def test_cars_of_rule_184_are_a_minimum_over_those_ahead():
    for word in product((0, 1), repeat=9):
        for steps in (1, 3, 6):
            cars = [x for x, bit in enumerate(word) if bit][::-1]  # the foremost first
            ahead = [[cars[k - j] + steps - 2 * j for j in range(min(k, steps) + 1)] for k in range(len(cars))]
            places = {min(seen) for seen in ahead}
            assert Cellular(rule=184, steps=steps).solve([*word]) == [int(x in places) for x in range(9)]


def test_rule_184_tells_the_majority_on_a_ring():
    for n in (3, 5, 7):
        task = Cellular(rule=184, steps=n // 2)
        for ring in product((0, 1), repeat=n):
            later = task.solve([*ring] * 3)[n : 2 * n + 1]  # nothing from outside has come so far
            assert any(a and b for a, b in pairwise(later)) == (sum(ring) > n / 2)


@pytest.mark.parametrize("rule", [30, 90, 184])
def test_rules_have_configurations_of_their_own(rule):
    parameters = OmegaConf.to_container(OmegaConf.load(CONF / f"rule_{rule}.yaml"))
    name, _ = parameters.pop("defaults")
    assert tasks.get(name, **parameters) == Cellular(rule=rule)
