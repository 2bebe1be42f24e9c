"""`add`: the sum of two arrays, element by element.

Why it is here: one addition for three memory accesses. Releasing the GIL lets it scale as far as memory does, and no further.
It is the article's `A = B + C`.
"""

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel, uniform


def add_python(x: Array, y: Array, out: Array) -> None:
    """Compute one element at a time."""
    for i, (left, right) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        out[i] = left + right


def add_numpy(x: Array, y: Array, out: Array) -> None:
    """Compute with NumPy's own loop, which releases the GIL above 500 elements."""
    np.add(x, y, out=out)


add = Kernel(
    name="add",
    summary="the sum of two arrays: memory-bound",
    kind=MAP,
    signature="(),()->()",
    inputs=("x", "y"),
    in_python=add_python,
    in_numpy=add_numpy,
    draw=uniform(),
    slower={"cython": "is compiled for any x86-64, two numbers at a time; c's loop is dispatched to wider vectors"},
)
