"""What a worker does, a thread or a process: prepare its call once, then make so many calls together with the others."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

from gilscope.checking._subject import Call, Subject
from gilscope.cores import pinned
from gilscope.machine import Usage, queued_ns, usage

_here = threading.local()


class Share(NamedTuple):
    """One worker's part of a sample; times in nanoseconds on the clock of `time.perf_counter_ns`."""

    native_id: int
    start_ns: int
    stop_ns: int
    usage: Usage
    queued_ns: int


def prepare(_index: int, start: Callable[[], None], key: str, subject: Subject, own: bool, warm: bool) -> None:
    """Make this worker's call and keep it, so that its data are made, sent and touched once."""
    call = subject.call(own=own)
    if warm:
        call()
    _calls()[key] = call
    start()


def run(index: int, start: Callable[[], None], key: str, calls: int, cores: list[int] | None) -> Share:
    """Make so many of the calls that `prepare` kept, starting with the others, on a core of its own where there are `cores`."""
    call = _calls()[key]
    with pinned(cores[index]) if cores else nullcontext():
        start()
        before, queued = usage(thread=True), queued_ns()
        start_ns = time.perf_counter_ns()
        for _ in itertools.repeat(None, calls):
            call()
        stop_ns = time.perf_counter_ns()
        return Share(threading.get_native_id(), start_ns, stop_ns, usage(thread=True) - before, queued_ns() - queued)


def _calls() -> dict[str, Call]:
    if not hasattr(_here, "calls"):
        _here.calls = {}
    calls: dict[str, Call] = _here.calls
    return calls
