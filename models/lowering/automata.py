"""The finite automaton that a program is, if it reads nothing to its right: a cell is handed what the one before it holds."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from models.architecture import NotRealizable
from tasks.programs import Program, decode

LIMIT = 1024  # edges of the largest automaton


class Edge(NamedTuple):
    """From state `source` to `target` on `symbol`, which is `alphabet` for a blank step; `output` is -1 where there is none.

    The automaton starts in state 0.
    """

    source: int
    symbol: int
    target: int
    output: int


def delay(program: Program) -> int:
    """Steps between the end of a word and its last answer; NotRealizable if they are not always the same number."""
    first, *others = ((n, max(program.depth(n) - n, 0)) for n in (*range(1, 65), 1000))
    for n, steps in others:
        if steps != first[1]:
            raise NotRealizable(
                f"answers stand {first[1]} steps after a word of {first[0]} symbols, {steps} after {n}: no constant delay"
            )
    return first[1]


@lru_cache(maxsize=256)
def automaton(program: Program) -> tuple[Edge, ...]:
    """The automaton that a write-once program is, by breadth-first search over words; NotRealizable if it is none.

    A state is what the next cell can read of a cell when all registers have settled; every state has a witness, a word
    whose last cell is in it, and its edges are those of the witness and one more symbol. State 0 is "no cell before".
    """
    right = [rule for rule in program.rules if any(tap.at > 0 for tap in program.taps(rule))]
    if right:
        raise NotRealizable(f"a streaming net has not seen the right neighbour, which a rule reads: {right[0]}")
    seen = sorted({tap.channel for rule in program.rules for tap in program.taps(rule) if tap.at < 0})
    number: dict[tuple[int, ...] | None, int] = {None: 0}
    edges: list[Edge] = []
    frontier = [(0, torch.zeros(0, dtype=torch.long))]
    while frontier:
        if len(edges) + len(frontier) * program.alphabet > LIMIT:
            raise NotRealizable(f"needs more than {LIMIT} edge units: not a finite automaton of that size")
        steps = [(q, torch.cat([word, torch.tensor([a])])) for q, word in frontier for a in range(program.alphabet)]
        x = settled(program, torch.stack([word for _, word in steps]))[..., -1:]
        outputs, contents, frontier = decode(x[:, program.outputs()]), x[:, seen, 0].tolist(), []
        for (q, word), output, content in zip(steps, outputs.flatten().tolist(), contents, strict=True):
            key = tuple(content)
            if key not in number:
                number[key] = len(number)
                frontier.append((number[key], word))
            edges.append(Edge(q, int(word[-1]), number[key], output))
    return tuple(edges)


def settled(program: Program, tokens: Tensor) -> Tensor:
    """The fixed point of a write-once program on words `[batch, cells]`, int8 `[batch, channels, cells]`."""
    x = program.encode(tokens)
    while (change := program.field(x)).any():
        x = x + change
    return x


def delayed(edges: Sequence[Edge], steps: int, blank: int) -> list[Edge]:
    """The automaton that gives every output `steps` steps later: its states also hold the last `steps` outputs.

    After the word come blank steps, on which it gives what it still holds.
    """
    after: dict[int, list[Edge]] = {}
    for edge in edges:
        after.setdefault(edge.source, []).append(edge)
    end = Edge(-1, blank, -1, -1)
    start = (0, (-1,) * steps)
    number, found, waiting = {start: 0}, [], [start]
    for q, queue in waiting:
        for edge in [*after.get(q, []), *([end] if steps and q else [])]:
            output, *held = *queue, edge.output
            target = (edge.target, tuple(held))
            if target not in number:
                number[target] = len(number)
                waiting.append(target)
            found.append(Edge(number[q, queue], edge.symbol, number[target], output))
    if len(found) > LIMIT:
        raise NotRealizable(f"needs more than {LIMIT} edge units to answer {steps} steps late: {len(found)}")
    return found


def minimal(edges: Sequence[Edge]) -> list[Edge]:
    """The same automaton with equivalent states merged, by refinement of partitions (Moore, Automata Studies, 1956)."""
    part = dict.fromkeys((edge.source for edge in edges), 0)
    while True:
        leads: dict[int, list[tuple[int, int, int]]] = {q: [] for q in part}
        for edge in edges:
            leads[edge.source].append((edge.symbol, part[edge.target], edge.output))
        kinds = {q: (part[q], tuple(sorted(leads[q]))) for q in part}
        number = {kind: k for k, kind in enumerate(dict.fromkeys(kinds.values()))}
        if len(number) == len(set(part.values())):
            return list(dict.fromkeys(Edge(part[q], symbol, part[target], out) for q, symbol, target, out in edges))
        part = {q: number[kind] for q, kind in kinds.items()}
