"""A process that writes records, for tests that kill it or run several at once; it imports little, to start in milliseconds."""

import os
import signal
import sys
import time
from multiprocessing import get_context

from leaderboard.store.record import RecordConflict, exists, write

CONFLICT = 3
_TOUCHES = {"open", "os.link", "os.rename", "os.remove", "os.mkdir"}

_context = get_context("forkserver")
_context.set_forkserver_preload([__name__])


def started(folder, records, orders, fatal=0):
    """A process for each of the orders in which to write `records` (with weights) to `folder`; all begin at once."""
    begin = time.monotonic() + 0.02 * (len(orders) - 1)
    processes = [_context.Process(target=_sweep, args=(begin, folder, [records[n] for n in order], fatal)) for order in orders]
    for process in processes:
        process.start()
    return processes


def _sweep(begin, folder, records, fatal):
    """Write what is not there yet; SIGKILL itself at the fatal-th thing that it does to the folder, if it comes to that."""
    seen = 0

    def count(event, arguments):
        nonlocal seen
        if event in _TOUCHES and str(folder) in str(arguments):
            seen += 1
            if seen == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    time.sleep(max(0, begin - time.monotonic()))
    if fatal:
        sys.addaudithook(count)
    for record, weights in records:
        if not exists(folder, record["id"]):
            try:
                write(folder, record, weights)
            except RecordConflict:
                sys.exit(CONFLICT)
