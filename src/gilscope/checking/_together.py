"""A function called by several workers at once, beside one alone and the ceilings: samples taken in turn, and what they say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, NamedTuple

from gilscope.checking._budget import Cost, budget_of, cost_of
from gilscope.checking._ceilings import ceilings
from gilscope.checking._evidence import Budget, Speedups
from gilscope.checking._profile import LONG_SECONDS, Profile
from gilscope.checking._subject import Subject
from gilscope.checking._workers import Share, prepare, run
from gilscope.cores import usable_cores
from gilscope.executors import EXECUTORS, Executor, NotSendable
from gilscope.stats import median, noise, ratio
from gilscope.surroundings import settle, without_gc
from gilscope.trace_data import TraceData
from gilscope.tracing import trace

#: A sample lasts about this long, if a call does not last longer.
SAMPLE_SECONDS = 0.015
#: All samples of the function together last about this long, if one of each kind does not last longer.
ALL_SECONDS = 1.0
MOST_BLOCKS = 9
#: So many samples of the most threads are traced, the last ones; the one with the least time in the queue for a core counts.
TRACED_BLOCKS = 3
_CEILING_SECONDS = {"compute": 0.001, "copy": 0.005}  # of a call, roughly
#: From so many cores on that one call uses, workers are not pinned: its threads would be, too.
_OWN_THREADS = 1.2
#: So long do OpenBLAS's threads spin in other processes, which `settle` does not see (here 0.1 s), and to wait for that takes
#: time, so that there are fewer samples.
_SPIN_SECONDS, _FEW_BLOCKS = 0.2, 3


class Sizes(NamedTuple):
    """How much to measure.

    Attributes
    ----------
    threads : tuple of int
        The numbers of threads to try.
    processes : bool
        Whether to try as many processes as the most threads.
    blocks, calls : int or None
        Samples of each kind, and calls of each worker in a sample; found from the time that a call takes if None.
    own : bool
        Whether each thread gets arguments of its own.
    traced : bool
        Whether there is a tracer.
    """

    threads: tuple[int, ...]
    processes: bool = True
    blocks: int | None = None
    calls: int | None = None
    own: bool = False
    traced: bool = True


class Job(NamedTuple):
    """One kind of sample: so many calls by each of so many workers."""

    subject: str
    executor: str
    workers: int
    calls: int


class Together(NamedTuple):
    """What was found: see the attributes of `Evidence` that are called the same."""

    threads: Speedups
    processes: Speedups
    no_processes: str
    compute: Speedups
    copy: Speedups
    budget: Budget | None
    spread: float


class Floor:
    """Where workers work: pools that stay until it is closed, each with the calls that it was given."""

    def __init__(self, subjects: dict[str, Subject], own: bool, warm: bool, parallel: bool) -> None:
        self._subjects, self._own, self._warm, self._parallel = subjects, own, warm, parallel
        self._cores = usable_cores()
        self._pools: dict[tuple[str, int], Executor] = {}
        self._prepared: set[tuple[str, str, int]] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Floor:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    def prepare(self, job: Job) -> Executor:
        """Give the workers of a job their calls, unless they have them, and return who they are."""
        pool = self._pool(job)
        if job[:3] not in self._prepared:
            own = self._own or job.executor == "processes"
            warm = self._warm or job.subject != "it"
            pool.together(prepare, job.subject, self._subjects[job.subject], own, warm)
            self._prepared.add(job[:3])
        return pool

    def sample(self, job: Job) -> list[Share]:
        """Have the calls made, all workers at the same time."""
        shares: list[Share] = self.prepare(job).together(run, job.subject, job.calls, self._cores_for(job))
        if self._parallel and job.subject == "it":
            settle()
            if job.executor == "processes":
                time.sleep(_SPIN_SECONDS)
        return shares

    def _pool(self, job: Job) -> Executor:
        key = job.executor, job.workers
        if key not in self._pools:
            self._pools[key] = self._stack.enter_context(EXECUTORS[job.executor](job.workers))
        return self._pools[key]

    def _cores_for(self, job: Job) -> list[int] | None:
        """Return a core for each worker; None lets them float, as a call must that has threads of its own."""
        floats = (self._parallel and job.subject == "it") or job.workers > len(self._cores)
        return None if floats else self._cores[: job.workers]


def together(subject: Subject, alone: Profile, sizes: Sizes, tick: Callable[[float], None] = lambda share: None) -> Together:
    """Measure how a function scales, in samples that take turns.

    Parameters
    ----------
    subject : Subject
        What is called.
    alone : Profile
        One call alone, which says how many to make.
    sizes : Sizes
        How much to measure.
    tick : callable
        Told what share of the work is done.
    """
    most = max(sizes.threads)
    subjects = {"it": subject, **ceilings(most)}
    parallel = alone.cores_in_use() >= _OWN_THREADS
    warm = alone.seconds < LONG_SECONDS
    with without_gc(), Floor(subjects, sizes.own, warm, parallel) as floor:
        samples = Samples(_jobs(alone, sizes))
        samples.drop_if_impossible(floor)
        blocks = sizes.blocks or min(_blocks(alone, samples.taken), _FEW_BLOCKS if parallel else MOST_BLOCKS)
        for block in range(blocks):
            traces = sizes.traced and blocks - block <= TRACED_BLOCKS
            samples.take_block(floor, backwards=block % 2 == 1, traces=traces)
            tick((block + 1) / blocks)
    return _found(samples)


class Samples:
    """What was sampled, by job, and traces of the last samples of the most threads."""

    def __init__(self, jobs: list[Job]) -> None:
        self.taken: dict[Job, list[list[Share]]] = {job: [] for job in jobs}
        self.why_not = "not asked for"
        self.traced: list[TraceData] = []
        ours = [job for job in jobs if job.subject == "it" and job.executor == "threads"]
        self.one, self.most = ours[0], ours[-1]

    def drop_if_impossible(self, floor: Floor) -> None:
        """Drop what processes cannot do, whatever the function or what it is sent with raises there."""
        for job in [job for job in self.taken if job.executor == "processes"]:
            self.why_not = ""
            with self._without(job):
                floor.prepare(job)

    def take_block(self, floor: Floor, *, backwards: bool, traces: bool) -> None:
        """Take one sample of each job."""
        for job in list(self.taken)[:: -1 if backwards else 1]:
            with self._without(job) if job.executor == "processes" else nullcontext():
                self.taken[job].append(self._traced(floor, job) if traces and job == self.most else floor.sample(job))

    def _traced(self, floor: Floor, job: Job) -> list[Share]:
        floor.prepare(job)
        with trace() as found:
            shares = floor.sample(job)
        self.traced.append(found.data)
        return shares

    @contextmanager
    def _without(self, job: Job) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.why_not = str(error) if isinstance(error, NotSendable) else f"{type(error).__name__}: {error}"
            del self.taken[job]


# --- what to sample ------------------------------------------------------------------------------------------------------------


def _jobs(alone: Profile, sizes: Sizes) -> list[Job]:
    """Return all kinds of samples; of those of the function in threads, the smallest number of them first."""
    calls = sizes.calls or max(1, round(SAMPLE_SECONDS / max(alone.seconds, 1e-9)))
    counts = (1, *sizes.threads)
    jobs = [Job("it", "threads", workers, calls) for workers in counts]
    for name, seconds in _CEILING_SECONDS.items():
        jobs += [Job(name, "threads", workers, round(SAMPLE_SECONDS / seconds)) for workers in counts]
    return jobs + ([Job("it", "processes", max(counts), calls)] if sizes.processes else [])


def _blocks(alone: Profile, jobs: Iterable[Job]) -> int:
    """Return how many samples of each kind there is time for; threads that cannot overlap take turns."""
    turns = sum(job.calls * (job.workers if alone.gil == "held" else 1) for job in jobs if job.subject == "it")
    return max(1, min(MOST_BLOCKS, int(ALL_SECONDS / max(turns * alone.seconds, 1e-9))))


# --- what the samples say ------------------------------------------------------------------------------------------------------


def _found(samples: Samples) -> Together:
    seconds = {job[:3]: [_seconds(job, each) for each in taken] for job, taken in samples.taken.items()}
    return Together(
        threads=_speedups(seconds, "it", "threads"),
        processes=_speedups(seconds, "it", "processes"),
        no_processes=samples.why_not,
        compute=_speedups(seconds, "compute", "threads"),
        copy=_speedups(seconds, "copy", "threads"),
        budget=_budget(samples),
        spread=noise(seconds["it", "threads", 1]),
    )


def _seconds(job: Job, shares: list[Share]) -> float:
    """Return the time of a call: the wall time from the first start to the last stop, for all calls."""
    wall = max(share.stop_ns for share in shares) - min(share.start_ns for share in shares)
    return wall / 1e9 / (job.calls * job.workers)


def _speedups(seconds: dict[tuple[str, str, int], list[float]], subject: str, executor: str) -> Speedups:
    serial = seconds[subject, "threads", 1]
    chosen = {key[2]: found for key, found in seconds.items() if key[:2] == (subject, executor)}
    return {workers: ratio(serial, found) for workers, found in chosen.items() if workers > 1}


def _budget(samples: Samples) -> Budget | None:
    """Say where the time of the most threads went, from what calls cost in the samples of one."""
    one, most = samples.one, samples.most
    if most.workers == 1:
        return None
    costs = [cost_of(shares, one.calls) for shares in samples.taken[one]]
    alone = Cost(*(median(each) for each in zip(*costs, strict=True)))
    traces: Sequence[TraceData | None] = samples.traced or [None]
    pairs = zip(samples.taken[most][-len(traces) :], traces, strict=True)
    found = [budget_of(shares, most.calls * most.workers, alone, traced) for shares, traced in pairs]
    return min(found, key=lambda budget: budget.queued)
