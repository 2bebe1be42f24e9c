"""What `scaling` measures of one implementation of a kernel: which strategies, on how many threads, at which sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gilscope.cases import Case, baseline_of, short
from gilscope.cores import usable_cores
from gilscope.experiments._choice import Choice
from gilscope.experiments._scaling_probe import AGAIN_AND_AGAIN, TOO_LONG, Probe, fits, needed
from gilscope.kernels import KERNELS, Call, Missing
from gilscope.kernels._call import OWN
from gilscope.measure import Group
from gilscope.scaling_map import two_digits
from gilscope.wording import duration

IMPLEMENTATIONS = ("c",)
# In the order of the map, which is that of simplicity. Others are measured on request: `parallel` pauses after each sample.
STRATEGIES = ("held", "declared_nogil", "released", "thresholded", "chunked", "per_item", OWN)

NotMeasured = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """One implementation of a kernel.

    Parameters
    ----------
    kernel, implementation : str
        Which.
    strategies : tuple of str
        How its calls treat the GIL.
    threads : tuple of int
        On how many threads, from one on.
    longest : float
        Seconds: what would take longer for a call is left out.
    """

    kernel: str
    implementation: str
    strategies: tuple[str, ...]
    threads: tuple[int, ...]
    longest: float = math.inf

    @property
    def name(self) -> str:
        """Such as "exp.c"."""
        return f"{self.kernel}.{self.implementation}"

    @property
    def quickest(self) -> Case:
        """The case whose time says how much work a size is."""
        if "released" in self.strategies:
            return self.case("released", 1, 1)
        return baseline_of(self.case(self.strategies[0], 1, 1))

    def case(self, strategy: str, threads: int, size: int) -> Case:
        """Return a strategy on so many threads: Python's, or those that OpenMP runs inside."""
        call = self.name if strategy == OWN else f"{self.name}.{strategy}"
        if strategy == "parallel":
            return Case(call, size, options={"threads": threads})
        return Case(call, size, "threads" if threads > 1 else "serial", threads)

    def cases(self, size: int) -> Iterator[Case]:
        """Walk all cases of a size: each strategy on one thread, then on more."""
        for threads in self.threads:
            yield from (self.case(strategy, threads, size) for strategy in self.strategies)

    def group(self, size: int, probe: Probe) -> Group:
        """Return the cases of a size that do not take too long: they are measured side by side."""
        cases = tuple(case for case in self.cases(size) if not self.takes_too_long(case, probe))
        return Group(f"{self.name}/{short(size)}", cases)

    def takes_too_long(self, case: Case, probe: Probe) -> bool:
        """Whether a case is left out: only where it is the strategy that takes the time."""
        return case.strategy in AGAIN_AND_AGAIN and probe.seconds(case) > self.longest

    def sizes(self, probe: Probe) -> tuple[int, ...]:
        """Return the sizes to begin with: powers of ten, and both sides of a strategy's threshold."""
        strategies = (KERNELS[self.kernel].implementations[self.implementation].strategies[each] for each in self.strategies)
        limits = [each.options["threshold"] for each in strategies if "threshold" in each.options]
        edges = {size for limit in limits for size in (limit, next_above(limit)) if probe.call_seconds(size) <= TOO_LONG}
        return tuple(size for size in sorted({*probe.decades(), *edges}) if self.fits(size))

    def fits(self, size: int) -> bool:
        """Whether there is memory for all cases of a size."""
        return fits(Group("", tuple(self.cases(size))).all_cases())

    def needs_too_much(self, size: int) -> NotMeasured:
        """Say why a size is not measured."""
        gigabytes = needed(Group("", tuple(self.cases(size))).all_cases()) / 1e9
        return self.not_measured(f"{short(size)} elements would need {gigabytes:,.1f} GB of memory")

    def slow(self, sizes: tuple[int, ...], probe: Probe) -> Iterator[NotMeasured]:
        """Say why strategies are not measured on large sizes."""
        for strategy in self.strategies:
            for threads in self.threads:
                cases = [self.case(strategy, threads, size) for size in sizes]
                case = next((each for each in cases if self.takes_too_long(each, probe)), None)
                if case:
                    call = duration(float(f"{probe.seconds(case):.2g}"))
                    yield self.not_measured(f"a call on {short(case.size)} elements would take about {call}", strategy, threads)

    def not_measured(self, reason: str, strategy: str | None = None, threads: int | None = None) -> NotMeasured:
        """Return what a session holds of something that was left out."""
        return not_measured(self.kernel, self.implementation, reason, strategy, threads)


def not_measured(
    kernel: str, implementation: str, reason: str, strategy: str | None = None, threads: int | None = None
) -> NotMeasured:
    """Return what a session holds of something that was left out; None stands for all."""
    names = {"kernel": kernel, "implementation": implementation, "strategy": strategy, "threads": threads}
    return {**names, "reason": reason}


def name_of(each: NotMeasured) -> str:
    """Return the name of what was left out, such as "exp.c.per_item"."""
    return ".".join(str(each[part]) for part in ("kernel", "implementation", "strategy") if each[part])


def next_above(size: int) -> int:
    """Return the next size of at most two digits."""
    step = 10 ** max(0, len(str(size)) - 2)
    return two_digits(size + step)


def subjects_of(choice: Choice, longest: float) -> tuple[list[Subject], list[NotMeasured]]:
    """Return what a choice names, and what of it there is not.

    Without a choice: the C loop of each kernel that has one. What was chosen, sizes and strategies, is never too slow.
    """
    subjects, missing = [], []
    threads = threads_of(choice)
    longest = math.inf if choice.size and choice.strategy else longest
    for kernel in choice.kernel or KERNELS:
        for implementation in choice.implementation or IMPLEMENTATIONS:
            strategies, reasons = strategies_of(kernel, implementation, choice.strategy)
            missing += [not_measured(kernel, implementation, reason, strategy) for strategy, reason in reasons.items()]
            if strategies:
                subjects.append(Subject(kernel, implementation, strategies, threads, longest))
    if not subjects:
        raise ValueError(f"nothing to measure: {name_of(missing[0])}: {missing[0]['reason']}")
    return subjects, missing if choice else []


def threads_of(choice: Choice) -> tuple[int, ...]:
    """Return the numbers of threads: 1 always, for what pays is judged by it; by default 2, 4, ... up to the usable cores."""
    cores = len(usable_cores())
    if cores == 1:
        return (1,)
    powers = (2**power for power in range(1, cores.bit_length()))
    return tuple(sorted({1, *(choice.threads or (*powers, cores))}))


def strategies_of(kernel: str, implementation: str, chosen: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str | None, str]]:
    """Return the strategies of an implementation that can be measured, in the order of the map, and why others cannot."""
    found = KERNELS[kernel].implementations[implementation]
    if isinstance(found, Missing):
        return (), {None: found.reason}
    there = [call.strategy for call in found.available()]
    order = dict.fromkeys((*STRATEGIES, *there))
    reasons: dict[str | None, str] = {each: why_not(found.strategies, each) for each in chosen if each not in there}
    usual = {name: each for name, each in found.strategies.items() if name in STRATEGIES and not chosen}
    reasons |= {name: each.reason for name, each in usual.items() if isinstance(each, Missing)}
    return tuple(each for each in order if each in there and each in (chosen or STRATEGIES)), reasons


def why_not(strategies: Mapping[str, Call | Missing], strategy: str) -> str:
    """Say why an implementation does not have a strategy."""
    found = strategies.get(strategy)
    return found.reason if isinstance(found, Missing) else f"there is no such strategy, only {', '.join(strategies)}"
