"""Every implementation x strategy computes what NumPy does, on whatever a NumPy user passes."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gilscope.kernels import KERNELS

CALLS = [call for kernel in KERNELS.values() for call in kernel.calls()]
SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 500, 501]
EXP_ULP = {"float64": 2, "float32": 4}  # ours is within 1; NumPy's within 1, and by its own statement 2.52 in float32

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, for overflow and NaN


def over(condition=lambda call: True):
    """A test for each call for which the condition holds."""
    return pytest.mark.parametrize("call", [call for call in CALLS if condition(call)], ids=lambda call: call.name)


every = over()
maps = over(lambda call: call.kernel.kind == "map")
folds = over(lambda call: call.kernel.kind == "fold")
of_several = over(lambda call: len(call.kernel.inputs) > 1)
in_place = over(lambda call: call.kernel.kind == "map" and call.kernel.result == "same")
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
quickly = settings(max_examples=10, deadline=None)


def bits(result):
    """The bytes of a result; one NaN is as good as another."""
    array = np.asarray(result)
    return array.tolist() if array.dtype.kind in "OU" else np.where(array != array, np.nan, array).tobytes()


def sampled(call, size, dtype="float64"):
    return call.kernel.sample(size, np.dtype(dtype))


def assert_agrees(call, inputs, result, reference):
    """Equal to what NumPy computes, or as near as two right answers can be."""
    assert np.shape(result) == np.shape(reference)
    assert np.asarray(result).dtype == np.asarray(reference).dtype
    if call.kernel.name == "exp":
        np.testing.assert_array_max_ulp(result, reference, EXP_ULP[result.dtype.name])
    elif call.kernel.kind == "fold":
        # Each sum, NumPy's too, is off by at most a rounding of each partial sum; products below `tiny` lose their bits.
        size, magnitude = inputs[0].size, math.fsum(np.abs(np.multiply(*inputs, dtype=float)))
        assert abs(result - reference) <= 2 * size * (np.finfo(float).eps * magnitude + np.finfo(float).tiny)
    else:
        assert bits(result) == bits(reference)


def twin_of(call):
    """What must give the same bits: `c`, `ctypes` and `ufunc` run one loop."""
    of = "c" if call.implementation in ("ctypes", "ufunc") else call.implementation
    return next(call.kernel.implementations[of].available())


@st.composite
def problems(draw, kernel, dtype):
    """Inputs of one size; for a fold, numbers whose sum of products neither overflows nor is lost."""
    width, limit = 8 * np.dtype(dtype).itemsize, 2.0**20
    ordinary = st.floats(-2, 2, width=width)
    wild = st.floats(-limit, limit, width=width) if kernel.kind == "fold" else st.floats(width=width)
    size = draw(st.sampled_from(SIZES))
    return tuple(draw(arrays(dtype, size, elements=ordinary | wild)) for _ in kernel.inputs)


# What is computed


@every
@dtypes
@quickly
@given(data=st.data())
def test_agrees_with_numpy_and_with_its_twin(call, dtype, data):
    inputs = data.draw(problems(call.kernel, dtype))
    before = copy.deepcopy(inputs)
    result = call(*inputs)
    assert [bits(each) for each in inputs] == [bits(each) for each in before]
    if (call.kernel.name, call.implementation, dtype) != ("mandelbrot", "python", "float32"):  # it computes in double
        assert_agrees(call, inputs, result, call.kernel.numpy(*inputs))
    if call.kernel.kind == "map":
        assert bits(result) == bits(twin_of(call)(*inputs))


def test_python_mandelbrot_in_float32_differs_in_few_points():
    inputs = KERNELS["mandelbrot"].sample(2500, np.dtype("float32"))
    differ = KERNELS["mandelbrot"].python(*inputs) != KERNELS["mandelbrot"].numpy(*inputs)
    assert differ.mean() < 0.02


@every
@dtypes
def test_special_values_as_numpy_gives_them(call, dtype):
    limits = np.finfo(dtype)
    exponents = [88.72, 88.73, -87.4, -103.2, -103.9, -104, 709.78, 709.79, -708.5, -744.4, -745.1, -745.2, -746, 1e9]
    special = [np.nan, np.inf, -np.inf, 0, -0.0, 1, limits.max, -limits.max, limits.tiny, limits.smallest_subnormal]
    one = np.array(special + exponents, dtype)
    grid = np.meshgrid(*[one] * len(call.kernel.inputs))
    pairs = [each.ravel() for each in grid]
    if call.kernel.kind == "map":
        assert_agrees(call, pairs, call(*pairs), call.kernel.numpy(*pairs))
    else:
        found = [call(*(each[i : i + 1] for each in pairs)) for i in range(0, pairs[0].size, 3)]
        np.testing.assert_array_equal(found, np.multiply(*pairs, dtype=float)[::3])


@maps
@dtypes
@pytest.mark.parametrize("start", [1, 3, 64])
def test_a_result_does_not_depend_on_the_position(call, dtype, start):
    inputs = sampled(call, 150, dtype)
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
    inputs = sampled(call, 501, dtype)
    if call.kernel.kind == "map":
        assert bits(call(*inputs, **option)) == bits(twin_of(call)(*inputs))
    else:
        assert_agrees(call, inputs, call(*inputs, **option), twin_of(call)(*inputs))


@over(lambda call: "iterations" in call.kernel.parameters)
@pytest.mark.parametrize("iterations", [0, 1, 3, 4, 100, np.int8(9)])
def test_iterations(call, iterations):
    inputs = sampled(call, 100)
    result = call(*inputs, iterations=iterations)
    np.testing.assert_array_equal(result, np.minimum(call(*inputs), iterations))
    assert iterations < 2 or len(set(result)) > 1


# What may be passed


def aligned_wrongly(x):
    buffer = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype)
    buffer[:] = x
    return buffer


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


FORMS = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "memoryview": memoryview,
    "every-second": lambda x: np.repeat(x, 2)[::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "column": lambda x: np.column_stack([x, x])[:, 1],
    "byte-swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "unaligned": aligned_wrongly,
    "read-only": read_only,
    "masked": lambda x: np.ma.array(x, mask=x > 0),
    "int": lambda x: x.astype(int),
    "int8": lambda x: x.astype(np.int8),
    "float16": lambda x: x.astype(np.float16),
    "bool": lambda x: x.astype(bool),
}


@every
@pytest.mark.parametrize("form", FORMS)
def test_takes(call, form):
    plain = np.array([0.0, 1, 1, 0, 1, 0, 0] if form == "bool" else [0.0, 1, -1, 2, 3, -4, 5])
    result, want = call(*[FORMS[form](plain)] * len(call.kernel.inputs)), call(*[plain] * len(call.kernel.inputs))
    assert type(result) is type(want)
    assert result.dtype == want.dtype
    assert bits(result) == bits(want)


@maps
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3), (0, 3), (3, 0), (1, 1)], ids=str)
def test_takes_any_number_of_dimensions(call, shape):
    flat = sampled(call, math.prod(shape))
    shaped = [each.reshape(shape) for each in flat]
    matrices = [each.view(np.matrix) for each in shaped if len(shape) == 2]
    for args in (shaped, [np.asfortranarray(each) for each in shaped], matrices or shaped):
        result = call(*args)
        assert (type(result), result.shape) == (np.ndarray, shape)
        assert bits(result) == bits(call(*flat).reshape(shape))


@folds
def test_a_fold_takes_one_dimension(call):
    for form in (np.ones((2, 2)), [[1.0, 2.0]]):
        with pytest.raises(ValueError, match=r"dot was given x \(\d, 2\) and y \(\d, 2\): it takes x \(n,\) and y \(n,\)"):
            call(*[form] * len(call.kernel.inputs))


@every
def test_empty(call):
    result = call(*[[]] * len(call.kernel.inputs))
    assert result == 0.0 if call.kernel.kind == "fold" else (result.shape == (0,))


@every
def test_scalars_give_scalars(call):
    for scalar in (2, 2.0, True, np.float64(2), np.int8(2), np.array(2.0), np.array(2)):
        result, want = call(*[scalar] * len(call.kernel.inputs)), call(*[[float(scalar)]] * len(call.kernel.inputs))
        assert isinstance(result, str if call.kernel.result == "object" else np.generic)
        assert bits(result) == bits(want if call.kernel.kind == "fold" else want[0])


@every
def test_float32_stays(call):
    for args in ([np.float32(1)] * 2, [np.ones(3, np.float32)] * 2, [np.ones(3, ">f4")] * 2, [np.ones(3, "f4"), 1.5]):
        result = call(*args[: len(call.kernel.inputs)])
        if call.kernel.result == "same":
            assert result.dtype == ("float32" if "float32" in call.kernel.dtypes else "float64")
        assert np.asarray(result).dtype == np.asarray(call.kernel.numpy(*args[: len(call.kernel.inputs)])).dtype


@of_several
@pytest.mark.parametrize("other", ["float64", "float16", "int32", "bool"])
def test_other_dtypes_beside_float32_compute_in_float64(call, other):
    x, y = np.float32([0.1, 0.2]), np.ones(2, other)
    assert bits(call(x, y)) == bits(call(x.astype(float), y.astype(float)))


@of_several
def test_only_scalars_broadcast(call):
    x = np.arange(6.0)
    for scalar in (2, 2.0, np.float64(2), np.array(2.0)):
        assert bits(call(x, scalar)) == bits(call(x, np.full(6, 2.0)))
        assert bits(call(scalar, x)) == bits(call(np.full(6, 2.0), x))
        assert np.shape(call(scalar, np.empty(0))) == (() if call.kernel.kind == "fold" else (0,))
    for shape in [(1,), (5,), (6, 1), (1, 6), (0,)]:
        with pytest.raises(ValueError, match="only scalars broadcast") as error:
            call(x, np.ones(shape))
        assert f"x (6,), y {shape}" in str(error.value)


NOT_REAL = [np.complex64, np.complex128, object, str, bytes, "datetime64[s]", "timedelta64[s]", [("a", float)]]
NOT_REAL += [] if np.can_cast(np.longdouble, float) else [np.longdouble]


@every
def test_refuses_what_is_not_a_real_number(call):
    refused = [np.zeros(3, dtype) for dtype in NOT_REAL] + [None, "1", 1j, 2**64, {}, [1.0, None]]
    for position, label in enumerate(call.kernel.inputs):
        for each in refused:
            args = [np.ones(3) for _ in call.kernel.inputs]
            args[position] = each
            with pytest.raises(TypeError, match=f"^{label} has dtype .*: real numbers that fit float64 are accepted$"):
                call(*args)


@every
def test_refuses_another_number_of_inputs(call):
    names = ", ".join(call.kernel.inputs)
    for count in (0, len(call.kernel.inputs) - 1, len(call.kernel.inputs) + 2):
        with pytest.raises(TypeError, match=rf"takes \d inputs \({names}\) and out, not {count}$"):
            call(*[1.0] * count)
    with pytest.raises(TypeError, match="inputs"):
        call(*[1.0] * (len(call.kernel.inputs) + 1), out=np.array(1.0))


# Where the result goes


def result_like(call, inputs):
    """An array for the result, of what is not the result."""
    out = np.empty_like(call.kernel.numpy(*inputs))
    out[...] = "before" if out.dtype.hasobject else 77
    return out


@every
def test_out_is_returned(call):
    inputs = sampled(call, 501)
    want, out = call(*inputs), result_like(call, inputs)
    assert call(*inputs, out=out) is out
    assert bits(out) == bits(want)
    out = result_like(call, inputs)
    assert call(*inputs, out) is out
    assert bits(out) == bits(want)
    assert bits(call(*inputs, None)) == bits(call(*inputs, out=None)) == bits(want)


@every
def test_out_of_scalars_is_0d(call):
    args = [2.0] * len(call.kernel.inputs)
    out = call([0.0], *args[1:])[0:1].reshape(()) if call.kernel.kind == "map" else np.array(77.0)
    assert call(*args, out=out) is out
    assert bits(out) == bits(call(*args))


@in_place
@dtypes
def test_out_may_be_an_input(call, dtype):
    for position in range(len(call.kernel.inputs)):
        for step in (1, 2, -1):
            inputs = [np.repeat(each, 2)[::step] for each in sampled(call, 130, dtype)]
            want = call(*inputs)
            assert call(*inputs, out=inputs[position]) is inputs[position]
            assert bits(inputs[position]) == bits(want)


@in_place
def test_one_array_may_be_everything(call):
    x = sampled(call, 130)[0]
    want = call(*[x] * len(call.kernel.inputs))
    assert bits(call(*[x] * len(call.kernel.inputs), out=x)) == bits(want)


@maps
def test_out_may_be_scattered(call):
    inputs = sampled(call, 12)
    want = call(*inputs)
    for step, between in ((2, slice(1, None, 2)), (-2, slice(0, None, 2))):
        room = np.repeat(result_like(call, inputs), 2)
        before, out = bits(room[between]), room[::step]
        assert call(*inputs, out=out) is out
        assert bits(out) == bits(want)
        assert bits(room[between]) == before
    square = [each.reshape(3, 4) for each in inputs]
    for out in (np.empty((3, 4), want.dtype, order="F"), np.empty((3, 4), want.dtype).view(np.matrix)):
        assert call(*square, out=out) is out
        assert bits(out) == bits(want.reshape(3, 4))
    if not want.dtype.hasobject:
        assert bits(call(*inputs, out=aligned_wrongly(want))) == bits(want)


WRONG_OUT = {
    "list": (lambda right: right.tolist(), TypeError, "out must be an ndarray, not (list|float)"),
    "dtype": (lambda right: np.empty(right.shape, "complex64"), TypeError, "out has dtype complex64: it must be"),
    "byte-order": (lambda right: right.astype(right.dtype.newbyteorder()), TypeError, "out has dtype >"),
    "longer": (lambda right: np.empty((9, *right.shape), right.dtype), ValueError, r"out has shape \(9,.*: it must be \("),
    "one-item": (lambda right: np.empty(1, right.dtype), ValueError, r"out has shape \(1,\): it must be \("),
    "column": (lambda right: np.empty((*right.shape, 1), right.dtype), ValueError, r"out has shape \(.*: it must be \("),
    "read-only": (read_only, ValueError, "out is read-only: it must be writable"),
}


REFUSED = [(call, wrong) for call in CALLS for wrong in WRONG_OUT if (call.kernel.result, wrong) != ("object", "byte-order")]


@pytest.mark.parametrize(("call", "wrong"), REFUSED, ids=[f"{call.name}-{wrong}" for call, wrong in REFUSED])
def test_refuses_out(call, wrong):
    make, error, message = WRONG_OUT[wrong]
    inputs = sampled(call, 5)
    right = result_like(call, inputs)
    out = make(right)
    before = copy.deepcopy(out)
    for args in (inputs, [each.tolist() for each in inputs]):
        with pytest.raises(error, match=f"^{message}"):
            call(*args, out=out)
    assert bits(out) == bits(before)


@over(lambda call: call.kernel.result == "same")
@pytest.mark.parametrize("offset", [1, -1, 7])
def test_refuses_partial_overlap(call, offset):
    size = 20
    room = np.arange(60.0)
    before = room.copy()
    x = room[20 : 20 + size]
    outs = {
        "map": [room[20 + offset :][:size], x[::-1], room[20:60:2]],
        "fold": [room[20 + offset % size :][:1].reshape(())],
    }[call.kernel.kind]
    for position, label in enumerate(call.kernel.inputs):
        for form in (x, memoryview(x)):
            args = [np.ones(size) for _ in call.kernel.inputs]
            args[position] = form
            for out in outs:
                with pytest.raises(
                    ValueError,
                    match=f"^out overlaps {label}: pass {label if call.kernel.layout.elementwise else 'an array that shares'}",
                ):
                    call(*args, out=out)
    assert bits(room) == bits(before)


@over(lambda call: call.kernel.result == "intc")
def test_refuses_the_same_memory_as_another_type(call):
    x = np.zeros(16, np.float32)
    with pytest.raises(ValueError, match="overlaps x partly"):
        call(x, np.zeros(16, np.float32), out=x.view(np.intc))
    assert not x.any()


@in_place
def test_neighbours_do_not_overlap(call):
    room = np.arange(60.0)
    call(*[room[0:40:2]] * len(call.kernel.inputs), out=room[1:40:2])
    call(*[room[:20]] * len(call.kernel.inputs), out=room[20:40])


# Options

WRONG_OPTIONS = {
    "grain": [(0, ValueError), (-1, ValueError), (2**63, ValueError), (2.5, TypeError), (True, TypeError), ("4", TypeError)],
    "threads": [(0, ValueError), (10**6, ValueError), (2.0, TypeError), (False, TypeError), (None, TypeError)],
    "threshold": [(-1, ValueError), (500.0, TypeError), (True, TypeError)],
    "interval": [(-1, ValueError), (np.nan, ValueError), (1e9, ValueError), ("1", TypeError), (True, TypeError)],
    "iterations": [(-1, ValueError), (2**31, ValueError), (2.5, TypeError), (True, TypeError), (None, TypeError)],
}
WRONG = [
    (call, name, *wrong) for call in CALLS for name in (*call.kernel.parameters, *call.options) for wrong in WRONG_OPTIONS[name]
]


@pytest.mark.parametrize(
    ("call", "name", "value", "error"), WRONG, ids=[f"{call.name}-{name}={value}" for call, name, value, _ in WRONG]
)
def test_refuses_options(call, name, value, error):
    inputs = sampled(call, 5)
    out = result_like(call, inputs)
    with pytest.raises(error, match=f"^{name} must be [^\n]*$"):
        call(*inputs, out=out, **{name: value})
    assert (out == 77).all()


@every
def test_refuses_unknown_options(call):
    with pytest.raises(TypeError, match=rf"^{call.name}\(\) has no option 'grian': its options are \w"):
        call(*sampled(call, 5), grian=4)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_a_kernel_calls_its_best(kernel):
    inputs = kernel.sample(501, np.dtype("float64"))
    assert bits(kernel(*inputs)) == bits(kernel(*(each.tolist() for each in inputs)))
    assert kernel._best.name == f"{kernel.name}.{kernel.best}"
    out = np.empty_like(kernel(*inputs))
    assert kernel(*inputs, out=out, **kernel.parameters) is out
