"""Every implementation x strategy computes what NumPy does."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import CALLS, assert_agrees, bits, elementwise, over, problems, real, sampled, twin_of

from gilscope.kernels import KERNELS
from gilscope.signatures import parsed

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, for overflow and NaN

dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
kernels = pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
quickly = settings(max_examples=10, deadline=None)


@over()
@dtypes
@quickly
@given(data=st.data())
def test_agrees_with_numpy_and_with_its_twin(call, dtype, data):
    inputs = data.draw(problems(call.kernel, dtype))
    before = copy.deepcopy(inputs)
    result = call(*inputs)
    assert [bits(each) for each in inputs] == [bits(each) for each in before]
    if (call.kernel.name, call.implementation, dtype) not in IN_DOUBLE:
        assert_agrees(call, inputs, result, call.kernel.numpy(*inputs))
    if call.kernel.kind != "fold":
        assert bits(result) == bits(twin_of(call)(*inputs))


#: Pure Python computes these in double precision: float32 inputs may give other counts and roundings.
IN_DOUBLE = {(name, "python", "float32") for name in ("mandelbrot", "poly", "stencil")}


def test_python_mandelbrot_in_float32_differs_in_few_points():
    inputs = KERNELS["mandelbrot"].sample(2500, np.dtype("float32"))
    differ = KERNELS["mandelbrot"].python(*inputs) != KERNELS["mandelbrot"].numpy(*inputs)
    assert differ.mean() < 0.02


def special(dtype):
    """Numbers on which exponentials, and floating point, end."""
    limits = np.finfo(dtype)
    exponents = [88.72, 88.73, -87.4, -103.2, -103.9, -104, 709.78, 709.79, -708.5, -744.4, -745.1, -745.2, -746, 1e9]
    wild = [np.nan, np.inf, -np.inf, 0, -0.0, 1, limits.max, -limits.max, limits.tiny, limits.smallest_subnormal]
    return np.array(wild + exponents, dtype)


@over(lambda call: elementwise(call) and real(call))
@dtypes
def test_special_values_as_numpy_gives_them(call, dtype):
    if (call.kernel.name, call.implementation, dtype) in IN_DOUBLE:
        return
    grid = [each.ravel() for each in np.meshgrid(*[special(dtype)] * len(call.kernel.inputs))]
    assert_agrees(call, grid, call(*grid), call.kernel.numpy(*grid))


@over(lambda call: call.kernel.kind == "fold")
def test_special_values_alone_as_numpy_gives_them(call):
    grid = [each.ravel() for each in np.meshgrid(*[special("float64")] * len(call.kernel.inputs))]
    for i in range(0, grid[0].size, 3):
        one = [each[i : i + 1] for each in grid]
        np.testing.assert_array_equal(call(*one), call.kernel.numpy(*one))


@over(lambda call: elementwise(call))
@dtypes
@pytest.mark.parametrize("start", [1, 3, 64])
def test_a_result_does_not_depend_on_the_position(call, dtype, start):
    inputs = sampled(call, 150, dtype if real(call) else None)
    assert bits(call(*(each[start:] for each in inputs))) == bits(call(*inputs)[start:])


CUTS = {
    "grain": [1, 2, 3, 7, 63, 64, 65, 500, 501, 502, 2**62],
    "threads": [1, 2, 3, 7, 256],
    "threshold": [0, 500, 501, 2**62],
    "interval": [0, 1e-6, 1, np.float32(0.5)],
}
CUT = [(call, {name: value}) for call in CALLS for name in call.options for value in CUTS[name]]


@pytest.mark.parametrize(
    ("call", "option"), CUT, ids=[f"{call.name}-{name}={value}" for call, option in CUT for name, value in option.items()]
)
@dtypes
def test_a_result_does_not_depend_on_how_the_work_is_cut(call, option, dtype):
    inputs = sampled(call, 501, dtype if real(call) else None)
    if call.kernel.kind == "fold":
        assert_agrees(call, inputs, call(*inputs, **option), twin_of(call)(*inputs))
    else:
        assert bits(call(*inputs, **option)) == bits(twin_of(call)(*inputs))


@over(lambda call: "iterations" in call.kernel.parameters)
@pytest.mark.parametrize("iterations", [0, 1, 3, 4, 100, np.int8(9)])
def test_iterations(call, iterations):
    inputs = sampled(call, 100)
    result = call(*inputs, iterations=iterations)
    np.testing.assert_array_equal(result, np.minimum(call(*inputs), iterations))
    assert iterations < 2 or len(set(result)) > 1


# The tables


@kernels
def test_a_kernel_calls_its_best(kernel):
    inputs = kernel.sample(501)
    assert bits(kernel(*inputs)) == bits(kernel(*(each.tolist() for each in inputs)))
    assert kernel._best.name == f"{kernel.name}.{kernel.best}"
    out = np.empty_like(kernel(*inputs))
    assert kernel(*inputs, out=out, **kernel.parameters) is out


@kernels
def test_samples_are_of_the_size_and_the_same_every_time(kernel):
    for size in (0, 1, 12, 1000):
        *shapes, result = kernel.shapes(size)
        inputs = kernel.sample(size)
        assert [each.shape for each in inputs] == shapes
        assert [bits(each) for each in inputs] == [bits(each) for each in kernel.sample(size)]
        assert size in (np.prod(result, dtype=int), inputs[0].size)


@kernels
def test_the_c_loops_are_those_of_the_kernel(kernel):
    from gilscope._native.loops import LOOPS

    mine = [loop for loop in LOOPS if loop.kernel == kernel.name]
    assert bool(mine) == ("c" not in kernel.missing)
    for loop in mine:
        assert (loop.kind, loop.signature, loop.inputs) == (kernel.kind, kernel.signature, len(parsed(loop.signature).inputs))
        assert loop.element in kernel.dtypes
        assert loop.result == (loop.element if kernel.result == "same" else np.dtype(kernel.result).name)
        assert (loop.inputs, loop.parameters) == (len(kernel.inputs), len(kernel.parameters))
