"""`primes`: whether each integer is a prime, by trial division.

Why it is here: integer work that no vector instruction does, with branches that differ from number to number: half the numbers
are done at once, a prime goes on to its root. It is the usual exercise for threads, and its time says nothing of the best way to
find primes: for a prime near 2**63 it makes 10**9 divisions, which takes seconds, and the call cannot be interrupted meanwhile.
"""

import math
from itertools import count

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel
from gilscope.signatures import Shape


def primes_python(x: Array, out: Array) -> None:
    """Try one number at a time."""
    for i, value in enumerate(x.tolist()):
        if value < 4:
            out[i] = value > 1
        elif value % 2 == 0 or value % 3 == 0:
            out[i] = False
        else:
            out[i] = all(value % k and value % (k + 2) for k in range(5, math.isqrt(value) + 1, 6))


def primes_numpy(x: Array, out: Array) -> None:
    """Try divisor after divisor on all numbers that are left."""
    out[:] = (x == 2) | (x == 3) | ((x > 3) & (x % 2 != 0) & (x % 3 != 0))
    left = np.flatnonzero(out)
    for k in count(5, 6):
        left = left[x[left] // k >= k]  # the others are below k * k: no divisor is left for them
        if not left.size:
            break
        prime = (x[left] % k != 0) & (x[left] % (k + 2) != 0)
        out[left[~prime]] = False
        left = left[prime]


def draw(shapes: tuple[Shape, ...], dtype: np.dtype) -> tuple[Array, ...]:
    """Return odd numbers below 2**22, in no order, so that slices cost alike."""
    return (2 * np.random.default_rng(0).integers(2**21, size=shapes[0], dtype=dtype) + 1,)


primes = Kernel(
    name="primes",
    summary="whether each integer is a prime, by trial division: integers and branches",
    kind=MAP,
    signature="()->()",
    inputs=("x",),
    dtypes=("int64",),
    result="bool",
    in_python=primes_python,
    in_numpy=primes_numpy,
    draw=draw,
    slower={"cython": "divides in 64 bits, which takes most processors longer; c divides in 32 where a number fits"},
)
