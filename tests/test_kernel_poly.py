"""`poly`: Horner's rule, whatever the degree and wherever an element is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import poly

LOOPS = [(level, loop) for level in levels() for loop in loops_at(level) if loop.kernel == "poly"]
at_each_level = pytest.mark.parametrize(("level", "loop"), LOOPS, ids=[f"{level}-{loop.element}" for level, loop in LOOPS])


@pytest.mark.parametrize("call", list(poly.calls()), ids=lambda call: call.name)
def test_known_values(call):
    x = np.array([0.0, 1, -1, 2, 0.5])
    assert call(x).tolist() == [1, 17, 1, 2**17 - 1, 2 - 2.0**-16]
    assert call(x, degree=0).tolist() == [1] * 5
    assert call(x, degree=1).tolist() == (x + 1).tolist()
    assert call(x, degree=3).tolist() == [1, 4, 0, 15, 1.875]
    assert (call(np.ones(100), degree=100) == 101).all()


@at_each_level
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_each_level_gives_numpys_bits(level, loop, data):
    size, degree = data.draw(st.integers(0, 300)), data.draw(st.integers(0, 40))
    width = 64 if loop.element == "float64" else 32
    x = data.draw(arrays(loop.element, size, elements=st.floats(width=width, allow_nan=False)))
    result = np.empty_like(x)
    run(loop, STRATEGIES[0], (x,), result, (degree,))
    np.testing.assert_array_equal(result, poly.numpy(x, degree=degree), strict=True)


def test_overflow_and_nan_go_through_without_a_warning():
    x = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300])
    for call in poly.calls():
        np.testing.assert_array_equal(call(x), [np.nan, np.inf, np.inf, np.inf, np.inf])
