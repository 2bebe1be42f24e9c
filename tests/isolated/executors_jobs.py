"""What the tests of the executors send to worker processes: those cannot import the tests themselves."""

import os
import signal
import time

import numpy as np


class Awkward(Exception):
    """Pickles, but cannot be loaded again."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def take_part(index, start, offset=0):
    start()
    return index + offset


def rounds(index, start, n):
    before = []
    for _ in range(n):
        before.append(time.perf_counter_ns())
        start()
        before.append(time.perf_counter_ns())
    return before


def who(index, start):
    start()
    time.sleep(0.05)
    return os.getpid()


def fail_first(index, start):
    if index == 0:
        raise KeyError("index 0")
    start()


def forget(index, start):
    if index == 1:
        start()


def unfair(index, start):
    for _ in range(index + 1):
        start()


def describe(array):
    order = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else "-"
    return array.dtype, array.shape, order, array.flags.writeable, array.flags.owndata, array.tobytes()


def try_to_write(array):
    try:
        array[...] = 1
    except ValueError as error:
        return str(error)
    return array.setflags(write=True)


def unlock(array):
    array.setflags(write=True)


def fill(array, value):
    array[...] = value


def total(index, start, array):
    start()
    return float(array.sum())


def awkward():
    raise Awkward(1, 2)


def die(array=None):
    os.kill(os.getpid(), signal.SIGKILL)


def die_together(index, start, array):
    start()
    if index == 1:
        die()
    time.sleep(60)


def quit_together(index, start):
    start()
    if index == 1:
        os._exit(3)
    time.sleep(60)


def sleep_together(index, start, array):
    start()
    print("ready", flush=True) if index == 0 else None
    time.sleep(60)


def square(x):
    return x * x


def big(n):
    return np.full(n, 7.0)
