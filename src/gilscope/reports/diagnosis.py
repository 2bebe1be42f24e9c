"""One plain paragraph on a trace: is the GIL the bottleneck, whose fault is it, what would help."""

from dataclasses import replace

from gilscope.contention import Contention, contention
from gilscope.stretches import ended_by
from gilscope.trace_data import TraceData, TracedThread

#: Shares of the time in which some thread waits for the GIL, below which nothing is lost and above which most is.
SOME, MUCH = 0.05, 0.25
#: A program that holds the GIL for less of its time than this has other things to do.
LITTLE = 0.1
#: Cores on which threads run without the GIL, on average: below the one nothing runs, from the other on that is what they do.
IDLE, BUSY = 0.05, 0.5
#: Holds that others wait for and that last less than this on average: the switching is the work.
SHORT_NS = 100_000
_SLOW_TO_WAKE = "Threads were slow to wake up, which is not the program's doing: the cores may have had other work."


def diagnosis(data: TraceData) -> str:
    """Say what a trace means.

    The rules, of which the first that applies speaks:

    1. There is no GIL, or nothing was traced: so it says.
    2. One thread only had or wanted the GIL: it costs nothing.
    3. In less than 5 % of the time did any thread wait for it: it is not the bottleneck, and what the threads did without it is
       told: run native code, on so many cores, or neither.
    4. Otherwise it limits the program: from 25 % on it is the bottleneck. At fault is what the holders did while others waited,
       whichever took the largest part of that time: kept the GIL through three switch intervals or more (a call that does not
       release it), were made to let go (Python code that takes turns), or let go themselves (many short takes if holds were
       shorter than 0.1 ms on average; else stretches of Python between calls that release, or a system that is slow to wake
       them, whichever took longer). Who held it is named, unless for half of the time and more nobody did.

    If events were lost a sentence says how much of the program this speaks of; and if by their CPU clocks threads held the GIL
    for 5 % of the time and more without running, the last sentence says that.
    """
    if data.forked or not data.threads():
        return "Nothing was traced."
    if not data.gil:
        return "This Python has no GIL: threads do not wait for it, whatever they do."
    return " ".join([*_reach(data), *_judged(data), *_off_core(data)])


def _judged(data: TraceData) -> list[str]:
    named = zip(data.threads(), data.distinct_names(), strict=True)
    users = [replace(each, name=name) for each, name in named if each.held_ns or each.waiting_ns]
    found = contention(data)
    if len(users) <= 1:
        return _alone(users, data)
    if found.contended < SOME:
        return _harmless(found, data)
    return [_verdict(found), _whose(data, found), *_sufferer(users), _cause(data, found)]


def _reach(data: TraceData) -> list[str]:
    if not data.lost:
        return []
    seconds = (data.stop_ns - data.start_ns) / 1e9
    return [f"This is about the first {seconds:.3g} s only, after which there was no room for events (see max_events)."]


def _alone(users: list[TracedThread], data: TraceData) -> list[str]:
    held = data.held_fraction()
    if not users:
        return ["No thread used the GIL.", _outside(data)]
    first = f"Only {users[0].name} used the GIL ({held:.0%} of the time): nobody else wanted it, so it costs nothing here."
    if held >= 0.5:
        return [
            first,
            "A second thread would have to share it, except in native code that releases it; processes would not.",
        ]
    return [first, _outside(data)]


def _harmless(found: Contention, data: TraceData) -> list[str]:
    held = data.held_fraction()
    first = f"The GIL is not the bottleneck: threads waited for it in {_percent(found.contended)} of the time."
    if held < LITTLE:
        return [first, "It was hardly used.", _outside(data)]
    return [first, f"It was held for {held:.0%}, but hardly ever wanted by two threads at once.", _outside(data)]


def _outside(data: TraceData) -> str:
    """Say what threads did without the GIL, as far as their clocks tell it."""
    running = [each.outside_running_ns for each in data.threads()]
    known = [each for each in running if each is not None]
    if len(known) < len(running) or _off_core(data):
        return "The rest of the time went to native code without the GIL, or to waiting for something else."
    cores = sum(known) / max(data.stop_ns - data.start_ns, 1)
    if cores < IDLE:
        return "Hardly anything ran without it: threads slept, or waited for something else, such as I/O or a core."
    if cores < BUSY:
        return (
            f"Native code ran without it for {cores:.0%} of the time; else threads slept or waited for I/O, a core and the like."
        )
    return f"Native code ran without it, on {cores:.1f} cores at a time on average."


