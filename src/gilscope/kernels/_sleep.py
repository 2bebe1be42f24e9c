"""`sleep`: each element unchanged, after a wait.

Why it is here: it stands for a disk or a network, and uses no CPU. Threads overlap such waits on any number of cores, even on
one, if the GIL is released. If it is held everyone else waits too, for nothing at all.
"""

import time

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel, uniform


def sleep_python(x: Array, out: Array, nanoseconds: int) -> None:
    """Wait once, with `time.sleep`, which releases the GIL; then copy one element at a time."""
    if x.size:
        time.sleep(x.size * nanoseconds * 1e-9)
    for i, value in enumerate(x.tolist()):
        out[i] = value


def sleep_numpy(x: Array, out: Array, nanoseconds: int) -> None:
    """Wait with `time.sleep`: NumPy has nothing that waits."""
    if x.size:
        time.sleep(x.size * nanoseconds * 1e-9)
    np.copyto(out, x)


sleep = Kernel(
    name="sleep",
    summary="each element after a wait: no work at all, as while a disk or a network answers",
    kind=MAP,
    signature="()->()",
    inputs=("x",),
    dtypes=("float64",),
    parameters={"nanoseconds": 1000},
    in_python=sleep_python,
    in_numpy=sleep_numpy,
    draw=uniform(),
)
