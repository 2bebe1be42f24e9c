"""The article's `f` and `g`, and `g` split into what it confounds. They make their own data, so they are routines of a size.

`g` is an allocation, the clearing of its pages by the operating system, a fill, an exponential and a free. Its variants take
one of these away: allocation (`g_out`), memory traffic (`g_chunks`), NumPy's release of the GIL (`g_small`).
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from gilscope.kernels._kernel import Array
from gilscope.kernels._routine import Routine

CACHE_CHUNK = 16_384  # 2 arrays of 128 KiB: inside the second-level cache of any processor of this century
HELD_CHUNK = 500  # NumPy releases above 500 elements


def f(size: int) -> None:
    """Run the article's pure-Python function: a list of ones, and math.exp of each."""
    y = [1] * size
    [math.exp(i) for i in y]


def g(size: int) -> None:
    """Run the article's NumPy function: both arrays are allocated anew in each call."""
    y = np.ones(size)
    np.exp(y)


def g_out(y: Array, out: Array) -> None:
    """Run `g` on arrays that are there already."""
    y.fill(1)
    np.exp(y, out=out)


def g_chunks(y: Array, out: Array, size: int) -> None:
    """Run `g` in chunks on short arrays that stay in the cache, `size` elements in all."""
    for _ in range(0, size, y.size):
        y.fill(1)
        np.exp(y, out=out)


def no_arrays(size: int) -> tuple[Any, ...]:
    """Return what `f` and `g` take."""
    return (size,)


def whole_arrays(size: int) -> tuple[Any, ...]:
    """Return what `g_out` takes."""
    return np.ones(size), np.empty(size)


def short_arrays(chunk: int, size: int) -> tuple[Any, ...]:
    """Return what `g_chunks` takes."""
    return np.ones(chunk), np.empty(chunk), size


ARTICLE = {
    each.name: each
    for each in (
        Routine("g", "numpy", "np.exp(np.ones(n)), as published", g, no_arrays),
        Routine("g_out", "numpy", "the same on arrays that exist (out=)", g_out, whole_arrays),
        Routine("g_chunks", "numpy", "16384 elements at a time: stays in the cache", g_chunks,
                partial(short_arrays, CACHE_CHUNK), most_bytes=16 * CACHE_CHUNK),
        Routine("g_small", "numpy", "500 elements at a time: NumPy keeps the GIL", g_chunks,
                partial(short_arrays, HELD_CHUNK), most_bytes=16 * HELD_CHUNK),
        # A list of pointers to one int, and a list of floats of 24 bytes each.
        Routine("f", "python", "[math.exp(i) for i in [1] * n], as published", f, no_arrays, bytes_per_element=40),
    )
}  # fmt: skip
