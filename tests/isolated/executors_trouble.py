"""Trouble with large arrays under way; argument: which. Prints what is left in shared memory."""

import atexit
import contextlib
import os
import sys

sys.path.insert(0, os.environ["GILSCOPE_JOBS"])

import executors_jobs as jobs
import numpy as np

from gilscope.executors import Processes, WorkerDied
from gilscope.shared_arrays import Segment, share, shared_empty

names = []
create = Segment.create


def recorded(size):
    segment = create(size)
    names.append(segment.name)
    return segment


def left():
    found = []
    for name in names:
        try:
            Segment.attach(name, 1, writable=False)
        except FileNotFoundError:
            continue
        found.append(name)
    print(len(names) > 0, found, flush=True)


Segment.create = recorded
big = np.ones(1 << 18)


def killed():
    with Processes(2) as processes:
        try:
            processes.together(jobs.die_together, big)
        except WorkerDied as error:
            print(error)
            left()
        try:
            processes.submit(jobs.square, big)
        except WorkerDied as error:
            print("again:", error)


def killed_in_map():
    with Processes(2) as processes:
        try:
            processes.map(jobs.die, [big] * 20)
        except WorkerDied as error:
            print(error)
    left()


def killed_with_much_under_way():
    """The pipe to the workers is full of what no one will read: cpython issue 94777."""
    with Processes(2) as processes:
        futures = [processes.submit(jobs.die, np.ones(1 << 16))]
        with contextlib.suppress(WorkerDied):  # when it is found out
            futures.extend(processes.submit(jobs.die, np.ones(1 << 16)) for _ in range(50))
        print({type(future.exception()).__name__ for future in futures}, flush=True)


def quits():
    with Processes(2) as processes:
        try:
            processes.together(jobs.quit_together)
        except WorkerDied as error:
            print(error)
    left()


def raises():
    try:
        with Processes(2) as processes:
            for _ in range(5):
                processes.submit(jobs.sleep_together, 0, int, big)
            raise ZeroDivisionError("the caller's own")
    except ZeroDivisionError as error:
        print(error)
    left()


def never_closed():
    global processes, shared
    processes = Processes(2)
    shared = share(big)
    processes.submit(jobs.fill, shared_empty(1 << 18), 2.0)
    print(processes.together(jobs.total, shared), processes.together(jobs.total, big))


def interrupted():
    with Processes(2) as processes:
        processes.together(jobs.sleep_together, big)


atexit.register(left)  # before the finalizers' own, so after them
globals()[sys.argv[1]]()
