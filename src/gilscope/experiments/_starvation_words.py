"""What the starvation experiment says of a session: the table and the verdict. Pure functions of the session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gilscope.experiments._two_threads import KERNEL, place_words
from gilscope.observations import Observation
from gilscope.results import Session
from gilscope.stats import Interval, ratio
from gilscope.wording import duration, listed

STRATEGIES = ("held", "declared_nogil", "yielding", "chunked", "interruptible", "released")
#: A call freezes the others if they are silent for so much of it.
FROZEN = 0.8
#: They feel it if they are silent for more than so many times as long as with nothing in the way, and surely longer.
UNFELT = 2.0
#: Seconds: with nothing in the way a beat of a millisecond is not silent for so long, unless others use the cores.
BUSY = 0.003
LABEL = 28
COLUMNS = f"{'':{LABEL}}{'a call':>9}   gaps: p50      p99   longest in a call           ever   of the call"


def feeling(observation: Observation, idle: Observation) -> str:
    """Return what others feel during a call: "frozen", "late" or "unfelt"."""
    usual = idle["silence"]
    if observation["silence"].low <= max(UNFELT * usual.value, usual.high):
        return "unfelt"
    return "frozen" if of_the_call(observation).value >= FROZEN else "late"


def of_the_call(observation: Observation) -> Interval:
    """Return the longest gap in a call as a share of the call."""
    return ratio(observation["silence"].blocks, observation["call"].blocks)


def of_kind(session: Session, kind: str) -> list[Observation]:
    """Return the observations of a kind: nothing, kernel, python, object."""
    return [each for each in session.observations.values() if each.conditions["kind"] == kind]


# --- the table -----------------------------------------------------------------------------------------------------------------


def lines(session: Session) -> list[str]:
    """Return the table."""
    found = list(session.observations.values())
    return [COLUMNS, *map(row, found)] if found else []


def row(observation: Observation) -> str:
    """Return a line of the table."""
    call, p50, p99 = (duration(observation[name].value) for name in ("call", "gap_p50", "gap_p99"))
    silence, ever = with_interval(observation["silence"]), duration(max(observation["gap_max"].blocks))
    start = f"{observation.label:{LABEL}}{call:>9}   {p50:>9} {p99:>8}   {silence:22}"
    return f"{start}{ever:>10} {of_the_call(observation).value:>13.0%}"


def with_interval(interval: Interval) -> str:
    """Write a time with its interval, all in milliseconds."""
    low, value, high = (f"{float(f'{each * 1e3:.3g}'):g}" for each in (interval.low, interval.value, interval.high))
    return f"{value} ms [{low}, {high}]"


# --- the verdict ---------------------------------------------------------------------------------------------------------------


def verdict(session: Session) -> list[str]:
    """Return what was found, why, and the sentence to repeat."""
    nothing, kernels = of_kind(session, "nothing"), of_kind(session, "kernel")
    if not nothing or not kernels:
        return ["Nothing was observed yet."]
    [idle] = nothing
    pinned = all(each.conditions["pinned"] for each in session.observations.values())
    before = [*place_words(session.machine, pinned), *busy_words(idle)]
    if not session.machine["gil"]:
        return [*before, without_gil(session, idle)]
    return [
        *before,
        *kernel_words(kernels, idle),
        *yield_words(kernels),
        *python_words(session, idle),
        *object_words(session, idle),
        *moral(kernels, idle),
    ]


def busy_words(idle: Observation) -> list[str]:
    """Say that the beats were irregular with nothing in the way, if they were."""
    silence = idle["silence"].value
    words = f"With nothing running there were up to {duration(silence)} between beats: others used the cores."
    return [words] if silence > BUSY else []


def without_gil(session: Session, idle: Observation) -> str:
    """Say that nobody holds it."""
    longest = max(session.observations.values(), key=lambda each: each["silence"].value)
    return (
        f"GIL off, so nobody holds it: the longest silence is {duration(longest['silence'].value)} ({longest.label}), and "
        f"{duration(idle['silence'].value)} with nothing running."
    )


def kernel_words(kernels: Sequence[Observation], idle: Observation) -> Iterator[str]:
    """Say which strategies freeze the others, which let them in and at what cost, and which they do not feel."""
    found = {feel: [each for each in kernels if feeling(each, idle) == feel] for feel in ("frozen", "late", "unfelt")}
    if found["frozen"]:
        told = listed([f"{silent(each)} {name(each)}" for each in found["frozen"]])
        yield f"The others freeze for the whole call while it keeps the GIL: silent for {told}."
    for feel, words in (("late", "They get in now and then"), ("unfelt", "They feel nothing")):
        if found[feel]:
            told = listed([f"{name(each)} (silent for {silent(each)}{cost_words(each, kernels)})" for each in found[feel]])
            yield f"{words}: {told}{as_idle(idle) if feel == 'unfelt' else ''}."


def as_idle(idle: Observation) -> str:
    """Say how regular the beats are with nothing in the way."""
    return f"; with nothing running it is {duration(idle['silence'].value)}"


def name(observation: Observation) -> str:
    """Return the name of a strategy, or of what else was called."""
    return observation.label.removeprefix(f"{KERNEL}.")


def silent(observation: Observation) -> str:
    """Write how long the others were silent."""
    return duration(observation["silence"].value)


def cost_words(observation: Observation, kernels: Sequence[Observation]) -> str:
    """Say how much longer the call takes than held, if that could be shown."""
    cost = ratio(observation["call"].blocks, kernels[0]["call"].blocks)
    if kernels[0].conditions["strategy"] != "held" or cost.low <= 1:
        return ""
    return f", costs {cost.value - 1:.1%}"


def yield_words(kernels: Sequence[Observation]) -> Iterator[str]:
    """Say that empty releases let the others in sooner if they are seldom, and why, where it is so."""
    yielding = [each for each in kernels if each.conditions["strategy"] == "yielding"]
    if len(yielding) != 2:
        return
    often, seldom = yielding
    if ratio(often["silence"].blocks, seldom["silence"].blocks).low > 1:
        yield (
            f"More empty releases do not let them in sooner: {name(often)} they are silent for {silent(often)}, {name(seldom)} "
            f"for {silent(seldom)}. Each wakes who waits, but the GIL is taken back before they are up; and they ask for it only "
            "after a whole switch interval in which nobody woke them."
        )


def python_words(session: Session, idle: Observation) -> Iterator[str]:
    """Say what a loop in Python does to the others."""
    for each in of_kind(session, "python"):
        if feeling(each, idle) == "late":
            yield f"A loop in Python is made to let them in after a switch interval of 5 ms: silent for {silent(each)}."


def object_words(session: Session, idle: Observation) -> Iterator[str]:
    """Say which calls freeze the others that nobody thinks of: frees among them."""
    objects = of_kind(session, "object")
    frozen, others = ([each for each in objects if (feeling(each, idle) == "frozen") is freezes] for freezes in (True, False))
    if frozen:
        told = listed([f"{name(each)} {silent(each)}" for each in frozen])
        yield f"It need not be a kernel, each of these is one call that keeps the GIL: {told}."
    if others:
        told = listed([f"{name(each)} took {duration(each['call'].value)}" for each in others])
        yield f"Not felt: {told}."
    for words in session.details.get("left_out", []):
        yield f"Not observed: {words}."


def moral(kernels: Sequence[Observation], idle: Observation) -> Iterator[str]:
    """Yield the sentence that a colleague would repeat."""
    by_name = {each.conditions["strategy"]: each for each in kernels}
    if {"held", "released"} <= {*by_name}:
        held, released = by_name["held"], by_name["released"]
        if feeling(held, idle) == "frozen" and feeling(released, idle) != "frozen":
            yield (
                f"Your call's length is everybody's silence while it keeps the GIL ({silent(held)}), and nobody's once it "
                f"releases it ({silent(released)})."
            )
        else:
            yield "That holding the GIL freezes other threads, and releasing it does not, could not be shown on this machine."
