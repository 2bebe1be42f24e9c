"""Two atlases of a package side by side: which calls changed, in what, and what else differs. Pure functions of atlases.

What an atlas holds is not equally exact, so each quantity has a rule of its own for what is more than noise:

- *Releases* are counted, mostly the same in every call. A change is at least one, a tenth, and more than they flutter by: a
  larger size should not have fewer, so how far they fall with the size somewhere says how far they flutter. A call that waits,
  such as for threads of its own, releases as often as it is woken: there a change is at least half.
- A *threshold* is exact where the call steps once: no size below it has more releases than the smallest, every one above has
  at least one more, all medians are whole numbers, and it does not wait. Elsewhere bisection may end anywhere, and nothing is
  told.
- A *share outside* compares two times, and each may be some factor longer or shorter in another run: a cold cache, a busy
  neighbour, BLAS threads without a core. A factor on a time is the same factor on the odds, outside : held. A change is at least
  `AT_LEAST`, more than `ODDS` in the odds, and more than the clock can be off, which is much of a call that takes a microsecond.
  Where releases did not change, nothing else vouches for it: work must have moved besides. In the median of `FEWEST_CALLS` the
  one time is longer, the other shorter, and both together are what they were, within `TOGETHER` and the pace of the whole atlas
  (what interrupts a call makes it longer); and the call works, rather than waits for a device, which is up to that.
- The *word* changes only together with such a change of the share: 0.89 is partial and 0.91 released, but no change.
- *Cores* in use go up and down with what else runs, and threads of BLAS spin on after a call. A change goes from clearly one
  (`ONE_CORE`) to clearly several (`SEVERAL_CORES`) or back, where both machines have several, and on several the call is faster;
  nothing is told where the smallest size used several too, nor of a look of less than `LOOK_SECONDS`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gilscope.atlas_data import SEVERAL_CORES, Atlas, CallFound, SizeFound
from gilscope.comparing import differing, lasting
from gilscope.stats import median
from gilscope.wording import listed

AT_LEAST = 0.15
ODDS, TOGETHER = 3.0, 1.5
CLOCK_SECONDS = 100e-9  # a take and a release are seen with
MIN_RATIOS = 12  # for the pace of an atlas
FEWEST_CALLS = 5
SHARE_OF_RELEASES, SHARE_WHEN_WAITING = 0.1, 0.5
WORKS, ONE_CORE, FASTER = 0.9, 1.2, 1.1
LOOK_SECONDS = 1e-3


@dataclass(frozen=True)
class Change:
    """One quantity of a call that changed.

    Attributes
    ----------
    what : {"gil", "threshold", "released_fraction", "releases", "cores"}
        As an atlas calls it.
    before, after : str, int, float or None
        Its values; a threshold may be None.
    size : int or None
        At which size they were compared; None of a threshold.
    """

    what: str
    before: Any
    after: Any
    size: int | None = None


@dataclass(frozen=True)
class CallChange:
    """What changed of a call, and the unit of its sizes."""

    name: str
    unit: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Standing:
    """Whether an atlas could probe a call, and if not, why."""

    kind: str  # "probed", "skipped", "failed" or "not in the catalogue"
    reason: str = ""


@dataclass(frozen=True)
class AtlasDifference:
    """What `compare_atlases` found.

    Attributes
    ----------
    package : str
        Of which both are.
    facts : dict
        Name → its values in both, of what differs between the versions, machines and builds.
    changed : tuple of CallChange
        The calls that changed, those with another word first, then with another threshold, and so on.
    unchanged : tuple of str
        The calls that did not, or not by more than noise explains.
    redefined : tuple of str
        Calls that the two catalogues define otherwise, so that nothing can be compared.
    standings : dict
        Name → `Standing` in both, of the calls that were not probed in the same way: skipped, failed or missing in one of them.
    """

    package: str
    facts: Mapping[str, tuple[Any, Any]]
    changed: tuple[CallChange, ...]
    unchanged: tuple[str, ...]
    redefined: tuple[str, ...]
    standings: Mapping[str, tuple[Standing, Standing]]

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain JSON data."""
        return {
            "package": self.package,
            "changed": [{**vars(each), "changes": [vars(one) for one in each.changes]} for each in self.changed],
            "unchanged": list(self.unchanged),
            "facts": {name: list(values) for name, values in self.facts.items()},
            "standings": {name: [vars(each) for each in values] for name, values in self.standings.items()},
            "redefined": list(self.redefined),
        }


def compare_packages(before: Iterable[Atlas], after: Iterable[Atlas]) -> list[AtlasDifference]:
    """Compare the atlases of each package that both have; those that only one of them has are left out.

    Raises
    ------
    ValueError
        They have no package in common.
    """
    sides = [{each.package: each for each in side} for side in (before, after)]
    found = [compare_atlases(each, sides[1][name]) for name, each in sides[0].items() if name in sides[1]]
    if not found:
        raise ValueError(f"no package is in both: the atlases are of {' and of '.join(map(listed, map(list, sides)))}")
    return found


