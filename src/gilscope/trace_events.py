"""From the tracer's events to intervals: pure functions on arrays, a few array operations for millions of events.

The events of all threads stand in one array in the order in which they happened (csrc/gilscope/trace.h). Sorted by thread,
each starts an interval in the state that it leads to, up to the thread's next event.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gilscope._native import tracer

#: The states, in the order of their codes.
STATES = ("held", "waiting", "outside")
HELD, WAITING, OUTSIDE = range(3)

#: The state after each kind of event. A thread that was made to drop the GIL wants it back: it waits.
_STATE_AFTER = np.empty(4, np.uint8)
_STATE_AFTER[[tracer.TAKE, tracer.WAIT, tracer.DROP, tracer.RELEASE]] = [HELD, WAITING, WAITING, OUTSIDE]


@dataclass(frozen=True)
class Recording:
    """What the tracer returns when it stops.

    Attributes
    ----------
    events : ndarray of uint64
        From the top: ticks, the thread's number, the kind.
    native_ids : ndarray of int32
        By thread number.
    lost : int
        Events after the buffer was full. The trace ends with the last event in it then.
    base, shift : int
        ``(ticks << shift) + base`` are ticks as in `start` and `stop`.
    start, stop : (int, int)
        The same instant as ticks and on the clock of `time.perf_counter_ns`.
    event_ns : float
        What recording an event costs here.
    tells_forced : bool
        Whether a DROP is told from a RELEASE: threads were started by `threading`, or before the trace.
    cpu_ns : ndarray of int64
        By thread number: the CPU time that it had used at its end or at the stop, -1 if it could not be asked.
    cpu_before : dict of int to int
        By native id: the CPU time that those that lived before had used at the start.
    """

    events: NDArray[np.uint64]
    native_ids: NDArray[np.int32]
    lost: int
    base: int
    shift: int
    start: tuple[int, int]
    stop: tuple[int, int]
    event_ns: float
    tells_forced: bool
    cpu_ns: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    cpu_before: dict[int, int] = field(default_factory=dict)

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The kind of each event."""
        return (self.events & np.uint64(2**tracer.KIND_BITS - 1)).astype(np.uint8)

    @property
    def threads(self) -> NDArray[np.uint16]:
        """The thread number of each event."""
        return (self.events >> np.uint64(tracer.KIND_BITS)).astype(np.uint16)

    @property
    def times(self) -> NDArray[np.int64]:
        """The time of each event, never before the one before it, nor outside of the trace."""
        ticks = (self.events >> np.uint64(tracer.KIND_BITS + tracer.THREAD_BITS)).astype(np.int64) << self.shift
        (first_tick, first), (last_tick, last) = self.start, self.stop
        rate = (last - first) / max(last_tick - first_tick, 1)
        times = np.rint((ticks + (self.base - first_tick)) * rate).astype(np.int64) + first
        # The counter is read without waiting for earlier instructions, so that it may be a few cycles early.
        return np.clip(np.maximum.accumulate(times), first, last)


@dataclass(frozen=True, eq=False)
class Intervals:
    """Who was in which state when, sorted by thread, then by time.

    Attributes
    ----------
    thread : ndarray
        The thread's number.
    state : ndarray of uint8
        The index in `STATES`.
    start, stop : ndarray of int64
        On the clock of `time.perf_counter_ns`.
    """

    thread: NDArray[Any]
    state: NDArray[np.uint8]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.thread)

    def of(self, threads: list[int]) -> NDArray[np.bool_]:
        """Return where the intervals of some threads are."""
        return np.isin(self.thread, threads)


NO_INTERVALS = Intervals(np.empty(0, np.uint16), np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64))


def intervals_of(recording: Recording, there_before: list[int], ended: list[int], bystanders: int = 0) -> Intervals:
    """Return the intervals of all threads.

    Parameters
    ----------
    recording : Recording
        The events.
    there_before : list of int
        The threads that lived before the trace: they were outside until their first event.
    ended : list of int
        The threads that ended before the trace did, by releasing the GIL for the last time.
    bystanders : int
        Threads without any event, outside from start to stop; numbered from the recording's on.
    """
    heard = len(recording.native_ids)
    first, last = span(recording)
    # A thread that was there before starts like one that releases the GIL at the start.
    given = [thread for thread in there_before if thread != _starter(recording)] + list(range(heard, heard + bystanders))
    threads = np.concatenate([np.array(given, np.uint16), recording.threads])
    kinds = np.concatenate([np.full(len(given), tracer.RELEASE, np.uint8), recording.kinds])
    times = np.concatenate([np.full(len(given), first), recording.times])
    order = np.argsort(threads, kind="stable")
    thread, kind, start = threads[order], kinds[order], times[order]
    changes = _changes_state(thread, kind)
    thread, kind, start = thread[changes], kind[changes], start[changes]
    is_last = np.append(thread[1:] != thread[:-1], True)[: len(thread)]
    stop = np.where(is_last, last, np.append(start[1:], last)[: len(start)])
    # The last that a thread does is to release the GIL. If that was not recorded any more, it lived until the trace ended.
    lives = ~(is_last & np.isin(thread, ended) & (kind == tracer.RELEASE))
    return Intervals(thread[lives], _STATE_AFTER[kind[lives]], start[lives], stop[lives])


def span(recording: Recording) -> tuple[int, int]:
    """Return when the trace began and ended: with the last event if the buffer was full."""
    last = int(recording.times[-1]) if recording.lost and len(recording.events) else recording.stop[1]
    return recording.start[1], last


def _starter(recording: Recording) -> int:
    """Return the thread that started the trace, which is also the first that takes the GIL."""
    return int(recording.threads[0]) if len(recording.events) else -1


def _changes_state(thread: NDArray[Any], kind: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which events lead to another state: all but the wait of a thread that was made to drop the GIL."""
    again = np.zeros(len(kind), np.bool_)
    again[1:] = (kind[1:] == tracer.WAIT) & (kind[:-1] == tracer.DROP) & (thread[1:] == thread[:-1])
    return ~again


def totals(intervals: Intervals, threads: int, state: int) -> NDArray[np.int64]:
    """Return the nanoseconds that each thread spent in a state."""
    chosen = intervals.state == state
    spent = (intervals.stop - intervals.start)[chosen]
    return np.bincount(intervals.thread[chosen], spent, threads).astype(np.int64)  # floats: exact to 2**53 ns, 104 days


def longest(intervals: Intervals, threads: int, state: int) -> NDArray[np.int64]:
    """Return the nanoseconds of each thread's longest interval in a state, 0 where it has none."""
    most = np.zeros(threads, np.int64)
    if len(intervals):
        first = np.flatnonzero(np.diff(intervals.thread.astype(np.int64), prepend=-1))
        spent = np.where(intervals.state == state, intervals.stop - intervals.start, 0)
        most[intervals.thread[first]] = np.maximum.reduceat(spent, first)
    return most


def takes(intervals: Intervals, threads: int, start: int) -> NDArray[np.int64]:
    """Return how often each thread took the GIL; the thread that held it at the start did not take it then."""
    return np.bincount(intervals.thread[(intervals.state == HELD) & (intervals.start > start)], minlength=threads)


def forced(intervals: Intervals, threads: int) -> NDArray[np.int64]:
    """Return how often each thread was made to drop the GIL: it goes from held to waiting, with nothing in between."""
    same = intervals.thread[1:] == intervals.thread[:-1]
    made = same & (intervals.state[:-1] == HELD) & (intervals.state[1:] == WAITING)
    return np.bincount(intervals.thread[:-1][made], minlength=threads)
