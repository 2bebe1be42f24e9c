"""Functions are looked at while code is made and dies, threads start and end, garbage is collected and processes fork."""

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

from gilscope._native import tracer

warnings.simplefilter("ignore", DeprecationWarning)  # fork, where threads are
faulthandler.dump_traceback_later(50, exit=True)
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
THREADS = 16
HOLDING, RELEASING = ctypes.PyDLL(None), ctypes.CDLL(None)
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int)
until = time.monotonic() + SECONDS
failures, names = [], Counter()
WAYS = ((3, 0), (100_000, 0), (100_000, 10_000))  # room, and what is long
SOURCE = """
def made_{number}(hold, release):
    hold(20)
    release(0)
    return made_{number}.__name__

class Made_{number}:
    def __init__(self):
        release_late = Late()

    def __del__(self):
        hold(5)
        release(0)

class Late:
    def __del__(self):
        release(0)

def steps():
    release(0)
    yield 1
    release(0)
"""


def short_lived(choose):
    """Functions, classes and generators whose code is gone right after they ran."""
    names = {"hold": HOLDING.usleep, "release": RELEASING.usleep}
    number = choose.randrange(10)
    exec(SOURCE.format(number=number), names)
    assert names[f"made_{number}"](names["hold"], names["release"]) == f"made_{number}"
    names[f"Made_{number}"]()
    next(names["steps"]())


def call_back(choose):
    """Code that C calls, so that it has a frame of C's below it, and that is gone when C returns."""
    names = {"release": RELEASING.usleep}
    exec("def back():\n    release(1)\n    return 1", names)
    assert CALLBACK(names.pop("back"))() == 1


def compute(choose):
    sum(range(choose.randrange(5000)))


def collect(choose):
    if choose.random() < 0.1:
        gc.collect()


def spawn(choose):
    thread = threading.Thread(target=short_lived, args=(choose,))
    thread.start()
    thread.join()


def frames(choose):
    """What takes the lock of all threads, and reads the same frames."""
    sys._current_frames()


def fail(choose):
    with contextlib.suppress(ZeroDivisionError):
        exec("def wrong(): 1/0\nwrong()", {})


def work(seed):
    choose = random.Random(seed)
    try:
        while time.monotonic() < until:
            choose.choice([short_lived, call_back, compute, collect, spawn, frames, fail])(choose)
    except BaseException as error:
        failures.append(repr(error))


def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        short_lived(random.Random(0))
        assert tracer.start(1000, True, False, 100, 0) is None
        short_lived(random.Random(0))
        assert tracer.stop()[1][0].size
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        failures.append(f"child {status}")


def check(recording, sightings):
    events, numbers, functions, lost, _ = sightings
    assert (events[1:] > events[:-1]).all()
    assert not len(events) or 0 <= events[0] <= events[-1] < len(recording["events"])
    for each in numbers.tolist():
        if functions[each] is not None:
            name, file, line = functions[each]
            assert name, (name, file, line)
            assert file, (name, file, line)
            assert line > 0, (name, file, line)
            names[name] += 1
    return lost


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
for thread in threads:
    thread.start()
choose, traces, lost = random.Random(0), 0, 0
while time.monotonic() < until or traces < len(WAYS):
    room, long_ns = WAYS[traces % len(WAYS)]
    assert tracer.start(1_000_000, choose.random() < 0.8, False, room, long_ns) is None
    time.sleep(choose.random() * 0.03)
    short_lived(choose)
    if choose.random() < 0.3:
        fork()
    lost += check(*tracer.stop())
    traces += 1
for thread in threads:
    thread.join()
assert lost, "the small buffers were full"
assert any(name.startswith("made_") for name in names), names
if len(sys.argv) > 1:
    print(traces, "traces", sum(names.values()), "looks", len(names), "functions", lost, "lost")
print(*failures or ["all right"], sep="\n")
