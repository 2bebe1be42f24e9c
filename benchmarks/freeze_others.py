"""What do other threads feel? The longest silence of a heartbeat thread while one long call runs beside it.

The heartbeat is what a window, a server or a progress bar needs. It beats about once a millisecond if it can.
Run time: 12 s (--quick 4 s). Sample output:

strategy             call   longest silence   of the call
held               399 ms          398.8 ms         100%
yielding           406 ms           16.4 ms           4%
chunked            399 ms            2.5 ms           1%
released           399 ms            1.8 ms           0%
interruptible      400 ms            2.0 ms           0%
Holding freezes the others for the whole call, releasing does not: silent for 399 ms held, 16 ms yielding, 2 ms released.
"""

import itertools
import statistics
import threading
import time

import numpy as np
from _timing import GIL, options

from gilscope.kernels import mandelbrot

STRATEGIES = ("held", "yielding", "chunked", "released", "interruptible")


class Heartbeat:
    """A thread that notes the time about once a millisecond."""

    def __init__(self):
        self.beats = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat)

    def _beat(self):
        while not self._stop.is_set():
            self.beats.append(time.perf_counter())
            time.sleep(0.001)

    def __enter__(self):
        self._thread.start()
        time.sleep(0.02)
        return self

    def __exit__(self, *exception):
        time.sleep(0.02)
        self._stop.set()
        self._thread.join()


def longest_gap(call):
    """Return how long a call takes, and the longest time between two beats meanwhile."""
    with Heartbeat() as heartbeat:
        start = time.perf_counter()
        call()
        stop = time.perf_counter()
    pairs = itertools.pairwise(heartbeat.beats)
    gaps = [late - early for early, late in pairs if late > start and early < stop]
    return stop - start, max(gaps)


def conclusion(gaps, call):
    """Say who froze the heartbeat."""
    told = ", ".join(f"{gaps[name] * 1e3:.0f} ms {name}" for name in ("held", "yielding", "released"))
    if not GIL:
        return f"GIL off, so nobody holds it: the longest silences are {told}."
    if gaps["held"] > 0.9 * call and gaps["released"] < 0.1 * call:
        return f"Holding freezes the others for the whole call, releasing does not: silent for {told}."
    return f"The difference does not come out clearly here: silent for {told}."


if __name__ == "__main__":
    args = options(__doc__)
    points, turns = (100_000, 3) if args.quick else (300_000, 5)
    x, y = mandelbrot.sample(points, np.dtype("float64"))
    out, found = mandelbrot(x, y), {name: [] for name in STRATEGIES}
    for _ in range(turns):
        for name, seen in found.items():
            call = mandelbrot.c.strategies[name]
            seen.append(longest_gap(lambda call=call: call(x, y, out=out, iterations=5000)))
    print("strategy             call   longest silence   of the call")
    middle = {name: [statistics.median(each) for each in zip(*seen, strict=True)] for name, seen in found.items()}
    for name, (call, gap) in middle.items():
        print(f"{name:14} {call * 1e3:7.0f} ms {gap * 1e3:14.1f} ms {gap / call:12.0%}")
    print(conclusion({name: gap for name, (_, gap) in middle.items()}, middle["held"][0]))
