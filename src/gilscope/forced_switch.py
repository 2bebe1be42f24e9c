"""A forced switch of the GIL, for the tracer to learn what one looks like."""

import _thread
import sys
import time

SHORT_SECONDS = 5e-5
PATIENCE_SECONDS = 5.0


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
