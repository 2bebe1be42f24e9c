"""Who computes fastest? Every implementation of every kernel, on one thread and the same arrays, beside NumPy.

Run time: 7 s (--quick 3 s). Sample output:

20000 elements            ns/element  time:numpy  result, compared with numpy's
exp.python                     90.94     101.31x  within 2e-16
exp.numpy                       0.89       1.00x  the same
exp.ufunc                       0.65       0.73x  within 2e-16
exp.cython.released             4.55       5.14x  within 2e-16
exp.c.released                  0.60       0.67x  within 2e-16
exp.ctypes.released             0.93       1.04x  within 2e-16
  cython takes 7.6x the time of c: it calls libm's exp for one element at a time; c's loop is vectorised for this processor.
add.python                    106.02     352.27x  the same
add.numpy                       0.30       1.00x  the same
add.ufunc                       0.30       1.01x  the same
add.cython.released             0.39       1.31x  the same
add.c.released                  0.25       0.82x  the same
add.ctypes.released             0.59       1.94x  the same
  cython takes 1.6x the time of c: it is compiled for any x86-64, two numbers at a time; c's loop is dispatched to wider vectors.
dot.python                     59.19     264.08x  within 9e-16
dot.numpy                       0.22       1.00x  the same
dot.ufunc                       0.25       1.09x  within 2e-15
dot.cython.released             0.91       4.04x  within 9e-16
dot.c.released                  0.16       0.73x  within 2e-15
dot.ctypes.released             0.53       2.35x  within 2e-15
  cython takes 5.5x the time of c: it keeps one running sum, and each addition waits for the one before; c keeps eight.
mandelbrot.python            7802.27      16.13x  the same
mandelbrot.numpy              472.93       1.00x  the same
mandelbrot.cython.released    193.74       0.41x  the same
mandelbrot.c.released          69.08       0.15x  the same
mandelbrot.ctypes.released     69.08       0.15x  the same
mandelbrot.ufunc                   -          -   unavailable: a ufunc has no place for `iterations`
  cython takes 2.8x the time of c: it follows one point at a time; c follows a block of points together, in vectors.
format.python                 433.53       0.53x  the same
format.numpy                  832.94       1.00x  the same
format.cython.held            298.81       0.37x  the same
format.ufunc                       -          -   unavailable: it makes Python objects, and a loop without Python.h cannot
format.c                           -          -   unavailable: it makes Python objects, and a loop without Python.h cannot
format.ctypes                      -          -   unavailable: it makes Python objects, and a loop without Python.h cannot
Fastest (or within 5 % of it): exp c, add c, dot c, mandelbrot c/ctypes, format cython.
"""

import os
import statistics

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when NumPy loads BLAS: np.dot too

import numpy as np
from _timing import interleaved, options, ratio

from gilscope.kernels import KERNELS, Missing


def lines_of(kernel, size, turns):
    """Measure a kernel's implementations; print a line for each."""
    inputs = kernel.sample(size)
    calls, missing = choose(kernel)
    expected = np.asarray(kernel.numpy(*inputs))
    outs = {name: np.empty_like(expected) for name in calls}
    ways = {name: [lambda call=call, out=outs[name]: call(*inputs, out=out)] for name, call in calls.items()}
    seconds = interleaved(ways, turns)
    slower = {name: ratio(seconds[name], seconds["numpy"]) for name in calls}
    for name, call in calls.items():
        each = statistics.median(seconds[name]) / size * 1e9
        print(f"{call.name:26}{each:10.2f}{slower[name]:11.2f}x  {agreement(outs[name], expected)}")
    for name, reason in missing.items():
        print(f"{kernel.name + '.' + name:26}{'-':>10}{'-':>11}   unavailable: {reason}")
    if "c" in calls and slower["cython"] > 1.1 * slower["c"]:
        print(f"  cython takes {slower['cython'] / slower['c']:.1f}x the time of c: it {kernel.slower['cython']}.")
    return slower


def choose(kernel):
    """Return one call of each implementation, released where it can be, and why others are missing."""
    calls, missing = {}, {}
    for name, implementation in kernel.implementations.items():
        strategies = implementation.strategies
        found = [strategies[s] for s in ("own", "released", "held") if s in strategies]
        there = [call for call in found if not isinstance(call, Missing)]
        if there:
            calls[name] = there[0]
        else:
            missing[name] = str(implementation).split(": ", 1)[1]
    return calls, missing


def agreement(out, expected):
    """Say how near a result is to NumPy's."""
    if out.tolist() == expected.tolist():
        return "the same"
    if expected.dtype.kind == "i":
        return f"{np.mean(out == expected):.2%} the same"
    return f"within {np.max(np.abs(out / expected - 1)):.0e}"


def fastest(found):
    """Return the fastest, and all that can hardly be told from it."""
    return [name for name, time in found.items() if time <= 1.05 * min(found.values())]


if __name__ == "__main__":
    args = options(__doc__)
    size, turns = (3_000, 3) if args.quick else (20_000, 9)
    print(f"{f'{size} elements':26}ns/element  time:numpy  result, compared with numpy's")
    slower = {kernel.name: lines_of(kernel, size, turns) for kernel in KERNELS.values()}
    told = ", ".join(f"{name} {'/'.join(fastest(found))}" for name, found in slower.items())
    print(f"Fastest (or within 5 % of it): {told}.")
