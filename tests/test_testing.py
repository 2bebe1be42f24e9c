"""The assertions about the GIL: what they decide, of profiles made by hand and of real calls, and what they say."""

import ctypes
import functools
import json
import sys
import unittest
from dataclasses import replace

import numpy as np
import pytest

import gilscope
from gilscope._native import tracer
from gilscope.checking._judgement import LEAST_SECONDS, Options, holds, longest_hold_below, releases
from gilscope.checking._naming import readable
from gilscope.checking._profile import Profile
from gilscope.kernels import exp
from gilscope.testing import Gil, assert_holds_gil, assert_longest_hold_below_ms, assert_releases_gil

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
needs_gil = pytest.mark.skipif(not GIL, reason="where there is no GIL these skip")
needs_tracer = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
HOLDING, RELEASING = ctypes.PyDLL(None).usleep, ctypes.CDLL(None).usleep


@pytest.fixture
def quick():
    """Assertions that call a few times only: what these functions do is certain."""
    return Gil().options(seconds=1e-6, calls=3)


def profile(released=0.0, *, seconds=0.001, **more):
    """A profile of a call that releases once or never."""
    known = {
        "releases": float(released > 0),
        "takes": float(released > 0),
        "longest_hold_ns": int((1 - released) * seconds * 1e9),
    }
    return Profile(calls=100, seconds=seconds, released_fraction=released, **{**known, **more})


def said(judge, found, **options):
    return judge(found, "f", Options(**options))


# What is decided


@pytest.mark.parametrize(("released", "fails"), [(0, True), (0.5, True), (0.8999, True), (0.9, False), (1, False)])
def test_releases(released, fails):
    assert bool(said(releases, profile(released))) == fails


@pytest.mark.parametrize(("released", "fails"), [(0, False), (0.0999, False), (0.1, True), (0.5, True), (1, True)])
def test_holds(released, fails):
    assert bool(said(holds, profile(released))) == fails


def test_how_much_has_to_be_outside():
    assert said(releases, profile(0.5), at_least=0.5) is None
    assert said(releases, profile(0.95), at_least=0.99)


@pytest.mark.parametrize(("ms", "fails"), [(4.9, True), (5, True), (5.1, False), (20, False)])
def test_longest_hold(ms, fails):
    assert bool(said(longest_hold_below(ms), profile(0.5, seconds=0.01))) == fails


@pytest.mark.parametrize("judge", [releases, holds, longest_hold_below(0.001)])
@pytest.mark.parametrize("released", [0.0, 1.0])
def test_what_is_too_short_fails(judge, released):
    short = profile(released, seconds=LEAST_SECONDS * 0.99)
    assert said(judge, short) == "could not tell: f took 9.9 us, use a larger input (it should take 10 us at least)"
    assert "could not tell" not in (said(judge, profile(released, seconds=LEAST_SECONDS)) or "")


def test_a_call_that_is_shorter_than_the_hold_allowed_passes():
    assert said(longest_hold_below(1), profile(seconds=4e-7)) is None


@pytest.mark.parametrize(("judge", "released"), [(releases, 1), (holds, 0)])
def test_a_ticker_needs_longer(judge, released):
    seen = profile(released, seconds=2e-5, method="ticker")
    assert said(judge, seen) == "could not tell: f took 20 us, use a larger input (without a tracer, 5 ms or more)"
    assert said(judge, replace(seen, calls=250)) is None


def test_a_ticker_cannot_tell_short_holds():
    seen = profile(0.9, seconds=0.01, method="ticker")
    assert said(longest_hold_below(0.4), seen) == "could not tell: without a tracer holds can be told to 500 us only"
    assert said(longest_hold_below(1.1), seen) is None


# What is said


def test_never_released():
    text = said(releases, profile())
    assert text.startswith("f should release the GIL for 90% of the time, but ran without it for 0%\n")
    for words in ("100 calls of 1 ms, medians", "releases: 0", "longest hold  1 ms", "with nogil:", "Py_BEGIN_ALLOW_THREADS"):
        assert words in text
    for words in ("py::call_guard<py::gil_scoped_release>", "py.detach", "CDLL instead of PyDLL", "above 500 elements"):
        assert words in text


def test_partly_released():
    text = said(releases, profile(0.4))
    assert "ran without it for 40%" in text
    assert "converting the arguments" in text
    assert "never" not in text


def test_released_for_moments():
    assert "for moments only" in said(releases, profile(0.04, releases=245.0))


def test_a_share_is_not_rounded_up_to_what_it_does_not_reach():
    assert "without it for 89.9%" in said(releases, profile(0.89999))


