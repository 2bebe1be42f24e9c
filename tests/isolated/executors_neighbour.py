"""The program's own processes get their main module as ever: after ours, and from another thread meanwhile."""

import multiprocessing
import os
import sys
import threading

sys.path.insert(0, os.environ["GILSCOPE_JOBS"])

import executors_jobs as jobs

from gilscope.executors import Processes

if __name__ != "__main__":
    print("imported as", __name__)


def mine(x):
    return x + 1


def own(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        return pool.map(mine, [1, 2])


if __name__ == "__main__":
    method = sys.argv[1]
    found = []
    thread = threading.Thread(target=lambda: found.append(own(method)))
    thread.start()
    for _ in range(2):
        with Processes(2, start_method=method) as processes:
            processes.together(jobs.take_part)
    thread.join()
    print(found, own(method))
