"""Every callable has a name, a signature, a repr, a source and a pickle; what is missing says why."""

import copy
import inspect
import pickle
import re

import numpy as np
import pytest
from problems import sampled

from gilscope._native.ufuncs import UFUNCS as NATIVE
from gilscope.kernels import KERNELS, Implementation, Missing, Unavailable, lookup

CALLS = {call.name: call for kernel in KERNELS.values() for call in kernel.calls()}
NAMED = {
    **KERNELS,
    **{f"{kernel.name}.{name}": each for kernel in KERNELS.values() for name, each in kernel.implementations.items()},
    **CALLS,
}
MISSING = {
    each.name: each
    for kernel in KERNELS.values()
    for implementation in kernel.implementations.values()
    for each in (implementation, *implementation.strategies.values())
    if isinstance(each, Missing)
}
NAMED.update(MISSING)
KERNELS_, CALLS_, MISSING_ = (
    pytest.mark.parametrize(name, table.values(), ids=table)
    for name, table in (("kernel", KERNELS), ("call", CALLS), ("missing", MISSING))
)
NAMED_ = pytest.mark.parametrize("name", NAMED)


# Names


@NAMED_
def test_a_name_is_what_one_can_paste(name):
    assert lookup(name) is NAMED[name]
    assert eval(name, dict(KERNELS)) is NAMED[name]
    assert getattr(NAMED[name], "name", name) == name


@NAMED_
def test_pickles_and_copies_are_the_same_object(name):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(NAMED[name], protocol)) is NAMED[name]
    assert copy.copy(NAMED[name]) is NAMED[name]
    assert copy.deepcopy(NAMED[name]) is NAMED[name]


@NAMED_
def test_a_repr_has_the_name(name):
    assert name in repr(NAMED[name])
    assert repr(NAMED[name]).startswith("<")


def test_the_tables_agree():
    from gilscope._native.strategies import STRATEGIES
    from gilscope.kernels._implementations import IMPLEMENTATIONS

    for name, kernel in KERNELS.items():
        assert kernel.name == name
        assert list(kernel.implementations) == list(IMPLEMENTATIONS)
        assert {*kernel.missing} <= {*IMPLEMENTATIONS} | {each.removeprefix(f"{name}.") for each in MISSING}
        assert {*kernel.slower} <= {*IMPLEMENTATIONS} - {*kernel.missing}
        assert f"{name}.{kernel.best}" in CALLS
        if not isinstance(kernel.c, Missing):
            assert list(kernel.c.strategies) == [each.name for each in STRATEGIES]


@pytest.mark.parametrize("name", ["", "sin", "exp.fortran", "exp.c.nogil", "exp.numpy.held", "exp.c.released.now"])
def test_lookup_refuses(name):
    with pytest.raises((ValueError, AttributeError)):
        lookup(name)


def test_lookup_says_what_there_is():
    with pytest.raises(ValueError, match=f"no kernel 'sin': kernels are {', '.join(KERNELS)}"):
        lookup("sin")


# Attributes


@KERNELS_
def test_unknown_attributes_list_what_there_is(kernel):
    with pytest.raises(AttributeError, match=f"'fortran'.*{', '.join(kernel.implementations)}"):
        _ = kernel.fortran
    for implementation in kernel.implementations.values():
        if isinstance(implementation, Implementation):
            with pytest.raises(AttributeError, match=f"'nogil'.*{', '.join(implementation.strategies)}"):
                _ = implementation.nogil


@KERNELS_
def test_dir_lists_what_there_is(kernel):
    assert {*kernel.implementations} <= {*dir(kernel)}
    for implementation in kernel.implementations.values():
        if isinstance(implementation, Implementation):
            assert {*implementation.strategies} <= {*dir(implementation)}


@NAMED_
def test_private_attributes_are_ordinary(name):
    assert not hasattr(NAMED[name], "__wrapped__")
    assert not hasattr(NAMED[name], "_repr_html_")


@NAMED_
def test_has_documentation(name):
    assert inspect.getdoc(type(NAMED[name]))


# Signatures and sources


@CALLS_
def test_signature(call):
    signature = inspect.signature(call)
    assert list(signature.parameters) == [*call.kernel.inputs, "out", *call.kernel.parameters, *call.options]
    defaults = {name: each.default for name, each in signature.parameters.items() if name not in call.kernel.inputs}
    assert defaults == {"out": None, **call.kernel.parameters, **call.options}
    assert str(signature) in repr(call)


@CALLS_
def test_the_signature_is_true(call):
    inputs, signature = sampled(call, 5), inspect.signature(call)
    bound = signature.bind(*inputs)
    bound.apply_defaults()
    np.testing.assert_array_equal(call(*bound.args, **bound.kwargs), call(*inputs))


@KERNELS_
def test_a_kernel_has_the_signature_of_its_best(kernel):
    assert inspect.signature(kernel) == inspect.signature(CALLS[f"{kernel.name}.{kernel.best}"])