def test_released_unexpectedly():
    text = said(holds, profile(0.97))
    assert text.startswith("f should hold the GIL, but ran without it for 97% of the time\n")
    assert "ctypes.CDLL" in text


def test_held_for_too_long():
    text = said(longest_hold_below(5), profile(seconds=0.02))
    assert text.startswith("f held the GIL for 20 ms in a row, and should for less than 5 ms\n")
    assert "a part of the work at\na time" in text


@pytest.mark.parametrize("judge", [releases, holds, longest_hold_below(0.01)])
@pytest.mark.parametrize("released", [0.0, 0.05, 0.5, 0.97])
def test_a_message_fits_on_the_screen(judge, released):
    lines = (said(judge, profile(released, seconds=0.02)) or "").splitlines()
    assert len(lines) <= 15
    assert max(map(len, lines), default=0) <= 130


def test_an_estimate_says_so():
    assert "there is no tracer here" in said(releases, profile(method="ticker"))


class Thing:
    """Something with methods."""

    def work(self):
        pass

    def __call__(self):
        pass


def a_function():
    pass


LAMBDA = lambda: None  # noqa: E731


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (np.sort, "numpy.sort"),
        (np.exp, "numpy.exp"),
        (json.dumps, "json.dumps"),
        (sum, "sum"),
        ([].sort, "list.sort"),
        (np.zeros(1).sort, "ndarray.sort"),
        (HOLDING, "ctypes.usleep"),
        (functools.partial(np.sort, kind="stable"), "a partial of numpy.sort"),
        (a_function, f"{__name__}.a_function"),
        (Thing().work, f"{__name__}.Thing.work"),
        (Thing(), "an object of Thing"),
        (exp.c.held, "exp.c.held"),
        (LAMBDA, f"the lambda in test_testing.py, line {LAMBDA.__code__.co_firstlineno},"),
    ],
)
def test_names(function, name):
    assert readable(function) == name


def test_a_local_function_has_a_short_name():
    def local():
        pass

    assert readable(local) == f"{__name__}.local"


# Real calls


@needs_gil
def test_functions_that_release(quick):
    assert_releases_gil(RELEASING, 2000)
    quick.assert_releases(RELEASING, 20_000)
    quick.options(method="ticker").assert_releases(RELEASING, 20_000)
    quick.assert_longest_hold_below_ms(15, RELEASING, 20_000)
    assert_longest_hold_below_ms(15, RELEASING, 20_000)
    with pytest.raises(AssertionError, match=r"ctypes.usleep should hold the GIL"):
        quick.assert_holds(RELEASING, 20_000)


@needs_gil
def test_functions_that_hold(quick):
    assert_holds_gil(HOLDING, 2000)
    quick.assert_holds(HOLDING, 2000)
    quick.options(method="ticker").assert_holds(HOLDING, 2000)
    with pytest.raises(AssertionError, match=r"ctypes.usleep should release the GIL"):
        assert_releases_gil(HOLDING, 2000)
    with pytest.raises(AssertionError, match=r"held the GIL for .* ms in a row, and should for less than 1 ms"):
        assert_longest_hold_below_ms(1, HOLDING, 2000)


@needs_gil
@pytest.mark.parametrize("method", ["auto", "ticker"])
def test_blocks(method):
    gil = Gil().options(method=method)
    with gil.assert_releases():
        RELEASING(30_000)
    with gil.assert_holds():
        HOLDING(10_000)
    with gil.assert_longest_hold_below_ms(100_000):
        HOLDING(10_000)
    with (
        pytest.raises(AssertionError, match=r"the block should release .*without it for 0%(?s:.*)once, 1"),
        gil.assert_releases(),
    ):
        HOLDING(10_000)
    with pytest.raises(AssertionError, match="the block held the GIL for"), gil.assert_longest_hold_below_ms(1):
        HOLDING(10_000)
    gil.require_entered()


@needs_gil
def test_all_arguments_go_to_the_function(quick):
    seen = []

    def function(*args, **kwargs):
        seen.append((args, kwargs))
        HOLDING(100)

    quick.assert_holds(function, 1, None, f=2, ms=3, self=4, judge=5, options=6)
    quick.assert_longest_hold_below_ms(1e6, function, 1, None, f=2, ms=3, self=4, judge=5, options=6)
    assert_holds_gil(function, 1, None, f=2, ms=3, self=4, judge=5, options=6)
    assert_longest_hold_below_ms(1e6, function, 1, None, f=2, ms=3, self=4, judge=5, options=6)
    assert len(seen) > 8
    assert all(each == ((1, None), {"f": 2, "ms": 3, "self": 4, "judge": 5, "options": 6}) for each in seen)


