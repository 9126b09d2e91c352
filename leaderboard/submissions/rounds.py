"""Rounds on hidden test words, by commit and reveal: `realizable round open | close | reveal | replay`.

    open    makes a secret key K and publishes C = SHA-256(what the round is, K): K cannot be another any more
    close   publishes the submissions and the root R of their Merkle tree: they cannot be others any more
    reveal  publishes K, and of each task's words the seed HMAC-SHA256(K, (R, beacon, round, benchmark, task, length))

No weights can be fitted to these words: nobody can draw them before K is known, and for who knows K from the start they are
others with every other R, so with any other weights. Then anyone replays all of it from the published file and the submissions.
Note C while a round is open and R when it is closed: a file forged as a whole, with a key of its own, shows by them alone, and
a round that is never revealed is one whose scores its owner did not like.

Who knows K and takes part can draw the words for many submissions, and hand in the luckiest. A beacon ends that: a round is
opened with the name of a public value that nobody can know before it is closed (a future block, a round of drand), and the
seeds are of that value too. Whether it is the one given, each reader looks up: nothing here asks a network.
"""

import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from leaderboard.submissions import binding
from leaderboard.submissions.check import Submission, check
from leaderboard.submissions.description import alike
from leaderboard.submissions.faults import Refused, quoted
from leaderboard.submissions.merkle import root
from leaderboard.submissions.published import LENGTHS, MOST_WORDS, SCHEMA, Round, RoundError, plain, publish, read


