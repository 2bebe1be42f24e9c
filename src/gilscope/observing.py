"""Could another Python thread run meanwhile? Asked of a ticker thread, so it depends on no clock and works on one core.

A thread that counts wants the GIL all the time, and the switch interval is out of the way: nobody is made to give the GIL up. So
the count moves during a call if, and only if, the call itself lets go of the GIL (or there is none).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gilscope.surroundings import repeated_beside, switch_interval

NEVER_SECONDS = 1000.0
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
def ticker() -> Iterator[list[int]]:
    """Run a thread that counts, and gives the GIL back after each count."""
    count = [0]

    def tick() -> None:
        time.sleep(TICK_SECONDS)
        count[0] += 1

    with repeated_beside("gilscope ticker", tick):
        yield count
