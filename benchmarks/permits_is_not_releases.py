"""Does declaring a function `nogil` release the GIL? No: the declaration permits a call without it, and no more.

Asked twice, of a thread that counts during one long call (it needs no clock, so it works on one core too), and of the
speed on two threads. In Cython the three functions stand one above the other: `gilscope show exp`.
Run time: 5 s (--quick 3 s). Sample output:

                            another could run speed on 2 threads
exp.cython.held                            no              0.94x
exp.cython.declared_nogil                  no              1.04x
exp.cython.released            yes (31 ticks)              1.98x
exp.c.held                                 no              0.93x
exp.c.declared_nogil                       no              0.95x
exp.c.released                 yes (16 ticks)              1.84x
A declaration does not release: nobody else could run; on 2 threads declared nogil reaches 1.04x, released 1.84x.
"""

import sys
import threading
import time

import numpy as np
from _timing import CORES, GIL, interleaved, options, ratio

from gilscope.kernels import exp

STRATEGIES = ("held", "declared_nogil", "released")


def ticks_during(call):
    """Count how often another Python thread runs while one call does.

    A waiting thread may ask for the GIL only after the switch interval, which is out of the way here: so the count
    moves if, and only if, the call itself lets go of the GIL.
    """
    count, stop, interval = [0], threading.Event(), sys.getswitchinterval()

    def tick():
        while not stop.is_set():
            time.sleep(0.0005)
            count[0] += 1

    sys.setswitchinterval(1000)
    ticker = threading.Thread(target=tick)
    ticker.start()
    time.sleep(0.01)  # lets the ticker start
    before = count[0]
    call()
    ticks = count[0] - before
    stop.set()
    ticker.join()
    sys.setswitchinterval(interval)
    return ticks


def compare(implementation, size, turns):
    """Ask both questions of each strategy; print and return what they say."""
    x = np.linspace(-10, 10, size)
    calls = {name: implementation.strategies[name] for name in STRATEGIES}
    outs = [np.empty_like(x), np.empty_like(x)]
    ways = {name: [lambda call=call, out=out: call(x, out=out) for out in outs] for name, call in calls.items()}
    ways["serial"] = ways["held"][:1]
    seconds = interleaved(ways, turns)
    long, long_out = np.linspace(-10, 10, 100 * size), np.empty(100 * size)
    found = {}
    for name, call in calls.items():
        ticks = ticks_during(lambda call=call: call(long, out=long_out))
        found[name] = ticks, ratio(seconds["serial"], seconds[name])
        could = f"yes ({ticks} ticks)" if ticks else "no"
        print(f"{call.name:26} {could:>18} {found[name][1]:17.2f}x")
    return found


def conclusion(found):
    """Say whether the declaration behaves like holding, and releasing does not."""
    declared = [each["declared_nogil"] for each in found]
    released = [each["released"] for each in found]
    speeds = (
        f"on 2 threads declared nogil reaches {max(s for _, s in declared):.2f}x, released {min(s for _, s in released):.2f}x"
    )
    if not GIL:
        return f"GIL off, nothing is held: {speeds}."
    if any(ticks for ticks, _ in declared) or not all(ticks for ticks, _ in released):
        return f"It does not come out here: {speeds}."
    cores = "" if len(CORES) > 1 else " (one usable core)"
    return f"A declaration does not release: nobody else could run; {speeds}{cores}."


if __name__ == "__main__":
    args = options(__doc__)
    print(f"{'':26} {'another could run':>18} {'speed on 2 threads':>18}")
    turns = 5 if args.quick else 25
    print(conclusion([compare(exp.cython, 30_000, turns), compare(exp.c, 100_000, turns)]))
