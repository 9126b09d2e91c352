"""Every word up to length 8, random ones to length 64, every route: `make exhaustive`, or `exhaustive.py TASK ...` for some.

`make test` takes a part of these words. `solve`, `target`, the discrete ODE and the realised ResNet are compared on all words
of every task up to length 8, and on random words of the lengths LONG. Of a length with more than LIMIT words, or more than
WORK rule evaluations (words x rules x cells x steps; WORK is the environment variable of that name), as many random ones as fit
are taken; the number is said. Polynomial ODEs and every other realised network are compared on FEW words a length; those
that need a tableau on words of up to TABLEAU cells, where it is not too large. Exit code 1 if any two disagree.

A light task takes ten seconds of one core (parity 5, turing 9, addition 12); those that tests/models/test_references.py calls
LONG take minutes, and all take some hours. Then `make exhaustive` measures the growth that cards state on as many words of
those as of others, which takes half a minute.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import torch
from cases import MODELS, TASKS

import models
from tasks import IGNORE
from tasks.programs import ProgramError
from tasks.programs.polynomial import PolynomialODE
from tasks.programs.tableau import tableau
from tasks.task import Task
from tasks.words.split import seeded

Answer = Callable[[torch.Tensor, int], torch.Tensor]
LIMIT, FEW, TABLEAU, SHORT, LONG, LONG_WORDS = 400_000, 256, 2, range(1, 9), (16, 33, 64), 4
WORK = float(os.environ.get("WORK", "1e9"))


def affordable(task: Task, length: int) -> int:
    """Words of that length whose discrete ODE takes WORK rule evaluations."""
    return max(4, int(WORK / (len(task.program().rules) * task.cells(length) * task.depth(length))))


def words(task: Task, length: int, limit: int) -> torch.Tensor:
    """All words of a length, or `limit` random ones."""
    found = list(islice(task.words(length), limit + 1)) if length in SHORT else []
    if 0 < len(found) <= limit:
        return torch.tensor(found)
    return task.sample(limit if length in SHORT else LONG_WORDS, length, seeded("exhaustive", task.label, length))


def compare(task: Task, answer: Answer, lengths: Sequence[int], limit: int, dear: bool = True) -> Iterator[str]:
    """Say for which lengths `answer(words, length)` is the target, on how many words."""
    total = 0
    for length in lengths:
        tokens = words(task, length, min(limit, affordable(task, length)) if dear else limit)
        target, found = task.target(tokens), torch.cat([answer(part, length) for part in tokens.split(4096)])
        wrong = int(((found != target) & (target != IGNORE)).any(1).sum())
        total += len(tokens)
        if wrong:
            yield f"WRONG on {wrong} of {len(tokens)} words of length {length}"
    yield f"{total} words"


def routes(task: Task) -> Iterator[tuple[str, Answer, Sequence[int], int]]:
    """Name, answer function, lengths, words a length."""
    program, every = task.program(), [*SHORT, *LONG]
    yield "solve", lambda tokens, _: torch.tensor([task.solve(word) for word in tokens.tolist()]), every, LIMIT
    yield "discrete ODE", lambda tokens, _: program.answer(tokens), every, LIMIT
    try:
        ode = PolynomialODE(program if program.write_once else tableau(program, TABLEAU))
        yield "polynomial ODE", lambda tokens, _: ode.answer(tokens), SHORT if program.write_once else fits(task), FEW
    except ProgramError as reason:
        print(f"{task.label:32} polynomial ODE  {reason}")
    for name, (model, options) in MODELS.items():
        net = models.build(model, task, width=1, hidden=1, tableau=TABLEAU, **options).eval()
        try:
            longest = net.realise(program).longest
        except models.NotRealizable as reason:
            print(f"{task.label:32} {name:14} {reason}")
            continue
        lengths = every if name == "resnet" else SHORT if longest is None else fits(task)
        limit = LIMIT if name == "resnet" else FEW
        yield name, lambda tokens, length, net=net: net(tokens, task.depth(length)).argmax(1), lengths, limit


def fits(task: Task) -> list[int]:
    """Lengths whose words fit into the tableau."""
    return [n for n in SHORT if task.cells(n) <= TABLEAU]


@torch.no_grad()
def main() -> int:
    """Compare everything with `target`; the number of routes that disagree."""
    torch.set_num_threads(1)
    wrong, chosen = 0, sys.argv[1:] or list(TASKS)
    for name in chosen:
        for route, answer, lengths, limit in routes(TASKS[name]):
            if not lengths:
                continue
            for said in compare(TASKS[name], answer, lengths, limit, dear=route != "solve"):
                print(f"{TASKS[name].label:32} {route:14} lengths {lengths[0]}..{lengths[-1]}: {said}", flush=True)
                wrong += said.startswith("WRONG")
    print(f"{wrong} disagreements")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
