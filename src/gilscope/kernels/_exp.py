"""`exp`: the exponential of each element.

Why it is here: much arithmetic for each byte, so a second core helps if, and only if, the GIL is out of the way. It is the
`np.exp` of the article's `g`.
"""

import math

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel, uniform


def exp_python(x: Array, out: Array) -> None:
    """Compute one element at a time; `math.exp` raises where NumPy gives infinity."""
    for i, value in enumerate(x.tolist()):
        try:
            out[i] = math.exp(value)
        except OverflowError:
            out[i] = math.inf


def exp_numpy(x: Array, out: Array) -> None:
    """Compute with NumPy's own loop, which releases the GIL above 500 elements."""
    np.exp(x, out=out)


exp = Kernel(
    name="exp",
    summary="the exponential of each element: compute-bound",
    kind=MAP,
    signature="()->()",
    inputs=("x",),
    in_python=exp_python,
    in_numpy=exp_numpy,
    draw=uniform(-10, 10),
    slower={"cython": "calls libm's exp for one element at a time; c's loop is vectorised for this processor"},
)