@CALLS_
def test_source(call):
    if call.implementation in ("c", "ctypes", "ufunc"):
        with pytest.raises(Unavailable, match=f"{call.name} has no source in the package: .*csrc/kernels"):
            _ = call.source
    else:
        function = f"{call.kernel.name}_{call.implementation if call.strategy == 'own' else call.strategy}"
        *loop, last = re.findall(r"^(?:cdef [\w ]* |def )(\w+)\(", call.source, re.MULTILINE)
        assert last == function
        assert loop == [f"{call.kernel.name}_loop"] * (call.source.count("_loop(") > 0)
        assert bool(loop) >= (call.strategy == "declared_nogil")
        assert call.source == call.source.rstrip() + "\n"
        assert "out" in call.source


@CALLS_
def test_facts_for_measuring(call):
    for dtype in call.kernel.dtypes:
        arrays = call.arrays(1000, dtype)
        assert call.working_set(1000, dtype) == sum(each.nbytes for each in arrays)
        assert call.bound(arrays, {})() is arrays[-1]
        assert (call.loop_address(dtype) is not None) == (call.implementation in ("c", "ctypes", "ufunc"))


# What is missing


def test_what_is_missing():
    assert {"format.c", "format.ctypes", "format.ufunc", "format.cython.released", "mandelbrot.ufunc"} <= {*MISSING}


@MISSING_
def test_missing_says_why(missing):
    message = f"^{missing.name} is unavailable: {missing.reason}$"
    with pytest.raises(Unavailable, match=message):
        missing([1.0])
    with pytest.raises(Unavailable, match=message):
        missing.held([1.0])
    assert repr(missing) == f"<{missing.name} is unavailable: {missing.reason}>"
    assert list(missing.available()) == []


# The ufuncs


UFUNCS = pytest.mark.parametrize("name", NATIVE)


@UFUNCS
def test_is_a_real_ufunc(name):
    ufunc, kernel = NATIVE[name], KERNELS[name]
    assert isinstance(ufunc, np.ufunc)
    assert (ufunc.__name__, ufunc.nin, ufunc.nout) == (name, len(kernel.inputs), 1)
    assert ufunc.signature == (None if kernel.layout.elementwise else kernel.signature)
    assert len(ufunc.types) == len(kernel.dtypes)
    assert ufunc(*[np.int8(1)] * ufunc.nin).dtype if kernel.kind == "map" else True


def by_row(kernel, inputs):
    """What NumPy computes for each row."""
    if kernel.layout.elementwise or inputs[0].ndim == 1:
        return kernel.numpy(*inputs)
    return np.array([kernel.numpy(*row) for row in zip(*inputs, strict=True)])


@UFUNCS
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1500])
@pytest.mark.parametrize("dtype", ["float64", "float32", ">f8", "int32", ">i8"])
def test_a_ufunc_takes_strides(name, size, dtype):
    ufunc, kernel = NATIVE[name], KERNELS[name]
    dtype = dtype if np.can_cast(dtype, kernel.dtypes[0]) else "int64"
    random, tolerance = np.random.default_rng(0), 1e-5 if dtype == "float32" else 1e-12
    for rows in ((), (3,)):
        flat = [random.uniform(-9, 9, (*rows, size, 2)).astype(dtype) for _ in range(ufunc.nin)]
        for view in (lambda x: x[..., 0], lambda x: x[..., ::-1, 1], lambda x: np.asfortranarray(x[..., 0])):
            inputs = [view(each) for each in flat]
            want = by_row(kernel, [each.astype(np.promote_types(dtype, kernel.dtypes[0])) for each in inputs])
            np.testing.assert_allclose(ufunc(*inputs), want, rtol=tolerance, atol=1e-9)
            out = np.full((*want.shape, 2), 77, want.dtype)
            before = out[..., 1].copy()
            ufunc(*inputs, out=out[..., 0], casting="same_kind")
            np.testing.assert_allclose(out[..., 0], want, rtol=tolerance, atol=1e-9)
            assert (out[..., 1] == before).all()


def test_a_ufunc_broadcasts_and_reduces():
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(NATIVE["add"](x, x[0]), x + x[0])
    np.testing.assert_array_equal(NATIVE["add"](x, 1), x + 1)
    np.testing.assert_array_equal(NATIVE["add"].reduce(x), x.sum(0))
    np.testing.assert_array_equal(NATIVE["add"].outer(x[0], x[1]), np.add.outer(x[0], x[1]))
    np.testing.assert_array_equal(NATIVE["dot"](x, x[0]), x @ x[0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("size", [1, 8, 63, 64, 65, 501])
def test_exp_warns_of_nothing_that_numpy_does_not(size, dtype):
    for value in (np.nan, np.inf, -np.inf, 0, -0.0, 1, -80, 80):
        with np.errstate(all="raise"):
            x = np.ones(size, dtype)
            x[size // 2] = value
            NATIVE["exp"](x)
            KERNELS["exp"].ufunc(x)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow encountered in exp"):
        NATIVE["exp"](np.full(size, 1000, dtype))
