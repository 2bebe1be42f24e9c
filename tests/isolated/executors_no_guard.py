"""A script without an `if __name__ == "__main__"` guard; argument: the start method."""

import multiprocessing
import os
import sys

sys.path.insert(0, os.environ["GILSCOPE_JOBS"])

import executors_jobs as jobs

from gilscope.executors import NotSendable, Processes, sendable

print("main runs")


def mine():
    return 1


class Mine:
    pass


with Processes(2, start_method=sys.argv[1]) as processes:
    print(processes.together(jobs.take_part, 10), processes.map(jobs.square, range(3)))
    for obj in (mine, Mine(), Mine, [lambda: 1]):
        assert sendable(obj), obj
        try:
            processes.submit(jobs.square, obj)
        except NotSendable:
            pass
        else:
            raise AssertionError(obj)
print(multiprocessing.get_start_method(allow_none=True))
