"""Assertions about the GIL, of functions and of blocks: what `gilscope.testing` and the fixture `gil` offer."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, overload

import numpy as np

from gilscope.checking._judgement import Judge, Options, holds, longest_hold_below, releases
from gilscope.checking._method import METHODS, profile_by, watching
from gilscope.checking._naming import readable
from gilscope.checking._profile import Plan, Used
from gilscope.machine import gil_is_on
from gilscope.surroundings import without_gc

__tracebackhide__ = True  # pytest then shows the line of the test that failed, and none of this file


def expect(judge: Judge, options: Options, function: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
    """Call a function again and again, and raise AssertionError unless it does what is expected."""
    if not callable(function):
        raise TypeError(f"expected a function and its arguments, not {function!r}: write `f, x` for `f(x)`")
    skip_without_gil()
    call = partial(function, *args, **kwargs)
    found = profile_by(call, Plan(seconds=options.seconds, least=options.calls), options.method)
    if wrong := judge(found, readable(function), options):
        raise AssertionError(wrong)


def skip_without_gil() -> None:
    """Skip the test where nothing can hold the GIL."""
    if not gil_is_on():
        raise unittest.SkipTest("there is no GIL here, so nothing holds or releases it")


class Block:
    """Watches the calling thread while a `with` block runs, once, and then judges it."""

    def __init__(self, judge: Judge, options: Options) -> None:
        self.entered = False
        self._judge, self._options = judge, options
        self._watching = ExitStack()

    def __enter__(self) -> None:
        self.entered = True
        skip_without_gil()
        self._watching.enter_context(without_gc())
        self._result = self._watching.enter_context(watching(self._options.method))
        self._before = Used.now()
        self._begin = time.perf_counter_ns()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        stamps = np.array([[self._begin, time.perf_counter_ns()]])
        used = Used.now().since(self._before)
        self._watching.close()
        if error is None and (wrong := self._judge(self._result(stamps, used), "the block", self._options)):
            raise AssertionError(wrong)


class Gil:
    """Assertions about the GIL: what the fixture `gil` of the pytest plugin is.

    Each method takes a function and its arguments, and calls it again and again with them: it is decided by the medians of what
    these calls did with the GIL, never by how long they took. Without a function it is for ``with``, and judges what the calling
    thread did in the block. A block runs once, and a thread from which the system takes the core while it holds the GIL looks as
    if it held longer; so prefer a function, or do in a block what takes 10 ms or more.

    What takes less than 10 microseconds fails: it could not be told. What a function raises goes through. Where there is no GIL
    the test is skipped.
    """

    def __init__(self, options: Options = Options()) -> None:  # noqa: B008 - immutable
        self._options = options
        self._blocks: list[Block] = []

    def options(self, **changes: Any) -> Gil:
        """Return a copy with other options.

        Parameters
        ----------
        at_least : float, optional
            The share of the call that `assert_releases` wants outside, above 0 and at most 1; 0.9 if not given.
        seconds : float, optional
            Calls are repeated for so long, 0.1 if not given, but
        calls : int, optional
            at least so often, 5 if not given. A call that takes a second or more is made twice at most.
        method : {"auto", "trace", "ticker"}, optional
            "ticker" estimates by a second thread, as "auto" does where there is no tracer.
        """
        other = Gil(self._options._replace(**_valid(changes)))
        other._blocks = self._blocks
        return other

    def __repr__(self) -> str:
        return f"<gil: {', '.join(f'{name}={value!r}' for name, value in self._options._asdict().items())}>"

    @overload
    def assert_releases(self, /) -> Block: ...
    @overload
    def assert_releases(self, f: Callable[..., object], /, *args: Any, **kwargs: Any) -> None: ...
    def assert_releases(self, /, *call: Any, **kwargs: Any) -> Block | None:
        """Fail unless ``f(*args, **kwargs)`` runs outside for 90 % of its time, or as much as `options` says."""
        return self._expect(releases, *call, **kwargs)

    @overload
    def assert_holds(self, /) -> Block: ...
    @overload
    def assert_holds(self, f: Callable[..., object], /, *args: Any, **kwargs: Any) -> None: ...
    def assert_holds(self, /, *call: Any, **kwargs: Any) -> Block | None:
        """Fail if ``f(*args, **kwargs)`` runs outside for 10 % of its time or more."""
        return self._expect(holds, *call, **kwargs)

    @overload
    def assert_longest_hold_below_ms(self, ms: float, /) -> Block: ...
    @overload
    def assert_longest_hold_below_ms(self, ms: float, f: Callable[..., object], /, *args: Any, **kwargs: Any) -> None: ...
    def assert_longest_hold_below_ms(self, ms: float, /, *call: Any, **kwargs: Any) -> Block | None:
        """Fail if ``f(*args, **kwargs)`` keeps the GIL for so many milliseconds in a row, if nobody makes it let go."""
        return self._expect(longest_hold_below(positive(ms, "ms")), *call, **kwargs)

    def check(self, f: Callable[..., object], /, *args: Any, **kwargs: Any) -> Any:
        """Return the verdict of `gilscope.check`."""
        import gilscope

        return gilscope.check(f, *args, **kwargs)

    def require_entered(self) -> None:
        """Raise AssertionError if a block was asked for and never entered: then nothing was asserted."""
        if not all(block.entered for block in self._blocks):
            raise AssertionError("an assertion without a function asserts nothing by itself: write `with gil.assert_…():`")

    def _expect(self, judge: Judge, /, *call: Any, **kwargs: Any) -> Block | None:
        if call or kwargs:
            expect(judge, self._options, *call, **kwargs)
            return None
        self._blocks.append(Block(judge, self._options))
        return self._blocks[-1]


def _valid(changes: dict[str, Any]) -> dict[str, Any]:
    for name, value in changes.items():
        _VALID.get(name, _unknown)(value, name)
    return changes


def positive(value: Any, name: str) -> float:
    """Return a number if it is one above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be above 0, not {value!r}")
    return value


def _share(value: Any, name: str) -> None:
    if positive(value, name) > 1:
        raise ValueError(f"{name} must be a share, at most 1, not {value!r} (0.9 stands for 90%)")


def _count(value: Any, name: str) -> None:
    if positive(value, name) != int(value):
        raise ValueError(f"{name} must be a whole number, not {value!r}")


def _method(value: Any, name: str) -> None:
    if value not in METHODS:
        raise ValueError(f"{name} must be one of {', '.join(METHODS)}, not {value!r}")


def _unknown(value: Any, name: str) -> NoReturn:
    raise TypeError(f"there is no option {name!r}; there are {', '.join(_VALID)}")


_VALID: dict[str, Callable[[Any, str], object]] = {"at_least": _share, "seconds": positive, "calls": _count, "method": _method}
