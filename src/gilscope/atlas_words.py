"""What an atlas comes to, in words: the verdict, and what could not be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gilscope.atlas_data import GILS, Atlas, CallFound
from gilscope.wording import listed, percent


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
    released, partial, held, _ = (counts[word] for word in GILS)
    yield (
        f"Of {counted(len(atlas.calls))}, {released} release{'s' * (released == 1)} the GIL at their largest size, "
        f"{partial} release{'s' * (partial == 1)} it in part, and {held} keep{'s' * (held == 1)} it."
    )
    if atlas.method == "ticker":
        yield "These are estimates, by a thread that ticks meanwhile: there is no tracer here."


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
    if found := sum(call.uses_several_cores for call in atlas.calls):
        yield f"{counted(found)} use{'s' * (found == 1)} several cores without threads of yours."


def agreement(atlas: Atlas) -> Iterator[str]:
    """Yield how often the other method says the same."""
    told = [call for call in atlas.calls if call.agrees is not None]
    if told:
        same, all_of_them = sum(bool(call.agrees) for call in told), counted(len(told))
        which = f"all {all_of_them}" if same == len(told) else f"{same} of {all_of_them}"
        yield f"A second thread that ticks meanwhile says the same of {which} long enough for it to tell."


def trouble(atlas: Atlas) -> Iterator[str]:
    """Yield how many calls were skipped, and how many failed."""
    told = [f"{counted(len(found))} {verb}" for found, verb in ((atlas.skipped, "skipped"), (atlas.failed, "failed")) if found]
    if told:
        yield f"{listed(told).capitalize()}; why is said below."


def counted(count: int) -> str:
    """Count calls."""
    return f"{count} call{'s' if count != 1 else ''}"


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
    traced = percent(call.largest.released_fraction)
    return f"{call.gil}: {traced} outside by the tracer, {percent(call.ticker or 0.0)} by the ticking thread"
