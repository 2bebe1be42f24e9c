"""Could another Python thread run meanwhile? Asked of a ticker thread, so it depends on no clock and works on one core.

A thread that counts wants the GIL all the time, and the switch interval is out of the way: nobody is made to give the GIL up. So
the count moves during a call if, and only if, the call itself lets go of the GIL (or there is none).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from gilscope.cores import pinned

NEVER_SECONDS = 1000.0
_QUIET, _LOOK_SECONDS, _PATIENCE_SECONDS = 0.3, 0.01, 0.4
TICK_SECONDS = 0.0005


def ticks_during(function: Callable[[], Any], at_least: float = 0.02) -> int:
    """Count how often another Python thread ran while a function did.

    Parameters
    ----------
    function : callable
        Called without arguments, again and again until the time is up.
    at_least : float
        Seconds to go on for: a single short call may end before the other thread has woken up.

    Returns
    -------
    int
        0 if the function kept the GIL.
    """
    with switch_interval(NEVER_SECONDS), ticker() as count:
        until = time.perf_counter() + at_least
        before = count[0]
        while True:
            function()
            if time.perf_counter() >= until:
                return count[0] - before


@contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """Set the time after which a waiting thread asks the holder to give the GIL up, and restore it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def ticker() -> Iterator[list[int]]:
    """Run a thread that counts, and gives the GIL back after each count."""
    count, done, running = [0], threading.Event(), threading.Event()

    def tick() -> None:
        running.set()
        while not done.is_set():
            time.sleep(TICK_SECONDS)
            count[0] += 1

    thread = threading.Thread(target=tick, name="gilscope ticker", daemon=True)
    thread.start()
    running.wait()
    try:
        yield count
    finally:
        done.set()
        thread.join()


@contextmanager
def beside(what: str | None, core: int | None) -> Iterator[None]:
    """Run something that wants the GIL beside what is measured.

    Parameters
    ----------
    what : {"python"} or None
        "python": a thread in a loop of Python, which gives the GIL up only when it is made to.
    core : int, optional
        Where; it floats if None.
    """
    if what is None:
        yield
        return
    done, running = threading.Event(), threading.Event()

    def spin() -> None:
        with pinned(core) if core is not None else nullcontext():
            running.set()
            while not done.is_set():
                pass

    thread = threading.Thread(target=spin, name="gilscope spinner", daemon=True)
    thread.start()
    running.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def settle() -> float:
    """Wait until the threads of the process are quiet, since those of BLAS spin for a while after a call.

    Returns
    -------
    float
        The CPU time that the process still uses, as a share of the time.
    """
    until = time.perf_counter() + _PATIENCE_SECONDS
    while True:
        before, began = time.process_time(), time.perf_counter()
        time.sleep(_LOOK_SECONDS)
        share = (time.process_time() - before) / (time.perf_counter() - began)
        if share < _QUIET or time.perf_counter() > until:
            return share
