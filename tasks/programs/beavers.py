"""Busy beavers by their published steps and marks, from a blank tape without ends, in the text of `formats.beaver`.

Both numbers count as Rado does: the step into the halting state is one of them. Rado, Bell System Tech. J. 41 (1962).
"""

from typing import Any, NamedTuple

from tasks.card import Bound
from tasks.formats.beaver import parameters
from tasks.programs.zoo import BEAVERS as UNCOMPUTABLE
from tasks.programs.zoo import Machine


class Beaver(NamedTuple):
    """A machine, how many steps it takes on a blank tape, how many symbols are not blank then, and who found it."""

    text: str
    steps: int
    marks: int
    source: str


BEAVERS = {
    "bb2": Beaver("1RB1LB_1LA1RH", 6, 4, "Rado, Bell System Tech. J. 41 (1962)"),
    "bb3": Beaver("1RB1RH_1LB0RC_1LC1LA", 21, 5, "Lin and Rado, J. ACM 12 (1965)"),
    "bb3_marks": Beaver("1RB1RH_0RC1RB_1LC1LA", 14, 6, "Lin and Rado, J. ACM 12 (1965)"),
    "bb4": Beaver("1RB1LB_1LA0LC_1RH1LD_1RD0RA", 107, 13, "Brady, Mathematics of Computation 40 (1983)"),
    "bb2x3": Beaver("1RB2LB1RH_2LA2RB1LB", 38, 9, "Brady, in: The Universal Turing Machine (1988)"),
}


def machine(beaver: Beaver) -> Machine:
    """The machine of the zoo, on an infinite tape, for 3 n steps; typical words are uniform."""
    said: dict[str, Any] = parameters(beaver.text)
    return Machine(
        does=f"the busy beaver {beaver.text}, which halts after {beaver.steps} steps on a blank tape",
        symbols=said["tape"],
        table=tuple(said["table"]),
        blank=said["blank"],
        letters=said["tape"],
        steps=lambda n: 3 * n,
        lower=Bound(UNCOMPUTABLE, beaver.source),
    )


MACHINES = {name: machine(beaver) for name, beaver in BEAVERS.items()}
