"""The session file: what was measured, on which machine, as JSON that older and newer versions can tell apart.

What a `Session` holds can be saved and loaded again: wrong types and numbers that are not finite are refused on the way
in (`SessionError`), because JSON has no NaN and a null in its place would lie. The formats of the file are
in `gilscope.session_formats`.
"""

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from gilscope.files import write_atomically
from gilscope.json_lines import as_json, as_object
from gilscope.machine import gilscope_version
from gilscope.observations import Observation
from gilscope.session_formats import FORMAT, migrated
from gilscope.session_schema import OBSERVATION, RESULT, SESSION, SessionError, check
from gilscope.stats import Interval

__all__ = ["Ceiling", "Result", "Sample", "Session", "SessionError", "Speedup", "load"]


@dataclass(frozen=True)
class Speedup(Interval):
    """A speed-up and the id of the case that it is against: ``Speedup(**interval.to_dict(), baseline=id)``."""

    baseline: str


@dataclass(frozen=True)
class Ceiling(Interval):
    """The speed-up the same work reaches with no Python in the way; `kind` says how that was measured."""

    kind: str


@dataclass(frozen=True)
class Sample:
    """A timed stretch of `calls` calls and what it used, workers summed; None is not known, as in format 0.

    `cpu_imbalance` is how much less CPU time one worker used than another for the same work, as a share.
    """

    seconds: float
    calls: int
    wall_seconds: float
    cpu_seconds: float | None = None
    minor_faults: int | None = None
    voluntary_switches: int | None = None
    involuntary_switches: int | None = None
    steal_seconds: float | None = None
    cpu_imbalance: float | None = None


