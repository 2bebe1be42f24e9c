"""From which size on does releasing the GIL pay? Two threads share the calls; small calls fight over the GIL instead.

Each column is calls per second on two threads against one thread that holds: above 1.00 it pays. `thresholded` releases
above 500 elements, as NumPy does; `chunked` takes the GIL back every 1000 elements; `per_item` after each element, which
is so slow that only its cost per release is told.
Run time: 12 s (--quick 2 s). Sample output:

 elements    held call     released  thresholded      chunked
       10      0.42 us        0.49x        0.96x        0.02x
      100      0.47 us        0.47x        0.95x        0.02x
      300      0.59 us        0.42x        0.95x        0.02x
     1000      0.99 us        0.47x        0.43x        0.03x
     3000      2.15 us        0.82x        0.80x        0.06x
    10000      6.44 us        1.45x        1.48x        0.16x
    30000     19.44 us        1.85x        1.87x        0.26x
   100000     64.25 us        1.91x        1.87x        0.49x
  1000000    654.08 us        1.82x        1.87x        0.71x
Releasing pays from 10000 elements on (6.4 us a call); a release costs 90 ns alone, 363 ns where two threads release.
"""

import statistics

import numpy as np
from _timing import CORES, GIL, interleaved, options, ratio

from gilscope.kernels import exp

STRATEGIES = {
    "released": exp.c.released,
    "thresholded": exp.c.thresholded,
    "chunked": lambda x, out: exp.c.chunked(x, out=out, grain=1000),
}


def arrays(size):
    """Return an input and a result for each thread."""
    return [(np.linspace(-10, 10, size), np.empty(size)) for _ in "12"]


def on(call, own):
    """Return the call for each thread, on arrays of its own."""
    return [lambda x=x, out=out: call(x, out=out) for x, out in own]


def measure(size, turns):
    """Return the seconds of a held call, and the speed-ups of the others on two threads."""
    own = arrays(size)
    ways = {"held": on(exp.c.held, own[:1])} | {name: on(call, own) for name, call in STRATEGIES.items()}
    seconds = interleaved(ways, turns)
    return statistics.median(seconds["held"]), {name: ratio(seconds["held"], seconds[name]) for name in STRATEGIES}


def cost_of_a_release(turns, size=1000):
    """Return the nanoseconds that per_item adds to each element, on one thread and on two that want the GIL."""
    own = arrays(size)
    ways = {"held": on(exp.c.held, own[:1]), 1: on(exp.c.per_item, own[:1]), 2: on(exp.c.per_item, own)}
    seconds = {name: statistics.median(found) for name, found in interleaved(ways, turns).items()}
    return [(seconds[threads] - seconds["held"]) / size * 1e9 for threads in (1, 2)]


def pays_from(found):
    """Return the smallest size from which on releasing always pays, or None."""
    losing = [size for size, (_, speedups) in found.items() if speedups["released"] <= 1.05]
    return min((size for size in found if size > max(losing, default=0)), default=None)


def conclusion(found, alone, contended):
    """Say from where on releasing pays, and what a release costs."""
    start, state = pays_from(found), "" if GIL else "GIL off: "
    price = f"a release costs {alone:.0f} ns alone, {contended:.0f} ns where two threads release"
    if start is None:
        why = "one usable core" if len(CORES) == 1 else "not at the largest of these sizes"
        return f"{state}Releasing did not pay here ({why}); {price}."
    return f"{state}Releasing pays from {start} elements on ({found[start][0] * 1e6:.1f} us a call); {price}."


if __name__ == "__main__":
    args = options(__doc__)
    sizes = (10, 1000, 100_000) if args.quick else (10, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 1_000_000)
    turns = 5 if args.quick else 15
    print(f"{'elements':>9}{'held call':>13}" + "".join(f"{name:>13}" for name in STRATEGIES))
    found = {}
    for size in sizes:
        held, speedups = found[size] = measure(size, turns)
        print(f"{size:>9}{held * 1e6:10.2f} us" + "".join(f"{speedup:12.2f}x" for speedup in speedups.values()))
    print(conclusion(found, *cost_of_a_release(turns)))
