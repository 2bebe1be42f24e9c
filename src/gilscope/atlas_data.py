"""The atlas of a package as plain data: what each of its calls does with the GIL, as it is saved and loaded.

Format 1 is one JSON object; several packages are a list of such objects. Keys that this version does not know are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from gilscope.files import write_atomically
from gilscope.json_lines import as_json, as_lines, as_object
from gilscope.machine import gilscope_version
from gilscope.session_schema import Maybe, SessionError, check

__all__ = ["Atlas", "AtlasError", "CallFound", "Failed", "SizeFound", "Skipped", "atlases_of", "is_atlas", "save"]

FORMAT = "gilscope-atlas 1"
_FAMILY = FORMAT.split()[0]

#: The version of what was not installed as a package.
UNKNOWN = "unknown"
#: What a call does with the GIL, and how one can fail.
GILS = ("released", "partial", "held", "off")
#: From so many cores in use on a call surely has threads of its own.
SEVERAL_CORES = 1.5
KINDS = ("raised", "hung", "crashed")


class AtlasError(ValueError):
    """The file or the data is no atlas that this version can read; the message says where and why."""


def matches(name: str, text: str) -> bool:
    """Whether a call's name has a text in it; upper and lower case are the same."""
    return text.lower() in name.lower()


@dataclass(frozen=True)
class SizeFound:
    """What a call does at one size: medians over calls.

    Attributes
    ----------
    size : int
        In units of the call.
    released_fraction : float
        How much of the call ran outside, from 0 to 1.
    releases, takes : float
        How often it dropped the GIL, and took it; where there is no tracer only whether it did.
    longest_hold_ns : int
        The longest that it kept the GIL in a row.
    seconds : float
        Wall time.
    calls : int
        How many were watched.
    cores : float
        How many cores the process used during the call.
    gil : str
        In a word: "released" (at least 90 % outside), "partial" or "held" (less than 10 %); "off" without a GIL.
    """

    size: int
    released_fraction: float
    releases: float
    takes: float
    longest_hold_ns: int
    seconds: float
    calls: int
    cores: float
    gil: str


