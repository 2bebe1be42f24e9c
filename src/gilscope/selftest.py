"""Whether to believe this machine's numbers: what must come out if harness, kernels and machine are as they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from gilscope._native import tracer
from gilscope.cases import Case
from gilscope.cores import usable_cores
from gilscope.kernels import exp
from gilscope.machine import gil_is_on
from gilscope.measure import Group, Machine, Plan, calibrate, measure
from gilscope.observing import ticks_during
from gilscope.results import Result, Session
from gilscope.selftest_tracer import NEED_TRACER
from gilscope.stats import ratio
from gilscope.tracing import TracerUnavailable

SIZE = 1_000_000
WORKERS = 2
PLAN = Plan(blocks=15, sample_seconds=0.05)
SAME = 0.05  # how much held threads may seem to gain
CALL_OVERHEAD = 0.1  # how far ctypes, which takes some microseconds more a call, may be behind
OVERLAP = 1.5  # native threads that reach less do not have a core each


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    name: str
    passed: bool
    numbers: str


def self_test() -> Iterator[Outcome]:
    """Run the checks, one after the other; about 20 seconds."""
    for name, check in CHECKS.items():
        try:
            passed, numbers = check()
        except TracerUnavailable as error:  # although this system and this build should have one
            passed, numbers = False, str(error)
        yield Outcome(name, passed, numbers)


def left_out() -> list[str]:
    """Say which checks are not among those that run here, and why."""
    reasons = {
        "that need two cores": "there is one usable core" if len(usable_cores()) == 1 else None,
        "of the tracer": no_tracer(),
    }
    return [f"the checks {which} are left out: {reason}" for which, reason in reasons.items() if reason]


def no_tracer() -> str | None:
    """Return why there is nothing to trace, or nothing to trace it with."""
    return tracer.unavailable() or (None if gil_is_on() else "the GIL is off")


Check = Callable[[], tuple[bool, str]]


def same_code() -> tuple[bool, str]:
    """`c.held` and `c.released` run the same machine code."""
    held, released = (getattr(exp.c, name).loop_address(np.dtype("float64")) for name in ("held", "released"))
    return held == released, f"{held:#x} and {released:#x}"


def ticker_held() -> tuple[bool, str]:
    """A Python thread cannot run during a held call; with the GIL off it always can."""
    ticks = ticks_during(large_call("c.held"), at_least=0.1)
    return (ticks == 0) == gil_is_on(), f"{ticks} ticks"


def ticker_released() -> tuple[bool, str]:
    """A Python thread runs during a released call."""
    ticks = ticks_during(large_call("c.released"), at_least=0.1)
    return ticks > 0, f"{ticks} ticks"


def large_call(name: str) -> Callable[[], object]:
    """Return a call of some milliseconds."""
    x = np.random.default_rng(0).uniform(-1, 1, 10 * SIZE)
    call = getattr(exp.c, name.split(".")[1])
    return partial(call, x, out=np.empty_like(x))


def a_against_a() -> tuple[bool, str]:
    """The same case against itself shows no difference."""
    case = Case("exp.c.held", SIZE)
    with Machine() as machine:
        calls, _ = calibrate(case, PLAN, machine)
        pairs = [[machine.sample(case, calls)[0].seconds for _ in "AA"] for _ in range(2 * PLAN.blocks)]
    found = ratio([first for first, _ in pairs], [second for _, second in pairs], confidence=0.99)
    return found.low <= 1 <= found.high, f"{found} (99 % interval)"


def native_ceiling() -> tuple[bool, str]:
    """Two native threads overlap."""
    return verdict("released", lambda result: bool(result.ceiling and result.ceiling.value >= OVERLAP), of="ceiling")


def held_alone() -> tuple[bool, str]:
    """Held threads show no speed-up; with the GIL off they do."""
    return verdict("held", lambda result: bool(result.speedup and (result.speedup.value <= 1 + SAME) == gil_is_on()))


def released_scales() -> tuple[bool, str]:
    """Released threads come near the ceiling."""
    return verdict("released", lambda result: bool(result.efficiency and result.efficiency >= 0.9))


def ctypes_agrees() -> tuple[bool, str]:
    """`ctypes.released` takes as long as `c.released`: the same code, released in the same way."""
    results = measured()
    found = [result.seconds.value for result in results if f"released/threads-{WORKERS}" in result.id]
    return abs(found[0] / found[1] - 1) <= CALL_OVERHEAD, f"{found[1] * 1e6:.1f} and {found[0] * 1e6:.1f} us a call"


def verdict(strategy: str, passes: Callable[[Result], bool], of: str = "speedup") -> tuple[bool, str]:
    """Judge the result of a strategy of `exp.c` on two threads."""
    result = next(each for each in measured() if each.id.startswith(f"exp.c.{strategy}/threads"))
    return passes(result), f"{getattr(result, of)}"


@cache
def measured() -> list[Result]:
    """Measure what several checks need, once."""
    calls = ("exp.c.held", "exp.c.released", "exp.ctypes.released")
    group = Group("self-test", tuple(Case(call, SIZE, "threads", WORKERS) for call in calls))
    session = Session("self-test", {"gil": gil_is_on()})
    with Machine() as machine:
        return next(results for _, results in measure([group], session, PLAN, machine))


NEED_TWO_CORES: dict[str, Check] = {
    "two native threads overlap": native_ceiling,
    f"exp.c.held on 2 threads shows {'no' if gil_is_on() else 'a (GIL off)'} speed-up": held_alone,
    "exp.c.released on 2 threads comes near that": released_scales,
    "exp.ctypes.released agrees with exp.c.released": ctypes_agrees,
}

CHECKS: dict[str, Check] = {
    "c.held and c.released are the same code at the same address": same_code,
    f"another Python thread {'cannot run' if gil_is_on() else 'can run (GIL off)'} during a held call": ticker_held,
    "another Python thread runs during a released call": ticker_released,
    "a case against itself: the interval includes 1.00": a_against_a,
    **(NEED_TRACER if no_tracer() is None else {}),
    **(NEED_TWO_CORES if len(usable_cores()) > 1 else {}),
}
