"""Intervals from made-up events: no tracing, no threads, no clocks."""

import time

import numpy as np
import pytest

from gilscope._native.tracer import DROP, KIND_BITS, RELEASE, TAKE, THREAD_BITS, WAIT
from gilscope.trace_data import TraceData
from gilscope.trace_events import STATES, Recording, intervals_of, span
from gilscope.trace_looks import Function, Sightings, looks_of

IDS = [100, 200, 300]


def recording(*events, threads=3, lost=0, stop=1000, shift=0, base=0):
    """A recording of (ticks, thread, kind), one tick a nanosecond, from 0 to stop."""
    packed = [ticks << (KIND_BITS + THREAD_BITS) | thread << KIND_BITS | kind for ticks, thread, kind in events]
    return Recording(
        np.array(packed, np.uint64), np.array(IDS[:threads], np.int32), lost, base, shift, (0, 0), (stop, stop), 8.0, True
    )


def told(found, thread):
    """A thread's intervals as [(start, stop, state)]."""
    chosen = found.of([thread])
    rows = zip(found.start[chosen], found.stop[chosen], found.state[chosen], strict=True)
    return [(int(start), int(stop), STATES[state]) for start, stop, state in rows]


def rows(found, made, ids=IDS):
    first, last = span(made)
    return TraceData(first, last, [f"t{each}" for each in ids], list(ids), found).threads()


ONE = recording((0, 0, TAKE), (100, 0, RELEASE), (300, 0, TAKE), threads=1)


def test_takes_and_releases():
    found = intervals_of(ONE, [0], [])
    assert told(found, 0) == [(0, 100, "held"), (100, 300, "outside"), (300, 1000, "held")]
    (thread,) = rows(found, ONE, IDS[:1])
    assert (thread.held_ns, thread.waiting_ns, thread.outside_ns) == (800, 0, 200)
    assert (thread.takes, thread.forced, thread.longest_hold_ns, thread.longest_wait_ns) == (1, 0, 700, 0)


def test_a_forced_drop_is_waiting_until_the_next_take():
    made = recording(
        (0, 0, TAKE), (50, 1, WAIT), (150, 0, DROP), (160, 1, TAKE), (170, 0, WAIT), (400, 1, RELEASE), (410, 0, TAKE)
    )
    found = intervals_of(made, [0, 1], [])
    assert told(found, 0) == [(0, 150, "held"), (150, 410, "waiting"), (410, 1000, "held")]
    assert told(found, 1) == [(0, 50, "outside"), (50, 160, "waiting"), (160, 400, "held"), (400, 1000, "outside")]
    first, second, _ = rows(found, made)
    assert (first.forced, second.forced) == (1, 0)
    assert (first.longest_wait_ns, second.longest_wait_ns) == (260, 110)


def test_a_release_before_a_wait_is_outside_until_the_wait():
    made = recording((0, 0, TAKE), (50, 1, WAIT), (150, 0, RELEASE), (160, 1, TAKE), (700, 0, WAIT))
    assert told(intervals_of(made, [0, 1], []), 0) == [(0, 150, "held"), (150, 700, "outside"), (700, 1000, "waiting")]


def test_a_thread_that_starts_meanwhile_has_no_life_before_its_first_event():
    made = recording((0, 0, TAKE), (400, 1, WAIT), (500, 0, RELEASE), (600, 1, TAKE))
    assert told(intervals_of(made, [0], []), 1) == [(400, 600, "waiting"), (600, 1000, "held")]


def test_a_thread_that_ended_has_no_life_after_its_last_event():
    made = recording((0, 0, TAKE), (100, 0, RELEASE), (200, 1, TAKE), (300, 1, RELEASE), (400, 0, TAKE))
    found = intervals_of(made, [0], [1])
    assert told(found, 1) == [(200, 300, "held")]
    assert told(found, 0)[-1] == (400, 1000, "held")


def test_a_thread_whose_end_was_not_recorded_lives_until_the_trace_ends():
    made = recording((0, 0, TAKE), (100, 1, WAIT), (200, 0, RELEASE), (300, 2, TAKE), lost=1)
    found = intervals_of(made, [0, 1, 2], [1, 2])
    assert told(found, 1) == [(0, 100, "outside"), (100, 300, "waiting")]
    assert told(found, 2) == [(0, 300, "outside"), (300, 300, "held")]


def test_threads_that_came_after_the_buffer_was_full_have_no_intervals():
    made = recording((0, 0, TAKE), (100, 0, RELEASE), (300, 0, TAKE), lost=9)
    found = intervals_of(made, [0], [1, 2])
    assert told(found, 1) == told(found, 2) == []
    assert [each.takes for each in rows(found, made)] == [1, 0, 0]


def test_bystanders_are_outside_all_the_time():
    found = intervals_of(ONE, [0], [], bystanders=2)
    assert told(found, 1) == told(found, 2) == [(0, 1000, "outside")]


def test_a_full_buffer_ends_the_trace_with_its_last_event():
    made = recording((0, 0, TAKE), (100, 0, RELEASE), (300, 0, TAKE), threads=1, lost=5)
    assert span(made) == (0, 300)
    assert told(intervals_of(made, [0], []), 0) == [(0, 100, "held"), (100, 300, "outside"), (300, 300, "held")]


