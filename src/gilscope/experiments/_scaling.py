"""The scaling experiment: from which size on releasing the GIL pays, on how many threads, and under which strategy.

Each kernel begins with a coarse grid of sizes. Then the sizes are measured at which the lines from which on it pays are least
known, one after the other, until they lie close enough or the kernel's share of the time is used up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from gilscope.experiments._experiment import Course, Experiment, Request
from gilscope.experiments._scaling_probe import Probe, probe
from gilscope.experiments._scaling_subject import NotMeasured, Subject, name_of, subjects_of
from gilscope.experiments._scaling_words import verdict
from gilscope.measure import Group, Plan, Sampler, known_results
from gilscope.results import Session
from gilscope.scaling_map import map_of, next_size

LONGEST_CALL = 0.02  # seconds; per_item on two threads takes 0.4 us for each element


@dataclass(frozen=True)
class Effort:
    """How well to find the lines: sizes `apart` in ratio, with at most so many `more` sizes for each implementation."""

    apart: float
    more: int

    @property
    def expected(self) -> float:
        """How many more sizes it takes as a rule: some lines are found early, and some implementations have none."""
        return 0.8 * self.more


EFFORTS = {"quick": Effort(3.0, 1), "default": Effort(1.5, 5), "full": Effort(1.2, 12)}


@dataclass(frozen=True)
class Part:
    """A subject with what is known of it before it is measured: its probe, and the sizes to begin with."""

    subject: Subject
    probe: Probe
    sizes: tuple[int, ...]
    effort: Effort

    def groups(self, session: Session) -> Iterator[Group]:
        """Yield the sizes to begin with, those that an interrupted run had got to, then those where a line is least known."""
        yield from map(self.group, self.sizes)
        yield from map(self.group, self.found(session))
        while len(self.found(session)) < self.effort.more and (size := self.next_size(session)):
            yield self.group(size)

    def group(self, size: int) -> Group:
        """Return the cases of a size."""
        return self.subject.group(size, self.probe)

    def found(self, session: Session) -> list[int]:
        """Return the sizes that were measured because a line was near."""
        chart = map_of(session, self.subject.kernel, self.subject.implementation)
        return sorted({*chart.sizes} - {*self.sizes})

    def next_size(self, session: Session) -> int | None:
        """Return the size at which to look next; None if all lines are known well enough."""
        return next_size(map_of(session, self.subject.kernel, self.subject.implementation), self.effort.apart)

    def seconds(self, session: Session, plan: Plan) -> float:
        """Estimate how long all of it takes, without what the session has already."""
        groups = [self.group(size) for size in self.sizes]
        todo = [group for group in groups if known_results(group, session, plan) is None]
        usual = self.probe.group_seconds(groups[len(groups) // 2], plan)
        more = max(0.0, self.effort.expected - len(self.found(session)))
        return sum(self.probe.group_seconds(group, plan) for group in todo) + more * usual


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Choose the sizes by a few quick calls, estimate how long the rest takes, and return it."""
    subjects, missing = subjects_of(request.choice, LONGEST_CALL)
    probed = probed_of(subjects, session, sampler)
    effort = effort_of(request)
    chosen = [(subject, found, request.choice.size or subject.sizes(found)) for subject, found in probed]
    parts = [Part(subject, found, fitting(subject, sizes), effort) for subject, found, sizes in chosen]
    missing += [each for subject, found, sizes in chosen for each in left_out(subject, found, sizes)]
    if not any(part.sizes for part in parts):
        raise ValueError(f"nothing to measure: {name_of(missing[0])}: {missing[0]['reason']}")
    session.details |= {
        "choice": request.choice.to_dict(),
        "probes": {subject.name: found.to_dict() for subject, found in probed},
        "not_measured": missing,
    }
    return course_of([part for part in parts if part.sizes], session, plan)


def probed_of(subjects: Iterable[Subject], session: Session, sampler: Sampler) -> list[tuple[Subject, Probe]]:
    """Return each subject with its probe."""
    probes = session.details.get("probes", {})
    return [(subject, known_probe(probes, subject, sampler)) for subject in subjects]


def known_probe(probes: dict[str, dict[str, object]], subject: Subject, sampler: Sampler) -> Probe:
    """Return what an interrupted run found, so that the sizes stay the same; else try."""
    if subject.name in probes:
        return Probe.from_dict(probes[subject.name])
    return probe(subject.quickest, subject.cases(1), sampler)


def effort_of(request: Request) -> Effort:
    """Return how well to find the lines; sizes that were chosen are all there is to measure."""
    if request.choice.size:
        return Effort(math.inf, 0)
    return EFFORTS["quick" if request.quick else "full" if request.full else "default"]


def fitting(subject: Subject, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes for which there is memory."""
    return tuple(size for size in sizes if subject.fits(size))


def left_out(subject: Subject, found: Probe, sizes: tuple[int, ...]) -> list[NotMeasured]:
    """Say what is left out, and why: sizes that need too much memory, and what takes too long on those that do not."""
    too_large = [subject.needs_too_much(size) for size in sizes if not subject.fits(size)]
    return [*too_large, *subject.slow(fitting(subject, sizes), found)]


def course_of(parts: list[Part], session: Session, plan: Plan) -> Course:
    """Return all groups, and how long they take."""
    seconds = [part.seconds(session, plan) for part in parts]
    done = [each / max(sum(seconds), 1e-9) for each in accumulate(seconds, initial=0.0)]
    return Course(walk(parts, list(pairwise(done)), session), sum(seconds))


def walk(parts: list[Part], spans: list[tuple[float, float]], session: Session) -> Iterator[Group]:
    """Yield the groups of each part, and where they end in its share of the run; the last part's last need not be the end."""
    for part, (start, stop) in zip(parts, spans, strict=True):
        expected = len(part.sizes) + part.effort.more
        for at, group in enumerate(part.groups(session), 1):
            yield replace(group, until=start + (stop - start) * min(1.0, at / expected))


SCALING = Experiment(
    name="scaling",
    question="From which size on does releasing the GIL pay, on how many threads, and how?",
    duration="up to 3 minutes on 2 cores; --quick: 45 s",
    course=course,
    plans={
        "default": Plan(blocks=7, sample_seconds=0.008, group_seconds=math.inf),
        "quick": Plan(blocks=5, sample_seconds=0.004, group_seconds=math.inf),
    },
    verdict=verdict,
    seconds={"quick": 45.0, "default": 170.0},
    layout="map",
    takes_choice=True,
)
