"""A signal ends a long interruptible call with the exception of its handler, and Python goes on as before."""

import os
import signal
import sys
import threading

import numpy as np

from gilscope.kernels import mandelbrot

POINTS = np.zeros(2**16)


def refuse(number, frame):
    raise ValueError(f"signal {number}")


def interrupted(number, error):
    """Make a call that would take minutes, and send a signal meanwhile."""
    timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    timer.start()
    try:
        mandelbrot.c.interruptible(POINTS, POINTS, iterations=10**6, grain=1, interval=0.001)
    except error as raised:
        print(type(raised).__name__, raised)
    timer.join()


signal.signal(signal.SIGUSR1, refuse)
for _ in range(3):
    interrupted(signal.SIGINT, KeyboardInterrupt)
    interrupted(signal.SIGUSR1, ValueError)
ran = threading.Event()
threading.Thread(target=ran.set).start()
assert ran.wait(10), "no other thread runs"
for strategy in ("held", "released", "interruptible", "parallel"):
    if hasattr(mandelbrot.c.strategies[strategy], "kernel"):
        assert (mandelbrot.c.strategies[strategy](POINTS, POINTS, iterations=10) == 10).all()
print("goes on", file=sys.stdout)
