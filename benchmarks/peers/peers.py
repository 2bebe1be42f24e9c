"""How do our C loops compare with NumPy, SciPy, Numexpr and Numba? One thread, the same arrays, every peer in turn.

A peer that is not installed is left out, and said to be (`pip install gilscope[peers]` has them all). Ratios are NumPy's
time over the peer's: above 1 is faster than NumPy; in brackets the 95 % interval. Goals: exp at least 0.85x np.exp(out=)
at 1e4 to 1e6 in both precisions, mandelbrot at least 5x the NumPy version.
Run time: 30 s (--quick 5 s; compilation by Numba is not timed). Excerpts, "..." for the rest. Sample output:

kernel      dtype     elements  who       ns/element  numpy : who, 95 % interval
...
exp         float64    1000000  gilscope        0.61     1.46x [1.43, 1.50]
                       1000000  numpy           0.89     1.00x [1.00, 1.00]
                       1000000  numexpr         4.67     0.19x [0.19, 0.20]
                       1000000  numba           4.58     0.19x [0.19, 0.20]
...
mandelbrot  float64      10000  gilscope      155.60     5.99x [5.90, 8.94]
                         10000  numpy         990.33     1.00x [1.00, 1.00]
                         10000  numba         400.14     2.34x [2.30, 2.78]
...
goal: exp float64 at 10000 at least 0.85x numpy: 1.25x, met
goal: exp float64 at 100000 at least 0.85x numpy: 1.43x, met
goal: exp float64 at 1000000 at least 0.85x numpy: 1.46x, met
goal: exp float32 at 10000 at least 0.85x numpy: 1.69x, met
goal: exp float32 at 100000 at least 0.85x numpy: 2.08x, met
goal: exp float32 at 1000000 at least 0.85x numpy: 2.11x, met
goal: mandelbrot float64 at 1000 at least 5.0x numpy: 26.37x, met
goal: mandelbrot float64 at 10000 at least 5.0x numpy: 5.99x, met
This run meets 8 of the 8 goals that it looked at.
"""

import argparse
import importlib
import os
import statistics
import sys
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when NumPy loads BLAS

import numpy as np

from gilscope.kernels import KERNELS
from gilscope.stats import ratio

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import interleaved

GOALS = {"exp": 0.85, "mandelbrot": 5.0}
EXP_SIZES = (10_000, 1_000_000)
SLOW_SIZE = 20_000  # mandelbrot and format take up to a microsecond for an element: larger sizes tell nothing new


def ours(call):
    """Return a kernel, or a call of one, as the peers are called; `out=` by name is its quick way in."""
    return lambda *arrays: call(*arrays[:-1], out=arrays[-1])


def numpy_peers(np):
    """NumPy: the functions themselves, without gilscope around them."""

    def dot(x, y, out):
        out[...] = np.dot(x, y)

    return {
        "exp": lambda x, out: np.exp(x, out=out),
        "add": lambda x, y, out: np.add(x, y, out=out),
        "dot": dot,
        "mandelbrot": ours(KERNELS["mandelbrot"].numpy),
        "format": ours(KERNELS["format"].numpy),
    }


def scipy_peers(scipy):
    """SciPy: of our kernels it has only BLAS's dot."""
    ddot = importlib.import_module("scipy.linalg.blas").ddot

    def dot(x, y, out):
        out[...] = ddot(x, y)

    return {"dot": dot}


def numexpr_peers(numexpr):
    """Numexpr: compiles expressions for a machine of its own."""
    numexpr.set_num_threads(1)

    def dot(x, y, out):
        out[...] = numexpr.evaluate("sum(x * y)", {"x": x, "y": y})

    return {
        "exp": lambda x, out: numexpr.evaluate("exp(x)", {"x": x}, out=out),
        "add": lambda x, y, out: numexpr.evaluate("x + y", {"x": x, "y": y}, out=out),
        "dot": dot,
    }


