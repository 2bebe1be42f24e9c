"""What an experiment is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gilscope.experiments._choice import Choice
from gilscope.measure import Group, Plan, Sampler
from gilscope.results import Result, Session
from gilscope.watching import Watch


@dataclass(frozen=True)
class Row:
    """A line of an experiment's table.

    Parameters
    ----------
    label : str
        What was measured.
    serial : Result
        On one thread.
    others : tuple of Result or None
        Under the table's columns, in order; None where it was not measured.
    remark : str
        One sentence on what the row shows.
    """

    label: str
    serial: Result
    others: tuple[Result | None, ...]
    remark: str = ""


@dataclass(frozen=True)
class Published:
    """A line of a published table: seconds on one thread, then under the table's columns; `call` measures the same here."""

    label: str
    serial: float
    others: tuple[float, ...]
    call: str = ""


@dataclass(frozen=True)
class Request:
    """What a user asks of an experiment."""

    quick: bool = False
    full: bool = False
    choice: Choice = field(default_factory=Choice)

    @property
    def pace(self) -> str:
        """Which plan is asked for."""
        return "quick" if self.quick else "default"


@dataclass(frozen=True)
class Course:
    """What a run measures, in order.

    Parameters
    ----------
    groups : iterable of Group
        It may be a generator: it is asked for the next group when the results of those before are in the session.
    seconds : float, optional
        How long that will take, where it was estimated.
    watches : iterable of Watch
        What is observed after that: numbers that are not the seconds of a case.
    """

    groups: Iterable[Group] = ()
    seconds: float | None = None
    watches: Iterable[Watch] = ()


def no_lines(session: Session) -> list[str]:
    """Return nothing: not every experiment shows its results in lines of its own."""
    return []


def no_groups(session: Session) -> Iterable[Group]:
    """Return nothing."""
    return ()


def no_rows(group: Group, results: list[Result], session: Session) -> list[Row]:
    """Return nothing: not every experiment shows its results in rows."""
    return []


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A question, the cases that answer it, and the verdict.

    Parameters
    ----------
    name, question : str
        What users call it, and what it answers.
    duration : str
        How long it takes, in words.
    course : callable
        Takes the request, the session to go on with, the plan and a sampler to try things with; returns what to measure.
    plans : mapping
        How thoroughly to measure: "quick" and "default".
    seconds : mapping
        How long that takes on two cores, roughly: for the estimate of a run of all experiments.
    verdict : callable
        Takes the session; returns the last lines.
    layout : {"table", "map", "lines"}
        How results are shown.
    takes_choice : bool
        Whether kernels, strategies and so on can be chosen.
    observes : bool
        Whether to say, where there is one core, which calls let another thread run.
    columns : tuple of str
        Of a table: headings of what is measured beside the serial case.
    published : tuple of Published
        Of a table: what others measured.
    rows : callable
        Of a table: takes a group, its results and the session; returns the rows.
    groups : callable
        Of a table: takes a session; returns the groups it was measured in, to show it again.
    lines : callable
        Of lines: takes the session; returns what is shown when all is measured.
    """

    name: str
    question: str
    duration: str
    course: Callable[[Request, Session, Plan, Sampler], Course]
    plans: Mapping[str, Plan]
    verdict: Callable[[Session], list[str]]
    seconds: Mapping[str, float]
    layout: str = "table"
    takes_choice: bool = False
    observes: bool = False
    columns: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    rows: Callable[[Group, list[Result], Session], list[Row]] = no_rows
    groups: Callable[[Session], Iterable[Group]] = no_groups
    lines: Callable[[Session], list[str]] = no_lines
