"""What this machine can do at best, to compare a function with: a loop that only computes, and a copy of large arrays."""

from __future__ import annotations

from dataclasses import dataclass

from gilscope.cases import Case
from gilscope.checking._subject import Call, Subject
from gilscope.machine import available_memory

_MOST_ELEMENTS = 2**22  # 32 MiB: as large as a core's share of any cache of today; two arrays are beyond it
_LEAST_ELEMENTS = 2**17


@dataclass(frozen=True)
class Ceiling:
    """A call of ours as a subject, always on data of its own.

    Parameters
    ----------
    case : Case
        Which, and its size.
    """

    case: Case

    @property
    def name(self) -> str:
        """What one can paste."""
        return self.case.call

    def call(self, *, own: bool) -> Call:
        """Return the call."""
        arrays = self.case.target.arrays(self.case.size, self.case.dtype)
        bound: Call = self.case.target.bound(arrays, {})
        return bound


def ceilings(workers: int) -> dict[str, Subject]:
    """Return what to compare with, for so many workers, all of which have the memory for it.

    Primes take 0.5 to 1 ms a call on 24 kB, in C and without the GIL; the copy, which NumPy makes without the GIL, takes 5 ms.
    """
    elements = available_memory() // (16 * 8 * workers)
    copied = max(_LEAST_ELEMENTS, min(_MOST_ELEMENTS, elements))
    return {"compute": Ceiling(Case("primes.c.released", 4000)), "copy": Ceiling(Case("copy.numpy", copied))}
