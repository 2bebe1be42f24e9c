"""What only `stencil` has: a border, neighbours, and ranges that cut through rows."""

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import stencil
from gilscope.kernels._implementations import Task

NAMED = {strategy.name: strategy for strategy in STRATEGIES}
calls = pytest.mark.parametrize("call", [*stencil.calls()], ids=lambda call: call.name)
dtypes = pytest.mark.parametrize("dtype", stencil.dtypes)


def grid(m, n, dtype="float64"):
    return np.random.default_rng(m + 100 * n).normal(size=(m, n)).astype(dtype)


def reference(u):
    """Cell by cell, in the dtype, in the order that the loop states."""
    out, four, tenth = u.copy(), u.dtype.type(4), u.dtype.type(0.1)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            total = (((u[i - 1, j] + u[i + 1, j]) + u[i, j - 1]) + u[i, j + 1]) - four * u[i, j]
            out[i, j] = u[i, j] + tenth * total
    return out


@calls
def test_known_values(call):
    u = np.zeros((5, 5))
    u[2, 2] = 10
    assert call(u).tolist() == [[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 6, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    u = np.zeros((4, 5))
    u[0, 1], u[3, 2], u[1, 0], u[2, 4] = 10, 20, 30, 40  # on the border: they stay, and warm their neighbours
    assert call(u).tolist() == [[0, 10, 0, 0, 0], [30, 4, 0, 0, 0], [0, 0, 2, 4, 40], [0, 0, 20, 0, 0]]


@calls
@dtypes
@pytest.mark.parametrize(
    "shape", [(0, 0), (0, 3), (3, 0), (1, 1), (1, 9), (9, 1), (2, 2), (2, 9), (9, 2), (3, 3), (7, 65)], ids=str
)
def test_agrees_bit_for_bit(call, dtype, shape):
    u = grid(*shape, dtype)
    if call.implementation == "python" and dtype == "float32":  # it computes in double precision
        np.testing.assert_allclose(call(u), reference(u), rtol=1e-5, atol=1e-6)
    else:
        assert call(u).tobytes() == reference(u).tobytes()


@dtypes
@settings(max_examples=50, deadline=None)
@given(m=st.integers(0, 7), n=st.integers(0, 40), grain=st.integers(1, 100))
def test_a_range_may_cut_through_rows(dtype, m, n, grain):
    u = grid(m, n, dtype)
    for level in levels():
        (loop,) = (each for each in loops_at(level) if each.kernel == "stencil" and each.element == dtype)
        out = np.full_like(u, 77)
        run(loop, NAMED["chunked"], (u,), out, (), {"grain": grain})
        assert out.tobytes() == reference(u).tobytes()


@calls
def test_refuses_the_grid_itself(call):
    u = grid(4, 5)
    before = u.copy()
    with pytest.raises(ValueError, match=r"^out overlaps u: pass an array that shares no memory$"):
        call(u, out=u)
    assert u.tobytes() == before.tobytes()


def test_a_range_is_all_that_is_written():
    inputs, want = (grid(5, 7),), stencil(*(grid(5, 7),)).ravel()
    for level in levels():
        loop = next(each for each in loops_at(level) if each.kernel == "stencil" and each.element == "float64")
        function = ctypes.CFUNCTYPE(None, ctypes.POINTER(Task), ctypes.c_ssize_t, ctypes.c_ssize_t)(loop.address)
        for start in range(want.size + 1):
            for stop in range(start, want.size + 1):
                out = np.full(want.size, 77.0)
                pointers = (ctypes.c_void_p * 3)(*(each.ctypes.data for each in inputs))
                lengths = (ctypes.c_ssize_t * 3)(*loop.lengths(tuple(inputs), out.reshape(stencil(*inputs).shape)))
                function(Task(pointers, out.ctypes.data, lengths), start, stop)
                assert out[start:stop].tobytes() == want[start:stop].tobytes()
                assert (np.delete(out, slice(start, stop)) == 77).all(), "written beyond the range"
