"""How much slower is a program while it is traced? The article's f and g, and a program that does little but switch threads.

Traced and untraced runs take turns in one process (A B, B A, ...), and each is divided by the untraced one beside it. Untraced is
with the hooks there and idle, which costs 2 ns a switch (tracer_cost.py). What starting and stopping a trace takes is not part
of the program and stands in a column of its own. Goal: 1 % at most, by the ratio's median.

The last program is the worst that can be thought of: it switches threads all the time, and its own run time varies by far more
than by what the tracer adds.

Run time: 90 s (--quick 5 s). Sample output:

SAMPLE
"""

import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import gilscope as gs
from gilscope.kernels._article import f, g
from gilscope.stats import ratio

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import options

GOAL = 1.01


def on_two_threads(function, size, calls):
    """Call a function on two threads, as the article does."""
    gs.foreach(lambda _: function(size), range(calls), threads=2)


def exchange(items=3000, pairs=4):
    """Hand items from four threads to four others, and run as many short tasks in a pool."""
    with ThreadPoolExecutor(4) as pool:
        queues = [Queue() for _ in range(pairs)]
        givers = [threading.Thread(target=lambda queue=queue: [queue.put(each) for each in range(items)]) for queue in queues]
        takers = [threading.Thread(target=lambda queue=queue: [queue.get() for _ in range(items)]) for queue in queues]
        for thread in [*givers, *takers]:
            thread.start()
        list(pool.map(abs, range(items)))
        for thread in [*givers, *takers]:
            thread.join()


PROGRAMS = {
    "f, 2 threads": lambda: on_two_threads(f, 300_000, 4),
    "g, 2 threads": lambda: on_two_threads(g, 1_000_000, 20),
    "queues and a pool": exchange,
}


def seconds(program):
    """Time a program."""
    start = time.perf_counter()
    program()
    return time.perf_counter() - start


def traced(program):
    """Return the seconds of a program that is traced, of the start and the stop around it, and its events."""
    start = time.perf_counter()
    with gs.trace() as trace:
        inside = seconds(program)
    return inside, time.perf_counter() - start - inside, trace.cost.events


def pair(program, traced_first):
    """Return the seconds untraced, and what `traced` returns."""
    if traced_first:
        found = traced(program)
        return seconds(program), found
    return seconds(program), traced(program)


if __name__ == "__main__":
    args = options(__doc__)
    print("program              untraced    traced / untraced    events a second    start and stop")
    slowest = {}
    for name, program in PROGRAMS.items():
        pair(program, traced_first=True)  # the first trace puts the hooks in
        pairs = [pair(program, traced_first=turn % 2 == 1) for turn in range(6 if args.quick else 100)]
        untraced, (inside, around, events) = [each for each, _ in pairs], zip(*(each for _, each in pairs), strict=True)
        slowest[name] = ratio(inside, untraced)
        rate = statistics.median(count / spent for count, spent in zip(events, inside, strict=True))
        milliseconds = [statistics.median(each) * 1e3 for each in (untraced, around)]
        print(f"{name:18} {milliseconds[0]:7.1f} ms {slowest[name]:>20.3f} {rate:18,.0f} {milliseconds[1]:14.1f} ms")
    worst = max(slowest, key=lambda name: slowest[name].value)
    verdict = "the goal is met" if slowest[worst].value <= GOAL else "the goal is not met here"
    print(f"Traced, {worst} takes {slowest[worst]:.3f} of its time, the others less: {verdict}.")
