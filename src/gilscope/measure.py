"""Measuring: guard, calibrate, warm up, sample in turn, and what the samples say. Nothing here prints.

Cases that are compared form a group. Their samples are interleaved (A B C, C B A, ...), so that what the machine does meanwhile
hits all of them alike, and every comparison is a ratio within a block.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gilscope.cases import NATIVE, Case, baseline_of, ceiling_of, short
from gilscope.cores import usable_cores
from gilscope.executors import EXECUTORS, NotSendable
from gilscope.machine import available_memory, steal_seconds
from gilscope.noises import BUSY, warnings_of
from gilscope.results import Ceiling, Result, Sample, Session, Speedup
from gilscope.sampling import Share, blas_threads, forget, take, unlimit_blas
from gilscope.stats import median_interval, ratio
from gilscope.surroundings import beside

CEILINGS = {"native": "the same C loop on native threads", "processes": "independent processes"}
OPENMP_SPIN_SECONDS = 0.25  # libgomp's idle workers spin after a parallel region, on cores that the next sample needs
PROBE_SHRINK = 100
#: An interruption makes short calls look as if they filled a sample, up to so many: what lasts as long is tried twice.
HICCUPS = 10


@dataclass(frozen=True)
class Plan:
    """How thoroughly to measure.

    Parameters
    ----------
    blocks : int
        Samples of each case.
    sample_seconds : float
        The least time a sample takes; shorter calls are repeated.
    group_seconds : float
        The most time a group may take; above it, sizes are scaled down.
    memory_share : float
        The most that all workers' arrays may take of the available memory.
    """

    blocks: int = 11
    sample_seconds: float = 0.05
    group_seconds: float = 30
    memory_share: float = 0.5


@dataclass(frozen=True)
class Group:
    """Cases to compare with each other.

    Parameters
    ----------
    name : str
        What it is called within its experiment.
    cases : tuple of Case
        Baselines and ceilings are added.
    title : str
        Stands above the rows.
    until : float
        Which share of the whole run is done when this group is: for a progress bar.
    """

    name: str
    cases: tuple[Case, ...]
    title: str = ""
    until: float = 1.0

    def all_cases(self) -> tuple[Case, ...]:
        """Return the cases with the baselines and the ceilings they are judged against."""
        wanted: dict[Case, None] = {}
        for case in self.cases:
            wanted.update(dict.fromkeys(each for each in (baseline_of(case), case, ceiling_of(case)) if each))
        return tuple(wanted)


class Sampler(Protocol):
    """Takes one sample of a case: the machine in production, a list of numbers in tests."""

    def sample(self, case: Case, calls: int, digest: bool = False) -> tuple[Sample, str | None]:
        """Run `calls` calls, shared by the case's workers."""

    def new_group(self) -> None:
        """Let the arrays of the group before go."""


class Machine:
    """Samples taken on this machine, by workers that stay alive until it is closed."""

    def __init__(self) -> None:
        cores = usable_cores()
        self._cores = cores
        self._workers: dict[tuple[str, int], Any] = {}
        self._last: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *exception: Any) -> None:
        try:
            self._stack.__exit__(*exception)  # with the exception: after Ctrl-C no one waits for the workers
        finally:
            forget()
            unlimit_blas()

    def sample(self, case: Case, calls: int, digest: bool = False) -> tuple[Sample, str | None]:
        """Run `calls` calls, shared by the case's workers."""
        cores, workers = self.cores_for(case), self._executor(case)
        fresh, self._last = workers is not self._last, workers
        stolen = steal_seconds()
        with blas_threads(case.blas_threads), beside(case.options.get("beside"), self._cores[-1] if cores else None):
            shares = workers.together(take, case, calls // case.workers, cores, digest, fresh)
        stolen = steal_seconds() - stolen
        if case.runs_openmp:
            time.sleep(OPENMP_SPIN_SECONDS)
        return sample_of(shares, calls, stolen), shares[0].checksum

    def new_group(self) -> None:
        """Let the arrays of the group before go: pools are cheap to start, but for processes, which keep one group's at most."""
        forget()

    def cores_for(self, case: Case) -> list[int] | None:
        """Return a core for each worker, or None where they have to float."""
        if case.runs_openmp or case.blas_threads > 1 or case.workers > len(self._cores):
            return None
        return self._cores[: case.workers]

    def _executor(self, case: Case) -> Any:
        name = "threads" if case.executor == "native" else case.executor
        key = (name, case.workers)
        if key not in self._workers:
            self._workers[key] = self._stack.enter_context(EXECUTORS[name](case.workers))
        return self._workers[key]


def sample_of(shares: list[Share], calls: int, stolen: float) -> Sample:
    """Add the workers' shares up: the wall time runs from the first start to the last stop."""
    wall = (max(share.stop_ns for share in shares) - min(share.start_ns for share in shares)) / 1e9
    used = sum((share.usage for share in shares[1:]), shares[0].usage)
    return Sample(
        seconds=wall / calls,
        calls=calls,
        wall_seconds=wall,
        cpu_seconds=used.cpu_seconds,
        minor_faults=used.minor_faults,
        voluntary_switches=used.voluntary_switches,
        involuntary_switches=used.involuntary_switches,
        steal_seconds=stolen,
        cpu_imbalance=imbalance([share.usage.cpu_seconds for share in shares], wall),
    )


def imbalance(cpu_seconds: list[float], wall: float) -> float:
    """Return how much less CPU time one worker used than another, as a share; 0 where they mostly waited."""
    most = max(cpu_seconds)
    return 1 - min(cpu_seconds) / most if most > BUSY * wall else 0.0


def measure(
    groups: Iterable[Group],
    session: Session,
    plan: Plan,
    sampler: Sampler,
    *,
    save: Callable[[Session], None] = lambda session: None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Group, list[Result]]]:
    """Measure group after group, and yield each as soon as it is done and saved.

    Groups that the session holds already are yielded as they are. When a group is interrupted, what its complete blocks say is
    saved before the interruption goes on.

    Parameters
    ----------
    groups : iterable of Group
        What to measure, in order.
    session : Session
        Where results go.
    plan : Plan
        How thoroughly.
    sampler : Sampler
        Who takes the samples.
    save : callable
        Called with the session when a group has been added to it.
    tick : callable
        Called after each block, `plan.blocks` times for each group.
    """
    for group in groups:
        known = known_results(group, session, plan)
        if known is None:
            sampler.new_group()
            try:
                known = _measure_group(group, session, plan, sampler, tick)
            finally:
                if len(session):  # after an interruption there may be nothing
                    save(session)
        yield group, known


