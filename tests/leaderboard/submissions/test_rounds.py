"""Rounds of hidden words: hashes by hand, a round replayed by a third party, and every way to go wrong."""

import hashlib
import hmac
import json
import os
import re
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hostile import here
from safetensors.torch import load_file
from typer.testing import CliRunner

import models
import tasks
from leaderboard.cli import app
from leaderboard.submissions import binding, rounds, verify
from leaderboard.submissions.faults import refuse
from leaderboard.submissions.merkle import root
from leaderboard.submissions.published import RoundError, canonical, checksum, publish, read
from tasks.words.split import draw, kept, scoring_words, seeded

EXAMPLE = Path(__file__).parents[3] / "leaderboard" / "example"
KEY = bytes(range(32))
CODE = "c" * 64


def command(*args):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["round", *map(str, args)])


def sha(data):
    return hashlib.sha256(data).digest()


# hashes


def test_merkle_roots_by_hand():
    a, b, c = (sha(b"\0" + leaf) for leaf in (b"a", b"b", b"c"))
    assert root([b"a"]) == a
    assert root([b"a", b"b"]) == sha(b"\1" + a + b)
    assert root([b"a", b"b", b"c"]) == sha(b"\1" + sha(b"\1" + a + b) + c)
    assert root([a + b]) != root([b"a", b"b"])  # a node is no leaf
    with pytest.raises(ValueError, match="leaves"):
        root([])


def test_merkle_roots_of_the_logs_of_certificates():
    """The test vectors of Certificate Transparency for RFC 6962."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for count, known in roots.items():
        assert root([bytes.fromhex(leaf) for leaf in leaves[:count]]).hex() == known


def test_commitment_and_seeds_by_hand():
    benchmark = {"version": "1.0", "code": CODE}
    said = {"schema": 1, "round": "r", "state": "closed", "opened": "now", "benchmark": benchmark, "tasks": ["parity"]}
    said |= {"lengths": [12, 24, 48], "words": 5, "beacon": "b", "commitment": "of no matter", "root": "ab", "value": "v"}
    bench = f'{{"code":"{CODE}","version":"1.0"}}'
    opening = f'{{"beacon":"b","benchmark":{bench},"lengths":[12,24,48],"opened":"now","round":"r","schema":1,'
    opening += '"tasks":["parity"],"words":5}'
    committed = f'["realizable","commitment",{opening},"{KEY.hex()}"]'
    assert binding.commitment(said, KEY) == hashlib.sha256(committed.encode()).hexdigest()
    for n in (12, 24, 48):
        bound = f'["realizable","seed","ab","v","r",{bench},"parity",{n}]'
        assert binding.seeds(said, KEY)["parity"][str(n)] == hmac.new(KEY, bound.encode(), "sha256").hexdigest()
    assert canonical("a", ["b"]) != canonical(["a"], "b")


def test_hidden_words_are_of_their_own_and_never_training_words():
    task = tasks.get("parity")
    assert seeded("hidden", "s").words(4).tolist() != seeded("train", "s").words(4).tolist()
    words = {seed: scoring_words(task, 64, 12, 12, seed) for seed in (None, "a", "b")}
    assert len({tuple(word) for some in words.values() for word in some.tolist()}) > 150  # 192 of 4096 / 8
    assert all(kept(some).all() for some in words.values())
    assert not kept(draw(task, 64, 12, seeded("hidden", "a"), testing=False)).any()
    assert torch.equal(words["a"], scoring_words(task, 64, 12, 12, "a"))


# a round of submissions that need no check


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A folder with an open round `r` on parity, its key, and submissions a, b, c."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rounds, "check", checked)
    monkeypatch.setattr(binding, "code", lambda: CODE)
    for name in "abc":
        submit(tmp_path / "submissions" / name, name)
    assert command("open", "r", "--task", "parity", "--words", 8, "--beacon", "block 7").exit_code == 0
    return tmp_path / "rounds" / "r.json"


def submit(folder, content, task="parity"):
    folder.mkdir(parents=True)
    (folder / "content").write_text(content)
    (folder / "task").write_text(task)


def checked(folder):
    if not (folder / "content").exists():
        raise refuse("S005", "submission.json")
    content, task = (folder / "content").read_text(), (folder / "task").read_text()
    described = SimpleNamespace(name=f"of {content}", tasks=[tasks.get(task)])
    return SimpleNamespace(sha256=sha(content.encode()).hex(), description=described)


@pytest.fixture
def closed(opened):
    assert command("close", "r", "--submissions", "submissions").exit_code == 0
    return opened


@pytest.fixture
def revealed(closed):
    assert command("reveal", "r", "--key", "r.key", "--value", "77").exit_code == 0
    return closed


def refused(*args):
    """The one line of a command that does nothing: not even to the files of the round."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = command(*args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("realizable: ")
    assert result.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    return result.stderr


