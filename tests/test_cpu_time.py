"""Time outside, split into running and blocked: on made-up clocks, and on threads that know their own CPU time."""

import _thread
import sys
import threading
import time

import numpy as np
import pytest

import gilscope as gs
from gilscope._native import tracer
from gilscope.cpu_time import cpu_used
from gilscope.kernels import exp
from gilscope.trace_events import Recording

MS = 1_000_000
needs_tracer = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")


def recording(ids=(), cpu=(), before=(), lost=0):
    known = {"cpu_ns": np.array(cpu, np.int64), "cpu_before": dict(before)}
    return Recording(np.empty(0, np.uint64), np.array(ids, np.int32), lost, 0, 0, (0, 0), (9, 9), 8.0, True, **known)


def test_only_what_was_used_within_the_trace_counts():
    assert cpu_used(recording([7, 8], [50, 60], {7: 20}), [0], {}) == [30, 60]


def test_a_later_thread_of_the_same_number_begins_at_zero():
    assert cpu_used(recording([7, 7], [50, 60], {7: 20}), [0], {}) == [30, 60]


def test_threads_without_events_are_known_by_their_clocks():
    assert cpu_used(recording([7], [50], {7: 20, 9: 5}), [0], {9: 8, 10: None, 11: 0}) == [30, 3, None, 0]


def test_nobody_knows_of_a_thread_that_could_not_be_asked():
    assert cpu_used(recording([7, 8], [-1, 60], {7: 20}), [0], {}) == [None, 60]


@pytest.mark.parametrize("made", [recording([7], [50], {7: 20}, lost=1), recording([7], [50])])
def test_nobody_knows_if_the_trace_ended_early_or_the_threads_before_it_are_not_known(made):
    assert cpu_used(made, [], {9: 8}) == [None, None]


# Real threads


class Known:
    """A thread that does something, and what its own clock said of that."""

    def __init__(self, action, start=lambda target: threading.Thread(target=target).start()):
        self._action, self._done = action, threading.Event()
        start(self._run)

    def _run(self):
        self.native_id = threading.get_native_id()
        before = time.thread_time_ns()
        self._action()
        self.used = time.thread_time_ns() - before
        self._done.set()

    def row(self, trace):
        (found,) = [each for each in trace.threads if each.native_id == self.native_id]
        return found

    def cpu_ns(self, trace):
        return trace.data.cpu_ns[trace.data.native_ids.index(self.native_id)]

    def join(self):
        self._done.wait()
        return self


def compute(milliseconds=50):
    """Use the core for so long, by this thread's clock, with the GIL released nearly all the time."""
    x = np.linspace(-1, 1, 300_000)
    y = np.empty_like(x)
    until = time.thread_time_ns() + milliseconds * MS
    while time.thread_time_ns() < until:
        exp.c.released(x, out=y)


STARTS = {
    "threading": lambda target: threading.Thread(target=target).start(),
    "_thread": lambda target: _thread.start_new_thread(target, ()),
}


@needs_tracer
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_native_code_outside_is_running(start):
    with gs.trace() as trace:
        known = Known(compute, start).join()
    found = known.row(trace)
    assert 50 * MS <= known.used <= known.cpu_ns(trace) <= known.used + 20 * MS  # its birth and its end cost something too
    # Nearly all of it, unless the thread was off its core while it held the GIL, as where other programs want the cores.
    assert found.outside_running_ns >= min(known.used - found.held_ns, found.outside_ns)
    assert found.outside_running_ns + found.outside_blocked_ns == found.outside_ns


@needs_tracer
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_sleep_outside_is_blocked(start):
    with gs.trace() as trace:
        known = Known(lambda: time.sleep(0.1), start).join()
    found = known.row(trace)
    assert found.outside_ns >= 99 * MS
    assert found.outside_running_ns <= known.used + 20 * MS  # its birth and its end cost something too
    assert found.outside_blocked_ns == found.outside_ns - found.outside_running_ns


@needs_tracer
@pytest.mark.parametrize("visits", [0, 3])
def test_what_a_thread_used_before_the_trace_does_not_count(visits):
    """With events in the trace, and without: then its clock is asked at the start and at the stop."""
    computed, traced, done = (threading.Event() for _ in range(3))

    def action():
        compute(200)
        computed.set()
        traced.wait() if visits else done.wait()
        for _ in range(visits):
            time.sleep(0.001)
        done.wait()

    known = Known(action)
    computed.wait()
    with gs.trace() as trace:
        traced.set()
        time.sleep(0.05)
    done.set()
    found = known.join().row(trace)
    assert bool(found.takes) == bool(visits)
    assert found.outside_running_ns < 100 * MS <= known.used


@needs_tracer
def test_a_thread_that_goes_on_is_asked_at_the_stop():
    enough, started = threading.Event(), threading.Event()

    def action():
        started.set()
        while not enough.is_set():
            compute(5)

    known = Known(action)
    started.wait()
    with gs.trace() as trace:
        compute(30)
        time.sleep(0.1)
    enough.set()
    found = known.join().row(trace)
    assert 0 < known.cpu_ns(trace) <= known.used
    assert found.outside_running_ns <= known.used


@needs_tracer
def test_a_full_buffer_leaves_it_unknown():
    with gs.trace(max_events=10) as trace:
        for _ in range(100):
            time.sleep(0)
    assert trace.threads[0].outside_running_ns is None
    assert trace.threads[0].outside_blocked_ns is None
    assert trace.threads[0].outside_ns > 0


@needs_tracer
def test_without_a_gil_everything_is_outside_and_split(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    before = time.thread_time_ns()
    with gs.trace() as trace:
        compute(50)
        time.sleep(0.05)
    used = time.thread_time_ns() - before
    (me,) = [each for each in trace.threads if each.native_id == threading.get_native_id()]
    assert 49 * MS <= me.outside_running_ns <= used
    assert me.outside_blocked_ns >= 0
