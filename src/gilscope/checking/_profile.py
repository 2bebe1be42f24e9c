"""What one call does with the GIL, alone: traced again and again, and of each figure the median.

Not a single call decides: a thread that is preempted while it holds looks as if it held longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gilscope._native.calls import stamped
from gilscope.checking._subject import Call
from gilscope.machine import Usage, queued_ns, usage
from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, OUTSIDE, WAITING

__tracebackhide__ = True  # of what a call raises, pytest then shows the call

#: What `Profile.gil` calls released and held: at least, and less than, this share of the call outside.
RELEASED, HELD_BELOW = 0.9, 0.1
#: From this share of the first call on a second one is not made: a long call is traced once.
LONG_SECONDS = 1.0


@dataclass(frozen=True)
class Profile:
    """What one call does alone: medians over the calls that were traced.

    Attributes
    ----------
    calls : int
        How many were traced.
    seconds : float
        Wall time of a call, without freeing its result.
    released_fraction : float
        How much of the call ran outside, of the time that it held the GIL or was outside: not of what it waited for others.
    releases : float
        How often the call itself dropped the GIL; a forced switch is not a release.
    takes : float
        How often it took the GIL.
    longest_hold_ns : int
        The longest that it kept the GIL in a row.
    cpu_share, process_cpu_share : float
        CPU time of the calling thread, and of all threads of the process, as a share of the wall time.
    queued_share : float
        How much of the wall time the calling thread wanted a core that others had; 0 where the system does not say.
    faults : float
        Pages that the system had to map in a call.
    system_share : float
        How much of the wall time the system's kernel worked for the calling thread.
    method : str
        "trace"; "ticker", which tells no more than an estimate of `released_fraction` and `longest_hold_ns`; or "off" where
        there is no GIL.
    """

    calls: int
    seconds: float
    released_fraction: float
    releases: float
    takes: float
    longest_hold_ns: int
    cpu_share: float = 1.0
    process_cpu_share: float = 1.0
    queued_share: float = 0.0
    faults: float = 0.0
    system_share: float = 0.0
    method: str = "trace"

    @property
    def gil(self) -> str:
        """In a word: "released", "partial" or "held"; "off" where there is no GIL."""
        if self.method == "off":
            return "off"
        if self.released_fraction >= RELEASED:
            return "released"
        return "held" if self.released_fraction < HELD_BELOW else "partial"

    @property
    def waits(self) -> float:
        """The share of the time in which the calling thread wanted no core."""
        return max(0.0, 1 - self.cpu_share - self.queued_share)

    def cores_in_use(self, background: float = 0.0) -> float:
        """Return how many cores a call uses while its own thread has one, without what the program uses anyway.

        On a busy machine all threads of the process get less, so that CPU time over wall time alone would find no second core.
        """
        running = max(1 - self.queued_share, self.cpu_share, 0.05)
        return max(self.process_cpu_share - background, 0.0) / running

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Profile:
        """Return the profile whose attributes these are; others are ignored."""
        return cls(**{each.name: data[each.name] for each in fields(cls) if each.name in data})


class Plan(NamedTuple):
    """How often to call.

    Attributes
    ----------
    seconds : float
        Calls are repeated for so long.
    least, most : int
        But at least and at most so often, if the first took less than `long_seconds`.
    most_events : int
        Nor so often that there would be more events of the GIL than this, which take a second or so to sort.
    long_seconds : float
        If the first call took so long it is the only one.
    """

    seconds: float = 0.1
    least: int = 5
    most: int = 5000
    most_events: int = 500_000
    long_seconds: float = LONG_SECONDS


class CallTimes(NamedTuple):
    """What each call did: one number per call; times in nanoseconds."""

    held: NDArray[np.int64]
    waiting: NDArray[np.int64]
    outside: NDArray[np.int64]
    releases: NDArray[np.int64]
    takes: NDArray[np.int64]
    longest_hold: NDArray[np.int64]

    @property
    def released_fraction(self) -> NDArray[np.float64]:
        """The share of each call outside, of the time that it held the GIL or was outside."""
        share: NDArray[np.float64] = self.outside / np.maximum(self.outside + self.held, 1)
        return share


def times_of(data: TraceData, native_id: int, stamps: NDArray[np.int64]) -> CallTimes:
    """Return what a thread did between pairs of times.

    Parameters
    ----------
    data : TraceData
        A trace.
    native_id : int
        The thread.
    stamps : ndarray of int64
        ``(calls, 2)``: when each call began and ended, in order.
    """
    chosen = data.intervals.of([at for at, each in enumerate(data.native_ids) if each == native_id])
    state, start = data.intervals.state[chosen], data.intervals.start[chosen]
    if not len(start):  # a thread that never had the GIL, nor wanted it
        state, start = np.array([OUTSIDE], np.uint8), np.array([data.start_ns])
    # The stamps cut the intervals into pieces, each within one call or between two.
    edges = np.sort(np.concatenate([start, stamps.ravel()]))
    first, length = edges[:-1], np.diff(edges)
    call, inside = _call_at(stamps, first)
    what = state[np.searchsorted(start, first, "right") - 1]
    longest = np.zeros(len(stamps), np.int64)
    held = inside & (what == HELD)
    np.maximum.at(longest, call[held], length[held])
    spent = [np.bincount(call, length * (inside & (what == each)), len(stamps)) for each in (HELD, WAITING, OUTSIDE)]
    of, within = _call_at(stamps, start)
    begins = [within & (state == each) & (start > data.start_ns) for each in (OUTSIDE, HELD)]
    releases, takes = (np.bincount(of[each], minlength=len(stamps)) for each in begins)
    held_ns, waiting_ns, outside_ns = (each.astype(np.int64) for each in spent)
    return CallTimes(held_ns, waiting_ns, outside_ns, releases, takes, longest)


def _call_at(stamps: NDArray[np.int64], times: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return which call each time is in or after, and whether it is in it."""
    passed = np.searchsorted(stamps.ravel(), times, "right")
    return np.maximum(passed - 1, 0) // 2, passed % 2 == 1


