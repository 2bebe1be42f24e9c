"""What a trace holds, as plain data: what is saved and loaded, and what the tables are made of."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gilscope.spans import TracedSpan
from gilscope.trace_events import HELD, NO_INTERVALS, OUTSIDE, STATES, WAITING, Intervals, forced, longest, takes, totals
from gilscope.trace_looks import Looks

INTERVAL = np.dtype([("start_ns", np.int64), ("stop_ns", np.int64), ("state", f"U{max(map(len, STATES))}")])


@dataclass(frozen=True)
class TracedThread:
    """What a thread did in the trace; times in nanoseconds.

    Attributes
    ----------
    name : str
        Its Python name, "thread 1234" if it has none.
    native_id : int
        The system's number. A later thread may have the same.
    held_ns, waiting_ns, outside_ns : int
        Time in each state; together its life within the trace.
    takes, forced : int
        How often it took the GIL, and was made to drop it by another thread.
    longest_hold_ns, longest_wait_ns : int
        The longest times in a row.
    outside_running_ns, outside_blocked_ns : int or None
        `outside_ns`, split: on a core, in native code; and not, because the thread slept, waited for something else than the GIL,
        or for a core. None where the thread's CPU clock was not to be had.

    Notes
    -----
    A thread's clock tells how long it was on a core, not when. It is taken to be on a core whenever it holds the GIL, and what it
    used beyond that it is taken to have used outside. So running is too low by the time for which it held the GIL but was
    preempted, or slept without releasing it; and too high by what it cost to wait for the GIL, some microseconds a wait.
    """

    name: str
    native_id: int
    held_ns: int
    waiting_ns: int
    outside_ns: int
    takes: int
    forced: int
    longest_hold_ns: int
    longest_wait_ns: int
    outside_running_ns: int | None = None
    outside_blocked_ns: int | None = None


@dataclass(frozen=True)
class TraceCost:
    """What the tracing itself cost.

    Attributes
    ----------
    events, lost : int
        Recorded, and not recorded because the buffer was full.
    event_ns : float
        Nanoseconds to record an event, measured at the stop in memory that had been touched.
    share : float
        Of the traced time: all events and looks by that.
    looks, lost_looks : int
        How often the tracer looked which function ran, and did not because there was no room.
    look_ns : float
        Nanoseconds of a look, measured likewise.
    """

    events: int
    lost: int
    event_ns: float
    share: float
    looks: int = 0
    lost_looks: int = 0
    look_ns: float = 0.0


@dataclass(frozen=True, eq=False)
class TraceData:
    """A finished trace.

    Attributes
    ----------
    start_ns, stop_ns : int
        On the clock of `time.perf_counter_ns`. If events were lost it stops with the last that was not.
    names, native_ids : list
        By thread number.
    intervals : Intervals
        Of all threads.
    events, lost : int
        Recorded and not.
    event_ns : float
        The cost of one.
    gil : bool
        Whether there was a GIL at all.
    forked : bool
        This process was forked from the one that was traced.
    tells_forced : bool
        Whether forced drops are told from a thread's own; if not there are none, and the time after one is outside.
    spans : tuple of TracedSpan
        What the program marked.
    lost_marks : int
        Beginnings and ends of spans that had no room.
    looks : Looks or None
        Who ended long holds and waits, if that was asked for.
    cpu_ns : list of (int or None)
        By thread number: the CPU time that it used within the trace, None if it is not known; empty if nobody's is.
    """

    start_ns: int
    stop_ns: int
    names: list[str] = field(default_factory=list)
    native_ids: list[int] = field(default_factory=list)
    intervals: Intervals = NO_INTERVALS
    events: int = 0
    lost: int = 0
    event_ns: float = 0.0
    gil: bool = True
    forked: bool = False
    tells_forced: bool = True
    spans: tuple[TracedSpan, ...] = ()
    lost_marks: int = 0
    looks: Looks | None = None
    cpu_ns: list[int | None] = field(default_factory=list)

    def threads(self) -> tuple[TracedThread, ...]:
        """Return what each thread did."""
        count, intervals = len(self.names), self.intervals
        columns = (
            *(totals(intervals, count, state) for state in (HELD, WAITING, OUTSIDE)),
            takes(intervals, count, self.start_ns),
            forced(intervals, count),
            longest(intervals, count, HELD),
            longest(intervals, count, WAITING),
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        whole = tuple(
            TracedThread(*who, *row) for who, row in zip(zip(self.names, self.native_ids, strict=True), rows, strict=True)
        )
        return tuple(_split(*each) for each in zip(whole, self.cpu_ns, strict=True)) if self.cpu_ns else whole

    def distinct_names(self) -> list[str]:
        """Return the names of the threads, those that several have with the system's number."""
        rows, known = zip(self.names, self.native_ids, strict=True), Counter(self.names)
        return [name if known[name] == 1 else f"{name} ({native_id})" for name, native_id in rows]

    def of(self, native_id: int) -> NDArray[Any]:
        """Return the intervals of the threads that had a native id: start_ns, stop_ns, state."""
        chosen = self.intervals.of([at for at, each in enumerate(self.native_ids) if each == native_id])
        found = np.empty(np.count_nonzero(chosen), INTERVAL)
        found["start_ns"], found["stop_ns"] = self.intervals.start[chosen], self.intervals.stop[chosen]
        found["state"] = np.array(STATES)[self.intervals.state[chosen]]
        return found[np.argsort(found["start_ns"], kind="stable")]

    def cost(self) -> TraceCost:
        """Return what the tracing cost."""
        looks = self.looks or Looks({}, 0)
        spent = self.events * self.event_ns + looks.count * looks.look_ns
        share = spent / max(self.stop_ns - self.start_ns, 1)
        return TraceCost(self.events, self.lost, self.event_ns, share, looks.count, looks.lost, looks.look_ns)

    def held_fraction(self) -> float:
        """Return the share of the time in which any thread held the GIL."""
        held = totals(self.intervals, len(self.names), HELD).sum()
        return float(held / max(self.stop_ns - self.start_ns, 1))


def _split(thread: TracedThread, cpu_ns: int | None) -> TracedThread:
    """Split a thread's time outside into running and blocked."""
    if cpu_ns is None:
        return thread
    running = min(max(cpu_ns - thread.held_ns, 0), thread.outside_ns)
    return replace(thread, outside_running_ns=running, outside_blocked_ns=thread.outside_ns - running)