def known_results(group: Group, session: Session, plan: Plan) -> list[Result] | None:
    """Return what the session has of a group, if it has all of it; it is known by the ids that were asked for."""
    known = {result.case.get("asked", result.id): result for result in session if len(result.samples) >= plan.blocks}
    ids = [case.id for case in group.all_cases()]
    return [known[each] for each in ids] if all(each in known for each in ids) else None


def _measure_group(group: Group, session: Session, plan: Plan, sampler: Sampler, tick: Callable[[], None]) -> list[Result]:
    cases, notes = guarded(group.all_cases(), plan, sampler)
    asked = {case: each.id for case, each in zip(cases, group.all_cases(), strict=True)}
    calls, checksums, failures = calibrated(cases, plan, sampler)
    samples: dict[Case, list[Sample]] = {case: [] for case in calls}
    results: list[Result] = []
    try:
        for block in range(plan.blocks):
            take_block(list(calls) if block % 2 == 0 else list(calls)[::-1], calls, samples, sampler)
            tick()
    finally:
        if all(samples.values()):
            results = [result_of(case, samples, notes + failures, checksums, asked[case]) for case in calls]
        for result in results:
            session.add(result)
    return results


def take_block(cases: Iterable[Case], calls: Mapping[Case, int], samples: dict[Case, list[Sample]], sampler: Sampler) -> None:
    """Take one sample of each case; a block counts whole or not at all."""
    block = {case: sampler.sample(case, calls[case])[0] for case in cases}
    for case, sample in block.items():
        samples[case].append(sample)


# --- before: sizes and calls ---------------------------------------------------------------------------------------------------


