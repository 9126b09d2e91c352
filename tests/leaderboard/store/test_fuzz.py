import json
import warnings
from pathlib import Path
from random import Random

import fuzz

from leaderboard.store.mirror import scalars
from leaderboard.tables import export


def test_what_is_accepted_is_shown_whatever_was_changed() -> None:
    """Thousands more: `python tests/fuzz.py`."""
    for seed, company in enumerate(([], fuzz.good())):
        some, refused = fuzz.batch(Random(seed), 4)
        assert refused > 5
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert list(fuzz.broken(some, company, drawn=not company)) == []


def test_what_is_accepted_is_exported_and_summed_up_whatever_was_changed() -> None:
    some = [record for _, record in fuzz.batch(Random(2), 100)[0]]
    assert len(export.flat(some)) >= 100
    assert export.kind(Path("x.parquet"))(export.flat(some))
    for record in some:
        json.dumps(scalars(record), allow_nan=False)
