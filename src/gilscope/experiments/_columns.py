"""Numbers in columns: what experiments with lines of their own have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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
