"""Every implementation x strategy takes whatever a NumPy user passes, and puts the result where it is wanted."""

import copy
import math

import numpy as np
import pytest
from problems import CALLS, bits, elementwise, in_place, over, real, result_like, sampled, whole_numbers

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, for overflow and NaN

every = over()
by_element = over(elementwise)
by_shape = over(lambda call: not elementwise(call))
of_several = over(lambda call: elementwise(call) and len(call.kernel.inputs) > 1)


# What may be passed


def aligned_wrongly(x):
    buffer = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    buffer[...] = x
    return buffer


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


FORMS = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(map(tuple, x.tolist())) if x.ndim > 1 else tuple(x.tolist()),
    "memoryview": memoryview,
    "every-second": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "column": lambda x: np.stack([x, x], axis=-1)[..., 1],
    "fortran": np.asfortranarray,
    "byte-swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "unaligned": aligned_wrongly,
    "read-only": read_only,
    "masked": lambda x: np.ma.array(x, mask=x > 0),
    "longlong": lambda x: x.astype("q"),
    "int": lambda x: x.astype(int),
    "int8": lambda x: x.astype(np.int8),
    "float16": lambda x: x.astype(np.float16),
    "bool": lambda x: x.astype(bool),
}
TAKEN = [(call, form) for call in CALLS for form in FORMS if real(call) or form != "float16"]


@pytest.mark.parametrize(("call", "form"), TAKEN, ids=[f"{call.name}-{form}" for call, form in TAKEN])
def test_takes(call, form):
    plain = whole_numbers(call, 12, (0, 1, 1, 0, 1) if form == "bool" else (0, 1, -1, 2, 3, -4, 5))
    result, want = call(*(FORMS[form](each) for each in plain)), call(*plain)
    assert type(result) is type(want)
    assert result.dtype == want.dtype
    assert bits(result) == bits(want)


@by_element
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3), (0, 3), (3, 0), (1, 1)], ids=str)
def test_takes_any_number_of_dimensions(call, shape):
    flat = sampled(call, math.prod(shape))
    shaped = [each.reshape(shape) for each in flat]
    matrices = [each.view(np.matrix) for each in shaped if len(shape) == 2]
    for args in (shaped, [np.asfortranarray(each) for each in shaped], matrices or shaped):
        result = call(*args)
        assert (type(result), result.shape) == (np.ndarray, shape)
        assert bits(result) == bits(call(*flat).reshape(shape))


@by_shape
def test_takes_what_its_signature_says(call):
    right = sampled(call, 12)
    wanted = " and ".join(rf"{label} \(\w,( \w)?\)" for label in call.kernel.inputs)
    for wrong in ([each[None] for each in right], [each[0] for each in right], [each[0].tolist() for each in right]):
        with pytest.raises(
            ValueError, match=rf"^{call.kernel.name} was given [^\n]*: it takes {wanted}$".replace(",( ", "(,|, ")
        ):
            call(*wrong)


@by_shape
def test_scalars_are_no_arrays(call):
    with pytest.raises(ValueError, match=rf"^{call.kernel.name} was given {call.kernel.inputs[0]} \(\)"):
        call(*[1.0] * len(call.kernel.inputs))


@over(lambda call: len(call.kernel.inputs) > 1 and not elementwise(call))
def test_lengths_that_differ(call):
    first, last = sampled(call, 12)
    for wrong in (last[:-1], np.concatenate([last, last]), last[..., :-1]):
        if wrong.shape != last.shape and call.kernel.layout.lengths((first.shape, wrong.shape)) is None:
            with pytest.raises(ValueError, match=f"^{call.kernel.name} was given "):
                call(first, wrong)


@every
def test_empty(call):
    result, want = call(*sampled(call, 0)), call.kernel.numpy(*sampled(call, 0))
    assert np.shape(result) == call.kernel.shapes(0)[-1]
    assert bits(result) == bits(want)


@by_element
def test_scalars_give_scalars(call):
    for scalar in (2, True, np.int8(2), np.array(2), *((2.0, np.float64(2), np.array(2.0)) if real(call) else ())):
        result, want = call(*[scalar] * len(call.kernel.inputs)), call(*[[int(scalar)]] * len(call.kernel.inputs))
        assert isinstance(result, str if call.kernel.result == "object" else np.generic)
        assert bits(result) == bits(want[0])


