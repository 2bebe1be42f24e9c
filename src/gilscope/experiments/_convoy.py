"""The convoy experiment: a kernel that releases the GIL beside a thread that computes in Python, over switch intervals.

A call that released asks for the GIL at its end. The other thread has it, and gives it up only when it is made to, after the
switch interval: so each call queues for one, and a held call does not. Known as the convoy effect (CPython issue 7946).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gilscope.experiments._convoy_take import UNITS, alone, beside_python, why_no_waits
from gilscope.experiments._convoy_words import lines, verdict
from gilscope.experiments._experiment import Course, Experiment, Request
from gilscope.experiments._two_threads import KERNEL, OPTIONS, kernel_call, sizes_for, two_cores
from gilscope.measure import Plan, Sampler
from gilscope.results import Session
from gilscope.watching import Scene, Watch
from gilscope.wording import duration

LENGTHS = (20e-6, 200e-6, 2e-3, 20e-3)  # seconds a call
INTERVALS = (50e-6, 500e-6, 5e-3, 20e-3, 100e-3)
QUICK_LENGTHS, QUICK_INTERVALS = LENGTHS[:3], INTERVALS[1:4]
STRATEGIES = ("held", "released")
#: A scene lasts for so many switch intervals at least, so that calls which wait for one are made.
TURNS = 6


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Find the sizes for calls that last so long, and return a watch for each length."""
    lengths, intervals = (QUICK_LENGTHS, QUICK_INTERVALS) if request.quick else (LENGTHS, INTERVALS)
    session.details["sizes"] = sizes_for(lengths, session.details.get("sizes", {}))
    session.details["no_waits"] = why_no_waits(bool(session.machine["gil"]))
    watches = [watch_of(each, intervals, session, plan, at / len(lengths)) for at, each in enumerate(lengths, 1)]
    return Course(seconds=plan.blocks * len(lengths) * seconds_of(intervals, plan), watches=watches)


def watch_of(length: float, intervals: tuple[float, ...], session: Session, plan: Plan, until: float) -> Watch:
    """Return the scenes of one length of call: alone, then held and released under each switch interval."""
    size, cores, traces = session.details["sizes"][str(length)], two_cores(), session.details["no_waits"] is None
    calls = {strategy: kernel_call(strategy, size) for strategy in STRATEGIES}
    facts = {"seconds": length, "size": size, "options": OPTIONS, "pinned": cores is not None}

    def scenes() -> Iterator[Scene]:
        take = partial(alone, calls["held"], plan.sample_seconds, cores)
        yield Scene(f"{KERNEL}, {duration(length)} a call, alone", take, {**facts, "strategy": "held", "switch_interval": None})
        for interval in intervals:
            for strategy in STRATEGIES:
                take = partial(beside_python, calls[strategy], lasting(interval, plan), interval, cores, traces)
                label = f"{KERNEL}.{strategy}, {duration(length)} a call, beside Python, switch interval {duration(interval)}"
                yield Scene(label, take, {**facts, "strategy": strategy, "switch_interval": interval})

    return Watch(tuple(scenes()), UNITS, until)


def lasting(interval: float, plan: Plan) -> float:
    """Return for how many seconds to watch under a switch interval."""
    return max(plan.sample_seconds, TURNS * interval)


def seconds_of(intervals: tuple[float, ...], plan: Plan) -> float:
    """Estimate how long a block of one length takes."""
    return 2 * plan.sample_seconds + len(STRATEGIES) * sum(lasting(each, plan) + each for each in intervals)


CONVOY = Experiment(
    name="convoy",
    question="Can releasing the GIL slow the one who releases, beside a thread that computes in Python?",
    duration="about a minute; --quick: 8 s",
    course=course,
    plans={"default": Plan(blocks=5, sample_seconds=0.15), "quick": Plan(blocks=3, sample_seconds=0.06)},
    verdict=verdict,
    seconds={"quick": 8.0, "default": 60.0},
    layout="lines",
    lines=lines,
)
