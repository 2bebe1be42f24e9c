"""`poly`: 1 + x + x^2 + ... + x^degree of each element, by Horner's rule.

Why it is here: `degree` dials the arithmetic for each byte, two operations a step, from memory-bound (0, 1) to compute-bound.
So one kernel shows where a second core stops being held up by memory, all else being equal.
"""

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel, uniform


def poly_python(x: Array, out: Array, degree: int) -> None:
    """Compute one element at a time."""
    for i, value in enumerate(x.tolist()):
        p = 1.0
        for _ in range(degree):
            p = p * value + 1
        out[i] = p


@np.errstate(over="ignore", invalid="ignore")
def poly_numpy(x: Array, out: Array, degree: int) -> None:
    """Compute in place, a step of all elements at a time: each step goes through memory twice."""
    if np.may_share_memory(x, out):
        x = x.copy()
    out[:] = 1
    for _ in range(degree):
        out *= x
        out += 1


poly = Kernel(
    name="poly",
    summary="a polynomial of each element: degree dials from memory-bound to compute-bound",
    kind=MAP,
    signature="()->()",
    inputs=("x",),
    parameters={"degree": 16},
    in_python=poly_python,
    in_numpy=poly_numpy,
    draw=uniform(),
    slower={"cython": "follows one element at a time, each step waiting for the one before; c follows eight vectors together"},
)
