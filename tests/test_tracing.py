"""Tracing this very process. What a thread does is arranged with locks, so that no result depends on how fast anything runs."""

import ctypes
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import gilscope as gs
from gilscope import tracing
from gilscope._native import tracer
from gilscope.thread_names import ThreadNames

if tracer.unavailable() is not None:
    pytest.skip(f"no tracer: {tracer.unavailable()}", allow_module_level=True)

HERE = threading.get_native_id


@pytest.fixture
def short_switches():
    """Forced switches every 0.2 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(2e-4)
    yield
    sys.setswitchinterval(before)


def running(*targets, names=()):
    """Started threads, each of a function."""
    threads = [threading.Thread(target=target, name=name) for target, name in zip(targets, names or [None] * 9, strict=False)]
    for thread in threads:
        thread.start()
    return threads


def row(trace, native_id):
    (found,) = [each for each in trace.threads if each.native_id == native_id]
    return found


def spin_until(event):
    while not event.is_set():
        pass


def microseconds(library, count):
    """usleep by a library that keeps the GIL (PyDLL) or releases it (CDLL)."""
    library.usleep(count)


HOLDING, RELEASING = ctypes.PyDLL(None), ctypes.CDLL(None)


def test_a_thread_alone_holds_all_the_time():
    with gs.trace() as trace:
        sum(range(10_000))
    me = row(trace, HERE())
    assert trace.intervals(HERE())["state"].tolist() == ["held"]
    assert me.held_ns == trace.stop_ns - trace.start_ns
    assert (me.takes, me.forced, me.waiting_ns, me.outside_ns) == (0, 0, 0, 0)
    assert trace.held_fraction == 1


def test_the_clock_is_perf_counter():
    before = time.perf_counter_ns()
    with gs.trace() as trace:
        inside = time.perf_counter_ns()
        time.sleep(0)
        later = time.perf_counter_ns()
    after = time.perf_counter_ns()
    assert before <= trace.start_ns <= inside
    assert later <= trace.stop_ns <= after
    first = trace.intervals(HERE())[0]
    assert first["start_ns"] == trace.start_ns
    assert inside - 1000 <= first["stop_ns"] <= later + 1000  # the anchors are 20 ns off or so


def test_known_holds_and_releases():
    with gs.trace() as trace:
        for _ in range(5):
            microseconds(HOLDING, 2000)
            microseconds(RELEASING, 2000)
    found = trace.intervals(HERE())
    assert found["state"].tolist() == ["held", "outside"] * 5 + ["held"]
    spent = found["stop_ns"] - found["start_ns"]
    assert (spent[:-1] >= 1_990_000).all()  # usleep never returns early
    assert row(trace, HERE()).longest_hold_ns == spent[found["state"] == "held"].max()
    assert row(trace, HERE()).takes == 5


@pytest.mark.usefixtures("short_switches")
def test_two_python_threads_are_forced_and_never_outside():
    enough = threading.Event()
    with gs.trace() as trace:
        threads = running(lambda: spin_until(enough), lambda: spin_until(enough))
        time.sleep(0.1)
        enough.set()
        for thread in threads:
            thread.join()
    found = [row(trace, thread.native_id) for thread in threads]
    assert all(each.outside_ns == 0 for each in found)
    assert all(each.forced > 0 for each in found)
    assert all(each.takes == each.forced + 1 for each in found)  # after the first take, each follows a forced drop


def test_no_switch_is_forced_where_the_interval_is_long():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        with gs.trace() as trace:
            (thread,) = running(lambda: [time.sleep(0) for _ in range(100)])
            for _ in range(100):
                time.sleep(0)
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert [each.forced for each in trace.threads] == [0, 0]


@pytest.mark.usefixtures("short_switches")
def test_native_work_after_a_release_that_others_waited_for_is_outside():
    """The release waits for the hand-over (CPython's FORCE_SWITCHING) like a forced switch, but its thread wants nothing then."""
    enough = threading.Event()
    with gs.trace() as trace:
        threads = running(lambda: spin_until(enough))
        for _ in range(20):
            microseconds(HOLDING, 1000)
            microseconds(RELEASING, 1000)
        enough.set()
        threads[0].join()
    me = row(trace, HERE())
    assert me.outside_ns >= 20 * 990_000
    assert np.count_nonzero(trace.intervals(HERE())["state"] == "outside") >= 20


def test_at_most_one_thread_holds_at_any_time_and_states_add_up():
    def work():
        for count in range(300):
            microseconds(HOLDING if count % 3 else RELEASING, count % 7)

    with gs.trace() as trace:
        threads = running(*[work] * 4)
        for thread in threads:
            thread.join()
    held = np.sort(np.concatenate([only(trace, each, "held") for each in trace.threads]), order="start_ns")
    assert (held["start_ns"][1:] >= held["stop_ns"][:-1]).all()
    for each in trace.threads:
        mine = trace.intervals(each.native_id)
        assert (mine["start_ns"][1:] == mine["stop_ns"][:-1]).all()
        assert each.held_ns + each.waiting_ns + each.outside_ns == mine["stop_ns"][-1] - mine["start_ns"][0]
    assert sum(each.held_ns for each in trace.threads) == round(trace.held_fraction * (trace.stop_ns - trace.start_ns))


def only(trace, thread, state):
    found = trace.intervals(thread.native_id)
    return found[found["state"] == state]


def test_takes_and_drops_alternate():
    with gs.trace():
        pass
    assert tracer.start(10**6, True) is None
    threads = running(*[lambda: [time.sleep(0) for _ in range(2000)]] * 4)
    for thread in threads:
        thread.join()
    events = tracer.stop()[0]["events"]
    kinds, threads = events & np.uint64(3), events >> np.uint64(2) & np.uint64(0xFFFF)
    switches = kinds != tracer.WAIT
    took = kinds[switches] == tracer.TAKE
    assert took[0]
    assert (took[1:] != took[:-1]).all()
    owner = threads[switches]
    pairs = len(owner) // 2 * 2
    assert (owner[:pairs:2] == owner[1:pairs:2]).all()  # who takes it is who drops it


def test_a_thread_that_waited_before_the_start_waits():
    before, enough = sys.getswitchinterval(), threading.Event()
    (thread,) = running(lambda: [microseconds(RELEASING, 1) for _ in iter(enough.is_set, True)])
    sys.setswitchinterval(1000)  # nobody is made to drop: the thread waits as long as this one holds
    try:
        microseconds(HOLDING, 20_000)
        with gs.trace() as trace:
            microseconds(HOLDING, 50_000)
    finally:
        sys.setswitchinterval(before)
        enough.set()
        thread.join()
    assert row(trace, thread.native_id).takes == 0
    assert trace.intervals(thread.native_id)["state"][-1] == "waiting"


def test_threads_that_end_keep_their_names_and_events():
    with gs.trace() as trace:
        for name in ("first", "second"):
            running(lambda: time.sleep(0), names=[name])[0].join()
    ended = [each for each in trace.threads if each.name in ("first", "second")]
    assert [each.name for each in ended] == ["first", "second"]
    assert all(each.takes >= 1 for each in ended)
    assert all(trace.intervals(each.native_id)["stop_ns"][-1] < trace.stop_ns for each in ended)


def test_threads_without_events_were_outside():
    enough = threading.Event()
    (thread,) = running(enough.wait, names=["sleeper"])
    with gs.trace() as trace:
        pass
    enough.set()
    thread.join()
    sleeper = row(trace, thread.native_id)
    assert (sleeper.name, sleeper.held_ns, sleeper.takes) == ("sleeper", 0, 0)
    assert sleeper.outside_ns == trace.stop_ns - trace.start_ns


def test_a_full_buffer_ends_the_trace_and_says_so():
    with gs.trace(max_events=10) as trace:
        for _ in range(100):
            time.sleep(0)
        after = time.perf_counter_ns()
    assert trace.cost.events == 10
    assert trace.dropped_events == trace.cost.lost >= 190
    assert trace.stop_ns < after
    assert row(trace, HERE()).takes == 4
    assert "10 events were full, and" in str(trace)


def test_threads_that_start_and_end_after_the_buffer_was_full():
    with gs.trace(max_events=3) as trace:
        for thread in running(*[lambda: time.sleep(0)] * 5):
            thread.join()
    assert trace.cost.events == 3
    assert len(trace.threads) <= 2
    assert "are lost (raise max_events)" in str(trace)


def test_a_second_trace_is_refused_and_the_first_goes_on():
    with gs.trace() as trace:
        with pytest.raises(RuntimeError, match="a trace is running already"), gs.trace():
            pass
        time.sleep(0)
    assert row(trace, HERE()).takes >= 1
    with gs.trace() as again:
        pass
    assert again.held_fraction == 1


def test_an_exception_passes_and_the_trace_is_there():
    with pytest.raises(ZeroDivisionError), gs.trace() as trace:
        1 / 0  # noqa: B018
    assert trace.threads


def test_nothing_is_told_while_it_runs():
    with gs.trace() as trace:
        assert repr(trace) == "<Trace: running>"
        assert str(trace) == "a trace that is still running"
        with pytest.raises(RuntimeError, match="the trace is still running"):
            _ = trace.threads


@pytest.mark.parametrize("wrong", [0, -1, 2**60])
def test_impossible_sizes(wrong):
    with pytest.raises(ValueError, match="max_events must be from 1 to"), gs.trace(max_events=wrong):
        pass


@pytest.mark.parametrize("wrong", [1.0, "1", True, None])
def test_sizes_that_are_no_integers(wrong):
    with pytest.raises(TypeError, match="max_events must be an integer"), gs.trace(max_events=wrong):
        pass


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="its shadow memory takes the addresses")
def test_more_events_than_there_are_addresses():
    with pytest.raises(MemoryError, match="no room for that many events"), gs.trace(max_events=2**44):
        pass
    with gs.trace() as trace:
        pass
    assert trace.held_fraction == 1