@dataclass(frozen=True)
class Result:
    """A measured case.

    Attributes
    ----------
    case : dict
        As in the file: id, kernel, implementation, strategy, executor, workers, dtype, size, options.
    samples : tuple of Sample
        All of them, in the order of the blocks.
    seconds : Interval
        Median wall seconds per call.
    speedup, ceiling, efficiency : Speedup, Ceiling, float; or None
        The efficiency is speed-up / ceiling in each block, and the median of that: noise that hits both cancels there.
        None where there is none; `notes` says why.
    loop_address, isa : str or None
        Where the C loop is (hexadecimal) and which SIMD level it runs.
    noisy : bool
        The samples spread too much to trust; see `gilscope.stats.noise`.
    notes : tuple of str
        What a reader must know, such as "size scaled down from 1e8: would need 3.2 GB".
    checksum : str or None
        Of the output; equal across variants that compute the same.
    working_set_bytes : int
        Memory that all workers together touch per call.
    pinned : bool
        Each worker had a core to itself.
    """

    case: dict[str, Any] = field(hash=False)
    samples: tuple[Sample, ...]
    seconds: Interval
    speedup: Speedup | None = None
    ceiling: Ceiling | None = None
    efficiency: float | None = None
    loop_address: str | None = None
    isa: str | None = None
    noisy: bool = False
    notes: tuple[str, ...] = ()
    checksum: str | None = None
    working_set_bytes: int = 0
    pinned: bool = False

    @property
    def id(self) -> str:
        """The id of the case, such as ``exp.c.released/threads-2/1e6``."""
        return str(self.case["id"])

    def to_dict(self) -> dict[str, Any]:
        """Return the result as it stands in the file."""
        return vars(self) | {
            "samples": [dict(vars(each)) for each in self.samples],
            "seconds": {"median": self.seconds.value, "low": self.seconds.low, "high": self.seconds.high},
            "speedup": self.speedup and self.speedup.to_dict(),
            "ceiling": self.ceiling and self.ceiling.to_dict(),
            "notes": list(self.notes),
        }

    def to_record(self) -> dict[str, Any]:
        """Return the result as one flat row, without its samples; every result has the same keys."""
        names = ("id", "kernel", "implementation", "strategy", "executor", "workers", "dtype", "size")
        options = " ".join(f"{name}={value}" for name, value in sorted(self.case["options"].items()))
        return {
            **{name: self.case[name] for name in names},
            "options": options,
            **_bounds("seconds", self.seconds),
            **_bounds("speedup", self.speedup),
            "baseline": self.speedup and self.speedup.baseline,
            **_bounds("ceiling", self.ceiling),
            "ceiling_kind": self.ceiling and self.ceiling.kind,
            "efficiency": self.efficiency,
            "blocks": len(self.samples),
            "noisy": self.noisy,
            "notes": "; ".join(self.notes),
            "isa": self.isa,
            "working_set_bytes": self.working_set_bytes,
            "pinned": self.pinned,
            "checksum": self.checksum,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the result that `to_dict` described; `Session.from_dict` checks first that it did."""
        inside = {
            "samples": tuple(Sample(**_known(Sample, each)) for each in data["samples"]),
            "seconds": Interval.from_dict(data["seconds"] | {"value": data["seconds"]["median"]}),
            "speedup": data.get("speedup") and Speedup.from_dict(data["speedup"]),
            "ceiling": data.get("ceiling") and Ceiling.from_dict(data["ceiling"]),
            "notes": tuple(data["notes"]),
        }
        return cls(**(_known(cls, data) | inside))


def _bounds(name: str, interval: Interval | None) -> dict[str, float | None]:
    keys = (name, f"{name}_low", f"{name}_high")
    return dict(zip(keys, (interval.value, interval.low, interval.high) if interval else (None,) * 3, strict=True))


def _known(kind: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    return {each.name: data[each.name] for each in fields(kind) if each.name in data}


class Session:
    """The results of one run of an experiment, in the order of measurement, and the machine they were taken on.

    Parameters
    ----------
    experiment : str
        Its name.
    machine : dict
        What `gilscope.machine.machine` returned before the first measurement.
    results : iterable of Result
        To `add`.
    version : str, optional
        The gilscope that measured; this one unless given.
    details : dict, optional
        What else the experiment needs to go on or to explain its results, such as what was chosen to be measured.
    observations : iterable of Observation
        To `observe`: what an experiment finds that is not the seconds of a case.
    parts : iterable of Session
        Those of the experiments that ran one after the other: the same case may have been measured in several.
    """

    def __init__(
        self,
        experiment: str,
        machine: dict[str, Any],
        results: Iterable[Result] = (),
        *,
        version: str | None = None,
        details: dict[str, Any] | None = None,
        observations: Iterable[Observation] = (),
        parts: Iterable[Self] = (),
    ) -> None:
        self.experiment = experiment
        self.machine = machine
        self.details = details or {}
        self.version = version or gilscope_version()
        self._results: dict[str, Result] = {}
        self._observations: dict[str, Observation] = {}
        self._parts = {each.experiment: each for each in parts}
        check(self.to_dict(), SESSION, "")
        for each in results:
            self.add(each)
        for observed in observations:
            self.observe(observed)

    def add(self, result: Result) -> None:
        """Add a result; one with the same case id is replaced, in its place."""
        check(result.to_dict(), RESULT, "result")
        self._results[result.id] = result

    def observe(self, observation: Observation) -> None:
        """Add an observation; one with the same label is replaced, in its place."""
        check(observation.to_dict(), OBSERVATION, "observation")
        self._observations[observation.label] = observation

    @property
    def observations(self) -> Mapping[str, Observation]:
        """The observations by their labels, in the order in which they were made."""
        return MappingProxyType(self._observations)

    @property
    def parts(self) -> Mapping[str, Self]:
        """The sessions of the experiments that ran one after the other, by their names; empty for one experiment."""
        return MappingProxyType(self._parts)

    def singles(self) -> dict[str, Self]:
        """Return what holds results: the parts by their names, or this session if it has none."""
        return dict(self._parts) or {self.experiment: self}

    def part(self, experiment: str) -> Self:
        """Return the part of an experiment, a new one if there is none yet: on the same machine, and saved with the whole."""
        if experiment not in self._parts:
            self._parts[experiment] = type(self)(experiment, self.machine, version=self.version)
        return self._parts[experiment]

    def __contains__(self, case_id: object) -> bool:
        return case_id in self._results

    def result(self, case_id: str) -> Result:
        """Return the result of a case; a KeyError lists the nearest ids."""
        if case_id not in self._results:
            near = difflib.get_close_matches(case_id, self._results, n=3) or list(self._results)[:3]
            raise KeyError(f"no result {case_id!r} in this session of {len(self)}; near: {', '.join(near) or 'none'}")
        return self._results[case_id]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the session, whole or not at all: a crash leaves the file that was there before.

        Missing directories are made. Each result and each observation is one line, so that two sessions can be compared by eye.
        """
        write_atomically(Path(path).resolve(), f"{_object(self.to_dict())}\n".encode("ascii"))  # resolve: a link stays a link

    def to_dict(self) -> dict[str, Any]:
        """Return the session as it stands in the file."""
        parts = [each._content() for each in self._parts.values()]
        head = {"format": FORMAT, "gilscope": self.version, "machine": self.machine}
        return head | self._content() | ({"parts": parts} if parts else {})

    def _content(self) -> dict[str, Any]:
        """Return what is of the experiment alone."""
        observed = [each.to_dict() for each in self._observations.values()]
        more = {name: found for name, found in (("details", self.details), ("observations", observed)) if found}
        return {"experiment": self.experiment, **more, "results": [each.to_dict() for each in self]}

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Return the session that `to_dict` described, in this format or an older one; SessionError if it is none."""
        document = migrated(document)
        check(document, SESSION, "")
        results = [Result.from_dict(each) for each in document["results"]]
        observations = [Observation.from_dict(each) for each in document.get("observations") or ()]
        parts = [
            cls.from_dict({**document, "details": None, "observations": None, "parts": None, **each})
            for each in document.get("parts") or ()
        ]
        more = {"version": document["gilscope"], "details": document.get("details"), "observations": observations, "parts": parts}
        return cls(document["experiment"], document["machine"], results, **more)

    def to_records(self) -> list[dict[str, Any]]:
        """Return results and observed numbers as flat rows: ``pandas.DataFrame(session.to_records())``, and the same for Polars.

        Those of a session of several experiments begin with their `experiment`.
        """
        if self._parts:
            return [{"experiment": name, **row} for name, part in self._parts.items() for row in part.to_records()]
        observed = [row for each in self._observations.values() for row in each.to_records()]
        return [*(each.to_record() for each in self), *observed]

    def plot(self) -> Any:
        """Return the picture of the session as an Altair chart: the one of its experiment, else its speed-ups.

        Raises
        ------
        NothingToDraw
            Nothing was measured yet that the picture shows; a ValueError.
        ReportUnavailable
            Altair is not there: ``pip install 'gilscope[report]'``.
        """
        from gilscope.reports.figures import chart

        return chart(self)

    def _repr_html_(self) -> str:
        from gilscope.reports.notebook_cell import session_html

        return session_html(self)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results.values())

    def __len__(self) -> int:
        return len(self._results)

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, Session) else NotImplemented

    def __repr__(self) -> str:
        known = {"python": "Python {}", "cores_usable": "{} usable cores", "cpu": "{}"}
        facts = [text.format(self.machine[key]) for key, text in known.items() if self.machine.get(key)]
        observed = [f"{len(self._observations)} observations"] if self._observations else []
        counted = [f"{len(self._parts)} parts"] if self._parts else [f"{len(self)} results", *observed]
        return f"<Session {self.experiment!r}: {', '.join([*counted, *facts])}>"


def load(path: str | os.PathLike[str]) -> Session:
    """Read a session that `Session.save` wrote, in this or an older format.

    Raises
    ------
    SessionError
        The file is damaged, is something else, or comes from a newer version; the message is one sentence.
    FileNotFoundError
        There is no such file.
    """
    content = Path(path).read_bytes()
    try:
        return Session.from_dict(json.loads(content))
    except SessionError as error:
        reason = str(error)
    except (ValueError, RecursionError) as error:  # of json.loads; ValueError also when it is no text
        reason = f"it is damaged, cut short or not JSON ({error})"
    raise SessionError(f"{os.fspath(path)} is not a session that gilscope can read: {reason}")


def _object(document: dict[str, Any]) -> str:
    writers = {"observations": as_json, "results": as_json, "parts": _object}
    lists = {name: map(write, document.pop(name)) for name, write in writers.items() if name in document}
    return as_object(document, lists)
