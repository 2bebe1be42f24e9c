"""SciPy's handythread for today: call a function for many items from a few threads.

The original is A. M. Archibald's handythread.py of the SciPy Cookbook ("Easy multithreading"), which the 2008
benchmark that gilscope starts from was run with. Two of its defects are gone: an error in the iterator is no longer
swallowed, and Ctrl-C is not held up.
"""

from __future__ import annotations

import contextvars
import operator
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["foreach", "parallel_map"]

T = TypeVar("T")
R = TypeVar("R")

# A wait without an end cannot be interrupted on Windows, so there Ctrl-C is looked for ten times a second. Elsewhere
# a signal ends the wait at once, and a caller that never wakes up does not disturb the threads either.
WAIT = 0.1 if sys.platform == "win32" else None


@overload
def foreach(f: Callable[[T], R], items: Iterable[T], threads: int = ..., return_: Literal[False] = ...) -> None: ...
@overload
def foreach(f: Callable[[T], R], items: Iterable[T], threads: int = ..., *, return_: Literal[True]) -> list[R]: ...
@overload
def foreach(f: Callable[[T], R], items: Iterable[T], threads: int, return_: Literal[True]) -> list[R]: ...
@overload
def foreach(f: Callable[[T], R], items: Iterable[T], threads: int = ..., return_: bool = ...) -> list[R] | None: ...
def foreach(f: Callable[[T], R], items: Iterable[T], threads: int = 3, return_: bool = False) -> list[R] | None:
    """Call `f` for each of `items`, from several threads at once.

    Parameters
    ----------
    f : callable
        Called with one item at a time.
    items : iterable
        A thread takes the next item when it has finished its last one. Generators are safe: one thread at a time runs
        them.
    threads : int, default 3
        How many threads to start; with 1 or less, a plain loop in the calling thread.
    return_ : bool, default False
        Whether to return the results.

    Returns
    -------
    list or None
        The results in the order of the items if `return_`, else None.

    Notes
    -----
    After an error, in `f` or in the iterator, no new item is started, the items under way are finished, and the first
    error is raised again with its own type and traceback. Ctrl-C is raised at once: items under way go on in daemon
    threads, which do not keep the program from ending.

    Examples
    --------
    >>> foreach(abs, [-1, -2, -3], threads=2, return_=True)
    [1, 2, 3]
    """
    numbered = enumerate(_checked(f, items))
    results: dict[int, R] = {}

    def run(index: int, item: T) -> None:
        result = f(item)
        if return_:
            results[index] = result

    if _count(threads) > 1:
        _run_in_threads(run, numbered, threads)
    else:
        for index, item in numbered:
            run(index, item)
    return [results[index] for index in range(len(results))] if return_ else None


def parallel_map(f: Callable[[T], R], items: Iterable[T], threads: int = 3) -> list[R]:
    """Return ``[f(item) for item in items]``, computed by several threads: `foreach` with ``return_=True``.

    Parameters
    ----------
    f : callable
        Called with one item at a time.
    items : iterable
        What to call it with.
    threads : int, default 3
        How many threads to start; with 1 or less, a plain loop in the calling thread.

    Returns
    -------
    list
        The results, in the order of the items.

    Examples
    --------
    >>> parallel_map(abs, [-1, -2, -3])
    [1, 2, 3]
    """
    return foreach(f, items, threads, return_=True)


def _run_in_threads(run: Callable[[int, T], None], numbered: Iterator[tuple[int, T]], threads: int) -> None:
    lock = threading.Lock()
    errors: list[BaseException] = []

    def take() -> tuple[int, T] | None:
        with lock:
            try:
                return None if errors else next(numbered, None)
            except BaseException as error:  # recorded before the lock is free: nobody takes an item after it
                errors.append(error)
                return None

    def work() -> None:
        try:
            while (taken := take()) is not None:
                run(*taken)
        except BaseException as error:
            errors.append(error)

    try:
        _join(_start(work, threads))
    except BaseException as error:  # Ctrl-C, or no more threads to be had
        errors.append(error)  # tells the threads, which nobody waits for now
        raise
    if errors:
        raise errors.pop(0)  # popped: an error that its own traceback can reach keeps all those frames alive


def _start(work: Callable[[], None], threads: int) -> list[threading.Thread]:
    started = []
    for _ in range(threads):
        # The caller's context, because np.errstate lives there: warnings must not depend on the number of threads.
        # Daemons, because a program that was interrupted would otherwise wait at its exit for the items under way.
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="foreach", daemon=True)
        thread.start()
        started.append(thread)
    return started


def _join(started: list[threading.Thread]) -> None:
    for thread in started:
        while thread.is_alive():
            thread.join(WAIT)


def _checked(f: Any, items: Iterable[T]) -> Iterator[T]:
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}")
    try:
        return iter(items)
    except TypeError as error:
        raise TypeError(f"items must be iterable, not {type(items).__name__}") from error


def _count(threads: Any) -> int:
    try:
        if isinstance(threads, bool):
            raise TypeError
        return operator.index(threads)
    except TypeError:
        raise TypeError(f"threads must be an integer, not {type(threads).__name__}") from None
