"""A forced switch of the GIL and one of a thread that blocks, for the tracer to learn how to tell them apart."""

import _thread
import sys
import time
from functools import partial

SHORT_SECONDS = 5e-5
PATIENCE_SECONDS = 5.0

_taken = _thread.allocate_lock()
_taken.acquire()
#: Waits for a lock in vain, a microsecond. Called from C it runs no Python code, in which another thread could force a drop.
block = partial(_taken.acquire, True, 1e-6)


def be_forced() -> None:
    """Run Python code until another thread has made this one drop the GIL, or in vain until patience ends."""
    visits: list[None] = []
    before = sys.getswitchinterval()
    sys.setswitchinterval(SHORT_SECONDS)
    try:
        _thread.start_new_thread(visits.append, (None,))
        until = time.perf_counter() + PATIENCE_SECONDS
        while not visits and time.perf_counter() < until:  # nothing in here lets go of the GIL by itself
            pass
    finally:
        sys.setswitchinterval(before)
