"""What experiments with lines of their own have in common: numbers in columns, intervals, and a word on noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gilscope.results import Session
from gilscope.stats import Interval

MANY_NOISY = 0.2


def columns(rows: Iterable[Sequence[str]], gap: int = 2) -> list[str]:
    """Return rows as lines: the first column to the left, the others to the right, each as wide as its longest text."""
    table = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in table if at < len(row)) for at in range(max(map(len, table), default=0))]
    return [line(row, widths, " " * gap) for row in table]


def line(row: list[str], widths: list[int], gap: str) -> str:
    """Return one line."""
    first, *others = row
    cells = [f"{text:>{width}}" for text, width in zip(others, widths[1:], strict=False)]
    return gap.join([f"{first:<{widths[0]}}", *cells]).rstrip()


def interval_text(found: Interval | None) -> str:
    """Write a ratio with its interval."""
    return f"{found.value:.2f}x [{found.low:.2f}, {found.high:.2f}]" if found else "-"


def noisy_words(session: Session) -> str:
    """Say how many cases were noisy, if many were."""
    noisy = sum(result.noisy for result in session)
    if noisy <= MANY_NOISY * len(session):
        return ""
    return f"{noisy} of {len(session)} cases were noisy: on a quieter machine the numbers may be others."