def test_an_open_round_shows_no_key(opened):
    key = Path("r.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = bytes.fromhex(key.read_text())
    assert len(secret) == 32
    assert secret.hex() not in opened.read_text()
    assert read(opened, "open")["commitment"] == binding.commitment(read(opened, "open"), secret)
    assert command("open", "s", "--task", "parity").exit_code == 0
    assert Path("s.key").read_text() != key.read_text()


def test_a_round_is_replayed_by_a_third_party(revealed, tmp_path, monkeypatch):
    said = json.loads(revealed.read_text())
    secret, task = bytes.fromhex(Path("r.key").read_text()), tasks.get("parity")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree("submissions", elsewhere / "got")
    (elsewhere / "got" / "a").rename(elsewhere / "got" / "another name")
    shutil.copy(revealed, elsewhere / "r.json")
    monkeypatch.chdir(elsewhere)
    result = command("replay", "r", "--folder", ".", "--submissions", "got")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"ok: r.json, commitment {said['commitment']}, root {said['root']}, 3 submissions")
    assert result.stdout.endswith("\nlook up that block 7 is 77\n")
    leaves = sorted(sha(content) for content in (b"a", b"b", b"c"))
    assert (
        said["root"] == sha(b"\1" + sha(b"\1" + sha(b"\0" + leaves[0]) + sha(b"\0" + leaves[1])) + sha(b"\0" + leaves[2])).hex()
    )
    assert said["key"] == secret.hex()
    assert said["submissions"] == [
        {"name": f"of {c}", "sha256": sha(c.encode()).hex()} for c in sorted("abc", key=lambda c: sha(c.encode()))
    ]
    for n in (12, 24, 48):
        words = scoring_words(task, 8, n, 12, said["seeds"]["parity"][str(n)])
        numbers = torch.stack([words, task.target(words)]).numpy().astype("<i8").tobytes()
        assert said["data"]["parity"][str(n)] == hashlib.sha256(f"2,8,{n}\0".encode() + numbers).hexdigest()


def test_seeds_are_others_with_every_other_submission(closed):
    rest = [one for one in read(closed, "closed")["submissions"] if one["name"] != "of c"]
    said = read(closed, "closed") | {"value": "77"}
    other = said | {"root": root([bytes.fromhex(one["sha256"]) for one in rest]).hex()}
    seeds = [
        seed
        for some in (said, other, said | {"value": "78"})
        for by in binding.seeds(some, KEY).values()
        for seed in by.values()
    ]
    assert len(set(seeds)) == 12


def test_wrong_ways_to_open(opened, monkeypatch):
    assert "rounds/r.json: there is such a round" in refused("open", "r", "--key", "other.key")
    assert "File exists: 'r.key'" in refused("open", "s", "--key", "r.key")
    for name in ("R", "-r", "a/b", "..", "", "x" * 33, "é"):
        assert "allowed are 1 to 32 of a-z" in refused("open", "--key", "k", "--", name)
    assert "'nothing' is no task of the ladder; allowed: addition" in refused("open", "s", "--task", "nothing")
    assert "words=0 is not allowed; allowed: 1..65536" in refused("open", "s", "--words", 0)
    assert "rounds is published, so the key would be" in refused("open", "rounds/s", "--folder", "rounds")
    assert "rounds is published, so the key would be" in refused("open", "s", "--key", "rounds/s.key")
    assert "beacon 'a\\x1b': allowed are up to 200 printable" in refused("open", "s", "--beacon", "a\x1b")
    assert "nowhere" in refused("open", "s", "--key", "nowhere/k")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    assert "No space left on device: 'rounds/s.json'" in refused("open", "s")  # and no key is left


def test_states_go_forward_only(opened):
    opening = ("open", "r", "--key", "k"), "there is such a round"
    closing = ("close", "r", "--submissions", "submissions"), "not open"
    showing = ("reveal", "r", "--key", "r.key", "--value", "77"), "not closed"
    playing = ("replay", "r", "--submissions", "submissions"), "not revealed"
    for now, then, wrong in (
        ("open", closing, (opening, showing, playing)),
        ("closed", showing, (opening, closing, playing)),
        ("revealed", playing, (opening, closing, showing)),
    ):
        assert read(opened, now)["state"] == now
        for args, says in wrong:
            told = refused(*args)
            assert says in told
            assert args[0] == "open" or f"this round is {now}, " in told
        assert command(*then[0]).exit_code == 0


