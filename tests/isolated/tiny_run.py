"""`gilscope` with a seed experiment that takes no time; the arguments are those of the command.

Environment: ONE_CORE keeps the process on one core from the start. PAUSE_AT=n stops before block n (of all groups, from 0), says
"paused" on standard error, and waits to be killed or interrupted; PAUSE_AT="a long call" has processes call for ever.
"""

import os
import sys
import threading
import time

if "ONE_CORE" in os.environ:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from gilscope import measure
from gilscope.commands import main
from gilscope.experiments import _seed

BLOCKS = 3
_seed.G_SIZE, _seed.F_SIZE, _seed.EXP_SIZE, _seed.CLIFF_SIZE = 20_000, 2_000, 4_000, 4_000
_seed.SEED.plans["quick"] = measure.Plan(blocks=BLOCKS, sample_seconds=0.0005)

take_block, taken = measure.take_block, []


def take_or_pause(*arguments):
    if str(len(taken)) == os.environ.get("PAUSE_AT"):
        print("paused", file=sys.stderr, flush=True)
        time.sleep(60)
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
