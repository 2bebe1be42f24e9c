"""What the convoy experiment says of a session: the table and the verdict. Pure functions of the session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gilscope.experiments._two_threads import KERNEL, place_words
from gilscope.observations import Observation
from gilscope.results import Session
from gilscope.stats import NOISY, Interval, noise, ratio
from gilscope.wording import duration, listed, percent

#: What Python starts with, and what most programs run under.
USUAL = 0.005
#: A wait is "one switch interval" if it is so many: it takes a moment to wake up afterwards.
ONE_TURN = (0.9, 1.3)
COLUMNS = (
    f"{'switch interval':>17}  {'GIL':9}  {'its calls, of alone':20}  Python beside  calls that wait      p50      p99      max"
)


@dataclass(frozen=True)
class Cell:
    """The kernel beside Python, at one length of call, under one strategy and one switch interval.

    Parameters
    ----------
    kept, python : Interval
        The rate of the calls, and of the loop of Python, as a share of their rates alone.
    observation : Observation
        What was observed.
    """

    kept: Interval
    python: Interval
    observation: Observation

    @property
    def seconds(self) -> float:
        """How long a call takes alone."""
        return float(self.observation.conditions["seconds"])

    @property
    def strategy(self) -> str:
        """Held or released."""
        return str(self.observation.conditions["strategy"])

    @property
    def interval(self) -> float:
        """The switch interval."""
        return float(self.observation.conditions["switch_interval"])


def cells(session: Session) -> list[Cell]:
    """Return all cells whose rates alone are known."""
    alone = {each.conditions["seconds"]: each for each in session.observations.values() if is_alone(each)}
    beside = [each for each in session.observations.values() if not is_alone(each) and each.conditions["seconds"] in alone]
    return [cell_of(each, alone[each.conditions["seconds"]]) for each in beside]


def is_alone(observation: Observation) -> bool:
    """Whether nothing ran beside it."""
    return observation.conditions["switch_interval"] is None


def cell_of(beside: Observation, alone: Observation) -> Cell:
    """Compare with the rates alone, block by block."""
    kept, python = (ratio(beside[name].blocks, alone[name].blocks) for name in ("calls", "spins"))
    return Cell(kept, python, beside)


def pairs(session: Session, interval: float = USUAL) -> list[tuple[Cell, Cell]]:
    """Return held and released at each length of call, under one switch interval."""
    found = {(each.strategy, each.seconds): each for each in cells(session) if each.interval == interval}
    lengths = sorted({seconds for _, seconds in found})
    both = [(found.get(("held", each)), found.get(("released", each))) for each in lengths]
    return [(held, released) for held, released in both if held and released]


def slowing(held: Cell, released: Cell) -> Interval:
    """Return how many times slower the calls are because they release."""
    return ratio(held.observation["calls"].blocks, released.observation["calls"].blocks)


# --- the table -----------------------------------------------------------------------------------------------------------------


def lines(session: Session) -> list[str]:
    """Return a table for each length of call."""
    found = cells(session)
    alone = {each.conditions["seconds"]: each for each in session.observations.values() if is_alone(each)}
    told = list[str]()
    for seconds, observation in alone.items():
        told.append(f"{KERNEL}, {duration(seconds)} a call: {observation['calls'].value:,.0f} calls/s alone")
        told.append(COLUMNS)
        told += [row(each) for each in found if each.seconds == seconds]
    return told


def row(cell: Cell) -> str:
    """Return a line of the table."""
    kept = f"{share(cell.kept.value)} [{share(cell.kept.low)}, {share(cell.kept.high)}]"
    start = f"{duration(cell.interval):>17}  {cell.strategy:9}  {kept:<20}  {share(cell.python.value):>13}"
    return f"{start}  {wait_columns(cell.observation)}".rstrip()


def wait_columns(observation: Observation) -> str:
    """Write how many waits there were, how long at the median and nearly always, and the longest of all blocks."""
    if "waited" not in observation:
        return f"{'not known':>15}"
    if not observation["wait_max"].high:
        return f"{'none':>15}"
    times = (observation["wait_p50"].value, observation["wait_p99"].value, max(observation["wait_max"].blocks))
    return f"{share(observation['waited'].value):>15} {' '.join(f'{duration(each):>8}' for each in times)}"


def share(value: float) -> str:
    """Write a share with a decimal where it is small."""
    return f"{value:.0%}" if value >= 0.0995 else f"{value:.1%}"


# --- the verdict ---------------------------------------------------------------------------------------------------------------


def verdict(session: Session) -> list[str]:
    """Return what was found, why, what helps, and the sentence to repeat."""
    both = pairs(session)
    if not both:
        return ["Nothing was observed yet at the usual switch interval."]
    pinned = all(each.conditions["pinned"] for each in session.observations.values())
    before = [*place_words(session.machine, pinned), *noise_words(session)]
    if not session.machine["gil"]:
        return [*before, without_gil(both)]
    slowed = [pair for pair in both if slowing(*pair).low > 1]
    if not slowed:
        return [*before, not_slowed(both), *reason(session, both)]
    return [*before, how_much(both, slowed), *reason(session, slowed), *remedies(session, slowed), moral(slowed)]


def without_gil(both: Sequence[tuple[Cell, Cell]]) -> str:
    """Say that there is nothing to queue for."""
    kept = listed([f"of {duration(released.seconds)} keep {percent(released.kept.value)}" for _, released in both])
    return f"GIL off: there is no queue to get back into. Beside a loop of Python, calls {kept} of their rate alone."


def not_slowed(both: Sequence[tuple[Cell, Cell]]) -> str:
    """Say that it does not happen here."""
    told = [f"{slowing(*pair):.2f} of the time held ({duration(pair[0].seconds)})" for pair in both]
    return f"That releasing slows the one who releases could not be shown on this machine: calls take {listed(told)}."


def how_much(both: Sequence[tuple[Cell, Cell]], slowed: Sequence[tuple[Cell, Cell]]) -> str:
    """Say which calls are slower because they release, and by how much."""
    told = [f"of {duration(pair[0].seconds)} {times(slowing(*pair))}" for pair in slowed]
    others = [f"of {duration(pair[0].seconds)}" for pair in both if pair not in slowed]
    rest = f"; that it slows those {listed(others)} could not be shown" if others else ""
    at = f"at the usual switch interval of {duration(USUAL)}"
    return f"Beside a thread that computes in Python, {at}, releasing makes calls slower: {listed(told)}{rest}."


def times(interval: Interval) -> str:
    """Write how many times slower."""
    digits = 0 if interval.value >= 9.95 else 1 if interval.value >= 1.95 else 2
    return f"{interval:.{digits}f} times"


def reason(session: Session, pairs: Sequence[tuple[Cell, Cell]]) -> Iterator[str]:
    """Say for what the calls wait, from the largest calls that each wait; and what the held ones do instead."""
    waiting = [pair for pair in pairs if "wait_p50" in pair[1].observation and pair[1].observation["wait_p50"].value]
    if not waiting:
        yield f"How long they waited for the GIL is not known: {session.details.get('no_waits') or 'nobody waited'}."
        return
    held, released = waiting[-1]
    wait = released.observation["wait_p50"].value
    yield (
        f"Why: a call that released asks for the GIL at its end, and waits until Python is made to give it up: {duration(wait)} "
        f"at the median for calls of {duration(released.seconds)}, {turns(wait / USUAL)}; they keep {share(released.kept.value)} "
        f"of their rate alone, and Python {percent(released.python.value)} of its own. Held calls do not ask at their end, they "
        f"are made to give the GIL up, {waits_words(held)}: they keep {share(held.kept.value)}, and Python "
        f"{percent(held.python.value)}."
    )


def waits_words(held: Cell) -> str:
    """Say how often a held call waits."""
    waited = held.observation["waited"].value
    return f"once in {1 / waited:,.0f} calls" if 0 < waited < 0.67 else f"{waited:.1f} times a call"


def turns(ratio: float) -> str:
    """Say how many switch intervals a wait is."""
    low, high = ONE_TURN
    return "one switch interval" if low <= ratio <= high else f"{ratio:.2f} switch intervals"


def remedies(session: Session, slowed: Sequence[tuple[Cell, Cell]]) -> Iterator[str]:
    """Say what helps the shortest calls that are slowed: another switch interval, or larger calls."""
    [_, shortest] = slowed[0]
    mine = [each for each in cells(session) if (each.strategy, each.seconds) == ("released", shortest.seconds)]
    best = max(mine, key=lambda each: each.kept.value)
    if best.kept.low > shortest.kept.high:
        yield (
            f"What helps calls of {duration(best.seconds)}: sys.setswitchinterval({best.interval:g}), with which they keep "
            f"{share(best.kept.value)} instead of {share(shortest.kept.value)}, and Python {percent(best.python.value)}."
        )
    _, largest = pairs(session)[-1]
    if largest.seconds > shortest.seconds and largest.kept.low > shortest.kept.high:
        yield (
            f"Fewer releases help without that: one release for {duration(largest.seconds)} of work keeps "
            f"{share(largest.kept.value)}, one for {duration(shortest.seconds)} {share(shortest.kept.value)}."
        )


def moral(slowed: Sequence[tuple[Cell, Cell]]) -> str:
    """Return the sentence that a colleague would repeat."""
    waits = [released.observation["wait_p50"].value for _, released in slowed if "wait_p50" in released.observation]
    cost = duration(max(waits)) if waits else "a wait for its turn"
    return f"Beside busy Python a release is not free, it costs {cost}: release once for long, not often for a little."


def noise_words(session: Session) -> list[str]:
    """Say that the rates alone spread, if they did: then others used the cores."""
    spread = max((noise(each["calls"].blocks) for each in session.observations.values() if is_alone(each)), default=0.0)
    return [f"The rates alone spread by {spread:.0%}: others used the cores, so shares are rough."] if spread > NOISY else []
