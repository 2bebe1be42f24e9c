"""The roofline experiment: where more threads stop helping, and whether the memory, the cores or the system stop them.

Two things bound a loop over arrays: how fast the memory moves bytes, and how fast the cores compute. Both are measured: by the
copy of arrays far beyond the caches, and by a loop of multiplications and additions on arrays within them. `poly` is turned from
the one bound to the other by its degree. The article's `g` is placed beside it, for what bounds it is a third thing: the pages
that the system has to clear.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from gilscope.cases import Case
from gilscope.experiments._choice import Choice
from gilscope.experiments._experiment import Course, Experiment, Request
from gilscope.experiments._roofline_words import DIAL, lines, verdict
from gilscope.experiments._scaling_subject import threads_of
from gilscope.measure import Group, Plan, Sampler
from gilscope.results import Session

# Elements of 16 bytes each: far beyond the caches, and 0.2 GB for each thread. It is the article's size too: below 4 million
# glibc keeps the memory of a result for the next one, and no page is cleared.
SIZE = 10_000_000
DEGREES, QUICK_DEGREES = (1, 4, 16, 64, 256), (1, 16, 128)
PEAK_SIZE, PEAK_DEGREE = 8192, 1024  # 128 KiB: within the second-level cache
ARTICLES = ("g.numpy", "g_out.numpy", "g_chunks.numpy")
SECONDS = {"quick": (1.0, 4.0, 0.5, 1.0, 1.0, 1.0), "default": (3.0, 12.0, 1.0, 5.0, 3.0, 3.0)}  # of each group, on two cores


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Return the two bounds, the dial between them, and the article's routines."""
    found = list(groups(request.quick))
    seconds = SECONDS[request.pace]
    done = accumulate(each / sum(seconds) for each in seconds)
    return Course([replace(group, until=until) for group, until in zip(found, done, strict=True)], sum(seconds))


def groups(quick: bool) -> Iterator[Group]:
    """Yield what is measured, on 2, 4, ... threads up to the usable cores."""
    yield Group("copy", tuple(on_threads(Case("copy.numpy", SIZE))))
    yield Group(
        "dial", tuple(each for degree in (QUICK_DEGREES if quick else DEGREES) for each in on_threads(dialled(SIZE, degree)))
    )
    yield Group("peak", tuple(on_threads(dialled(PEAK_SIZE, PEAK_DEGREE))))
    for call in ARTICLES:
        cases = tuple(on_threads(Case(call, SIZE)))
        yield Group(call, tuple(dict.fromkeys((cases[0], cases[-1]))))  # each number of threads would start as many processes


def dialled(size: int, degree: int) -> Case:
    """Return the loop that does so many multiplications and additions for each element."""
    return Case(DIAL, size, options={"degree": degree})


def on_threads(case: Case) -> Iterator[Case]:
    """Yield a case on one thread and on more."""
    for workers in threads_of(Choice()):
        yield replace(case, executor="threads", workers=workers) if workers > 1 else case


ROOFLINE = Experiment(
    name="roofline",
    question="Where do more threads stop helping: at the memory, at the cores, or before?",
    duration="about 30 s; --quick: 10 s",
    course=course,
    plans={
        "default": Plan(blocks=9, sample_seconds=0.03, group_seconds=math.inf),
        "quick": Plan(blocks=5, sample_seconds=0.01, group_seconds=math.inf),
    },
    verdict=verdict,
    seconds={"quick": 10.0, "default": 30.0},
    layout="lines",
    lines=lines,
)
