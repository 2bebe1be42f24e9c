"""What does a span cost? Nanoseconds to enter and leave one, while nobody traces and in a trace, beside a lock.

Run time: 5 s (--quick 1 s). Sample output:

ns to enter and leave       idle   tracing
with a span that is there     71       144
with a new span              167       256
a decorated function         147       220
with a lock                  153       153
To make, enter and leave a span costs 256 ns while a trace runs.
"""

import statistics
import sys
import threading
import time
from itertools import repeat
from pathlib import Path

import gilscope as gs

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import options

BATCH = 5000


def nothing():
    """Cost what all the others cost too."""


kept, lock = gs.span("kept"), threading.Lock()


def entered():
    """Enter and leave a span that is there."""
    with kept:
        pass


def made():
    """Make one first."""
    with gs.span("made"):
        pass


@gs.span("decorated")
def decorated():
    """Be called with a span around."""


def locked():
    """Take and release a lock, which is what else `with` is used for."""
    with lock:
        pass


BODIES = {"with a span that is there": entered, "with a new span": made, "a decorated function": decorated, "with a lock": locked}


def seconds(body):
    """Time a batch."""
    start = time.perf_counter()
    for _ in repeat(None, BATCH):
        body()
    return time.perf_counter() - start


def costs():
    """Return nanoseconds over a call of a function that does nothing."""
    return {name: (seconds(body) - seconds(nothing)) / BATCH * 1e9 for name, body in BODIES.items()}


if __name__ == "__main__":
    args = options(__doc__)
    idle, tracing = [], []
    for _ in range(10 if args.quick else 60):
        idle.append(costs())
        with gs.trace() as trace:
            tracing.append(costs())
        assert len(trace.spans) == 3 * BATCH
    print("ns to enter and leave       idle   tracing")
    for name in BODIES:
        columns = [statistics.median(each[name] for each in found) for found in (idle, tracing)]
        print(f"{name:26} {columns[0]:5.0f} {columns[1]:9.0f}")
    cost = statistics.median(each["with a new span"] for each in tracing)
    print(f"To make, enter and leave a span costs {cost:.0f} ns while a trace runs.")