def test_an_unknown_thread_is_named():
    with gs.trace() as trace:
        pass
    with pytest.raises(KeyError, match="no thread -1 in this trace; there are"):
        trace.intervals(-1)


def test_the_table_and_the_cost():
    with gs.trace() as trace:
        time.sleep(0.001)
    title, header, first, *_, last = str(trace).splitlines()
    assert title.startswith("traced for 0.0")
    assert header.split()[:5] == ["thread", "id", "held", "waiting", "outside"]
    assert first.split()[0] == threading.current_thread().name
    assert last == f"{trace.cost.events} events at {trace.cost.event_ns:.0f} ns: {trace.cost.share:.2%} of the traced time"
    assert trace.cost.event_ns > 0
    assert repr(trace).startswith(f"<Trace: {len(trace.threads)} threads, {trace.cost.events} events, GIL held ")


def test_without_a_gil_it_works_and_says_so(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with gs.trace() as trace:
        time.sleep(0)
    assert not trace.gil
    assert trace.held_fraction == 0
    assert row(trace, HERE()).outside_ns == trace.stop_ns - trace.start_ns
    assert "this Python has no GIL" in str(trace)


def test_where_there_is_no_tracer_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(tracer, "unavailable", lambda: "the tracer works on Linux only")
    with pytest.raises(gs.TracerUnavailable, match="cannot be traced: the tracer works on Linux only"), gs.trace():
        pass


def test_what_is_not_as_expected_is_refused(monkeypatch):
    monkeypatch.setattr(tracer, "start", lambda *_: "this Python does not switch the GIL in the way that the tracer knows")
    with pytest.raises(gs.TracerUnavailable, match="does not switch the GIL in the way"), gs.trace():
        pass
    assert not hasattr(threading.Thread.start, "__wrapped__")


def test_the_monotonic_clock_does_too(monkeypatch, tmp_path):
    monkeypatch.setattr(tracing, "_CLOCK_SOURCE", tmp_path / "none")
    with gs.trace() as trace:
        microseconds(RELEASING, 1000)
    assert 990_000 <= row(trace, HERE()).outside_ns <= trace.stop_ns - trace.start_ns


@pytest.mark.parametrize("start", ["threading.Thread(target=spin).start()", "_thread.start_new_thread(spin, ())"])
def test_forced_drops_of_a_program_that_was_alone_at_the_start(start):
    """A process of its own: here other tests had threads already. Without threading it is said that they cannot be told."""
    code = f"""
import _thread, sys, threading
import gilscope as gs
def spin():
    while not done: pass
    ended.release()
done, ended = [], threading.Lock()
ended.acquire()
sys.setswitchinterval(2e-4)
with gs.trace() as trace:
    {start}
    for _ in range(1_000_000): pass
    done.append(1)
    ended.acquire()
print(any(each.forced for each in trace.threads), "forced drops are not told from others" in str(trace))
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # NumPy's would be threads already
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.split() == (["True", "False"] if "threading" in start else ["False", "True"])


# Names


def test_reused_native_ids_stay_apart():
    names = ThreadNames()
    names._seen = [(1, "main"), (7, "old"), (7, "new")]
    assert names.names([1, 7, 7, 7, 9]) == ["main", "old", "new", "thread 7", "thread 9"]
    names._before = {1, 7}
    assert names.were_there_before([1, 7, 7]) == [0, 1]
    assert names.have_ended([7, HERE(), HERE()]) == [0, 1]


def test_a_name_that_is_given_later_counts():
    with gs.trace() as trace:
        enough = threading.Event()
        (thread,) = running(enough.wait)
        thread.name = "renamed"
    enough.set()
    thread.join()
    assert row(trace, thread.native_id).name == "renamed"


def test_start_is_itself_again_and_another_wrapper_stays():
    original = threading.Thread.start
    with ThreadNames():
        assert threading.Thread.start is not original
    assert threading.Thread.start is original
    try:
        with ThreadNames() as names:
            inner = threading.Thread.start
            threading.Thread.start = lambda thread: inner(thread)
        running(lambda: None)[0].join()
        assert len(names._seen) == len(threading.enumerate())
    finally:
        threading.Thread.start = original