@over(real)
def test_float32_stays(call):
    arrays = sampled(call, 12, "float32")
    for args in (arrays, [each.astype(">f4") for each in arrays], *([[arrays[0], 1.5]] if elementwise(call) else [])):
        result = np.asarray(call(*args[: len(call.kernel.inputs)]))
        if call.kernel.result == "same":
            assert result.dtype == ("float32" if "float32" in call.kernel.dtypes else "float64")
        assert result.dtype == np.asarray(call.kernel.numpy(*args[: len(call.kernel.inputs)])).dtype


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
        assert np.shape(call(scalar, np.empty(0))) == (0,)
    for shape in [(1,), (5,), (6, 1), (1, 6), (0,)]:
        with pytest.raises(ValueError, match="only scalars broadcast") as error:
            call(x, np.ones(shape))
        assert f"x (6,), y {shape}" in str(error.value)


NOT_REAL = [np.complex64, np.complex128, object, str, bytes, "datetime64[s]", "timedelta64[s]", [("a", float)]]
NOT_REAL += [] if np.can_cast(np.longdouble, float) else [np.longdouble]


@every
def test_refuses_what_is_no_number_of_its_kind(call):
    refused = [np.zeros(3, dtype) for dtype in NOT_REAL] + [None, "1", 1j, 2**64, {}, [1.0, None]]
    refused += [] if real(call) else [1.5, np.zeros(3), np.zeros(3, np.float32), np.zeros(3, np.uint64), 2**63]
    kind = "real numbers that fit float64" if real(call) else "integers that fit int64"
    for position, label in enumerate(call.kernel.inputs):
        for each in refused:
            args = list(sampled(call, 3))
            args[position] = each
            with pytest.raises(TypeError, match=f"^{label} has dtype .*: {kind} are accepted$"):
                call(*args)


@every
def test_refuses_another_number_of_inputs(call):
    names = ", ".join(call.kernel.inputs)
    for count in (0, len(call.kernel.inputs) - 1, len(call.kernel.inputs) + 2):
        with pytest.raises(TypeError, match=rf"takes \d inputs? \({names}\) and out, not {count}$"):
            call(*[1.0] * count)
    with pytest.raises(TypeError, match=r"takes \d inputs?"):
        call(*[1.0] * (len(call.kernel.inputs) + 1), out=np.array(1.0))


# Where the result goes


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


@by_element
def test_out_of_scalars_is_0d(call):
    args = [2] * len(call.kernel.inputs)
    out = call([0], *args[1:])[0:1].reshape(())
    assert call(*args, out=out) is out
    assert bits(out) == bits(call(*args))


@over(lambda call: call.kernel.layout.number)
def test_out_of_a_number_is_0d(call):
    inputs, out = sampled(call, 12), np.array(77.0)
    assert call(*inputs, out=out) is out
    assert bits(out) == bits(call(*inputs))


IN_PLACE = [(call, dtype) for call in CALLS if in_place(call) for dtype in call.kernel.dtypes]


@pytest.mark.parametrize(("call", "dtype"), IN_PLACE, ids=[f"{call.name}-{dtype}" for call, dtype in IN_PLACE])
def test_out_may_be_an_input(call, dtype):
    for position in range(len(call.kernel.inputs)):
        for step in (1, 2, -1):
            inputs = [np.repeat(each, 2)[::step] for each in sampled(call, 130, dtype)]
            want = call(*inputs)
            assert call(*inputs, out=inputs[position]) is inputs[position]
            assert bits(inputs[position]) == bits(want)


@over(in_place)
def test_one_array_may_be_everything(call):
    x = sampled(call, 130)[0]
    want = call(*[x] * len(call.kernel.inputs))
    assert bits(call(*[x] * len(call.kernel.inputs), out=x)) == bits(want)


@over(lambda call: call.kernel.layout.result or elementwise(call))
def test_out_may_be_scattered(call):
    inputs = sampled(call, 12)
    want = call(*inputs)
    for step, between in ((2, slice(1, None, 2)), (-2, slice(0, None, 2))):
        room = np.repeat(result_like(call, inputs), 2, axis=-1)
        before, out = bits(room[..., between]), room[..., ::step]
        assert call(*inputs, out=out) is out
        assert bits(out) == bits(want)
        assert bits(room[..., between]) == before
    fortran = np.empty(want.shape, want.dtype, order="F")
    assert call(*inputs, out=fortran) is fortran
    assert bits(fortran) == bits(want)
    if not want.dtype.hasobject:
        assert bits(call(*inputs, out=aligned_wrongly(want))) == bits(want)


@by_element
def test_out_may_be_scattered_in_two_dimensions(call):
    square = [each.reshape(3, 4) for each in sampled(call, 12)]
    want = call(*square)
    for out in (np.empty((3, 4), want.dtype, order="F"), np.empty((3, 4), want.dtype).view(np.matrix)):
        assert call(*square, out=out) is out
        assert bits(out) == bits(want)


