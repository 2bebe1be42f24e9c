"""Two sessions side by side: which cases changed, by how much, and what else differs. Pure functions of sessions.

Blocks of different runs are no pairs, so the ratio of a case is `gilscope.stats.independent_ratio`. That alone would call most
repetitions of a run a change: another run meets the machine in another phase, all of it and each group of cases for itself, and
the blocks of one run know nothing of that. So

- a case must stand out beside its ceiling, which is the same work with no Python in the way: where both moved alike, it was the
  machine, such as neighbours that take its memory's bandwidth. Ceilings that moved are told apart;
- the *common factor*, the median of all ratios, is told separately, and a case must stand out with it and without it;
- the *drift*, how far groups of cases that were measured together lie apart beyond it, widens every interval. Most groups are
  taken to be unchanged; where there are fewer than `MIN_GROUPS`, it is at least `USUAL_DRIFT`;
- what a case's spread and the drift may do, they may do to any of the cases: Student's law with 95 % for all of them at once
  (Bonferroni), and no less than the case's own interval. Ranks alone could not: those of seven blocks tell nothing of 500 cases;
- a change is at least `at_least`;
- a noisy case that moved that far is *unsure*, not changed: what makes it noisy may last for a whole run, such as two threads
  that fight for the GIL in one run and not in the next. Only where it is nothing but spread, the case moved by `SPREADS` times
  as much, it changed;
- unsure are also cases whose threads wake each other all the time (`FIGHT` times a second);
- where nothing differs between the machines and builds a case must stand out beside its baseline too, and a baseline is unsure:
  where arrays happen to lie in memory can make a loop a quarter slower for a whole run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from gilscope.cases import case_of, ceiling_of
from gilscope.noises import NOISES, SPREAD
from gilscope.results import Result, Session
from gilscope.stats import Interval, independent_ratio, median, noise

CONFIDENCE = 0.95
AT_LEAST = 0.05
SPREADS, FIGHT = 3, 2000
MIN_GROUPS, USUAL_DRIFT = 5, 0.05
CEILINGS = ("native", "processes")
#: Of the machine, what is another number in every run.
VOLATILE = ("load_average", "steal_fraction", "available_memory_bytes")


@dataclass(frozen=True)
class Comparison:
    """A case in two sessions.

    Attributes
    ----------
    before, after : Result
        The case in each.
    ratio : Interval
        Seconds after ÷ seconds before, with its own 95 % interval: above 1 is slower.
    change : {"slower", "faster", ""}
        Where it went in spite of drift and the number of cases; of a noisy case that may still be noise.
    ceiling : Comparison or None
        Its ceiling in both, if that is another case.
    baseline : Comparison or None
        Its baseline in both, which may be itself; None where the machines and builds differ, so that it may move for a reason.
    """

    before: Result
    after: Result
    ratio: Interval
    change: str = ""
    ceiling: Comparison | None = None
    baseline: Comparison | None = None

    @property
    def id(self) -> str:
        """The case's id."""
        return self.before.id

    @property
    def noisy(self) -> bool:
        """Whether either session's samples are noisy."""
        return self.before.noisy or self.after.noisy

    @property
    def kind(self) -> str:
        """What a move of it is: a "change", "unsure", or one of a "ceiling", which says something of the machine."""
        if self.is_ceiling:
            return "ceiling"
        return "unsure" if self._may_be_noise() else "change"

    def _may_be_noise(self) -> bool:
        """Whether noise may explain how far it moved, however small its interval."""
        shift = abs(math.log(self.ratio.value))
        noisy = [result for result in (self.before, self.after) if result.noisy]
        rough = any(not only_spreads(each) or shift < SPREADS * noise(seconds(each)) for each in noisy)
        return rough or self.is_baseline or fights(self.before) or fights(self.after)

    @property
    def is_ceiling(self) -> bool:
        """Whether it is the ceiling of others."""
        return self.before.case["executor"] in CEILINGS

    @property
    def is_baseline(self) -> bool:
        """Whether it is its own baseline, and nothing says why it should move."""
        return self.baseline is not None and self.baseline.id == self.id

    @property
    def group(self) -> str:
        """What was measured with it, interleaved: the cases with the same baseline."""
        speedup = self.before.speedup
        return speedup.baseline if speedup else self.id


