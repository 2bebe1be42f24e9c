"""`format`: each number as text, `"%.6e" % x`.

Why it is here: it makes Python objects, so it cannot run without the GIL and has no released twin. It is the article's "%
formatting operation", and what threads cannot speed up on a build with a GIL.
"""

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel, uniform


def format_python(x: Array, out: Array) -> None:
    """Format one element at a time."""
    for i, value in enumerate(x.tolist()):
        out[i] = "%.6e" % value  # noqa: UP031  (the article's "% formatting")


def format_numpy(x: Array, out: Array) -> None:
    """Format with NumPy, which calls the same Python operator for each element."""
    out[:] = np.char.mod("%.6e", x)


NO_LOOP = "it makes Python objects, and a loop without Python.h cannot"
NEEDS_GIL = "it makes Python objects, which needs the GIL"

format = Kernel(
    name="format",
    summary="each number as text: needs Python objects, held only",
    kind=MAP,
    signature="()->()",
    inputs=("x",),
    dtypes=("float64",),
    result="object",
    in_python=format_python,
    in_numpy=format_numpy,
    draw=uniform(),
    best="cython.held",
    missing=dict.fromkeys(("c", "ctypes", "ufunc"), NO_LOOP)
    | dict.fromkeys(("cython.released", "cython.declared_nogil", "cython.parallel"), NEEDS_GIL),
)
