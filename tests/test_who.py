"""Which function let go of the GIL, and which waited for it.

Holds are long because usleep is called with the GIL; it never returns early.
"""

import ctypes
import gc
import os
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import gilscope as gs
from gilscope import tracing
from gilscope._native import tracer
from gilscope.trace_events import HELD, WAITING

if tracer.unavailable() is not None or tracer.no_functions() is not None:
    pytest.skip(f"no functions: {tracer.unavailable() or tracer.no_functions()}", allow_module_level=True)

HOLDING, RELEASING = ctypes.PyDLL(None), ctypes.CDLL(None)
LONG_US = 2000


def lets_go():
    HOLDING.usleep(LONG_US)
    time.sleep(0)  # here


def keeps():
    HOLDING.usleep(LONG_US)


def calls_what_keeps():
    keeps()
    time.sleep(0)  # here


class Class:
    def method(self):
        HOLDING.usleep(LONG_US)
        time.sleep(0)  # here


def generator():
    HOLDING.usleep(LONG_US)
    time.sleep(0)  # here
    yield


def nested():
    def inner():
        HOLDING.usleep(LONG_US)
        time.sleep(0)  # here

    return inner


CALLS = {
    "lets_go": lets_go,
    "calls_what_keeps": calls_what_keeps,
    "Class.method": Class().method,
    "generator": lambda: next(generator()),
    "nested.<locals>.inner": nested(),
}


def line_of(name):
    """The number of the line of a function that is marked with "here"."""
    text = Path(__file__).read_text(encoding="utf-8").splitlines()
    start = next(at for at, line in enumerate(text) if f"def {name.split('.')[-1]}(" in line)
    return next(at + 1 for at, line in enumerate(text) if at > start and line.endswith("# here"))


def known(stretches):
    return [each for each in stretches if each.function is not None]


@pytest.mark.parametrize("name", CALLS)
def test_who_let_go_after_a_long_hold(name):
    with gs.trace(who=True) as trace:
        CALLS[name]()
    first = known(trace.top_holders())[0]
    assert (first.function, first.file, first.line) == (name, __file__, line_of(name))
    assert (first.thread, first.native_id) == (threading.current_thread().name, threading.get_native_id())
    assert first.duration_ns == first.stop_ns - first.start_ns >= 0.99 * LONG_US * 1000
    held = trace.intervals(first.native_id)
    assert (first.start_ns, first.stop_ns, "held") in held.tolist()


def asks(enough):
    while not enough.is_set():
        RELEASING.usleep(1)


def test_who_waited():
    """A thread asks for the GIL while this one holds it, and nobody is made to drop it; again where it did not ask in time."""
    before, enough = sys.getswitchinterval(), threading.Event()
    thread = threading.Thread(target=asks, args=(enough,), name="asker")
    sys.setswitchinterval(1000)
    thread.start()
    try:
        for _ in range(100):
            with gs.trace(who=True) as trace:
                HOLDING.usleep(5000)
                RELEASING.usleep(1000)
            if found := [each for each in known(trace.top_waiters()) if each.native_id == thread.native_id]:
                break
    finally:
        sys.setswitchinterval(before)
        enough.set()
        thread.join()
    assert (found[0].function, found[0].file, found[0].thread) == ("asks", __file__, "asker")
    assert found[0].line == asks.__code__.co_firstlineno + 2
    assert (found[0].start_ns, found[0].stop_ns, "waiting") in trace.intervals(thread.native_id).tolist()


def test_a_thread_that_ends_runs_no_python_when_it_lets_go():
    """One that C started: its last hold ends when Python has forgotten it."""
    seen, thread = [], ctypes.c_ulong()

    @ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
    def work(_):
        seen.append(threading.get_native_id())
        lets_go()
        HOLDING.usleep(LONG_US)

    with gs.trace(who=True) as trace:
        assert RELEASING.pthread_create(ctypes.byref(thread), None, work, None) == 0
        RELEASING.pthread_join(thread, None)
    first, last = sorted((each for each in trace.top_holders() if each.native_id == seen[0]), key=lambda each: each.start_ns)
    assert (first.function, last.function) == ("lets_go", None)
    assert last.duration_ns >= 0.99 * LONG_US * 1000


def test_what_is_long_is_looked_at_and_nothing_else(monkeypatch):
    monkeypatch.setattr(tracing, "LONG_NS", 200_000)
    with gs.trace(who=True) as trace:
        for count in range(0, 400, 10):
            HOLDING.usleep(count)
            time.sleep(0)
    # Without the last: the trace ended with it.
    held = np.flatnonzero(trace.data.intervals.state == HELD)[:-1].tolist()
    for at in held:
        spent = trace.data.intervals.stop[at] - trace.data.intervals.start[at]
        if not 190_000 < spent < 210_000:  # of the clocks' calibration
            assert (at in trace.data.looks.ended) == (spent > 200_000), spent
    assert 0 < trace.cost.looks < len(held)


