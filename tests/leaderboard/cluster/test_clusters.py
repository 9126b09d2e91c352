"""Who is sent away, by its name of this moment; and who is counted, once."""

from types import SimpleNamespace

import pytest

from leaderboard.cluster.clusters import Workers
from leaderboard.cluster.settings import ClusterError
from leaderboard.cluster.sweep import Sweep
from leaderboard.cluster.worker import Outcome


class Scheduled:
    """A scheduler's workers, as a client and as a cluster tell of them."""

    def __init__(self):
        self.found = {"tcp://a": {"name": 0, "status": "running"}, "tcp://b": {"name": 1, "status": "running"}}
        self.scheduler = SimpleNamespace(identity=lambda n_workers: {"workers": self.found})
        self.ended, self.retired = [], []

    def sync(self, asked, *arguments, **options):
        return asked(*arguments, **options)

    def scale_down(self, names):
        self.ended += names

    def retire_workers(self, addresses):
        self.retired += addresses


@pytest.fixture
def scheduled():
    return Scheduled()


def test_a_worker_that_came_since_is_sent_away_by_its_name(scheduled):
    workers = Workers(scheduled, scheduled, 2)
    workers.addresses()
    scheduled.found["tcp://c"] = scheduled.found.pop("tcp://b")  # its process was killed, and another came for it
    assert workers.dismiss("tcp://c")
    assert (scheduled.ended, scheduled.retired, workers.wanted) == ([1], ["tcp://c"], 1)


def test_one_that_has_not_gone_yet_is_not_counted_twice(scheduled):
    workers = Workers(scheduled, scheduled, 2)
    assert workers.dismiss("tcp://a")
    assert workers.addresses() == {"tcp://b": 1}
    assert not workers.dismiss("tcp://a")
    assert workers.left()
    assert workers.dismiss("tcp://b")
    assert not workers.left()


def test_of_a_cluster_of_others_the_workers_that_take_work_are_left(scheduled):
    workers = Workers(scheduled, None, 0)
    assert workers.dismiss("tcp://a")
    assert workers.left()
    assert workers.dismiss("tcp://b")
    assert not workers.left()
    assert (scheduled.ended, scheduled.retired) == ([], ["tcp://a", "tcp://b"])


def test_one_that_leaves_is_known_by_the_name_that_it_had(scheduled):
    workers = Workers(scheduled, scheduled, 2)
    workers.addresses()
    del scheduled.found["tcp://a"]
    scheduled.found["tcp://c"] = {"name": 2, "status": "closing"}
    workers.leave("tcp://a")
    workers.leave("tcp://c")
    assert workers.leaving == {"0", "2"}


def test_the_head_sends_away_once_who_cannot_write_and_ends_with_the_last(scheduled, capsys):
    workers, head = Workers(scheduled, scheduled, 2), SimpleNamespace(addresses={"tcp://a": 0, "tcp://b": 1})
    for _ in range(2):
        Sweep._broken(head, workers, Outcome("id", "broken", "no space", worker="tcp://a"))
    assert (head.addresses, scheduled.ended) == ({"tcp://b": 1}, [0, 0])
    assert capsys.readouterr().err == "dask: worker tcp://a is sent away: no space\n"
    with pytest.raises(ClusterError, match="no space"):
        Sweep._broken(head, workers, Outcome("id", "broken", "no space", worker="tcp://b"))
