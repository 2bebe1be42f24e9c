"""The article's `f` and `g`, and `g` split into what it confounds. They make their own data, so they are routines of a size.

`g` is an allocation, the clearing of its pages by the operating system, a fill, an exponential and a free. Its variants take
one of these away: allocation (`g_out`), memory traffic (`g_chunks`), NumPy's release of the GIL (`g_small`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gilscope.kernels._kernel import Array

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


@dataclass(frozen=True, eq=False)
class Routine:
    """Something to measure that has no arrays of its own: stands where a `Call` stands.

    Parameters
    ----------
    kernel_name, implementation : str
        Its name, and who computes it.
    summary : str
        One line on what it is.
    function, prepare : callable
        What runs, and what makes its arguments from a size.
    bytes_per_element, most_bytes : float
        Memory it touches in a call.
    """

    kernel_name: str
    implementation: str
    summary: str
    function: Callable[..., None]
    prepare: Callable[[int], tuple[Any, ...]]
    bytes_per_element: float = 16
    most_bytes: float = math.inf
    strategy: str = "own"

    @property
    def name(self) -> str:
        """Its name, such as "g_out.numpy"."""
        return f"{self.kernel_name}.{self.implementation}"

    @property
    def source(self) -> str:
        """The text of the code that runs."""
        return inspect.getsource(self.function)

    def loop_address(self, dtype: Any) -> None:
        """No C loop of ours runs."""

    def working_set(self, size: int, dtype: Any) -> int:
        """Return the bytes that one call touches."""
        return int(min(self.bytes_per_element * size, self.most_bytes))

    def arrays(self, size: int, dtype: Any) -> tuple[Any, ...]:
        """Return the arguments to call it with."""
        return self.prepare(size)

    def bound(self, arrays: tuple[Any, ...], options: Mapping[str, Any]) -> Callable[[], Any]:
        """Return it with its arguments, ready to call."""
        return partial(self.function, *arrays)


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
