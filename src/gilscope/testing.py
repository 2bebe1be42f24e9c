"""Assertions about the GIL for any test framework; with pytest, the fixture `gil` offers the same and more.

A function is called again and again with the arguments given, in the calling thread, and it is decided by the medians of what
these calls did with the GIL: not by a speed-up and not by a time, so that it works on one core and on a busy machine. Where there
is no GIL the test is skipped, by `unittest.SkipTest`, which pytest understands too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gilscope.checking._expectation import Gil, expect, positive
from gilscope.checking._judgement import Options, holds, longest_hold_below, releases

__all__ = ["Gil", "assert_holds_gil", "assert_longest_hold_below_ms", "assert_releases_gil"]

__tracebackhide__ = True  # pytest then shows the line of the test that failed, and none of this file


def assert_releases_gil(f: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
    """Fail unless a function runs outside, without the GIL, for at least 90 % of its time.

    Parameters
    ----------
    f : callable
        Called again and again for 0.1 s, at least 5 times.
    *args, **kwargs
        Go to `f`.

    Raises
    ------
    AssertionError
        It does not; or it takes less than 10 microseconds, so that it cannot be told. The message says what was measured, and
        what to do.
    unittest.SkipTest
        There is no GIL.
    """
    __thread_safe__ = False  # noqa: F841 - pytest-run-parallel looks for this: there is one trace at a time in a process
    expect(releases, Options(), f, *args, **kwargs)


def assert_holds_gil(f: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
    """Fail if a function runs outside for 10 % of its time or more; the rest is as in `assert_releases_gil`."""
    __thread_safe__ = False  # noqa: F841
    expect(holds, Options(), f, *args, **kwargs)


def assert_longest_hold_below_ms(ms: float, f: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
    """Fail if a function keeps the GIL for so many milliseconds in a row.

    What is done in Python counts too, though another thread can make that let go after a switch interval. A call that takes less
    than `ms` in all passes, however short it is; the rest is as in `assert_releases_gil`.
    """
    __thread_safe__ = False  # noqa: F841
    expect(longest_hold_below(positive(ms, "ms")), Options(), f, *args, **kwargs)
