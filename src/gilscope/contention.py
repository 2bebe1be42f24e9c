"""Who waited for whom, from a trace: pure functions of its intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, WAITING

#: While others want it, Python code keeps the GIL for one switch interval (5 ms unless changed) and a little; a hold that goes on
#: for three in spite of them is within one call.
STUBBORN_NS = 15_000_000


@dataclass(frozen=True)
class Contention:
    """How much the threads of a trace stood in each other's way.

    Attributes
    ----------
    contended : float
        The share of the time in which at least one thread waited for the GIL.
    demand : float
        How many threads had or wanted the GIL at a time, on average while any did.
    stubborn, forced, own : float
        What the holder did in the contended time, as shares of it that add up to one with `nobody`: kept the GIL through at least
        three switch intervals; was made to let go; let go of its own will.
    nobody : float
        The share of the contended time in which no thread had it: one was about to wake up and take it.
    holders : dict of int to float
        By thread number: the share of the contended time in which it held the GIL, the largest first.
    longest_ns : int
        The longest that any thread kept the GIL while another waited.
    longest_by : int or None
        The thread that did.
    longest_hold : int or None
        The number of that interval.
    hold_ns : float
        What a hold lasted on average, of those that others waited for.
    """

    contended: float
    demand: float
    stubborn: float
    forced: float
    own: float
    nobody: float
    holders: dict[int, float]
    longest_ns: int
    longest_by: int | None
    longest_hold: int | None
    hold_ns: float


def contention(data: TraceData) -> Contention:
    """Return how much the threads of a trace stood in each other's way."""
    intervals = data.intervals
    edges, waited = _waited(intervals.start[intervals.state == WAITING], intervals.stop[intervals.state == WAITING])
    total = max(int(waited[-1]), 1)
    held = np.flatnonzero(intervals.state == HELD)
    start, stop, thread = intervals.start[held], intervals.stop[held], intervals.thread[held]
    overlap = np.interp(stop, edges, waited) - np.interp(start, edges, waited)
    stubborn, forced = overlap >= STUBBORN_NS, _made_to_let_go(data)[held]
    shares = np.bincount(thread, overlap, len(data.names)) / total
    most = int(overlap.argmax()) if len(overlap) else None
    return Contention(
        contended=float(waited[-1]) / max(data.stop_ns - data.start_ns, 1),
        demand=_demand(data),
        stubborn=float(overlap[stubborn].sum()) / total,
        forced=float(overlap[forced & ~stubborn].sum()) / total,
        own=float(overlap[~forced & ~stubborn].sum()) / total,
        nobody=max(0.0, 1 - float(overlap.sum()) / total) if waited[-1] else 0.0,
        holders={int(each): float(shares[each]) for each in np.argsort(-shares, kind="stable") if shares[each]},
        longest_ns=0 if most is None else int(overlap[most]),
        longest_by=None if most is None or not overlap[most] else int(thread[most]),
        longest_hold=None if most is None or not overlap[most] else int(held[most]),
        hold_ns=float((stop - start)[overlap > 0].mean()) if (overlap > 0).any() else 0.0,
    )


def _waited(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return times, and how long until then at least one thread had waited; in between it grows evenly."""
    times = np.concatenate([start, stop])
    order = np.argsort(times, kind="stable")
    times = times[order]
    waiting = np.cumsum(np.repeat([1, -1], len(start))[order])
    if not len(times):
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    return times, np.concatenate([[0], np.cumsum(np.diff(times) * (waiting[:-1] > 0))])


def _made_to_let_go(data: TraceData) -> NDArray[np.bool_]:
    """Return which intervals are holds that end with waiting: a thread that lets go of its own will is outside first."""
    state, thread = data.intervals.state, data.intervals.thread
    made = np.zeros(len(state), np.bool_)
    made[:-1] = (state[:-1] == HELD) & (state[1:] == WAITING) & (thread[1:] == thread[:-1])
    return made


def _demand(data: TraceData) -> float:
    wanted = np.isin(data.intervals.state, (HELD, WAITING))
    start, stop = data.intervals.start[wanted], data.intervals.stop[wanted]
    _, busy = _waited(start, stop)
    return float((stop - start).sum()) / max(int(busy[-1]), 1)