WRONG_OUT = {
    "list": (lambda right: right.tolist(), TypeError, r"out must be an ndarray, not (list|float)"),
    "dtype": (lambda right: np.empty(right.shape, "complex64"), TypeError, "out has dtype complex64: it must be"),
    "byte-order": (lambda right: right.astype(right.dtype.newbyteorder()), TypeError, "out has dtype >"),
    "longer": (lambda right: np.empty((9, *right.shape), right.dtype), ValueError, r"out has shape \(9,.*: it must be \("),
    "one-item": (lambda right: np.empty(1, right.dtype), ValueError, r"out has shape \(1,\): it must be \("),
    "column": (lambda right: np.empty((*right.shape, 1), right.dtype), ValueError, r"out has shape \(.*: it must be \("),
    "read-only": (read_only, ValueError, "out is read-only: it must be writable"),
}
NO_ORDER = ("object", "bool")  # dtypes without a byte order
REFUSED = [(call, wrong) for call in CALLS for wrong in WRONG_OUT if call.kernel.result not in NO_ORDER or wrong != "byte-order"]


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


@over(in_place)
@pytest.mark.parametrize("offset", [1, -1, 7])
def test_refuses_partial_overlap(call, offset):
    room = np.arange(60.0)
    before, x = room.copy(), room[20:40]
    for position, label in enumerate(call.kernel.inputs):
        for form in (x, memoryview(x)):
            args = [np.ones(20) for _ in call.kernel.inputs]
            args[position] = form
            for out in (room[20 + offset :][:20], x[::-1], room[20:60:2]):
                with pytest.raises(ValueError, match=f"^out overlaps {label}: pass {label} itself, or an array that shares no"):
                    call(*args, out=out)
    assert bits(room) == bits(before)


@over(lambda call: not elementwise(call))
@pytest.mark.parametrize("offset", [0, 1, 7])
def test_refuses_any_overlap(call, offset):
    inputs = sampled(call, 12)
    wanted = np.asarray(call(*inputs))
    for position, label in enumerate(call.kernel.inputs):
        room = np.zeros(inputs[position].size + wanted.size + 8)
        args = list(inputs)
        args[position] = room[: inputs[position].size].reshape(inputs[position].shape)
        out = room[min(offset, inputs[position].size - 1) :][: wanted.size].view(wanted.dtype).reshape(wanted.shape)
        with pytest.raises(ValueError, match=f"^out overlaps {label}: pass an array that shares no memory$"):
            call(*args, out=out)
        assert not room.any()


@over(lambda call: call.kernel.result == "intc")
def test_refuses_the_same_memory_as_another_type(call):
    x = np.zeros(16, np.float32)
    with pytest.raises(ValueError, match=r"^out overlaps x: "):
        call(x, np.zeros(16, np.float32), out=x.view(np.intc))
    assert not x.any()


@over(in_place)
def test_neighbours_do_not_overlap(call):
    room = np.arange(60.0)
    call(*[room[0:40:2]] * len(call.kernel.inputs), out=room[1:40:2])
    call(*[room[:20]] * len(call.kernel.inputs), out=room[20:40])


# Options

COUNT = [(-1, ValueError), (2**31, ValueError), (2.5, TypeError), (True, TypeError), (None, TypeError)]
WRONG_OPTIONS = {
    "grain": [(0, ValueError), (-1, ValueError), (2**63, ValueError), (2.5, TypeError), (True, TypeError), ("4", TypeError)],
    "threads": [(0, ValueError), (10**6, ValueError), (2.0, TypeError), (False, TypeError), (None, TypeError)],
    "threshold": [(-1, ValueError), (500.0, TypeError), (True, TypeError)],
    "interval": [(-1, ValueError), (np.nan, ValueError), (1e9, ValueError), ("1", TypeError), (True, TypeError)],
}
WRONG = [
    (call, name, *wrong)
    for call in CALLS
    for name in (*call.kernel.parameters, *call.options)
    for wrong in WRONG_OPTIONS.get(name, COUNT)
]


@pytest.mark.parametrize(
    ("call", "name", "value", "error"), WRONG, ids=[f"{call.name}-{name}={value}" for call, name, value, _ in WRONG]
)
def test_refuses_options(call, name, value, error):
    inputs = sampled(call, 5)
    out = result_like(call, inputs)
    before = out.copy()
    with pytest.raises(error, match=f"^{name} must be [^\n]*$"):
        call(*inputs, out=out, **{name: value})
    assert bits(out) == bits(before)


@every
def test_refuses_unknown_options(call):
    with pytest.raises(TypeError, match=rf"^{call.name}\(\) has no option 'grian': its options are \w"):
        call(*sampled(call, 5), grian=4)
