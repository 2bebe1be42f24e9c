"""What the convoy experiment observes: a kernel in one thread, a loop of Python in another, and who waits for the GIL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gilscope.experiments._two_threads import Call, Stretch, at_once, calling, spinning
from gilscope.surroundings import switch_interval, without_gc
from gilscope.tracing import Trace, TracerUnavailable, trace

UNITS = {"calls": "1/s", "spins": "1/s", "waited": "1/call", "wait_p50": "s", "wait_p99": "s", "wait_max": "s"}


def why_no_waits(gil: bool) -> str | None:
    """Return why it cannot be told how long a thread waits for the GIL; None if it can."""
    if not gil:
        return "there is no GIL to wait for"
    try:
        with trace():
            return None
    except TracerUnavailable as error:
        return str(error)


def alone(call: Call, seconds: float, cores: Sequence[int] | None) -> dict[str, float]:
    """Observe the calls alone, then the loop of Python alone: each beside a thread that sleeps."""
    done = list[bool]()
    calls, _ = at_once([partial(calling, call, seconds, done), partial(sleeping, seconds, [])], cores)
    done.clear()
    _, spins = at_once([partial(sleeping, seconds, done), partial(spinning, done)], cores)
    return {"calls": calls.rate, "spins": spins.rate}


def sleeping(seconds: float, done: list[bool]) -> Stretch:
    """Sleep, then tell the other thread."""
    time.sleep(seconds)
    done.append(True)
    return Stretch(0, 0, 0, 0)


def beside_python(
    call: Call, seconds: float, interval: float, cores: Sequence[int] | None, traces: bool = True
) -> dict[str, float]:
    """Observe the calls beside the loop of Python, under a switch interval.

    Parameters
    ----------
    call : callable
        A call of the kernel.
    seconds : float
        For how long.
    interval : float
        The switch interval, in seconds.
    cores : sequence of int, optional
        One for the calls and one for the loop.
    traces : bool
        Whether the tracer is to tell how long the calls waited for the GIL.
    """
    done = list[bool]()
    with switch_interval(interval), without_gc(), trace() if traces else nullcontext() as traced:
        calls, spins = at_once([partial(calling, call, seconds, done), partial(spinning, done)], cores)
    rates = {"calls": calls.rate, "spins": spins.rate}
    return rates | (wait_numbers(waits(traced, calls), calls.count) if traced else {})


def waits(traced: Trace, during: Stretch) -> NDArray[np.float64]:
    """Return how long each wait of a thread for the GIL was, in seconds: exactly the waiting intervals of the tracer."""
    found = traced.intervals(during.native_id)
    inside = (found["state"] == "waiting") & (found["start_ns"] >= during.start_ns) & (found["stop_ns"] <= during.stop_ns)
    seconds: NDArray[np.float64] = (found["stop_ns"] - found["start_ns"])[inside] / 1e9
    return seconds


def wait_numbers(waits: NDArray[np.float64], calls: int) -> dict[str, float]:
    """Return the share of calls that waited, and the quantiles of the waits: of those that waited at all."""
    p50, p99, most = np.quantile(waits, [0.5, 0.99, 1.0]).tolist() if len(waits) else (0.0, 0.0, 0.0)
    return {"waited": len(waits) / calls, "wait_p50": p50, "wait_p99": p99, "wait_max": most}
