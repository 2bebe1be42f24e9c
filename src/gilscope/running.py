"""Running an experiment from start to end: which machine, which groups, where the session goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, TypeVar

from gilscope.cases import case_of
from gilscope.cores import usable_cores
from gilscope.experiments import ALL, EXPERIMENTS, Choice, Experiment, Request
from gilscope.machine import machine
from gilscope.measure import Group, Machine, measure
from gilscope.observing import ticks_during
from gilscope.results import Result, Session, load
from gilscope.sampling import prepared
from gilscope.watching import Watch, watch

OBSERVED = {True: "another Python thread could run meanwhile", False: "no other Python thread could run meanwhile"}

Names = str | Sequence[str] | None
Counts = int | Sequence[int] | None
Seen = Callable[[Group, list[Result], Session], None]
Turn = Callable[[Experiment, Session], None]
Save = Callable[[Session], None]


def run(
    name: str = "seed",
    *,
    quick: bool = False,
    full: bool = False,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    kernel: Names = None,
    implementation: Names = None,
    strategy: Names = None,
    size: Counts = None,
    threads: Counts = None,
    seen: Seen | None = None,
    progress: Callable[[float], None] | None = None,
    estimate: Callable[[float], None] | None = None,
    begin: Turn | None = None,
    end: Turn | None = None,
) -> Session:
    """Run an experiment, or all of them one after the other, and return the session.

    Parameters
    ----------
    name : str
        Which: one of `gilscope.experiments.EXPERIMENTS`; "all" for all, each of which is then one of the session's `parts`.
    quick : bool
        Fewer and shorter samples: wider intervals.
    full : bool
        The published sizes, where they are scaled down by default.
    path : path-like, optional
        Where the session is saved after each case; not saved if None.
    resume : bool
        Whether to go on with the session at `path`.
    kernel, implementation, strategy : str or sequence of str, optional
        What to measure, for experiments that leave the choice: names, as `gilscope list` shows them.
    size, threads : int or sequence of int, optional
        Elements per call, and how many threads share the calls.
    seen : callable, optional
        Told of each group as soon as it is measured.
    progress : callable, optional
        Told what share of the run is done, from 0 to 1.
    estimate : callable, optional
        Told how many seconds it will take, before the first group, by experiments that try a few calls first; for all of them at
        the very beginning, roughly.
    begin, end : callable, optional
        Told of each experiment, with its session, before and after it is measured.

    Returns
    -------
    Session
        Also after each group in the file at `path`.

    Raises
    ------
    ValueError
        For an experiment that there is not, or a session of another experiment or machine to resume.
    """
    wanted = experiments_named(name)
    given = {"kernel": kernel, "implementation": implementation, "strategy": strategy, "size": size, "threads": threads}
    choice = chosen(name, given)
    session = resumed(name, Path(path), choice) if resume and path and Path(path).exists() else new_session(name)
    request = Request(quick, full, choice or Choice.of(session.details.get("choice", {})))
    audience = Audience(begin or nothing, seen or nothing, end or nothing, progress or nothing, estimate or nothing)
    if name == ALL:
        run_all(wanted, session, request, saver(session, path), audience)
    else:
        run_one(wanted[0], session, request, saver(session, path), audience)
    return session


def nothing(*_: Any) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Audience:
    """Who is told how a run goes on: see `run`."""

    begin: Turn = nothing
    seen: Seen = nothing
    end: Turn = nothing
    progress: Callable[[float], None] = nothing
    estimate: Callable[[float], None] = nothing

    def for_share(self, start: float, stop: float) -> Audience:
        """Return the audience of one experiment of several: its progress is a share of the whole, which was estimated before."""
        return replace(self, progress=lambda share: self.progress(start + (stop - start) * share), estimate=nothing)


def run_all(experiments: list[Experiment], session: Session, request: Request, save: Save, audience: Audience) -> None:
    """Run experiments one after the other, each as a part of the session."""
    seconds = [each.seconds[request.pace] for each in experiments]
    audience.estimate(sum(each for each, experiment in zip(seconds, experiments, strict=True) if is_to_do(experiment, session)))
    ends = [each / sum(seconds) for each in accumulate(seconds, initial=0.0)]
    for experiment, (start, stop) in zip(experiments, pairwise(ends), strict=True):
        run_one(experiment, session.part(experiment.name), request, save, audience.for_share(start, stop))


def is_to_do(experiment: Experiment, session: Session) -> bool:
    """Whether an experiment is not in a session yet, or is its last part, which an interrupted run may have left incomplete."""
    return experiment.name not in session.parts or experiment.name == list(session.parts)[-1]


def run_one(experiment: Experiment, session: Session, request: Request, save: Save, audience: Audience) -> None:
    """Run one experiment."""
    audience.begin(experiment, session)
    plan = experiment.plans[request.pace]
    ticker = Ticker(audience.progress, plan.blocks)
    with Machine() as sampler:
        course = experiment.course(request, session, plan, sampler)
        if course.seconds is not None:
            audience.estimate(course.seconds)
        groups = ticker.follow(for_this_machine(group) for group in course.groups)
        for group, results in measure(groups, session, plan, sampler, save=save, tick=ticker.tick):
            if experiment.observes and len(usable_cores()) == 1:
                results = with_observations(results, session)
                save(session)
            audience.seen(group, results, session)
        for _ in watch(ticker.follow(course.watches), session, plan.blocks, save=save, tick=ticker.tick):
            pass
    audience.end(experiment, session)


def chosen(name: str, given: Mapping[str, Any]) -> Choice:
    """Return what was chosen, if the experiment leaves a choice."""
    choice = Choice.of(given)
    if choice and (name == ALL or not experiment_named(name).takes_choice):
        others = ", ".join(each.name for each in EXPERIMENTS.values() if each.takes_choice)
        named = " or ".join(choice.to_dict())
        raise ValueError(f"{name} always measures the same and takes no {named}: {others} does")
    return choice


def experiments_named(name: str) -> list[Experiment]:
    """Return all experiments, or the one of that name."""
    return list(EXPERIMENTS.values()) if name == ALL else [experiment_named(name)]


def experiment_named(name: str) -> Experiment:
    """Return an experiment by its name."""
    if name not in EXPERIMENTS:
        raise ValueError(f"there is no experiment {name!r}: experiments are {', '.join(EXPERIMENTS)}, and {ALL} for all of them")
    return EXPERIMENTS[name]


def new_session(name: str) -> Session:
    """Return an empty session for this machine."""
    return Session(name, machine(native_facts()))


def native_facts() -> dict[str, Any]:
    """Return what the compiled modules say of themselves."""
    from gilscope._native.loops import COMPILER, FLAGS, HAVE_OPENMP, isa, levels

    return {"compiler": COMPILER, "flags": FLAGS, "isa": isa(), "best_isa": levels()[-1], "openmp": HAVE_OPENMP}


#: What a session that goes on must have in common with the one that stopped.
SAME = ("python", "gil", "cpu", "cores_usable", "numpy", "isa")


def fact(machine: dict[str, Any], name: str) -> Any:
    """Return what a session says of the machine, or of its compiled modules."""
    return machine.get(name, machine.get("native", {}).get(name))


def resumed(name: str, path: Path, choice: Choice) -> Session:
    """Load a session to go on with: of the same experiment and choice, Python and processor."""
    session, here = load(path), machine(native_facts())
    if session.experiment != name:
        raise ValueError(f"{path} is a session of {session.experiment!r}, not of {name!r}: name another file")
    differing = [each for each in SAME if fact(session.machine, each) != fact(here, each)]
    if differing:
        raise ValueError(f"{path} was measured elsewhere ({', '.join(differing)} differ): name another file")
    before = Choice.of(session.details.get("choice", {}))
    if choice and choice != before:
        raise ValueError(f"{path} was measured with {' '.join(before.as_options()) or 'nothing chosen'}: name another file")
    return session


def saver(session: Session, path: str | os.PathLike[str] | None) -> Save:
    """Return what saves a session after each group, as a whole, whichever part of it has grown."""
    return nothing if path is None else lambda part: session.save(path)


Part = TypeVar("Part", Group, Watch)


class Ticker:
    """Tells the share of a run that is done, block by block: groups and watches say where in the run they end."""

    def __init__(self, tell: Callable[[float], None], blocks: int) -> None:
        self._tell = tell
        self._blocks = blocks
        self._from, self._until, self._done = 0.0, 0.0, 0

    def follow(self, parts: Iterable[Part]) -> Iterator[Part]:
        """Yield the parts of a run, and look which one is measured now."""
        for part in parts:
            self._from, self._until, self._done = self._until, part.until, 0
            yield part

    def tick(self) -> None:
        """Tell that one more block of the part is done."""
        self._done += 1
        self._tell(self._from + (self._until - self._from) * self._done / self._blocks)


def for_this_machine(group: Group) -> Group:
    """Keep the serial cases only where there is one core: threads could not overlap whatever they do."""
    if len(usable_cores()) > 1:
        return group
    serial = dict.fromkeys(replace(case, executor="serial", workers=1) for case in group.cases)
    return replace(group, cases=tuple(serial))


def with_observations(results: list[Result], session: Session) -> list[Result]:
    """Note in each result, also in the session, whether another Python thread could run during the call."""
    noted = [result if set(result.notes) & set(OBSERVED.values()) else observed(result) for result in results]
    for result in noted:
        session.add(result)
    return noted


def observed(result: Result) -> Result:
    """Add the note, as the last one, to a result that does not have it yet."""
    run_calls = prepared(case_of(result.case))
    ticks = ticks_during(partial(run_calls, 1))
    return replace(result, notes=(*result.notes, OBSERVED[ticks > 0]))
