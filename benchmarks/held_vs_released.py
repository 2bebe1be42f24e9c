"""What does releasing the GIL change? Nothing for one thread; for more, everything.

Each thread has its own arrays and its own core. A speed-up is calls per second, against one thread that holds. In c held
and released run one and the same loop. The loops of the Cython twins have the same instructions (proof/same_instructions.py)
but two addresses, and where a loop lies may make it some per cent faster or slower: that is not the GIL.
Run time: 7 s on two cores (--quick 2 s). Sample output:

kernel         threads        held    released   released : held
exp.c                1       1.00x       1.00x             1.00x
exp.c                2       0.93x       1.85x             1.97x
exp.cython           1       1.00x       1.07x             1.07x
exp.cython           2       0.94x       1.85x             2.04x
mandelbrot.c         1       1.00x       0.99x             0.99x
mandelbrot.c         2       0.94x       1.88x             2.01x
Releasing lets threads scale: on 2 held reaches 0.93-0.94x and released 1.85-1.88x; on 1 they differ by 1% (c), 7% (cython).
"""

from functools import partial

import numpy as np
from _timing import CORES, GIL, interleaved, options, ratio

from gilscope.kernels import exp, mandelbrot

PAIRS = {"exp.c": (exp.c, 100_000), "exp.cython": (exp.cython, 20_000), "mandelbrot.c": (mandelbrot.c, 20_000)}


def ready(call, arrays):
    """Return the call on arrays: the same for held and released, because where an array lies may matter too."""
    *inputs, out = arrays
    return partial(call, *inputs, out=out)


def thread_counts():
    """Return 1, 2, 4, ... and the number of usable cores."""
    most = max(2, len(CORES))
    return sorted({1, most, *(2**n for n in range(most.bit_length()) if 2**n <= most)})


def compare(name, turns):
    """Measure held and released on 1 to N threads; print and return both speed-ups on each."""
    implementation, size = PAIRS[name]
    kernel = implementation.held.kernel
    inputs = [kernel.sample(size, np.dtype("float64")) for _ in range(thread_counts()[-1])]
    arrays = [(*each, kernel(*each)) for each in inputs]
    strategies = {"held": implementation.held, "released": implementation.released}
    ways = {
        (strategy, threads): [ready(call, each) for each in arrays[:threads]]
        for threads in thread_counts()
        for strategy, call in strategies.items()
    }
    seconds = interleaved(ways, turns)
    one = seconds["held", 1]
    for threads in thread_counts():
        held, released = seconds["held", threads], seconds["released", threads]
        print(f"{name:14} {threads:7} {ratio(one, held):10.2f}x {ratio(one, released):10.2f}x {ratio(held, released):16.2f}x")
    return {key: ratio(one, found) for key, found in seconds.items()}


def conclusion(found):
    """Say what all pairs have in common, if they have."""
    most = thread_counts()[-1]
    apart = [max(abs(found[name]["released", 1] - 1) for name in PAIRS if name.endswith(who)) for who in (".c", ".cython")]
    held, released = ([each[strategy, most] for each in found.values()] for strategy in ("held", "released"))
    numbers = (
        f"on {most} held reaches {min(held):.2f}-{max(held):.2f}x and released {min(released):.2f}-{max(released):.2f}x; "
        f"on 1 they differ by {apart[0]:.0%} (c), {apart[1]:.0%} (cython)"
    )
    if len(CORES) == 1:
        return f"One usable core, nothing can overlap: {numbers}."
    if not GIL:
        return f"GIL off, nothing is held: {numbers}."
    if apart[0] < 0.05 and apart[1] < 0.15 and max(held) < 1.1 and min(released) > 1.5:
        return f"Releasing lets threads scale: {numbers}."
    return f"It does not come out clearly: {numbers}."


if __name__ == "__main__":
    args = options(__doc__)
    print("kernel         threads        held    released   released : held")
    print(conclusion({name: compare(name, 5 if args.quick else 25) for name in PAIRS}))
