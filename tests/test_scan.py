"""From which size on a function releases: on made-up profiles, and where NumPy does."""

import numpy as np
import pytest

from gilscope._native import tracer
from gilscope.checking import scan, sizes_between
from gilscope.checking._profile import Profile


def looking(threshold, fraction=0.5, seen=None):
    """A function that releases from a size on, as `make` and `look`."""

    def look(size):
        if seen is not None:
            seen.append(size)
        above = threshold is not None and size >= threshold
        return Profile(5, 1e-5, fraction if above else 0.0, 2.0 if above else 1.0, 1.0, 100)

    return {"make": lambda size: size, "look": look}


@pytest.mark.parametrize("threshold", [2, 3, 5, 499, 500, 501, 10_000, 65_536, 100_000])
def test_the_threshold_is_exact(threshold):
    assert scan(low=1, high=100_000, **looking(threshold)).threshold == threshold


@pytest.mark.parametrize("threshold", [None, 1])
def test_there_is_no_threshold_where_nothing_changes(threshold):
    assert scan(low=1, high=100_000, **looking(threshold)).threshold is None


def test_there_is_no_threshold_where_even_the_largest_is_hardly_outside():
    assert scan(low=1, high=1000, **looking(501, fraction=0.09)).threshold is None
    assert scan(low=1, high=1000, **looking(501, fraction=0.11)).threshold == 501


def test_few_sizes_are_looked_at():
    seen = []
    found = scan(low=1, high=10_000_000, **looking(501, seen=seen))
    assert len(seen) < 35
    assert list(found.profiles) == sorted(set(seen))


def test_progress_ends_at_one():
    told = []
    scan(low=1, high=100, tick=told.append, **looking(7))
    assert told == sorted(told)
    assert told[-1] == 1


def test_sizes():
    assert sizes_between(1, 100) == [1, 2, 5, 10, 20, 50, 100]
    assert sizes_between(3, 7) == [3, 5, 7]
    assert sizes_between(100, 101) == [100, 101]


@pytest.mark.parametrize(("low", "high"), [(0, 10), (5, 5), (7, 3), (-1, 1)])
def test_sizes_go_up(low, high):
    with pytest.raises(ValueError, match=f"sizes must be at least 1 and go up, not from {low} to {high}"):
        scan(low=low, high=high, **looking(5))


@pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
def test_numpy_releases_from_501_elements_on():
    def make(size):
        x = np.ones(size)
        return lambda: np.exp(x)

    assert scan(make, 1, 100_000).threshold == 501
