"""Measuring with a sampler that is a list of numbers: no clock, no threads."""

from itertools import cycle

from gilscope.cases import Case, baseline_of, ceiling_of
from gilscope.measure import Group, Plan, measure
from gilscope.results import Sample, Session

PLAN = Plan(blocks=3, sample_seconds=1.0)
SIZE = 1000
HELD, RELEASED = (Case(f"exp.c.{name}", SIZE, "threads", 2) for name in ("held", "released"))
BASELINE, NATIVE = baseline_of(RELEASED), ceiling_of(RELEASED)
PAIR = Group("pair", (HELD, RELEASED))
NUMPY = Group("numpy", (Case("exp.numpy", SIZE, "threads", 2),))


class Script:
    """A sampler: seconds per call for each case id, the next one for each block, in a circle; 0.1 s where it says nothing.

    It keeps a list of what was asked of it. The probe of the time guard and the warm-up are not blocks.
    """

    def __init__(self, seconds=None, *, checksums=None, cpu=1.0, steal=0.0, imbalance=0.0, stop=None):
        self.steps = []
        self.calls = {}
        self._seconds = {id: cycle(values) for id, values in (seconds or {}).items()}
        self._first = {id: values[0] for id, values in (seconds or {}).items()}
        self._checksums = checksums or {}
        self._cpu, self._steal, self._imbalance = cpu, steal, imbalance
        self._stop = stop  # at which of the samples that count Ctrl-C comes

    def new_group(self):
        self.steps.append("new group")

    def sample(self, case, calls, digest=False):
        assert calls % case.workers == 0 or case.size != SIZE
        warm = digest or case.size < SIZE // 10
        self.steps.append(f"{'warm' if digest else 'probe' if warm else 'take'} {case.id}")
        if not warm:
            self.calls.setdefault(case.id, set()).add(calls)
            self._interrupt()
        seconds = self._first.get(case.id, 0.1) if warm else next(self._seconds.get(case.id, cycle([0.1])))
        if case.id not in self._first:
            seconds *= case.size / SIZE
        wall = seconds * calls
        used = (wall * self._cpu, 0, 0, 0, wall * self._steal, self._imbalance)
        return Sample(seconds, calls, wall, *used), self._checksums.get(case.id, "same")

    def _interrupt(self):
        if self._stop is not None and self._taken() > self._stop:
            raise KeyboardInterrupt

    def _taken(self):
        return sum(step.startswith("take") for step in self.steps)


def new_session():
    return Session("mock", {"gil": True})


def measured(group, sampler, plan=PLAN, session=None):
    """Measure one group, and return its results by id."""
    session = new_session() if session is None else session
    [(_, results)] = measure([group], session, plan, sampler)
    return {result.id: result for result in results}
