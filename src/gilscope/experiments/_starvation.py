"""The starvation experiment: what other threads feel while a call runs, by the beats of a thread that looks at the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gilscope.experiments._experiment import Course, Experiment, Request
from gilscope.experiments._starvation_take import (
    BEAT_SECONDS,
    NEEDED_BYTES,
    UNITS,
    felt,
    freed,
    large_array,
    large_dict,
    looping,
    sorting,
)
from gilscope.experiments._starvation_words import STRATEGIES, lines, verdict
from gilscope.experiments._two_threads import KERNEL, OPTIONS, Call, kernel_call, sizes_for, two_cores
from gilscope.machine import available_memory
from gilscope.measure import Plan, Sampler
from gilscope.results import Session
from gilscope.watching import Scene, Watch
from gilscope.wording import duration

LENGTH = 0.05  # seconds a call of the kernel
#: Between two empty releases of `yielding`, where they are seldom: more than the switch interval, after which a thread asks.
SELDOM = 0.01
#: What only makes or frees objects takes as long as it takes; a block of all of that takes about so long.
OTHERS_SECONDS = 1.5


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Find the size for a call that lasts so long, and return the one watch."""
    session.details["sizes"] = sizes_for([LENGTH], session.details.get("sizes", {}))
    has_room = available_memory() * plan.memory_share > NEEDED_BYTES
    session.details.setdefault("left_out", [] if has_room else ["the large ones: there is too little memory"])
    seconds = plan.blocks * ((len(STRATEGIES) + 3) * plan.sample_seconds + (OTHERS_SECONDS if has_room else 0))
    return Course(seconds=seconds, watches=[Watch(tuple(scenes_of(session, plan)), UNITS)])


def scenes_of(session: Session, plan: Plan) -> Iterator[Scene]:
    """Yield a scene for each subject."""
    cores, repeats = two_cores(), max(1, round(plan.sample_seconds / LENGTH))
    facts = {"pinned": cores is not None, "beat_seconds": BEAT_SECONDS}
    for subject in subjects(session.details["sizes"][str(LENGTH)], large=not session.details["left_out"]):
        take = partial(felt, subject.prepare, 1 if subject.kind == "object" else repeats, cores)
        yield Scene(subject.label, take, {**facts, "kind": subject.kind, **subject.facts})


@dataclass(frozen=True)
class Subject:
    """What is called: its name, its kind, and what makes the call ready."""

    label: str
    kind: str
    prepare: Callable[[], Call]
    facts: Mapping[str, Any] = field(default_factory=dict)


def subjects(size: int, large: bool) -> Iterator[Subject]:
    """Yield nothing, the kernel under each strategy, a loop in Python, and calls that only make or free objects."""
    yield Subject("nothing, asleep", "nothing", lambda: partial(time.sleep, LENGTH))
    grain = {"grain": max(1, round(size * SELDOM / LENGTH))}
    for strategy, options in [*((each, {}) for each in STRATEGIES), ("yielding", grain)]:
        facts = {"strategy": strategy, "size": size, "options": {**OPTIONS, **options}}
        label = f"{KERNEL}.{strategy}{f' each {duration(SELDOM)}' if options else ''}"
        yield Subject(label, "kernel", partial(same, kernel_call(strategy, size, **options)), facts)
    yield Subject("a loop in Python", "python", lambda: partial(looping, LENGTH))
    if large:
        yield Subject("free an array of 200 MB", "object", freed(large_array))
        yield Subject("free a dict of 1e6 floats", "object", freed(large_dict))
        yield Subject("sorted(1e6 floats)", "object", sorting())


def same(call: Call) -> Call:
    """Return a call that needs no preparation."""
    return call


STARVATION = Experiment(
    name="starvation",
    question="What do other threads feel while a call runs?",
    duration="half a minute; --quick: 8 s",
    course=course,
    plans={"default": Plan(blocks=7, sample_seconds=0.15), "quick": Plan(blocks=3, sample_seconds=0.05)},
    verdict=verdict,
    seconds={"quick": 8.0, "default": 30.0},
    layout="lines",
    lines=lines,
)
