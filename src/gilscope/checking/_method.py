"""By which method a call is watched: traced where there is a tracer, else by a ticker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gilscope.checking._profile import Plan, Profile, Used, repeated, stamped_and_used, summary, times_of, without_gil
from gilscope.checking._subject import Call
from gilscope.checking._ticker import ticking
from gilscope.surroundings import without_gc
from gilscope.tracing import TracerUnavailable, trace

__tracebackhide__ = True  # of what a call raises, pytest then shows the call

Method = Literal["auto", "trace", "ticker"]
METHODS: tuple[Method, ...] = ("auto", "trace", "ticker")

#: From when calls began and ended, and what they used: what they did.
Result = Callable[[NDArray[np.int64], Used], Profile]


def profile_by(call: Call, plan: Plan = Plan(), method: Method = "auto") -> Profile:  # noqa: B008 - immutable
    """Return what one call does with the GIL, alone.

    Parameters
    ----------
    call : callable
        Called without arguments, again and again, in the calling thread.
    plan : Plan
        How often.
    method : {"auto", "trace", "ticker"}
        "trace" is exact, "ticker" an estimate (`gilscope.checking._ticker` says how good); "auto" traces where that is possible.

    Raises
    ------
    TracerUnavailable
        By "trace": there is no tracer for this system or this Python.
    RuntimeError
        Another trace is running.
    """
    return repeated(partial(_watched, call, method), plan)


def _watched(call: Call, method: Method, count: int) -> Profile:
    with without_gc(), watching(method) as result:
        stamps, used = stamped_and_used(call, count)
    return result(stamps, used)


@contextmanager
def watching(method: Method = "auto") -> Iterator[Result]:
    """Watch the calling thread while a block runs; what is yielded tells its profile when the block has ended."""
    with ExitStack() as stack:
        try:
            result = stack.enter_context(ticking() if method == "ticker" else _tracing())
        except TracerUnavailable:
            if method == "trace":
                raise
            result = stack.enter_context(ticking())
        yield result


@contextmanager
def _tracing() -> Iterator[Result]:
    caller = threading.get_native_id()

    def result(stamps: NDArray[np.int64], used: Used) -> Profile:
        return summary(times_of(found.data, caller, stamps), stamps, used) if found.gil else without_gil(stamps, used)

    with trace() as found:
        yield result
