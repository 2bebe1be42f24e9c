"""What was measured of a function: plain numbers, from which alone a verdict follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from gilscope.checking._profile import Profile
from gilscope.stats import Interval

Speedups = dict[int, Interval]


@dataclass(frozen=True)
class Budget:
    """Where the time of several threads went while they called the function together: shares that add up to about one.

    Attributes
    ----------
    workers : int
        How many threads.
    useful : float
        What the calls would have taken alone.
    gil : float
        Waiting for the GIL.
    blocked : float
        Waiting for something else, beyond what a call waits alone: a lock.
    queued : float
        Wanting a core that others had.
    slower : float
        CPU time of the function itself beyond what a call takes alone: memory, caches.
    system : float
        CPU time of the operating system beyond what a call takes alone: pages to map and clear.
    """

    workers: int
    useful: float
    gil: float
    blocked: float
    queued: float
    slower: float
    system: float

    def losses(self) -> dict[str, float]:
        """Return what is not useful and has to do with the function, the largest first: all but `queued`."""
        found = {name: share for name, share in asdict(self).items() if name not in ("workers", "useful", "queued")}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def largest(self) -> str:
        """The name of the largest loss."""
        return next(iter(self.losses()))

    @property
    def kept(self) -> float:
        """How much would be useful if no thread had to queue for a core: an estimate, which equals `useful` if none did."""
        # Threads get into each other's way only while both have a core, so that with a queue there is too little of it.
        running = max(1 - self.queued, 1e-9)
        lost = max(running - self.useful, 0.0) / running
        return self.useful / max(self.useful + lost, 1e-9)


@dataclass(frozen=True)
class Evidence:
    """All that a verdict follows from.

    Attributes
    ----------
    alone : Profile
        One call alone.
    cores : int
        That this process may use.
    background : float
        CPU time that the process used while nobody called, as a share of the time: other threads of the program.
    pools : tuple of str
        The libraries with threads of their own, and how many.
    threads, processes : dict of int to Interval
        Throughput of so many workers over that of one thread.
    no_processes : str
        Why there are no processes.
    compute, copy : dict of int to Interval
        The ceilings: the same for a loop that only computes, and for copying large arrays.
    budget : Budget or None
        Where the time of the most threads went.
    spread : float
        How much the samples of one thread differ, as `gilscope.stats.noise`.
    """

    alone: Profile
    cores: int
    background: float = 0.0
    pools: tuple[str, ...] = ()
    threads: Speedups = field(default_factory=dict)
    processes: Speedups = field(default_factory=dict)
    no_processes: str = ""
    compute: Speedups = field(default_factory=dict)
    copy: Speedups = field(default_factory=dict)
    budget: Budget | None = None
    spread: float = 0.0

    @property
    def most(self) -> int:
        """The largest number of threads that was tried, 1 if none."""
        return max(self.threads, default=1)

    @property
    def speedup(self) -> float:
        """Of the most threads."""
        return self.threads[self.most].value if self.threads else 1.0

    @property
    def ceiling(self) -> float:
        """What the most threads reach at best here: of the two ceilings the higher, and never less than one thread."""
        found = [each[self.most].value for each in (self.compute, self.copy) if self.most in each]
        return max([1.0, *found])

    @property
    def efficiency(self) -> float:
        """Speed-up over ceiling."""
        return self.speedup / self.ceiling

    @property
    def disturbed(self) -> float:
        """The share of the threads' time for which other programs had their cores; that they had each other's does not count."""
        if self.budget is None:
            return 0.0
        among_themselves = max(0.0, 1 - self.cores / self.budget.workers)
        return max(0.0, self.budget.queued - among_themselves)

    @property
    def cores_in_use(self) -> float:
        """How many cores one call alone uses while its own thread has one."""
        return min(self.alone.cores_in_use(self.background), float(self.cores))

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Evidence:
        """Return the evidence that `to_dict` described, also after JSON made its keys strings."""
        tables = {name: _speedups(data.get(name, {})) for name in ("threads", "processes", "compute", "copy")}
        budget = data.get("budget")
        inside = {"alone": Profile.from_dict(data["alone"]), "budget": Budget(**budget) if budget else None}
        return cls(**{**data, **tables, **inside, "pools": tuple(data.get("pools", ()))})


def _speedups(data: dict[Any, Any]) -> Speedups:
    return {int(workers): Interval.from_dict(each) for workers, each in data.items()}
