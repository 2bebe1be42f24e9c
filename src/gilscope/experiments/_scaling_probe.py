"""What calls cost, roughly: enough to choose sizes, to leave out what would take too long, and to say how long the rest takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

from gilscope.cases import Case
from gilscope.machine import available_memory
from gilscope.measure import OPENMP_SPIN_SECONDS, Group, Plan, Sampler, calibrate, distinct_arrays, working_set

SAMPLE = Plan(sample_seconds=0.002)
FLOOR = 1.5  # up to this many times the shortest call, a call is mostly the way into it
LONG_ENOUGH, TOO_LONG = 0.0003, 0.003  # seconds of a call: the largest size is the decade between
LARGEST = 10_000_000
CLOSE_UP = 20e-6  # seconds of a call at which strategies are compared: the way in no longer counts, and per_item is still quick
MEMORY_SHARE = 0.25  # half of what makes `measure` scale a group down: that never happens here
# These turn to the GIL again and again during a call: what that costs grows with the size. Others pay once for each call.
AGAIN_AND_AGAIN = ("chunked", "per_item", "reacquired", "yielding", "interruptible")
SAMPLE_OVERHEAD = 0.0006  # seconds for workers to meet and part
GROUP_OVERHEAD = 0.03  # seconds for arrays and statistics


@dataclass(frozen=True)
class Probe:
    """What calls of one implementation of a kernel cost.

    Parameters
    ----------
    curve : tuple of (int, float)
        Sizes, and the seconds of one call of the quickest strategy on one thread.
    extra : mapping
        Seconds beyond the curve for each case, by its id at size 1: for a call, or `AGAIN_AND_AGAIN` for an element.
    """

    curve: tuple[tuple[int, float], ...]
    extra: Mapping[str, float]

    def seconds(self, case: Case) -> float:
        """Estimate the seconds of one call, workers taken together."""
        alone = self.call_seconds(case.size)
        if case.executor in ("native", "processes"):
            return alone / case.workers
        return alone + self.extra.get(key(case), 0.0) * times(case)

    def call_seconds(self, size: int) -> float:
        """Read the curve: straight in logarithms between its points, and beyond the last as steep as before it."""
        if len(self.curve) == 1 or size <= self.curve[0][0]:
            return self.curve[0][1]
        pieces = list(pairwise(self.curve))
        (x0, y0), (x1, y1) = next((piece for piece in pieces if size <= piece[1][0]), pieces[-1])
        return float(y0 * (size / x0) ** (math.log(y1 / y0) / math.log(x1 / x0)))

    def decades(self) -> tuple[int, ...]:
        """Return the powers of ten from where a call is mostly the way into it to where it takes a few milliseconds."""
        low = max(size for size, seconds in self.curve if seconds <= FLOOR * self.curve[0][1])
        return tuple(size for size, seconds in self.curve if size >= low and (seconds <= TOO_LONG or size == low))

    def group_seconds(self, group: Group, plan: Plan) -> float:
        """Estimate how long a group takes: its blocks, and about one more to calibrate."""
        return GROUP_OVERHEAD + (plan.blocks + 1) * sum(self.sample_seconds(case, plan) for case in group.all_cases())

    def sample_seconds(self, case: Case, plan: Plan) -> float:
        """Estimate how long a sample takes: at least one call by each worker."""
        spin = OPENMP_SPIN_SECONDS if case.runs_openmp else 0.0
        return max(plan.sample_seconds, self.seconds(case) * case.workers) + SAMPLE_OVERHEAD + spin

    def to_dict(self) -> dict[str, Any]:
        """Return the probe as sessions hold it: a run that goes on must choose the same sizes."""
        return {"curve": [list(point) for point in self.curve], "extra": dict(self.extra)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the probe that `to_dict` described."""
        return cls(tuple((int(size), float(seconds)) for size, seconds in data["curve"]), data["extra"])


def probe(quickest: Case, cases: Iterable[Case], sampler: Sampler) -> Probe:
    """Time the quickest strategy at each power of ten until a call is long enough, and all of them at one size in between."""
    found = curve_of(quickest, sampler)
    alone = Probe(found, {})
    size = max((size for size, seconds in found if seconds <= CLOSE_UP), default=1)
    close_up = [replace(case, size=size) for case in cases]
    return Probe(found, {key(case): max(0.0, timed(case, sampler) - alone.call_seconds(size)) / times(case) for case in close_up})


def times(case: Case) -> int:
    """Return how often a call pays for what its strategy does."""
    return case.size if case.strategy in AGAIN_AND_AGAIN else 1


def curve_of(case: Case, sampler: Sampler) -> tuple[tuple[int, float], ...]:
    """Time a case at 1, 10, 100, ... elements until a call is long enough."""
    found: list[tuple[int, float]] = []
    size = 1
    while size <= LARGEST and fits((replace(case, size=size),)) and (not found or found[-1][1] < LONG_ENOUGH):
        found.append((size, timed(replace(case, size=size), sampler)))
        size *= 10
    return tuple(found)


def timed(case: Case, sampler: Sampler) -> float:
    """Return the seconds of one call, from one short sample."""
    calls, _ = calibrate(case, SAMPLE, sampler)
    return sampler.sample(case, calls)[0].seconds


def key(case: Case) -> str:
    """Name a case whatever its size."""
    return replace(case, size=1).id


def fits(cases: tuple[Case, ...]) -> bool:
    """Whether the arrays of all cases together leave most of the memory free."""
    return needed(cases) <= available_memory() * MEMORY_SHARE


def needed(cases: tuple[Case, ...]) -> int:
    """Return the bytes that the arrays of all cases take."""
    return sum(working_set(each) for each in distinct_arrays(cases))