def test_every_look_is_at_a_hold_or_a_wait_of_its_function(monkeypatch):
    monkeypatch.setattr(tracing, "LONG_NS", 0)

    def work():
        for _ in range(300):
            RELEASING.usleep(0)

    with gs.trace(who=True) as trace:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    intervals, looks = trace.data.intervals, trace.data.looks
    ours = [trace.data.native_ids.index(thread.native_id) for thread in threads]
    mine = [at for at in looks.ended if intervals.thread[at] in ours]
    assert {int(state) for state in intervals.state[mine]} == {HELD, WAITING}
    for number in ours:
        names = [looks.ended[at].name for at in mine if intervals.thread[at] == number]
        assert names.count(f"{test_every_look_is_at_a_hold_or_a_wait_of_its_function.__name__}.<locals>.work") >= 300


def test_code_is_kept_until_the_trace_ends_and_no_longer():
    names = {"hold": HOLDING.usleep, "release": RELEASING.usleep}
    with gs.trace(who=True) as trace:
        exec("def short_lived():\n    hold(2000)\n    release(0)\nshort_lived()", names)
        code = weakref.ref(names.pop("short_lived").__code__)
        gc.collect()
        assert code() is not None
    gc.collect()
    assert code() is None
    first = known(trace.top_holders())[0]
    assert (first.function, first.file, first.line) == ("short_lived", "<string>", 3)


def test_a_thousand_traces_leave_no_reference_behind():
    def once():
        assert tracer.start(100, True, False, 10, 0) is None
        time.sleep(0)
        return tracer.stop()[1]

    looks = len(once()[0])
    before = sys.getrefcount(once.__code__)
    for _ in range(1000):
        looks += len(once()[0])
    after = sys.getrefcount(once.__code__)
    assert looks >= 1001
    assert after == before


def test_a_full_buffer_loses_looks_and_says_so(monkeypatch):
    monkeypatch.setattr(tracing, "MAX_LOOKS", 2)
    monkeypatch.setattr(tracing, "LONG_NS", 0)
    with gs.trace(who=True) as trace:
        for _ in range(10):
            time.sleep(0)
    assert (trace.cost.looks, trace.cost.lost_looks >= 8) == (2, True)
    assert len(known(trace.top_holders(100))) == 2
    assert "long holds and waits are without a function: there was no room for more than 2" in str(trace)


def test_the_cost_of_looks_is_told(monkeypatch):
    monkeypatch.setattr(tracing, "LONG_NS", 0)
    with gs.trace(who=True) as trace:
        time.sleep(0)
    cost = trace.cost
    spent = cost.events * cost.event_ns + cost.looks * cost.look_ns
    assert cost.look_ns > 0
    assert cost.share == pytest.approx(spent / (trace.stop_ns - trace.start_ns))
    assert f" events at {cost.event_ns:.0f} ns and {cost.looks} looks at {cost.look_ns:.0f} ns: " in str(trace)


def test_it_is_not_looked_unless_asked():
    with gs.trace() as trace:
        lets_go()
    assert (trace.cost.looks, trace.cost.look_ns) == (0, 0)
    assert " looks at " not in str(trace)
    for tell in (trace.top_holders, trace.top_waiters):
        with pytest.raises(RuntimeError, match="it was taken without who=True"):
            tell()


@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
def test_functions_are_saved_and_loaded(tmp_path, name):
    with gs.trace(who=True) as trace:
        for call in CALLS.values():
            call()
    trace.save(tmp_path / name)
    loaded = gs.load(tmp_path / name)
    assert len(known(trace.top_holders())) >= len(CALLS)
    assert loaded.top_holders() == trace.top_holders()
    assert loaded.top_waiters() == trace.top_waiters()
    assert loaded.cost == trace.cost
    assert str(loaded) == str(trace)


def test_where_functions_cannot_be_told_the_reason_is(monkeypatch):
    monkeypatch.setattr(tracer, "no_functions", lambda: "the frames of this version of Python are not known")
    with pytest.raises(gs.TracerUnavailable, match=r"functions cannot be told .* the frames of this version"), gs.trace(who=True):
        pass
    with gs.trace() as trace:
        pass
    assert trace.threads


def test_without_a_gil_nobody_holds(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with gs.trace(who=True) as trace:
        lets_go()
    assert (trace.top_holders(), trace.top_waiters()) == ((), ())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_forked_child_nothing_was_traced():
    process = os.getpid()
    with gs.trace(who=True) as trace:
        lets_go()
        child = os.fork()
    if os.getpid() != process:
        os._exit(0 if trace.top_holders() == () else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert known(trace.top_holders())
