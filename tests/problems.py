"""Problems for every kernel: inputs of the right shapes and numbers, and what counts as the right answer."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gilscope.kernels import KERNELS

CALLS = [call for kernel in KERNELS.values() for call in kernel.calls()]
SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 500, 501]
EXP_ULP = {"float64": 2, "float32": 4}  # ours is within 1; NumPy's within 1, and by its own statement 2.52 in float32
EPS, TINY = np.finfo(float).eps, np.finfo(float).tiny

#: How far from NumPy's a result may be that is a sum, which has a rounding for each term and may be added in any order; and
#: products below `tiny` lose their bits.
SLACK = {
    "sum": lambda x: 2 * x.size * EPS * math.fsum(np.abs(x.astype(float))),
    "dot": lambda x, y: 2 * x.size * (EPS * math.fsum(np.abs(np.multiply(x, y, dtype=float))) + TINY),
    "matmul": lambda x, y: 2 * x.shape[1] * (EPS * (np.abs(x).astype(float) @ np.abs(y).astype(float)) + TINY),
    "pairwise": lambda x, y: 2 * (x.shape[1] + 2) * (EPS * ((x[:, None].astype(float) - y[None]) ** 2).sum(axis=-1) + TINY),
}


def over(condition=lambda call: True, calls=CALLS):
    """A test for each call for which the condition holds."""
    return pytest.mark.parametrize("call", [call for call in calls if condition(call)], ids=lambda call: call.name)


def elementwise(call):
    return call.kernel.layout.elementwise


def real(call):
    """Whether it takes real numbers, not integers."""
    return call.kernel.dtypes[0] == "float64"


def in_place(call):
    """Whether the result may be an input."""
    return elementwise(call) and call.kernel.result == "same"


def bits(result):
    """The bytes of a result; one NaN is as good as another."""
    array = np.asarray(result)
    return array.tolist() if array.dtype.kind in "OU" else np.where(array != array, np.nan, array).tobytes()


def sampled(call, size, dtype=None):
    """Inputs to measure on; in another dtype than the kernel's if it has none like it."""
    kernel = call.kernel
    return tuple(each.astype(dtype or each.dtype) for each in kernel.sample(size))


def whole_numbers(call, size, values=(0, 1, -1, 2, 3, -4, 5)):
    """Small whole numbers, as the kernel's first dtype."""
    return tuple(np.resize(np.array(values, call.kernel.dtypes[0]), shape) for shape in call.kernel.shapes(size)[:-1])


def assert_agrees(call, inputs, result, reference):
    """Equal to what NumPy computes, or as near as two right answers can be."""
    name = call.kernel.name
    assert np.shape(result) == np.shape(reference)
    assert np.asarray(result).dtype == np.asarray(reference).dtype
    if name == "exp":
        np.testing.assert_array_max_ulp(result, reference, EXP_ULP[result.dtype.name])
    elif name in SLACK:
        assert (np.abs(result - reference) <= SLACK[name](*inputs)).all()
    elif name == "sort":
        np.testing.assert_array_equal(result, reference)  # which of two equal zeros comes first is nobody's business
    else:
        assert bits(result) == bits(reference)


def twin_of(call):
    """What must give the same bits: `c`, `ctypes` and `ufunc` run one loop."""
    of = "c" if call.implementation in ("ctypes", "ufunc") else call.implementation
    return next(call.kernel.implementations[of].available())


def numbers(kernel, dtype):
    """Numbers that a kernel can be tried on: where it adds up, none that overflow or are lost."""
    if kernel.dtypes[0] == "int64":
        return st.integers(-100, 2**22)
    width, limit = 8 * np.dtype(dtype).itemsize, 2.0**20
    adds = kernel.name in SLACK
    return st.floats(-2, 2, width=width) | (st.floats(-limit, limit, width=width) if adds else st.floats(width=width))


@st.composite
def problems(draw, kernel, dtype):
    """Inputs of one size."""
    dtype = dtype if kernel.dtypes[0] == "float64" else kernel.dtypes[0]
    size = draw(st.sampled_from(SIZES))
    return tuple(draw(arrays(dtype, shape, elements=numbers(kernel, dtype))) for shape in kernel.shapes(size)[:-1])


def result_like(call, inputs):
    """An array for the result, of what is not the result."""
    out = np.empty_like(call.kernel.numpy(*inputs))
    out[...] = "before" if out.dtype.hasobject else 77
    return out
