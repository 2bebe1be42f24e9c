"""`pairwise`: the squared distances between all points of one set and all points of another.

Why it is here: it takes two small tables and fills a large one, as distances, correlations and scores do everywhere. Each number
of the result is on its own, but the result has rows: a range of it may begin and end inside one. In NumPy it goes coordinate by
coordinate through the whole result, or needs a temporary array for every pair and coordinate.
"""

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel, sides, uniform


def pairwise_python(x: Array, y: Array, out: Array) -> None:
    """Compare one point with one point at a time."""
    points = y.tolist()
    for i, left in enumerate(x.tolist()):
        for j, right in enumerate(points):
            total = 0.0
            for a, b in zip(left, right, strict=True):
                total += (a - b) * (a - b)
            out[i, j] = total


def pairwise_numpy(x: Array, y: Array, out: Array) -> None:
    """Add one coordinate at a time to the whole result; with one temporary array, as large as the result."""
    difference = np.empty_like(out)
    out[...] = 0
    for d in range(x.shape[1]):
        np.subtract.outer(x[:, d], y[:, d], out=difference)
        difference *= difference
        out += difference


def lengths(size: int) -> dict[str, int]:
    """Return lengths for points in space."""
    rows, columns = sides(size)
    return {"m": rows, "k": 3, "n": columns}


pairwise = Kernel(
    name="pairwise",
    summary="squared distances between two sets of points: a table from two lists",
    kind=MAP,
    signature="(m,k),(n,k)->(m,n)",
    inputs=("x", "y"),
    dtypes=("float64",),
    in_python=pairwise_python,
    in_numpy=pairwise_numpy,
    draw=uniform(),
    lengths=lengths,
    slower={"cython": "compares one pair of points at a time; c compares a point with many others, in vectors"},
)