def _off_core(data: TraceData) -> list[str]:
    """Tell of holds in which nothing ran; then what a thread's clock says is no measure of what it did outside either."""
    clocks = zip(data.threads(), data.cpu_ns, strict=True) if data.cpu_ns else ()
    idle = sum(max(thread.held_ns - cpu_ns, 0) for thread, cpu_ns in clocks if cpu_ns is not None)
    if idle < SOME * (data.stop_ns - data.start_ns):
        return []
    return [
        f"For {_duration(idle)} and more threads held it without running: other programs wanted the cores, or a call slept "
        "without releasing it."
    ]


def _percent(share: float) -> str:
    return "none" if share == 0 else "less than 1%" if share < 0.01 else f"{share:.0%}"


def _verdict(found: Contention) -> str:
    what = "is the bottleneck" if found.contended >= MUCH else "slows this program somewhat"
    demand = f" ({found.demand:.1f} threads had or wanted it at a time, where one can have it)" if found.demand >= 1.2 else ""
    return f"The GIL {what}: for {found.contended:.0%} of the time at least one thread waited for it{demand}."


def _whose(data: TraceData, found: Contention) -> str:
    if found.nobody >= 0.5:
        return f"For {found.nobody:.0%} of that time nobody held it: a thread was being woken up to take it."
    first, *others = [(data.distinct_names()[each], share) for each, share in list(found.holders.items())[:3]] or [
        ("no thread", 0.0)
    ]
    also = [f"{name} for {share:.0%}" for name, share in others if share >= 0.1]
    return f"While others waited, {' and '.join([f'{first[0]} held it for {first[1]:.0%} of that time', *also])}."


def _sufferer(users: list[TracedThread]) -> list[str]:
    most = max(users, key=lambda each: each.waiting_ns)
    share = most.waiting_ns / max(most.held_ns + most.waiting_ns + most.outside_ns, 1)
    return [f"{most.name} waited most: {_duration(most.waiting_ns)}, {share:.0%} of its life."]


def _cause(data: TraceData, found: Contention) -> str:
    causes = {"stubborn": found.stubborn, "forced": found.forced, "own": found.own + found.nobody}
    most = max(causes, key=lambda name: causes[name])
    if most == "stubborn":
        return _stubborn(data, found)
    if most == "forced":
        return (
            "The holders ran Python code until they were made to let go: such threads take turns and are no faster than one. "
            "Processes would help, or native code that releases the GIL, or a Python without one."
        )
    if 0 < found.hold_ns < SHORT_NS:
        return _short(data, found)
    return _stretches(data, found) if found.own > found.nobody else _SLOW_TO_WAKE


def _stubborn(data: TraceData, found: Contention) -> str:
    name = data.distinct_names()[found.longest_by] if found.longest_by is not None else "a thread"
    function = ended_by(data, found.longest_hold)
    then = f" (then {function} let go)" if function is not None else ""
    kept = f"{name} kept it for {_duration(found.longest_ns)} in spite of others{then}"
    return (
        f"Python code lets go within 5 ms when asked, but {kept}: a call into native code that does not "
        "release the GIL (or the system took the core away meanwhile). It would help if that call released it, or worked in "
        "smaller pieces."
    )


def _short(data: TraceData, found: Contention) -> str:
    takes = sum(each.takes for each in data.threads()) / max((data.stop_ns - data.start_ns) / 1e9, 1e-9)
    return (
        f"It changed hands for very short holds ({found.hold_ns / 1e3:.2g} us on average, {takes:,.0f} takes a second): the "
        "threads let go of it after little work at a time, and wait to get it back. More work at a time would help."
    )


def _stretches(data: TraceData, found: Contention) -> str:
    if not data.tells_forced:
        return f"Holds lasted {found.hold_ns / 1e6:.2g} ms on average; whether they were cut short is not known here."
    return (
        f"The threads run Python for {found.hold_ns / 1e6:.2g} ms on average between calls that release the GIL. Less Python "
        "between those calls would help, or more work in each."
    )


def _duration(ns: float) -> str:
    return f"{ns / 1e9:.3g} s" if ns >= 1e9 else f"{ns / 1e6:.3g} ms"
