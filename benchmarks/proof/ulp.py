"""How accurate is exp? The largest error of each implementation in ULP, units in the last place of the exact result.

The C loop is tried at every level of instructions that this processor has. float64 is compared with NumPy's long double where
that has 64 bits or more (x86), else with `decimal` at 40 digits on fewer points; float32 with float64. 0.5 ULP is perfect
rounding; the goal is at most 1.
Run time: 5 s (--quick 1 s). Sample output:

2000000 random points in each range; float64 against long double (64 bits), float32 against float64
dtype            range      python       numpy      cython  c baseline      c avx2   c avx512f
float64        -1 to 1       0.507       0.703       0.507       0.841       0.841       0.635
float64      -10 to 10       0.505       0.690       0.505       0.925       0.925       0.646
float64    -700 to 700       0.506       0.705       0.506       0.929       0.894       0.652
float32        -1 to 1       0.500       2.237       0.500       0.846       0.816       0.552
float32      -10 to 10       0.500       2.419       0.500       0.890       0.862       0.552
float32      -87 to 87       0.500       2.419       0.500       0.864       0.864       0.557
The C loop's largest error is 0.929 ULP (NumPy's is 2.419): it meets the goal of 1 ULP.
"""

import argparse
import decimal

import numpy as np

from gilscope._native.loops import levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import exp

RANGES = {"float64": (1, 10, 700), "float32": (1, 10, 87)}
GOAL = 1.0
HELD = STRATEGIES[0]
LONG = np.finfo(np.longdouble).nmant >= 63


def at_level(level):
    """Return exp as its C loop was compiled for a level."""
    loops = {loop.element: loop for loop in loops_at(level) if loop.kernel == "exp"}

    def call(x):
        run(loops[x.dtype.name], HELD, (x,), out := np.empty_like(x))
        return out

    return call


OURS = {f"c {level}": at_level(level) for level in levels()}
WHO = {"python": exp.python, "numpy": exp.numpy, "cython": exp.cython.released} | OURS


def reference(x):
    """Return the exact exponentials, as far as the type in which they are returned can hold them."""
    if x.dtype == np.float32:
        return np.exp(x.astype(np.float64))
    if LONG:
        return np.exp(x.astype(np.longdouble))
    with decimal.localcontext(prec=40):
        return np.array([decimal.Decimal(value).exp() for value in x.tolist()])


def error(result, exact):
    """Return the largest distance from the exact result, in ULP of it."""
    rounded = exact.astype(result.dtype)
    ulp = np.spacing(rounded)
    if exact.dtype == object:
        differences = [abs(decimal.Decimal(value) - want) for value, want in zip(result.tolist(), exact, strict=True)]
        return max(float(each / decimal.Decimal(unit)) for each, unit in zip(differences, ulp.tolist(), strict=True))
    return float(np.max(np.abs(result.astype(exact.dtype) - exact) / ulp.astype(exact.dtype)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fortieth of the points")
    args = parser.parse_args()
    points = (50_000 if args.quick else 2_000_000) // (1 if LONG else 40)
    kind = f"long double ({np.finfo(np.longdouble).nmant + 1} bits)" if LONG else "decimal (40 digits)"
    print(f"{points} random points in each range; float64 against {kind}, float32 against float64")
    print(f"{'dtype':9} {'range':>12}" + "".join(f"{name:>12}" for name in WHO))
    worst = dict.fromkeys(WHO, 0.0)
    for dtype, ranges in RANGES.items():
        for limit in ranges:
            x = np.random.default_rng(0).uniform(-limit, limit, points).astype(dtype)
            exact = reference(x)
            errors = {name: error(call(x), exact) for name, call in WHO.items()}
            worst = {name: max(worst[name], errors[name]) for name in WHO}
            print(f"{dtype:9} {f'-{limit} to {limit}':>12}" + "".join(f"{each:12.3f}" for each in errors.values()))
    ours = max(worst[name] for name in OURS)
    met = "meets" if ours <= GOAL else "misses"
    largest = f"{ours:.3f} ULP (NumPy's is {worst['numpy']:.3f})"
    print(f"The C loop's largest error is {largest}: it {met} the goal of {GOAL:.0f} ULP.")
