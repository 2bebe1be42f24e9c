"""Numexpr: compiles expressions for a machine of its own, which works in blocks that fit the cache."""

import numexpr

from gilscope.kernels import KERNELS

HORNER = "1.0"
for _ in range(KERNELS["poly"].parameters["degree"]):
    HORNER = f"({HORNER}) * x + 1.0"


def mapped(expression):
    """Return what computes an expression of x, and y, into `out`."""
    return lambda *arrays: numexpr.evaluate(expression, dict(zip("xy", arrays[:-1], strict=False)), out=arrays[-1])


def folded(expression):
    """Return what sums an expression of x, and y."""

    def compute(*arrays):
        arrays[-1][...] = numexpr.evaluate(f"sum({expression})", dict(zip("xy", arrays[:-1], strict=False)))

    return compute


def functions(threads):
    """Return what computes each kernel, by its name."""
    numexpr.set_num_threads(threads)
    maps = {"exp": mapped("exp(x)"), "add": mapped("x + y"), "poly": mapped(HORNER)}
    return maps if threads > 1 else maps | {"sum": folded("x"), "dot": folded("x * y")}  # its sums use one thread
