"""`sum`: the sum of an array's elements.

Why it is here: the plainest fold. It reads memory and does next to nothing else, so it shows what threads gain where reading is
all there is. It must not be written in the obvious way: one running sum has each addition wait for the one before.
"""

import numpy as np

from gilscope.kernels._kernel import FOLD, Array, Kernel, uniform


def sum_python(x: Array, out: Array) -> None:
    """Add one element at a time; from Python 3.12 on, the built-in `sum` would also make up for lost bits."""
    total = 0.0
    for value in x.tolist():
        total += value
    out[0] = total


def sum_numpy(x: Array, out: Array) -> None:
    """Compute with `np.sum`, which adds pairwise; it releases the GIL above 500 elements."""
    out[0] = np.sum(x)


sum = Kernel(
    name="sum",
    summary="the sum of an array: a fold that only reads",
    kind=FOLD,
    signature="(n)->()",
    inputs=("x",),
    dtypes=("float64",),
    in_python=sum_python,
    in_numpy=sum_numpy,
    draw=uniform(),
    slower={"cython": "keeps one running sum, and each addition waits for the one before; c keeps 32"},
)
