"""What experiments on waiting have in common: two threads beside each other, and calls that last for a given time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gilscope.cores import pinned, usable_cores
from gilscope.executors import Threads
from gilscope.kernels import KERNELS, lookup
from gilscope.scaling_map import two_digits

KERNEL = "poly.c"
#: So much arithmetic for each element that a call of milliseconds still works in the caches: memory is not the subject.
OPTIONS = {"degree": 256}

#: A size is tried for so long: a few short calls could all fall into a moment in which others have the core.
TRIED_SECONDS = 0.01

Given = TypeVar("Given")
Call = Callable[[], Any]


def two_cores() -> list[int] | None:
    """Return a core for each of two threads; None where they have to float."""
    cores = usable_cores()
    return cores[:2] if len(cores) > 1 and hasattr(os, "sched_setaffinity") else None


def place_words(machine: Mapping[str, Any], pinned: bool) -> list[str]:
    """Say where the two threads ran, if not on a core each."""
    if machine.get("cores_usable") == 1:
        return ["One usable core: both threads share it, so each number also holds the wait for the core."]
    return [] if pinned else ["The threads could not be kept on a core each: the system may have put both on one for a while."]


def at_once(jobs: Sequence[Callable[[], Given]], cores: Sequence[int] | None) -> list[Given]:
    """Run each job in a thread of its own, on a core of its own; all start at the same moment."""

    def work(index: int, start: Callable[[], None]) -> Given:
        with pinned(cores[index]) if cores else nullcontext():
            start()
            return jobs[index]()

    with Threads(len(jobs)) as threads:
        return threads.together(work)


@dataclass(frozen=True)
class Stretch:
    """What a thread did for a while: how often, from when to when on the clock of `time.perf_counter_ns`."""

    count: int
    start_ns: int
    stop_ns: int
    native_id: int

    @property
    def rate(self) -> float:
        """How often in a second."""
        return self.count / max(self.stop_ns - self.start_ns, 1) * 1e9


def calling(call: Call, seconds: float, done: list[bool]) -> Stretch:
    """Call again and again until the time is up, at least once; then tell the other thread."""
    count, start = 0, time.perf_counter_ns()
    until = start + int(seconds * 1e9)
    try:
        while (now := time.perf_counter_ns()) < until:
            call()
            count += 1
    finally:  # else the other thread would never end
        done.append(True)
    return Stretch(count, start, now, threading.get_native_id())


def spinning(done: list[bool]) -> Stretch:
    """Count in Python until told to end: it gives the GIL up only when it is made to."""
    count, start = 0, time.perf_counter_ns()
    while not done:
        count += 1
    return Stretch(count, start, time.perf_counter_ns(), threading.get_native_id())


# --- calls that last for a given time ------------------------------------------------------------------------------------------


def kernel_call(strategy: str, size: int, **options: int) -> Call:
    """Return a call of the kernel under a strategy and its options, on arrays of its own."""
    [x] = KERNELS[KERNEL.split(".")[0]].sample(size, np.dtype("float64"))
    bound: Call = lookup(f"{KERNEL}.{strategy}").bound((x, np.empty_like(x)), {**OPTIONS, **options})
    return bound


def size_for(seconds: float) -> int:
    """Return on how many elements a call alone takes about so long."""
    size = 1000
    while (took := quickest(kernel_call("held", size))) < seconds / 2:
        size = int(size * min(10.0, max(1.5, seconds / took)))
    return two_digits(size * seconds / took)


def quickest(call: Call, at_least: int = 3) -> float:
    """Return the seconds of the quickest of a few calls, and of as many as take some milliseconds: the others were disturbed."""
    until = time.perf_counter() + TRIED_SECONDS
    best = min(timed(call) for _ in range(at_least))
    while time.perf_counter() < until:
        best = min(best, timed(call))
    return best


def timed(call: Call) -> float:
    """Return the seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def sizes_for(lengths: Sequence[float], known: Mapping[str, int]) -> dict[str, int]:
    """Return the size for each length, by its number of seconds as text; those that an interrupted run found stay."""
    return {str(each): known.get(str(each)) or size_for(each) for each in lengths}
