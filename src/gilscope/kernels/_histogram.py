"""`histogram`: how many numbers fall into each of 256 equal parts of [0, 1].

Why it is here: a scatter, and a fold whose partial result is a table. Threads that counted in one table would lose counts, or
wait for each other at every number; so each counts in a table of its own, and the tables are added at the end.
"""

import numpy as np

from gilscope.kernels._kernel import FOLD, Array, Kernel, uniform


def histogram_python(x: Array, out: Array) -> None:
    """Count one number at a time."""
    counts = [0] * 256
    for value in x.tolist():
        if 0 <= value <= 1:  # never true for NaN
            counts[min(int(value * 256), 255)] += 1
    out[:] = counts


def histogram_numpy(x: Array, out: Array) -> None:
    """Count with `np.histogram`: the last part includes 1; numbers outside, and NaN, are not counted."""
    out[:] = np.histogram(x, bins=256, range=(0, 1))[0]


histogram = Kernel(
    name="histogram",
    summary="how many numbers are in each of 256 parts of [0, 1]: a scatter",
    kind=FOLD,
    signature="(n)->(256)",
    inputs=("x",),
    dtypes=("float64",),
    result="intp",
    in_python=histogram_python,
    in_numpy=histogram_numpy,
    draw=uniform(0, 1),
    slower={
        "cython": "counts in one table, where an increment may wait for the one before; c counts in four, so that it need not"
    },
)
