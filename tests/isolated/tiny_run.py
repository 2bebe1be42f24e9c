"""`gilscope` with a seed experiment that takes no time; the arguments are those of the command.

Environment: ONE_CORE keeps the process on one core from the start. PAUSE_AT=n stops before block n (of all groups, from 0), says
"paused" on standard error, and waits to be killed or interrupted; PAUSE_AT="a long call" has processes call for ever. ALL leaves
three experiments: seed, roofline and one that observes, which PAUSE_AT="watching" stops in its second block.
"""

import os
import sys
import threading
import time

if "ONE_CORE" in os.environ:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from dataclasses import replace
from itertools import count

from gilscope import measure
from gilscope.commands import main
from gilscope.experiments import EXPERIMENTS, Course, _roofline, _seed
from gilscope.watching import Scene, Watch

BLOCKS = 3
_seed.G_SIZE, _seed.F_SIZE, _seed.EXP_SIZE, _seed.CLIFF_SIZE = 20_000, 2_000, 4_000, 4_000
_seed.SEED.plans["quick"] = measure.Plan(blocks=BLOCKS, sample_seconds=0.0005)

observed = count()


def observe():
    at = next(observed)
    if at == 1 and os.environ.get("PAUSE_AT") == "watching":
        pause()
    return {"count": time.perf_counter()}


def leave_three():
    _roofline.SIZE, _roofline.PEAK_SIZE = 100_000, 5_000
    watched = Course(watches=[Watch((Scene("a scene", observe),), {"count": "s"})])
    plans = _seed.SEED.plans
    roofline = replace(_roofline.ROOFLINE, plans=plans)
    said = {"layout": "lines", "lines": lambda session: [], "verdict": lambda session: ["Seen."]}
    last = replace(roofline, name="watched", course=lambda *_: watched, **said)
    EXPERIMENTS.clear()
    EXPERIMENTS.update({each.name: each for each in (_seed.SEED, roofline, last)})


if "ALL" in os.environ:
    leave_three()

take_block, taken = measure.take_block, []


def pause():
    print("paused", file=sys.stderr, flush=True)
    time.sleep(60)


def take_or_pause(*arguments):
    if str(len(taken)) == os.environ.get("PAUSE_AT"):
        pause()
    taken.append(1)
    take_block(*arguments)


def sample_for_ever(machine, case, calls, digest=False):
    if case.executor == "processes":
        calls = 10**12
        threading.Timer(0.5, print, ["paused"], {"file": sys.stderr, "flush": True}).start()
    return sample(machine, case, calls, digest)


measure.take_block = take_or_pause
sample = measure.Machine.sample
if os.environ.get("PAUSE_AT") == "a long call":
    measure.Machine.sample = sample_for_ever
main()