@dataclass(frozen=True)
class CallFound:
    """What one call does.

    Attributes
    ----------
    name, group, statement, setup, unit : str
        As in the catalogue. The setup is complete but for ``n``, the size.
    sizes : tuple of SizeFound
        Up to three, in ascending order: small, medium, large.
    threshold : int or None
        The smallest size with more releases than the smallest; None where there is none, or even the largest is held.
    ticker : float or None
        How much of the call ran outside at the largest size, as a ticker thread sees it, which knows nothing of the tracer; None
        where the call or each of its releases is too short for it.
    agrees : bool or None
        Whether both tell the same. Where they do not at first, both look once more while BLAS has one thread, since the ticker
        needs a core: `ticker` then is of that.
    """

    name: str
    group: str
    statement: str
    setup: str
    unit: str
    sizes: tuple[SizeFound, ...]
    threshold: int | None = None
    ticker: float | None = None
    agrees: bool | None = None

    @property
    def largest(self) -> SizeFound:
        """What it does at its largest size."""
        return self.sizes[-1]

    @property
    def gil(self) -> str:
        """The word for its largest size."""
        return self.largest.gil

    @property
    def cores(self) -> float:
        """How many cores it uses at its largest size."""
        return self.largest.cores

    @property
    def uses_several_cores(self) -> bool:
        """Whether one call keeps several cores busy."""
        return self.cores >= SEVERAL_CORES

    def to_dict(self) -> dict[str, Any]:
        """Return the call as it stands in the file."""
        return {**asdict(self), "sizes": [asdict(each) for each in self.sizes], "gil": self.gil, "cores": self.cores}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the call that `to_dict` described; `Atlas.from_dict` checks first that it did."""
        return cls(**_known(cls, data) | {"sizes": tuple(SizeFound(**_known(SizeFound, each)) for each in data["sizes"])})

    def to_records(self) -> list[dict[str, Any]]:
        """Return a flat row for each size."""
        common = {"name": self.name, "group": self.group, "unit": self.unit, "threshold": self.threshold}
        return [common | asdict(each) for each in self.sizes]


@dataclass(frozen=True)
class Skipped:
    """A call that the installed version lacks, and what is lacking."""

    name: str
    reason: str


@dataclass(frozen=True)
class Failed:
    """A call that could not be measured: it "raised", "hung" or "crashed"; the reason says what."""

    name: str
    kind: str
    reason: str


def _now() -> str:
    """Return the time as it stands in a file."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Atlas:
    """What the calls of a package do with the GIL; `print` shows a table.

    Attributes
    ----------
    package, version : str
        What was probed; "stdlib" is Python's standard library.
    machine : dict
        What `gilscope.machine.machine` returned before.
    calls : list of CallFound
        In the order of the catalogue.
    skipped, failed : list of Skipped, list of Failed
        Calls that are not there, and calls that could not be measured.
    method : str
        "trace"; "ticker" where there is no tracer: then there are no thresholds; "off" without a GIL.
    gilscope, created : str
        The version that measured, and when, in UTC.
    """

    package: str
    version: str
    machine: dict[str, Any]
    calls: list[CallFound] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    method: str = "trace"
    gilscope: str = field(default_factory=gilscope_version)
    created: str = field(default_factory=_now)

    @property
    def title(self) -> str:
        """The package and its version, as far as that is known."""
        return self.package if self.version == UNKNOWN else f"{self.package} {self.version}"

    def names(self) -> set[str]:
        """Return the names of all that is done: measured, skipped or failed."""
        return {each.name for found in (self.calls, self.skipped, self.failed) for each in found}

    def add(self, found: CallFound | Skipped | Failed) -> None:
        """Add what became of a call."""
        homes: dict[type, list[Any]] = {CallFound: self.calls, Skipped: self.skipped, Failed: self.failed}
        homes[type(found)].append(found)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the atlas, whole or not at all; missing directories are made. `gilscope.load` reads it."""
        save(self, Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Return the atlas as it stands in the file."""
        head = {"format": FORMAT, **{name: getattr(self, name) for name in _HEAD}}
        found = {"skipped": [asdict(each) for each in self.skipped], "failed": [asdict(each) for each in self.failed]}
        return {**head, "calls": [each.to_dict() for each in self.calls], **found}

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Return the atlas that `to_dict` described; AtlasError if it is none."""
        _require_format(document)
        _require_atlas(document)
        calls = [CallFound.from_dict(each) for each in document["calls"]]
        skipped = [Skipped(**_known(Skipped, each)) for each in document["skipped"]]
        failed = [Failed(**_known(Failed, each)) for each in document["failed"]]
        return cls(**{name: document[name] for name in _HEAD}, calls=calls, skipped=skipped, failed=failed)

    def to_records(self) -> list[dict[str, Any]]:
        """Return a flat row for each size of each call: ``pandas.DataFrame(atlas.to_records())``, and the same for Polars."""
        return [row for each in self.calls for row in each.to_records()]

    def __str__(self) -> str:
        from gilscope.atlas_table import table  # which needs this module

        return table(self)

    def __repr__(self) -> str:
        return f"<Atlas of {self.title}: {len(self.calls)} calls, {len(self.skipped)} skipped, {len(self.failed)} failed>"


# --- files ---------------------------------------------------------------------------------------------------------------------


def is_atlas(document: Any) -> bool:
    """Tell whether a JSON document is an atlas or a list of them, of any version."""
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and str(first.get("format")).startswith(_FAMILY)


def atlases_of(document: Any) -> Atlas | list[Atlas]:
    """Return the atlas, or the list of them, that a JSON document holds; AtlasError if it is damaged."""
    return [Atlas.from_dict(each) for each in document] if isinstance(document, list) else Atlas.from_dict(document)


def save(found: Atlas | Iterable[Atlas], path: Path) -> None:
    """Write one atlas as an object, or several as a list; whole or not at all, and each call in a line of its own."""
    text = _object(found) if isinstance(found, Atlas) else as_lines(map(_object, found))
    write_atomically(path.resolve(), f"{text}\n".encode("ascii"))  # resolve: a link stays a link


def _object(atlas: Atlas) -> str:
    document = atlas.to_dict()
    return as_object(document, {name: map(as_json, document.pop(name)) for name in ("calls", "skipped", "failed")})


# --- what a file may hold ------------------------------------------------------------------------------------------------------

_HEAD = ("gilscope", "machine", "package", "version", "created", "method")
_SHARES = ("released_fraction", "releases", "takes", "seconds", "cores")
_SIZE = {**dict.fromkeys(("size", "longest_hold_ns", "calls"), int), **dict.fromkeys(_SHARES, float), "gil": str}
_TEXTS = dict.fromkeys(("name", "group", "statement", "setup", "unit"), str)
_CALL = {**_TEXTS, "sizes": [_SIZE], "threshold": Maybe(int), "ticker": Maybe(float), "agrees": Maybe(bool)}
_SKIPPED = {"name": str, "reason": str}
_ATLAS = {
    **dict.fromkeys(_HEAD, str),
    "machine": dict,
    "calls": [_CALL],
    "skipped": [_SKIPPED],
    "failed": [{**_SKIPPED, "kind": str}],
}


def _require_format(document: Any) -> None:
    """Raise AtlasError for what is no atlas, or one of a format that is not known."""
    if not is_atlas(document) or isinstance(document, list):
        raise AtlasError("it is JSON, but no atlas")
    if document["format"] != FORMAT:
        raise AtlasError(f"its format is {document['format']!r}, but only {FORMAT!r} is known: update gilscope")


def _require_atlas(document: dict[str, Any]) -> None:
    """Raise AtlasError at the first value that is otherwise."""
    try:
        check(document, _ATLAS, "")
    except SessionError as error:
        raise AtlasError(str(error)) from error
    for at, call in enumerate(document["calls"]):
        _require_words(call, f"calls[{at}]")
    for at, failed in enumerate(document["failed"]):
        _require_one_of(failed["kind"], KINDS, f"failed[{at}].kind")


def _require_words(call: dict[str, Any], where: str) -> None:
    """Raise AtlasError for a call without sizes, or with a word that means nothing."""
    if not call["sizes"]:
        raise AtlasError(f"{where}.sizes is empty")
    for at, size in enumerate(call["sizes"]):
        _require_one_of(size["gil"], GILS, f"{where}.sizes[{at}].gil")


def _require_one_of(word: str, words: tuple[str, ...], where: str) -> None:
    if word not in words:
        raise AtlasError(f"{where} is {word!r}, not one of {', '.join(words)}")


def _known(kind: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    return {each.name: data[each.name] for each in fields(kind) if each.name in data}
