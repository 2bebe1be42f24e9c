"""How much slower is a program while it is traced? The article's f and g, and two programs that do little but switch threads.

Traced and untraced runs take turns in one process (A B, B A, ...), and each is divided by the untraced one beside it. Untraced is
with the hooks there and idle, which costs 2 ns a switch (tracer_cost.py). What starting and stopping a trace takes is not part
of the program and stands in a column of its own. Goal: 1 % of the wall time at most. The CPU time tells the same where other
programs want the cores too.

The third program hands items from thread to thread, and its own run time varies by far more than by what the tracer adds: 1,500
events a second at 20 ns are 0.003 %. The last one has as many as 100,000, each a hand-over that waits for the one before.

Run time: 50 s (--quick 6 s). Sample output:

traced / untraced            wall time               CPU time   untraced  events a second  start and stop
f on 2 threads       1.013 [0.996, 1.043]   1.022 [1.002, 1.041]      86 ms              594          1.4 ms
g on 2 threads       0.992 [0.975, 1.029]   1.001 [0.978, 1.028]      24 ms            4,013          1.2 ms
queues and a pool    1.039 [0.947, 1.141]   1.014 [0.895, 1.109]      76 ms            1,559          1.3 ms
a ring of 8 threads  0.991 [0.966, 1.013]   0.995 [0.978, 1.021]      63 ms          108,417          2.5 ms
Traced, queues and a pool takes 1.039 [0.947, 1.141] of its time, the others less: the intervals are too wide for a verdict.
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


def ring(threads=8, rounds=400):
    """Hand a token around: each thread waits for the one before it, so that every step is a switch of the GIL."""
    gates = [threading.Semaphore(0) for _ in range(threads)]

    def run(at):
        for _ in range(rounds):
            gates[at].acquire()
            gates[(at + 1) % threads].release()

    workers = [threading.Thread(target=run, args=(at,)) for at in range(threads)]
    for thread in workers:
        thread.start()
    gates[0].release()
    for thread in workers:
        thread.join()


PROGRAMS = {
    "f on 2 threads": lambda: on_two_threads(f, 300_000, 4),
    "g on 2 threads": lambda: on_two_threads(g, 1_000_000, 20),
    "queues and a pool": exchange,
    "a ring of 8 threads": ring,
}


def spent(program):
    """Return the seconds that a program takes, on the clock and of all cores."""
    start, cpu = time.perf_counter(), time.process_time()
    program()
    return time.perf_counter() - start, time.process_time() - cpu


def traced(program):
    """Return what `spent` does of a program that is traced, the seconds of the start and the stop around it, and its events."""
    start = time.perf_counter()
    with gs.trace() as trace:
        wall, cpu = spent(program)
    return wall, cpu, time.perf_counter() - start - wall, trace.cost.events


def pair(program, traced_first):
    """Return what `spent` returns of a run that is not traced and what `traced` returns, one after the other."""
    if traced_first:
        found = traced(program)
        return *spent(program), *found
    return *spent(program), *traced(program)


def compared(program, turns):
    """Return by what tracing multiplies wall and CPU time, with intervals, and medians: wall, events a second, start and stop."""
    pair(program, traced_first=True)  # the first trace puts the hooks in
    columns = zip(*(pair(program, traced_first=turn % 2 == 1) for turn in range(turns)), strict=True)
    wall, cpu, traced_wall, traced_cpu, around, events = columns
    rate = [count / seconds for count, seconds in zip(events, traced_wall, strict=True)]
    return ratio(traced_wall, wall), ratio(traced_cpu, cpu), *map(statistics.median, (wall, rate, around))


def verdict(intervals):
    """Say what the wall times show of the goal: an interval may be too wide to tell."""
    if all(each.high <= GOAL for each in intervals):
        return "the goal is met"
    if any(each.low > GOAL for each in intervals):
        return "the goal is not met here"
    return "the intervals are too wide for a verdict"


if __name__ == "__main__":
    args = options(__doc__)
    print("traced / untraced            wall time               CPU time   untraced  events a second  start and stop")
    found = {}
    for name, program in PROGRAMS.items():
        found[name], cpu, wall, rate, around = compared(program, 6 if args.quick else 100)
        columns = f"{format(found[name], '.3f'):>21} {format(cpu, '.3f'):>22} {wall * 1e3:7.0f} ms"
        print(f"{name:19} {columns} {rate:16,.0f} {around * 1e3:12.1f} ms")
    worst = max(found, key=lambda name: found[name].value)
    print(f"Traced, {worst} takes {found[worst]:.3f} of its time, the others less: {verdict(found.values())}.")
