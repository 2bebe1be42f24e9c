"""Is interrupted while its threads are in a long call."""

import sys
import time

from gilscope.handythread import foreach

started = []


def f(item):
    started.append(item)
    sys.stdout.write("ready\n")  # in one piece
    sys.stdout.flush()
    time.sleep(60)


try:
    foreach(f, range(100), threads=2)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    time.sleep(0.1)
    print(len(started))
