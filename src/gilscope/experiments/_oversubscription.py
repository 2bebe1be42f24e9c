"""The oversubscription experiment: Python threads times BLAS threads, for what NumPy computes by BLAS and LAPACK.

Each cell is a number of Python threads that call at the same time and a number of threads that BLAS may use for a call. All are
measured in turn and compared with one of each. After a call with threads of its own BLAS's workers spin for a while (those of
OpenBLAS for 0.1 s), so each such cell is followed by a pause.
"""

from __future__ import annotations

import math
from dataclasses import replace

from gilscope.advice import blas_threads
from gilscope.cases import Case
from gilscope.cores import usable_cores
from gilscope.experiments._experiment import Course, Experiment, Request
from gilscope.experiments._oversubscription_words import ROUTINES, lines, verdict
from gilscope.measure import Group, Plan, Sampler
from gilscope.results import Session

# Sides of the matrices: 8 to 25 ms a call on a core of 40 Gflop/s, and up to 100 times as much with too many BLAS threads.
SIDES = {"product.numpy": 800, "inv.numpy": 600, "svd.numpy": 220, "det.numpy": 900}
QUICK_SIDES = {"product.numpy": 600, "inv.numpy": 450, "svd.numpy": 160, "det.numpy": 700}
SECONDS = {"quick": 10.0, "default": 60.0}


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Return a group for each routine; what BLAS had at first is in the session."""
    cores, limited = len(usable_cores()), blas_threads(session.machine)
    cells = grid(cores, max(cores, limited) if limited else 0, request.quick)
    sides = QUICK_SIDES if request.quick else SIDES
    groups = [Group(call, tuple(cell(call, sides[call] ** 2, *each) for each in cells)) for call in ROUTINES]
    seconds = SECONDS[request.pace]
    return Course([replace(group, until=at / len(groups)) for at, group in enumerate(groups, 1)], seconds)


def grid(cores: int, blas: int, quick: bool) -> list[tuple[int, int]]:
    """Return each number of Python threads with each number of BLAS threads: one, the usual number, and twice that.

    Twice as many of one kind are tried with one of the other only: both say the same, and take a hundred times as long.
    """
    ones = [(1, 1), (1, blas), (cores, 1), (cores, blas)]
    twice = [] if quick else [(1, 2 * blas), (2 * cores, 1)]
    return sorted({(python, max(1, each)) for python, each in ones + twice})


def cell(call: str, size: int, threads: int, blas: int) -> Case:
    """Return one of them; only as many threads as cores, with one of BLAS each, are compared with processes too."""
    options = {"blas_threads": blas} if blas > 1 or threads > len(usable_cores()) else {}
    return Case(call, size, "threads" if threads > 1 else "serial", threads, options=options)


OVERSUBSCRIPTION = Experiment(
    name="oversubscription",
    question="How many Python threads, and how many BLAS threads, should share the cores?",
    duration="about a minute; --quick: 10 s",
    course=course,
    plans={
        "default": Plan(blocks=7, sample_seconds=0.02, group_seconds=math.inf),
        "quick": Plan(blocks=5, sample_seconds=0.01, group_seconds=math.inf),
    },
    verdict=verdict,
    seconds=SECONDS,
    layout="lines",
    lines=lines,
)