def compare_atlases(before: Atlas, after: Atlas) -> AtlasDifference:
    """Compare two atlases of a package.

    Raises
    ------
    ValueError
        They are of two packages.
    """
    if before.package != after.package:
        raise ValueError(f"an atlas of {before.package} cannot be compared with one of {after.package}")
    after_calls = {each.name: each for each in after.calls}
    pairs = [(each, after_calls[each.name]) for each in before.calls if each.name in after_calls]
    alike = [pair for pair in pairs if is_same_question(*pair)]
    quantities, pace = comparable(before, after), pace_of(alike)
    found = [CallChange(a.name, a.unit, tuple(changes(a, paced(b, pace), quantities))) for a, b in alike]
    return AtlasDifference(
        package=before.package,
        facts=differing(facts_of(before), facts_of(after)),
        changed=tuple(sorted((each for each in found if each.changes), key=rank)),
        unchanged=tuple(each.name for each in found if not each.changes),
        redefined=tuple(a.name for a, b in pairs if not is_same_question(a, b)),
        standings=differing_standings(before, after),
    )


def is_same_question(before: CallFound, after: CallFound) -> bool:
    """Whether both atlases probed the same: the same code at one same size at least."""
    same = all(getattr(before, name) == getattr(after, name) for name in ("statement", "setup", "unit"))
    return same and bool(common_sizes(before, after))


def comparable(before: Atlas, after: Atlas) -> list[str]:
    """Return which quantities both can tell: releases are counted by the tracer only, several cores used where there are any."""
    counted = before.method == after.method == "trace"
    several = all(int(each.machine.get("cores_usable") or 1) > 1 for each in (before, after))
    unknown = ({"threshold", "releases"} if not counted else set()) | ({"cores"} if not several else set())
    return [each for each in QUANTITIES if each not in unknown]


def pace_of(pairs: list[tuple[CallFound, CallFound]]) -> float:
    """Return how many times longer calls took in the second atlas, all in all; of a few calls, that is not told."""
    ratios = [b.seconds / a.seconds for pair in pairs for a, b in common_sizes(*pair) if a.seconds and b.seconds]
    return median(ratios) if len(ratios) >= MIN_RATIOS else 1.0


def paced(call: CallFound, pace: float) -> CallFound:
    """Return a call as it would be at the pace of the first atlas."""
    return replace(call, sizes=tuple(replace(each, seconds=each.seconds / pace) for each in call.sizes))


def rank(change: CallChange) -> int:
    """Return where a call stands among those that changed, by what changed most."""
    return min(list(QUANTITIES).index(each.what) for each in change.changes)


# --- one call ------------------------------------------------------------------------------------------------------------------


def common_sizes(before: CallFound, after: CallFound) -> list[tuple[SizeFound, SizeFound]]:
    """Return what was seen at the sizes that both were looked at, from the smallest."""
    others = {each.size: each for each in after.sizes}
    return [(each, others[each.size]) for each in before.sizes if each.size in others]


def changes(before: CallFound, after: CallFound, quantities: Iterable[str]) -> Iterator[Change]:
    """Yield what changed of a call."""
    for what in quantities:
        yield from QUANTITIES[what](before, after)


def word_changes(before: CallFound, after: CallFound) -> Iterator[Change]:
    """Yield another word at the largest size, if the share there changed too, or one side has no GIL."""
    a, b = common_sizes(before, after)[-1]
    if a.gil != b.gil and (share_changed(a, b) or "off" in (a.gil, b.gil)):
        yield Change("gil", a.gil, b.gil, a.size)


def threshold_changes(before: CallFound, after: CallFound) -> Iterator[Change]:
    """Yield another threshold, if both calls step where theirs is."""
    begins_alike = before.sizes[0].size == after.sizes[0].size  # it is above what the smallest size does
    if begins_alike and before.threshold != after.threshold and steps(before) and steps(after):
        yield Change("threshold", before.threshold, after.threshold)


def share_changes(before: CallFound, after: CallFound) -> Iterator[Change]:
    """Yield the share outside at the size where it changed most."""
    found = [(a, b) for a, b in common_sizes(before, after) if share_changed(a, b)]
    if found:
        a, b = max(found, key=lambda pair: (abs(pair[0].released_fraction - pair[1].released_fraction), pair[0].size))
        yield Change("released_fraction", a.released_fraction, b.released_fraction, a.size)


def release_changes(before: CallFound, after: CallFound) -> Iterator[Change]:
    """Yield the releases of a call at the largest size where they changed."""
    flutter = max(flutter_of(before), flutter_of(after))
    for a, b in reversed(common_sizes(before, after)):
        if releases_changed(a, b) and abs(a.releases - b.releases) > flutter:
            yield Change("releases", a.releases, b.releases, a.size)
            return


