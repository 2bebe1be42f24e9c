"""Do the assertions of gilscope.testing ever err? Functions whose behaviour is known, while other programs want all cores.

Each function is asserted to hold or to release, as it does, again and again, and every failure is a false result. An assertion
has 3 ms or 5 calls for it, where the fixture `gil` takes 100 ms, so that errors are the likelier. Meanwhile one process for each
core computes for ever. BLAS runs on one thread. The last column is the share of the time without the GIL that was nearest to a
false result: below 10% holds, from 90% on releases.

Run time: 8 to 15 min (--quick 5 s). Sample output:

does        a call  assertions   false   nearest
memset by ctypes.PyDLL        holds      40.4 us       1,000       0      0.0%
exp.c.held                    holds       101 us       1,000       0      0.0%
exp.cython.held               holds       881 us       1,000       0      0.0%
numpy.add, objects            holds       182 us       1,000       0      1.6%
numpy.sort, objects           holds       425 us       1,000       0      0.2%
numpy.linalg.det, 300 x 300   holds       901 us       1,000       0      0.0%
json.dumps                    holds       266 us       1,000       0      0.0%
memset by ctypes.CDLL         releases   40.5 us       1,000       0     98.0%
exp.c.released                releases    101 us       1,000       0     96.8%
exp.cython.released           releases    844 us       1,000       0     93.8%
numpy.exp                     releases    167 us       1,000       0     96.8%
numpy.sort                    releases    620 us       1,000       0     94.5%
zlib.compress                 releases    298 us       1,000       0     97.1%
hashlib.sha256                releases   87.6 us       1,000       0     96.0%
Of 14,000 assertions none erred, in 928 s with all cores busy.
"""

import ctypes
import hashlib
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import threadpoolctl

from gilscope import kernels
from gilscope.checking._judgement import Options, holds, releases
from gilscope.checking._method import profile_by
from gilscope.checking._profile import Plan, Profile
from gilscope.wording import duration

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import CORES, options

X = np.linspace(-1, 1, 200_000)
OUT = np.empty_like(X)
SHUFFLED = np.random.default_rng(0).random(20_000)
OBJECTS, MATRIX = SHUFFLED.astype(object), SHUFFLED[:300, None] + np.eye(300)
BUFFER = ctypes.create_string_buffer(4_000_000)
BLOB = SHUFFLED.tobytes()

HOLD = {
    "memset by ctypes.PyDLL": partial(ctypes.PyDLL(None).memset, BUFFER, 1, len(BUFFER)),
    "exp.c.held": partial(kernels.exp.c.held, X, out=OUT),
    "exp.cython.held": partial(kernels.exp.cython.held, X, out=OUT),
    "numpy.add, objects": partial(np.add, OBJECTS, OBJECTS),
    "numpy.sort, objects": partial(np.sort, OBJECTS[:2000]),
    "numpy.linalg.det, 300 x 300": partial(np.linalg.det, MATRIX),
    "json.dumps": partial(json.dumps, [*range(5000)]),
}
RELEASE = {
    "memset by ctypes.CDLL": partial(ctypes.CDLL(None).memset, BUFFER, 1, len(BUFFER)),
    "exp.c.released": partial(kernels.exp.c.released, X, out=OUT),
    "exp.cython.released": partial(kernels.exp.cython.released, X, out=OUT),
    "numpy.exp": partial(np.exp, X),
    "numpy.sort": partial(np.sort, SHUFFLED),
    "zlib.compress": partial(zlib.compress, BLOB[:20_000], 1),
    "hashlib.sha256": partial(hashlib.sha256, BLOB),
}
JUDGES = {"holds": holds, "releases": releases}
EXPECTED = {name: (call, does) for calls, does in ((HOLD, "holds"), (RELEASE, "releases")) for name, call in calls.items()}


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy with a process of its own."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in CORES]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def false(found: Profile, does: str) -> bool:
    """Tell whether the assertion errs, or the opposite one does."""
    return any((judge(found, "", Options()) is None) != (does == name) for name, judge in JUDGES.items())


if __name__ == "__main__":
    args = options(__doc__)
    repeats, plan = 5 if args.quick else 1000, Plan(seconds=0.003)
    print(f"{'a function':30}{'does':10}{'a call':>8}{'assertions':>12}{'false':>8}{'nearest':>10}")
    errors, start = 0, time.perf_counter()
    with threadpoolctl.threadpool_limits(1), busy_cores():
        for name, (call, does) in EXPECTED.items():
            found = [profile_by(call, plan) for _ in range(repeats)]
            wrong = sum(false(each, does) for each in found)
            errors += wrong
            nearest = (max if does == "holds" else min)(each.released_fraction for each in found)
            took = duration(float(np.median([each.seconds for each in found])))
            print(f"{name:30}{does:10}{took:>8}{repeats:12,}{wrong:8}{nearest:10.1%}", flush=True)
    total = repeats * len(EXPECTED)
    print(f"Of {total:,} assertions {errors or 'none'} erred, in {time.perf_counter() - start:.0f} s with all cores busy.")
    sys.exit(errors > 0)