def numba_peers(numba):
    """Numba: the plain loops, compiled at the first call."""
    jit = numba.njit(nogil=True, error_model="numpy")

    @jit
    def exp(x, out):
        for i in range(x.size):
            out[i] = np.exp(x[i])

    @jit
    def add(x, y, out):
        for i in range(x.size):
            out[i] = x[i] + y[i]

    @numba.njit(nogil=True, fastmath=True)  # fastmath: may add in another order, as our loop does
    def summed(x, y):
        total = 0.0
        for i in range(x.size):
            total += x[i] * y[i]
        return total

    def dot(x, y, out):
        out[...] = summed(x, y)

    @jit
    def mandelbrot(x, y, out):
        for i in range(x.size):
            a = b = 0.0
            out[i] = 256
            for step in range(256):
                aa, bb = a * a, b * b
                if not aa + bb <= 4:
                    out[i] = step
                    break
                a, b = (aa - bb) + x[i], (a + a) * b + y[i]

    return {"exp": exp, "add": add, "dot": dot, "mandelbrot": mandelbrot}


PEERS = {"numpy": numpy_peers, "scipy": scipy_peers, "numexpr": numexpr_peers, "numba": numba_peers}


def installed():
    """Return the functions of every peer there is, and print the versions."""
    found = {}
    for name, functions in PEERS.items():
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            print(f"{name}: left out ({error})")
        else:
            print(f"{name} {module.__version__}")
            found[name] = functions(module)
    return found


def compare(kernel, dtype, size, peers, turns):
    """Measure a kernel in turn with its peers; print and return the ratios to NumPy."""
    inputs = kernel.sample(size, np.dtype(dtype))
    expected = np.asarray(kernel.numpy(*inputs))
    functions = {"gilscope": ours(kernel)}
    functions |= {name: found[kernel.name] for name, found in peers.items() if kernel.name in found}
    arrays = {name: (*inputs, np.empty_like(expected)) for name in functions}
    for name, function in functions.items():
        function(*arrays[name])
        if not agrees(arrays[name][-1], expected):
            raise SystemExit(f"{name} computes another {kernel.name} than NumPy: nothing to compare.")
    ways = {name: [partial(function, *arrays[name])] for name, function in functions.items()}
    seconds = interleaved(ways, turns, at_least=0.01)
    found = {name: ratio(seconds["numpy"], each) for name, each in seconds.items()}
    for name, each in seconds.items():
        what = f"{kernel.name:12}{dtype:9}" if name == "gilscope" else ""
        time = statistics.median(each) / size * 1e9
        interval = f"[{found[name].low:.2f}, {found[name].high:.2f}]"
        print(f"{what:21}{size:9}  {name:10}{time:10.2f}{found[name].value:9.2f}x {interval}")
    return found["gilscope"]


def agrees(out, expected):
    """Tell whether a result is NumPy's but for rounding, or a point in a thousand on the edge of the Mandelbrot set."""
    if expected.dtype == object:
        return out.tolist() == expected.tolist()
    if expected.dtype.kind == "i":
        return np.mean(out == expected) > 0.999
    rtol, atol = (1e-5 if expected.dtype == np.float32 else 1e-10), (1e-6 if expected.ndim == 0 else 0)
    return np.allclose(out, expected, rtol=rtol, atol=atol)


def verdicts(found):
    """Say of each goal whether it was met."""
    for (kernel, dtype, size), each in found.items():
        if kernel == "exp" and not EXP_SIZES[0] <= size <= EXP_SIZES[1]:
            continue
        if kernel in GOALS:
            word = "met" if each.value >= GOALS[kernel] else "MISSED"
            print(f"goal: {kernel} {dtype} at {size} at least {GOALS[kernel]}x numpy: {each.value:.2f}x, {word}")
            yield word == "met"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two sizes and fewer turns")
    parser.add_argument("--sizes", type=float, nargs="+", metavar="N", help="elements (default: 1e3 1e4 1e5 1e6)")
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes or ((1e3, 1e4) if args.quick else (1e3, 1e4, 1e5, 1e6))]
    peers = installed()
    print("kernel      dtype     elements  who       ns/element  numpy : who, 95 % interval")
    found = {}
    for kernel in KERNELS.values():
        for dtype in kernel.dtypes if kernel.name in ("exp", "add") else ("float64",):
            for size in sizes if kernel.name in ("exp", "add", "dot") else [each for each in sizes if each <= SLOW_SIZE]:
                found[kernel.name, dtype, size] = compare(kernel, dtype, size, peers, 5 if args.quick else 21)
    met = list(verdicts(found))
    print(f"This run meets {sum(met)} of the {len(met)} goals that it looked at.")
