"""Where the time of several threads went: a pure function of what each of them used and of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gilscope.checking._evidence import Budget
from gilscope.checking._profile import times_of
from gilscope.checking._workers import Share
from gilscope.trace_data import TraceData


class Cost(NamedTuple):
    """What a call costs on average, in seconds: wall time, CPU time, and what of that the system's kernel used."""

    wall: float
    cpu: float
    system: float


def cost_of(shares: Sequence[Share], calls: int) -> Cost:
    """Return what a call cost while it had a core, of so many that these workers made in all."""
    used = [share.usage for share in shares]
    wall = sum(share.stop_ns - share.start_ns for share in shares) / 1e9 - queued_seconds(shares)
    return Cost(wall / calls, sum(each.cpu_seconds for each in used) / calls, sum(each.system_seconds for each in used) / calls)


def queued_seconds(shares: Sequence[Share]) -> float:
    """Return how long the workers wanted a core that others had, in all."""
    # Counters are read shortly before the start and after the stop, and a thread may queue there; but not while it has a core.
    rest = [share.stop_ns - share.start_ns - share.usage.cpu_seconds * 1e9 for share in shares]
    return sum(max(min(share.queued_ns, most), 0.0) for share, most in zip(shares, rest, strict=True)) / 1e9


def budget_of(shares: Sequence[Share], calls: int, alone: Cost, traced: TraceData | None) -> Budget:
    """Return where the time of threads went that made so many calls in all, each of which costs `alone` alone.

    A thread's time begins when the first of them starts. Without a trace what they waited for the GIL counts as `blocked`.
    """
    first = min(share.start_ns for share in shares)
    total = sum(share.stop_ns - first for share in shares) / 1e9
    before = Cost(*(calls * each for each in alone))
    lost = without(_more(shares, before), _waited(shares, traced))
    lost["queued"] = queued_seconds(shares)
    # A thread that starts late waited for the GIL, as the trace says, or for a core.
    late = sum(share.start_ns - first for share in shares) / 1e9
    early = _waited([share._replace(start_ns=first, stop_ns=share.start_ns) for share in shares], traced)
    lost["gil"] += early
    lost["queued" if traced else "blocked"] += max(late - early, 0.0)
    shares_of_time = {name: min(seconds / total, 1.0) for name, seconds in lost.items()}
    return Budget(len(shares), useful=min(before.wall / total, 1.0), **shares_of_time)


def _more(shares: Sequence[Share], before: Cost) -> dict[str, float]:
    """Return what threads needed beyond what their calls cost alone, in seconds of sleep and of CPU time."""
    there = cost_of(shares, 1)
    asleep = max((there.wall - there.cpu) - max(before.wall - before.cpu, 0.0), 0.0)
    # How CPU time is split between program and system is sampled in ticks of some ms; how much there is in all is exact.
    more_cpu = max(there.cpu - before.cpu, 0.0)
    system = min(max(there.system - before.system, 0.0), more_cpu)
    return {"blocked": asleep, "system": system, "slower": more_cpu - system}


def without(more: dict[str, float], waited: float) -> dict[str, float]:
    """Split off what threads waited for the GIL, which was also seen as sleep or as CPU time: first from sleep.

    What is left of it then was in the queue for a core, to which a thread goes when it is woken; there it is counted.
    """
    rest, left = {}, waited
    for name, seconds in more.items():
        rest[name] = max(seconds - left, 0.0)
        left = max(left - seconds, 0.0)
    return {**rest, "gil": waited - left}


def _waited(shares: Sequence[Share], traced: TraceData | None) -> float:
    """Return how long threads waited for the GIL between start and stop, in seconds."""
    if traced is None:
        return 0.0
    times = (times_of(traced, share.native_id, np.array([[share.start_ns, share.stop_ns]])) for share in shares)
    return sum(int(each.waiting[0]) for each in times) / 1e9
