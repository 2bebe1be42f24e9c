"""What one call does with the GIL where there is no tracer: by a second Python thread that asks for the GIL now and then.

The second thread, the ticker, waits without the GIL for a random time, `WAIT_SECONDS` on average, asks for the GIL, and gives it
back as soon as it has it. Nobody is made to give the GIL up meanwhile: the switch interval is out of the way. So if the ticker
has the GIL at once, the call was outside at that moment, and if it has to wait, the call held it until then. The waits are
exponential: a look is as likely at one moment as at any other, whatever was seen before, so that the share of looks that found
the GIL free is the share of the time in which it was; also for calls that are much shorter than a wait. A look that has to wait
counts for more: for the looks that it kept the ticker from.

It depends on no speed-up and works on one core, but it tells less than a trace:

- `released_fraction` is an estimate, from some 400 looks in 0.1 s. All held is 0 and all released is 1; in between it is some
  hundredths off, rather too low: each hold seems longer by the time in which the ticker wakes up, and calls that hold and release
  within a millisecond can come out 0.1 too low.
- `longest_hold_ns` is the longest time that the ticker had to wait within one call, the median over the calls in which it had to
  wait at all: for a call that holds all along its duration, for others up to `RESOLUTION_NS` too short or too long, and 0 where
  no look came upon a hold.
- `releases` and `takes` are 1 if the ticker ever had the GIL during a call, else 0: how often is not known.
- A release that ends before another thread has woken up, after some 50 microseconds, is mostly not seen: nobody could use it.
- Other threads that run Python meanwhile count as if the call held.
- What the ticker itself uses, a few hundredths of a core, is in `process_cpu_share`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gilscope._native.calls import looks
from gilscope.checking._profile import Profile, Used, summary, times_of
from gilscope.surroundings import switch_interval
from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, OUTSIDE, Intervals

Stamps = NDArray[np.int64]

WAIT_SECONDS = 150e-6
#: Who gets the GIL within this did not have to wait: taking it lasts 1 microsecond or less, waking up 10 or more.
AT_ONCE_NS = 5_000
#: Errors of `longest_hold_ns` are mostly below this.
RESOLUTION_NS = 500_000
#: Calls are taken together until they last so long: some 40 looks, from which to estimate.
GROUP_SECONDS = 0.01
#: Longer than any hold that matters. "For ever" could last for ever: a thread that computes in Python would never let go.
NEVER_SECONDS = 1.0


@contextmanager
def ticking() -> Iterator[Callable[[Stamps, Used], Profile]]:
    """Look at the GIL while the block runs.

    Yields
    ------
    callable
        Returns, once the block has ended, the profile of calls: from when they began and ended (``(calls, 2)``, on the clock of
        `time.perf_counter_ns`), and what was used meanwhile.
    """
    seen, done, first_look = list[Stamps](), np.zeros(1, np.uint8), threading.Event()
    waits_ns = np.random.default_rng().exponential(WAIT_SECONDS * 1e9, 4096)

    def tick() -> None:
        seen.append(looks(waits_ns[:1], done))
        first_look.set()
        while not done[0]:
            seen.append(looks(waits_ns, done))

    with switch_interval(NEVER_SECONDS), _running(tick, done):
        first_look.wait()
        yield lambda stamps, used: estimate(np.concatenate(seen), stamps, used)


@contextmanager
def _running(tick: Callable[[], None], done: NDArray[np.uint8]) -> Iterator[None]:
    thread = threading.Thread(target=tick, name="gilscope ticker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done[0] = 1
        thread.join()


def estimate(seen: Stamps, stamps: Stamps, used: Used) -> Profile:
    """Return what calls did, from looks at the GIL.

    Parameters
    ----------
    seen : ndarray of int64
        ``(looks, 2)``: when each asked for the GIL, and when it had it. The first only marks the start.
    stamps : ndarray of int64
        ``(calls, 2)``: when each call began and ended.
    used : Used
        What all of them used.
    """
    times = times_of(as_trace(seen), CALLER, stamps)
    known = summary(times, stamps, used)
    first = np.arange(0, len(stamps), max(1, round(GROUP_SECONDS / max(known.seconds, 1e-9))))
    edges, waited = np.append(stamps[first, 0], stamps[-1, 1]), np.add.reduceat(times.held, first)
    released = float(np.median(_shares_free(seen, edges, waited, known.seconds * 1e9)))
    ever = float(released > 0)
    holds = times.longest_hold[times.longest_hold > 0]
    longest = int(np.median(holds)) if len(holds) else 0
    return replace(known, released_fraction=released, releases=ever, takes=ever, longest_hold_ns=longest, method="ticker")


#: The number of the calling thread in `as_trace`.
CALLER = 0


def as_trace(seen: Stamps) -> TraceData:
    """Return the calling thread's intervals as the ticker saw them: it held while the ticker waited."""
    asked, had = seen[1:].T
    edges = np.concatenate([seen[:1, 1], seen[1:].ravel()])
    state = np.full(len(edges) - 1, OUTSIDE, np.uint8)
    state[1::2][had - asked > AT_ONCE_NS] = HELD
    intervals = Intervals(np.zeros(len(state), np.uint16), state, edges[:-1], edges[1:])
    return TraceData(int(edges[0]), int(edges[-1]), ["caller"], [CALLER], intervals)


def _shares_free(seen: Stamps, edges: Stamps, waited: Stamps, call_ns: float) -> NDArray[np.float64]:
    """Return the share of the time between edges in which the GIL was free, where anything is known of it."""
    asked, had = seen[1:].T
    waiting = had - asked > AT_ONCE_NS
    free, kept_waiting = (np.histogram(asked[which], edges)[0] for which in (~waiting, waiting))
    between = (asked - seen[:-1, 1]).mean()
    # A call that releases at all holds for no longer than it takes; the rest of a wait is for a core, where others want it too.
    waited_for_it = np.minimum(waited, (kept_waiting + 1) * call_ns)
    all_of_it = (free + kept_waiting) * between + waited_for_it
    share: NDArray[np.float64] = (free * between)[all_of_it > 0] / all_of_it[all_of_it > 0]
    return share if len(share) else np.zeros(1)
