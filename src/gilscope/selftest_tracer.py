"""Whether to believe the tracer: beside the stamps of a thread that holds and releases by plan, and beside a ticker thread."""

from __future__ import annotations

import ctypes
import threading
import time
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gilscope.kernels import exp
from gilscope.observing import ticks_during
from gilscope.stats import median
from gilscope.tracing import Trace, trace

DUTIES = (10, 50, 90)  # percent of a period for which the GIL is held
PERIOD_US = 5000
PERIODS, ROUNDS = 20, 3
POINTS = 1.0  # how far a share may be off; it was 0.1 to 0.6 where other programs wanted all cores

Stamps = NDArray[np.int64]


def known_duty() -> tuple[bool, str]:
    """The tracer tells the share for which a thread held the GIL by its own stamps."""
    errors = {duty: median([error(duty) for _ in range(ROUNDS)]) for duty in DUTIES}
    told = ", ".join(f"{off:+.2f} points at {duty} %" for duty, off in errors.items())
    return all(abs(off) <= POINTS for off in errors.values()), told


def error(duty: int) -> float:
    """Return by how many percentage points the tracer is off while this thread holds the GIL for a share of the time."""
    with trace() as found:
        stamps = stamped(waiting(ctypes.PyDLL, duty), waiting(ctypes.CDLL, 100 - duty))
    truth = 1 - (stamps[:, 2] - stamps[:, 1]).sum() / (stamps[-1, 2] - stamps[0, 0])
    return 100 * float(held_share(found, stamps[:1, 0], stamps[-1:, 2]) - truth)


def waiting(library: type[ctypes.CDLL], percent: int) -> Callable[[], object]:
    """Return a call into libc for a part of a period: by PyDLL the GIL is held, by CDLL released. It takes none of a core."""
    return partial(library(None).usleep, PERIOD_US * percent // 100)


def stamped(hold: Callable[[], object], release: Callable[[], object]) -> Stamps:
    """Hold and release by turns; return when each hold began and ended, and when the release after it did."""
    clock, stamps = time.perf_counter_ns, []
    for _ in range(PERIODS):
        begin, _, dropped, _ = clock(), hold(), clock(), release()
        stamps.append((begin, dropped, clock()))
    return np.array(stamps, np.int64)


def held_share(found: Trace, first: Stamps, last: Stamps) -> float:
    """Return the share of some stretches of time for which this thread held the GIL, as the tracer says."""
    held = found.intervals(threading.get_native_id())
    held = held[held["state"] == "held"]
    overlap = np.minimum(held["stop_ns"], last[:, None]) - np.maximum(held["start_ns"], first[:, None])
    return float(np.maximum(overlap, 0).sum() / (last - first).sum())


def ticker_agrees() -> tuple[bool, str]:
    """Another Python thread runs during the calls of which the tracer says that they release the GIL, and during no others."""
    found = {name: beside_a_ticker(call) for name, call in calls().items()}
    told = ", ".join(f"{name}: held {held:.1%}, {ticks} ticks" for name, (held, ticks) in found.items())
    return all((held < 1) == (ticks > 0) for held, ticks in found.values()), told


def calls() -> dict[str, Callable[[], object]]:
    """Return calls of some milliseconds, our own and others'."""
    x = np.random.default_rng(0).uniform(-1, 1, 4_000_000)
    y, values, content = np.empty_like(x), x[:30_000].tolist(), x[:20_000].tobytes()
    return {
        "exp.c.held": partial(exp.c.held, x, out=y),
        "exp.c.released": partial(exp.c.released, x, out=y),
        "sorted": partial(sorted, values),
        "zlib.compress": partial(zlib.compress, content),
    }


def beside_a_ticker(call: Callable[[], object]) -> tuple[float, int]:
    """Return the share of a call for which the tracer says that it held the GIL, and the ticks of another thread."""
    spans = []

    def spanned() -> None:
        begin = time.perf_counter_ns()
        call()
        spans.append((begin, time.perf_counter_ns()))

    with trace() as found:
        ticks = ticks_during(spanned, at_least=0.1)
    first, last = np.array(spans, np.int64).T
    return held_share(found, first, last), ticks


NEED_TRACER = {
    "the tracer tells the held share that a thread's own clock tells": known_duty,
    "the tracer and a ticker thread agree on which calls release the GIL": ticker_agrees,
}
