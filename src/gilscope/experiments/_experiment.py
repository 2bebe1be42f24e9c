"""What an experiment is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gilscope.measure import Group, Plan
from gilscope.results import Result, Session


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
    """A line of a published table: seconds on one thread, then under the table's columns."""

    label: str
    serial: float
    others: tuple[float, ...]


@dataclass(frozen=True)
class Experiment:
    """A question, the cases that answer it, and the verdict.

    Parameters
    ----------
    name, question : str
        What users call it, and what it answers.
    duration : str
        How long it takes, in words.
    groups : callable
        Takes `quick` and `full`; returns the groups of cases, in the order of measurement.
    plans : mapping
        How thoroughly to measure: "quick" and "default".
    columns : tuple of str
        Headings of what is measured beside the serial case.
    published : tuple of Published
        What others measured.
    rows : callable
        Takes a group, its results and the session; returns the rows of the table.
    verdict : callable
        Takes the session; returns the last lines.
    """

    name: str
    question: str
    duration: str
    groups: Callable[[bool, bool], tuple[Group, ...]]
    plans: Mapping[str, Plan]
    columns: tuple[str, ...]
    published: tuple[Published, ...]
    rows: Callable[[Group, list[Result], Session], list[Row]]
    verdict: Callable[[Session], list[str]]