def core_changes(before: CallFound, after: CallFound) -> Iterator[Change]:
    """Yield the cores in use at the largest size, from clearly one to clearly several or back."""
    a, b = common_sizes(before, after)[-1]
    if not (tells_cores(before, a) and tells_cores(after, b)):
        return
    one, several = sorted((a, b), key=lambda each: each.cores)
    if one.cores < ONE_CORE and several.cores >= SEVERAL_CORES and one.seconds > FASTER * several.seconds:
        yield Change("cores", a.cores, b.cores, a.size)


#: Quantity → what finds its changes, in the order in which they are told.
QUANTITIES = {
    "gil": word_changes,
    "threshold": threshold_changes,
    "released_fraction": share_changes,
    "releases": release_changes,
    "cores": core_changes,
}


def tells_cores(call: CallFound, at: SizeFound) -> bool:
    """Whether the cores in use are those of the call: the look was long, and the smallest of several sizes used one core only."""
    smallest = call.sizes[0]
    is_quiet = smallest is call.largest or smallest.cores < ONE_CORE
    return is_quiet and at.calls >= FEWEST_CALLS and at.calls * at.seconds >= LOOK_SECONDS


def share_changed(a: SizeFound, b: SizeFound) -> bool:
    """Whether the share outside differs by more than noise explains."""
    apart = abs(a.released_fraction - b.released_fraction) - clock_error(a) - clock_error(b)
    is_far = apart >= AT_LEAST and abs(log_odds(a) - log_odds(b)) > math.log(ODDS)
    return is_far and (releases_changed(a, b) or (is_steady(a, b) and work_moved(a, b)))


def releases_changed(a: SizeFound, b: SizeFound) -> bool:
    """Whether releases differ by at least one, and by a share of them."""
    share = SHARE_OF_RELEASES if works(a, b) else SHARE_WHEN_WAITING
    return abs(a.releases - b.releases) >= max(1, share * max(a.releases, b.releases))


def works(*looks: SizeFound) -> bool:
    """Whether a call works all the time, rather than waits."""
    return all(each.cores >= WORKS for each in looks)


def is_steady(*looks: SizeFound) -> bool:
    """Whether times can be compared: medians of enough calls, which work."""
    return works(*looks) and all(each.calls >= FEWEST_CALLS for each in looks)


def work_moved(a: SizeFound, b: SizeFound) -> bool:
    """Whether more time is held and less outside, or the other way round, while a call takes as long as before."""
    outside = b.seconds * b.released_fraction - a.seconds * a.released_fraction
    held = b.seconds - a.seconds - outside
    return outside * held < 0 and max(a.seconds, b.seconds) <= TOGETHER * min(a.seconds, b.seconds)


def clock_error(at: SizeFound) -> float:
    """Return how far the clock alone may put a share off."""
    return float((at.takes + at.releases) * CLOCK_SECONDS / max(at.seconds, CLOCK_SECONDS))


def log_odds(at: SizeFound) -> float:
    """Return the logarithm of outside : held, of shares between 1 and 99 %."""
    share = min(max(at.released_fraction, 0.01), 0.99)
    return math.log(share / (1 - share))


def steps(call: CallFound) -> bool:
    """Whether releases begin at the threshold and nowhere else; without one, that no size has more than the smallest.

    A call that is hardly outside has no threshold even if it releases more at large sizes: one of 9 % outside has none, the
    same with 11 % has one.
    """
    more = {each.size: each.releases - call.sizes[0].releases for each in call.sizes}
    begins = math.inf if call.threshold is None else call.threshold
    is_whole = all(float(each.releases).is_integer() for each in call.sizes)
    return is_whole and works(*call.sizes) and all(extra >= 1 if size >= begins else extra <= 0 for size, extra in more.items())


def flutter_of(call: CallFound) -> float:
    """Return how far releases fall somewhere as the size grows."""
    counts = [each.releases for each in call.sizes]
    return max((max(counts[: at + 1]) - count for at, count in enumerate(counts)), default=0.0)


# --- what else differs ---------------------------------------------------------------------------------------------------------


def facts_of(atlas: Atlas) -> dict[str, Any]:
    """Return the version of the package, what measured it, and the lasting facts of the machine."""
    return {atlas.package: atlas.version, "gilscope": atlas.gilscope, "method": atlas.method, **lasting(atlas.machine)}


def standings(atlas: Atlas) -> dict[str, Standing]:
    """Return what became of each call."""
    skipped = {each.name: Standing("skipped", each.reason) for each in atlas.skipped}
    failed = {each.name: Standing("failed", f"{each.kind}: {each.reason}") for each in atlas.failed}
    return {each.name: Standing("probed") for each in atlas.calls} | skipped | failed


def differing_standings(before: Atlas, after: Atlas) -> dict[str, tuple[Standing, Standing]]:
    """Return what became of each call in both, where it is not the same."""
    sides = [standings(each) for each in (before, after)]
    missing = Standing("not in the catalogue")
    pairs = {name: tuple(side.get(name, missing) for side in sides) for name in dict.fromkeys([*sides[0], *sides[1]])}
    return {name: (a, b) for name, (a, b) in pairs.items() if a.kind != b.kind}
