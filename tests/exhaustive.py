"""Every word up to length 8, every route: `make exhaustive` (minutes; `make test` takes a part of these words).

`solve`, `target`, the discrete ODE, the polynomial ODE and every realised network are compared on all words of every task. Of a
length with more than LIMIT words (COSTLY on an ODE, a tableau, or the machines with five and six symbols) as many random ones
are taken; their number is said. Networks and polynomial ODEs that need a tableau are compared on words of up to TABLEAU cells.
Exit code 1 if any two disagree.
"""

import sys
from collections.abc import Iterator
from itertools import islice

import torch
from test_references import MODELS
from test_tasks import TASKS

import models
from tasks import IGNORE
from tasks.polynomial import PolynomialODE
from tasks.tableau import tableau
from tasks.task import Task
from tasks.words import seeded

LIMIT, COSTLY, TABLEAU, LONGEST = 66_000, 512, 2, 8


def words(task: Task, length: int, limit: int) -> torch.Tensor:
    """All words of a length, or `limit` random ones over the alphabet."""
    found = list(islice(task.words(length), limit + 1))
    if len(found) <= limit:
        return torch.tensor(found)
    return torch.randint(task.alphabet, (limit, length), generator=seeded("exhaustive", task.label, length))


def compare(task: Task, answer, lengths: range, limit: int) -> Iterator[str]:
    """Say for which lengths `answer(words, length)` is the target, on how many words."""
    total = 0
    for length in lengths:
        tokens = words(task, length, limit)
        target, found = task.target(tokens), torch.cat([answer(part, length) for part in tokens.split(4096)])
        wrong = int(((found != target) & (target != IGNORE)).any(1).sum())
        total += len(tokens)
        if wrong:
            yield f"WRONG on {wrong} of {len(tokens)} words of length {length}"
    yield f"{total} words"


def routes(task: Task) -> Iterator[tuple[str, object, range, int]]:
    """Name, answer function, lengths, words a length."""
    program, every, short = task.program(), range(1, LONGEST + 1), range(1, TABLEAU + 1)
    once = program if program.write_once else tableau(program, TABLEAU)
    ode = PolynomialODE(once)
    few = len(list(islice(task.words(LONGEST), LIMIT + 1))) <= LIMIT
    yield "solve", lambda tokens, _: torch.tensor([task.solve(word) for word in tokens.tolist()]), every, LIMIT
    yield "discrete ODE", lambda tokens, _: program.answer(tokens), every, LIMIT
    yield "polynomial ODE", lambda tokens, _: ode.answer(tokens), every if once is program else short, COSTLY
    for name, (model, options) in MODELS.items():
        net = models.build(model, task, width=1, hidden=1, tableau=TABLEAU, **options).eval()
        try:
            longest = net.realise(program).longest
        except models.NotRealizable as reason:
            print(f"{task.label:32} {name:14} {reason}")
            continue
        cheap = model != "neural_ode" and longest is None and (name == "resnet" or few)
        limit = LIMIT if cheap else COSTLY
        lengths = every if longest is None else range(1, longest + 1)
        yield name, lambda tokens, length, net=net: net(tokens, task.depth(length)).argmax(1), lengths, limit


@torch.no_grad()
def main() -> int:
    """Compare everything with `target`; the number of routes that disagree."""
    torch.set_num_threads(1)
    wrong, chosen = 0, sys.argv[1:] or list(TASKS)
    for name in chosen:
        for route, answer, lengths, limit in routes(TASKS[name]):
            for said in compare(TASKS[name], answer, lengths, limit):
                print(f"{TASKS[name].label:32} {route:14} lengths 1..{lengths[-1]}: {said}", flush=True)
                wrong += said.startswith("WRONG")
    print(f"{wrong} disagreements")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
