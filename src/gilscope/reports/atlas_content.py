"""What there is to show of an atlas, whatever it is shown as: the verdict, each call in words, and what could not be told."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

from gilscope.atlas_data import Atlas, CallFound
from gilscope.cases import short
from gilscope.comparing_atlases import SEVERAL_CORES
from gilscope.reports import text
from gilscope.wording import duration, listed, percent

#: What a call does with the GIL at its largest size, in the order in which they are told; "off" is a Python without one.
WORDS = ("released", "partial", "held", "off")
HEADS = ("call", "GIL", "threshold", "outside", "releases", "longest hold", "one call", "cores")
HOW_TO_READ = (
    "Of one call at its largest size: the share of its time outside, that is without the GIL (released: 90 % or more; held: "
    "below 10 %), how often it releases the GIL, how long it holds it in a row, how long it takes and how many cores it uses. "
    "The threshold is the smallest size at which a call releases the GIL more often than at its smallest size."
)


def question(atlas: Atlas) -> str:
    """Return what the atlas answers."""
    return f"What {atlas.title} does with the GIL"


def facts(atlas: Atlas) -> str:
    """Return in one line where it was measured, and with what."""
    known = [str(atlas.machine[each]) for each in ("cpu", "platform") if atlas.machine.get(each)]
    return ", ".join([text.facts(atlas.machine), *known, f"gilscope {atlas.gilscope}", f"measured {atlas.created[:10]}"])


# --- verdict -------------------------------------------------------------------------------------------------------------------


def verdict(atlas: Atlas) -> list[str]:
    """Return what was found, in sentences."""
    if not atlas.calls:
        return ["No call was probed.", *trouble(atlas)]
    return [*word_counts(atlas), *thresholds(atlas), *cores(atlas), *agreement(atlas), *trouble(atlas)]


def word_counts(atlas: Atlas) -> Iterator[str]:
    """Yield how many calls do what with the GIL."""
    counts = Counter(call.gil for call in atlas.calls)
    if counts["off"]:
        yield "This Python runs without a GIL: there is nothing to release."
        return
    released, partial, held, _ = (counts[word] for word in WORDS)
    yield (
        f"Of {counted(len(atlas.calls))}, {released} release{'s' * (released == 1)} the GIL at their largest size, "
        f"{partial} release{'s' * (partial == 1)} it in part, and {held} keep{'s' * (held == 1)} it."
    )


def thresholds(atlas: Atlas) -> Iterator[str]:
    """Yield how many calls release from some size on, and the commonest of these."""
    found = Counter((call.threshold, call.unit) for call in atlas.calls if call.threshold is not None)
    if not found:
        return
    [((size, unit), most)] = found.most_common(1)
    common = f"; the commonest is {size:,} {unit} ({counted(most)})" if most > 1 else ""
    have = "has a threshold, below which it keeps" if found.total() == 1 else "have a threshold, below which they keep"
    yield f"{found.total()} {have} the GIL{common}."


def cores(atlas: Atlas) -> Iterator[str]:
    """Yield how many calls use several cores."""
    if found := sum(uses_several_cores(call) for call in atlas.calls):
        yield f"{counted(found)} use{'s' * (found == 1)} several cores without threads of yours."


def agreement(atlas: Atlas) -> Iterator[str]:
    """Yield how often the other method says the same."""
    told = [call for call in atlas.calls if call.agrees is not None]
    if told:
        same, all_of_them = sum(bool(call.agrees) for call in told), counted(len(told))
        share = f"all {all_of_them}" if same == len(told) else f"{same} of {all_of_them}"
        yield f"A second thread that ticks meanwhile says the same of {share} long enough for it to tell."


def trouble(atlas: Atlas) -> Iterator[str]:
    """Yield how many calls were skipped, and how many failed."""
    told = [f"{counted(len(found))} {verb}" for found, verb in ((atlas.skipped, "skipped"), (atlas.failed, "failed")) if found]
    if told:
        yield f"{listed(told).capitalize()}; why is said below."


def counted(count: int) -> str:
    """Count calls."""
    return f"{count} call{'s' if count != 1 else ''}"


# --- one call ------------------------------------------------------------------------------------------------------------------


def uses_several_cores(call: CallFound) -> bool:
    """Whether one call keeps several cores busy."""
    return call.cores >= SEVERAL_CORES


def words(call: CallFound) -> tuple[str, ...]:
    """Return a call under the headings of `HEADS`."""
    at = call.largest
    return (
        call.name,
        call.gil,
        "" if call.threshold is None else f"{call.threshold:,} {call.unit}",
        share(at.released_fraction),
        f"{at.releases:,g}",
        duration(at.longest_hold_ns / 1e9) if at.longest_hold_ns else "0",
        duration(at.seconds),
        f"{at.cores:.1f}",
    )


def share(outside: float) -> str:
    """Write a share; nothing at all is 0 %."""
    return percent(outside) if outside else "0%"


def course(call: CallFound) -> str:
    """Return how the share outside goes with the size, in words."""
    low, high = call.sizes[0], call.largest
    ends = [low, high] if low.size != high.size else [high]
    told = ", ".join(f"{share(each.released_fraction)} at {short(each.size)}" for each in ends)
    begins = f"; threshold {call.threshold}" if call.threshold is not None else ""
    return f"Outside: {told} {call.unit}{begins}"


def groups(atlas: Atlas) -> dict[str, list[CallFound]]:
    """Return the calls by their groups, in the order of the atlas."""
    found: dict[str, list[CallFound]] = {}
    for call in atlas.calls:
        found.setdefault(call.group, []).append(call)
    return found


def setups(atlas: Atlas) -> dict[str, str]:
    """Return what runs before the calls of each group: the lines that their setups end with in common.

    They begin with what the brackets of their names say: the dtype, say.
    """
    return {title: "\n".join(common_end([call.setup.splitlines() for call in calls])) for title, calls in groups(atlas).items()}


def common_end(blocks: list[list[str]]) -> list[str]:
    """Return the lines that all end with."""
    backwards = zip(*(block[::-1] for block in blocks), strict=False)
    alike = itertools.takewhile(lambda lines: len({*lines}) == 1, backwards)
    return [line for line, *_ in alike][::-1]


# --- what could not be told ----------------------------------------------------------------------------------------------------


def troubles(atlas: Atlas) -> dict[str, list[tuple[str, str]]]:
    """Return names of calls and reasons, under a heading each: skipped, failed, and where the methods disagree."""
    found = {
        "Skipped": [(each.name, each.reason) for each in atlas.skipped],
        "Failed": [(each.name, f"{each.kind}: {each.reason}") for each in atlas.failed],
        "Where the two methods disagree": [(call.name, disagreement(call)) for call in atlas.calls if call.agrees is False],
    }
    return {heading: rows for heading, rows in found.items() if rows}


def disagreement(call: CallFound) -> str:
    """Return what the two methods saw of a call."""
    traced = share(call.largest.released_fraction)
    return f"{call.gil}: {traced} outside by the tracer, {share(call.ticker or 0.0)} by the ticking thread"
