"""The names of threads, also of those that start and end while they are collected.

A thread that has ended is in no registry of Python's or of the system's, so `threading.Thread.start` is wrapped meanwhile. What
this misses: threads that were started in other ways (in C, with `_thread`) and have ended; they are named by their number.
"""

import functools
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

TASKS = Path("/proc/self/task")


class ThreadNames:
    """Collects names while it is entered.

    Parameters
    ----------
    before_start : callable
        Called before each thread that starts meanwhile.
    """

    def __init__(self, before_start: Callable[[], object] = lambda: None) -> None:
        self._before_start = before_start
        self._seen: list[tuple[int, str]] = []  # in the order in which the threads started
        self._before: set[int] = set()
        self._original: Any = None
        self._wrapper: Any = None
        self._collects = False

    def __enter__(self) -> Self:
        self._seen = [(thread.native_id or 0, thread.name) for thread in threading.enumerate()]
        self._before = tasks()
        self._collects = True
        self._original = threading.Thread.start
        self._wrapper = self._wrapped(self._original)
        threading.Thread.start = self._wrapper  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self._collects = False  # if another tool has wrapped the wrapper, it stays, and only passes on
        if threading.Thread.start is self._wrapper:
            threading.Thread.start = self._original  # type: ignore[method-assign]

    def _wrapped(self, original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
        @functools.wraps(original)
        def start(thread: threading.Thread) -> None:
            if self._collects:
                self._before_start()
            original(thread)
            if self._collects:
                self._seen.append((thread.native_id or 0, thread.name))

        return start

    @property
    def before(self) -> set[int]:
        """The native ids of the threads that there were when the collection started; Linux only."""
        return self._before

    @property
    def started_alone(self) -> bool:
        """Whether there was one thread only when the collection started."""
        return len(self._before) == 1

    def names(self, native_ids: list[int]) -> list[str]:
        """Return the names of threads given in the order in which they started; an id that comes again is another thread."""
        known: dict[int, list[str]] = defaultdict(list)
        for native_id, name in self._seen:
            known[native_id].append(name)
        for thread in threading.enumerate():  # by the name it has now
            known[thread.native_id or 0][-1:] = [thread.name]
        return [known[each].pop(0) if known[each] else f"thread {each}" for each in native_ids]

    def were_there_before(self, native_ids: list[int]) -> list[int]:
        """Return which of these threads (their positions) lived when the collection started."""
        return [at for at, each in enumerate(native_ids) if each in self._before and each not in native_ids[:at]]

    def have_ended(self, native_ids: list[int]) -> list[int]:
        """Return which of these threads (their positions) live no more.

        The system has a thread for a moment longer than Python, which is asked first.
        """
        running, ours = tasks(), {native_id for native_id, _ in self._seen}
        living = {thread.native_id for thread in threading.enumerate()} | (running - ours)
        last = {each: at for at, each in enumerate(native_ids)}
        return [at for at, each in enumerate(native_ids) if each not in living or at != last[each]]

    def bystanders(self, native_ids: list[int]) -> list[int]:
        """Return the native ids of Python threads that live and are not among these."""
        living = {thread.native_id for thread in threading.enumerate() if thread.native_id}
        return sorted(living & (tasks() or living) - {*native_ids})  # what _DummyThread stands for may have ended


def tasks() -> set[int]:
    """Return the native ids of all threads of this process, also those that Python knows nothing of; Linux only."""
    return {int(task.name) for task in TASKS.iterdir()} if TASKS.is_dir() else set()
