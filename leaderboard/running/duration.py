"""How a time is said."""


def duration(seconds: float) -> str:
    """In the largest unit of which there are more than one and a half.

    >>> duration(80), duration(100), duration(7200)
    ('80 s', '2 min', '2 h')
    """
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def left(seconds: float, made: int, remaining: int) -> str:
    """How long the remaining runs take, if each takes as long as one that was made did: `3 min left`."""
    return duration(seconds / made * remaining) + " left"
