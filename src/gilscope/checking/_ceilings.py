"""What this machine can do at best, to compare a function with: a loop that only computes, and a copy of large arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from gilscope.checking._subject import Call
from gilscope.kernels import lookup
from gilscope.machine import available_memory

_MOST_BYTES = 32 * 2**20  # as large as a core's share of any cache of today; two of them are beyond it
_LEAST_BYTES = 2**20


@dataclass(frozen=True)
class Computing:
    """Prime numbers, in C and without the GIL: 0.5 to 1 ms a call on 24 kB."""

    name: str = "a loop that only computes"

    def call(self, *, own: bool) -> Call:
        """Return the call, always on data of its own."""
        target = lookup("primes.c.released")
        bound: Call = target.bound(target.arrays(4000, target.kernel.dtypes[0]), {})
        return bound


@dataclass(frozen=True)
class Copying:
    """A copy from one array to another, which NumPy makes without the GIL.

    Parameters
    ----------
    nbytes : int
        Of each array.
    """

    nbytes: int
    name: str = "copying large arrays"

    def call(self, *, own: bool) -> Call:
        """Return the call, always on data of its own."""
        return partial(np.copyto, np.ones(self.nbytes // 8), np.ones(self.nbytes // 8))

    @classmethod
    def for_workers(cls, workers: int) -> Copying:
        """Return a copy large enough to be beyond the caches, if so many workers have the memory for it."""
        return cls(max(_LEAST_BYTES, min(_MOST_BYTES, available_memory() // (16 * workers))))
