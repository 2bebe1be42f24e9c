import itertools
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np
import pytest

from gilscope.handythread import foreach, parallel_map

ISOLATED = Path(__file__).parent / "isolated"
BOTH = pytest.mark.parametrize("threads", [1, 4])


# The four tests of the original


def test_every_item_once():
    seen = []
    assert foreach(seen.append, range(100)) is None
    assert sorted(seen) == list(range(100))


def test_results_in_order():
    assert foreach(lambda x: x + 1, range(100), return_=True) == list(range(1, 101))


def test_results_with_one_thread():
    assert foreach(lambda x: x + 1, range(100), threads=1, return_=True) == list(range(1, 101))


def test_parallel_map():
    assert parallel_map(lambda x: x + 1, range(100)) == list(range(1, 101))


# What else it does


def test_order_does_not_come_from_speed():
    later = [threading.Event() for _ in range(3)]

    def f(i):
        if i < 2:
            assert later[i + 1].wait(30)
        later[i].set()
        return i

    assert parallel_map(f, range(3), threads=3) == [0, 1, 2]


def test_one_item_at_a_time():
    """While one thread is busy with its item, the other does all the rest: nothing is handed out in chunks."""
    rest = threading.Semaphore(0)

    def f(i):
        if i == 0:
            assert all(rest.acquire(timeout=30) for _ in range(19))
        else:
            rest.release()

    foreach(f, range(20), threads=2)


def test_as_many_threads_as_asked_for():
    all_there = threading.Barrier(5)
    foreach(lambda _: all_there.wait(30), range(5), threads=5)


@pytest.mark.parametrize("threads", [1, 0, -2])
def test_one_thread_or_less_is_the_calling_one(threads):
    assert set(parallel_map(lambda _: threading.get_ident(), range(5), threads)) == {threading.get_ident()}


def test_generators_are_safe():
    inside = threading.Lock()

    def items():
        for i in range(200):
            assert inside.acquire(blocking=False)
            time.sleep(0.0001)  # lets the others in, if they can
            inside.release()
            yield i

    assert parallel_map(lambda x: x, items(), threads=8) == list(range(200))


@BOTH
def test_infinite_iterators_are_taken_from_as_needed(threads):
    def f(i):
        if i == 50:
            raise StopIteration("mine")  # an error like any other, not the end
        return i

    with pytest.raises(StopIteration, match="mine"):
        foreach(f, itertools.count(), threads)


@BOTH
def test_nothing_to_do(threads):
    assert parallel_map(abs, [], threads) == []


@BOTH
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_keeps_type_and_traceback(threads, kind):
    def culprit(i):
        if i == 3:
            raise kind("mine")

    with pytest.raises(kind, match="mine") as raised:
        foreach(culprit, range(10), threads)
    assert "culprit" in [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]


@BOTH
def test_an_error_in_the_iterator_is_raised(threads):
    def items():
        yield 0
        yield 1
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        foreach(lambda x: x, items(), threads, return_=True)


@BOTH
def test_no_item_is_taken_after_an_error_in_the_iterator(threads):
    class Items:
        calls = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.calls += 1
            raise LookupError(self.calls)

    items = Items()
    with pytest.raises(LookupError, match="1"):
        foreach(abs, items, threads)
    assert items.calls == 1


def test_after_an_error_items_under_way_finish_and_no_new_one_starts():
    failed, started, finished = threading.Event(), [], []

    def f(i):
        started.append(i)
        if i == 1:
            failed.set()
            raise ValueError("first")
        assert failed.wait(30)
        threading.Event().wait(0.1)  # long enough for the error to be recorded
        finished.append(i)

    with pytest.raises(ValueError, match="first"):
        foreach(f, range(100), threads=2)
    assert sorted(started) == [0, 1]
    assert finished == [0]


def test_the_first_of_several_errors_is_raised():
    first = threading.Event()

    def f(i):
        if i == 0:
            assert first.wait(30)
            threading.Event().wait(0.1)
            raise ValueError("second")
        first.set()
        raise KeyError("first")

    with pytest.raises(KeyError, match="first"):
        foreach(f, range(2), threads=2)


def test_no_thread_is_left():
    before = threading.active_count()
    foreach(abs, range(10), threads=5)
    assert threading.active_count() == before


def test_when_no_more_threads_can_be_started(monkeypatch):
    start, started, before = threading.Thread.start, [], threading.active_count()

    def limited(thread):
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        foreach(abs, itertools.repeat(1), threads=3)
    for thread in started:
        thread.join(30)
    assert threading.active_count() == before


@BOTH
def test_numpy_keeps_the_error_state_of_the_caller(threads):
    with np.errstate(divide="ignore"):
        assert parallel_map(lambda x: np.float64(1) / x, [np.float64(0)] * 4, threads) == [np.inf] * 4


def test_integers_of_numpy_are_integers():
    assert parallel_map(abs, np.array([-1, -2]), threads=np.int64(2)) == [1, 2]


@pytest.mark.parametrize("threads", [True, 2.0, "2", None])
def test_threads_must_be_an_integer(threads):
    with pytest.raises(TypeError, match=f"^threads must be an integer, not {type(threads).__name__}$"):
        foreach(abs, [], threads)


def test_arguments_must_fit():
    with pytest.raises(TypeError, match=r"^f must be callable, not list$"):
        foreach([], abs)
    with pytest.raises(TypeError, match=r"^items must be iterable, not int$"):
        foreach(abs, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child alone")
def test_ctrl_c_is_not_held_up():
    command = [sys.executable, "-W", "error", ISOLATED / "handythread_interrupted.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert [child.stdout.readline(), child.stdout.readline()] == ["ready\n"] * 2
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=20)  # the items under way take 60 s
        finally:
            child.kill()
    assert (out, err, child.returncode) == ("interrupted\n2\n", "", 0)


def test_imports_no_more_than_it_needs():
    code = "import sys, gilscope.handythread as h; print('numpy' in sys.modules, 'concurrent.futures' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "False False"
