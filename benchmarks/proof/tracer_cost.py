"""What does the tracer add to a release and a re-take of the GIL? Nanoseconds: idle, recording, and asked who let go.

A pair is PyEval_SaveThread and PyEval_RestoreThread, made in C (_ground_truth.c, compiled for the purpose). Bare is before the
first trace of a process; idle is after it, when the hooks stay and do nothing; tracing includes memory touched for the first
time. Each round is a process of its own, in which idle and tracing take turns, once with a second thread that sleeps and once
without one ever (glibc's locks are cheaper then). Goals: tracing +40 and +25, idle +4.

With who=True the tracer looks which function ends a hold of 0.1 ms or more. No pair is that long: that column is what it costs to
find out. In the last one every hold counts as long, so that each pair is looked at; what that adds is the cost of a look, at code
that the processor has in its caches. At most 10,000 holds a second can be long.

Run time: 60 s (--quick 10 s). Sample output:

ns a pair           bare    idle      tracing     who=True  all looked at
a second thread     28.8    +0.8        +17.9        +17.7        +34.8
no second thread    27.4    +0.6        +15.5        +15.6        +32.0
With a second thread recording adds 18 ns to a pair, and the idle hooks add 0.8: the goals are met.
To be asked who adds -0.1 ns to that, and a look 17 ns.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from _ground_truth import library

import gilscope as gs
from gilscope import tracing

sys.path.insert(0, str(Path(__file__).parents[1]))
from _timing import options

PAIRS = 20_000
GOALS = {"a second thread": {"idle": 4, "tracing": 40}, "no second thread": {"idle": 4, "tracing": 25}}


def pair_ns(pairs):
    """Return the nanoseconds of a pair."""
    before = time.perf_counter()
    pairs(PAIRS)
    return (time.perf_counter() - before) / PAIRS * 1e9


def one_process(turns):
    """Return the medians of this process; the first page touches of each trace's buffer count."""
    pairs = library().pairs
    pair_ns(pairs)
    found = {"bare": [pair_ns(pairs) for _ in range(turns)], "idle": [], "tracing": [], "who": [], "looking": []}
    for _ in range(turns):
        for state, asked in WAYS.items():
            with asked():
                found[state].append(pair_ns(pairs))
        found["idle"].append(pair_ns(pairs))
    return {state: statistics.median(each) for state, each in found.items()}


@contextmanager
def looking():
    """Trace, and look at every hold."""
    before, tracing.LONG_NS = tracing.LONG_NS, 0
    try:
        with gs.trace(who=True) as trace:
            yield
    finally:
        tracing.LONG_NS = before
    assert trace.cost.looks >= PAIRS


WAYS = {"tracing": gs.trace, "who": lambda: gs.trace(who=True), "looking": looking}


def child(turns, second):
    """Run one process, with or without a second thread, and return what it found."""
    command = [sys.executable, __file__, "--child", str(turns), *(["--second"] if second else [])]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # its threads would be second ones
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


if __name__ == "__main__":
    if "--child" in sys.argv:
        if "--second" in sys.argv:
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        print(json.dumps(one_process(int(sys.argv[2]))))
        sys.exit()
    args = options(__doc__)
    rounds, turns = (2, 5) if args.quick else (15, 15)
    found = {name: [] for name in GOALS}
    for _ in range(rounds):
        for name, each in found.items():
            each.append(child(turns, name == "a second thread"))
    print("ns a pair           bare    idle      tracing     who=True  all looked at")
    added = {}
    for name, each in found.items():
        bare = statistics.median(run["bare"] for run in each)
        added[name] = {state: statistics.median(run[state] - run["bare"] for run in each) for state in ("idle", *WAYS)}
        print(f"{name:16} {bare:7.1f} {added[name]['idle']:+7.1f}" + "".join(f" {added[name][way]:+12.1f}" for way in WAYS))
    met = all(added[name][state] <= goal for name, goals in GOALS.items() for state, goal in goals.items())
    idle, recording, who, looks = added["a second thread"].values()
    verdict = "the goals are met" if met else "the goals are not met here"
    print(f"With a second thread recording adds {recording:.0f} ns to a pair, and the idle hooks add {idle:.1f}: {verdict}.")
    print(f"To be asked who adds {who - recording:+.1f} ns to that, and a look {looks - who:.0f} ns.")
