"""`histogram`: as `np.histogram` counts, on the edges and off them, in tables of their own or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import histogram

EDGES = np.arange(257) / 256
NEAR = np.concatenate([EDGES, np.nextafter(EDGES, -1), np.nextafter(EDGES, 2)])
OUTSIDE = np.array([np.nan, np.inf, -np.inf, -5e-324, np.nextafter(1, 2), 1e300, -1e300, 2.0**31, -(2.0**63), 257 / 256])
LOOPS = [next(loop for loop in loops_at(level) if loop.kernel == "histogram") for level in levels()]
every = pytest.mark.parametrize("call", list(histogram.calls()), ids=lambda call: call.name)


def reference(x):
    return np.histogram(x, bins=256, range=(0, 1))[0]


@every
@pytest.mark.parametrize("repeats", [1, 5])  # short and long: one table and several
def test_the_edges(call, repeats):
    for x in (EDGES, NEAR, OUTSIDE):
        np.testing.assert_array_equal(call(np.tile(x, repeats)), reference(np.tile(x, repeats)), strict=True)
    assert call(np.tile(EDGES, repeats))[-1] == 2 * repeats  # 255/256 and 1 itself
    assert call([-0.0])[0] == 1


@every
def test_what_is_outside_is_counted_nowhere(call):
    x = np.resize(OUTSIDE, 5000)
    assert not call(x).any()


@every
def test_one_part_gets_all(call):
    assert call(np.full(5000, 0.3)).tolist() == [5000 * (part == 76) for part in range(256)]


@settings(max_examples=50, deadline=None)
@given(
    x=arrays(float, st.sampled_from([0, 1, 1023, 1024, 1025]), elements=st.floats(-0.5, 1.5) | st.floats(), fill=st.floats(0, 1))
)
def test_each_level_counts_as_numpy(x):
    for loop in LOOPS:
        result = np.zeros(256, np.intp)
        run(loop, STRATEGIES[0], (x,), result)
        np.testing.assert_array_equal(result, reference(x))


@pytest.mark.parametrize("grain", [1, 1023, 1024, 1025, 5000])
def test_ranges_of_any_length(grain):
    x = np.random.default_rng(1).uniform(-0.2, 1.2, 3000)
    np.testing.assert_array_equal(histogram.c.chunked(x, grain=grain), reference(x))


def test_as_a_generalized_ufunc():
    from gilscope._native.ufuncs import UFUNCS

    ufunc = UFUNCS["histogram"]
    x = np.random.default_rng(2).uniform(-0.2, 1.2, (3, 1200))
    want = np.array([reference(row) for row in x])
    assert ufunc.signature == "(n)->(256)"
    np.testing.assert_array_equal(ufunc(x), want)
    np.testing.assert_array_equal(ufunc(x[:, ::3]), [reference(row) for row in x[:, ::3]])
    np.testing.assert_array_equal(ufunc(x.T, axes=[0, -1]), want)
    out = np.full((3, 512), 77, np.intp)
    assert ufunc(x, out=out[:, ::2]).base is out
    np.testing.assert_array_equal(out[:, ::2], want)
    assert (out[:, 1::2] == 77).all()
    with pytest.raises(ValueError, match="size 255 is different from 256"):
        ufunc(x[0], out=np.empty(255, np.intp))
