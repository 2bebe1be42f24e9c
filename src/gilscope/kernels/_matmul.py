"""`matmul`: the product of two matrices.

Why it is here: the one computation for which NumPy uses many cores by itself, because BLAS does, and for which no loop of one's
own is fast. It is computed at once: a good loop works on tiles that a flat range of the result would cut through. `np.matmul`
releases the GIL; whether more Python threads help then depends on how many threads BLAS has taken already.
"""

import numpy as np

from gilscope.kernels._kernel import WHOLE, Array, Kernel, sides, uniform


def matmul_python(x: Array, y: Array, out: Array) -> None:
    """Multiply each row by each column."""
    columns = y.T.tolist()
    for i, row in enumerate(x.tolist()):
        for j, column in enumerate(columns):
            total = 0.0
            for a, b in zip(row, column, strict=True):
                total += a * b
            out[i, j] = total


def matmul_numpy(x: Array, y: Array, out: Array) -> None:
    """Compute with BLAS, which releases the GIL and may use many cores."""
    np.matmul(x, y, out=out)


def lengths(size: int) -> dict[str, int]:
    """Return the sides of matrices, none of which has more elements than the result."""
    rows, columns = sides(size)
    return {"m": rows, "k": rows, "n": columns}


matmul = Kernel(
    name="matmul",
    summary="the product of two matrices: what BLAS is for",
    kind=WHOLE,
    signature="(m,k),(k,n)->(m,n)",
    inputs=("x", "y"),
    dtypes=("float64",),
    in_python=matmul_python,
    in_numpy=matmul_numpy,
    draw=uniform(),
    lengths=lengths,
    slower={"cython": "loads and stores the result for each product; c keeps tiles of it in registers"},
    behind="has no fused multiply-adds and one tile size for all processors; BLAS is written by hand for each of them",
)
