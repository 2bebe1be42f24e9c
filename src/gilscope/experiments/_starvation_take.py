"""What the starvation experiment observes: the gaps between the beats of one thread while another makes calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gilscope.experiments._two_threads import Call, at_once
from gilscope.surroundings import without_gc

Times = NDArray[np.int64]

BEAT_SECONDS = 0.001
#: Before each call and after it, so that the beats around it are regular.
QUIET_SECONDS = 0.003

UNITS = dict.fromkeys(["call", "gap_p50", "gap_p99", "gap_max", "silence"], "s")


def felt(prepare: Callable[[], Call], times: int, cores: Sequence[int] | None) -> dict[str, float]:
    """Make calls in one thread, and look at the clock about once a millisecond in another.

    Parameters
    ----------
    prepare : callable
        Returns what to call; not timed.
    times : int
        How often to call.
    cores : sequence of int, optional
        One for the calls and one for the heartbeat.
    """
    beats, done = list[int](), list[bool]()
    with without_gc():
        stamps, _ = at_once([partial(calls, prepare, times, beats, done), partial(beat, beats, done)], cores)
    return numbers(np.array(beats), stamps)


def calls(prepare: Callable[[], Call], times: int, beats: list[int], done: list[bool]) -> Times:
    """Make the calls once the heart beats; return when each began and ended, then let it stop."""
    stamps = []
    try:
        while not beats:
            time.sleep(QUIET_SECONDS)
        for _ in range(times):
            call = prepare()
            time.sleep(QUIET_SECONDS)
            start = time.perf_counter_ns()
            call()
            stamps.append((start, time.perf_counter_ns()))
            time.sleep(QUIET_SECONDS)
    finally:  # else the heart would beat for ever
        done.append(True)
    return np.array(stamps)


def beat(beats: list[int], done: list[bool]) -> Times:
    """Note the time about once a millisecond, and once more at the end."""
    while not done:
        beats.append(time.perf_counter_ns())
        time.sleep(BEAT_SECONDS)
    beats.append(time.perf_counter_ns())
    return np.array(beats)


def numbers(beats: Times, stamps: Times) -> dict[str, float]:
    """Return how long a call took, the quantiles of the gaps during calls, and the longest gap in a call: medians over calls."""
    during = [gaps(beats, start, stop) for start, stop in stamps]
    p50, p99, most = np.quantile(np.concatenate(during), [0.5, 0.99, 1.0]).tolist()
    silence = float(np.median([each.max() for each in during]))
    call = float(np.median(stamps[:, 1] - stamps[:, 0])) / 1e9
    return {"call": call, "gap_p50": p50, "gap_p99": p99, "gap_max": most, "silence": silence}


def gaps(beats: Times, start: int, stop: int) -> NDArray[np.float64]:
    """Return the times between beats, in seconds, that have a part in a call.

    With nothing in the way a gap is longer than it was to sleep, by the slack of the system's timers (50 us on Linux) and by
    what it takes to wake up.
    """
    found: NDArray[np.float64] = np.diff(beats)[(beats[1:] > start) & (beats[:-1] < stop)] / 1e9
    return found


# --- what is called ------------------------------------------------------------------------------------------------------------

ARRAY_BYTES = 200_000_000
ENTRIES = 1_000_000
#: So much memory must be available for the large ones.
NEEDED_BYTES = 2 * ARRAY_BYTES


def looping(seconds: float) -> None:
    """Compute in Python."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def freed(make: Callable[[], object]) -> Callable[[], Call]:
    """Return what makes a large object, and then what frees it: by letting go of the only reference."""

    def prepare() -> Call:
        return [make()].clear

    return prepare


def large_array() -> object:
    """Return an array whose pages are there."""
    return np.ones(ARRAY_BYTES // 8)


def large_dict() -> object:
    """Return a dict of numbers, each an object of its own."""
    return {each: float(each) for each in range(ENTRIES)}


def sorting() -> Callable[[], Call]:
    """Return what sorts a million floats in Python, the same ones every time."""
    values = np.random.default_rng(0).uniform(size=ENTRIES).tolist()
    return lambda: partial(sorted, values)