@dataclass(frozen=True)
class Difference:
    """What `compare` found.

    Attributes
    ----------
    cases : tuple of Comparison
        In the order of the first session.
    common : float
        The factor that all cases share: the median of their ratios.
    drift : float
        How far apart groups of unchanged cases lie, as a share: 0.02 is 2 %.
    drift_is_measured : bool
        Else there were too few groups, and it is more or less assumed.
    facts : dict
        Name → its values in both, of what differs between the machines and builds.
    only_before, only_after : tuple of str
        Ids of cases that the other session does not have.
    """

    cases: tuple[Comparison, ...]
    common: float
    drift: float
    drift_is_measured: bool
    facts: Mapping[str, tuple[Any, Any]]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def changed(self) -> tuple[Comparison, ...]:
        """The cases that changed, those that changed most first."""
        return self._moved("change")

    @property
    def unsure(self) -> tuple[Comparison, ...]:
        """The cases that moved as far, but as noise may move them."""
        return self._moved("unsure")

    @property
    def ceilings(self) -> tuple[Comparison, ...]:
        """The ceilings that moved."""
        return self._moved("ceiling")

    def _moved(self, kind: str) -> tuple[Comparison, ...]:
        found = [each for each in self.cases if each.change and each.kind == kind]
        return tuple(sorted(found, key=lambda each: -abs(math.log(each.ratio.value))))


def compare(before: Session, after: Session, at_least: float = AT_LEAST) -> Difference:
    """Compare two sessions.

    Parameters
    ----------
    before, after : Session
        Of the same experiment, or of two that have cases in common.
    at_least : float
        The least change worth the word: 0.05 is 5 %, up or down.

    Raises
    ------
    ValueError
        No case is in both.
    """
    ids = [result.id for result in before if result.id in after]
    if not ids:
        raise ValueError("the sessions have no case in common")
    pairs = with_ceilings([paired(before.result(each), after.result(each)) for each in ids])
    common = math.exp(median([math.log(each.ratio.value) for each in pairs]))
    drift, measured = drift_of(pairs, common)
    more = margin(drift, len(pairs), len(groups_of(pairs)) if measured else None)
    facts = differing(facts_of(before), facts_of(after))
    pairs = pairs if facts else with_baselines(pairs)
    return Difference(
        cases=tuple(replace(each, change=change_of(each, common, more, len(pairs), at_least)) for each in pairs),
        common=common,
        drift=drift,
        drift_is_measured=measured,
        facts=facts,
        only_before=tuple(result.id for result in before if result.id not in after),
        only_after=tuple(result.id for result in after if result.id not in before),
    )


def paired(before: Result, after: Result) -> Comparison:
    """Return a case in both, not judged yet."""
    return Comparison(before, after, independent_ratio(seconds(after), seconds(before), CONFIDENCE))


def with_ceilings(pairs: list[Comparison]) -> list[Comparison]:
    """Return the cases with their ceilings, as far as these are in both sessions."""
    by_id = {each.id: each for each in pairs}
    tops = [ceiling_of(case_of(each.before.case)) for each in pairs]
    return [
        each if top is None or each.is_ceiling else replace(each, ceiling=by_id.get(top.id))
        for each, top in zip(pairs, tops, strict=True)
    ]


def with_baselines(cases: list[Comparison]) -> list[Comparison]:
    """Return the cases with what their baselines did."""
    by_id = {each.id: each for each in cases}
    return [replace(each, baseline=by_id.get(each.group)) for each in cases]


def seconds(result: Result) -> list[float]:
    """Return the seconds of a call, block by block."""
    return [sample.seconds for sample in result.samples]


def only_spreads(result: Result) -> bool:
    """Whether nothing makes a result noisy but that its samples spread."""
    return {kind for kind in NOISES for note in result.notes if note.startswith(kind)} == {SPREAD}


