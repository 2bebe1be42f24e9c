"""An atlas as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from gilscope.atlas_data import Atlas, CallFound
from gilscope.atlas_words import troubles, verdict
from gilscope.wording import duration, percent

WIDTH = 100
_NAME, _GIL, _SHARE = 32, 9, 5
_FIGURES = f"{'outside at S, M, L':>{3 * _SHARE + 3}}{'threshold':>10}{'releases':>9}{'hold':>9}{'a call':>9}{'cores':>6}"
HEADER = f"{'':{_NAME - 5}}{'':{_GIL}}{_FIGURES}"
LEGEND = """\
S, M, L are a call's small, medium and large size; what stands behind the threshold is at L, and the
hold is the longest in a row. 100% outside: all of the call runs without the GIL."""


def table(atlas: Atlas, calls: Iterable[CallFound] | None = None) -> str:
    """Return the verdict, a line for each call below the titles of their groups, and what was not measured or is doubtful.

    Parameters
    ----------
    atlas : Atlas
        All of it is counted.
    calls : iterable of CallFound, optional
        Those that have a line; all unless given.
    """
    head = [atlas.title, textwrap.fill(" ".join(verdict(atlas)), WIDTH)]
    return "\n".join([*head, *_rows(atlas.calls if calls is None else list(calls)), *_remarks(atlas)])


# --- the table -----------------------------------------------------------------------------------------------------------------


def _rows(calls: list[CallFound]) -> Iterator[str]:
    """Return a line for each call, below the title of its group."""
    if calls:
        yield from ("", LEGEND, "", HEADER)
    title = None
    for each in calls:
        if title != (title := _title(each)):
            yield title
        yield from row(each)


def _title(call: CallFound) -> str:
    """Return the title of a group, with its sizes."""
    return f"{call.group}: {', '.join(f'{each.size:,}' for each in call.sizes)} {call.unit}"


def row(call: CallFound) -> list[str]:
    """Return the line of a call; a long name has one of its own."""
    name = f"  {call.name}"
    largest = call.largest
    shares = "".join(f"{percent(each.released_fraction):>{_SHARE}}" for each in call.sizes)
    threshold = "" if call.threshold is None else f"{call.threshold:,}"
    figures = f"{_times(largest.releases):>9}{duration(largest.longest_hold_ns / 1e9):>9}{duration(largest.seconds):>9}"
    line = f"{call.gil:{_GIL}}{shares:>{3 * _SHARE}}{threshold:>11}{figures}{largest.cores:>6.1f}"
    return [f"{name:{_NAME}}{line}"] if len(name) < _NAME else [name, f"{'':{_NAME}}{line}"]


def _times(releases: float) -> str:
    """Write how often, in a few letters."""
    return f"{releases:,.0f}" if releases < 1e6 else f"{releases:.0e}"


# --- what else is to be said ---------------------------------------------------------------------------------------------------


def _remarks(atlas: Atlas) -> Iterator[str]:
    """Return what was skipped or failed, and of what the second method tells otherwise, each after an empty line."""
    for heading, rows in troubles(atlas).items():
        yield from ("", f"{heading}: {len(rows)}")
        for reason in dict.fromkeys(reason for _, reason in rows):
            names = ", ".join(name for name, its in rows if its == reason)
            yield _wrapped(f"{names}: {reason}")


def _wrapped(text: str) -> str:
    """Break a line that is too long, but no word."""
    wrapper = textwrap.TextWrapper(WIDTH, "  ", "    ", break_long_words=False, break_on_hyphens=False)
    return wrapper.fill(text)