@needs_gil
def test_no_single_call_decides(quick):
    made = []
    quick.options(calls=7).assert_holds(lambda: made.append(HOLDING(1000)))
    assert len(made) == 1 + 7


@needs_gil
def test_a_real_call_that_is_too_short():
    for check in (assert_releases_gil, assert_holds_gil, functools.partial(assert_longest_hold_below_ms, 1e-9)):
        with pytest.raises(AssertionError, match=r"^could not tell: len took .* ns, use a larger input"):
            check(len, "")


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), StopIteration(), AssertionError("also mine")])
@needs_gil
def test_what_a_function_raises_goes_through(quick, error):
    def fail():
        raise error

    for check in (quick.assert_releases, quick.assert_holds, assert_releases_gil, quick.options(method="ticker").assert_holds):
        with pytest.raises(type(error)) as caught:
            check(fail)
        assert caught.value is error
    with pytest.raises(type(error)) as caught, quick.assert_releases():
        raise error
    assert caught.value is error
    quick.assert_holds(HOLDING, 100)  # nothing was left running


def test_without_a_gil_everything_skips(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    for check in (assert_releases_gil, assert_holds_gil, Gil().assert_releases, Gil().assert_holds):
        with pytest.raises(unittest.SkipTest, match="there is no GIL here"):
            check(RELEASING, 100)
    with pytest.raises(unittest.SkipTest, match="there is no GIL here"), Gil().assert_holds():
        pass


def test_check_is_gilscopes(monkeypatch):
    monkeypatch.setattr(gilscope, "check", lambda *args, **kwargs: (args, kwargs), raising=False)
    assert Gil().check(len, "abc", key=1) == ((len, "abc"), {"key": 1})


# Options and mistakes


def test_options_return_a_copy():
    gil = Gil()
    other = gil.options(at_least=0.5, calls=7).options(seconds=2)
    assert repr(other) == "<gil: at_least=0.5, seconds=2, calls=7, method='auto'>"
    assert repr(gil) == "<gil: at_least=0.9, seconds=0.1, calls=5, method='auto'>"


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"at_least": 1.5}, ValueError, "at_least must be a share, at most 1, not 1.5"),
        ({"at_least": 0}, ValueError, "at_least must be above 0, not 0"),
        ({"at_least": "0.9"}, TypeError, "at_least must be a number, not '0.9'"),
        ({"at_least": float("nan")}, ValueError, "at_least must be above 0, not nan"),
        ({"seconds": -1}, ValueError, "seconds must be above 0, not -1"),
        ({"seconds": True}, TypeError, "seconds must be a number, not True"),
        ({"calls": 1.5}, ValueError, "calls must be a whole number, not 1.5"),
        ({"method": "magic"}, ValueError, "method must be one of auto, trace, ticker, not 'magic'"),
        ({"at_last": 0.9}, TypeError, "there is no option 'at_last'; there are at_least, seconds, calls, method"),
    ],
)
def test_bad_options(changes, error, says):
    with pytest.raises(error, match=says):
        Gil().options(**changes)


@pytest.mark.parametrize("ms", [0, -1, float("inf")])
def test_bad_limits(ms):
    with pytest.raises(ValueError, match="ms must be above 0"):
        assert_longest_hold_below_ms(ms, len, "")
    with pytest.raises(ValueError, match="ms must be above 0"):
        Gil().assert_longest_hold_below_ms(ms)


def test_the_limit_comes_first():
    with pytest.raises(TypeError, match="ms must be a number, not <built-in function len>"):
        assert_longest_hold_below_ms(len, "")


@pytest.mark.parametrize("check", [assert_releases_gil, assert_holds_gil, Gil().assert_releases, Gil().assert_holds])
def test_a_result_instead_of_a_function(check):
    with pytest.raises(TypeError, match=r"expected a function and its arguments, not 3: write `f, x` for `f\(x\)`"):
        check(3)


def test_a_keyword_alone_is_no_block():
    with pytest.raises(TypeError):
        Gil().assert_releases(key=1)


def test_a_block_that_is_not_entered_is_noticed():
    gil = Gil()
    gil.options(at_least=0.5).assert_releases()
    with pytest.raises(AssertionError, match="asserts nothing by itself: write `with"):
        gil.require_entered()


@needs_tracer
@needs_gil
def test_two_traces_at_a_time_are_refused(quick):
    with gilscope.trace(), pytest.raises(RuntimeError, match="a trace is running already"):
        quick.assert_holds(HOLDING, 100)