def begin(path: Path, key: Path, labels: Sequence[str], words: int, beacon: str = "") -> Round:
    """Open a round: a new secret key to the file `key`, which its owner alone can read, and what binds it to `path`."""
    _public("beacon", beacon)
    if not 1 <= words <= MOST_WORDS:
        raise RoundError(f"words={words} is not allowed; allowed: 1..{MOST_WORDS}")
    if path.exists():
        raise RoundError(f"{path}: there is such a round")
    _on_ladder(labels)
    said = {
        "schema": SCHEMA,
        "round": path.stem,
        "state": "open",
        "opened": _now(),
        "benchmark": {"version": binding.version(), "code": binding.code()},
    }
    said |= {
        "tasks": [label for label in binding.by_label() if label in labels or not labels],
        "lengths": LENGTHS,
        "words": words,
    }
    said["beacon"] = beacon
    secret = secrets.token_bytes(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        return publish(path, said | {"commitment": binding.commitment(said, secret)}, os.link)  # which overwrites nothing
    except OSError:
        key.unlink()
        raise


def close(path: Path, folder: Path) -> Round:
    """Close a round: freeze the submissions in `folder`, each a folder in it."""
    round = read(path, "open")
    _same_benchmark(path, round)
    listed = submitted(folder, round)
    return publish(path, round | {"state": "closed", "closed": _now(), "submissions": listed, "root": _root(listed)})


def reveal(path: Path, key: Path, value: str = "") -> Round:
    """Reveal a closed round: publish its key, its beacon's value, the seeds, and fingerprints of their words and targets."""
    _public("the beacon's value", value)
    round = read(path, "closed")
    _waited(path, round, value)
    _same_benchmark(path, round)
    text = key.read_text(encoding="ascii", errors="replace").strip()
    secret = bytes.fromhex(text) if len(text) == 64 and set(text) <= set("0123456789abcdef") else b""
    if not hmac.compare_digest(binding.commitment(round, secret), round["commitment"]):
        raise RoundError(f"{key}: not the key to which {path} is committed")
    round |= {"state": "revealed", "revealed": _now(), "key": text, "value": value}
    round |= {"seeds": binding.seeds(round, secret)}
    return publish(path, round | {"data": binding.data(round)})


def replay(path: Path, folder: Path) -> Round:
    """Compute again all that a revealed round says, from its key and the submissions; RoundError names what differs."""
    round = revealed(path)
    listed = submitted(folder, round)
    for one in [*listed, *round["submissions"]]:
        if one not in listed or one not in round["submissions"]:
            here, there = (folder, path) if one in listed else (path, folder)
            raise RoundError(f"{here} has submission {quoted(one['name'])}, sha256 {one['sha256']}, which {there} has not")
    _agree(path, round, "data", binding.data(round))
    return round


def revealed(path: Path) -> Round:
    """A revealed round whose commitment, root and seeds are those of its key and its list of submissions."""
    round = read(path, "revealed")
    _same_benchmark(path, round)
    _waited(path, round, round["value"])
    key = bytes.fromhex(round["key"])
    _agree(path, round, "commitment", binding.commitment(round, key))
    _agree(path, round, "root", _root(round["submissions"]))
    _agree(path, round, "seeds", binding.seeds(round, key))
    return round


def member(path: Path, folder: Path) -> Round:
    """The `revealed` round in which the submission in `folder` took part; `Refused` if that has faults."""
    round, sha256 = revealed(path), check(folder).sha256
    if sha256 not in [one["sha256"] for one in round["submissions"]]:
        raise RoundError(f"{folder}: this submission, sha256 {sha256}, took no part in {path}")
    return round


# submissions


def submitted(folder: Path, round: Round) -> list[dict[str, str]]:
    """Name and sha256 of every submission in a folder, sorted by sha256; RoundError at the first fault."""
    found = dict[str, dict[str, str]]()
    for name in sorted(os.listdir(folder)):
        one = _checked(folder / name, f"{folder}/{quoted(name)}", round["tasks"])
        if one.sha256 in found:
            raise RoundError(f"{folder}/{quoted(name)}: this submission stands there twice")
        if taken := [other["name"] for other in found.values() if alike(other["name"], one.description.name)]:
            raise RoundError(f"{folder}/{quoted(name)}: another submission there has the name {quoted(taken[0])}")
        found[one.sha256] = {"name": one.description.name, "sha256": one.sha256}
    if not found:
        raise RoundError(f"{folder}: no submissions; each is a folder in it")
    return [found[sha256] for sha256 in sorted(found)]


def _checked(path: Path, where: str, labels: Sequence[str]) -> Submission:
    if path.is_symlink() or not path.is_dir():
        raise RoundError(f"{where}: not a folder, so no submission")
    try:
        submission = check(path)
    except Refused as refused:
        raise RoundError(f"{where}: {refused.faults[0]}") from None
    for task in submission.description.tasks:
        if task.label not in labels:
            raise RoundError(f"{where}: {task.label} is no task of this round; it has {', '.join(labels)}")
    return submission


def _root(listed: Sequence[dict[str, str]]) -> str:
    return root([bytes.fromhex(one["sha256"]) for one in listed]).hex()


def _waited(path: Path, round: Round, value: str) -> None:
    if round["beacon"] and not value:
        raise RoundError(f"{path}: its words wait for the value of {quoted(round['beacon'], 210)}")
    if value and not round["beacon"]:
        raise RoundError(f"{path}: it has no beacon, so no value of one")


def _public(what: str, text: str) -> None:
    if not plain(text):
        raise RoundError(f"{what} {quoted(text)}: allowed are up to 200 printable characters of ASCII")


def _same_benchmark(path: Path, round: Round) -> None:
    had, have = round["benchmark"], binding.code()
    if had["code"] != have:
        then, now = f"version {quoted(had['version'])}, code {had['code'][:16]}", f"{binding.version()}, code {have[:16]}"
        raise RoundError(f"{path}: opened with {then}; this is {now}")

    _on_ladder(round["tasks"])


def _on_ladder(labels: Sequence[str]) -> None:
    if unknown := [label for label in labels if label not in binding.by_label()]:
        raise RoundError(f"{quoted(unknown[0])} is no task of the ladder; allowed: {', '.join(binding.by_label())}")


def _agree(path: Path, round: Round, name: str, found: object) -> None:
    if round[name] != found:
        raise RoundError(f"{path}: {name} is not what the key and the submissions give")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
