"""`dot`: the sum of the products of two arrays' elements.

Why it is here: a fold. Its slices give partial results that must be combined, so threads need a partial result of their own,
and the last bits depend on how the work was cut. As a generalized ufunc it also shows NumPy's rule at its strangest: 500 counts
*output* items, so one long dot product keeps the GIL.
"""

import numpy as np

from gilscope.kernels._kernel import FOLD, Array, Kernel, uniform


def dot_python(x: Array, y: Array, out: Array) -> None:
    """Add one product at a time."""
    total = 0.0
    for left, right in zip(x.tolist(), y.tolist(), strict=True):
        total += left * right
    out[0] = total


def dot_numpy(x: Array, y: Array, out: Array) -> None:
    """Compute with `np.dot`, which calls BLAS and always releases the GIL (`x @ y` does not)."""
    out[0] = np.dot(x, y)


dot = Kernel(
    name="dot",
    summary="the sum of the products of two arrays: a fold",
    kind=FOLD,
    signature="(n),(n)->()",
    inputs=("x", "y"),
    dtypes=("float64",),
    in_python=dot_python,
    in_numpy=dot_numpy,
    draw=uniform(),
    slower={"cython": "keeps one running sum, and each addition waits for the one before; c keeps eight"},
)
