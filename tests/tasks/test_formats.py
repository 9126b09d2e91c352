"""Machines read from files: what they compute, what a record keeps of them, and a line for each fault."""

import json
from itertools import product

import pytest
import torch
from omegaconf import OmegaConf
from typer.testing import CliRunner

import tasks
from leaderboard.cli import app
from leaderboard.running.config import Config, NetConfig, ScoringConfig, StoreConfig, TrainingConfig
from leaderboard.running.rerun import compared, configuration, rerun
from leaderboard.running.run import run
from tasks.task import TaskError

BB4 = "# Brady 1983\n1RB1LB_1LA0LC_1RH1LD_1RD0RA\n"
FLIP = """; turns every bit until the blank
0 0 1 r 0
0 1 0 r 0  ; a comment
0 _ * * halt-accept
"""
PALINDROME = """
go _ _ * yes !
go a _ r gota
go b _ r gotb
gota * * r gota
gota _ _ l isa
gotb * * r gotb
gotb _ _ l isb
isa a _ l back
isa _ _ * accept
isb b _ l back
isb _ _ * accept
* b b * halt-reject
isb a * * halt-reject
back * * l back
back _ _ r go
yes * * * accept
accept * * * halt-accept
"""


def write(tmp_path, text, name="machine.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def marks(answers):
    return sum((pair // 2) + (pair % 2) for pair in answers)


def test_the_text_of_a_busy_beaver(tmp_path):
    task = tasks.get("turing", file=write(tmp_path, BB4, "bb4.txt"), steps=107)
    assert (marks(task.solve([0])), task.cells(1)) == (13, 108)
    assert marks(tasks.get("turing", file=write(tmp_path, BB4), steps=106).solve([0])) != 13
    assert task.label == f"turing(steps=107, file={task.file})"
    assert task.file.startswith("bb4.txt#")
    assert task.parameters["table"][4] == "C 0 -> 1 R halt"
    same = tasks.get("turing", file=write(tmp_path, BB4.replace("1RH", "---"), "bb4.txt"), steps=107)
    assert same == task


def test_a_table_of_five_columns(tmp_path):
    task = tasks.get("turing", file=write(tmp_path, FLIP), steps=3)
    right = [pair // 3 for pair in task.solve([0, 1, 1, 0])]
    assert right == [1, 0, 0, 1] + [2] * 9
    heard = tasks.get("turing", file=write(tmp_path, FLIP), steps=3, answer="halt")
    assert heard.solve([0, 1, 1, 0])[0] == 1


def test_wildcards_and_states_that_are_called_accept(tmp_path):
    task = tasks.get("turing", file=write(tmp_path, PALINDROME), steps=20, answer="halt")
    assert task.transitions.halting == ("accept", "reject")
    assert task.table[0].startswith("go ")
    for n in range(1, 6):
        for word in product((0, 1), repeat=n):
            assert task.solve(list(word))[0] == (1 if word == word[::-1] else 2), word


FAULTS = {
    "1RB1LB_1LA": "machine.txt: line 1: state B: '1LA' is not 2 triples such as 1RB or ---",
    "1RB1LB_1LA1XH": "machine.txt: line 1: state B: '1LA1XH' is not 2 triples",
    "\n1RB1LB_1LA2RH": "machine.txt: line 2: state B: '2RH' writes a symbol without a column; there are 0..1",
    "1RB1LC_1LA1RH": "machine.txt: line 1: state A: '1LC' goes to C; there are AB, and H or Z to halt",
    "1RB1LB_1LA1RH\n1RB1LB_1LA1RH": "machine.txt: line 2: a second machine; one machine a file",
    "1RB_1LA": "machine.txt: line 1: 2 states and 1 symbols; there are up to 26 states and 2 to 10 symbols",
    "0 0 1 r 0\n0 1 0 r": "machine.txt: line 2: 4 columns; there are five, `state read write move state`",
    "0 0 1 r 0\n0 1 00 r 0": "machine.txt: line 2: symbol '00'; a symbol is one character, and not =",
    "0 0 1 r 0\n; what\n0 1 0 up 0": "machine.txt: line 3: move 'up'; moves are l, r and *",
    "0 0 1 r 0\n0 1 0 r 1": "machine.txt: line 2: goes to state '1', for which there is no line; states that halt",
    "0 0 1 r 0\n0 0 1 l 0": "machine.txt: line 2: a second line for state 0 on symbol 0; one of them is needed",
    "0 0 1 r 0\nhalt 1 0 r 0": "machine.txt: line 2: a line for 'halt'; states that begin with halt have none",
    "* * 1 r *": "machine.txt: no line is for a state",
    "": "machine.txt: no format is recognised; there are the text of busy beavers",
    "hello, world": "machine.txt: no format is recognised",
}


@pytest.mark.parametrize("text", FAULTS, ids=range(len(FAULTS)))
def test_faults_of_files_with_turing_machines(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(TaskError) as error:
        tasks.get("turing", file=path)
    assert str(error.value).startswith(f"turing: {FAULTS[text]}")
    assert "\n" not in str(error.value)
    shown = CliRunner().invoke(app, ["tasks", "turing", f"file={path}"])
    assert shown.exit_code == 2


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfa1RB")
    (tmp_path / "long.txt").write_text("; " + "x" * 2**20)
    reasons = {"none.txt": "cannot be read: No such file", ".": "cannot be read"}
    reasons |= {"bytes.txt": "not text in UTF-8", "long.txt": "a file has at most 1048576 bytes"}
    for name, reason in reasons.items():
        with pytest.raises(TaskError, match=reason):
            tasks.get("turing", file=str(tmp_path / name))


def test_a_file_says_all_of_a_machine_and_its_hash_is_checked(tmp_path):
    path = write(tmp_path, BB4)
    with pytest.raises(TaskError, match="file and blank are not allowed together"):
        tasks.get("turing", file=path, blank="1")
    task = tasks.get("turing", file=path)
    assert tasks.get("turing", **task.parameters) == task
    with pytest.raises(
        TaskError, match=r"file=machine.txt#\w+ is not allowed; the machine in table, tape, blank has another hash"
    ):
        tasks.get("turing", **(task.parameters | {"blank": "1"}))


def test_a_run_of_a_file_is_recorded_with_its_machine_and_made_again_without_the_file(tmp_path):
    path = tmp_path / "flip.tm"
    path.write_text(FLIP)
    said = Config(
        task={"name": "turing", "file": str(path), "steps": 1}, model={"name": "resnet"}, net=NetConfig(width=40, hidden=40),
        training=TrainingConfig(length=2, steps=2, batch=4), scoring=ScoringConfig(factors=[1], depths=[], words=8),
        store=StoreConfig(weights=False), results=str(tmp_path / "runs"),
    )  # fmt: skip
    cfg = OmegaConf.structured(said)
    record = run(cfg)
    assert record["status"] == "done"
    assert record["task"]["label"] == f"turing(steps=1, file={record['task']['parameters']['file']})"
    assert record["config"]["task"]["blank"] == record["task"]["parameters"]["blank"] == "_"
    path.unlink()
    kept = json.loads((tmp_path / "runs" / f"{record['id']}.json").read_text())
    again = rerun(kept, configuration(kept, tmp_path / "again"))
    assert compared(kept, again, [kept]).agrees
    path.write_text(FLIP.replace("0 0 1 r 0", "0 0 1 r 0 ; no other machine"))
    assert run(cfg)["id"] == record["id"]
    path.write_text(FLIP.replace("0 0 1 r 0", "0 0 0 r 0"))
    assert run(cfg)["id"] != record["id"]


def test_show_draws_a_machine_of_a_file(tmp_path):
    shown = CliRunner().invoke(app, ["show", "task=turing", f"file={write(tmp_path, BB4)}", "model=resnet", "length=3"])
    assert shown.exit_code == 0, shown.output
    assert "machine.txt#" in shown.output


def test_shortest_reference_of_a_file_in_a_network(tmp_path):
    import models

    task = tasks.get("turing", file=write(tmp_path, FLIP))
    net = models.build("resnet", task, width=1, hidden=1).eval()
    net.realise(task.program())
    words = task.sample(8, 4, tasks.Bits(0))
    with torch.no_grad():
        assert torch.equal(net(words, task.depth(4)).argmax(1), task.target(words))
