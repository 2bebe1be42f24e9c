"""How do our C loops compare with NumPy, SciPy, Numexpr and Numba? The same arrays, every one in turn.

First one thread each, then all cores: `c.parallel` and those peers that have threads of their own, beside NumPy on one thread.
Each figure is the peer's time over ours, above 1: ours is faster; in brackets the 95 % interval. A peer that is not
installed is left out, and said to be (`pip install gilscope[peers]` has them all). What Numba compiles is not timed.
Run time: 6 min (--quick: the kernels that have goals, at two sizes, 20 s). Sample output:

(peers.py --kernel exp --size 1e4 --size 1e5 --size 1e6 --size 1e7, without the lines of float32)
A peer's time over ours: above 1, ours is faster.

...
2 threads, but for NumPy outside BLAS
kernel      dtype        size  ns/elem  numpy               scipy               numexpr             numba
exp         float64     10000     0.43  1.54 [1.49, 1.69]   -                   21.94 [20.63, 33.79]34.58 [31.27, 36.97]
exp         float64    100000     0.20  3.55 [3.24, 3.62]   -                   18.47 [16.52, 20.18]19.71 [18.63, 20.68]
exp         float64   1000000     0.30  2.72 [2.58, 2.79]   -                   10.96 [9.96, 13.81] 9.02 [8.41, 9.13]
exp         float64  10000000     0.36  3.54 [3.45, 3.64]   -                   7.27 [7.14, 7.45]   7.51 [7.28, 7.66]

goal: exp at 10000 on one thread at least 1.5x the best peer (numpy): 1.84 [1.75, 1.87], met
goal: exp at 100000 on one thread at least 1.5x the best peer (numpy): 1.90 [1.80, 1.93], met
goal: exp at 1000000 on one thread at least 1.3x the best peer (numpy): 1.32 [1.31, 1.34], met
goal: exp at 10000000 on one thread at least 1.5x the best peer (numpy): 1.85 [1.82, 1.86], met
goal: exp at 10000 on all cores at least 2.0x one-thread numpy: 1.54 [1.49, 1.69], MISSED
goal: exp at 100000 on all cores at least 2.5x one-thread numpy: 3.55 [3.24, 3.62], met
goal: exp at 1000000 on all cores at least 2.5x one-thread numpy: 2.72 [2.58, 2.79], met
goal: exp at 10000000 on all cores at least 2.5x one-thread numpy: 3.54 [3.45, 3.64], met
This run meets 7 of the 8 goals that it looked at.
"""

import argparse
import importlib
import os
import sys
import time
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when NumPy loads BLAS
os.environ["OMP_PROC_BIND"] = "true"  # a worker woken on its caller's core makes the same call three times as long
os.environ["NUMBA_THREADING_LAYER"] = "workqueue"  # with two OpenMP pools in a process libgomp counts more threads than cores

import numpy as np

from gilscope.kernels import KERNELS, Missing
from gilscope.stats import median, ratio

sys.path.insert(0, str(Path(__file__).parents[1]))
from _goals import AS_FAST, EXPLAINED_FROM, GOALS
from _timing import CORES, enough, pinned, unpin

PEERS = ("numpy", "scipy", "numexpr", "numba")
DTYPES = {"exp": ("float64", "float32"), "add": ("float64", "float32")}
LARGEST = {"mandelbrot": 1e5, "primes": 1e5, "matmul": 1e5, "format": 1e4}  # where a call takes tenths of a second
NO_PEERS = ("sleep", "format")
WAY_IN = 0.4e-6  # seconds: what a call of ours costs on an array of one element; Numba's costs half, and checks nothing
SPIN_SECONDS = 0.05  # idle OpenMP workers go on spinning, on cores that the next one needs


def installed(threads):
    """Return the functions of every peer that there is, and why the others are left out."""
    found, left_out = {}, []
    for name in PEERS:
        try:
            found[name] = importlib.import_module(f"_{name}").functions(threads)
        except ImportError as error:
            left_out.append(f"{name}: left out ({error})")
    return found, left_out


def ours(kernel, threads):
    """Return our best call, or the one that runs OpenMP threads inside; None where there is none."""
    call = kernel if threads == 1 else kernel.c.parallel
    return None if isinstance(call, Missing) else call if threads == 1 else partial(call, threads=threads)


def compare(kernel, dtype, size, peers, threads, turns):
    """Measure a kernel in turn with its peers; return our seconds and the ratio of each peer's time to ours."""
    inputs = kernel.sample(size, dtype)
    expected = np.asarray(kernel.numpy(*inputs))
    out = np.empty_like(expected)  # the same for all: how it is aligned matters more than most else
    ways = {"ours": partial(ours(kernel, threads), *inputs, out=out)}
    ways |= {name: partial(each[kernel.name], *inputs, np.atleast_1d(out)) for name, each in peers.items() if kernel.name in each}
    for name, way in ways.items():
        out.fill(0)
        way()
        if not agrees(out, expected):
            raise SystemExit(f"{name} computes another {kernel.name} than NumPy: nothing to compare.")
    seconds = in_turn(ways, turns, threads)
    return median(seconds["ours"]), {name: ratio(each, seconds["ours"]) for name, each in seconds.items() if name != "ours"}


