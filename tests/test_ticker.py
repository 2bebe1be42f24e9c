"""The ticker: what looks at the GIL say, of looks made by hand, of simulated ones and of real calls; and who is chosen when."""

import ctypes
import json
import sys
import threading
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from gilscope._native import tracer
from gilscope._native.calls import looks
from gilscope.checking import _method
from gilscope.checking._method import METHODS, profile_by, watching
from gilscope.checking._profile import Plan, Used
from gilscope.checking._ticker import AT_ONCE_NS, NEVER_SECONDS, WAIT_SECONDS, estimate, ticking
from gilscope.kernels import lookup
from gilscope.tracing import TracerUnavailable

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
needs_gil = pytest.mark.skipif(not GIL, reason="there is no GIL to keep")
needs_tracer = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
NOTHING = Used.now().since(Used.now())
MS = 1_000_000
X = np.linspace(-1, 1, 1_000_000)
OUT = np.empty_like(X)


def calls(*edges):
    """Stamps of calls one after the other, from edges in milliseconds."""
    return np.array([*pairwise(edges)], np.int64) * MS


def seen(*rows):
    """Looks as (asked, had) in milliseconds, after a first one at 0."""
    return np.array([(0, 0), *rows], np.int64) * MS


# Looks made by hand


def test_the_gil_was_always_free():
    found = estimate(seen((10, 10), (20, 20), (30, 30)), calls(5, 25), NOTHING)
    assert (found.released_fraction, found.longest_hold_ns, found.gil, found.method) == (1, 0, "released", "ticker")
    assert (found.releases, found.takes, found.calls, found.seconds) == (1, 1, 1, 0.02)


def test_one_look_waits_through_all_calls():
    found = estimate(seen((4, 70)), calls(5, 25, 45, 65), NOTHING)
    assert (found.released_fraction, found.longest_hold_ns, found.gil) == (0, 20 * MS, "held")
    assert (found.releases, found.takes) == (0, 0)


def test_a_look_that_waits_counts_for_those_it_kept_the_ticker_from():
    found = estimate(seen((10, 10), (20, 50), (60, 60), (70, 70)), calls(5, 75), NOTHING)
    assert found.released_fraction == pytest.approx(3 / 7)  # four looks, each for 10 ms, and 30 ms of waiting
    assert found.longest_hold_ns == 30 * MS


def test_a_call_that_releases_does_not_hold_for_longer_than_it_takes():
    found = estimate(seen((2, 2), (4, 9), (10, 10)), calls(*range(12)), NOTHING)  # a group of ten calls of 1 ms, and one call
    between = (2 + 2 + 1) / 3
    assert found.released_fraction == pytest.approx(np.median([between / (2 * between + 2), 1]))


def test_a_moment_is_no_wait():
    for moment, released in ((AT_ONCE_NS, 1), (AT_ONCE_NS + 1, 0)):
        rows = np.array([(0, 0), (10 * MS, 10 * MS + moment)])
        assert estimate(rows, calls(5, 15), NOTHING).released_fraction == released


def test_it_is_the_median_over_groups_of_calls():
    looks_ = [(10, 10), (30, 30), (50, 55), (70, 70), (90, 90)]
    assert estimate(seen(*looks_), calls(0, 20, 40, 60, 80, 100), NOTHING).released_fraction == 1


def test_calls_that_no_look_came_upon_count_as_held():
    found = estimate(seen((100, 100)), calls(10, 20), NOTHING)
    assert (found.released_fraction, found.releases) == (0, 0)


# Looks at a GIL that is held and free by a known plan


def simulated(held_ns, free_ns, until_ns, generator):
    """Looks at a GIL that is held and free in turn, from a ticker that loses no time but what waking up takes at the least."""
    period, at, rows = held_ns + free_ns, 0.0, [(0, 0)]
    while at < until_ns:
        at += generator.exponential(WAIT_SECONDS * 1e9)
        asked, left = at, held_ns - at % period
        at += max(left, AT_ONCE_NS + 1) if left > 0 else 0
        rows.append((asked, at))
    return np.array(rows).astype(np.int64)


