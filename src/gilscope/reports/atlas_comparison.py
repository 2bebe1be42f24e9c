"""Two atlases of a package compared, as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gilscope.atlas_words import counted
from gilscope.cases import short
from gilscope.comparing_atlases import AtlasDifference, CallChange, Change, Standing
from gilscope.reports.comparison import fact_lines
from gilscope.reports.text import wrapped
from gilscope.wording import percent

NAME, MOST_NAMES = 44, 5
HEADING = "Versions, machine and build differ:"


def text(found: AtlasDifference) -> str:
    """Return what else differs, what changed, what is as it was, and what was not probed in both."""
    parts = ([*fact_lines(found.facts, HEADING)], [*changed_lines(found)], [*standing_lines(found)], [*redefined_lines(found)])
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def changed_lines(found: AtlasDifference) -> Iterator[str]:
    """Yield the calls that changed, then how many did not."""
    same, all_of_them = len(found.unchanged), len(found.unchanged) + len(found.changed)
    if not found.changed:
        yield f"Nothing changed in {counted(same)} of {found.package} that noise would not explain."
        return
    yield f"{len(found.changed)} of {counted(all_of_them)} of {found.package} changed:"
    for each in found.changed:
        yield from call_lines(each)
    yield f"The other {same}: no change that noise would not explain."


def call_lines(changed: CallChange) -> Iterator[str]:
    """Yield a call, and each quantity that changed."""
    first, *others = [change_words(each, changed.unit) for each in changed.changes]
    if len(changed.name) < NAME:
        yield f"  {changed.name:{NAME}} {first}"
    else:
        others = [first, *others]
        yield f"  {changed.name}"
    yield from (f"  {'':{NAME}} {each}" for each in others)


def change_words(change: Change, unit: str) -> str:
    """Return a change: what, before and after, and at which size."""
    named, written = QUANTITIES[change.what]
    before, after = (written(each, unit) for each in (change.before, change.after))
    return f"{named}{before} -> {after}" + (f" at {short(change.size)} {unit}" if change.size is not None else "")


#: Quantity → what it is called (the word needs no name), and how its value is written, with the unit of sizes if it is one.
QUANTITIES: dict[str, tuple[str, Callable[[Any, str], str]]] = {
    "gil": ("", lambda value, unit: str(value)),
    "threshold": ("threshold ", lambda value, unit: "none" if value is None else f"{value} {unit}"),
    "released_fraction": ("outside ", lambda value, unit: percent(value)),
    "releases": ("releases ", lambda value, unit: f"{value:g}"),
    "cores": ("cores ", lambda value, unit: f"{value:.1f}"),
}


def standing_lines(found: AtlasDifference) -> Iterator[str]:
    """Yield the calls that were skipped, failed or missing in one of them, those of the same fate together."""
    if found.standings:
        yield "Not probed alike:"
    fates = {name: " -> ".join(map(standing_words, pair)) for name, pair in found.standings.items()}
    for fate in dict.fromkeys(fates.values()):
        yield wrapped(f"{fate}: {', '.join(name for name, each in fates.items() if each == fate)}", 2)


def standing_words(standing: Standing) -> str:
    """Return what became of a call, and why."""
    return f"{standing.kind} ({standing.reason})" if standing.reason else standing.kind


def redefined_lines(found: AtlasDifference) -> Iterator[str]:
    """Yield the calls that cannot be compared."""
    if names := found.redefined:
        some = ", ".join(names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")
        yield wrapped(f"Defined otherwise, so not compared: {counted(len(names))} ({some}).")
