"""What evidence shows: the questions that causes ask of it, and from which number on the answer is yes. Pure functions."""

from __future__ import annotations

from gilscope.checking._evidence import Evidence
from gilscope.wording import percent

#: Calls shorter than this are too short for threads: half of it is the way into the call and out of it (through ctypes 1 us or
#: more, into a ufunc 0.5 us), and a pair of threads that each hold the GIL for 1 us takes 6 us for two such calls.
SHORT_SECONDS = 10e-6
#: What it takes to wake a thread that waits for the GIL: of two threads that hold it and are outside for 100 us each, half of the
#: waits last 58 us and more. With 10 us each they are no faster than one (benchmarks on CPython 3.11 and 3.13, pinned).
WAKE_SECONDS = 60e-6
#: So a call with one release has to be a few times as long.
ENOUGH_SECONDS = 200e-6
#: One call that uses this many cores leaves little for others, and this share of all of them nothing.
PARALLEL_CORES, ALL_CORES = 1.5, 0.75
#: A call that wants no core for this share of its time waits; for other threads of its process if they use this much of a core.
WAITS, _POOL_CORES = 0.5, 0.25
#: Samples of one thread on a quiet machine differ by less than this, and so do those of the loop that only computes.
_QUIET_SPREAD = 0.35
#: What other programs had of the threads' time on a quiet machine is less.
_QUIET_QUEUE = 0.1
#: A take of the GIL waits for no more than so many holds of each other thread.
_SEVERAL = 3
#: Below this there is no loss to speak of.
_SMALL_LOSS = 0.05
#: The share of a call's time in the system's kernel from which on the pages that it maps matter.
MANY_PAGES = 0.1


def lost(e: Evidence, *names: str) -> bool:
    """Tell whether the largest loss of the threads' time is one of these: not a small one, and not less than others took."""
    if e.budget is None or e.budget.largest not in names or (e.budget.largest == "gil" and holder_was_preempted(e)):
        return False
    return e.budget.losses()[e.budget.largest] >= max(_SMALL_LOSS, e.disturbed)


def scales(e: Evidence, at_least: float) -> bool:
    """Tell whether the most threads reach this share of what is possible.

    Where others use the cores, speed-ups say little: there what the threads did with the time that they had is looked at instead.
    Threads that take the GIL often seldom meet there, so that nothing is said of them. Elsewhere it decides what the interval of
    the speed-up leaves open.
    """
    if e.most == 1 or e.alone.gil == "held":
        return False
    if cores_are_busy(e) and e.budget is not None:
        return e.budget.kept >= at_least and mean_stretch(e) >= WAKE_SECONDS
    open_ended = e.budget is not None and e.budget.kept >= at_least and e.threads[e.most].high >= at_least * e.ceiling
    return e.ceiling > 1 and (e.efficiency >= at_least or open_ended)


def cores_are_busy(e: Evidence) -> bool:
    """Tell whether others used the cores: threads had to queue, or equal samples differ."""
    found = [each[e.most] for each in (e.compute, e.threads) if e.most in each]
    unsteady = any(each.high - each.low > _QUIET_SPREAD * each.value for each in found)
    return e.disturbed >= _QUIET_QUEUE or e.spread > _QUIET_SPREAD or unsteady or holder_was_preempted(e)


def holder_was_preempted(e: Evidence) -> bool:
    """Tell whether threads waited for the GIL for longer than calls can cause that release it: others took the holder's core."""
    if e.budget is None or e.alone.gil == "held":
        return False
    # Each take waits for a hold and a hand-over of each other thread, if not for several.
    longest = _SEVERAL * (e.budget.workers - 1) * (1 + e.alone.takes) * (mean_hold(e) + WAKE_SECONDS)
    return e.budget.gil >= max(_SMALL_LOSS, longest / e.alone.seconds)


def share(e: Evidence, *names: str) -> str:
    """Return how much of the threads' time went into these losses."""
    assert e.budget is not None
    return percent(sum(getattr(e.budget, name) for name in names))


def mean_hold(e: Evidence) -> float:
    """Return how long a call keeps the GIL between two releases, in seconds; waits of the call itself are no holds."""
    return (1 - e.alone.released_fraction) * e.alone.seconds / (1 + e.alone.takes)


def mean_stretch(e: Evidence) -> float:
    """Return how long a call is outside between two takes of the GIL, in seconds."""
    return e.alone.released_fraction * e.alone.seconds / max(e.alone.takes, 1)


def waits_for_gil(e: Evidence) -> bool:
    """Tell whether the largest loss is that threads waited for the GIL, or handed it to each other."""
    return lost(e, "gil") or _hands_over(e) or _blocked_by_holds(e)


def _hands_over(e: Evidence) -> bool:
    """Tell whether calls that take the GIL often pay with CPU time: its mutex moves from core to core, threads are woken."""
    if e.budget is None or e.budget.gil < _SMALL_LOSS or mean_stretch(e) >= WAKE_SECONDS:
        return False
    return e.budget.gil + e.budget.slower + e.budget.system >= max(e.budget.blocked, e.disturbed)


def _blocked_by_holds(e: Evidence) -> bool:
    """Tell whether threads were blocked whose calls hold the GIL for a part: without a trace it looks like any other wait."""
    return e.alone.method == "ticker" and e.alone.gil == "partial" and lost(e, "blocked")


def waits_for_pool(e: Evidence) -> bool:
    """Tell whether a call has other threads of the process do its work; on a busy machine they may get less than one core."""
    return e.alone.waits >= WAITS and e.cores_in_use - e.alone.cpu_share >= _POOL_CORES


def processes_scale(e: Evidence, at_least: float) -> bool:
    """Tell whether processes, which have a GIL each, surely make more of the cores than one call does.

    Where others want the cores too, more processes get a larger share of them, which proves nothing.
    """
    if not e.processes or cores_are_busy(e):
        return False
    return e.processes[max(e.processes)].low >= at_least * e.ceiling > at_least


def copy_is_fast(e: Evidence) -> bool:
    """Tell whether copying large arrays scales nearly as far as computing: then memory has more to give."""
    return e.most in e.copy and e.copy[e.most].value >= 0.8 * e.ceiling


def best_of_processes(e: Evidence) -> str:
    """Write what the most processes reach."""
    workers = max(e.processes)
    return f"{e.processes[workers].value:.2f}x on {workers}"


def compute_loop(e: Evidence) -> str:
    """Write what the loop that only computes reached, if it ran."""
    found = e.compute.get(e.most)
    return f"a loop that only computes reached {found.value:.2f}x [{found.low:.2f}, {found.high:.2f}]" if found else ""
