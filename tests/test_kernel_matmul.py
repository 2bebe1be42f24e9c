"""What only `matmul` has: tiles of every size, and strategies that a whole does not allow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, Direct, repeat, run
from gilscope.kernels import Missing, Unavailable, matmul

NAMED = {strategy.name: strategy for strategy in STRATEGIES}
SHAPES = [(0, 0, 0), (0, 3, 4), (4, 3, 0), (3, 0, 4), (1, 1, 1), (2, 3, 1), (4, 5, 32), (5, 2, 33), (7, 256, 31), (3, 257, 65)]
calls = pytest.mark.parametrize("call", [*matmul.calls()], ids=lambda call: call.name)


def matrices(m, k, n):
    random = np.random.default_rng(m + 10 * k + 100 * n)
    return random.normal(size=(m, k)), random.normal(size=(k, n))


def reference(x, y):
    """Product by product in order, so bit for bit what all but BLAS compute."""
    return sum((x[:, row, None] * y[row] for row in range(len(y))), np.zeros((len(x), y.shape[1])))


def loop_at(level):
    (loop,) = (each for each in loops_at(level) if each.kernel == "matmul")
    return loop


@calls
def test_known_values(call):
    assert call([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[1.0, 0.0, 2.0], [10.0, 1.0, 0.0]]).tolist() == [
        [21, 2, 2],
        [43, 4, 6],
        [65, 6, 10],
    ]
    assert call(np.ones((2, 0)), np.ones((0, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert call([[np.inf, 1.0]], [[1.0], [1.0]]) == np.inf


@calls
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_bit_for_bit_but_for_blas(call, shape):
    x, y = matrices(*shape)
    if call.implementation == "numpy":
        np.testing.assert_allclose(call(x, y), reference(x, y), rtol=0, atol=1e-12)
    else:
        assert call(x, y).tobytes() == reference(x, y).tobytes()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10), st.integers(0, 300), st.integers(0, 70))
def test_every_level_computes_the_same_bits(m, k, n):
    x, y = matrices(m, k, n)
    for level in levels():
        room = np.full(m * n + 2, 77.0)
        run(loop_at(level), NAMED["released"], (x, y), room[1:-1].reshape(m, n), ())
        assert room[1:-1].tobytes() == reference(x, y).tobytes()
        assert room[[0, -1]].tolist() == [77, 77], "written beyond the result"


def test_what_cuts_is_missing_and_says_why():
    (loop,), x, y = (loop_at(levels()[0]),), *matrices(3, 4, 5)
    out = np.full((3, 5), 77.0)
    for name, strategy in NAMED.items():
        if strategy.cuts:
            assert isinstance(matmul.c.strategies[name], Missing)
            with pytest.raises(Unavailable, match=rf"matmul\.c\.{name} is unavailable: .*computed at once"):
                matmul.c.strategies[name](x, y)
            with pytest.raises(RuntimeError, match="can only be computed at once"):
                run(loop, strategy, (x, y), out, ())
            with pytest.raises(RuntimeError, match="can only be computed at once"):
                Direct((loop,), strategy, ())
    assert [call.strategy for call in matmul.c.available()] == ["held", "released", "declared_nogil", "thresholded"]
    assert (out == 77).all()


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_repeat(calls):
    x, y = matrices(3, 4, 5)
    out = np.full((3, 5), 77.0)
    repeat(loop_at(levels()[-1]), (x, y), out, (), calls)
    assert out.tobytes() == (reference(x, y) if calls else np.full((3, 5), 77.0)).tobytes()


def test_no_sample_is_larger_than_its_result():
    assert matmul.shapes(100_000) == ((250, 250), (250, 400), (250, 400))
    for size in (0, 1, 2, 97, 1_000_003):
        x, y, out = matmul.shapes(size)
        assert np.prod(out) == size >= max(np.prod(x), np.prod(y))


@calls
@pytest.mark.parametrize(("x", "y"), [((2, 3), (2, 3)), ((3,), (3, 2)), ((2, 3), (3,)), ((1, 2, 3), (3, 2))], ids=str)
def test_refuses_shapes_in_one_sentence(call, x, y):
    with pytest.raises(ValueError, match=r"^matmul was given x \(.*\) and y \(.*\): it takes x \(m, k\) and y \(k, n\)$"):
        call(np.ones(x), np.ones(y))


@calls
def test_takes_any_form(call):
    x, y = matrices(3, 4, 5)
    want = call(x, y)
    fortran, strided, swapped = np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x.astype(">f8")
    unaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(float).reshape(x.shape)
    unaligned[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    for form in (x.tolist(), fortran, strided, swapped, unaligned, frozen):
        assert call(form, y).tobytes() == want.tobytes()
    out = np.full((3, 5), 77.0, order="F")
    assert call(x, y, out=out) is out
    assert np.ascontiguousarray(out).tobytes() == want.tobytes()
    with pytest.raises(ValueError, match=r"^out overlaps x: pass an array that shares no memory$"):
        call(x, y[:, :4], out=x)
