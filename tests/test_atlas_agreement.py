"""When a ticker can tell what the tracer tells, and when the two disagree: on made-up profiles."""

import time

import pytest

from gilscope._native import tracer
from gilscope.atlas import _agreement
from gilscope.atlas._agreement import can_be_told, looked_at_twice, tell_the_same
from gilscope.checking import Profile

traced_only = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")


def profile(fraction, seconds=1e-3, releases=1.0, method="trace"):
    return Profile(5, seconds, fraction, releases, releases, 100, method=method)


@pytest.mark.parametrize(
    ("traced", "can"),
    [
        (profile(0.99), True),
        (profile(0.0, releases=0.0), True),
        (profile(0.05, releases=100.0), True),  # held, whatever the ticker misses
        (profile(0.99, seconds=1e-4), False),
        (profile(0.9, releases=10.0), False),  # 90 us each
        (profile(0.9, releases=4.0), True),
        (profile(0.9, method="ticker"), False),
        (profile(1.0, method="off"), False),
    ],
)
def test_what_is_long_enough(traced, can):
    assert can_be_told(traced) is can


@pytest.mark.parametrize(
    ("traced", "ticker", "same"),
    [
        (profile(0.99), 0.91, True),
        (profile(0.99), 0.8, True),  # one release in a millisecond may hide a tenth of it
        (profile(0.99), 0.75, False),
        (profile(0.99, seconds=1.0), 0.85, False),
        (profile(0.5), 0.68, True),  # partial, both of them
        (profile(0.2), 0.85, False),
        (profile(0.0, releases=0.0), 0.09, True),
        (profile(0.0, releases=0.0), 0.2, False),
        (profile(0.99), 0.0, False),
    ],
)
def test_what_is_the_same(traced, ticker, same):
    assert tell_the_same(traced, profile(ticker, method="ticker")) is same


@pytest.fixture
def answers(monkeypatch):
    """What the two methods say, look by look."""
    told = []
    monkeypatch.setattr(_agreement, "profile_by", lambda call, plan, method="auto": profile(told.pop(0), method=_name(method)))
    return told


def _name(method):
    return "trace" if method == "auto" else method


def test_where_both_tell_the_same_once_is_enough(answers):
    answers += [0.95, 0.97]
    found = looked_at_twice(lambda: None)
    assert (found.profile.released_fraction, found.ticker, found.agrees) == (0.95, 0.97, True)
    assert not answers


@pytest.mark.parametrize(("second", "agrees"), [((0.9, 0.92), True), ((0.9, 0.1), False)])
def test_where_they_do_not_both_look_once_more(answers, second, agrees):
    answers += [0.95, 0.3, *second]
    found = looked_at_twice(lambda: None)
    assert (found.profile.released_fraction, found.ticker, found.agrees) == (0.95, second[1], agrees)
    assert not answers


def test_what_is_too_short_is_traced_alone(monkeypatch):
    monkeypatch.setattr(_agreement, "profile_by", lambda call, plan: profile(0.5, seconds=1e-6))
    assert looked_at_twice(lambda: None)[1:] == (None, None)


@traced_only
def test_a_call_that_sleeps():
    found = looked_at_twice(lambda: time.sleep(0.002))
    assert (found.profile.gil, found.agrees) == ("released", True)


@traced_only
def test_a_call_that_holds():
    numbers = list(range(50_000, 0, -1))
    found = looked_at_twice(lambda: sum(sorted(numbers)))
    assert (found.profile.gil, found.agrees) == ("held", True)
