"""The verdict: a word, a number and a cause, from evidence alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gilscope.checking._causes import Cause, cause_of
from gilscope.checking._evidence import Evidence, Speedups
from gilscope.checking._profile import Profile
from gilscope.checking._signs import scales
from gilscope.stats import Interval
from gilscope.wording import duration, percent

_WIDTH = 110
_INDENT = 10


@dataclass(frozen=True)
class Verdict:
    """What a function does with the GIL, and whether that helps; `print` explains it.

    Attributes
    ----------
    name : str
        What was checked.
    evidence : Evidence
        All that was measured.
    at_least : float
        The share of the ceiling from which on a function scales.
    """

    name: str
    evidence: Evidence
    at_least: float = 0.8

    @property
    def gil(self) -> str:
        """In a word: "released" (at least 90 % of a call ran outside), "partial", "held" (below 10 %); "off" without a GIL."""
        return self.evidence.alone.gil

    @property
    def releases(self) -> bool:
        """Whether the call itself drops the GIL; a forced switch is not a release. A ticker notices from 10 % of the call on."""
        return self.evidence.alone.releases >= 1 or (self.method == "ticker" and self.gil != "held")

    @property
    def released_fraction(self) -> float:
        """How much of a call ran outside, from 0 to 1."""
        return self.evidence.alone.released_fraction

    @property
    def longest_hold_ns(self) -> int:
        """The longest that a call keeps the GIL in a row, in nanoseconds: the median over calls."""
        return self.evidence.alone.longest_hold_ns

    @property
    def takes_per_call(self) -> float:
        """How often a call takes the GIL back."""
        return self.evidence.alone.takes

    @property
    def seconds(self) -> float:
        """What a call takes alone."""
        return self.evidence.alone.seconds

    @property
    def speedup(self) -> Speedups:
        """By the number of threads: their throughput over that of one."""
        return self.evidence.threads

    @property
    def processes(self) -> Speedups:
        """By the number of processes: their throughput over that of one thread."""
        return self.evidence.processes

    @property
    def ceilings(self) -> dict[str, Speedups]:
        """What a loop that only computes ("compute") and a copy of large arrays ("copy") reached in the same run."""
        return {"compute": self.evidence.compute, "copy": self.evidence.copy}

    @cached_property
    def _cause(self) -> Cause:
        return cause_of(self.evidence, self.at_least)

    @property
    def cause(self) -> str:
        """Why it scales or does not, in a word or two."""
        return self._cause.name

    @property
    def scales(self) -> bool:
        """Whether the most threads reach `at_least` of the ceiling."""
        return scales(self.evidence, self.at_least)

    @property
    def because(self) -> str:
        """What in the evidence shows the cause."""
        return self._cause.because(self.evidence)

    @property
    def advice(self) -> str:
        """What to try next."""
        return self._cause.advice(self.evidence)

    @property
    def method(self) -> str:
        """How a call was looked at: "trace", or "ticker" where there is no tracer."""
        return self.evidence.alone.method

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict and its evidence as plain JSON data."""
        names = ("name", "gil", "releases", "released_fraction", "longest_hold_ns", "takes_per_call", "seconds")
        words = {name: getattr(self, name) for name in (*names, "cause", "because", "advice", "method", "at_least")}
        return {**words, "evidence": self.evidence.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Verdict:
        """Return the verdict that `to_dict` described, concluded anew from its evidence."""
        return cls(data["name"], Evidence.from_dict(data["evidence"]), data["at_least"])

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def __repr__(self) -> str:
        found = f", {self.evidence.most} threads {self.evidence.speedup:.2f}x" if self.speedup else ""
        return f"<Verdict: {self.name} is {self.gil}{found}: {self.cause}>"


def _lines(v: Verdict) -> Iterator[str]:
    yield from _paragraph(v.gil, _what(v))
    if v.speedup:
        yield from _paragraph("threads", f"{_row(v.speedup, 'threads')}; ceiling {_ceilings(v)}")
    if v.processes:
        yield from _paragraph("", _row(v.processes, "processes"))
    elif v.speedup and v.evidence.no_processes:
        yield from _paragraph("", f"processes: {v.evidence.no_processes}")
    yield from _paragraph("cause", f"{v.cause}: {v.because}")
    yield from _paragraph("try", v.advice)


def _paragraph(title: str, text: str) -> list[str]:
    first = f"{title:{_INDENT}}"
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * _INDENT)


def _what(v: Verdict) -> str:
    """Say what one call does."""
    alone = v.evidence.alone
    if v.gil == "off":
        return f"{v.name} takes {duration(v.seconds)}; this Python has no GIL"
    kept = f"{v.name} runs {percent(v.released_fraction)} of its {duration(v.seconds)} without the GIL"
    if not v.releases:
        kept = f"{v.name} keeps the GIL for all of its {duration(v.seconds)}"
    return f"{kept} ({_how_often(alone)}longest hold {duration(v.longest_hold_ns / 1e9)}; {_seen(alone)})"


def _how_often(alone: Profile) -> str:
    """Say how often a call releases the GIL, which a ticker cannot tell."""
    if alone.method != "trace":
        return ""
    times = {0: "never releases it", 1: "releases it once", 2: "releases it twice"}
    return times.get(round(alone.releases), f"releases it {alone.releases:,.0f} times") + ", "


def _seen(alone: Profile) -> str:
    calls = "1 call" if alone.calls == 1 else f"{alone.calls:,} calls"
    return f"{calls} traced" if alone.method == "trace" else f"estimated by a ticker over {calls}"


def _row(found: Speedups, what: str) -> str:
    return ", ".join(f"{workers} {what} {_ratio(each)}" for workers, each in found.items())


def _ratio(found: Interval) -> str:
    digits = 2 if found.value >= 0.095 else 3
    interval = f" [{found.low:.{digits}f}, {found.high:.{digits}f}]" if found.low < found.high else " (one sample)"
    return f"{found.value:.{digits}f}x{interval}"


def _ceilings(v: Verdict) -> str:
    most = v.evidence.most
    found = {name: each[most].value for name, each in v.ceilings.items() if most in each}
    names = {"compute": "computing", "copy": "copying"}
    return ", ".join(f"{names[name]} {value:.2f}x" for name, value in found.items()) or "not measured"
