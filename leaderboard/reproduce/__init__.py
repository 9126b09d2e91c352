"""Claims that can be measured here, one a file: `realizable reproduce NAME`.

Every module of this package that is not of the `FRAME` is a claim under the module's name. Most are sentences of papers, some
are our own.
"""

from typing import TYPE_CHECKING

from tasks.discover import class_of, configured, names_in

if TYPE_CHECKING:
    from leaderboard.reproduce.claim import Claim

FRAME = ("claim", "drawing", "page", "points", "record", "run", "trained")  # modules that are no claims


def names() -> list[str]:
    """Names of all claims: found, not imported."""
    return names_in(__name__, besides=FRAME)


def get(name: str, /, **settings: object) -> "Claim":
    """The claim of that name with these settings; ClaimError, in one line, on an unknown name, setting or value."""
    from leaderboard.reproduce.claim import Claim, ClaimError

    if name not in names():
        raise ClaimError(f"unknown claim {name!r}; there are {', '.join(names())}")
    return configured(class_of(f"{__name__}.{name}", Claim, ClaimError), name, settings, ClaimError)
