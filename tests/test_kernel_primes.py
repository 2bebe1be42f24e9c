"""`primes`: right for every int64, and for integers only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import primes

LOOPS = [next(loop for loop in loops_at(level) if loop.kernel == "primes") for level in levels()]
every = pytest.mark.parametrize("call", list(primes.calls()), ids=lambda call: call.name)
native = pytest.mark.parametrize(
    "call", [call for call in primes.calls() if call.implementation != "numpy"], ids=lambda call: call.name
)


def sieve(size):
    found = np.ones(size, bool)
    found[:2] = False
    for k in range(2, int(size**0.5) + 1):
        found[k * k :: k] = False
    return found


@every
def test_every_small_number(call):
    np.testing.assert_array_equal(call(np.arange(20_000)), sieve(20_000), strict=True)
    assert not call(-np.arange(20_000)).any()


@every
def test_squares_of_primes_and_neighbours(call):
    p = np.flatnonzero(sieve(300))[2:]
    assert not call(p * p).any()
    assert not call(p[:-1] * p[1:]).any()


@every
def test_the_ends_of_int64(call):
    # 2**63 - 1 = 7 * 7 * 73 * 127 * 337 * 92737 * 649657; the roots of those below it are near 3.04e9, whose squares overflow
    limits = np.iinfo(np.int64)
    x = [limits.max, limits.max - 1, limits.max - 7 * 10**6, limits.min, limits.min + 1, -1, -2, -3, -7]
    assert call(x).tolist() == [False] * len(x)


@native
def test_about_two_to_the_32(call):
    assert call([2**31 - 1, 2**32 - 5, 2**32 + 15, 67_280_421_310_721]).all()
    assert not call([2**32 - 1, 2**32, 2**32 + 1, 65_521**2, 65_537**2, 65_521 * 65_537, 999_983 * 1_000_003]).any()


@settings(max_examples=50, deadline=None)
@given(x=st.lists(st.integers(-(2**63), 2**34) | st.integers(-10, 10**6), max_size=100))
def test_each_level_agrees_with_python(x):
    x = np.array(x, np.int64)
    want = primes.python(x)
    for loop in LOOPS:
        result = np.empty(x.shape, bool)
        run(loop, STRATEGIES[0], (x,), result)
        np.testing.assert_array_equal(result, want)


@every
def test_integers_only(call):
    assert call([True, False]).tolist() == [False, False]
    assert call(np.array([2, 9], np.int8)).tolist() == [True, False]
    assert call(7) == np.True_
    for x, dtype in (([7.0], "float64"), (np.array([7], np.uint64), "uint64"), ([2**63], "uint64")):
        with pytest.raises(TypeError, match=f"x has dtype {dtype}: integers that fit int64 are accepted"):
            call(x)


def test_the_sample():
    (x,) = primes.sample(10_000, np.dtype("int64"))
    assert (x % 2 == 1).all()
    assert 0 < x.min() < 2**12
    assert 2**22 - 2**12 < x.max() < 2**22
    np.testing.assert_array_equal(x, *primes.sample(10_000, np.dtype("int64")))
    assert abs(primes(x)[:5000].mean() - primes(x)[5000:].mean()) < 0.03
