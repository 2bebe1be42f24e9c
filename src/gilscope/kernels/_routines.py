"""All routines: the article's, a copy, whose speed is the memory's, and what LAPACK computes on its own threads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gilscope.kernels._article import ARTICLE, whole_arrays
from gilscope.kernels._kernel import Array
from gilscope.kernels._routine import Routine

SEED = 20080101


def copy(x: Array, out: Array) -> None:
    """Copy an array: what it takes is the memory's time."""
    np.copyto(out, x)


def square(size: int) -> tuple[Array]:
    """Return a square matrix of about `size` elements that has an inverse, and a determinant that is a float."""
    side = math.isqrt(size)
    return (np.eye(side) + np.random.default_rng(SEED).random((side, side)) / side,)


def matrices(size: int) -> tuple[Any, ...]:
    """Return two square matrices of about `size` elements, and room for their product."""
    (x,) = square(size)
    return x, x.T.copy(), np.empty_like(x)


def product(x: Array, y: Array, out: Array) -> None:
    """Multiply two matrices."""
    np.matmul(x, y, out=out)


def inverse(x: Array) -> None:
    """Invert a matrix: the result is as large, so NumPy releases the GIL."""
    np.linalg.inv(x)


def singular_values(x: Array) -> None:
    """Decompose a matrix."""
    np.linalg.svd(x)


def determinant(x: Array) -> None:
    """Compute a determinant: one number, so NumPy keeps the GIL."""
    np.linalg.det(x)


_MORE = (
    Routine("copy", "numpy", "np.copyto: the memory's speed", copy, whole_arrays),
    Routine("product", "numpy", "np.matmul of two matrices", product, matrices, bytes_per_element=24),
    Routine("inv", "numpy", "np.linalg.inv", inverse, square, bytes_per_element=24),
    Routine("svd", "numpy", "np.linalg.svd", singular_values, square, bytes_per_element=48),
    Routine("det", "numpy", "np.linalg.det: keeps the GIL", determinant, square),
)

ROUTINES: dict[str, Routine] = {**ARTICLE, **{each.name: each for each in _MORE}}
