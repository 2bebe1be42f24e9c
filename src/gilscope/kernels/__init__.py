"""The kernels: what is computed, one file each."""

from __future__ import annotations

from typing import Any

from gilscope.kernels._add import add
from gilscope.kernels._call import Call, Implementation, Missing, Unavailable
from gilscope.kernels._dot import dot
from gilscope.kernels._exp import exp
from gilscope.kernels._format import format
from gilscope.kernels._histogram import histogram
from gilscope.kernels._kernel import Kernel, find
from gilscope.kernels._mandelbrot import mandelbrot
from gilscope.kernels._matmul import matmul
from gilscope.kernels._pairwise import pairwise
from gilscope.kernels._poly import poly
from gilscope.kernels._primes import primes
from gilscope.kernels._sleep import sleep
from gilscope.kernels._sort import sort
from gilscope.kernels._stencil import stencil
from gilscope.kernels._sum import sum

# From element by element to whole arrays; then what does no work at all, and what needs Python objects.
_ALL = (exp, add, poly, sum, dot, pairwise, histogram, stencil, mandelbrot, primes, matmul, sort, sleep, format)

KERNELS = {each.name: each for each in _ALL}

__all__ = ["KERNELS", "Call", "Implementation", "Kernel", "Missing", "Unavailable", "lookup"]
__all__ += ["add", "dot", "exp", "format", "histogram", "mandelbrot", "matmul", "pairwise", "poly", "primes", "sleep", "sort"]
__all__ += ["stencil", "sum"]


def lookup(name: str) -> Any:
    """Return what a name such as "exp", "exp.c" or "exp.c.released" stands for."""
    kernel, *path = name.split(".")
    if kernel not in KERNELS:
        raise ValueError(f"there is no kernel {kernel!r}: kernels are {', '.join(KERNELS)}")
    return find(KERNELS[kernel], path)
