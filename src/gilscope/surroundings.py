"""What goes on around a measurement, arranged for a while: how the GIL changes hands, other threads, and garbage collection."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from gilscope.cores import pinned

#: A process that uses less of a core than this is quiet.
QUIET_CORES = 0.3
_LOOK_SECONDS, _PATIENCE_SECONDS = 0.01, 0.4


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
def without_gc() -> Iterator[None]:
    """Keep the garbage collector from adding its holds to somebody's call."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def repeated_beside(name: str, step: Callable[[], None], core: int | None = None) -> Iterator[None]:
    """Run a thread that makes the same step again and again; on a core, or floating if that is None."""
    done, running = threading.Event(), threading.Event()

    def repeat() -> None:
        with pinned(core) if core is not None else nullcontext():
            running.set()
            while not done.is_set():
                step()

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    running.wait()
    try:
        yield
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
    with nullcontext() if what is None else repeated_beside("gilscope spinner", nothing, core):
        yield


def nothing() -> None:
    """Do nothing, in Python."""


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
        if share < QUIET_CORES or time.perf_counter() > until:
            return share
