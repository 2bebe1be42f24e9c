"""How large is a page, and how long does it take? A session of 10,000 results, and a trace of 1,000,000 intervals.

Both are made up: nothing is measured but the report. Goals: less than 5 MB, of which Vega takes 0.9, and less than 5 s, the
import of Altair included, and Vega in the cache, where the first page leaves it: to put it together takes a second more.
Run time: 10 s (--quick 6 s, with a tenth of both). Sample output:

page of                       MB      s
a session of 10,000 results  4.1    1.4
a trace of 1,000,000         3.0    1.2
Both pages meet the goals of 5 MB and 5 s.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import options

SIZE_GOAL, TIME_GOAL = 5.0, 5.0
RESULTS, INTERVALS = 10_000, 1_000_000
KERNELS = ("exp", "add", "poly", "sum", "dot", "pairwise", "histogram", "stencil", "mandelbrot", "primes")
STRATEGIES = ("held", "declared_nogil", "released", "thresholded", "chunked", "per_item")
THREADS = (1, 2, 4, 8, 16)

SESSION = f"""
import itertools, random, sys
from gilscope.cases import Case
from gilscope.machine import machine
from gilscope.results import Ceiling, Result, Sample, Session, Speedup
from gilscope.stats import Interval

def result(kernel, strategy, threads, size):
    case = Case(f"{{kernel}}.c.{{strategy}}", size, "threads" if threads > 1 else "serial", threads)
    seconds = size * 1e-9 * random.uniform(0.9, 1.1)
    top = Ceiling(1.95, 1.9, 1.97, "the same C loop on native threads") if threads > 1 else None
    speedup = Speedup(1.7, 1.6, 1.8, f"{{kernel}}.c.held/serial/{{size}}")
    samples = tuple(Sample(seconds * random.uniform(0.95, 1.05), 1, seconds) for _ in range(7))
    notes = ("samples spread by 12% of their median",) if random.random() < 0.1 else ()
    return Result(case.to_dict(), samples, Interval(seconds, seconds, seconds), speedup, top, 0.9, noisy=bool(notes), notes=notes)

random.seed(1)
found = Session("scaling", machine(), details={{"not_measured": []}})
count = int(sys.argv[1])
sizes = [100 * 11 ** at // 10 ** at for at in range(count // {len(KERNELS) * len(STRATEGIES) * len(THREADS)} + 1)]
for each in itertools.islice(itertools.product({KERNELS}, {STRATEGIES}, {THREADS}, sizes), count):
    found.add(result(*each))
assert len(found) == count
"""
TRACE = """
import sys
import numpy as np
from gilscope.trace_data import TraceData
from gilscope.trace_events import Intervals

count, random = int(sys.argv[1]), np.random.default_rng(1)
each, threads = count // 8, range(8)
edges = np.arange(each + 1) * 1000
start, stop = np.tile(edges[:-1], 8), np.tile(edges[1:], 8)
thread, states = np.repeat(np.arange(8, dtype=np.uint16), each), random.integers(0, 3, each * 8).astype(np.uint8)
intervals = Intervals(thread, states, start, stop)
found = TraceData(0, int(edges[-1]), [f"thread {at}" for at in threads], [*threads], intervals)
"""
REPORT = """
import time
start = time.perf_counter()
from pathlib import Path
from gilscope.reports import html, timeline
from gilscope.reports.page import page
article = html.session_article(found) if kind == "session" else timeline.article(found, "made up")
Path(sys.argv[2]).write_text(page([article]), encoding="utf-8")
print(time.perf_counter() - start)
"""


def measured(kind, code, count):
    """Write a page in a fresh process; return its megabytes and how long that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        arguments = [sys.executable, "-c", f"kind = {kind!r}\n{code}{REPORT}", str(count), str(path)]
        done = subprocess.run(arguments, check=True, capture_output=True, text=True)
        return path.stat().st_size / 1e6, float(done.stdout)


if __name__ == "__main__":
    args = options(__doc__)
    share = 10 if args.quick else 1
    measured("trace", TRACE, 8)  # the first page
    pages = {
        f"a session of {RESULTS // share:,} results": measured("session", SESSION, RESULTS // share),
        f"a trace of {INTERVALS // share:,}": measured("trace", TRACE, INTERVALS // share),
    }
    print("page of                       MB      s")
    for name, (size, seconds) in pages.items():
        print(f"{name:27} {size:4.1f} {seconds:6.1f}")
    met = all(size < SIZE_GOAL and seconds < TIME_GOAL for size, seconds in pages.values())
    print(f"Both pages meet the goals of {SIZE_GOAL:g} MB and {TIME_GOAL:g} s." if met else "A page misses the goal.")
