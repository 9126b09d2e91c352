"""What a terminal shows while one waits, and that a pipe shows nothing of it."""

import io
import sys
from types import SimpleNamespace

import pytest
from records import done
from typer.testing import CliRunner

from leaderboard import waiting
from leaderboard.cli import app
from leaderboard.store.record import read, write
from leaderboard.waiting import CLEARED, counted


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes stderr a terminal, and lets a clock go on by a second at each look; what is written there."""

    def begin():
        seconds = iter(range(1000))
        monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
        monkeypatch.setattr(sys, "stderr", made := Terminal())
        return made.getvalue

    return begin


def test_the_line_is_written_over_and_gone_in_the_end(terminal):
    shown = terminal()
    assert list(counted("abc", "letters", 3)) == ["a", "b", "c"]
    # the clock is looked at before each line and for it, so the second letter is asked for after 4 s, the third after 6 s
    assert shown().split(CLEARED) == ["", "letters: 0 of 3", "letters: 1 of 3, 8 s left", "letters: 2 of 3, 3 s left", ""]


def test_lasting_lines_stay(terminal):
    shown = terminal()
    assert list(counted("ab", "claims", 2, lasting=True)) == ["a", "b"]
    assert shown() == "claims: 0 of 2\nclaims: 1 of 2, 2 s left\n"


def test_it_is_gone_where_the_work_breaks(terminal):
    shown, items = terminal(), counted([1, 2], "numbers", 2)
    next(items)
    assert shown().endswith("numbers: 0 of 2")
    items.close()
    assert shown().endswith(CLEARED)


def test_a_pipe_has_none_of_it(tmp_path, monkeypatch):
    write(tmp_path, done())
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    assert list(counted("abc", "letters", 3)) == ["a", "b", "c"]
    assert len(read(tmp_path)) == 1
    assert pipe.getvalue() == ""


def test_records_are_counted_while_they_are_read(tmp_path, terminal):
    write(tmp_path, done())
    shown = terminal()
    assert len(read(tmp_path)) == 1
    assert shown() == f"{CLEARED}records read: 0 of 1{CLEARED}"


def test_a_table_says_where_it_is(tmp_path):
    write(tmp_path, done())
    said = CliRunner().invoke(app, ["table", str(tmp_path), "--no-picture"])
    assert said.output.splitlines()[-1].replace("\n", "") == f"wrote table.md, table.csv, table.tex to {tmp_path}"
    assert (tmp_path / "table.md").exists()
