"""The grain experiment: how much work a release must be for, how often to release within a call, and what one release costs.

One kernel is measured under every strategy and at several grains; for others only the size from which on releasing pays is looked
for, as `scaling` does. What a release costs is the difference between a loop that is released for every 64 elements and the same
loop held, alone and in company. The kernel for that is `poly`, whose degree says how long 64 elements take without any of them
leaving the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gilscope.cases import Case
from gilscope.cores import usable_cores
from gilscope.experiments._experiment import Course, Experiment, Request
from gilscope.experiments._grain_words import lines, verdict
from gilscope.experiments._scaling import Effort, Part, course_of, fitting, probed_of
from gilscope.experiments._scaling_subject import Subject
from gilscope.kernels import KERNELS
from gilscope.kernels._call import OWN
from gilscope.measure import Group, Plan, Sampler
from gilscope.results import Session

KERNEL = "exp"
#: Whose break-even size is looked for. `sleep` is not work, and `format` cannot release.
OTHERS = {
    "quick": ("add", "poly", "histogram", "mandelbrot"),
    "default": tuple(name for name in KERNELS if name not in (KERNEL, "sleep", "format")),
}
THREADS = 2
GRAINS = (256, 1024, 4096, 16384, 65536)
STRATEGIES = ("held", "released", "thresholded", "per_item")
LONGEST_CALL = 0.02  # seconds

STEP = 64  # elements for each release: a whole number of vectors at every level of instructions
CONTENDERS = (1, 3)
WORK = {"short": (1024 * STEP, 16), "long": (16 * STEP, 6000)}  # size and degree: about 50 ns and 20 us for each release
RELEASE_SECONDS = {"quick": 3.0, "default": 6.0}  # what the groups about the cost take; beside Python a call takes 80 ms

EFFORTS = {"quick": (Effort(3.0, 1), Effort(3.0, 1)), "default": (Effort(1.5, 5), Effort(1.5, 4))}


@dataclass(frozen=True)
class Grained(Subject):
    """A subject that is also measured in chunks of several grains."""

    def cases(self, size: int) -> Iterator[Case]:
        """Walk all cases of a size; chunks as long as all of it would be `released`."""
        yield from super().cases(size)
        for threads in self.threads:
            for grain in (grain for grain in GRAINS if grain < size):
                executor = "threads" if threads > 1 else "serial"
                yield Case(f"{self.name}.chunked", size, executor, threads, options={"grain": grain})


def subjects(pace: str) -> tuple[Subject, ...]:
    """Return what is measured: one kernel in depth first."""
    threads = (1, THREADS) if len(usable_cores()) > 1 else (1,)
    deep = Grained(KERNEL, "c", STRATEGIES, threads, LONGEST_CALL)
    others = (Subject(kernel, "c", ("held", "released"), threads) for kernel in OTHERS[pace])
    return (deep, Subject(KERNEL, "numpy", (OWN,), threads), *others)


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Return the sizes of each kernel, then what a release costs."""
    deep, coarse = EFFORTS[request.pace]
    probed = probed_of(subjects(request.pace), session, sampler)
    parts = [
        Part(subject, found, fitting(subject, subject.sizes(found)), deep if isinstance(subject, Grained) else coarse)
        for subject, found in probed
    ]
    session.details |= {"probes": {subject.name: found.to_dict() for subject, found in probed}}
    sizes, last = course_of(parts, session, plan), RELEASE_SECONDS[request.pace]
    total = (sizes.seconds or 0.0) + last
    return Course(walk(sizes, (total - last) / total), total)


def walk(sizes: Course, share: float) -> Iterator[Group]:
    """Yield all groups; those of the sizes take a share of the run."""
    for group in sizes.groups:
        yield Group(group.name, group.cases, until=group.until * share)
    for at, name in enumerate(WORK, 1):
        yield release_group(name, share + (1 - share) * at / len(WORK))


def release_group(name: str, until: float = 1.0) -> Group:
    """Return a loop released for every few elements: alone, beside others that do the same, beside a thread of Python."""
    size, degree = WORK[name]
    options = {"degree": degree, "grain": STEP}
    crowds = [Case("poly.c.chunked", size, "threads", 1 + others, options=options) for others in CONTENDERS]
    alone = Case("poly.c.chunked", size, options=options)
    python = Case("poly.c.chunked", size, options={**options, "beside": "python"})
    return Group(f"release/{name}", (alone, *crowds, python), until=until)


GRAIN = Experiment(
    name="grain",
    question="How much work is worth a release of the GIL, and what does one release cost?",
    duration="about a minute; --quick: 10 s",
    course=course,
    plans={
        "default": Plan(blocks=7, sample_seconds=0.008, group_seconds=math.inf),
        "quick": Plan(blocks=5, sample_seconds=0.003, group_seconds=math.inf),
    },
    verdict=verdict,
    seconds={"quick": 10.0, "default": 50.0},
    layout="lines",
    lines=lines,
)
