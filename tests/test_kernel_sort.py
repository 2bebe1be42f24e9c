"""What only `sort` has: NaNs last, and inputs that were made to make quicksort slow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import Missing, sort

(released,) = (strategy for strategy in STRATEGIES if strategy.name == "released")
calls = pytest.mark.parametrize("call", [*sort.calls()], ids=lambda call: call.name)
SIZE = 3000


def computed(x, level):
    (loop,) = (each for each in loops_at(level) if each.kernel == "sort")
    room = np.full(x.size + 2, 77.0)
    run(loop, released, (x,), room[1:-1], ())
    assert room[[0, -1]].tolist() == [77, 77], "written beyond the result"
    return room[1:-1]


def killer(size, rounds=60):
    """A permutation on which the loop's first splits all are lopsided: what it looks at is always the smallest."""
    places, values = list(range(size)), np.full(size, np.inf)
    for _ in range(rounds):
        count = len(places)
        half, step, last = count // 2, count // 8, count - 1
        groups = [(0, step, 2 * step), (half - step, half, half + step), (last - 2 * step, last - step, last)]
        for place in (places[at] for group in groups[:2] for at in group[:2]):
            if np.isinf(values[place]):
                values[place] = np.isfinite(values).sum()
        pivot = np.median([np.median([values[places[at]] for at in group]) for group in groups])
        front = 0
        for i in range(count):  # as the loop does
            places[i], places[front] = places[front], places[i]
            front += values[places[front]] < pivot
        places = places[front:]
    return np.where(np.isfinite(values), values, size + np.arange(size))


random = np.random.default_rng(0)
INPUTS = {
    "sorted": np.arange(SIZE),
    "reversed": np.arange(SIZE)[::-1],
    "organ-pipe": np.concatenate([np.arange(SIZE // 2), np.arange(SIZE // 2)[::-1]]),
    "equal": np.ones(SIZE),
    "two-values": random.integers(0, 2, SIZE),
    "few-values": random.integers(0, 9, SIZE),
    "saw": np.arange(SIZE) % 50,
    "shuffled": random.permutation(SIZE),
    "all-nan": np.full(SIZE, np.nan),
    "some-nan": np.where(random.random(SIZE) < 0.3, np.nan, random.random(SIZE)),
    "infinities": random.choice([np.inf, -np.inf, 0.0, -0.0, np.nan, 1.0], SIZE),
    "killer": killer(SIZE),
}


@calls
def test_known_values(call):
    x = [3.0, np.nan, -np.inf, 0.5, np.inf, -2.0, 0.5]
    np.testing.assert_array_equal(call(x), [-np.inf, -2, 0.5, 0.5, 3, np.inf, np.nan])
    assert x[0] == 3
    assert np.signbit(call([np.inf, -0.0, -1.0])).tolist() == [True, True, False]


@calls
@pytest.mark.parametrize("name", INPUTS)
def test_sorts_as_numpy_does(call, name):
    x = INPUTS[name].astype(float)
    np.testing.assert_array_equal(call(x), np.sort(x))


@pytest.mark.parametrize("size", [*range(20), 31, 127, 128, 129, 1000])
def test_every_level_and_size(size):
    x = np.random.default_rng(size).normal(size=size)
    for level in levels():
        assert computed(x, level).tobytes() == np.sort(x).tobytes()


@settings(max_examples=100, deadline=None)
@given(arrays(float, st.integers(0, 300), elements=st.floats() | st.sampled_from([0.0, -0.0, 1.0, 2.0])))
def test_no_number_is_lost(x):
    for level in levels():
        found = computed(x, level)
        np.testing.assert_array_equal(found, np.sort(x))
        assert np.sort(found.view(np.int64)).tobytes() == np.sort(x.view(np.int64)).tobytes()  # zeros and NaNs with their signs


def test_what_is_missing_says_why():
    assert isinstance(sort.cython.parallel, Missing)
    assert "at once" in str(sort.cython.parallel)
    assert isinstance(sort.c.chunked, Missing)
