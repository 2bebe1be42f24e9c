"""Does NumPy run on two cores with threads, and pure Python not? The article's f and g, its table, and this machine's.

Run time: 10 s (--quick 4 s; --full runs f on 1e7 elements as published, 0.4 GB a worker, in 40 s). Sample output:

                   100 * g(), 1e+07                10 * f(), 1e+06
              published      here             published      here
normal           43.5 s    3.41 s    1.00x         48 s    1.09 s    1.00x
2 threads          31 s    2.19 s    1.49x       71.5 s    1.13 s    0.91x
2 processes        27 s    1.94 s    1.77x      31.23 s    0.62 s    1.82x
GIL on: two threads run g 1.49x and f 0.91x as fast (published 1.40x and 0.67x): only NumPy gains, as published.
"""
# ruff: noqa: D103 - f and g are as published

import math
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from _timing import GIL, options

import gilscope as gs

PUBLISHED = {"normal": ("43.5 s", "48 s"), "2 threads": ("31 s", "71.5 s"), "2 processes": ("27 s", "31.23 s")}
VERDICTS = ("neither gains", "only NumPy gains, as published", "only pure Python gains", "both gain")
args = options(__doc__, quick="a smaller f, fewer calls of g", full="f as large as published")
F_SIZE = 10_000_000 if args.full else 100_000 if args.quick else 1_000_000
G_SIZE, G_CALLS, TURNS = 10_000_000, 4 if args.quick else 20, 5  # below 32 MB malloc would keep g's memory between calls


def f(x):  # print(x)
    y = [1] * F_SIZE
    [math.exp(i) for i in y]


def g(x):  # print(x)
    y = np.ones(G_SIZE)
    np.exp(y)


def seconds(way, function, calls):
    start = time.perf_counter()
    list(way(function, range(calls)))
    return time.perf_counter() - start


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        ways = {"normal": map, "2 threads": partial(gs.foreach, threads=2, return_=True), "2 processes": pool.map}
        list(pool.map(g, range(8)))  # the processes start before anything is timed, as in the article
        turns = [{name: (seconds(way, g, G_CALLS), seconds(way, f, 2)) for name, way in ways.items()} for _ in range(TURNS)]
    print(f"{'':11}{f'{TURNS * G_CALLS} * g(), {G_SIZE:.0e}':^32}{f'{TURNS * 2} * f(), {F_SIZE:.0e}':^32}")
    print(" " * 11 + f"{'published':>12}{'here':>10}{'':10}" * 2)
    up = {name: [np.median([t["normal"][i] / t[name][i] for t in turns]) for i in (0, 1)] for name in ways}
    for name, published in PUBLISHED.items():
        cells = (f"{published[i]:>12}{sum(t[name][i] for t in turns):8.2f} s{up[name][i]:8.2f}x " for i in (0, 1))
        print(f"{name:11}" + "".join(cells).rstrip())
    g_up, f_up = up["2 threads"]
    told = f"two threads run g {g_up:.2f}x and f {f_up:.2f}x as fast (published 1.40x and 0.67x)"
    print(f"GIL {'on' if GIL else 'off'}: {told}: {VERDICTS[(g_up > 1.2) + 2 * (f_up > 1.2)]}.")
