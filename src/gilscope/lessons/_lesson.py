"""What a lesson is: predict, run, explain."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: `gs.check` or a `gs.Checker`; it returns a verdict.
Check = Callable[..., Any]
Verdicts = dict[str, Any]

THREADS = 2
#: A speed-up is "faster" or "slower" if its whole interval is above or below these, else "same" if it is all within `ABOUT`.
FASTER, SLOWER, ABOUT = 1.05, 0.8, (0.7, 1.25)


@dataclass(frozen=True)
class Row:
    """What was measured of one call.

    Attributes
    ----------
    seconds : float
        How long it takes on one thread.
    releases : bool
        Whether the call itself lets go of the GIL.
    released_fraction : float
        For how much of the call.
    speedup, low, high : float or None
        How many times as much `THREADS` threads get done as one, with its interval; None where that was not measured.
    cause : str
        Why it is not more, in a word or two.
    """

    seconds: float
    releases: bool
    released_fraction: float
    speedup: float | None = None
    low: float | None = None
    high: float | None = None
    cause: str = ""

    @classmethod
    def of(cls, verdict: Any) -> Row:
        """Return what a lesson needs of a verdict, or of what an atlas says of a size: that has no speed-up."""
        alone = cls(verdict.seconds, verdict.releases > 0, verdict.released_fraction, cause=getattr(verdict, "cause", ""))
        found = getattr(verdict, "speedup", {}).get(THREADS)
        return alone if found is None else cls(**vars(alone) | {"speedup": found.value, "low": found.low, "high": found.high})

    @property
    def effect(self) -> str:
        """What more threads do: "faster", "slower", "same"; "unclear" where the interval is too wide to say, or there is none."""
        if self.low is None or self.high is None:
            return "unclear"
        if self.low > FASTER or self.high < SLOWER:
            return "faster" if self.low > FASTER else "slower"
        return "same" if ABOUT[0] <= self.low and self.high <= ABOUT[1] else "unclear"


Rows = Mapping[str, Row]


@dataclass(frozen=True)
class Choice:
    """One possible prediction, and why it is wrong where it is."""

    text: str
    wrong: str


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A question that a measurement answers.

    Parameters
    ----------
    name, title, question : str
        What users type, what stands above it, and what is to be predicted.
    choices : tuple of Choice
        The possible predictions; they are numbered from 1 on.
    code : tuple
        Functions and kernels whose text is shown: that of `measure`, which runs, and of what it calls.
    measure : callable
        Takes a check and returns a verdict, or what an atlas says of a size, for each row of the table.
    answer : callable
        Takes the rows and returns the number of the right choice; None if none fits them.
    explain : callable
        Takes the rows and says why.
    compares_speed : bool
        Whether the answer is in the speed on several threads, which one core cannot show.
    threads : int
        How many threads to try; 1 for none.
    """

    name: str
    title: str
    question: str
    choices: tuple[Choice, ...]
    code: tuple[Any, ...]
    measure: Callable[[Check], Verdicts]
    answer: Callable[[Rows], int | None]
    explain: Callable[[Rows], str]
    compares_speed: bool = True
    threads: int = THREADS

    @property
    def source(self) -> str:
        """The text of the code that runs."""
        texts = [each.source if hasattr(each, "source") else inspect.getsource(each) for each in self.code]
        return "\n".join(texts).replace("\n\n\n", "\n\n").rstrip()
