"""`sum`: every element once, however the work is cut."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import sum as sum_kernel

LOOPS = [next(loop for loop in loops_at(level) if loop.kernel == "sum") for level in levels()]
every = pytest.mark.parametrize("call", list(sum_kernel.calls()), ids=lambda call: call.name)


@every
def test_each_element_counts_once(call):
    for size in (0, 1, 31, 32, 33, 63, 64, 65, 1000):
        assert call(np.arange(float(size))) == size * (size - 1) / 2  # whole numbers: exact in any order
        assert call(2.0 ** np.arange(min(size, 53))) == 2.0 ** min(size, 53) - 1


@every
def test_special_values(call):
    assert call([np.inf, 1.0]) == np.inf
    assert math.isnan(call([1.0, np.nan]))
    assert call(np.full(100, 5e-324)) == 100 * 5e-324
    with np.errstate(invalid="ignore"):  # NumPy warns
        assert math.isnan(call([np.inf, -np.inf]))


@settings(max_examples=50, deadline=None)
@given(x=arrays(float, st.integers(0, 300), elements=st.floats(-1e100, 1e100)))
def test_each_level_gives_the_same_bits(x):
    results = np.zeros((len(LOOPS), 1))
    for loop, result in zip(LOOPS, results, strict=True):
        run(loop, STRATEGIES[0], (x,), result)
    assert len({result.tobytes() for result in results}) == 1
    assert abs(results[0, 0] - math.fsum(x)) <= x.size * np.finfo(float).eps * math.fsum(np.abs(x))
