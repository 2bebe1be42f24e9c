"""10,000 starts and stops, also beside busy threads, leave no memory, mapping, thread or wrapper behind."""

import gc
import sys
import threading
import time
from pathlib import Path

import gilscope as gs
from gilscope._native import tracer

ROUNDS = 10_000


def mappings():
    return len(Path("/proc/self/maps").read_text().splitlines())


def once():
    assert tracer.start(1000, True) is None
    time.sleep(0)
    assert len(tracer.stop()[0]["events"]) >= 3


def looking():
    """Code that is gone when the trace has ended is looked at: once it is kept, once there is no room."""
    assert tracer.start(1000, True, False, 1, 0) is None
    exec("def short_lived(): sleep(0)\nshort_lived()\nshort_lived()", {"sleep": time.sleep})
    assert len(tracer.stop()[1][0]) == (tracer.no_functions() is None)


def grown_by(action, rounds):
    action()
    gc.collect()
    before = sys.getallocatedblocks(), mappings(), threading.active_count()
    for _ in range(rounds):
        action()
    gc.collect()
    return [
        now - then for now, then in zip((sys.getallocatedblocks(), mappings(), threading.active_count()), before, strict=True)
    ]


def whole():
    with gs.trace() as trace:
        pass
    assert trace.threads


for action in (once, looking):
    blocks, maps, threads = grown_by(action, ROUNDS)
    assert blocks < ROUNDS / 20, blocks
    assert (maps <= 2, threads) == (True, 0), (maps, threads)
start = threading.Thread.start
blocks, maps, threads = grown_by(whole, ROUNDS // 20)
assert blocks < ROUNDS / 20, blocks
assert (maps <= 2, threads) == (True, 0), (maps, threads)
assert threading.Thread.start is start
enough = threading.Event()
busy = [threading.Thread(target=lambda: [time.sleep(0) for _ in iter(enough.is_set, True)]) for _ in range(2)]
for each in busy:
    each.start()
for _ in range(200):
    once()
enough.set()
for each in busy:
    each.join()
print("done")
