"""An atlas as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from gilscope.atlas_data import Atlas, CallFound, Skipped
from gilscope.wording import duration, percent

WIDTH = 100
_NAME, _GIL, _SHARE = 32, 9, 5
_FIGURES = f"{'outside at S, M, L':>{3 * _SHARE + 3}}{'threshold':>10}{'releases':>9}{'hold':>9}{'a call':>9}{'cores':>6}"
HEADER = f"{'':{_NAME - 5}}{'':{_GIL}}{_FIGURES}"
LEGEND = """\
S, M, L are a call's small, medium and large size; what stands behind the threshold is at L, and the
hold is the longest in a row. 100% outside: all of the call runs without the GIL."""


def table(atlas: Atlas, calls: Iterable[CallFound] | None = None) -> str:
    """Return a headline, a line for each call below the titles of their groups, and what was not measured or is doubtful.

    Parameters
    ----------
    atlas : Atlas
        All of it is counted.
    calls : iterable of CallFound, optional
        Those that have a line; all unless given.
    """
    return "\n".join([headline(atlas), *_rows(atlas.calls if calls is None else list(calls)), *_remarks(atlas)])


def headline(atlas: Atlas) -> str:
    """Return how many calls release the GIL, and how many do not."""
    words = [each.gil for each in atlas.calls]
    if atlas.method == "off":
        return f"{atlas.title}: {len(words)} calls; this Python has no GIL"
    released, held, partly = (words.count(word) for word in ("released", "held", "partial"))
    counts = f"{released} of {len(words)} calls release the GIL at their largest size, {held} hold it, {partly} partly"
    return f"{atlas.title}: {counts}{' (estimated: there is no tracer here)' * (atlas.method == 'ticker')}"


# --- the table -----------------------------------------------------------------------------------------------------------------


def _rows(calls: list[CallFound]) -> Iterator[str]:
    """Return a line for each call, below the title of its group."""
    if calls:
        yield from (LEGEND, "", HEADER)
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
    """Return what was skipped, what failed, and of what the second method tells otherwise; each after an empty line."""
    for title, lines in (
        (f"skipped, because they are not there: {len(atlas.skipped)}", _skipped(atlas.skipped)),
        (f"failed: {len(atlas.failed)}", [f"{each.name} {each.kind}: {each.reason}" for each in atlas.failed]),
        (_agreement(atlas), [_disagreement(each) for each in atlas.calls if each.agrees is False]),
    ):
        if lines or title.endswith("."):
            yield from ("", _wrapped(title), *(_wrapped(line, "  ") for line in lines))


def _skipped(skipped: list[Skipped]) -> list[str]:
    """Return the calls, those that lack the same in one line."""
    reasons = dict.fromkeys(each.reason for each in skipped)
    return [f"{reason}: {', '.join(each.name for each in skipped if each.reason == reason)}" for reason in reasons]


def _agreement(atlas: Atlas) -> str:
    """Return for how many calls the ticker tells the same, if it was asked at all."""
    told = [each.agrees for each in atlas.calls if each.agrees is not None]
    same = f"the same of {sum(told)} of the {len(told)} calls that are long enough for it"
    return f"A second method, a ticker thread instead of the tracer, tells {same}." if told else ""


def _disagreement(call: CallFound) -> str:
    return f"{call.name}: {percent(call.largest.released_fraction)} outside, {percent(call.ticker or 0)} by the ticker"


def _wrapped(text: str, indent: str = "") -> str:
    """Break a line that is too long, but no word."""
    wrapper = textwrap.TextWrapper(WIDTH, indent, f"{indent}  ", break_long_words=False, break_on_hyphens=False)
    return wrapper.fill(text)
