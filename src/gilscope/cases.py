"""Cases: who computes what, how it treats the GIL, who calls it, and on how many elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gilscope.kernels import lookup
from gilscope.kernels._routines import ROUTINES

NATIVE = ("c", "ctypes", "ufunc")
# Options of a run, not of a call: what runs beside it ("python": a thread that wants the GIL), and how many threads BLAS has (1).
RUN_OPTIONS = ("beside", "blas_threads")


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Parameters
    ----------
    call : str
        What one can paste, such as "exp.c.released".
    size : int
        Elements per call.
    executor : str
        "serial", "threads", "processes", or "native": native threads that repeat the C loop with no Python in the way.
    workers : int
        How many share the calls; each owns its arrays.
    dtype : str
        The element type; the kernel's first unless given.
    options : mapping
        Parameters of the kernel, options of the strategy and `RUN_OPTIONS`, where they are not the defaults.
    """

    call: str
    size: int
    executor: str = "serial"
    workers: int = 1
    dtype: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", self.dtype or self._usual_dtype)
        if self.workers < 1 or (self.executor == "serial" and self.workers != 1):
            raise ValueError(f"workers must be at least 1, and 1 for serial, not {self.workers}")

    @property
    def _usual_dtype(self) -> str:
        return "float64" if self.call in ROUTINES else str(lookup(self.kernel).dtypes[0])

    @property
    def target(self) -> Any:
        """The callable that is measured."""
        return ROUTINES[self.call] if self.call in ROUTINES else lookup(self.call)

    @property
    def kernel(self) -> str:
        """The name of what is computed."""
        return self.call.split(".")[0]

    @property
    def implementation(self) -> str:
        """Who computes it."""
        return self.call.split(".")[1]

    @property
    def strategy(self) -> str:
        """How it treats the GIL."""
        return (*self.call.split("."), "own")[2]

    @property
    def id(self) -> str:
        """Its name in a session: what one can paste, then what is not the default."""
        workers = self.executor if self.executor == "serial" else f"{self.executor}-{self.workers}"
        dtype = () if self.dtype == self._usual_dtype else (self.dtype,)
        options = (f"{name}={value}" for name, value in sorted(self.options.items()))
        return "/".join((self.call, workers, short(self.size), *dtype, *options))

    @property
    def call_options(self) -> dict[str, Any]:
        """The options that the call takes."""
        return {name: value for name, value in self.options.items() if name not in RUN_OPTIONS}

    @property
    def blas_threads(self) -> int:
        """How many threads BLAS has meanwhile."""
        return int(self.options.get("blas_threads", 1))

    @property
    def runs_openmp(self) -> bool:
        """Whether OpenMP threads run inside the call: they spin for a while after it."""
        return self.strategy == "parallel"

    def to_dict(self) -> dict[str, Any]:
        """Return the case as sessions hold it."""
        names = ("id", "kernel", "implementation", "strategy", "executor", "workers", "dtype", "size")
        return {**{name: getattr(self, name) for name in names}, "options": dict(self.options)}


def case_of(data: Mapping[str, Any]) -> Case:
    """Return the case that a session's dict describes."""
    parts = [data["kernel"], data["implementation"]] + ([] if data["strategy"] == "own" else [data["strategy"]])
    names = ("size", "executor", "workers", "dtype", "options")
    return Case(".".join(parts), **{name: data[name] for name in names})


def baseline_of(case: Case) -> Case:
    """Return the serial case that a speed-up is against: `held`, or the implementation's only one, with nothing beside it."""
    if case.strategy == "own":
        return replace(case, executor="serial", workers=1, options=case.call_options)
    parameters = lookup(case.kernel).parameters
    kept = {name: value for name, value in case.options.items() if name in parameters}
    return Case(f"{case.kernel}.{case.implementation}.held", case.size, dtype=case.dtype, options=kept)


def ceiling_of(case: Case) -> Case | None:
    """Return the case that does the same work with no Python in the way; None for one worker.

    The same C loop on native threads where a C loop of ours runs; else independent processes, which share no GIL. None where
    the threads of BLAS are the subject.
    """
    workers = case.options.get("threads", 2) if case.runs_openmp else case.workers
    if workers == 1 or "blas_threads" in case.options:
        return None
    baseline = baseline_of(case)
    if case.implementation in NATIVE:
        return replace(baseline, call=f"{case.kernel}.c.released", executor="native", workers=workers)
    return replace(baseline, executor="processes", workers=workers)


def short(size: int) -> str:
    """Write a size as people do: 1e6, 25e5, 1234."""
    digits = str(size).rstrip("0")
    zeros = len(str(size)) - len(digits)
    return f"{digits}e{zeros}" if size and zeros > 2 else str(size)
