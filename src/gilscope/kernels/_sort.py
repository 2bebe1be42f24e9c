"""`sort`: the numbers in ascending order, NaNs last.

Why it is here: it moves data instead of computing, where the next step depends on the last comparison, and it can only be done at
once. Cython's twin does what people do in C: `qsort` with a function that compares, and a `nogil` callback is what that takes.
"""

import math

import numpy as np

from gilscope.kernels._kernel import WHOLE, Array, Kernel, uniform


def sort_python(x: Array, out: Array) -> None:
    """Sort with Python's own sort; without a key, NaNs would leave everything in disorder."""
    out[...] = sorted(x.tolist(), key=lambda value: (math.isnan(value), value))


def sort_numpy(x: Array, out: Array) -> None:
    """Sort a copy in place."""
    np.copyto(out, x)
    out.sort()


sort = Kernel(
    name="sort",
    summary="numbers in ascending order: comparisons and moves",
    kind=WHOLE,
    signature="(n)->(n)",
    inputs=("x",),
    dtypes=("float64",),
    in_python=sort_python,
    in_numpy=sort_numpy,
    draw=uniform(),
    missing={"cython.parallel": "the C library's qsort can only be computed at once"},
    slower={"cython": "calls a function for each comparison; c compares in place, and splits without a branch"},
    behind="compares one number at a time; NumPy's quicksort splits whole vectors, where the processor has AVX-512 or AVX2",
)