def test_nothing_recorded():
    made = recording(threads=0)
    assert len(intervals_of(made, [], [])) == 0
    found = intervals_of(made, [], [], bystanders=1)
    assert told(found, 0) == [(0, 1000, "outside")]
    assert rows(found, made, IDS[:1])[0].takes == 0


def test_time_never_runs_backwards_and_stays_within_the_trace():
    made = recording((0, 0, TAKE), (500, 0, RELEASE), (499, 1, TAKE), (1500, 1, RELEASE))
    assert made.times.tolist() == [0, 500, 500, 1000]


def test_ticks_are_scaled_shifted_and_moved():
    made = recording((1, 0, TAKE), (26, 0, RELEASE), shift=3, base=-8)
    made = Recording(**{**vars(made), "start": (0, 5000), "stop": (400, 5100)})
    assert made.times.tolist() == [5000, 5050]


@pytest.mark.parametrize("seed", range(20))
def test_the_states_of_a_thread_add_up_to_its_life_and_one_holds_at_a_time(seed):
    made = made_up(np.random.default_rng(seed), 500)
    found = intervals_of(made, [0, 1, 2], [])
    for thread in range(3):
        mine = found.of([thread])
        assert found.start[mine][0] == 0
        assert found.stop[mine][-1] == made.stop[0]
        assert (found.start[mine][1:] == found.stop[mine][:-1]).all()
        assert (found.state[mine][1:] != found.state[mine][:-1]).all()
    assert all(sum((row.held_ns, row.waiting_ns, row.outside_ns)) == made.stop[0] for row in rows(found, made))
    held = np.sort(np.stack([found.start, found.stop])[:, found.state == 0], axis=1)
    assert (held[0][1:] >= held[1][:-1]).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_look_is_about_the_interval_that_ends_with_its_event(seed):
    """Of a thread that has ended the last interval is left out, but not the hold before it."""
    made = made_up(np.random.default_rng(seed), 200)
    found = intervals_of(made, [0, 1, 2], [2])
    events, states = ended_at(made)
    functions = [(f"f{each}", "x.py", each) for each in events]
    looks = looks_of(Sightings(np.array(events), np.arange(len(events)), functions, 0, 1.0), made, found, 0)
    assert len(looks.ended) == looks.count == len(events)
    for at, function in looks.ended.items():
        assert (found.stop[at], found.thread[at]) == (made.times[function.line], made.threads[function.line])
        assert STATES[found.state[at]] == states[events.index(function.line)]


def ended_at(made):
    """The events that end a hold or a wait, and which of the two."""
    waits, found = set(), {}
    for at, (thread, kind) in enumerate(zip(made.threads.tolist(), made.kinds.tolist(), strict=True)):
        if kind == TAKE and thread in waits:
            found[at] = "waiting"
        elif kind in (DROP, RELEASE):
            found[at] = "held"
        (waits.add if kind in (DROP, WAIT) else waits.discard)(thread)
    return list(found), list(found.values())


def test_what_was_no_function_is_not_known():
    sightings = Sightings(np.array([1]), np.array([0]), [None], 3, 5.0)
    looks = looks_of(sightings, ONE, intervals_of(ONE, [0], []), 7)
    assert (looks.ended, looks.count, looks.lost, looks.look_ns, looks.long_ns) == ({}, 1, 3, 5.0, 7)
    named = looks_of(sightings._replace(functions=[("f", "a/b.py", 3)]), ONE, intervals_of(ONE, [0], []), 7)
    assert named.ended == {0: Function("f", "a/b.py", 3)}
    assert str(named.ended[0]) == "f (b.py:3)"


def made_up(random, count):
    """Events as three threads would make them, one tick apart or more."""
    events, holder, waits, time_ = [(0, 0, TAKE)], 0, set(), 0
    while len(events) < count:
        time_ += int(random.integers(1, 50))
        other = int(random.integers(3))
        if holder is None:
            holder = other
            waits.discard(other)
            events.append((time_, other, TAKE))
        elif other == holder:
            forced = bool(waits) and random.random() < 0.5
            holder = None
            events.append((time_, other, DROP if forced else RELEASE))
        elif other not in waits:
            waits.add(other)
            events.append((time_, other, WAIT))
    # a thread that is made to drop asks again before it takes: WAIT may follow or not, both happen
    return recording(*events, stop=time_ + 10)


def test_millions_of_events_take_seconds():
    """Not a speed that is asserted: a loop over events would take minutes, and the time-out would end it."""
    events = np.arange(4_000_000, dtype=np.uint64)
    packed = events << np.uint64(KIND_BITS + THREAD_BITS) | (events // np.uint64(2) % np.uint64(3)) << np.uint64(KIND_BITS)
    packed |= np.where(events % np.uint64(2) == 0, TAKE, RELEASE).astype(np.uint64)
    made = Recording(packed, np.array(IDS, np.int32), 0, 0, 0, (0, 0), (len(events), len(events)), 8.0, True)
    before = time.process_time()
    assert sum(row.takes for row in rows(intervals_of(made, [0, 1, 2], []), made)) == 2_000_000 - 1
    assert time.process_time() - before < 60