def test_submissions_that_cannot_be_taken(opened):
    def told(folder="submissions"):
        return refused("close", "r", "--submissions", folder)

    assert "No such file" in told("nowhere")
    Path("empty").mkdir()
    assert "empty: no submissions; each is a folder in it" in told("empty")
    for name, says in (
        ("a\nb", r"submissions/'a\nb': S005 submission.json"),
        ("d", "submissions/'d': S005 submission.json: a file"),
    ):
        Path("submissions", name).mkdir()
        assert says in told()
        Path("submissions", name).rmdir()
    Path("submissions/notes").write_text("x")
    assert "submissions/'notes': not a folder, so no submission" in told()
    Path("submissions/notes").unlink()
    Path("submissions/link").symlink_to("a")
    assert "submissions/'link': not a folder" in told()
    Path("submissions/link").unlink()
    submit(Path("submissions/e"), "e", "counter")
    assert "submissions/'e': counter is no task of this round; it has parity" in told()
    shutil.rmtree("submissions/e")
    submit(Path("submissions/e"), "a")
    assert "submissions/'e': this submission stands there twice" in told()
    Path("submissions/e/content").write_text("A")
    assert "submissions/'e': another submission there has the name 'of a'" in told()


def test_a_beacon_is_waited_for(closed):
    assert "rounds/r.json: its words wait for the value of 'block 7'\n" in refused("reveal", "r", "--key", "r.key")
    assert "the beacon's value 'a\\nb': allowed are" in refused("reveal", "r", "--key", "r.key", "--value", "a\nb")
    assert command("open", "s", "--task", "parity").exit_code == 0
    assert command("close", "s", "--submissions", "submissions").exit_code == 0
    assert "rounds/s.json: it has no beacon, so no value of one" in refused("reveal", "s", "--key", "s.key", "--value", "77")


def test_wrong_keys(closed):
    right, reveal = Path("r.key").read_text(), ("reveal", "r", "--value", "77", "--key")
    for text in (
        "",
        "zz" * 32,
        right.strip().upper() + "g",
        right[1:],
        KEY.hex(),
        right[:-2] + ("0" if right[-2] != "0" else "1"),
    ):
        Path("other.key").write_text(text)
        assert "other.key: not the key to which rounds/r.json is committed" in refused(*reveal, "other.key")
    assert "No such file" in refused(*reveal, "missing.key")


def test_other_code(revealed, monkeypatch):
    monkeypatch.setattr(binding, "code", lambda: "d" * 64)
    told = refused("replay", "r", "--submissions", "submissions")
    assert f"opened with version '{binding.version()}', code {CODE[:16]}; this is {binding.version()}, code dddd" in told


def test_changed_submissions(revealed):
    Path("submissions/a/content").write_text("a better one")
    assert "of a" in (told := refused("replay", "r", "--submissions", "submissions"))
    assert "which rounds/r.json has not" in told
    shutil.rmtree("submissions/a")
    told = refused("replay", "r", "--submissions", "submissions")
    assert f"rounds/r.json has submission 'of a', sha256 {sha(b'a').hex()}, which submissions has not" in told


OTHER = "0" * 64
TAMPERED = {  # a key of a revealed round, another value, and what a replay says of it where the checksum was made anew
    "schema": (2, "schema 2 is newer than 1"),
    "round": ("s", "changed since"),
    "state": ("closed", "a round that is closed has no 'data'"),
    "opened": ("2026-01-01T00:00:00+00:00", "commitment is not"),
    "benchmark": ({"version": "9.9", "code": CODE}, "commitment is not"),
    "tasks": (["counter"], "commitment is not"),
    "lengths": ([12, 24], "lengths is not what it can be"),
    "words": (9, "commitment is not"),
    "beacon": ("block 8", "commitment is not"),
    "commitment": (OTHER, "commitment is not"),
    "submissions": ([{"name": "of a", "sha256": sha(b"a").hex()}], "root is not"),
    "root": (OTHER, "root is not"),
    "key": (OTHER, "commitment is not"),
    "value": ("78", "seeds is not"),
    "seeds": ({"parity": {"12": OTHER, "24": OTHER, "48": OTHER, "96": OTHER}}, "seeds is not"),
    "data": ({"parity": {"12": OTHER, "24": OTHER, "48": OTHER, "96": OTHER}}, "data is not"),
    "closed": ("2026-01-01T00:00:00+00:00", None),  # nothing binds these times but that one has seen them published
    "revealed": ("2026-01-01T00:00:00+00:00", None),
}


