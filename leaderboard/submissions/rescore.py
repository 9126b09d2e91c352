"""Scores of submitted weights, in a process of its own with limits, which reads a job from stdin.

The job is one JSON object of `verify`; the answers are JSON objects on stdout, one a line: the reference weights,
then every seed, with what its net is alike (`likeness`): "reference", or the path of another seed; and
`{"fault": [code, what]}` where it ends early. Only checked bytes are read: a file whose SHA-256 is not
that of the check is refused.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import models
import tasks
from leaderboard import protocol
from leaderboard.running import score
from leaderboard.running.score import CHUNK
from leaderboard.submissions import tensors
from leaderboard.submissions.confine import confine
from leaderboard.submissions.faults import Refused, refuse
from leaderboard.submissions.folder import contents
from leaderboard.submissions.likeness import Signature, same, signature
from models import Net, NotRealizable
from models.solving.watch import SolverError
from tasks import Task
from tasks.words.split import scoring_words

ALONE = 8  # words that are also answered in a batch of one
TIE = 0.05  # two logits whose difference is at most this part of the largest are a tie, which rounding may decide
DIFFERENT = 0.01  # part of the answers that may differ though there is no tie: a net may amplify rounding
EVALUATIONS = 256  # of a block, in a layer

Seeds = dict[str, str] | None  # of hidden words, by length; None: the public words


class Spent(RuntimeError):
    """The net has evaluated its blocks too often; one line."""


@contextmanager
def limited(net: Net, most: int) -> Iterator[None]:
    """Spent beyond `most` evaluations of the blocks of a net inside."""
    spent = 0

    def count(block: object, inputs: tuple[Tensor, ...]) -> None:
        nonlocal spent
        spent += net.architecture.evaluations(inputs[0])
        if spent > most:
            raise Spent(f"more than {most} evaluations of its blocks")

    hooks = [block.register_forward_pre_hook(count) for block in net.blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def allowance(net: Net, depth: int, calls: int) -> int:
    """Evaluations that `calls` passes of `depth` layers may take."""
    return calls * EVALUATIONS * (depth * net.architecture.blocks + 4)


@torch.no_grad()
def differing(net: Net, tokens: Tensor, depth: int) -> float:
    """Part of the answers that are others in a permuted batch, or for a word alone, though they are no tie; at most of both.

    In a tie the two best logits lie within TIE times the largest of all. A solver with adaptive steps chooses them for all
    words of a batch together, so small differences are no fault.
    """
    logits = net(tokens, depth)
    order = torch.randperm(len(tokens), generator=torch.Generator().manual_seed(0))
    permuted = torch.empty_like(logits)
    permuted[order] = net(tokens[order], depth)
    alone = torch.cat([net(word, depth) for word in tokens[:ALONE].split(1)])
    finite = logits.isfinite().all(1)
    best = logits.topk(2, 1).values  # [batch, 2, cells]
    clear = finite & (best[:, 0] - best[:, 1] > TIE * logits[logits.isfinite()].abs().max()) if finite.any() else finite
    return max(
        float(((other.argmax(1) != logits[: len(other)].argmax(1)) & clear[: len(other)]).float().mean())
        for other in (permuted, alone)
    )


def scores(net: Net, task: Task, length: int, factors: list[int], words: int, seeds: Seeds) -> list[dict[str, Any]]:
    """A record's scores at all factors of the training length; `Refused`, S404 or S405, where there are none."""
    found = []
    for factor in factors:
        n, count = factor * length, protocol.words_at(words, factor)
        depth, seed = task.depth(n), seeds[str(n)] if seeds else None
        tokens = scoring_words(task, min(count, CHUNK), n, length, seed)
        deeper = [length * depth for depth in protocol.DEPTHS if factor == 1]
        deepest = max(depth, *map(task.depth, deeper), 0)
        try:
            with limited(net.eval(), allowance(net, deepest, 2 + ALONE + -(-count // CHUNK) * (1 + len(deeper)))):
                results = score.scores(net, task, n, count, length, deeper, seed)
                different = differing(net, tokens, depth)
        except (Spent, SolverError) as error:
            raise refuse("S404", f"length {n}", str(error)) from None
        if different > DIFFERENT:
            raise refuse("S405", f"length {n}", f"{different:.1%} of the answers do, without a tie; allowed: {DIFFERENT:.0%}")
        found += [{"factor": factor} | asdict(result) for result in results]
    return found


def signed(net: Net, task: Task, length: int) -> Signature:
    """The signature of a net; `Refused`, S404, if it takes too long."""
    try:
        with limited(net, allowance(net, task.depth(length), 1)):
            return signature(net, task, length)
    except (Spent, SolverError) as error:
        raise refuse("S404", f"length {length}", str(error)) from None


def signatures(net: Net, task: Task, length: int) -> Iterator[Signature]:
    """Of all reference weights that there are in this module: as they are, and correcting noise."""
    for robust in (False, True):
        with suppress(NotRealizable, Refused):
            net.realise(task.program(), robust)
            yield signed(net, task, length)


def _first(own: Signature, seen: dict[str, Signature]) -> str | None:
    return next((path for path, other in seen.items() if same(own, other)), None)


def module(job: dict[str, Any]) -> tuple[Task, Net]:
    """The task and the net of a job."""
    task, made = tasks.get(job["task"], **job["parameters"]), models.get(job["model"], **job["options"])
    return task, Net(made, task.alphabet, task.classes, **job["net"])


def answers(job: dict[str, Any], task: Task, net: Net) -> Iterator[dict[str, Any]]:
    """The answers to a job, one after the other."""
    how = (job["length"], job["factors"], job["words"], job["seeds"])
    entry: dict[str, Any] = {"reason": None, "longest": None, "width": None, "hidden": None}
    try:
        reference = net.realise(task.program())
        entry |= {"longest": reference.longest, "width": net.architecture.width(reference), "hidden": reference.hidden}
        yield {"reference": entry, "scores": scores(net, task, *how)}
    except (NotRealizable, Refused) as reason:
        yield {"reference": entry | {"reason": str(reason)}, "scores": []}
    references, seen = list(signatures(net, task, job["length"])), dict[str, Signature]()
    for seed, path, sha256 in job["files"]:
        started, cpu = time.perf_counter(), time.process_time()
        data = contents(Path(job["folder"]), path)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise refuse("S001", path, "changed since it was checked")
        net.load_state_dict(tensors.load(data, path))
        found = scores(net, task, *how)
        own = signed(net, task, job["length"])
        alike = "reference" if any(same(own, one) for one in references) else _first(own, seen)
        seen |= {} if alike else {path: own}
        spent = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
        yield {"seed": seed, "scores": found, "alike": alike, "parameters": sum(p.numel() for p in net.parameters())} | spent


def main() -> None:
    """Answer the job on stdin."""
    job = json.load(sys.stdin)
    torch.set_num_threads(1)
    task, net = module(job)  # and what they import, before the limits hold
    confine(job["cpu"], job["memory"])
    try:
        for answer in answers(job, task, net):
            print(json.dumps(answer, allow_nan=False), flush=True)
    except Refused as refused:
        code, where, what = refused.faults[0]
        print(json.dumps({"fault": [code, f"{where}: {what}"]}), flush=True)
    except (MemoryError, RuntimeError, ArithmeticError, ValueError) as error:
        code = "S403" if isinstance(error, MemoryError) or "allocate" in str(error) else "S406"
        print(json.dumps({"fault": [code, " ".join(str(error).split())[:300]]}), flush=True)


if __name__ == "__main__":
    main()
