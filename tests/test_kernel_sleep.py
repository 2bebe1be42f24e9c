"""`sleep`: it really waits, in whatever pieces, uses no CPU meanwhile, and lets others run only where it releases."""

import signal
import threading
import time

import numpy as np
import pytest

from gilscope._native.loops import HAVE_OPENMP, levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import sleep

every = pytest.mark.parametrize("call", list(sleep.calls()), ids=lambda call: call.name)
X = np.arange(10.0)


def waited(function):
    """Seconds that a call took, and those it was on a core."""
    start, busy = time.perf_counter(), time.thread_time()
    function()
    return time.perf_counter() - start, time.thread_time() - busy


@every
def test_waits_for_each_element_without_a_core(call):
    options = {"grain": 4} if "grain" in call.options else {}
    seconds, busy = waited(lambda: np.testing.assert_array_equal(call(X, nanoseconds=4_000_000, **options), X))
    assert seconds >= 0.04 / (2 if call.strategy == "parallel" else 1)
    assert busy < seconds / 2


@every
def test_in_place(call):
    x = X.copy()
    assert call(x, out=x) is x
    np.testing.assert_array_equal(x, X)


@every
def test_no_wait_for_nothing(call):
    assert call(X, nanoseconds=0).tolist() == X.tolist()
    assert call([], nanoseconds=2**31 - 1).size == 0  # a wait for one element would be seen: 2 s, here for each call


@pytest.mark.skipif(not HAVE_OPENMP, reason="built without OpenMP")
def test_no_wait_for_a_range_without_elements():
    seconds, _ = waited(lambda: sleep.c.parallel(X[:1], nanoseconds=1_000_000, threads=8))
    assert seconds >= 0.001
    assert sleep.cython.parallel(X[:1], nanoseconds=1_000_000, threads=8) == X[:1]


@pytest.mark.parametrize("level", levels())
def test_each_level_copies(level):
    loop = next(loop for loop in loops_at(level) if loop.kernel == "sleep")
    x = np.random.default_rng(0).uniform(-1, 1, 100)
    result = np.empty_like(x)
    seconds, _ = waited(lambda: run(loop, STRATEGIES[0], (x,), result, (100_000,)))
    assert seconds >= 0.01
    np.testing.assert_array_equal(result, x)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer on this system")
@pytest.mark.parametrize(
    "call", [sleep.c.held, sleep.c.released, sleep.cython.held, sleep.cython.released], ids=lambda call: call.name
)
def test_signals_do_not_cut_a_wait_short(call):
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    try:
        seconds, _ = waited(lambda: call(X, nanoseconds=5_000_000))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seconds >= 0.05
    assert seen


def test_released_waits_overlap():
    """Twice as many threads as cores could not, if waiting took any."""
    barrier, ends = threading.Barrier(8), []

    def work():
        barrier.wait()
        start = time.perf_counter()
        sleep.c.released(X, nanoseconds=20_000_000)
        ends.append((start, time.perf_counter()))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(start for start, _ in ends) < min(stop for _, stop in ends)
