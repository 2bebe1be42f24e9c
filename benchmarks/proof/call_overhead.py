"""What does a call cost before its loop starts? Nanoseconds for one element, beside np.exp and a bare Python function.

Run time: 10 s (--quick 2 s). Sample output:

one element              ns a call   over a Python function   np.exp's time
a Python function               48                        0           0.19x
np.exp                         248                      200           1.00x
exp.python                    1225                     1178           4.95x
exp.numpy                     1273                     1226           5.14x
exp.ufunc                     1480                     1432           5.97x
exp.cython.held               1233                     1185           4.98x
exp.cython.released           1309                     1261           5.28x
exp.cython.declared_nogil      1211                     1163           4.89x
exp.c.held                     387                      340           1.56x
exp.c.released                 457                      409           1.85x
exp.c.declared_nogil           399                      352           1.61x
exp.c.chunked                  439                      391           1.77x
exp.c.per_item                 441                      394           1.78x
exp.c.thresholded              399                      352           1.61x
exp.c.reacquired               500                      453           2.02x
exp.c.yielding                 454                      407           1.83x
exp.c.interruptible            499                      452           2.02x
exp.ctypes.held               6038                     5991          24.38x
exp.ctypes.released           6026                     5978          24.33x
On one element exp.c.held takes 387 ns, np.exp 248 ns; one release adds 50 ns.
"""

import statistics
import sys
from itertools import repeat
from pathlib import Path

import numpy as np

from gilscope.kernels import exp

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import interleaved, options

BATCH = 1000  # calls in one go, so that the loop around them costs little


def bare(x, out):
    """Take the same arguments and do nothing."""


def batches(call):
    """Return what makes many calls."""
    x, out = np.ones(1), np.empty(1)

    def run():
        for _ in repeat(None, BATCH):
            call(x, out=out)

    return [run]


if __name__ == "__main__":
    args = options(__doc__)
    calls = {"a Python function": bare, "np.exp": np.exp}
    calls |= {call.name: call for call in exp.calls() if call.strategy != "parallel"}
    seconds = interleaved({name: batches(call) for name, call in calls.items()}, 5 if args.quick else 31)
    cost = {name: statistics.median(found) / BATCH * 1e9 for name, found in seconds.items()}
    print("one element              ns a call   over a Python function   np.exp's time")
    for name, each in cost.items():
        print(f"{name:24} {each:9.0f} {each - cost['a Python function']:24.0f} {each / cost['np.exp']:14.2f}x")
    pairs = zip(seconds["exp.c.held"], seconds["exp.c.released"], strict=True)
    release = statistics.median(released - held for held, released in pairs) / BATCH * 1e9
    print(
        f"On one element exp.c.held takes {cost['exp.c.held']:.0f} ns, np.exp {cost['np.exp']:.0f} ns; one release adds "
        f"{release:.0f} ns."
    )
