"""One call of a catalogue: what it does at its sizes, and from which size on it releases the GIL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gilscope.atlas._agreement import PLAN, Agreement, looked_at_twice
from gilscope.atlas._catalogue import Entry
from gilscope.atlas._names import missing
from gilscope.atlas_data import CallFound, Failed, SizeFound, Skipped
from gilscope.checking import Profile, Statement, threshold_of
from gilscope.checking._method import profile_by
from gilscope.checking._profile import Plan
from gilscope.checking._subject import Call
from gilscope.cores import usable_cores
from gilscope.surroundings import settle

#: For sizes on the way to the threshold, of which only the releases are wanted.
_GLANCE = Plan(seconds=0.002, least=1, most=20)
#: A call that uses more than this seems to use several.
_ONE_CORE = 1.2
_MOST_LETTERS = 200


class CallRaised(Exception):
    """The call or its setup raised; the message says what, and at which size."""


def probe(entry: Entry) -> CallFound | Skipped | Failed:
    """Return what became of a call; the process is to be quiet."""
    reason = next((reason for path in entry.needs if (reason := missing(path))), None)
    if reason is not None:
        return Skipped(entry.name, reason)
    try:
        return _found(entry)
    except CallRaised as error:
        return Failed(entry.name, "raised", str(error))


def _found(entry: Entry) -> CallFound:
    """Return what a call does; at the largest size it is looked at by a second method too."""
    profiles = {size: _look(entry, size, PLAN) for size in entry.sizes[:-1]}
    seen = _look_twice(entry, entry.sizes[-1])
    profiles[entry.sizes[-1]] = seen.profile
    # A ticker does not see short releases: what it would call the threshold is where they become long.
    traced = seen.profile.method == "trace"
    threshold = threshold_of(dict(profiles), lambda size: _look(entry, size, _GLANCE)) if traced else None
    sizes = tuple(_size_found(size, _with_its_own_cores(entry, size, profile)) for size, profile in profiles.items())
    texts = (entry.name, entry.group, entry.statement, entry.setup, entry.unit)
    return CallFound(*texts, sizes, threshold, seen.ticker, seen.agrees)


def _look(entry: Entry, size: int, plan: Plan) -> Profile:
    with _called(entry, size) as call:
        return profile_by(call, plan)


def _with_its_own_cores(entry: Entry, size: int, found: Profile) -> Profile:
    """Return a profile with the CPU time of the call alone: threads of BLAS spin for a while after a setup that used it."""
    if found.cores_in_use() < _ONE_CORE:
        return found
    with _called(entry, size) as call:
        settle()
        again = profile_by(call, PLAN)
    return replace(found, **{name: getattr(again, name) for name in ("cpu_share", "process_cpu_share", "queued_share")})


def _look_twice(entry: Entry, size: int) -> Agreement:
    with _called(entry, size) as call:
        return looked_at_twice(call)


@contextmanager
def _called(entry: Entry, size: int) -> Iterator[Call]:
    """Yield the call at a size once it was made, so that what the first one imports or allocates is not measured."""
    try:
        with Statement(entry.statement, entry.setup, {"n": size}).alone() as call:
            call()
            yield call
    except BaseException as error:  # SystemExit too
        raise CallRaised(f"at size {size:,}: {_in_a_line(error)}") from None


def _in_a_line(error: BaseException) -> str:
    """Return what was raised, in a line that is not too long."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."


def _size_found(size: int, profile: Profile) -> SizeFound:
    """Return what is recorded of a profile."""
    names = ("released_fraction", "releases", "takes", "longest_hold_ns", "seconds", "calls", "gil")
    # On a busy machine the cores are an estimate, which may be above what there are.
    cores = min(profile.cores_in_use(), float(len(usable_cores())))
    return SizeFound(size=size, cores=cores, **{name: getattr(profile, name) for name in names})
