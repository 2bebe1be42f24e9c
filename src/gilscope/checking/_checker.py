"""Checking a function: trace one call alone, then let threads and processes call it, and conclude."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gilscope.checking._evidence import Evidence
from gilscope.checking._method import METHODS, Method, profile_by
from gilscope.checking._subject import Function, Subject
from gilscope.checking._together import Sizes, together
from gilscope.checking._verdict import Verdict
from gilscope.cores import usable_cores
from gilscope.surroundings import settle


@dataclass(frozen=True)
class Checker:
    """Checks functions: ``gs.Checker(threads=4)(np.exp, x)``. `gilscope.check` is the default one.

    Parameters
    ----------
    threads : int, optional
        The most threads to try, after 2, 4, ...; as many as there are usable cores unless given. 1 tries none.
    at_least : float, default 0.8
        The share of the ceiling from which on a function scales.
    repeat : int, optional
        Samples of each kind; as many as about a second allows unless given.
    number : int, optional
        Calls of each worker in a sample; as many as fit into 15 ms unless given.
    processes : bool, default True
        Whether to try processes too.
    own_arguments : bool, default False
        Whether each thread gets a deep copy of the arguments: for functions that change them. Processes always have their own.
    method : {"auto", "trace", "ticker"}
        How to look at one call: "trace" is exact; "ticker" an estimate by a second thread, for systems without a tracer, where
        "auto" chooses it.
    """

    threads: int | None = None
    at_least: float = 0.8
    repeat: int | None = None
    number: int | None = None
    processes: bool = True
    own_arguments: bool = False
    method: Method = "auto"

    def __post_init__(self) -> None:
        for name in ("threads", "repeat", "number"):
            _require_count(name, getattr(self, name))
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if isinstance(self.at_least, bool) or not isinstance(self.at_least, int | float):
            raise TypeError(f"at_least must be a number, not {type(self.at_least).__name__}")
        if not 0 < self.at_least <= 1:
            raise ValueError(f"at_least must be above 0 and at most 1, not {self.at_least}")

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Verdict:
        """Check a function.

        Parameters
        ----------
        function : callable
            It is called again and again, also from several threads at once.
        *args, **kwargs
            Its arguments, all of them.

        Returns
        -------
        Verdict
            `print` explains it.

        Raises
        ------
        Exception
            Whatever the function raises.
        """
        if not callable(function):
            raise TypeError(f"function must be callable, not {type(function).__name__}")
        return self.check(Function(function, args, kwargs))

    def check(self, subject: Subject, tick: Callable[[float], None] = lambda share: None) -> Verdict:
        """Check what is ready to be called; `tick` is told what share of the work is done."""
        call = subject.call(own=False)
        background = settle()
        alone = profile_by(call, method=self.method)
        evidence: dict[str, Any] = {"alone": alone, "cores": len(usable_cores()), "background": background, "pools": pools()}
        if counts := thread_counts(self.threads or len(usable_cores())):
            sizes = Sizes(counts, self.processes, self.repeat, self.number, self.own_arguments, traced=alone.method == "trace")
            evidence |= together(subject, alone, sizes, tick)._asdict()
        return Verdict(subject.name, Evidence(**evidence), self.at_least)


def check(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Verdict:
    """Tell whether a function releases the GIL, whether that lets threads scale, and if not, why.

    All arguments go to the function; options are those of `Checker`.

    Parameters
    ----------
    function : callable
        It is called again and again, also from several threads at once.
    *args, **kwargs
        Its arguments.

    Returns
    -------
    Verdict
        ``gil`` is "released", "partial" or "held"; ``cause`` says why it scales or not; `print` explains all of it.

    Examples
    --------
    >>> import time
    >>> import gilscope as gs
    >>> gs.check(time.sleep, 0.001).gil
    'released'
    """
    return Checker()(function, *args, **kwargs)


def thread_counts(most: int) -> tuple[int, ...]:
    """Return the numbers of threads to try: 2, 4, ... and the most; none if that is 1."""
    counts, each = [], 2
    while each < most:
        counts.append(each)
        each *= 2
    return (*counts, most) if most > 1 else ()


def pools() -> tuple[str, ...]:
    """Return the libraries in this process that have threads of their own, and how many."""
    from threadpoolctl import threadpool_info

    found = [(str(each["internal_api"]), int(each["num_threads"])) for each in threadpool_info()]
    return tuple(dict.fromkeys(f"{name}, {threads} threads" for name, threads in found if threads > 1))


def _require_count(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
