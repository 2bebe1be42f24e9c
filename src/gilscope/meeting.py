"""How workers start together, in threads and in processes alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gilscope.sending import NotSendable
from gilscope.shared_arrays import Segment

PATIENCE = 60.0  #: seconds that a worker waits for the others to arrive
_POLL = 0.0002  # seconds between two looks at who has arrived
_LEAD_NS = 1_000_000  # from the last arrival to the common start: by then all have looked again, five times over
_SPIN_NS = 100_000  # sleep ends about 60 µs late (Linux adds a timer slack of 50), so the last bit is not slept


class CalledOff(RuntimeError):
    """Another worker failed, so this one waits no longer; the caller gets the other's error."""


class Meeting:
    """A place where workers wait for each other, threads and processes alike.

    Unlike a barrier it needs nothing inherited, only a block of memory that everyone sees: a bytearray among threads, a
    `Segment` among processes. Each worker writes how often it has arrived, and the first one publishes when to go.
    """

    def __init__(self, block: bytearray | Segment, workers: int, patience: float) -> None:
        self.block, self.workers, self.patience = block, workers, patience
        self._slots = memoryview(block).cast("q")  # an aligned 8-byte store is never seen half done

    @staticmethod
    def size(workers: int) -> int:
        """Return how many bytes the block needs."""
        return 8 * (workers + 2)

    def arrive(self, index: int, times: int) -> None:
        """Say that worker `index` has arrived for the nth time."""
        self._slots[index] = times

    def arrived(self, times: int) -> int:
        """Return how many workers have arrived for the nth time."""
        return sum(slot >= times for slot in self._slots[: self.workers])

    @property
    def go(self) -> int:
        """When to start, by `time.perf_counter_ns`: a new value for every round."""
        return self._slots[self.workers]

    @go.setter
    def go(self, when: int) -> None:
        self._slots[self.workers] = when

    @property
    def called_off(self) -> bool:
        """Whether waiting is of no use any more."""
        return bool(self._slots[self.workers + 1])

    def call_off(self) -> None:
        """Tell all who wait, now or later, that it is of no use."""
        self._slots[self.workers + 1] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        if not isinstance(self.block, Segment):
            raise NotSendable("Threads was given a pool of processes: pass it to Processes(pool=...)")
        return _meeting_at, (self.block.name, len(self.block), self.workers, self.patience)


def _meeting_at(name: str, size: int, workers: int, patience: float) -> Meeting:
    return Meeting(Segment.attach(name, size, writable=True), workers, patience)


class Start:
    """What a worker calls when it is prepared: returns when all workers have called it, at the same moment for all.

    It may be called again, for a new round.
    """

    def __init__(self, meeting: Meeting, index: int) -> None:
        self.rounds = 0
        self._meeting, self._index, self._last = meeting, index, meeting.go

    def __call__(self) -> None:
        """Wait for the others."""
        self.rounds += 1
        self._meeting.arrive(self._index, self.rounds)
        self._last = self._wait(time.monotonic() + self._meeting.patience)
        _sleep_until(self._last)

    def _wait(self, deadline: float) -> int:
        meeting = self._meeting
        while (go := meeting.go) == self._last:
            if meeting.called_off:
                raise CalledOff("another worker failed")
            if self._index == 0 and meeting.arrived(self.rounds) == meeting.workers:
                meeting.go = time.perf_counter_ns() + (_LEAD_NS if meeting.workers > 1 else 0)
            elif time.monotonic() > deadline:
                raise TimeoutError(self._late())
            else:
                time.sleep(_POLL)
        return go

    def _late(self) -> str:
        meeting = self._meeting
        return (
            f"{meeting.arrived(self.rounds)} of {meeting.workers} workers arrived within {meeting.patience:g} s: "
            "the pool has too few free workers, or not every worker calls start() as often"
        )


def _sleep_until(go: int) -> None:
    # CPython's perf_counter is one clock for all processes on Linux (CLOCK_MONOTONIC), macOS (mach_absolute_time) and
    # Windows (QueryPerformanceCounter). Were it not, `left` would be absurd: then start at once.
    while 0 < (left := go - time.perf_counter_ns()) <= _LEAD_NS:
        time.sleep(max(0, left - _SPIN_NS) / 1e9)  # even sleep(0) lets other threads have the GIL


def attend(meeting: Meeting, index: int, f: Callable[..., Any], *args: Any) -> Any:
    """Run `f` as worker `index`."""
    start = Start(meeting, index)
    result = f(index, start, *args)
    if not start.rounds:
        raise RuntimeError(f"worker {index} returned without calling start()")
    return result
