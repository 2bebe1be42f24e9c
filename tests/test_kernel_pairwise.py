"""What only `pairwise` has: known distances, any number of coordinates, and ranges that cut through rows."""

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope._native.loops import LOOPS, levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import pairwise
from gilscope.kernels._implementations import Task

NAMED = {strategy.name: strategy for strategy in STRATEGIES}
SHAPES = [(0, 0, 0), (0, 3, 4), (4, 3, 0), (3, 0, 4), (1, 1, 1), (2, 3, 1), (5, 2, 7), (3, 17, 131), (7, 33, 257), (129, 1, 3)]
calls = pytest.mark.parametrize("call", [*pairwise.calls()], ids=lambda call: call.name)


def points(m, k, n):
    random = np.random.default_rng(m + 10 * k + 100 * n)
    return random.normal(size=(m, k)), random.normal(size=(n, k))


def reference(x, y):
    """In the order of the coordinates, so bit for bit what every implementation computes."""
    return sum(((x[:, None, d] - y[None, :, d]) ** 2 for d in range(x.shape[1])), np.zeros((len(x), len(y))))


def computed(loop, x, y, strategy="held", **options):
    out = np.full((len(x), len(y)), 77.0)
    run(loop, NAMED[strategy], (x, y), out, (), options)
    return out


@calls
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, for infinity less infinity
def test_known_distances(call):
    x, y = [[0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0], [3.0, 0.0], [-3.0, -4.0]]
    assert call(x, y).tolist() == [[0, 9, 25], [25, 16, 100]]
    assert np.isnan(call([[np.inf, 0.0]], [[np.inf, 0.0]])).all()
    assert call(np.ones((2, 0)), np.ones((3, 0))).tolist() == [[0, 0, 0], [0, 0, 0]]


@calls
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_bit_for_bit(call, shape):
    x, y = points(*shape)
    assert call(x, y).tobytes() == reference(x, y).tobytes()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 6), st.integers(0, 40), st.integers(0, 300), st.integers(1, 700))
def test_a_range_may_cut_through_rows(m, k, n, grain):
    x, y = points(m, k, n)
    for level in levels():
        (loop,) = (each for each in loops_at(level) if each.kernel == "pairwise")
        assert computed(loop, x, y, "chunked", grain=grain).tobytes() == reference(x, y).tobytes()


@pytest.mark.parametrize("grain", [1, 2, 3, 127, 128, 129, 256, 257, 258, 514, 515])
def test_every_grain(grain):
    x, y = points(5, 18, 257)
    (loop,) = (each for each in LOOPS if each.kernel == "pairwise")
    assert computed(loop, x, y, "chunked", grain=grain).tobytes() == computed(loop, x, y).tobytes()


def test_the_result_has_the_size_asked_for():
    for size in (0, 1, 2, 12, 97, 100_000):
        assert np.prod(pairwise.shapes(size)[-1]) == size
    assert pairwise.shapes(100_000) == ((250, 3), (400, 3), (250, 400))


def test_a_range_is_all_that_is_written():
    inputs, want = points(4, 3, 7), pairwise(*points(4, 3, 7)).ravel()
    for level in levels():
        loop = next(each for each in loops_at(level) if each.kernel == "pairwise" and each.element == "float64")
        function = ctypes.CFUNCTYPE(None, ctypes.POINTER(Task), ctypes.c_ssize_t, ctypes.c_ssize_t)(loop.address)
        for start in range(want.size + 1):
            for stop in range(start, want.size + 1):
                out = np.full(want.size, 77.0)
                pointers = (ctypes.c_void_p * 3)(*(each.ctypes.data for each in inputs))
                lengths = (ctypes.c_ssize_t * 3)(*loop.lengths(tuple(inputs), out.reshape(pairwise(*inputs).shape)))
                function(Task(pointers, out.ctypes.data, lengths), start, stop)
                assert out[start:stop].tobytes() == want[start:stop].tobytes()
                assert (np.delete(out, slice(start, stop)) == 77).all(), "written beyond the range"
