"""Who calls a kernel: `Serial`, `Threads` or `Processes`, thin layers over `concurrent.futures`.

What they add to an executor of the standard library is `together`: one call on every worker at the same time, each
starting its timed part with the others. And processes that work anywhere: they get large arrays without a copy for
each, and never import the caller's main module, so that a script without a ``__main__`` guard, a notebook and
``python -c`` work.

To add an executor, write a class with a `name` and the method `_post`, and put it into `EXECUTORS`.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from gilscope.handythread import WAIT
from gilscope.main_module import main_hidden
from gilscope.meeting import PATIENCE, CalledOff, Meeting, attend
from gilscope.sending import NotSendable, Parcel, open_parcel, sendable
from gilscope.shared_arrays import Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor as Pool
    from concurrent.futures import Future
    from multiprocessing.process import BaseProcess
    from typing import Self

    Function: TypeAlias = Callable[..., Any]
    Args: TypeAlias = tuple[Any, ...]
    Futures: TypeAlias = list[Future[Any]]

__all__ = ["EXECUTORS", "Executor", "NotSendable", "Processes", "Serial", "Threads", "WorkerDied", "sendable"]


class WorkerDied(RuntimeError):
    """A worker process ended in the middle of a call."""


class Executor:
    """Workers, and three ways to give them work: `submit`, `map` and `together`."""

    name: ClassVar[str]

    def __init__(self, workers: int, *, patience: float = PATIENCE) -> None:
        if isinstance(workers, bool) or not isinstance(workers, int):
            raise TypeError(f"workers must be an integer, not {type(workers).__name__}")
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self.workers = workers
        self._patience = patience

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workers={self.workers})"

    def submit(self, f: Function, *args: Any) -> Future[Any]:
        """Have a worker call ``f(*args)``, and return the pool's future: if the worker dies, it has a `BrokenExecutor`."""
        return self._post(f, args, [()])[0]

    def map(self, f: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Return ``[f(item) for item in items]``, handing out one item at a time, not chunks as `Pool.map` does.

        No more than two items for each worker are under way, so that large ones do not fill the memory, and after an
        error no new item is handed out.
        """
        free = threading.Semaphore(2 * self.workers)
        failed = threading.Event()

        def done(future: Future[Any]) -> None:
            if _failed(future):
                failed.set()
            free.release()

        futures: Futures = []
        for item in items:
            _acquire(free)
            if failed.is_set():
                break
            futures.append(self.submit(f, item))
            futures[-1].add_done_callback(done)
        return self._results(futures)

    def together(self, f: Function, *args: Any) -> list[Any]:
        """Run ``f(index, start, *args)`` once on each worker, all at the same time.

        Parameters
        ----------
        f : callable
            It prepares what it needs, calls ``start()``, which returns at the same moment in all workers, and then does
            what is to be done together. It may call ``start()`` again, as often as the others do.
        *args
            The same for all workers.

        Returns
        -------
        list
            The results, by index.
        """
        with self._meeting() as meeting:
            try:
                futures = self._post(attend, (f, *args), [(meeting, index) for index in range(self.workers)])
                for future in futures:
                    future.add_done_callback(lambda future: meeting.call_off() if _failed(future) else None)
                return self._results(futures)
            except BaseException:  # Ctrl-C here or an error there: nobody shall wait for those who do not come
                meeting.call_off()
                raise

    def close(self) -> None:
        """Let the workers go when they have finished their work."""

    def abandon(self) -> None:
        """Let the workers go without waiting for their work."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _post(self, function: Function, args: Args, firsts: Sequence[Args]) -> Futures:
        """Have ``function(*first, *args)`` called for each of `firsts`; `args` are sent only once."""
        raise NotImplementedError

    @contextlib.contextmanager
    def _meeting(self) -> Iterator[Meeting]:
        yield Meeting(bytearray(Meeting.size(self.workers)), self.workers, self._patience)

    def _results(self, futures: Futures) -> list[Any]:
        """Wait for all, and raise the first error that does not just follow from another."""
        errors = [error for future in futures if (error := _wait(future))]
        if errors:
            raise min(errors, key=lambda error: isinstance(error, CalledOff))
        return [future.result() for future in futures]


def _failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None


def _wait(future: Future[Any]) -> BaseException | None:
    from concurrent.futures import wait

    while not wait([future], WAIT).done:
        pass
    return future.exception()


def _acquire(semaphore: threading.Semaphore) -> None:
    while not semaphore.acquire(timeout=WAIT):
        pass


class Serial(Executor):
    """The calling thread."""

    name = "serial"

    def __init__(self, workers: int = 1, *, patience: float = PATIENCE) -> None:
        super().__init__(workers, patience=patience)
        if workers != 1:
            raise ValueError(f"serial has 1 worker, not {workers}")

    def _post(self, function: Function, args: Args, firsts: Sequence[Args]) -> Futures:
        return [_called(function, *first, *args) for first in firsts]


def _called(f: Function, *args: Any) -> Future[Any]:
    """Call `f` here and now."""
    from concurrent.futures import Future

    future: Future[Any] = Future()
    try:
        future.set_result(f(*args))
    except Exception as error:  # Ctrl-C is the caller's
        future.set_exception(error)
    return future


class Threads(Executor):
    """Threads of this process.

    Parameters
    ----------
    workers : int, default 2
        How many.
    pool : concurrent.futures.Executor, optional
        One with at least as many free threads; it stays the caller's. By default a new `ThreadPoolExecutor`.
    patience : float, default 60
        Seconds that a worker in `together` waits for the others.
    """

    name = "threads"

    def __init__(self, workers: int = 2, pool: Pool | None = None, *, patience: float = PATIENCE) -> None:
        from concurrent.futures import ThreadPoolExecutor

        super().__init__(workers, patience=patience)
        self._owns = pool is None
        self._pool = pool or ThreadPoolExecutor(workers, thread_name_prefix="gilscope")

    def close(self) -> None:
        """Let the threads go when they have finished their work."""
        if self._owns:
            self._pool.shutdown()

    def abandon(self) -> None:
        """Do not wait for the threads; nobody can stop them, so each goes when its call is done."""
        if self._owns:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _post(self, function: Function, args: Args, firsts: Sequence[Args]) -> Futures:
        return [self._pool.submit(function, *first, *args) for first in firsts]


class Processes(Executor):
    """Other processes.

    An array of 1 MiB or more is copied into shared memory once, and workers see it read-only, because what they would
    write would not come back. An array made by `share` or `shared_empty` of `gilscope.shared_arrays` is not copied at
    all, and workers may write it.

    Parameters
    ----------
    workers : int, default 2
        How many. They are all started now.
    pool : concurrent.futures.Executor, optional
        One with at least as many free processes; it stays the caller's. By default a new `ProcessPoolExecutor`.
    start_method : {"forkserver", "spawn", "fork"}, optional
        How to start them; forkserver where it exists, else spawn.
    patience : float, default 60
        Seconds that a worker in `together` waits for the others.
    """

    name = "processes"

    def __init__(
        self,
        workers: int = 2,
        pool: Pool | None = None,
        *,
        start_method: str | None = None,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(workers, patience=patience)
        if pool is not None and start_method is not None:
            raise ValueError("start_method is for a new pool, but a pool was passed")
        self._owns = pool is None
        self._processes: list[BaseProcess] = []
        self._pool = pool or _new_pool(workers, _checked_method(start_method))
        if self._owns:
            self._start_all()

    def _start_all(self) -> None:
        """Start every worker while the main module is hidden; on its own a pool starts one when it needs one."""
        from multiprocessing import active_children

        try:
            with main_hidden():
                pids = self.together(_report)
        except BaseException:
            self.close()
            raise
        self._processes = [process for process in active_children() if process.pid in pids]

    def close(self) -> None:
        """Let the processes go when they have finished their work."""
        if self._owns:
            self._pool.shutdown()

    def abandon(self) -> None:
        """Kill the processes."""
        for process in self._processes:
            process.kill()
        self.close()

    def _post(self, function: Function, args: Args, firsts: Sequence[Args]) -> Futures:
        parcel = Parcel(function, args)
        try:
            with self._deaths_explained():
                futures = [self._pool.submit(open_parcel, parcel.payload, pickle.dumps(first)) for first in firsts]
        except BaseException:
            parcel.release()
            raise
        parcel.release_after(futures)
        return futures

    @contextlib.contextmanager
    def _meeting(self) -> Iterator[Meeting]:
        block = Segment.create(Meeting.size(self.workers))
        try:
            yield Meeting(block, self.workers, self._patience)
        finally:
            block.unlink()

    def _results(self, futures: Futures) -> list[Any]:
        with self._deaths_explained():
            return super()._results(futures)

    @contextlib.contextmanager
    def _deaths_explained(self) -> Iterator[None]:
        from concurrent.futures import BrokenExecutor

        try:
            yield
        except BrokenExecutor as error:
            self.close()  # waits until all are gone, so that their exit codes are known
            raise WorkerDied(f"a worker process {_end(self._processes)}, and with it its pool is gone") from error


#: All executors, in the order in which they are shown.
EXECUTORS: dict[str, type[Executor]] = {kind.name: kind for kind in (Serial, Threads, Processes)}


def _checked_method(start_method: str | None) -> str:
    from multiprocessing import get_all_start_methods

    available = get_all_start_methods()
    if start_method is None:
        return "forkserver" if "forkserver" in available else "spawn"
    if start_method not in available:
        raise ValueError(f"start_method must be one of {', '.join(sorted(available))}, not {start_method!r}")
    return start_method


def _new_pool(workers: int, start_method: str) -> Pool:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(workers, multiprocessing.get_context(start_method), _leave_interrupts_to_the_caller)


def _leave_interrupts_to_the_caller() -> None:
    # A terminal sends Ctrl-C to the workers too, and each would print a traceback; the caller ends them (`abandon`).
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _report(_index: int, start: Callable[[], None]) -> int:
    start()
    return os.getpid()


def _end(processes: Iterable[BaseProcess]) -> str:
    """Say how the first to die ended; the pool terminated the others."""
    terminated = -signal.SIGTERM
    codes = [process.exitcode for process in processes if process.exitcode is not None]
    if not codes:  # a pool of the caller's
        return "died"
    code = next((code for code in codes if code != terminated), terminated)
    if code == -9:
        return "was killed (SIGKILL, as the system does when memory runs out)"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
