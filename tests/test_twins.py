"""What is held and what is released is the same otherwise; and the one really holds, the other really releases."""

import difflib
import sys
import textwrap

import numpy as np
import pytest

from gilscope.kernels import KERNELS, Missing
from gilscope.observing import ticks_during

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
HOLDS = ("held", "declared_nogil")
MAY_LET_IN = ("yielding",)  # it releases for no time at all, and takes back before another thread has woken up
OWN = ("python", "numpy", "ufunc")
TWINS = [kernel for kernel in KERNELS.values() if not isinstance(kernel.cython.released, Missing)]
C_KERNELS = [kernel for kernel in KERNELS.values() if not isinstance(kernel.c, Missing)]


def over(values):
    return pytest.mark.parametrize(values[0].__class__.__name__.lower(), values, ids=lambda each: each.name)


def parts(call):
    """The signature on one line, without the function's name; and the lines of the body."""
    head, body = call.source.split("):\n", 1)
    return " ".join(head.replace(f"_{call.strategy}", "").split()), textwrap.dedent(body).splitlines()


def without_release(lines):
    """The same lines without `with nogil:` and its indentation."""
    kept, inside = [], False
    for line in lines:
        inside = line == "with nogil:" or (inside and line.startswith("    "))
        if line != "with nogil:":
            kept.append(line.removeprefix("    ") if inside else line)
    return kept


# The same


@over(TWINS)
def test_the_twins_differ_by_one_line(kernel):
    (held_head, held), (released_head, released) = parts(kernel.cython.held), parts(kernel.cython.released)
    assert held_head == released_head
    assert released.count("with nogil:") == 1
    assert without_release(released) == held
    stripped = [[line.strip() for line in lines] for lines in (held, released)]
    assert [each for each in difflib.ndiff(*stripped) if each[0] in "+-"] == ["+ with nogil:"]


@over(TWINS)
def test_the_twins_stand_one_above_the_other(kernel):
    from importlib import resources

    text = resources.files("gilscope._native.cython").joinpath(f"{kernel.name}.pyx").read_text()
    assert f"{kernel.cython.held.source}\n\n{kernel.cython.released.source}" in text


@over(C_KERNELS)
def test_every_strategy_runs_the_same_machine_code(kernel):
    calls = [each for name in ("c", "ctypes", "ufunc") for each in kernel.implementations[name].available()]
    for dtype in kernel.dtypes:
        (address,) = {call.loop_address(dtype) for call in calls}
        assert address > 0
    assert len({calls[0].loop_address(dtype) for dtype in kernel.dtypes}) == len(kernel.dtypes)


# The GIL


def bound(call, *arrays, **options):
    return lambda: call(*arrays, **options)


def assert_holds(way_in):
    """With the GIL off there is none to hold: another thread runs whatever a call does."""
    assert ticks_during(way_in) == 0 if GIL else somebody_ran(way_in)


def assert_releases(way_in):
    assert somebody_ran(way_in)


def somebody_ran(way_in):
    """Look for longer and longer: where other programs want the cores too, the other thread may wait for one."""
    return any(ticks_during(way_in, at_least=seconds) for seconds in (0.02, 0.1, 0.5, 2))


def inside(size):
    """Points that never leave, so that a call is as long as one wants."""
    return np.zeros(size), np.zeros(size)


#: Where 2**20 elements take longer than a test should, or too short a time.
SIZES = {"mandelbrot": 2**16, "format": 2**15, "primes": 2**14, "matmul": 2**16, "sort": 2**17, "sleep": 1000, "sum": 2**22}


@over([call for kernel in KERNELS.values() for call in kernel.calls() if call.strategy not in ("own", *MAY_LET_IN)])
def test_holds_or_releases(call):
    # A release of some microseconds is over before the other thread has woken up, so each call takes at least a quarter of a ms.
    *inputs, out = call.arrays(SIZES.get(call.kernel.name, 2**20), call.kernel.dtypes[0])
    ways_in = (
        lambda: call(*inputs, out=out),
        lambda: call(*inputs, out=out, **call.kernel.parameters, **call.options),
        lambda: call._call_checked(tuple(inputs), out, {}),
    )
    for way_in in ways_in:
        assert_holds(way_in) if call.strategy in HOLDS else assert_releases(way_in)


@over([KERNELS["mandelbrot"].c.thresholded])
def test_thresholded(call):
    assert_holds(bound(call, *inside(500), iterations=20_000))
    assert_releases(bound(call, *inside(501), iterations=20_000))
    assert_holds(bound(call, *inside(501), iterations=20_000, threshold=501))
    assert_releases(bound(call, *inside(1), iterations=2_000_000, threshold=0))


def test_a_generalized_ufunc_holds_however_long_it_runs():
    assert_holds(bound(KERNELS["dot"].ufunc, *KERNELS["dot"].sample(2**20, np.dtype("float64"))))


def test_a_ufunc_releases_above_500_results():
    x = np.linspace(-1, 1, 2**20)
    assert_releases(bound(KERNELS["exp"].ufunc, x, out=np.empty_like(x)))
    assert_holds(bound(KERNELS["exp"].ufunc, x[:500], out=np.empty(500)))


def test_numpys_dot_releases_although_matmul_does_not():
    x, y = KERNELS["dot"].sample(2**20, np.dtype("float64"))
    assert_releases(bound(KERNELS["dot"].numpy, x, y))


@over([each for each in KERNELS["exp"].c.available() if "grain" in each.options and each.strategy not in MAY_LET_IN])
def test_a_grain_larger_than_the_array_is_one_release(call):
    assert_releases(bound(call, *call.arrays(2**20, "float64"), grain=2**62))
