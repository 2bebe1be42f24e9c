"""How these scripts measure: every way in turn (A B C, C B A, ...), and medians of ratios within a turn.

What the machine does meanwhile then hits all ways alike. A *way* is a list of calls, one for each thread; its time is
the wall time divided by the number of calls, so with two threads that overlap it is half that of one.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gilscope as gs

Calls = list[Callable[[], object]]

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


def options(doc: str | None, quick: str = "a few seconds, with wider errors", **more: str) -> argparse.Namespace:
    """Read the command line: --quick, the script's own switches, and -h for its docstring."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, what in {"quick": quick, **more}.items():
        parser.add_argument(f"--{name}", action="store_true", help=what)
    return parser.parse_args()


def interleaved(ways: dict[str, Calls], turns: int, at_least: float = 0.02) -> dict[str, list[float]]:
    """Return each way's seconds per call, one number per turn; a turn runs a way for `at_least` seconds or so."""
    repeats = {name: enough(calls, at_least) for name, calls in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns):
        for name in list(ways)[:: 1 if turn % 2 == 0 else -1]:
            seconds[name].append(wall(ways[name], repeats[name]) / repeats[name] / len(ways[name]))
    return seconds


def ratio(above: list[float], below: list[float]) -> float:
    """Return the median of the ratios within a turn."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def enough(calls: Calls, at_least: float) -> int:
    """Return how often each thread has to call to fill a sample."""
    wall(calls, 1)  # untouched pages of a result come with the first call, which must not be taken for a typical one
    repeats = 1
    while (seconds := wall(calls, repeats)) < at_least / 4:
        repeats *= 2
    return max(1, round(repeats * at_least / seconds))


def wall(calls: Calls, repeats: int) -> float:
    """Return the seconds until each call was made `repeats` times: each by a thread of its own, pinned to a core of its own."""

    def work(item: tuple[int, Callable[[], object]]) -> None:
        with pinned(CORES[item[0] % len(CORES)]):
            for _ in range(repeats):
                item[1]()

    start = time.perf_counter()
    gs.foreach(work, enumerate(calls), threads=len(calls))
    return time.perf_counter() - start


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep the calling thread on one core: unpinned, two threads may share one, and nothing can be concluded."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        unpin()


def unpin() -> None:
    """Let the calling thread run on every core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CORES)
