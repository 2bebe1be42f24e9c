"""64 threads that hold, release, end, start others, raise and collect garbage, with forks, while traces start and stop."""

import contextlib
import ctypes
import faulthandler
import gc
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections import Counter

import numpy as np

import gilscope as gs
from gilscope._native import tracer

warnings.simplefilter("ignore", DeprecationWarning)  # fork, where threads are
faulthandler.dump_traceback_later(50, exit=True)
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
THREADS = 64
HOLDING, RELEASING = ctypes.PyDLL(None), ctypes.CDLL(None)
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda *_: 0)
until = time.monotonic() + SECONDS
done, failures = Counter(), []


def hold(choose):
    HOLDING.usleep(choose.randrange(100))


def release(choose):
    RELEASING.usleep(choose.randrange(300))


def compute(choose):
    sum(range(choose.randrange(20_000)))


def fail(choose):
    with contextlib.suppress(IndexError):
        [].pop(choose.randrange(3))


def collect(choose):
    if choose.random() < 0.1:
        gc.collect()


def call_back(choose):
    """From C, which was called without the GIL, back to Python."""
    RELEASING.qsort((ctypes.c_int * 8)(), 8, 4, CALLBACK)


def spawn(choose):
    thread = threading.Thread(target=release, args=(choose,))
    thread.start()
    thread.join()


def work(seed):
    choose = random.Random(seed)
    try:
        while time.monotonic() < until:
            action = choose.choice([hold, release, compute, fail, collect, call_back, spawn])
            action(choose)
            done[action.__name__] += 1
    except BaseException as error:
        failures.append(repr(error))


def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        time.sleep(0)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        failures.append(f"child {status}")


def check(recording):
    events = recording["events"]
    kinds = events & np.uint64(2**tracer.KIND_BITS - 1)
    owners = (events >> np.uint64(tracer.KIND_BITS) & np.uint64(2**tracer.THREAD_BITS - 1))[kinds != tracer.WAIT]
    took = (kinds == tracer.TAKE)[kinds != tracer.WAIT]
    pairs = len(took) // 2 * 2
    assert took[0], "starts with a take"
    assert (took[1:] != took[:-1]).all(), "strictly alternate"
    assert (owners[:pairs:2] == owners[1:pairs:2]).all(), "who takes drops"
    return len(events)


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
for thread in threads:
    thread.start()
choose, events, traces = random.Random(0), 0, 0
while time.monotonic() < until:
    assert tracer.start(choose.choice([10, 10_000, 1_000_000]), choose.random() < 0.8) is None
    time.sleep(choose.random() * 0.05)
    if choose.random() < 0.3:
        fork()
    events += check(tracer.stop()[0])
    traces += 1
    with gs.trace() as trace:
        time.sleep(choose.random() * 0.02)
    assert sum(each.held_ns for each in trace.threads) <= trace.stop_ns - trace.start_ns
for thread in threads:
    thread.join()
if SECONDS > 10:
    print(traces, "traces", events, "events", dict(done))
print(*failures or ["all right"], sep="\n")
