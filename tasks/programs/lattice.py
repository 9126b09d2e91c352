"""Building blocks of rewriting programs: waking and loading, streams, signals, heads, and a stack.

Everything here is made of local rules (`tasks.programs.rules`), so a program that is put together from these blocks still is a
discrete ODE with one hidden unit a rule. Nothing is timed by a clock: tokens move where there is room, heads where they
are sent, and a cell takes part from the step in which it is *loaded* (it is then `awake`).

Directions are -1 (to the left, towards the first cell) and +1 (to the right).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tasks.programs.program import Program
from tasks.programs.rules import FIRST, LAST, LEFT, RIGHT, Literal, ProgramError, Register, Rule, when

AWAKE = Register("awake", 1)  # a cell that has been loaded; `AWAKE(0, at=1)`: there is a right neighbour, and it is loaded


def lattice(
    alphabet: int,
    registers: Sequence[Register],
    load: Iterable[Rule],
    rules: Iterable[Rule],
    output: Register,
    depth: Callable[[int], int],
) -> Program:
    """The rewriting program that loads every cell once, by a rule of `load`, and then runs `rules` in it.

    Loading wakes a cell; `rules` hold in cells that are awake. So the two never conflict, and a register that has been
    emptied is not loaded again. A load rule that reads `AWAKE(0, at=-1)` makes the loading a sweep.
    """
    loading = [rule.write(AWAKE(0)) for rule in load]
    running = [rule.where(AWAKE(0)) for rule in rules]
    return Program(alphabet, [AWAKE, *registers], loading + running, output, depth, write_once=False)


def empty(register: Register, at: int = 0) -> tuple[Literal, ...]:
    """The literals that say that a register is empty; it also is where there is no cell."""
    return tuple(~register(value, at) for value in range(register.size))


def stream(track: Register, direction: int) -> list[Rule]:
    """Tokens on a track that move into the next cell wherever that is awake and its track empty: they keep their order.

    They pile up at the end, or before a token that stays. Taken from there one by one, a token follows every second step.
    """
    ahead = (AWAKE(0, at=direction), *empty(track, at=direction))
    return spread(track, direction) + [when(track(v), *ahead).clear(track) for v in range(track.size)]


def signal(track: Register, direction: int) -> list[Rule]:
    """Tokens on a track that move one cell a step, whatever is there, and leave at the end; keep two steps between them."""
    return spread(track, direction) + [when(track(v)).clear(track) for v in range(track.size)]


def spread(register: Register, direction: int) -> list[Rule]:
    """A value that every further cell takes over: news for all."""
    return [when(register(v, at=-direction)).write(register(v)) for v in range(register.size)]


def marked(kept: Register, lost: Sequence[Register], answer: Register) -> list[Rule]:
    """`answer` becomes what `kept` was a step before; where one of `lost` is set, the value behind those of `kept`: a mark."""
    fine = [~one(0) for one in lost]
    late = [when(answer(a), kept(b), *fine).write(answer(b)) for a in range(kept.size) for b in range(kept.size) if a != b]
    return late + [
        when(answer(a), one(0), *fine[:k]).write(answer(kept.size)) for a in range(kept.size) for k, one in enumerate(lost)
    ]


@dataclass(frozen=True)
class Step:
    """What a head does in state `state` where the guard of `rule` holds: `rule`, then `move` (-1, 0, 1), then `after`."""

    state: Hashable
    rule: Rule
    move: int
    after: Hashable


@dataclass(frozen=True)
class Head:
    """A head that walks on the tracks and works on one cell at a time: a Turing machine with several tracks.

    `state` is its register (empty where there is no head) and `head(q)` the literal "the head is here, in state q". A
    move past either end leaves it where it is. Guards of steps read their own cell only, so marks at the ends of the
    word must be loaded into a register of their own; ProgramError if they do not. A program has one head, in one place.
    """

    name: str
    steps: Sequence[Step]
    numbers: dict[Hashable, int] = field(init=False)

    def __post_init__(self) -> None:
        for step in self.steps:
            if any(literal.at for literal in step.rule.guard) or step.move not in (-1, 0, 1):
                raise ProgramError(f"head {self.name!r}: {step.rule}: a head reads its own cell and moves by -1, 0 or 1")
        states = dict.fromkeys([q for step in self.steps for q in (step.state, step.after)])
        object.__setattr__(self, "numbers", {state: number for number, state in enumerate(states)})

    @property
    def state(self) -> Register:
        """The register of the head; its values are states in the order in which the steps name them."""
        return Register(self.name, len(self.numbers))

    def __call__(self, state: Hashable, at: int = 0) -> Literal:
        """The literal "the head is at that neighbour, in this state"."""
        return self.state(self.numbers[state], at)

    @property
    def rules(self) -> list[Rule]:
        """The steps as rules: the head stays (also at an end of the word), or it leaves here and arrives there."""
        rightward = sorted({self.numbers[step.state] for step in self.steps if step.move > 0})
        return [rule for step in self.steps for rule in self._rules(step, rightward)]

    def _rules(self, step: Step, rightward: Sequence[int]) -> list[Rule]:
        here = step.rule.where(self(step.state))
        stay = here.write(self(step.after))
        if step.move == 0:
            return [stay]
        end, beyond = (LAST, RIGHT) if step.move > 0 else (FIRST, LEFT)
        seen = [replace(literal, at=-step.move) for literal in here.guard]
        if step.move < 0:  # there is one head, but a rule cannot know: it gives way to a head that comes from the left
            seen += [~self.state(number, at=-1) for number in rightward]
        return [stay.where(end), here.where(beyond).clear(self.state), when(*seen).write(self(step.after))]


@dataclass(frozen=True)
class Stack:
    """A stack of symbols 0 .. size - 1 with its top in the first cell, held in `kept`: cell i holds the i-th from the top.

    Push: a symbol put into `moving` displaces what is kept, which moves on to the right and displaces in turn (an
    element that leaves the last cell is lost). Pop: the first cell is emptied, and every element moves one to the left,
    one after the other. Both are waves of speed 1, so the next operation need not wait for the end of the last.
    """

    name: str
    size: int

    @property
    def kept(self) -> Register:
        """The elements at rest."""
        return Register(f"{self.name}", self.size)

    @property
    def moving(self) -> Register:
        """The element that is on its way into this cell."""
        return Register(f"{self.name}_moving", self.size)

    @property
    def busy(self) -> Register:
        """Set where an element is moving."""
        return Register(f"{self.name}_busy", 1)

    @property
    def registers(self) -> list[Register]:
        """All registers of the stack."""
        return [self.kept, self.moving, self.busy]

    def ready(self, top: int | None = None) -> tuple[Literal, ...]:
        """Literals of the first cell: nothing is on its way, and `top` is on top (None: the stack is empty)."""
        if top is None:
            return (~self.busy(0), *empty(self.kept), *empty(self.kept, at=1))
        return (~self.busy(0), self.kept(top))

    def push(self, rule: Rule, symbol: int) -> Rule:
        """The rule, one of the first cell and `ready`, that also pushes this symbol."""
        return rule.write(self.moving(symbol), self.busy(0))

    def pop(self, rule: Rule) -> Rule:
        """The rule, one of the first cell and `ready(top)`, that also pops."""
        return rule.clear(self.kept)

    def swap(self, rule: Rule, symbol: int) -> Rule:
        """The rule, one of the first cell and `ready(top)`, that also replaces the top by another symbol."""
        return rule.write(self.kept(symbol))

    @property
    def rules(self) -> list[Rule]:
        """Elements that settle, displace, and close up."""
        kept, moving, busy = self.kept, self.moving, self.busy
        rules = []
        for x in range(self.size):
            rules += [
                when(busy(0), moving(x)).write(kept(x)).clear(moving, busy),
                when(busy(0), kept(x)).clear(kept),
                when(busy(0, at=-1), kept(x, at=-1)).write(moving(x), busy(0)),
                when(~busy(0), ~busy(0, at=1), kept(x, at=1)).write(kept(x)),
                when(~busy(0), ~busy(0, at=-1), AWAKE(0, at=-1), kept(x), *empty(kept, at=-1)).clear(kept),
            ]
        return rules
