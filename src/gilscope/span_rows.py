"""Where to draw spans: those of one thread in as few rows as hold them."""

from collections.abc import Callable

from gilscope.spans import TracedSpan


def nested_rows(spans: list[TracedSpan]) -> list[int]:
    """Return a row for each span, in which it contains, is in, or lies apart from each other: so Chrome's format has it."""
    return _rows(spans, lambda outer, each: outer.stop_ns >= each.stop_ns)


def flat_rows(spans: list[TracedSpan]) -> list[int]:
    """Return a row for each span, in which it lies apart from each other."""
    return _rows(spans, lambda outer, each: False)


def _rows(spans: list[TracedSpan], fits_inside: Callable[[TracedSpan, TracedSpan], bool]) -> list[int]:
    """Take the first row where a span fits; they come in the order of their starts, outer ones first."""
    rows: list[list[TracedSpan]] = []  # of each row those that are open, the innermost last
    found = []
    for each in spans:
        for still_open in rows:
            while still_open and still_open[-1].stop_ns <= each.start_ns:
                still_open.pop()
        at = next((at for at, row in enumerate(rows) if not row or fits_inside(row[-1], each)), len(rows))
        rows[at:] = rows[at:] or [[]]
        rows[at].append(each)
        found.append(at)
    return found
