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
    """Return what a call cost, of so many that these workers made in all."""
    used = [share.usage for share in shares]
    wall = sum(share.stop_ns - share.start_ns - share.queued_ns for share in shares) / 1e9
    return Cost(wall / calls, sum(each.cpu_seconds for each in used) / calls, sum(each.system_seconds for each in used) / calls)


def budget_of(shares: Sequence[Share], calls: int, alone: Cost, traced: TraceData | None) -> Budget:
    """Return where the time of threads went that made so many calls in all, each of which costs `alone` alone.

    Without a trace what they waited for the GIL counts as `blocked`.
    """
    total = sum(share.stop_ns - share.start_ns for share in shares) / 1e9
    queued = sum(share.queued_ns for share in shares) / 1e9
    there, before = cost_of(shares, 1), Cost(*(calls * each for each in alone))
    more = {
        "blocked": (there.wall - there.cpu) - max(before.wall - before.cpu, 0.0),
        "system": there.system - before.system,
        "slower": (there.cpu - there.system) - (before.cpu - before.system),
    }
    more = {name: max(seconds, 0.0) for name, seconds in more.items()}
    waited = sum(_waited(share, traced) for share in shares) / 1e9 if traced else 0.0
    lost = {**without(more, waited), "queued": queued}
    shares_of_time = {name: min(seconds / total, 1.0) for name, seconds in lost.items()}
    return Budget(len(shares), useful=min(before.wall / total, 1.0), **shares_of_time)


def without(more: dict[str, float], waited: float) -> dict[str, float]:
    """Split off what threads waited for the GIL, which was also seen as sleep or as CPU time: first from sleep.

    What is left of it then was in the queue for a core, to which a thread goes when it is woken; there it is counted.
    """
    rest, left = {}, waited
    for name, seconds in more.items():
        rest[name] = max(seconds - left, 0.0)
        left = max(left - seconds, 0.0)
    return {**rest, "gil": waited - left}


def _waited(share: Share, traced: TraceData) -> int:
    return int(times_of(traced, share.native_id, np.array([[share.start_ns, share.stop_ns]])).waiting[0])
