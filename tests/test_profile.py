"""What one call does with the GIL: from intervals made by hand, and of real calls."""

import ctypes
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from gilscope._native import tracer
from gilscope._native.calls import stamped
from gilscope.checking._method import profile_by
from gilscope.checking._profile import Plan, Profile, repeated, times_of
from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, OUTSIDE, WAITING, Intervals

needs_tracer = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
ONCE = Plan(seconds=0, least=3)
LIBRARIES = {"held": ctypes.PyDLL, "released": ctypes.CDLL}


def traced(*states, other=()):
    """A trace of thread 7, given as (state, start) up to an end, which is the last."""
    rows = [(0, *each) for each in pairwise(states)] + [(1, *each) for each in other]
    threads, firsts, lasts = zip(*rows, strict=True)
    intervals = Intervals(
        np.array(threads, np.uint16),
        np.array([state for state, _ in firsts], np.uint8),
        np.array([start for _, start in firsts], np.int64),
        np.array([start for _, start in lasts], np.int64),
    )
    return TraceData(0, states[-1][1], ["me", "other"], [7, 8], intervals)


END = None


def test_the_states_of_a_call():
    data = traced((HELD, 0), (OUTSIDE, 20), (WAITING, 70), (HELD, 75), (END, 200))
    (held,), (waiting,), (outside,), (releases,), (takes,), (longest,) = times_of(data, 7, np.array([[10, 100]]))
    assert (held, waiting, outside) == (10 + 25, 5, 50)
    assert (releases, takes, longest) == (1, 1, 25)


def test_what_is_between_calls_belongs_to_none():
    data = traced((HELD, 0), (OUTSIDE, 40), (HELD, 50), (OUTSIDE, 110), (HELD, 130), (END, 200))
    found = times_of(data, 7, np.array([[10, 30], [100, 140], [150, 160]]))
    assert found.outside.tolist() == [0, 20, 0]
    assert found.held.tolist() == [20, 20, 10]
    assert found.releases.tolist() == [0, 1, 0]
    assert found.released_fraction.tolist() == [0, 0.5, 0]


def test_a_forced_switch_is_no_release():
    data = traced((HELD, 0), (WAITING, 30), (HELD, 90), (END, 200))
    found = times_of(data, 7, np.array([[10, 100]]))
    assert (found.releases.tolist(), found.takes.tolist()) == ([0], [1])
    assert (found.waiting.tolist(), found.released_fraction.tolist()) == ([60], [0])


def test_other_threads_do_not_count():
    data = traced((HELD, 0), (END, 200), other=[((OUTSIDE, 0), (END, 200))])
    assert times_of(data, 7, np.array([[10, 100]])).outside.tolist() == [0]


def test_a_thread_without_events_is_outside():
    found = times_of(traced((HELD, 0), (END, 200)), 9, np.array([[10, 100]]))
    assert (found.outside.tolist(), found.held.tolist(), found.releases.tolist()) == ([90], [0], [0])


def test_the_hold_at_the_start_of_the_trace_was_not_taken_in_the_call():
    assert times_of(traced((HELD, 0), (END, 200)), 7, np.array([[0, 100]])).takes.tolist() == [0]


def test_stamps_end_before_the_result_is_freed():
    freed = []

    class Result:
        def __del__(self):
            freed.append(True)

    def call():
        seen.append(len(freed))
        return Result()

    seen = []
    stamps = stamped(call, 3)
    assert seen == [0, 1, 2]
    assert (stamps[:, 0] <= stamps[:, 1]).all()
    assert (stamps[1:, 0] >= stamps[:-1, 1]).all()


def test_what_a_call_raises_goes_through():
    with pytest.raises(ZeroDivisionError):
        stamped(lambda: 1 // 0, 3)


@needs_tracer
@pytest.mark.parametrize("gil", LIBRARIES)
def test_ctypes_holds_and_releases(gil):
    found = profile_by(partial(LIBRARIES[gil](None).usleep, 2000), ONCE)
    assert found.gil == gil
    assert found.releases == found.takes == (gil == "released")
    assert found.seconds >= 0.002
    assert found.longest_hold_ns >= 2_000_000 * (gil == "held")


@needs_tracer
def test_a_call_that_does_both_is_partial():
    holding, releasing = (each(None).usleep for each in LIBRARIES.values())
    found = profile_by(lambda: (holding(3000), releasing(3000)), ONCE)
    assert found.gil == "partial"
    assert found.releases == 1


@needs_tracer
def test_an_error_ends_the_trace():
    with pytest.raises(ZeroDivisionError):
        profile_by(lambda: 1 // 0)
    assert profile_by(lambda: None, ONCE).calls == 3


@pytest.mark.parametrize(("seconds", "counts"), [(0.049, [1, 3]), (0.051, [1])])
def test_a_plan_says_from_when_on_a_call_is_long(seconds, counts):
    told = []
    repeated(lambda count: told.append(count) or Profile(count, seconds, 0.0, 0, 1, 100), Plan(0.01, 3, long_seconds=0.05))
    assert told == counts
