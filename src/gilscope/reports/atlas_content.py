"""What reports show of an atlas, whatever it is shown as: what it answers, where it was measured, and each call in words."""

from __future__ import annotations

import itertools

from gilscope.atlas_data import Atlas, CallFound
from gilscope.cases import short
from gilscope.reports import text
from gilscope.wording import duration, percent

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


# --- one call ------------------------------------------------------------------------------------------------------------------


def words(call: CallFound) -> tuple[str, ...]:
    """Return a call under the headings of `HEADS`."""
    at = call.largest
    return (
        call.name,
        call.gil,
        "" if call.threshold is None else f"{call.threshold:,} {call.unit}",
        percent(at.released_fraction),
        f"{at.releases:,g}",
        duration(at.longest_hold_ns / 1e9) if at.longest_hold_ns else "0",
        duration(at.seconds),
        f"{at.cores:.1f}",
    )


def course(call: CallFound) -> str:
    """Return how the share outside goes with the size, in words."""
    low, high = call.sizes[0], call.largest
    ends = [low, high] if low.size != high.size else [high]
    told = ", ".join(f"{percent(each.released_fraction)} at {short(each.size)}" for each in ends)
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