def agrees(out, expected):
    """Tell whether a result is NumPy's but for rounding, or a point in a thousand on the edge of the Mandelbrot set."""
    if expected.dtype.kind in "ib":
        return np.mean(out == expected) > 0.999
    rtol, atol = (1e-5, 1e-6) if expected.dtype == np.float32 else (1e-9, 1e-9)
    return np.allclose(out, expected, rtol=rtol, atol=atol)


def in_turn(ways, turns, threads):
    """Return each way's seconds per call, one number per turn; one thread stays on one core, several float."""
    repeats = {name: enough([way], 0.01) if threads == 1 else enough_floating(way) for name, way in ways.items()}
    seconds = {name: [] for name in ways}
    for turn in range(turns):
        for name in list(ways)[:: 1 if turn % 2 == 0 else -1]:
            seconds[name].append(timed(ways[name], repeats[name], threads))
    return seconds


def enough_floating(way):
    """Return how often to call to fill a sample."""
    seconds = min(timed(way, 3, 2) for _ in range(3))
    return max(1, round(0.01 / seconds))


def timed(way, repeats, threads):
    """Return the seconds of one call out of many."""
    if threads > 1:
        unpin()  # OpenMP binds the thread that calls it, and others would inherit that
        return timed_here(way, repeats, SPIN_SECONDS)
    with pinned(CORES[0]):
        return timed_here(way, repeats, 0)


def timed_here(way, repeats, pause):
    """Return the seconds of one call out of many, made by this thread after a pause."""
    time.sleep(pause)
    way()  # wakes workers, and fills the cache after another's turn
    start = time.perf_counter()
    for _ in range(repeats):
        way()
    return (time.perf_counter() - start) / repeats


def measured(names, sizes, peers, threads, turns):
    """Measure everything, print a line for each, and yield what was found."""
    print(f"{'kernel':<11} {'dtype':<8} {'size':>8} {'ns/elem':>8}  " + "".join(f"{name:<20}" for name in PEERS))
    for name in names:
        kernel = KERNELS[name]
        for dtype in DTYPES.get(name, kernel.dtypes[:1]):
            for size in sizes:
                if ours(kernel, threads) is None or size > LARGEST.get(name, np.inf):
                    continue
                seconds, found = compare(kernel, dtype, size, peers, threads, turns)
                cells = (f"{found[peer]:.2f}" if peer in found else "-" for peer in PEERS)
                print(
                    f"{name:<11} {dtype:<8} {size:>8} {seconds / size * 1e9:>8.2f}  " + "".join(f"{cell:<20}" for cell in cells)
                )
                yield (name, dtype, size, threads), (seconds, found)


def verdicts(results):
    """Say of each goal whether it was met where it was measured."""
    for goal in GOALS:
        for (name, dtype, size, threads), (_, found) in results.items():
            if found and goal.covers(name, dtype, size, threads):
                peer = "numpy" if goal.all_cores else min(found, key=lambda each: found[each].value)
                word = "met" if found[peer].value >= goal.ratio else "MISSED"
                where = f"{name} at {size} on {'all cores' if goal.all_cores else 'one thread'}"
                whom = "one-thread numpy" if goal.all_cores else f"the best peer ({peer})"
                print(f"goal: {where} at least {goal.ratio}x {whom}: {found[peer]:.2f}, {word}")
                yield word == "met"


def explanations(results):
    """Say why a kernel is slower than a peer, where one is."""
    slower = {}
    for (name, _, size, threads), (seconds, found) in results.items():
        best = min((each.value for each in found.values()), default=1)
        if threads == 1 and size >= EXPLAINED_FROM and best < slower.get(name, (AS_FAST,))[0]:
            slower[name] = best, size, seconds * (1 - best)
    for name, (worst, size, lost) in slower.items():
        call = f"{lost * 1e9:.0f} ns more a call, which checking its arrays and options takes" if lost < WAY_IN else ""
        print(f"{name}: {worst:.2f}x of its best peer at {size}: {KERNELS[name].behind or call or 'UNEXPLAINED'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the kernels that have goals, at two sizes, in fewer turns")
    parser.add_argument("--size", type=float, action="append", metavar="N", help="elements (default: 1e3 1e4 1e5 1e6 1e7)")
    parser.add_argument("--kernel", action="append", choices=KERNELS, help="all unless given")
    args = parser.parse_args()
    sizes = [int(size) for size in args.size or ((1e3, 1e4) if args.quick else (1e3, 1e4, 1e5, 1e6, 1e7))]
    wanted = {goal.kernel for goal in GOALS} if args.quick else {*KERNELS} - {*NO_PEERS}
    names = args.kernel or [name for name in KERNELS if name in wanted]
    turns = 5 if args.quick else 11
    print("A peer's time over ours: above 1, ours is faster.")
    results = {}
    for threads in sorted({1, len(CORES)}):
        peers, left_out = installed(threads)
        print(f"\n{threads} thread{'s, but for NumPy outside BLAS' if threads > 1 else ''}", *left_out, sep="\n")
        results |= dict(measured(names, sizes, peers, threads, turns))
    print()
    met = list(verdicts(results))
    explanations(results)
    print(f"This run meets {sum(met)} of the {len(met)} goals that it looked at.")