def guarded(cases: tuple[Case, ...], plan: Plan, sampler: Sampler) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Scale a group down, all of it alike, if it would take too much memory or time; the notes say so."""
    size = max(case.size for case in cases)
    needed = sum(working_set(each) for each in distinct_arrays(cases))
    allowed = available_memory() * plan.memory_share
    if needed > allowed:
        cases = scaled(cases, allowed / needed)
        return cases, (f"size scaled down from {short(size)}: it would need {needed / 1e9:.1f} GB",)
    seconds = expected_seconds(cases, plan, sampler)
    if seconds > plan.group_seconds:
        cases = scaled(cases, plan.group_seconds / seconds)
        return cases, (f"size scaled down from {short(size)}: it would take {seconds:.0f} s",)
    return cases, ()


def distinct_arrays(cases: tuple[Case, ...]) -> list[Case]:
    """Return one case for each set of arrays: those of a worker serve all cases on the same data."""
    pools = {"native": "threads"}
    return list({(case.kernel, pools.get(case.executor, case.executor), case.workers): case for case in cases}.values())


def working_set(case: Case) -> int:
    """Return the bytes that all workers of a case touch."""
    return case.workers * int(case.target.working_set(case.size, case.dtype))


def scaled(cases: tuple[Case, ...], factor: float) -> tuple[Case, ...]:
    """Return the cases with sizes multiplied by a factor and rounded down to one digit, so that ids stay readable."""
    return tuple(replace(case, size=one_digit(case.size * factor)) for case in cases)


def one_digit(size: float) -> int:
    """Round down to one significant digit: 1234 to 1000."""
    whole = max(1, int(size))
    power = int(10 ** (len(str(whole)) - 1))  # not math.log10, which rounds 999999.9999999999 up to 6
    return whole // power * power


def expected_seconds(cases: tuple[Case, ...], plan: Plan, sampler: Sampler) -> float:
    """Estimate how long a group takes, from one call of each serial case on a hundredth of the size."""
    total, serial = 0.0, {}
    for case in cases:
        if case.executor == "serial":
            small = replace(case, size=max(1, case.size // PROBE_SHRINK))
            serial[case.call] = sampler.sample(small, 1)[0].seconds * case.size / small.size
        seconds = serial.get(case.call) or serial.get(baseline_of(case).call) or max(serial.values())
        total += max(plan.sample_seconds, seconds * case.workers)
    return total * plan.blocks


def calibrated(
    cases: Iterable[Case], plan: Plan, sampler: Sampler
) -> tuple[dict[Case, int], dict[Case, str | None], tuple[str, ...]]:
    """Calibrate all cases; return the calls and the checksum of each, and why processes could not be measured."""
    calls, checksums, failures = {}, {}, []
    for case in cases:
        try:
            calls[case], checksums[case] = calibrate(case, plan, sampler)
        except (NotSendable, OSError) as error:
            if case.executor != "processes":
                raise
            failures.append(f"processes: not measured: {error}")
    return calls, checksums, tuple(dict.fromkeys(failures))


def calibrate(case: Case, plan: Plan, sampler: Sampler) -> tuple[int, str | None]:
    """Find how many calls fill a sample, and warm up by that; also return the output's checksum."""
    calls, enough = case.workers, plan.sample_seconds / 4
    while True:
        sample, checksum = sampler.sample(case, calls, digest=True)
        wall = sample.wall_seconds
        if enough <= wall < HICCUPS * plan.sample_seconds:
            wall = min(wall, sampler.sample(case, calls, digest=True)[0].wall_seconds)
        if wall >= enough:
            break
        calls *= max(2, min(100, int(plan.sample_seconds / max(wall, 1e-7))))
    wanted = max(1.0, plan.sample_seconds / wall) * calls
    return case.workers * math.ceil(wanted / case.workers), checksum


# --- after: what the samples say -----------------------------------------------------------------------------------------------


def result_of(
    case: Case,
    samples: Mapping[Case, list[Sample]],
    notes: tuple[str, ...],
    checksums: Mapping[Case, str | None],
    asked: str,
) -> Result:
    """Compare a case's samples with those of its baseline and its ceiling, block by block.

    `asked` is the id of the case that was asked for: another if its size was scaled down.
    """
    seconds = {each: [sample.seconds for sample in samples[each]] for each in samples}
    serial, top = baseline_of(case), ceiling_of(case)
    # The ceiling of `ufunc` and `ctypes` runs the loop of `c`, whose baseline is not in their groups.
    speedup = Speedup(**ratio(seconds[serial], seconds[case]).to_dict(), baseline=serial.id) if serial in seconds else None
    ceiling = None
    if top in seconds and serial in seconds:
        ceiling = Ceiling(**ratio(seconds[serial], seconds[top]).to_dict(), kind=CEILINGS[top.executor])
    warnings = warnings_of(case, samples[case], ceiling if top and top.executor == "processes" else None)
    return Result(
        case={**case.to_dict(), "asked": asked},
        samples=tuple(samples[case]),
        seconds=median_interval(seconds[case]),
        speedup=speedup,
        ceiling=ceiling,
        efficiency=ratio(seconds[top], seconds[case]).value if top in seconds else None,
        **facts(case),
        noisy=bool(warnings),
        notes=notes + warnings + differing_output(case, checksums),
        checksum=checksums[case],
        working_set_bytes=working_set(case),
        pinned=not case.runs_openmp and case.blas_threads == 1 and case.workers <= len(usable_cores()),
    )


def facts(case: Case) -> dict[str, Any]:
    """Return which machine code ran, where a C loop of ours did."""
    if case.implementation not in NATIVE:
        return {"loop_address": None, "isa": None}
    import numpy as np

    from gilscope._native.loops import isa

    address = case.target.loop_address(np.dtype(case.dtype))
    return {"loop_address": hex(address), "isa": isa()}


def differing_output(case: Case, checksums: Mapping[Case, str | None]) -> tuple[str, ...]:
    """Say that a strategy computed other bits than its baseline did; a fold's last bits may depend on how it was cut."""
    same = checksums[case] == checksums.get(baseline_of(case), checksums[case])
    if same or getattr(getattr(case.target, "kernel", None), "kind", "map") != "map":
        return ()
    return ("output differs from the baseline's",)
