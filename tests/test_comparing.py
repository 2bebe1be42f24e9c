"""Two sessions compared: what is called a change, and what is not, on results that are made up; nothing is timed."""

import math

import numpy as np
import pytest

from gilscope.cases import Case
from gilscope.comparing import compare
from gilscope.results import Result, Sample, Session, Speedup
from gilscope.stats import median_interval, noise

SIZES = (100, 1000, 10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6, 10**7)
STRATEGIES = ("held", "released", "chunked", "per_item")
MACHINE = {
    "python": "3.13.1",
    "cpu": "a cpu",
    "load_average": [0.1],
    "libraries": [{"file": "a"}, {"file": "b"}],
    "native": {"isa": "avx2"},
}


def result(strategy, size, blocks, *, noisy=None):
    case, baseline = (Case(f"exp.c.{each}", size) for each in (strategy, "held"))
    samples = tuple(Sample(seconds, 1, seconds) for seconds in blocks)
    is_noisy = noise(blocks) > 0.10 if noisy is None else noisy
    return Result(case.to_dict(), samples, median_interval(blocks), Speedup(1, 1, 1, baseline.id), noisy=is_noisy)


def session_of(blocks, sizes=SIZES, strategies=STRATEGIES, **machine):
    """A session with the blocks that a function returns for each case."""
    results = [result(strategy, size, blocks(strategy, size)) for size in sizes for strategy in strategies]
    return Session("scaling", {**MACHINE, **machine}, results)


def drifting(random, blocks, *, run=0.1, group=0.03, block=0.02, sample=0.02):
    """What a case's blocks look like in a run: the run's phase, the group's, a slow wave over its blocks, and interruptions."""
    phase, waves = random.normal(0, run), {}

    def of(strategy, size):
        if size not in waves:
            steps = random.normal(0, block, blocks) + np.cumsum(random.normal(0, block / 3, blocks))
            waves[size] = random.normal(0, group) + steps
        interrupted = (random.random(blocks) < 0.05) * random.exponential(0.3, blocks)
        return np.exp(phase + waves[size] + random.normal(0, sample, blocks) + interrupted) * size * 1e-9

    return of


@pytest.mark.parametrize("blocks", [5, 7, 21])
@pytest.mark.parametrize("sizes", [SIZES[:1], SIZES[:3], SIZES], ids=len)
def test_a_run_against_itself_has_changed_one_time_in_twenty_at_most(blocks, sizes):
    random = np.random.default_rng([blocks, len(sizes)])
    runs = 150
    alarms = 0
    for _ in range(runs):
        before, after = (session_of(drifting(random, blocks), sizes) for _ in range(2))
        alarms += bool(compare(before, after).changed)
    assert alarms <= 0.05 * runs + 2 * math.sqrt(0.05 * 0.95 * runs)