def fights(result: Result) -> bool:
    """Whether its threads wake each other all the time: they meet at the GIL after each call."""
    woken = sum(each.voluntary_switches or 0 for each in result.samples)
    return woken > FIGHT * sum(each.wall_seconds for each in result.samples)


# --- judging -------------------------------------------------------------------------------------------------------------------


def change_of(each: Comparison, common: float, more: float, cases: int, at_least: float) -> str:
    """Return in which direction a case surely changed, by itself and beside all that it is compared with, or nothing."""
    own = max(math.log(each.ratio.high / each.ratio.value), math.log(each.ratio.value / each.ratio.low))
    reach = math.hypot(max(own, resolution(each, cases)), more)
    references = [each.ceiling, None if each.is_baseline else each.baseline]
    beside = [common, *(other.ratio.value for other in references if other)]
    shifts = [math.log(each.ratio.value / other) for other in (1.0, *beside)]
    if min(shifts) > max(reach, math.log1p(at_least)):
        return "slower"
    if max(shifts) < -max(reach, math.log1p(at_least)):
        return "faster"
    return ""


def resolution(each: Comparison, cases: int) -> float:
    """Return how far the ratio of any of so many cases may be off by this spread, taken robustly, as a logarithm."""
    spreads = [noise(seconds(each.before)), noise(seconds(each.after))]
    counts = [len(each.before.samples), len(each.after.samples)]
    if min(counts) < 2:
        return math.inf
    error = math.sqrt(sum((spread / IQR) ** 2 * MEDIAN_VARIANCE / n for spread, n in zip(spreads, counts, strict=True)))
    return student(1 - (1 - CONFIDENCE) / cases, sum(counts) - 2) * error


IQR = 1.349  # of a normal law, in standard deviations
MEDIAN_VARIANCE = math.pi / 2  # of a median's error, over that of a mean


def groups_of(pairs: Iterable[Comparison]) -> dict[str, list[float]]:
    """Return the logarithms of the ratios of each group."""
    found = defaultdict(list)
    for each in pairs:
        found[each.group].append(math.log(each.ratio.value))
    return found


def drift_of(pairs: list[Comparison], common: float) -> tuple[float, bool]:
    """Return the standard deviation of groups about the common factor, robustly, and whether there were enough of them."""
    groups = groups_of(pairs)
    apart = [abs(median(each) - math.log(common)) for each in groups.values()]
    single = [abs(math.log(each.ratio.value / common)) for each in pairs]
    drift = MAD * max(median(apart), median(single))
    enough = len(groups) >= MIN_GROUPS
    return (drift if enough else max(drift, USUAL_DRIFT)), enough


MAD = 1.4826  # standard deviations of a normal law in a median absolute deviation


def margin(drift: float, cases: int, groups: int | None) -> float:
    """Return how far drift may move one of so many cases, as a logarithm."""
    confidence = 1 - (1 - CONFIDENCE) / cases
    factor = NormalDist().inv_cdf((1 + confidence) / 2) if groups is None else student(confidence, groups - 1)
    return drift * factor


def student(confidence: float, freedom: int) -> float:
    """Return between which bounds, plus and minus, Student's t is with a confidence.

    Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))


# --- what else differs ---------------------------------------------------------------------------------------------------------


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the facts that differ, and both values; None where one is not known."""
    names = dict.fromkeys([*before, *after])
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def facts_of(session: Session) -> dict[str, Any]:
    """Return what a session is of, and the lasting facts of its machine."""
    return {"experiment": session.experiment, "gilscope": session.version, **lasting(session.machine)}


def lasting(machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lasting facts of a machine, those of the compiled modules among them."""
    native = machine.get("native")
    facts = {name: sorted_fact(value) for name, value in machine.items() if name not in (*VOLATILE, "native", "gilscope")}
    return {**facts, **(native if isinstance(native, dict) else {})}


def sorted_fact(value: Any) -> Any:
    """Return a fact without the order of its list: libraries come in that of loading."""
    return sorted(value, key=str) if isinstance(value, list) else value
