"""Running an experiment from start to end: which machine, which groups, where the session goes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gilscope.cases import case_of
from gilscope.cores import usable_cores
from gilscope.experiments import EXPERIMENTS, Experiment
from gilscope.machine import machine
from gilscope.measure import Group, Machine, measure
from gilscope.observing import ticks_during
from gilscope.results import Result, Session, load
from gilscope.sampling import prepared

OBSERVED = {True: "another Python thread could run meanwhile", False: "no other Python thread could run meanwhile"}

Seen = Callable[[Group, list[Result], Session], None]


def run(
    name: str = "seed",
    *,
    quick: bool = False,
    full: bool = False,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seen: Seen | None = None,
    progress: Callable[[float], None] | None = None,
) -> Session:
    """Run an experiment and return its session.

    Parameters
    ----------
    name : str
        Which: one of `gilscope.experiments.EXPERIMENTS`.
    quick : bool
        Fewer and shorter samples: wider intervals.
    full : bool
        The published sizes, where they are scaled down by default.
    path : path-like, optional
        Where the session is saved after each case; not saved if None.
    resume : bool
        Whether to go on with the session at `path`.
    seen : callable, optional
        Told of each group as soon as it is measured.
    progress : callable, optional
        Told what share of the samples is taken, from 0 to 1.

    Returns
    -------
    Session
        Also after each group in the file at `path`.

    Raises
    ------
    ValueError
        For an experiment that there is not, or a session of another experiment or machine to resume.
    """
    experiment = experiment_named(name)
    session = resumed(experiment, Path(path)) if resume and path and Path(path).exists() else new_session(experiment)
    groups = [for_this_machine(group) for group in experiment.groups(quick, full)]
    plan = experiment.plans["quick" if quick else "default"]
    tick = ticker(progress, len(groups) * plan.blocks) if progress else lambda: None
    save = saver(path)
    with Machine() as sampler:
        for group, results in measure(groups, session, plan, sampler, save=save, tick=tick):
            if len(usable_cores()) == 1:
                results = with_observations(results, session)
                save(session)
            if seen:
                seen(group, results, session)
    return session


def experiment_named(name: str) -> Experiment:
    """Return an experiment by its name."""
    if name not in EXPERIMENTS:
        raise ValueError(f"there is no experiment {name!r}: experiments are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]


def new_session(experiment: Experiment) -> Session:
    """Return an empty session for this machine."""
    return Session(experiment.name, machine(native_facts()))


def native_facts() -> dict[str, Any]:
    """Return what the compiled modules say of themselves."""
    from gilscope._native.loops import COMPILER, FLAGS, HAVE_OPENMP, isa

    return {"compiler": COMPILER, "flags": FLAGS, "isa": isa(), "openmp": HAVE_OPENMP}


def resumed(experiment: Experiment, path: Path) -> Session:
    """Load a session to go on with: of the same experiment, Python and processor."""
    session, here = load(path), machine(native_facts())
    if session.experiment != experiment.name:
        raise ValueError(f"{path} is a session of {session.experiment!r}, not of {experiment.name!r}: name another file")
    differing = [
        name for name in ("python", "gil", "cpu", "cores_usable", "numpy") if session.machine.get(name) != here.get(name)
    ]
    if differing:
        raise ValueError(f"{path} was measured elsewhere ({', '.join(differing)} differ): name another file")
    return session


def saver(path: str | os.PathLike[str] | None) -> Callable[[Session], None]:
    """Return what saves a session after each group."""
    return (lambda session: None) if path is None else (lambda session: session.save(path))


def ticker(progress: Callable[[float], None], total: int) -> Callable[[], None]:
    """Return what counts blocks and tells their share."""
    count = itertools.count(1)
    return lambda: progress(next(count) / total)


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