@pytest.mark.parametrize("held_us", [0, 20, 50, 80, 100], ids="{} of 100".format)
@pytest.mark.parametrize("scale", [1, 3, 60], ids="times {}".format)
def test_the_estimate_is_right_on_average(held_us, scale):
    held_ns, period = held_us * scale * 1000, 100_000 * scale
    rows = simulated(held_ns, period - held_ns, 2_000 * MS, np.random.default_rng(1))
    stamps = np.arange(0, 2_000 * MS - period, period)
    found = estimate(rows, np.stack([stamps, stamps + period], 1), NOTHING)
    assert found.released_fraction == pytest.approx(1 - held_us / 100, abs=0.04)


# Real calls: that nobody got in is certain, and so is that somebody did


def in_python():
    """Compute for longer than the interval after which others are let in."""
    return [at * at for at in range(200_000)]


HELD = {"usleep": partial(ctypes.PyDLL(None).usleep, 3000), "json": partial(json.dumps, [*range(20_000)]), "python": in_python}


@needs_gil
@pytest.mark.parametrize("name", [*HELD, "exp.c.held", "exp.ctypes.held", "exp.cython.held"])
def test_held(name):
    call = HELD.get(name) or partial(lookup(name), X, out=OUT)
    found = profile_by(call, Plan(seconds=0.02), "ticker")
    assert (found.gil, found.released_fraction, found.releases) == ("held", 0, 0)
    assert found.longest_hold_ns > 0


RELEASED = {
    "usleep": partial(ctypes.CDLL(None).usleep, 3000),
    "sort": partial(np.sort, X[::-1]),
    "exp": partial(lookup("exp.c.released"), X, out=OUT),
    "chunked": partial(lookup("exp.c.chunked"), X, out=OUT, grain=100_000),
}


@pytest.mark.parametrize("name", RELEASED)
def test_released(name):
    found = profile_by(RELEASED[name], Plan(seconds=0.05), "ticker")
    assert found.gil != "held"
    assert (found.releases, found.takes, found.method) == (1, 1, "ticker")


def test_a_call_that_does_both():
    holding, releasing = (each(None).usleep for each in (ctypes.PyDLL, ctypes.CDLL))
    found = profile_by(lambda: (holding(3000), releasing(3000)), Plan(seconds=0.1), "ticker")
    assert 0 < found.released_fraction < 1 or not GIL


def test_a_block():
    with watching("ticker") as result:
        ctypes.CDLL(None).usleep(10_000)
    assert isinstance(result(calls(0, 1), NOTHING).released_fraction, float)


def test_everything_is_put_back_even_after_an_error():
    interval, threads = sys.getswitchinterval(), threading.active_count()
    meanwhile = None

    def fail():
        nonlocal meanwhile
        meanwhile = sys.getswitchinterval(), threading.active_count()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), ticking():
        fail()
    assert meanwhile == (NEVER_SECONDS, threads + 1)
    assert (sys.getswitchinterval(), threading.active_count()) == (interval, threads)


def test_looks_end_when_they_are_done():
    assert len(looks(np.full(5, 1e3), np.zeros(1, np.uint8))) == 5
    rows = looks(np.full(5, 1e3), np.ones(1, np.uint8))
    assert rows.shape == (1, 2)
    assert rows[0, 0] <= rows[0, 1]


# Who is chosen


@pytest.fixture
def no_tracer(monkeypatch):
    def trace():
        raise TracerUnavailable("not here")

    monkeypatch.setattr(_method, "trace", trace)


@needs_tracer
@pytest.mark.parametrize("method", METHODS)
def test_with_a_tracer(method):
    found = profile_by(lambda: None, Plan(seconds=0), method)
    assert found.method == ("ticker" if method == "ticker" else "trace")


@pytest.mark.usefixtures("no_tracer")
def test_without_a_tracer():
    assert profile_by(lambda: None, Plan(seconds=0)).method == "ticker"
    with pytest.raises(TracerUnavailable, match="not here"):
        profile_by(lambda: None, Plan(seconds=0), "trace")


@pytest.mark.parametrize("length", [0, 2])
def test_whoever_looks_is_told_to_stop_by_one_number(length):
    with pytest.raises(ValueError, match=f"done must be one number, not {length}"):
        looks(np.zeros(1), np.zeros(length, np.uint8))
