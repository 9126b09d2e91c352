"""How a worker leaves: on SIGUSR2, on SIGTERM, before its wall time, or as the sweep ends.

Its run keeps a checkpoint after the step that it is in, and what is left of the piece is handed back before the worker goes.
"""

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from distributed.core import Status
from distributed.diagnostics.plugin import NannyPlugin, WorkerPlugin

from leaderboard.cluster.worker import LEAVING

ENDS = "REALIZABLE_ENDS"  # the environment variable that says when, in seconds since 1970, the workers of a job leave
SIGNALS = (signal.SIGUSR2, signal.SIGTERM)


def _listen(handler: Any) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, handler)


class Leave(WorkerPlugin):
    """A worker leaves as it is told to."""

    name = "realizable-leave"

    def setup(self, worker: Any) -> None:
        """Listen to signals, and to the clock where the job has a wall time."""
        self.worker, self.loop, self.leaves = worker, asyncio.get_running_loop(), False
        _listen(self.told)
        if ends := os.environ.get(ENDS):
            self.loop.call_later(max(0.0, float(ends) - time.time()), self.told)

    def teardown(self, worker: Any) -> None:
        """The worker closes, whoever wants it."""
        LEAVING.set()

    def told(self, *_: Any) -> None:
        """Leave; a handler of signals."""
        LEAVING.set()
        self.loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if not self.leaves:
            self.leaves, self.task = True, self.loop.create_task(self._leave())

    async def _leave(self) -> None:
        self.worker.status = Status.paused  # it is given nothing more
        while self.worker.state.executing_count:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # until what the piece gave is fetched; else it is made again, from its records
        await self.worker.close_gracefully(reason="told to leave")


class Forward(NannyPlugin):
    """The nanny of a worker, which is the process that a batch system signals, hands signals on to it."""

    name = "realizable-forward"
    nannies: list[Any] = []  # noqa: RUF012  # all of this process

    def setup(self, nanny: Any) -> None:
        """Before the first worker."""
        self.nannies.append(nanny)
        _listen(self.hand_on)

    def teardown(self, nanny: Any) -> None:
        """Nothing has to be undone."""

    def hand_on(self, *_: Any) -> None:
        """Tell all workers of this process to leave."""
        for nanny in self.nannies:
            with suppress(AttributeError, ProcessLookupError, TypeError):
                os.kill(nanny.process.pid, signal.SIGUSR2)