def test_tampering_with_any_key_is_found(revealed):
    said, text = read(revealed, "revealed"), revealed.read_text()
    assert said.keys() == TAMPERED.keys()
    replayed = ("replay", "r", "--submissions", "submissions")
    for name, (value, says) in TAMPERED.items():
        assert said[name] != value
        revealed.write_text(json.dumps(said | {name: value, "sha256": checksum(said)}))
        assert (says if name in ("schema", "state", "lengths") else "changed since it was written") in refused(*replayed)
        publish(revealed, said | {name: value})
        if says is None:
            assert command(*replayed).exit_code == 0
        else:
            assert f"realizable: rounds/r.json: {says}" in refused(*replayed), name
    forged = said | {"tasks": ["x"]}
    forged |= {"commitment": binding.commitment(forged, bytes.fromhex(said["key"]))}
    publish(revealed, forged | {"seeds": binding.seeds(forged, bytes.fromhex(said["key"]))})
    assert "'x' is no task of the ladder" in refused(*replayed)
    hasty = said | {"value": ""}
    publish(revealed, hasty | {"seeds": binding.seeds(hasty, bytes.fromhex(said["key"]))})
    assert "its words wait for the value of 'block 7'" in refused(*replayed)
    renamed = revealed.with_name("s.json")
    publish(renamed, said | {"round": "s"})
    assert "commitment is not" in refused("replay", "s", "--submissions", "submissions")
    revealed.write_text(text)
    assert command(*replayed).exit_code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "S101"),
        ("[1]", "no schema number"),
        ('{"schema": "1"}', "no schema number"),
        ('{"schema": 1, "state": []}', "state is not one of open, closed, revealed"),
        ('{"schema": 1, "state": "open"}', "a round that is open lacks 'beacon'"),
        ('{"schema": NaN}', "S103"),
        ('{"schema": 1, "schema": 1}', "S102"),
    ],
)
def test_files_that_are_no_rounds(text, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("rounds").mkdir()
    Path("rounds/r.json").write_text(text)
    assert says in refused("close", "r", "--submissions", "submissions")


def test_values_of_wrong_shape(revealed):
    said = read(revealed, "revealed")
    for name in sorted(said.keys() - {"schema", "state"}):
        for value in (None, 1.5, "", "x", {}, [], [None], {"parity": None}, {"parity": {"12": 1}}, 10**9):
            publish(revealed, said | {name: value})
            with pytest.raises(
                RoundError,
                match=r"^rounds/r\.json: ((commitment|seeds|data) is not what the key|.* is not what it can be|changed|"
                r"its words wait|it has no beacon)",
            ):
                rounds.replay(Path("rounds/r.json"), Path("submissions"))


# the example


def test_the_example_goes_through_a_round(tmp_path, monkeypatch):
    here(monkeypatch)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLE, "submissions/one")
    path, seen = Path("rounds/r.json"), []
    for args in (
        ("open", "r", "--task", "parity", "--words", 16),
        ("close", "r", "--submissions", "submissions"),
        ("reveal", "r", "--key", "r.key"),
    ):
        result = command(*args)
        assert result.exit_code == 0, result.output
    result = command("replay", "r", "--submissions", "submissions", "--score")
    said = read(path, "revealed")
    task, found = tasks.get("parity"), []
    for n, count in {12: 16, 24: 16, 48: 16, 96: 4}.items():
        words, net = (
            scoring_words(task, count, n, 12, said["seeds"]["parity"][str(n)]),
            models.build("resnet", task, width=16, hidden=16),
        )
        right = []
        for seed in range(10):
            net.load_state_dict(load_file(EXAMPLE / f"weights/parity/{seed}.safetensors"))
            with torch.no_grad():
                right.append(net(words, n).argmax(1) == words.cumsum(1) % 2)
        right = torch.stack(right).double()
        found += [n, float(right.mean()), float(right.prod(2).mean())]
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("'one': verified: resnet on parity; ")]
    shown = [float(text) for text in re.findall(r"[0-9.]+", line.partition("at length")[2])]
    assert shown == pytest.approx(found, abs=6e-4)  # the words are others every time, and a tie may be rounded either way

    def evaluate(submission, task, words, seeds, limits):
        seen.append((words, seeds))
        raise refuse("S406", "parity")

    monkeypatch.setattr(verify, "evaluate", evaluate)
    result = command("replay", "r", "--submissions", "submissions", "--score")
    assert (result.exit_code, result.stdout.splitlines()[-1].split(": ")[:2]) == (1, ["'one'", "S406 parity"])
    assert seen.pop() == (16, said["seeds"]["parity"])
    assert CliRunner().invoke(app, ["verify", "submissions/one", "--round", str(path)]).stdout.startswith("S406")
    assert seen == [(16, said["seeds"]["parity"])]
    publish(path, said | {"submissions": [{"name": "x", "sha256": OTHER}], "root": sha(b"\0" + bytes(32)).hex()})
    assert CliRunner().invoke(app, ["verify", "submissions/one", "--round", str(path)]).exit_code == 2
    assert CliRunner().invoke(app, ["verify", "submissions/one", "--round", str(path), "--seed-key", "x"]).exit_code == 2
