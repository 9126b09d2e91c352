"""The head of a sweep: it sends pieces as workers are free, tells what comes back, and sends again what was lost.

At any time there are as many pieces under way as workers, so the scheduler holds little, and no piece waits behind another.
"""

import os
import shutil
import sys
import time
from contextlib import suppress
from queue import Empty, Queue
from typing import Any

from leaderboard.cluster import worker
from leaderboard.cluster.clusters import Workers, opened
from leaderboard.cluster.pieces import Pieces, Sent
from leaderboard.cluster.plan import Cell, Plan
from leaderboard.cluster.settings import ClusterError, Settings
from leaderboard.cluster.state import EVERY, State
from leaderboard.running.command import Tally
from leaderboard.store.record import exists

LET_GO = 20.0  # seconds that workers have to keep their checkpoints when the sweep is ended


class Sweep:
    """The runs of a plan, made by workers that come and go."""

    def __init__(self, plan: Plan, settings: Settings, tally: Tally) -> None:
        self.plan, self.settings, self.tally = plan, settings, tally
        self.pieces = Pieces(iter(plan), self._planned, os.getcwd(), settings.tries, settings.piece)
        self.flying: dict[Any, Sent] = {}
        self.arrived: Queue[Any] = Queue()
        self.addresses: dict[str, Any] = {}
        self.skipped, self.errors, self.looked = 0, 0, 0.0
        now = time.time()
        self.state = State(plan.name, plan.total, {}, 0, 0, now, now)

    def make(self) -> None:
        """All of it; a cluster is opened only if there is something to do."""
        if self.pieces.left():
            self._told(f"{self.skipped} of the runs seen so far are done") if self.skipped else None
            with opened(self.settings, self.plan.folder) as workers:
                self._work(workers)
        if self.skipped:
            print(f"skipped: {self.skipped} runs, their records exist", flush=True)
        self._leave_nothing()
        self._look("ended")

    def _planned(self, cell: Cell) -> None:
        """Count what of a cell needs no work."""
        if cell.refused:
            self.tally.add("refused", cell.of)
            self._told(cell.refused, sys.stderr)
        elif cell.done:
            self.tally.add("skipped", cell.done)
            self.skipped += cell.done

    def _work(self, workers: Workers) -> None:
        self.state.dashboard = workers.client.dashboard_link
        print(f"dask: dashboard {self.state.dashboard}", flush=True)
        try:
            self._tend(workers)
            while self._send(workers):
                with suppress(Empty):
                    self._receive(workers, self.arrived.get(timeout=0.2))
                if time.time() - self.looked > EVERY:
                    self._tend(workers)
        except BaseException:
            self._let_go(workers)
            self._look("stopped; the same command goes on")
            raise

    def _send(self, workers: Workers) -> bool:
        """Give every free worker a piece; False if nothing is left, neither here nor there."""
        while len(self.flying) < len(self.addresses):
            sent = self.pieces.next(len(self.addresses))
            if sent is None:
                break
            future = workers.client.submit(worker.work, sent.piece, pure=False)
            self.flying[future.key] = sent
            future.add_done_callback(self.arrived.put)
            sent.future = future
        return bool(self.flying) or self.pieces.left()

    def _receive(self, workers: Workers, future: Any) -> None:
        sent = self.flying.pop(future.key)
        if future.status == "cancelled":
            raise ClusterError("the scheduler is gone; the same command goes on")
        try:
            outcomes = future.result()
        except Exception as error:  # of Dask, or of an environment that is not ours; what a run raises is in its record
            self._erred(sent, error)
            return
        for outcome in outcomes:
            if outcome.status == "broken":
                self._broken(workers, outcome)
                continue
            if outcome.status == "left":
                self.addresses.pop(outcome.worker, None)
                workers.leave(outcome.worker)
                continue
            status = "done" if outcome.status == "skipped" else outcome.status  # made by another, or before an answer was lost
            if outcome.status == "done":
                sent.cell.seconds = outcome.seconds
            self.tally.add(status)
            self._told(outcome.line, sys.stderr if status == "refused" else sys.stdout)
        self.pieces.again(sent, {outcome.id for outcome in outcomes if outcome.status != "broken"})

    def _erred(self, sent: Sent, error: Exception) -> None:
        self.errors += 1
        said = f"a worker could not do its piece: {type(error).__name__}: {' '.join(str(error).split())}"
        if self.errors >= self.settings.tries * max(1, len(self.addresses)):
            raise ClusterError(said)
        print(f"dask: {said}; it is sent again", file=sys.stderr, flush=True)
        self.pieces.again(sent, set())

    def _broken(self, workers: Workers, outcome: worker.Outcome) -> None:
        """A worker that cannot write is sent away; with the last of them ends the sweep."""
        address = outcome.worker
        self.addresses.pop(address, None)
        if workers.dismiss(address):
            print(f"dask: worker {address} is sent away: {outcome.line}", file=sys.stderr, flush=True)
        if not workers.left():
            raise ClusterError(outcome.line)

    def _tend(self, workers: Workers) -> None:
        """Look who is there, ask for who is not, and give a sign of life."""
        try:
            self.addresses = workers.addresses()
        except OSError:
            raise ClusterError("the scheduler is gone; the same command goes on") from None
        workers.tend(list(self.addresses.values()))
        self._look()

    def _look(self, ended: str = "") -> None:
        self.looked = time.time()
        self.state.seen, self.state.ended, self.state.workers = self.looked, ended, len(self.addresses)
        self.state.running, self.state.counts = len(self.flying), dict(self.tally.counts())
        self.state.write(self.plan.folder)

    def _let_go(self, workers: Workers) -> None:
        """Before an end that is none: let the workers keep checkpoints."""
        with suppress(Exception):
            workers.client.run(_leave)
            until = time.monotonic() + LET_GO
            while self.flying and (left := until - time.monotonic()) > 0:
                self.flying.pop(self.arrived.get(timeout=left).key, None)
            if workers.cluster is None:  # these stay, for other sweeps
                workers.client.run(_stay)

    def _told(self, line: str, to: Any = None) -> None:
        print(f"{self.tally.told(len(self.flying))} {line}", file=to or sys.stdout, flush=True)

    def _leave_nothing(self) -> None:
        """Checkpoints of runs that are done: of a worker that was taken for lost, and went on."""
        kept = self.plan.folder / "checkpoints"
        for path in kept.iterdir() if kept.is_dir() else ():
            if exists(self.plan.folder, path.name):
                shutil.rmtree(path, ignore_errors=True)


def _leave() -> None:
    worker.LEAVING.set()


def _stay() -> None:
    worker.LEAVING.clear()
