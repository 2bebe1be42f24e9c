"""Forked while traced: the child is not traced, can trace itself, and does not crash; the parent goes on."""

import os
import signal
import threading
import time
import warnings

import gilscope as gs

warnings.simplefilter("ignore", DeprecationWarning)  # fork, where threads are


def status(work):
    """The exit code of a child that does some work."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            work()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def switch():
    threads = [threading.Thread(target=time.sleep, args=(0,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def trace_itself():
    switch()
    with gs.trace() as inner:
        switch()
    assert len(inner.threads) == 5, inner


enough = threading.Event()
busy = threading.Thread(target=lambda: [time.sleep(0) for _ in iter(enough.is_set, True)])
busy.start()
with gs.trace() as trace:
    print("children", [status(work) for work in [switch, trace_itself] * 20].count(0))
enough.set()
busy.join()
assert len(trace.threads) == 2, trace
print("parent", trace.threads[0].takes > 40)

process = os.getpid()
signal.alarm(60)
with gs.trace() as trace:
    child = os.fork()  # and now both leave the block
if os.getpid() != process:
    assert trace.threads == ()
    print(trace, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("held", trace.held_fraction == 1)  # nobody else wanted it
