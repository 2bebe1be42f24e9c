"""`stencil`: one step of heat flow on a grid; each cell moves towards its four neighbours.

Why it is here: simulations and filters on images look like this. Each number of the result reads five, but all except one are in
the cache already: memory is the limit as for `add`, if, and only if, the cells are visited in the right order.
"""

from gilscope.kernels._kernel import MAP, Array, Kernel, sides, uniform


def stencil_python(u: Array, out: Array) -> None:
    """Compute one cell at a time."""
    rows = u.tolist()
    out[...] = u
    for i in range(1, len(rows) - 1):
        above, row, below = rows[i - 1 : i + 2]
        for j in range(1, len(row) - 1):
            out[i, j] = row[j] + 0.1 * (above[j] + below[j] + row[j - 1] + row[j + 1] - 4 * row[j])


def stencil_numpy(u: Array, out: Array) -> None:
    """Add shifted views of the whole grid."""
    up, down, left, right, here = u[:-2, 1:-1], u[2:, 1:-1], u[1:-1, :-2], u[1:-1, 2:], u[1:-1, 1:-1]
    out[...] = u
    out[1:-1, 1:-1] = here + 0.1 * (up + down + left + right - 4 * here)


def lengths(size: int) -> dict[str, int]:
    """Return the sides of a grid."""
    rows, columns = sides(size)
    return {"m": rows, "n": columns}


stencil = Kernel(
    name="stencil",
    summary="one step of heat flow on a grid: memory-bound, with neighbours",
    kind=MAP,
    signature="(m,n)->(m,n)",
    inputs=("u",),
    in_python=stencil_python,
    in_numpy=stencil_numpy,
    draw=uniform(),
    lengths=lengths,
    slower={"cython": "asks of each cell whether it is on the border; c does it for a row, whose inside is then vectorised"},
)