def repeated(measured: Callable[[int], Profile], plan: Plan) -> Profile:
    """Measure one call, then as many as the plan wants, from what is known by then."""
    count, known = 1, measured(1)
    while (wanted := _wanted(known, plan)) > 2 * count or count == 1 < wanted:
        count, known = wanted, measured(wanted)
    return known


def _wanted(known: Profile, plan: Plan) -> int:
    """Return how many calls to trace, from what is known of one."""
    if known.seconds >= plan.long_seconds:
        return 1
    most = min(plan.most, int(plan.most_events / (1 + known.takes + known.releases)))
    return min(most, max(plan.least, int(plan.seconds / max(known.seconds, 1e-9))))


def stamped_and_used(call: Call, count: int) -> tuple[NDArray[np.int64], Used]:
    """Return when the calls began and ended, and what all of them used."""
    before = Used.now()
    stamps = stamped(call, count)
    return stamps, Used.now().since(before)


class Used(NamedTuple):
    """What the calling thread and the whole process used during all calls, and how long the thread wanted a core in vain."""

    thread: Usage
    process: Usage
    queued_ns: int

    @classmethod
    def now(cls) -> Used:
        """Return what was used since they started."""
        return cls(usage(thread=True), usage(thread=False), queued_ns())

    def since(self, before: Used) -> Used:
        """Return what was used between the two."""
        return Used(self.thread - before.thread, self.process - before.process, self.queued_ns - before.queued_ns)

    def shares(self, stamps: NDArray[np.int64]) -> dict[str, Any]:
        """Return the fields of a `Profile` that say so."""
        wall = max(int(stamps[-1, 1] - stamps[0, 0]), 1) / 1e9
        return {
            "cpu_share": self.thread.cpu_seconds / wall,
            "process_cpu_share": self.process.cpu_seconds / wall,
            "queued_share": self.queued_ns / 1e9 / wall,
            "faults": self.thread.minor_faults / len(stamps),
            "system_share": self.thread.system_seconds / wall,
        }


def summary(times: CallTimes, stamps: NDArray[np.int64], used: Used) -> Profile:
    """Return the medians, from what each call did and what all of them used together."""
    return Profile(
        calls=len(stamps),
        seconds=_median_seconds(stamps),
        released_fraction=float(np.median(times.released_fraction)),
        releases=float(np.median(times.releases)),
        takes=float(np.median(times.takes)),
        longest_hold_ns=int(np.median(times.longest_hold)),
        **used.shares(stamps),
    )


def without_gil(stamps: NDArray[np.int64], used: Used) -> Profile:
    """Return the profile where there is no GIL: no call holds it, so none releases it."""
    return Profile(len(stamps), _median_seconds(stamps), 1.0, 0.0, 0.0, 0, **used.shares(stamps), method="off")


def _median_seconds(stamps: NDArray[np.int64]) -> float:
    return float(np.median(stamps[:, 1] - stamps[:, 0])) / 1e9
