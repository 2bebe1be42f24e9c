"""Whether another Python thread could run: no clock is asked, so what is asserted is certain."""

import sys
import threading

import numpy as np
import pytest

from gilscope.kernels import lookup
from gilscope.observing import NEVER_SECONDS, ticker, ticks_during
from gilscope.surroundings import switch_interval

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
X = np.linspace(-1, 1, 2_000_000)
OUT = np.empty_like(X)


@pytest.mark.skipif(not GIL, reason="there is no GIL to keep")
@pytest.mark.parametrize("name", ["exp.c.held", "exp.c.declared_nogil", "exp.ctypes.held", "exp.cython.held"])
def test_nobody_runs_during_a_held_call(name):
    call = lookup(name)
    assert ticks_during(lambda: call(X, out=OUT)) == 0


@pytest.mark.skipif(not GIL, reason="there is no GIL to keep")
def test_nobody_runs_during_pure_python():
    assert ticks_during(lambda: sum(range(1000))) == 0


@pytest.mark.parametrize("name", ["exp.c.released", "exp.ctypes.released", "exp.cython.released", "exp.numpy"])
def test_somebody_runs_during_a_released_call(name):
    call = lookup(name)
    assert ticks_during(lambda: call(X, out=OUT), at_least=0.05) > 0


def test_the_function_runs_at_least_once():
    called = []
    ticks_during(lambda: called.append(1), at_least=0)
    assert called == [1]


def test_everything_is_put_back_even_after_an_error():
    interval, threads = sys.getswitchinterval(), threading.active_count()
    seen = []

    def fail():
        seen.append((sys.getswitchinterval(), threading.active_count()))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ticks_during(fail)
    assert seen == [(NEVER_SECONDS, threads + 1)]
    assert (sys.getswitchinterval(), threading.active_count()) == (interval, threads)


def test_the_ticker_stops_counting():
    with ticker() as count:
        while not count[0]:
            threading.Event().wait(0.001)
    last = count[0]
    threading.Event().wait(0.01)
    assert count[0] == last


def test_switch_intervals_nest():
    before = sys.getswitchinterval()
    with switch_interval(0.25):
        with switch_interval(0.5):
            assert sys.getswitchinterval() == 0.5
        assert sys.getswitchinterval() == 0.25
    assert sys.getswitchinterval() == before
